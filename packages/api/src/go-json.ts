/**
 * JSON exactly as Go's `encoding/json` writes typed structs: fields in declaration order, sorted map keys, `omitempty`,
 * HTML escapes. Hashes are taken over this text, so that every byte counts. A shape is a table of field lists;
 * `pod-template-shape.ts` and `step-hash.ts` hold ours.
 */
import { canonicalQuantity } from './quantity.ts';

/**
 * Struct name to field list. A field is `name`, then `!` when it is always written, then `*` when it is a pointer to a scalar
 * (explicit zero is kept), then `:type`. Types: none for text, `int`, `bool`, `port` (int-or-string), `quantity`, `map` (of text),
 * `quantities` (map), `raw`, a struct name, `[]T`, `map[T]`.
 */
export type GoShape = Readonly<Record<string, string>>;

type Field = { readonly name: string; readonly isAlways: boolean; readonly isPointer: boolean; readonly type: string };

/** An encoder for one shape. Field lists are parsed once, on first use of each struct. */
export function goEncoder(shape: GoShape): (structName: string, value: unknown) => string {
  const parsed = new Map<string, readonly Field[]>();

  function fieldsOf(name: string): readonly Field[] {
    const known = parsed.get(name);
    if (known !== undefined) return known;
    const text = shape[name];
    if (text === undefined) throw new Error(`shape has no struct ${name}`);
    const fields = text
      .trim()
      .split(/\s+/)
      .map((part) => {
        const match = /^([A-Za-z0-9]+)(!?)(\*?)(?::(.+))?$/.exec(part);
        if (match === null) throw new Error(`field ${part} of ${name} cannot be read`);
        return { name: match[1] ?? '', isAlways: match[2] === '!', isPointer: match[3] === '*', type: match[4] ?? 'text' };
      });
    parsed.set(name, fields);
    return fields;
  }

  function struct(name: string, value: unknown): string {
    const object = isObject(value) ? value : {};
    const parts: string[] = [];
    for (const field of fieldsOf(name)) {
      const own = Object.hasOwn(object, field.name) ? object[field.name] : undefined;
      const text = encodeField(field, own);
      if (text !== undefined) parts.push(`"${field.name}":${text}`);
    }
    return `{${parts.join(',')}}`;
  }

  function encodeField(field: Field, value: unknown): string | undefined {
    if (value === undefined || value === null) {
      if (!field.isAlways) return undefined;
      return field.isPointer ? 'null' : encode(field.type, zeroOf(field.type));
    }
    if (!field.isAlways && !field.isPointer && isEmpty(field.type, value)) return undefined;
    return encode(field.type, value);
  }

  function encode(type: string, value: unknown): string {
    if (value === null) return 'null';
    if (type.startsWith('[]')) {
      const items = Array.isArray(value) ? value : [];
      return `[${items.map((item) => encode(type.slice(2), item ?? zeroOf(type.slice(2)))).join(',')}]`;
    }
    if (type === 'map') return encodeMap(value, goString);
    if (type === 'quantities') return encodeMap(value, encodeQuantity);
    if (type.startsWith('map[')) return encodeMap(value, (item) => struct(type.slice(4, -1), item));
    if (type === 'quantity') return encodeQuantity(value);
    if (type === 'raw') return goRawJson(value);
    if (/^[A-Z]/.test(type)) return struct(type, value);
    return typeof value === 'string' ? goString(value) : JSON.stringify(value);
  }

  return struct;
}

function encodeMap(value: unknown, encode: (item: unknown) => string): string {
  const object = isObject(value) ? value : {};
  const keys = Object.keys(object).sort();
  return `{${keys.map((key) => `${goString(key)}:${encode(object[key])}`).join(',')}}`;
}

function encodeQuantity(value: unknown): string {
  return goString(canonicalQuantity(typeof value === 'number' || typeof value === 'string' ? value : '0'));
}

function zeroOf(type: string): unknown {
  if (type === 'text') return '';
  if (type === 'int' || type === 'port') return 0;
  if (type === 'bool') return false;
  if (type === 'quantity') return '0';
  return /^[A-Z]/.test(type) ? {} : null;
}

function isEmpty(type: string, value: unknown): boolean {
  if (type === 'text') return value === '';
  if (type === 'int') return value === 0;
  if (type === 'bool') return value === false;
  if (type.startsWith('[]')) return !Array.isArray(value) || value.length === 0;
  if (type.startsWith('map') || type === 'quantities') return isObject(value) && Object.keys(value).length === 0;
  return false;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const unsafe = /[<>&\u2028\u2029]|\p{Surrogate}/gu;

/** A JSON string with Go's escapes: `<`, `>`, `&`, U+2028 and U+2029 as `\u....`; halves of surrogate pairs become U+FFFD. */
export function goString(value: unknown): string {
  const text = String(value ?? '');
  return JSON.stringify(text.replace(/\p{Surrogate}/gu, '\ufffd')).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Untyped JSON, compact, with Go's escapes. Keys keep their order. */
export function goRawJson(value: unknown): string {
  return JSON.stringify(value ?? null).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
