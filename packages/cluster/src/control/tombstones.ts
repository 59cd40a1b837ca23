/**
 * Uids of objects that we deleted and the cache still shows. Between the answer to a delete and its watch event a decision must not
 * count them, or it would delete the next ones too. Plays the part of upstream's expectations.
 */
import { type KubeObject, keyOf } from '@sluice/api';
import type { Informer } from '@sluice/kube';

export class Tombstones {
  readonly #uids = new Set<string>();
  readonly #followed = new WeakSet<Informer>();

  /** Notes a deletion; forgotten when the cache has caught up. */
  add(informer: Informer, object: KubeObject): void {
    if (!this.#followed.has(informer)) {
      this.#followed.add(informer);
      informer.addHandler({
        updated: (next) => {
          if (next.metadata.deletionTimestamp !== undefined) this.#uids.delete(next.metadata.uid ?? '');
        },
        deleted: (last) => this.#uids.delete(last.metadata.uid ?? ''),
      });
    }
    const uid = object.metadata.uid ?? '';
    const current = informer.get(keyOf(object));
    if (current?.metadata.uid === uid && current.metadata.deletionTimestamp === undefined) this.#uids.add(uid);
  }

  has(object: KubeObject): boolean {
    return this.#uids.has(object.metadata.uid ?? '');
  }
}
