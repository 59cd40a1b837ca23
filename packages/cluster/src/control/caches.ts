/**
 * One shared cache a kind, made when somebody first asks for it. All controllers of the cluster read from the same ones, so a kind costs
 * one watch and one copy, and an own write that is laid over the cache is seen by all of them.
 */
import { type Clock, controllerOf, type KubeObject, type ResourceType } from '@sluice/api';
import { createInformer, type Informer, type Logger, type Reader, type Store } from '@sluice/kube';

export type CacheDependencies = {
  readonly client: Reader;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
};

/** Read from by `ownedBy`, `controlledBy` and `orphansIn`. */
const ownerIndex = 'owner';
const controllerIndex = 'controller';
const orphanIndex = 'orphan';

export class Caches {
  readonly #dependencies: CacheDependencies;
  readonly #informers = new Map<string, Informer>();

  constructor(dependencies: CacheDependencies) {
    this.#dependencies = dependencies;
  }

  /** The cache of a kind; starts to follow it on first use. */
  of<T extends KubeObject>(type: ResourceType): Informer<T> {
    const key = cacheKey(type);
    let informer = this.#informers.get(key);
    if (informer === undefined) {
      informer = createInformer<KubeObject>({
        ...this.#dependencies,
        type,
        indexes: {
          [ownerIndex]: (object) => object.metadata.ownerReferences?.map((reference) => reference.uid) ?? [],
          [controllerIndex]: (object) => asList(controllerOf(object)?.uid),
          [orphanIndex]: (object) => (controllerOf(object) === undefined ? [object.metadata.namespace ?? ''] : []),
        },
      });
      this.#informers.set(key, informer);
    }
    return informer as unknown as Informer<T>;
  }

  /** The cache of a kind if somebody follows it already. */
  present(type: ResourceType): Informer | undefined {
    return this.#informers.get(cacheKey(type));
  }

  /** Stops following a kind that the server no longer serves. */
  drop(type: ResourceType): void {
    this.#informers.get(cacheKey(type))?.stop();
    this.#informers.delete(cacheKey(type));
  }

  /** Resolves when every cache asked for so far has its first list. */
  async synced(): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced()));
  }

  stop(): void {
    for (const informer of this.#informers.values()) informer.stop();
    this.#informers.clear();
  }
}

/** Objects with an owner reference to that uid, the controlling one or not. */
export function ownedBy<T extends KubeObject>(store: Store<T>, uid: string): readonly T[] {
  return store.byIndex(ownerIndex, uid);
}

export function controlledBy<T extends KubeObject>(store: Store<T>, uid: string): readonly T[] {
  return store.byIndex(controllerIndex, uid);
}

/** Objects of a namespace without a controller. */
export function orphansIn<T extends KubeObject>(store: Store<T>, namespace: string): readonly T[] {
  return store.byIndex(orphanIndex, namespace);
}

function cacheKey(type: ResourceType): string {
  return `${type.resource}.${type.group}`;
}

function asList(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}
