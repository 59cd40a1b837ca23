/**
 * The store: one counter of revisions for all kinds, accept -> log -> publish. A write is accepted at once and later writes build on it,
 * but readers and watchers see it only when the journal says that it is durable, in the order of revisions.
 */
import type { KubeObject, ObjectMeta } from '@sluice/api';
import { History, type StoreEvent } from './history.ts';
import { KindStore } from './kind-store.ts';
import { StoredObject } from './stored-object.ts';

/** One change as the journal keeps it. `bytes` is absent for a deletion. */
export type JournalEntry = { readonly revision: number; readonly kind: string; readonly key: string; readonly bytes: Buffer | undefined };

/** Where changes are made durable. `append` answers in order; it fails for all entries from the first one that could not be kept. */
export interface Journal {
  append(entry: () => JournalEntry, done: (error: Error | undefined) => void): void;
  close(): Promise<void>;
}

/** Keeps nothing: every change is published at once. */
const memoryJournal: Journal = {
  append: (_entry, done) => done(undefined),
  close: async () => {},
};

/** An object on its way into the store: still private to one request. */
export type Draft = {
  kind: string;
  apiVersion: string;
  metadata: { -readonly [K in keyof ObjectMeta]: ObjectMeta[K] };
  [field: string]: unknown;
};

export class Store {
  readonly #kinds: Map<string, KindStore> = new Map();
  readonly #historyCapacity: number;
  #journal: Journal;
  #accepted: number;
  #published: number;
  #floor: number;
  #closed = false;

  constructor(options: { readonly historyCapacity?: number; readonly revision?: number } = {}) {
    this.#historyCapacity = options.historyCapacity ?? 10_000;
    this.#accepted = options.revision ?? 1;
    this.#published = this.#accepted;
    this.#floor = this.#accepted;
    this.#journal = memoryJournal;
  }

  /** The revision that readers see. */
  get revision(): number {
    return this.#published;
  }

  /**
   * After recovery: go on from that revision, and keep changes there from now on.
   *
   * @param floor - revision from which on every event is in the history
   */
  resume(revision: number, floor: number, journal: Journal): void {
    this.#accepted = Math.max(this.#accepted, revision);
    this.#published = this.#accepted;
    this.#floor = floor;
    this.#journal = journal;
  }

  /** Before logs are replayed on a snapshot: watches can start no earlier than there. */
  resumeFrom(floor: number): void {
    this.#floor = floor;
    for (const kind of this.#kinds.values()) kind.history = new History(this.#historyCapacity, floor);
  }

  /** A change that was durable before the start: placed, and remembered for watches, without telling anybody. */
  recover(kind: KindStore, key: string, revision: number, bytes: Buffer | undefined): void {
    const previous = kind.entries.get(key);
    if (bytes === undefined && previous === undefined) return;
    const stored = bytes === undefined ? lastState(previous as StoredObject, revision) : StoredObject.fromBytes(revision, bytes);
    kind.place(key, bytes === undefined ? undefined : stored);
    kind.revision = revision;
    const type = bytes === undefined ? 'DELETED' : previous === undefined ? 'ADDED' : 'MODIFIED';
    kind.history.push({ revision, type, key, stored, previous });
  }

  /** The kind's objects; made when first asked for. */
  kind(id: string): KindStore {
    let kind = this.#kinds.get(id);
    if (kind === undefined) {
      kind = new KindStore(id, this.#historyCapacity, this.#floor);
      this.#kinds.set(id, kind);
    }
    return kind;
  }

  kinds(): IterableIterator<KindStore> {
    return this.#kinds.values();
  }

  /**
   * Accepts a draft, which belongs to the store from now on, and stamps it with its revision. Resolves when it is durable and published.
   *
   * @throws Error when the journal could not keep it
   */
  put(kind: KindStore, key: string, draft: Draft): Promise<StoredObject> {
    const revision = ++this.#accepted;
    draft.metadata.resourceVersion = String(revision);
    const previous = kind.head(key);
    const stored = StoredObject.of(revision, draft as KubeObject, previous);
    const type = previous === undefined ? 'ADDED' : 'MODIFIED';
    return this.#accept(kind, { revision, type, key, stored, previous }, stored);
  }

  /** Accepts a deletion. `last` is the state that watchers are shown; it is stamped with the revision of the deletion. */
  remove(kind: KindStore, key: string, last: Draft): Promise<StoredObject> {
    const revision = ++this.#accepted;
    last.metadata.resourceVersion = String(revision);
    const stored = StoredObject.of(revision, last as KubeObject);
    return this.#accept(kind, { revision, type: 'DELETED', key, stored, previous: kind.head(key) }, undefined);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#journal.close();
  }

  #accept(kind: KindStore, event: StoreEvent, head: StoredObject | undefined): Promise<StoredObject> {
    if (this.#closed) return Promise.reject(new Error('the store is closed'));
    kind.pending.set(event.key, head);
    return new Promise((resolve, reject) => {
      const entry = (): JournalEntry => ({
        revision: event.revision,
        kind: kind.id,
        key: event.key,
        bytes: event.type === 'DELETED' ? undefined : event.stored.bytes,
      });
      this.#journal.append(entry, (error) => {
        if (kind.pending.get(event.key) === head) kind.pending.delete(event.key);
        if (error !== undefined) {
          reject(error);
          return;
        }
        this.#published = event.revision;
        kind.publish(event);
        resolve(event.stored);
      });
    });
  }
}

function lastState(previous: StoredObject, revision: number): StoredObject {
  return StoredObject.deferred(revision, () => {
    const { object } = previous;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  });
}
