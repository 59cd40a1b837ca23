/**
 * One object in one revision: immutable, parsed and encoded at most once, whichever is asked for first.
 * Bytes always start with `kind` and `apiVersion`, so that lists can drop them and other versions can replace them without parsing.
 */
import type { KubeObject } from '@sluice/api';

export class StoredObject {
  readonly revision: number;
  #object: KubeObject | undefined;
  #bytes: Buffer | undefined;
  #make: (() => KubeObject) | undefined;

  private constructor(revision: number, object: KubeObject | undefined, bytes: Buffer | undefined) {
    this.revision = revision;
    this.#object = object;
    this.#bytes = bytes;
  }

  /** Takes the object over: nobody may change it from now on. Its first two keys must be `kind` and `apiVersion`. */
  static of(revision: number, object: KubeObject): StoredObject {
    return new StoredObject(revision, object, undefined);
  }

  /** From the log: parsed when somebody asks. */
  static fromBytes(revision: number, bytes: Buffer): StoredObject {
    return new StoredObject(revision, undefined, bytes);
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
    this.#bytes ??= Buffer.from(JSON.stringify(this.object), 'utf8');
    return this.#bytes;
  }
}

/** The bytes before `"metadata"` of every stored object of a kind: `{"kind":"Pod","apiVersion":"v1",`. */
export function encodedPrefix(kind: string, apiVersion: string): Buffer {
  return Buffer.from(`${JSON.stringify({ kind, apiVersion }).slice(0, -1)},`, 'utf8');
}
