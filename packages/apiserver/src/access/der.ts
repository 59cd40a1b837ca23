/**
 * The few pieces of DER (X.690) that a certificate is made of, as functions from values to bytes. Knows nothing of certificates;
 * `certificates.ts` puts them together. Written here because the library for it takes a quarter of a second to load.
 */

const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

/** One element: tag, length in its shortest form, content. */
function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length: number[] = [];
  for (let rest = body.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 + length.length, ...length]), body]);
}

export function sequence(...items: readonly Uint8Array[]): Buffer {
  return element(tags.sequence, ...items);
}

/** A SET of one member, the only size used here (members of larger ones would have to be sorted). */
export function setOf(item: Uint8Array): Buffer {
  return element(tags.set, item);
}

/** A non-negative integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const trimmed = bytes.subarray(start);
  return element(tags.integer, (trimmed[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), trimmed]) : trimmed);
}

export function boolean(value: boolean): Buffer {
  return element(tags.boolean, Buffer.from([value ? 0xff : 0]));
}

/** Whole bytes, or the last one short of `unusedBits`. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(tags.bitString, Buffer.from([unusedBits]), bytes);
}

export function octetString(bytes: Uint8Array): Buffer {
  return element(tags.octetString, bytes);
}

export function utf8String(text: string): Buffer {
  return element(tags.utf8String, Buffer.from(text, 'utf8'));
}

/** From dotted decimals, `2.5.4.3`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(tags.objectIdentifier, Buffer.from(bytes));
}

/** UTCTime through 2049 and GeneralizedTime from 2050, as RFC 5280 4.1.2.5 wants; cut to seconds. */
export function time(instant: number): Buffer {
  const date = new Date(instant);
  const digits = date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14);
  const isShort = date.getUTCFullYear() < 2050 && date.getUTCFullYear() >= 1950;
  return isShort
    ? element(tags.utcTime, Buffer.from(`${digits.slice(2)}Z`, 'latin1'))
    : element(tags.generalizedTime, Buffer.from(`${digits}Z`, 'latin1'));
}

/** `[number]` around whole elements. */
export function explicit(number: number, ...items: readonly Uint8Array[]): Buffer {
  return element(0xa0 + number, ...items);
}

/** `[number]` in place of a primitive's own tag. */
export function implicit(number: number, bytes: Uint8Array): Buffer {
  return element(0x80 + number, bytes);
}
