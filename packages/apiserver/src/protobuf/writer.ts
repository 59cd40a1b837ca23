/** Writing protocol buffers: one function a kind of field, each answering its bytes. A message is the concatenation of its fields. */

export type FieldBytes = readonly Buffer[];

/** Empty text is not written, as proto3 wants. */
export function textField(number: number, value: unknown): FieldBytes {
  return typeof value === 'string' && value !== '' ? lengthDelimited(number, Buffer.from(value, 'utf8')) : [];
}

export function textFields(number: number, values: unknown): FieldBytes {
  return Array.isArray(values) ? values.flatMap((value) => lengthDelimited(number, Buffer.from(String(value), 'utf8'))) : [];
}

export function booleanField(number: number, value: unknown): FieldBytes {
  return value === true ? [varint(number * 8), varint(1)] : [];
}

export function integerField(number: number, value: unknown): FieldBytes {
  return typeof value === 'number' && value !== 0 ? [varint(number * 8), varint(value)] : [];
}

export function doubleField(number: number, value: unknown): FieldBytes {
  if (typeof value !== 'number' || value === 0) return [];
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [varint(number * 8 + 1), bytes];
}

/** Written even when it is empty: that it is there says something. */
export function messageField(number: number, ...fields: readonly FieldBytes[]): FieldBytes {
  return lengthDelimited(number, Buffer.concat(fields.flat()));
}

function lengthDelimited(number: number, bytes: Buffer): FieldBytes {
  return [varint(number * 8 + 2), varint(bytes.length), bytes];
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Buffer.from([...bytes, rest]);
}
