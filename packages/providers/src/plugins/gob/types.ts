/**
 * Types as Go's gob encoding describes them on the wire. A type is an object, and the same object is the same type: an encoder defines each
 * once. The types with fixed ids, by which definitions themselves are written, stand at the end.
 *
 * @see https://pkg.go.dev/encoding/gob, section "Encoding Details"
 */

export type GobField = { readonly name: string; readonly type: GobType };

type Simple = { readonly kind: 'bool' | 'int' | 'uint' | 'float' | 'bytes' | 'string' | 'complex' | 'interface' };

export type GobType =
  | Simple
  | { readonly kind: 'slice'; readonly name: string; readonly element: GobType }
  | { readonly kind: 'map'; readonly name: string; readonly key: GobType; readonly element: GobType }
  | { readonly kind: 'struct'; readonly name: string; readonly fields: readonly GobField[] }
  /** A type that encodes itself (`GobEncode`): bytes in between. */
  | { readonly kind: 'opaque'; readonly name: string };

/** What comes out of a decoder. Whole numbers that a double cannot hold are bigints; a field that was not sent is absent. */
export type GobValue =
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly GobValue[]
  | ReadonlyMap<GobValue, GobValue>
  | GobStruct
  | undefined;

export type GobStruct = { readonly [field: string]: GobValue };

/** Bytes that are no gob, or a value that its type does not hold. A stream of gobs is of no use after the former. */
export class GobError extends Error {
  override readonly name = 'GobError';
}

export const gobTypes: Readonly<Record<Simple['kind'], Simple>> = {
  bool: { kind: 'bool' },
  int: { kind: 'int' },
  uint: { kind: 'uint' },
  float: { kind: 'float' },
  bytes: { kind: 'bytes' },
  string: { kind: 'string' },
  complex: { kind: 'complex' },
  interface: { kind: 'interface' },
};

/** Ids below this belong to the encoding itself. */
export const firstTypeId = 65;

const { int, string } = gobTypes;
const struct = (name: string, ...fields: readonly (readonly [string, GobType])[]): GobType => ({
  kind: 'struct',
  name,
  fields: fields.map(([field, type]) => ({ name: field, type })),
});

const common = struct('CommonType', ['Name', string], ['Id', int]);
const field = struct('fieldType', ['Name', string], ['Id', int]);

/** How a definition is written: exactly one field is set. */
export const wireType: GobType = struct(
  'wireType',
  ['ArrayT', struct('arrayType', ['CommonType', common], ['Elem', int], ['Len', int])],
  ['SliceT', struct('sliceType', ['CommonType', common], ['Elem', int])],
  ['StructT', struct('structType', ['CommonType', common], ['Field', { kind: 'slice', name: '[]*fieldType', element: field }])],
  ['MapT', struct('mapType', ['CommonType', common], ['Key', int], ['Elem', int])],
  ['GobEncoderT', struct('gobEncoderType', ['CommonType', common])],
  ['BinaryMarshalerT', struct('gobEncoderType', ['CommonType', common])],
  ['TextMarshalerT', struct('gobEncoderType', ['CommonType', common])],
);

export const builtinIds: ReadonlyMap<GobType, number> = new Map<GobType, number>([
  [gobTypes.bool, 1],
  [gobTypes.int, 2],
  [gobTypes.uint, 3],
  [gobTypes.float, 4],
  [gobTypes.bytes, 5],
  [gobTypes.string, 6],
  [gobTypes.complex, 7],
  [gobTypes.interface, 8],
]);
