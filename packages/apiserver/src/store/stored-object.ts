/**
 * One object in one revision: immutable, parsed and encoded at most once, whichever is asked for first.
 * Bytes always start with `kind` and `apiVersion`, so that lists can drop them and other versions can replace them without parsing.
 */
import type { KubeObject } from '@sluice/api';
import { type Encoding, encode } from './encoding.ts';

export class StoredObject {
  readonly revision: number;
  #object: KubeObject | undefined;
  #encoding: Encoding | undefined;
  /** Of an earlier version, until the bytes of this one are made. */
  #before: Encoding | undefined;
  #make: (() => KubeObject) | undefined;

  private constructor(revision: number, object: KubeObject | undefined, encoding: Encoding | undefined) {
    this.revision = revision;
    this.#object = object;
    this.#encoding = encoding;
  }

  /**
   * Takes the object over: nobody may change it from now on. Its first two keys must be `kind` and `apiVersion`.
   *
   * @param previous - the version before, whose parts the object may share
   */
  static of(revision: number, object: KubeObject, previous?: StoredObject): StoredObject {
    const stored = new StoredObject(revision, object, undefined);
    if (previous !== undefined) stored.#before = previous.#encoding ?? previous.#before;
    return stored;
  }

  /** From the log: parsed when somebody asks. */
  static fromBytes(revision: number, bytes: Buffer): StoredObject {
    return new StoredObject(revision, undefined, { bytes, parts: [] });
  }

  /** Made when somebody asks. */
  static deferred(revision: number, make: () => KubeObject): StoredObject {
    const stored = new StoredObject(revision, undefined, undefined);
    stored.#make = make;
    return stored;
  }

  get object(): KubeObject {
    this.#object ??= this.#make === undefined ? (JSON.parse(this.bytes.toString('utf8')) as KubeObject) : this.#make();
    return this.#object;
  }

  get bytes(): Buffer {
    if (this.#encoding === undefined) {
      this.#encoding = encode(this.object, this.#before);
      this.#before = undefined;
    }
    return this.#encoding.bytes;
  }
}

/** The bytes before `"metadata"` of every stored object of a kind: `{"kind":"Pod","apiVersion":"v1",`. */
export function encodedPrefix(kind: string, apiVersion: string): Buffer {
  return Buffer.from(`${JSON.stringify({ kind, apiVersion }).slice(0, -1)},`, 'utf8');
}
