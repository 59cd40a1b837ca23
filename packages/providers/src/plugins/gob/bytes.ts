/** Numbers and byte strings of the gob encoding: growing on the way out, bounded on the way in. */
import { GobError } from './types.ts';

const mask64 = 0xffff_ffff_ffff_ffffn;

/** Collects the bytes of one message. */
export class ByteWriter {
  #buffer: Buffer = Buffer.allocUnsafe(256);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  bytes(data: Uint8Array): void {
    this.#reserve(data.length);
    this.#buffer.set(data, this.#length);
    this.#length += data.length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** Below 128 one byte; else the negated number of bytes, then the bytes, most significant first. */
  uint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 128 && Number.isInteger(value)) {
      this.byte(value);
      return;
    }
    let rest = wholeNumber(value);
    if (rest < 0n || rest > mask64) throw new GobError(`${value} does not fit an unsigned integer`);
    if (rest < 128n) {
      this.byte(Number(rest));
      return;
    }
    const digits: number[] = [];
    for (; rest > 0n; rest >>= 8n) digits.unshift(Number(rest & 0xffn));
    this.byte(256 - digits.length);
    for (const digit of digits) this.byte(digit);
  }

  /** The sign goes into the lowest bit; a negative number is complemented first. */
  int(value: number | bigint): void {
    const whole = wholeNumber(value);
    if (whole < -(2n ** 63n) || whole >= 2n ** 63n) throw new GobError(`${value} does not fit an integer`);
    this.uint(whole < 0n ? (~whole << 1n) | 1n : whole << 1n);
  }

  /** The bytes of the double in reverse, as an unsigned integer: short for round numbers. */
  float(value: number): void {
    const bits = Buffer.allocUnsafe(8);
    bits.writeDoubleLE(value);
    this.uint(bits.readBigUInt64BE());
  }

  /** Length and bytes. */
  block(data: Uint8Array): void {
    this.uint(data.length);
    this.bytes(data);
  }

  text(value: string): void {
    this.block(Buffer.from(value, 'utf8'));
  }

  /** A copy of what was written. */
  take(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + more));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}

function wholeNumber(value: number | bigint): bigint {
  if (typeof value === 'bigint') return value;
  if (!Number.isSafeInteger(value)) throw new GobError(`${value} is not a whole number`);
  return BigInt(value);
}

/** Reads one message. Everything that would go beyond its end throws. */
export class ByteReader {
  #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  get remaining(): number {
    return this.#data.length - this.#at;
  }

  /** Goes on with the bytes of another message, once those of the first are used up. */
  refill(data: Buffer): void {
    this.#data = data;
    this.#at = 0;
  }

  byte(): number {
    const value = this.#data[this.#at];
    if (value === undefined) throw new GobError('message ends too early');
    this.#at++;
    return value;
  }

  bytes(length: number): Buffer {
    if (length > this.remaining) throw new GobError(`${length} bytes announced, ${this.remaining} left`);
    const value = this.#data.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  bigUint(): bigint {
    const first = this.byte();
    if (first < 128) return BigInt(first);
    const length = 256 - first;
    if (length > 8) throw new GobError(`integer of ${length} bytes`);
    let value = 0n;
    for (const digit of this.bytes(length)) value = (value << 8n) | BigInt(digit);
    return value;
  }

  uint(): number | bigint {
    return narrow(this.bigUint());
  }

  int(): number | bigint {
    const value = this.bigUint();
    return narrow((value & 1n) === 1n ? ~(value >> 1n) : value >> 1n);
  }

  float(): number {
    const bits = Buffer.allocUnsafe(8);
    bits.writeBigUInt64BE(this.bigUint());
    return bits.readDoubleLE();
  }

  /** A number of things of which each takes a byte at least, so that no message can ask for more room than it has itself. */
  count(): number {
    const value = this.bigUint();
    if (value > BigInt(this.remaining)) throw new GobError(`${value} elements announced, ${this.remaining} bytes left`);
    return Number(value);
  }

  /** A small signed number such as a type id. */
  id(): number {
    const value = this.int();
    if (typeof value === 'bigint') throw new GobError(`type id ${value}`);
    return value;
  }

  block(): Buffer {
    return this.bytes(this.count());
  }

  text(): string {
    return this.block().toString('utf8');
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
