/**
 * Kubernetes objects in protobuf, as typed Go clients and kubectl send them, to the JSON that the same client would have sent: zero
 * values that are no pointers and may be left out are left out, so that defaults apply.
 */
import { formatGoDuration, parseApiVersion } from '@sluice/api';
import { builtinCatalog } from '@sluice/schema';
import { type Field, type FieldType, type Message, messageAt, messageNamed } from './messages.ts';
import { ProtobufError, wireFields } from './wire.ts';

/** Before the envelope, as in `runtime/serializer/protobuf`. */
const magic = [0x6b, 0x38, 0x73, 0x00];

type JsonObject = Record<string, unknown>;

/**
 * The object, with `apiVersion` and `kind` from the envelope.
 *
 * @throws ProtobufError for bytes that are no envelope, and for kinds that are not built in
 */
export function decodeProtobuf(bytes: Uint8Array): Record<string, unknown> {
  if (magic.some((byte, position) => bytes[position] !== byte))
    throw new ProtobufError('provided data does not appear to be a protobuf message');
  let type: { apiVersion: string; kind: string } = { apiVersion: '', kind: '' };
  let raw: Uint8Array = new Uint8Array();
  for (const { number, value } of wireFields(bytes.subarray(magic.length))) {
    if (typeof value === 'number') continue;
    if (number === 1) type = typeMeta(value);
    if (number === 2) raw = value;
  }
  const { group, version } = parseApiVersion(type.apiVersion);
  const name = builtinCatalog().definitionNameOf(group, version, type.kind);
  const message = name === undefined ? undefined : messageNamed(name);
  if (message === undefined) throw new ProtobufError(`no kind "${type.kind}" is registered for version "${type.apiVersion}"`);
  return { ...type, ...decodeMessage(message, raw) };
}

function typeMeta(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const texts = new Map([...wireFields(bytes)].map(({ number, value }) => [number, typeof value === 'number' ? '' : text(value)]));
  return { apiVersion: texts.get(1) ?? '', kind: texts.get(2) ?? '' };
}

function decodeMessage(message: Message, bytes: Uint8Array): JsonObject {
  const out: JsonObject = {};
  for (const { number, value } of wireFields(bytes)) {
    const field = message.fields.get(number);
    if (field === undefined) continue;
    if (field.isInline && 'message' in field.type && typeof value !== 'number')
      Object.assign(out, decodeMessage(messageAt(field.type.message), value));
    else if (field.many === 'list') addToList(out, field, decodeValue(field.type, value));
    else if (field.many === 'map') addToMap(out, field, value);
    else addValue(out, field, decodeValue(field.type, value));
  }
  return out;
}

function addValue(out: JsonObject, field: Field, value: unknown): void {
  const isZero = value === '' || value === 0 || value === false;
  if (value === undefined || (isZero && field.omitsEmpty && !field.isPointer) || (value === null && field.omitsZero)) return;
  out[field.name] = value;
}

function addToList(out: JsonObject, field: Field, value: unknown): void {
  const list = out[field.name];
  if (Array.isArray(list)) list.push(value);
  else out[field.name] = [value];
}

/** An entry is a message of key and value; a value that is not there is zero. */
function addToMap(out: JsonObject, field: Field, entry: number | Uint8Array): void {
  if (typeof entry === 'number') return;
  let key = '';
  let inner: number | Uint8Array = new Uint8Array();
  for (const { number, value } of wireFields(entry)) {
    if (number === 1 && typeof value !== 'number') key = text(value);
    if (number === 2) inner = value;
  }
  const map = (out[field.name] ?? {}) as JsonObject;
  map[key] = decodeValue(field.type, inner) ?? null;
  out[field.name] = map;
}

function decodeValue(type: FieldType, value: number | Uint8Array): unknown {
  if ('message' in type) return typeof value === 'number' ? undefined : decodeNamed(messageAt(type.message), value);
  switch (type.scalar) {
    case 's':
      return typeof value === 'number' ? String(value) : text(value);
    case 'b':
      return value !== 0;
    case 'y':
      return typeof value === 'number' ? '' : Buffer.from(value).toString('base64');
    default:
      return typeof value === 'number' ? value : 0;
  }
}

/** Types with a JSON form of their own, by the last part of their name. */
const special: Readonly<Record<string, (message: Message, bytes: Uint8Array) => unknown>> = {
  Time: (_message, bytes) => timeText(bytes, 0),
  MicroTime: (_message, bytes) => timeText(bytes, 6),
  Quantity: (_message, bytes) => text(bytesAt(bytes, 1)),
  IntOrString: (message, bytes) => {
    const { type = 0, intVal = 0, strVal = '' } = decodeMessage(message, bytes);
    return type === 0 ? intVal : strVal;
  },
  RawExtension: (_message, bytes) => embedded(bytesAt(bytes, 1)),
  FieldsV1: (_message, bytes) => embedded(bytesAt(bytes, 1)),
  JSON: (_message, bytes) => embedded(bytesAt(bytes, 1)),
  ExtraValue: (message, bytes) => decodeMessage(message, bytes).items ?? [],
  Duration: (_message, bytes) => formatGoDuration(numberAt(bytes, 1) / 1e6),
  JSONSchemaPropsOrBool: (message, bytes) => {
    const { schema, allows = false } = decodeMessage(message, bytes);
    return schema ?? allows;
  },
  JSONSchemaPropsOrArray: (message, bytes) => {
    const { schema, jSONSchemas } = decodeMessage(message, bytes);
    return jSONSchemas ?? schema;
  },
  JSONSchemaPropsOrStringArray: (message, bytes) => {
    const { schema, property } = decodeMessage(message, bytes);
    return property ?? schema;
  },
};

function decodeNamed(message: Message, bytes: Uint8Array): unknown {
  const decode = special[message.name.slice(message.name.lastIndexOf('.') + 1)];
  return decode === undefined ? decodeMessage(message, bytes) : decode(message, bytes);
}

function bytesAt(bytes: Uint8Array, wanted: number): Uint8Array {
  for (const { number, value } of wireFields(bytes)) if (number === wanted && typeof value !== 'number') return value;
  return new Uint8Array();
}

function numberAt(bytes: Uint8Array, wanted: number): number {
  for (const { number, value } of wireFields(bytes)) if (number === wanted && typeof value === 'number') return value;
  return 0;
}

/** The zero time has no bytes, and is null in JSON. */
function timeText(bytes: Uint8Array, digits: 0 | 6): string | null {
  if (bytes.length === 0) return null;
  const whole = new Date(numberAt(bytes, 1) * 1000).toISOString().slice(0, 19);
  const micros = String(Math.floor(numberAt(bytes, 2) / 1000)).padStart(6, '0');
  return digits === 0 ? `${whole}Z` : `${whole}.${micros}Z`;
}

/** An object within an object: JSON, or an envelope of its own. */
function embedded(bytes: Uint8Array): unknown {
  if (bytes.length === 0) return undefined;
  if (magic.every((byte, position) => bytes[position] === byte)) return decodeProtobuf(bytes);
  try {
    return JSON.parse(text(bytes));
  } catch (error) {
    throw new ProtobufError('protobuf: an embedded value is no JSON', { cause: error });
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
