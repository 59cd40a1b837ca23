/**
 * JSON of a stored object as bytes. Versions of an object share the parts that did not change, so such a part is copied from the bytes of
 * an earlier version and not written out again: of a status patch that is everything but the status.
 */
import type { KubeObject } from '@sluice/api';

/** Bytes of one version, and where its larger parts stand in them: value, start and end by turns. */
export type Encoding = { readonly bytes: Buffer; readonly parts: readonly unknown[] };

/** Below this, copying a part gains nothing over writing it. */
const partBytesMin = 128;

/**
 * The bytes of `object`: those of `JSON.stringify`.
 *
 * @param before - an earlier version's; parts that are the very same value in both are copied
 */
export function encode(object: KubeObject, before: Encoding | undefined): Encoding {
  const writer = new Writer(before);
  writer.fields('{', object as Record<string, unknown>, (metadata) => {
    if (isFields(metadata)) writer.fields('{', metadata);
    else writer.value(metadata);
  });
  return writer.encoding();
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

class Writer {
  readonly #before: Encoding | undefined;
  /** Texts, and bytes that are copied. */
  readonly #pieces: (string | Buffer)[] = [];
  readonly #parts: unknown[] = [];
  /** What is still to become a piece: small texts are joined. */
  #text = '';
  #length = 0;

  constructor(before: Encoding | undefined) {
    this.#before = before;
  }

  /** @param metadata - writes the field of that name */
  fields(open: string, fields: Record<string, unknown>, metadata?: (value: unknown) => void): void {
    let lead = open;
    for (const key in fields) {
      const value = fields[key];
      if (value === undefined) continue;
      this.#text += `${lead}${JSON.stringify(key)}:`;
      lead = ',';
      if (metadata !== undefined && key === 'metadata') metadata(value);
      else this.value(value);
    }
    this.#text += lead === open ? '{}' : '}';
  }

  value(value: unknown): void {
    if (typeof value !== 'object' || value === null) {
      this.#text += JSON.stringify(value);
      return;
    }
    const copied = this.#copyOf(value);
    if (copied === undefined) {
      const text = JSON.stringify(value);
      if (text.length < partBytesMin) {
        this.#text += text;
        return;
      }
      this.#endText();
      this.#push(text, Buffer.byteLength(text), value);
    } else {
      this.#endText();
      this.#push(copied, copied.length, value);
    }
  }

  encoding(): Encoding {
    this.#endText();
    const bytes = Buffer.allocUnsafe(this.#length);
    let at = 0;
    for (const piece of this.#pieces) at += typeof piece === 'string' ? bytes.write(piece, at, 'utf8') : piece.copy(bytes, at);
    return { bytes, parts: this.#parts };
  }

  #endText(): void {
    if (this.#text === '') return;
    this.#pieces.push(this.#text);
    this.#length += Buffer.byteLength(this.#text);
    this.#text = '';
  }

  #push(piece: string | Buffer, length: number, value: object): void {
    this.#pieces.push(piece);
    this.#parts.push(value, this.#length, this.#length + length);
    this.#length += length;
  }

  #copyOf(value: object): Buffer | undefined {
    if (this.#before === undefined) return undefined;
    const { bytes, parts } = this.#before;
    for (let index = 0; index < parts.length; index += 3)
      if (parts[index] === value) return bytes.subarray(parts[index + 1] as number, parts[index + 2] as number);
    return undefined;
  }
}
