/**
 * The sending half of a gob stream: one message a value, preceded by the definitions of types that the stream has not seen. Values are
 * plain JavaScript; what a field of Go is called and holds is the caller's knowledge.
 */
import { ByteWriter } from './bytes.ts';
import { builtinIds, firstTypeId, GobError, type GobType, gobTypes, wireType } from './types.ts';

/** What a message holds: a value of a type, or one inside an interface (`any`) under the name that Go has registered for its type. */
export type GobMessage =
  | { readonly kind: 'value'; readonly type: GobType; readonly value: unknown }
  | { readonly kind: 'nil interface' }
  | { readonly kind: 'interface'; readonly name: string; readonly type: GobType; readonly value: unknown };

/**
 * Encodes values one after the other; each result belongs on the stream in that order.
 *
 * Go's rules of leaving out hold: in a struct, fields that are zero (also `0`, `false` and `""` behind a pointer), empty slices, and
 * absent values are not sent, while structs and empty maps that are there are. Slices hold arrays, maps `Map`s or plain objects.
 */
export class GobEncoder {
  readonly #ids = new Map<GobType, number>(builtinIds);
  #nextId = firstTypeId;
  /** Definitions that are not on the stream yet, since the value after them could not be encoded. */
  #pending: Buffer[] = [];

  /**
   * @returns the bytes of all messages, after the definitions that any of them needs
   * @throws GobError for a value that its type does not hold; the stream is as before then
   */
  encode(...messages: readonly GobMessage[]): Buffer {
    const bodies = messages.map((message) => this.#message(message));
    const bytes = Buffer.concat([...this.#pending, ...bodies]);
    this.#pending = [];
    return bytes;
  }

  #message(message: GobMessage): Buffer {
    const body = new ByteWriter();
    if (message.kind === 'value') {
      body.int(this.#define(message.type));
      if (message.type.kind !== 'struct') body.byte(0);
      this.#value(body, message.type, message.value, message.type.kind);
    } else {
      body.int(this.#define(gobTypes.interface));
      body.byte(0);
      if (message.kind === 'nil interface') body.text('');
      else this.#interface(body, message.name, message.type, message.value);
    }
    return framed(body);
  }

  #interface(body: ByteWriter, name: string, type: GobType, value: unknown): void {
    body.text(name);
    body.int(this.#define(type));
    const inner = new ByteWriter();
    if (type.kind !== 'struct') inner.byte(0);
    this.#value(inner, type, value, name);
    body.block(inner.take());
  }

  /** The id of a type, defined with everything that it consists of. A type that contains itself has its id before its definition. */
  #define(type: GobType): number {
    const known = this.#ids.get(type);
    if (known !== undefined) return known;
    const id = this.#nextId++;
    this.#ids.set(type, id);
    // The definition of the whole stands before those of its parts, as Go sends them.
    const place = this.#pending.push(Buffer.alloc(0)) - 1;
    const body = new ByteWriter();
    body.int(-id);
    this.#value(body, wireType, this.#definition(type, id), 'definition');
    this.#pending[place] = framed(body);
    return id;
  }

  #definition(type: GobType, id: number): unknown {
    switch (type.kind) {
      case 'slice':
        return { SliceT: { CommonType: { Name: type.name, Id: id }, Elem: this.#define(type.element) } };
      case 'map':
        return { MapT: { CommonType: { Name: type.name, Id: id }, Key: this.#define(type.key), Elem: this.#define(type.element) } };
      case 'opaque':
        return { GobEncoderT: { CommonType: { Name: type.name, Id: id } } };
      case 'struct':
        return {
          StructT: {
            CommonType: { Name: type.name, Id: id },
            Field: type.fields.map((field) => ({ Name: field.name, Id: this.#define(field.type) })),
          },
        };
      default:
        throw new GobError(`type ${type.kind} has no definition`);
    }
  }

  #value(out: ByteWriter, type: GobType, value: unknown, path: string): void {
    switch (type.kind) {
      case 'bool':
        out.byte(of('boolean', value, path) ? 1 : 0);
        return;
      case 'int':
        number(path, value, (whole) => out.int(whole));
        return;
      case 'uint':
        number(path, value, (whole) => out.uint(whole));
        return;
      case 'float':
        out.float(of('number', value, path));
        return;
      case 'string':
        out.text(of('string', value, path));
        return;
      case 'bytes':
      case 'opaque':
        if (!(value instanceof Uint8Array)) throw mismatch('bytes', value, path);
        out.block(value);
        return;
      case 'slice': {
        if (!Array.isArray(value)) throw mismatch('an array', value, path);
        out.uint(value.length);
        value.forEach((element, index) => this.#value(out, type.element, element, `${path}[${index}]`));
        return;
      }
      case 'map': {
        const entries = entriesOf(value, path);
        out.uint(entries.length);
        for (const [key, element] of entries) {
          this.#value(out, type.key, key, path);
          this.#value(out, type.element, element, `${path}[${String(key)}]`);
        }
        return;
      }
      case 'struct': {
        if (!isObject(value)) throw mismatch('an object', value, path);
        let last = -1;
        type.fields.forEach((field, index) => {
          const held = Object.hasOwn(value, field.name) ? value[field.name] : undefined;
          if (isLeftOut(field.type, held)) return;
          out.uint(index - last);
          last = index;
          this.#value(out, field.type, held, `${path}.${field.name}`);
        });
        out.uint(0);
        return;
      }
      case 'complex':
      case 'interface':
        throw new GobError(`${path}: a value of kind ${type.kind} cannot be sent`);
    }
  }
}

function framed(body: ByteWriter): Buffer {
  const out = new ByteWriter();
  out.block(body.take());
  return out.take();
}

function isLeftOut(type: GobType, value: unknown): boolean {
  if (value === undefined || value === null) return true;
  switch (type.kind) {
    case 'bool':
      return value === false;
    case 'int':
    case 'uint':
      return value === 0 || value === 0n;
    case 'float':
      return value === 0;
    case 'string':
      return value === '';
    case 'bytes':
    case 'opaque':
      return value instanceof Uint8Array && value.length === 0;
    case 'slice':
      return Array.isArray(value) && value.length === 0;
    default:
      return false;
  }
}

function entriesOf(value: unknown, path: string): readonly (readonly [unknown, unknown])[] {
  if (value instanceof Map) return [...value];
  if (isObject(value)) return Object.entries(value);
  throw mismatch('a map', value, path);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function of(kind: 'boolean', value: unknown, path: string): boolean;
function of(kind: 'number', value: unknown, path: string): number;
function of(kind: 'string', value: unknown, path: string): string;
function of(kind: string, value: unknown, path: string): unknown {
  if (typeof value !== kind) throw mismatch(`a ${kind}`, value, path);
  return value;
}

function number(path: string, value: unknown, write: (whole: number | bigint) => void): void {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw mismatch('a number', value, path);
  try {
    write(value);
  } catch (problem) {
    throw problem instanceof GobError ? new GobError(`${path}: ${problem.message}`) : problem;
  }
}

/** Names what was found, never the value: it may be a secret. */
function mismatch(wanted: string, value: unknown, path: string): GobError {
  const found = value === null ? 'null' : Array.isArray(value) ? 'an array' : value instanceof Uint8Array ? 'bytes' : `a ${typeof value}`;
  return new GobError(`${path}: ${wanted} is wanted, not ${found}`);
}
