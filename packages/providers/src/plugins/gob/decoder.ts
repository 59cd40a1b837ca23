/**
 * The receiving half of a gob stream. It needs no knowledge of the types: the stream defines them before it uses them. Bytes come from
 * another process, so that every length is checked against what is there, and nesting has an end.
 */
import { ByteReader } from './bytes.ts';
import { builtinIds, firstTypeId, GobError, type GobStruct, type GobType, type GobValue, wireType } from './types.ts';

export type GobDecoderOptions = {
  /** A longer message ends the stream: 64 MiB by default. */
  readonly messageBytesMax?: number;
};

const needsMore: unique symbol = Symbol('the rest of the value is not there yet');

function giveUp(): never {
  throw needsMore;
}

const depthMax = 100;
const typesMax = 100_000;

/** A type as the stream defined it. Parts are ids, since a definition may stand before those of its parts. */
type Definition =
  | { readonly kind: 'builtin'; readonly type: GobType }
  | { readonly kind: 'opaque' }
  | { readonly kind: 'sequence'; readonly element: number; readonly length?: number }
  | { readonly kind: 'map'; readonly key: number; readonly element: number }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly name: string; readonly id: number }[] };

/**
 * Takes bytes as they come, gives values as they are whole.
 *
 * Both methods throw GobError when the bytes are no gob; nothing further can be read then.
 */
export class GobDecoder {
  readonly #definitions = new Map<number, Definition>([...builtinIds].map(([type, id]) => [id, { kind: 'builtin', type }]));
  readonly #messageBytesMax: number;
  #chunks: Buffer[] = [];
  #length = 0;
  /** The message that is being read, and the types that came in it: both are taken back when the rest of it is not there yet. */
  #current: ByteReader | undefined;
  #learned: number[] = [];

  constructor({ messageBytesMax = 64 * 1024 * 1024 }: GobDecoderOptions = {}) {
    this.#messageBytesMax = messageBytesMax;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The next value, in a box since `undefined` is one; `undefined` until more bytes have come. */
  next(): { readonly value: GobValue } | undefined {
    for (;;) {
      const chunks = [...this.#chunks];
      const length = this.#length;
      const message = this.#takeMessage();
      if (message === undefined) return undefined;
      const reader = new ByteReader(message);
      this.#current = reader;
      this.#learned = [];
      try {
        const id = reader.id();
        const value = id < 0 ? this.#learn(-id, reader) : this.#topLevel(reader, id, 0);
        if (reader.remaining > 0) throw new GobError('a message is longer than its value');
        if (id >= 0) return { value };
      } catch (problem) {
        if (problem !== needsMore) throw problem;
        for (const id of this.#learned) this.#definitions.delete(id);
        this.#chunks = chunks;
        this.#length = length;
        return undefined;
      }
    }
  }

  /** The bytes of the next whole message, without its length. */
  #takeMessage(): Buffer | undefined {
    if (this.#length === 0) return undefined;
    let head = this.#chunks[0] ?? Buffer.alloc(0);
    if (head.length < 9 && this.#chunks.length > 1) {
      head = Buffer.concat(this.#chunks);
      this.#chunks = [head];
    }
    const first = head[0] ?? 0;
    const digits = first < 128 ? 0 : 256 - first;
    if (digits > 8) throw new GobError(`message length of ${digits} bytes`);
    if (this.#length < 1 + digits) return undefined;
    const length = Number(new ByteReader(head).bigUint());
    if (length > this.#messageBytesMax) throw new GobError(`message of ${length} bytes, at most ${this.#messageBytesMax} are read`);
    const end = 1 + digits + length;
    if (this.#length < end) return undefined;
    const all = this.#chunks.length === 1 ? head : Buffer.concat(this.#chunks);
    const rest = all.subarray(end);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return all.subarray(1 + digits, end);
  }

  #learn(id: number, reader: ByteReader): undefined {
    if (id < firstTypeId - 1 || this.#definitions.has(id)) throw new GobError(`type ${id} is defined twice`);
    if (this.#definitions.size > typesMax) throw new GobError(`more than ${typesMax} types`);
    this.#definitions.set(id, definitionOf(this.#known(reader, wireType, 0)));
    this.#learned.push(id);
  }

  /** A value that does not stand in a struct: one that is no struct itself follows a zero byte. */
  #topLevel(reader: ByteReader, id: number, depth: number): GobValue {
    const definition = this.#definition(id);
    if (definition.kind !== 'struct' && reader.byte() !== 0) throw new GobError('a value of its own does not begin with zero');
    return this.#read(reader, definition, depth);
  }

  #definition(id: number): Definition {
    const definition = this.#definitions.get(id);
    if (definition === undefined) throw new GobError(`type ${id} is not defined`);
    return definition;
  }

  #read(reader: ByteReader, definition: Definition, depth: number): GobValue {
    if (depth > depthMax) throw new GobError(`values nested deeper than ${depthMax}`);
    switch (definition.kind) {
      case 'builtin':
        return this.#known(reader, definition.type, depth);
      case 'opaque':
        return Buffer.from(reader.block());
      case 'sequence': {
        const length = reader.count();
        if (definition.length !== undefined && definition.length !== length)
          throw new GobError('an array has another length than its type');
        const element = this.#definition(definition.element);
        return Array.from({ length }, () => this.#read(reader, element, depth + 1));
      }
      case 'map': {
        const key = this.#definition(definition.key);
        const element = this.#definition(definition.element);
        const entries = Array.from({ length: reader.count() }, (): [GobValue, GobValue] => [
          this.#read(reader, key, depth + 1),
          this.#read(reader, element, depth + 1),
        ]);
        return new Map(entries);
      }
      case 'struct':
        return readFields(reader, definition.fields, ({ name, id }) => [name, this.#read(reader, this.#definition(id), depth + 1)]);
    }
  }

  /** Types that both ends know from the start. */
  #known(reader: ByteReader, type: GobType, depth: number): GobValue {
    switch (type.kind) {
      case 'bool':
        return reader.uint() !== 0;
      case 'int':
        return reader.int();
      case 'uint':
        return reader.uint();
      case 'float':
        return reader.float();
      case 'complex':
        return [reader.float(), reader.float()];
      case 'bytes':
      case 'opaque':
        return Buffer.from(reader.block());
      case 'string':
        return reader.text();
      case 'interface':
        return this.#interface(reader, depth);
      case 'slice':
        return Array.from({ length: reader.count() }, () => this.#known(reader, type.element, depth));
      case 'struct':
        return readFields(reader, type.fields, (field) => [field.name, this.#known(reader, field.type, depth)]);
      case 'map':
        throw new GobError('no definition holds a map');
    }
  }

  /**
   * The name of a registered type, its id, and the length of the value in bytes. Definitions may stand before the id: each ends its message,
   * and the next goes on where it stopped, or stands in the same message behind its length.
   */
  #interface(reader: ByteReader, depth: number): GobValue {
    if (reader.text() === '') return undefined;
    for (;;) {
      if (reader.remaining === 0 && reader === this.#current) reader.refill(this.#takeMessage() ?? giveUp());
      const id = reader.id();
      if (id >= 0) {
        const inner = new ByteReader(reader.block());
        const value = this.#topLevel(inner, id, depth + 1);
        if (inner.remaining > 0) throw new GobError('a value in an interface is shorter than announced');
        return value;
      }
      this.#learn(-id, reader);
      if (reader.remaining > 0) reader.count();
    }
  }
}

/** Fields as steps from the one before; a step of zero ends the struct. */
function readFields<F>(reader: ByteReader, fields: readonly F[], read: (field: F) => readonly [string, GobValue]): GobStruct {
  const entries: (readonly [string, GobValue])[] = [];
  for (let index = -1; ; ) {
    const step = reader.uint();
    if (step === 0) break;
    index += Number(step);
    const field = fields[index];
    if (field === undefined) throw new GobError('a struct has more fields than its type');
    entries.push(read(field));
  }
  // Not by assignment: a field may be called `__proto__`.
  return Object.fromEntries(entries);
}

function definitionOf(wire: GobValue): Definition {
  const { ArrayT, SliceT, StructT, MapT, GobEncoderT, BinaryMarshalerT, TextMarshalerT } = structOf(wire);
  if (StructT !== undefined) {
    const fields = structOf(StructT).Field;
    return {
      kind: 'struct',
      fields: (Array.isArray(fields) ? fields : []).map((field) => {
        const { Name, Id } = structOf(field);
        return { name: typeof Name === 'string' ? Name : '', id: idOf(Id) };
      }),
    };
  }
  if (SliceT !== undefined) return { kind: 'sequence', element: idOf(structOf(SliceT).Elem) };
  if (ArrayT !== undefined) {
    const { Elem, Len } = structOf(ArrayT);
    return { kind: 'sequence', element: idOf(Elem), length: idOf(Len) };
  }
  if (MapT !== undefined) {
    const { Key, Elem } = structOf(MapT);
    return { kind: 'map', key: idOf(Key), element: idOf(Elem) };
  }
  if (GobEncoderT !== undefined || BinaryMarshalerT !== undefined || TextMarshalerT !== undefined) return { kind: 'opaque' };
  throw new GobError('a definition of no kind');
}

function structOf(value: GobValue): GobStruct {
  if (typeof value !== 'object' || value instanceof Uint8Array || Array.isArray(value) || value instanceof Map) return {};
  return value as GobStruct;
}

function idOf(value: GobValue): number {
  return typeof value === 'number' ? value : 0;
}
