/** Synchronous reads of the store by group and plural, for those parts of the server that decide on objects. */
import type { KubeObject } from '@sluice/api';
import type { Reader } from './ports.ts';
import type { Registry } from './registry.ts';
import type { KindStore } from './store/kind-store.ts';
import type { Store } from './store/store.ts';
import type { StoredObject } from './store/stored-object.ts';

/** `look` decides which state is seen: what is published, or what is accepted. */
export class StoreReader implements Reader {
  readonly #store: Store;
  readonly #registry: Registry;
  readonly #look: (kind: KindStore, key: string) => StoredObject | undefined;

  constructor(store: Store, registry: Registry, look: (kind: KindStore, key: string) => StoredObject | undefined) {
    this.#store = store;
    this.#registry = registry;
    this.#look = look;
  }

  get(group: string, resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#look(this.#kind(group, resource), namespace === '' ? name : `${namespace}/${name}`)?.object;
  }

  list(group: string, resource: string, namespace?: string): readonly KubeObject[] {
    return this.#kind(group, resource)
      .list(namespace)
      .map((stored) => stored.object);
  }

  revisionOf(group: string, resource: string): number {
    return this.#kind(group, resource).revision;
  }

  onChange(
    group: string,
    resource: string,
    listener: (next: KubeObject | undefined, previous: KubeObject | undefined) => void,
  ): () => void {
    return this.#kind(group, resource).subscribe(({ type, stored, previous }) =>
      listener(type === 'DELETED' ? undefined : stored.object, previous?.object),
    );
  }

  #kind(group: string, resource: string): KindStore {
    return this.#store.kind(this.#registry.storageId(group, resource));
  }
}
