/** The one implementation of `Informer`: a reflector that feeds a cache, and handlers that hear of its changes in their order. */
import {
  type Clock,
  compareResourceVersions,
  type FieldRequirement,
  type KubeObject,
  keyOf,
  matches,
  parseFieldSelector,
  parseLabelSelector,
  type Requirement,
  type ResourceType,
} from '@sluice/api';
import { Cache, type CacheChange } from './cache.ts';
import type { Reader } from './client.ts';
import type { IndexFunction, Informer, InformerHandler, InformerOptions } from './informer.ts';
import type { Logger } from './log.ts';
import { Reflector } from './reflector.ts';

export type CreateInformerOptions<T extends KubeObject> = InformerOptions<T> & {
  readonly client: Reader;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Ask for the first state as a stream (`sendInitialEvents`), which spares server and client the list. Off by default. */
  readonly initialEvents?: boolean;
};

/** Starts following at once. */
export function createInformer<T extends KubeObject = KubeObject>(options: CreateInformerOptions<T>): Informer<T> {
  return new CachedInformer<T>(options);
}

class CachedInformer<T extends KubeObject> implements Informer<T> {
  readonly type: ResourceType;
  readonly #options: CreateInformerOptions<T>;
  readonly #cache: Cache<T>;
  readonly #reflector: Reflector;
  readonly #labels: readonly Requirement[];
  readonly #fields: readonly FieldRequirement[];
  readonly #handlers = new Set<InformerHandler<T>>();
  readonly #untold: CacheChange<T>[] = [];
  #isTelling = false;
  #isSynced = false;
  #isStopped = false;
  /** How far the server's history has been seen. */
  #seenVersion = '';
  #waiting: { resolve(): void; reject(error: Error): void }[] = [];

  constructor(options: CreateInformerOptions<T>) {
    this.type = options.type;
    this.#options = options;
    this.#cache = new Cache<T>(options.indexes);
    this.#labels = parseLabelSelector(options.labelSelector ?? '');
    this.#fields = parseFieldSelector(options.fieldSelector ?? '');
    this.#reflector = new Reflector({
      client: options.client,
      type: options.type,
      clock: options.clock,
      random: options.random,
      logger: options.logger,
      namespace: options.namespace,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
      initialEvents: options.initialEvents,
      shrink: (object) => this.#shrink(object),
      sink: {
        replaced: (objects, resourceVersion) => this.#replaced(objects as readonly T[], resourceVersion),
        changed: (type, object, resourceVersion) => {
          this.#seenVersion = resourceVersion;
          const shrunk = this.#shrink(object) as T | undefined;
          if (type === 'DELETED') this.#tell(this.#cache.remove(keyOf(object), resourceVersion, shrunk));
          else if (shrunk !== undefined) this.#tell(this.#cache.put(shrunk));
        },
        passed: (resourceVersion) => {
          this.#seenVersion = resourceVersion;
        },
      },
    });
    void this.#reflector.run();
  }

  get(key: string): T | undefined {
    return this.#cache.get(key);
  }

  list(): Iterable<T> {
    return this.#cache.list();
  }

  inNamespace(namespace: string): Iterable<T> {
    return this.#cache.inNamespace(namespace);
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#cache.byIndex(index, value);
  }

  get size(): number {
    return this.#cache.size;
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  addIndex(name: string, index: IndexFunction<T>): void {
    this.#cache.addIndex(name, index);
  }

  addHandler(handler: InformerHandler<T>): () => void {
    for (const object of this.#cache.list()) this.#guard(() => handler.added?.(object));
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  synced(): Promise<void> {
    if (this.#isSynced) return Promise.resolve();
    if (this.#isStopped) return Promise.reject(this.#stoppedError());
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  overlay(object: T): void {
    if (this.#isStopped || !this.#isSelected(object)) return;
    const shrunk = this.#shrink(object);
    if (shrunk === undefined) return;
    // Not held although the history was seen beyond it: it has been deleted since, or never belonged here.
    const isPast = compareResourceVersions(object.metadata.resourceVersion ?? '', this.#seenVersion) <= 0;
    if (isPast && this.#cache.get(keyOf(object)) === undefined) return;
    this.#tell(this.#cache.put(shrunk as T));
  }

  stop(): void {
    this.#isStopped = true;
    this.#reflector.stop();
    this.#handlers.clear();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#stoppedError());
  }

  #replaced(objects: readonly T[], resourceVersion: string): void {
    const isNewHistory = compareResourceVersions(resourceVersion, this.#seenVersion) < 0;
    if (isNewHistory) this.#options.logger.warn('the server has begun a new history', { resource: this.type.resource });
    this.#seenVersion = resourceVersion;
    const changes = this.#cache.replaceAll(objects, resourceVersion, isNewHistory);
    const isFirst = !this.#isSynced;
    this.#isSynced = true;
    this.#tell(changes);
    if (isFirst) for (const { resolve } of this.#waiting.splice(0)) resolve();
  }

  #shrink(object: KubeObject): KubeObject | undefined {
    const { managedFields: _, ...metadata } = object.metadata;
    const lean = object.metadata.managedFields === undefined ? object : { ...object, metadata };
    if (this.#options.transform === undefined) return lean;
    try {
      return this.#options.transform(lean);
    } catch (error) {
      this.#options.logger.error('an object could not be taken in', { resource: this.type.resource, key: keyOf(object), error });
      return undefined;
    }
  }

  #isSelected(object: KubeObject): boolean {
    const { namespace } = this.#options;
    if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
    return matches(this.#labels, object.metadata.labels) && this.#fields.every((field) => fieldMatches(object, field));
  }

  /** A handler may write to the cache (`overlay`): those changes are told after this one has reached every handler. */
  #tell(changes: readonly CacheChange<T>[]): void {
    for (const change of changes) this.#untold.push(change);
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (const change of this.#untold) for (const handler of this.#handlers) this.#guard(() => tellOne(handler, change));
    this.#untold.length = 0;
    this.#isTelling = false;
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.logger.error('a handler failed', { resource: this.type.resource, error });
    }
  }

  #stoppedError(): Error {
    return new Error(`the informer of ${this.type.resource} was stopped before its first list was complete`);
  }
}

function tellOne<T extends KubeObject>(handler: InformerHandler<T>, change: CacheChange<T>): void {
  switch (change.kind) {
    case 'added':
      handler.added?.(change.object);
      break;
    case 'updated':
      handler.updated?.(change.object, change.previous);
      break;
    case 'deleted':
      handler.deleted?.(change.object);
      break;
  }
}

function fieldMatches(object: KubeObject, { path, equals, value }: FieldRequirement): boolean {
  let held: unknown = object;
  for (const step of path.split('.'))
    held = typeof held === 'object' && held !== null ? (held as Record<string, unknown>)[step] : undefined;
  return (String(held ?? '') === value) === equals;
}
