/**
 * What goes over the wire to a plugin: the Go structs of Argo Rollouts, filled from objects as the Kubernetes API has them. The table of
 * fields (`argo.data.json`) is written by `tests/plugins/go/shapes` from the Go types themselves and holds all of them, so that a plugin sees
 * of a Rollout what it would see behind upstream's controller. That includes what gob itself loses: `0`, `false` and `""` behind a pointer
 * arrive as nil, and a quantity arrives without its number.
 */
import { goRawJson, parseTime } from '@sluice/api';
import type { GobMessage } from '../gob/encoder.ts';
import { encodeGoTime } from '../gob/time.ts';
import { GobError, type GobField, type GobType, gobTypes } from '../gob/types.ts';
import table from './argo.data.json' with { type: 'json' };

/** Names under which upstream registers the arguments of its calls. */
export type ArgumentName =
  | 'RunArgs'
  | 'TerminateAndResumeArgs'
  | 'GarbageCollectArgs'
  | 'GetMetadataArgs'
  | 'UpdateHashArgs'
  | 'SetWeightAndVerifyWeightArgs'
  | 'SetHeaderArgs'
  | 'SetMirrorArgs'
  | 'RemoveManagedRoutesArgs'
  | 'step.RunArgs'
  | 'step.TerminateArgs'
  | 'step.AbortArgs';

/** A kind, or `[slice, element]`, `[map, key, element]`, `[struct, name]`. `json` is raw JSON as bytes. */
type ShapeType = string | readonly ['slice', ShapeType] | readonly ['map', ShapeType, ShapeType] | readonly ['struct', string];
/** Name in Go, name in JSON (none: its fields stand among those around it), type. */
type FieldRow = readonly [string, string, ShapeType];

/** How JSON becomes the value of a type. `undefined` is left out. */
type Shape = { readonly type: GobType; fill(value: unknown, path: string): unknown };

const structTable = table.structs as unknown as Readonly<Record<string, readonly (FieldRow | readonly [string])[]>>;
const registered = table.registered as unknown as Readonly<Record<ArgumentName, ShapeType>>;

/** By the text of the shape: one object a type, so that an encoder defines it once. */
const shapes = new Map<string, Shape>();

const plain = (kind: keyof typeof gobTypes, wanted: 'boolean' | 'number' | 'string'): Shape => ({
  type: gobTypes[kind],
  fill: (value, path) => {
    if (value === undefined || value === null) return undefined;
    if (typeof value !== wanted) throw new GobError(`${path}: a ${wanted} is wanted, not a ${typeof value}`);
    return value;
  },
});

const kinds: Readonly<Record<string, Shape>> = {
  bool: plain('bool', 'boolean'),
  int: plain('int', 'number'),
  float: plain('float', 'number'),
  string: plain('string', 'string'),
  bytes: {
    type: gobTypes.bytes,
    fill: (value) => (typeof value === 'string' ? Buffer.from(value, 'base64') : value),
  },
  json: { type: gobTypes.bytes, fill: jsonBytes },
  'gob:Time': {
    type: { kind: 'opaque', name: 'Time' },
    fill: (value, path) => {
      if (value === undefined || value === null) return undefined;
      const instant = typeof value === 'string' ? parseTime(value) : undefined;
      if (instant === undefined) throw new GobError(`${path}: a time is wanted`);
      return encodeGoTime(instant);
    },
  },
};

/** Types that read JSON in their own way: what their fields hold then. */
const custom: Readonly<Record<string, (value: unknown) => Readonly<Record<string, unknown>> | undefined>> = {
  IntOrString: (value) =>
    typeof value === 'number' ? { Type: 0, IntVal: value } : typeof value === 'string' ? { Type: 1, StrVal: value } : undefined,
  Quantity: (value) => (typeof value === 'string' || typeof value === 'number' ? { Format: quantityFormat(String(value)) } : undefined),
  FieldsV1: (value) => ({ Raw: jsonBytes(value) }),
};

/** The argument of a call, ready to be sent. `value` has the names of Go at its top (`Rollout`, `Metric`, ...), below it is JSON. */
export function argumentOf(name: ArgumentName, value: Readonly<Record<string, unknown>>): GobMessage {
  const { type, fill } = shapeOf(registered[name]);
  return { kind: 'interface', name, type, value: fill(value, name) };
}

function shapeOf(shape: ShapeType): Shape {
  const key = JSON.stringify(shape);
  const known = shapes.get(key);
  if (known !== undefined) return known;
  const made = makeShape(shape);
  shapes.set(key, made);
  return made;
}

function makeShape(shape: ShapeType): Shape {
  if (typeof shape === 'string') {
    const kind = kinds[shape];
    if (kind === undefined) throw new Error(`table of shapes: kind ${shape} is not known`);
    return kind;
  }
  if (shape[0] === 'struct') return structShape(shape[1]);
  if (shape[0] === 'slice') {
    const element = shapeOf(shape[1]);
    return {
      type: { kind: 'slice', name: `[]${nameOf(element.type)}`, element: element.type },
      fill: (value, path) => {
        if (value === undefined || value === null) return undefined;
        if (!Array.isArray(value)) throw new GobError(`${path}: an array is wanted, not a ${typeof value}`);
        return value.map((entry, index) => element.fill(entry, `${path}[${index}]`) ?? zeroOf(element.type));
      },
    };
  }
  const key = shapeOf(shape[1]);
  const element = shapeOf(shape[2]);
  return {
    type: { kind: 'map', name: `map[${nameOf(key.type)}]${nameOf(element.type)}`, key: key.type, element: element.type },
    fill: (value, path) => {
      if (value === undefined || value === null) return undefined;
      const entries = Object.entries(objectOf(value, path));
      return new Map(entries.map(([name, entry]) => [name, element.fill(entry, `${path}.${name}`) ?? zeroOf(element.type)]));
    },
  };
}

function structShape(name: string): Shape {
  const rows = structTable[name]?.filter((row): row is FieldRow => row.length === 3);
  if (rows === undefined) throw new Error(`table of shapes: struct ${name} is missing`);
  const fields = rows.map(([go, json, type]) => ({ go, json, shape: shapeOf(type) }));
  const gobFields: readonly GobField[] = fields.map(({ go, shape }) => ({ name: go, type: shape.type }));
  const own = custom[name];
  return {
    type: { kind: 'struct', name, fields: gobFields },
    fill: (value, path) => {
      if (value === undefined || value === null) return undefined;
      if (own !== undefined) {
        const filled = own(value);
        if (filled === undefined) throw new GobError(`${path}: no ${name}`);
        return filled;
      }
      const object = objectOf(value, path);
      const filled: Record<string, unknown> = {};
      for (const { go, json, shape } of fields) {
        if (json === '-') continue;
        const held = json === '' ? object : Object.hasOwn(object, json) ? object[json] : undefined;
        const next = shape.fill(held, json === '' ? path : `${path}.${json}`);
        if (next !== undefined) filled[go] = next;
      }
      return filled;
    },
  };
}

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new GobError(`${path}: an object is wanted, not a ${typeof value}`);
  return value as Readonly<Record<string, unknown>>;
}

function nameOf(type: GobType): string {
  return 'name' in type ? type.name : type.kind;
}

/** What Go makes of `null` in a list or a map, whose elements are always sent. */
function zeroOf(type: GobType): unknown {
  switch (type.kind) {
    case 'bool':
      return false;
    case 'int':
    case 'uint':
    case 'float':
      return 0;
    case 'string':
      return '';
    case 'slice':
      return [];
    case 'map':
    case 'struct':
      return {};
    default:
      return Buffer.alloc(0);
  }
}

/** Compact, as Go marshals it again; absent for nothing. */
function jsonBytes(value: unknown): Uint8Array | undefined {
  return value === undefined ? undefined : Buffer.from(goRawJson(value), 'utf8');
}

/** @see k8s.io/apimachinery resource.Quantity: the format is known by the suffix */
function quantityFormat(text: string): string {
  if (/[KMGTPE]i$/.test(text)) return 'BinarySI';
  return /[eE][-+]?\d+$/.test(text) ? 'DecimalExponent' : 'DecimalSI';
}
