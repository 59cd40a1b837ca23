/**
 * Objects of one kind in memory, with indexes kept at each write. Decides by resource version what is newer; knows nothing of the
 * network. The informer feeds it; decisions read from it.
 */
import { compareResourceVersions, type KubeObject, keyOf } from '@sluice/api';
import type { IndexFunction, Store } from './informer.ts';

/** What a write did to the cache, for handlers. */
export type CacheChange<T> =
  | { readonly kind: 'added'; readonly object: T }
  | { readonly kind: 'updated'; readonly object: T; readonly previous: T }
  | { readonly kind: 'deleted'; readonly object: T };

/** Members of one index value. The list is made when somebody asks, and again after a change. */
type Bucket<T> = { readonly members: Map<string, T>; list: readonly T[] | undefined };

type Index<T extends KubeObject> = { readonly valuesOf: IndexFunction<T>; readonly buckets: Map<string, Bucket<T>> };

export class Cache<T extends KubeObject> implements Store<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #namespaces: Index<T> = { valuesOf: (object) => [object.metadata.namespace ?? ''], buckets: new Map() };

  constructor(indexes: Readonly<Record<string, IndexFunction<T>>> = {}) {
    for (const [name, index] of Object.entries(indexes)) this.addIndex(name, index);
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(): Iterable<T> {
    return this.#objects.values();
  }

  inNamespace(namespace: string): Iterable<T> {
    return listOf(this.#namespaces.buckets.get(namespace));
  }

  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`there is no index "${index}"`);
    return listOf(found.buckets.get(value));
  }

  get size(): number {
    return this.#objects.size;
  }

  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    const index: Index<T> = { valuesOf, buckets: new Map() };
    for (const [key, object] of this.#objects) insert(index, key, object);
    this.#indexes.set(name, index);
  }

  /** Takes an object in unless what is held is as new or newer. Another uid under the same key is a deletion and an addition. */
  put(object: T): readonly CacheChange<T>[] {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous !== undefined && compareResourceVersions(versionOf(object), versionOf(previous)) <= 0) return [];
    return this.#put(key, previous, object);
  }

  /** Drops the object under a key, unless what is held is newer than `resourceVersion`. `last` is its last state where it is known. */
  remove(key: string, resourceVersion: string, last?: T): readonly CacheChange<T>[] {
    const previous = this.#objects.get(key);
    if (previous === undefined || compareResourceVersions(versionOf(previous), resourceVersion) > 0) return [];
    this.#replace(key, previous, undefined);
    return [{ kind: 'deleted', object: last !== undefined && last.metadata.uid === previous.metadata.uid ? last : previous }];
  }

  /**
   * Makes the cache what a list said. The list is the truth as of its own version: whatever is held with a later version (an own write
   * that the list has not seen) stays, unless `isNewHistory` says that versions before and after cannot be compared.
   */
  replaceAll(objects: readonly T[], resourceVersion: string, isNewHistory: boolean): readonly CacheChange<T>[] {
    const changes: CacheChange<T>[] = [];
    const listed = new Set<string>();
    const isLater = (held: T): boolean => !isNewHistory && compareResourceVersions(versionOf(held), resourceVersion) > 0;
    for (const object of objects) {
      const key = keyOf(object);
      listed.add(key);
      const previous = this.#objects.get(key);
      if (previous === undefined || !isLater(previous)) changes.push(...this.#put(key, previous, object));
    }
    for (const [key, held] of [...this.#objects]) {
      if (listed.has(key) || isLater(held)) continue;
      this.#replace(key, held, undefined);
      changes.push({ kind: 'deleted', object: held });
    }
    return changes;
  }

  #put(key: string, previous: T | undefined, object: T): readonly CacheChange<T>[] {
    const isSame = previous?.metadata.uid === object.metadata.uid;
    if (previous !== undefined && isSame && versionOf(previous) === versionOf(object)) return [];
    this.#replace(key, previous, object);
    if (previous === undefined) return [{ kind: 'added', object }];
    if (isSame) return [{ kind: 'updated', object, previous }];
    return [
      { kind: 'deleted', object: previous },
      { kind: 'added', object },
    ];
  }

  #replace(key: string, previous: T | undefined, next: T | undefined): void {
    if (next === undefined) this.#objects.delete(key);
    else this.#objects.set(key, next);
    for (const index of [this.#namespaces, ...this.#indexes.values()]) {
      const values = next === undefined ? [] : insert(index, key, next);
      if (previous !== undefined) withdraw(index, key, previous, values);
    }
  }
}

function versionOf(object: KubeObject): string {
  return object.metadata.resourceVersion ?? '';
}

function listOf<T>(bucket: Bucket<T> | undefined): readonly T[] {
  if (bucket === undefined) return [];
  bucket.list ??= [...bucket.members.values()];
  return bucket.list;
}

/** Puts an object under its values, in its old place where it had one already. */
function insert<T extends KubeObject>(index: Index<T>, key: string, object: T): readonly string[] {
  const values = index.valuesOf(object);
  for (const value of values) {
    const bucket = index.buckets.get(value);
    if (bucket === undefined) {
      index.buckets.set(value, { members: new Map([[key, object]]), list: undefined });
    } else {
      bucket.members.set(key, object);
      bucket.list = undefined;
    }
  }
  return values;
}

function withdraw<T extends KubeObject>(index: Index<T>, key: string, object: T, kept: readonly string[]): void {
  for (const value of index.valuesOf(object)) {
    const bucket = kept.includes(value) ? undefined : index.buckets.get(value);
    if (bucket === undefined) continue;
    bucket.members.delete(key);
    bucket.list = undefined;
    if (bucket.members.size === 0) index.buckets.delete(value);
  }
}
