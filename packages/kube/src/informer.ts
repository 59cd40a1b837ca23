/**
 * A cache of one kind that follows the server: list, watch, resume, relist on 410, for ever.
 * Readers get immutable objects; `metadata.managedFields` is dropped on arrival.
 */
import type { KubeObject, ResourceType } from '@sluice/api';

export type InformerHandler<T extends KubeObject> = {
  added?(object: T): void;
  updated?(object: T, previous: T): void;
  /** The last state seen; after a relist it may be old. */
  deleted?(object: T): void;
};

/** Computes the index values of an object: owner uids, service names, ... */
export type IndexFunction<T extends KubeObject> = (object: T) => readonly string[];

/** What decisions read from. Keys are `namespace/name`, or `name` for cluster-scoped kinds. */
export interface Store<T extends KubeObject = KubeObject> {
  get(key: string): T | undefined;
  list(): Iterable<T>;
  inNamespace(namespace: string): Iterable<T>;
  byIndex(index: string, value: string): readonly T[];
  readonly size: number;
}

export interface Informer<T extends KubeObject = KubeObject> extends Store<T> {
  readonly type: ResourceType;
  /** Handlers added after the sync first get an `added` for everything present. */
  addHandler(handler: InformerHandler<T>): () => void;
  addIndex(name: string, index: IndexFunction<T>): void;
  /** Resolves when the first list is complete. */
  synced(): Promise<void>;
  readonly isSynced: boolean;
  /** Lays the answer of an own write over the cache, unless the cache is newer already. Handlers are told. */
  overlay(object: T): void;
  stop(): void;
}

export type InformerOptions<T extends KubeObject> = {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Keeps less of an object, or another form of it. Runs once an arrival, after managedFields are gone. */
  readonly transform?: (object: KubeObject) => T;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>>;
};
