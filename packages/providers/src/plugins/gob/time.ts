/**
 * Go's `time.Time` as it encodes itself: a version, seconds since the first of January of the year 1, nanoseconds, and the zone as minutes
 * east of Greenwich, of which -1 stands for UTC.
 *
 * @see https://pkg.go.dev/time#Time.MarshalBinary
 */
import type { Instant } from '@sluice/api';
import { GobError } from './types.ts';

/** From the year 1 to 1970. */
const secondsBefore1970 = 62_135_596_800n;

export function encodeGoTime(instant: Instant): Buffer {
  const whole = Math.floor(instant);
  const seconds = Math.floor(whole / 1000);
  const bytes = Buffer.alloc(15);
  bytes.writeUInt8(1, 0);
  bytes.writeBigInt64BE(BigInt(seconds) + secondsBefore1970, 1);
  bytes.writeInt32BE((whole - seconds * 1000) * 1_000_000, 9);
  bytes.writeInt16BE(-1, 13);
  return bytes;
}

/** @returns whole milliseconds, cut; `undefined` for Go's zero time, the first moment of the year 1 */
export function decodeGoTime(bytes: Uint8Array): Instant | undefined {
  const data = Buffer.from(bytes);
  const isKnown = (data[0] === 1 && data.length === 15) || (data[0] === 2 && data.length === 16);
  if (!isKnown) throw new GobError(`a time of version ${data[0]} and ${data.length} bytes`);
  const seconds = data.readBigInt64BE(1) - secondsBefore1970;
  const nanoseconds = data.readInt32BE(9);
  if (seconds === -secondsBefore1970 && nanoseconds === 0) return undefined;
  const instant = Number(seconds) * 1000 + Math.floor(nanoseconds / 1_000_000);
  if (Math.abs(instant) > 8.64e15) throw new GobError('a time out of range');
  return instant;
}
