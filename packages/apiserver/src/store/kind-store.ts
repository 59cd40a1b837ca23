/**
 * All published objects of one kind: by key, in key order, by namespace, with their recent history and the watchers of it.
 * Keys are `namespace/name`, or `name` for cluster-scoped kinds. Only the store writes here.
 */
import { History, type StoreEvent } from './history.ts';
import { StoredObject } from './stored-object.ts';

export type EventListener = (event: StoreEvent) => void;

type KeySet = { readonly keys: Set<string>; sorted: readonly string[] | undefined };

export class KindStore {
  readonly id: string;
  readonly entries: Map<string, StoredObject> = new Map();
  /** Accepted but not yet durable: what the next write of the key builds on. `undefined` is a deletion. */
  readonly pending: Map<string, StoredObject | undefined> = new Map();
  history: History;
  revision = 0;
  readonly #all: KeySet = { keys: new Set(), sorted: [] };
  readonly #namespaces: Map<string, KeySet> = new Map();
  readonly #listeners: Set<EventListener> = new Set();

  constructor(id: string, historyCapacity: number, floor: number) {
    this.id = id;
    this.history = new History(historyCapacity, floor);
  }

  /** The state that the next write builds on. */
  head(key: string): StoredObject | undefined {
    return this.pending.has(key) ? this.pending.get(key) : this.entries.get(key);
  }

  /** Pointers in key order: a consistent snapshot, since stored objects never change. */
  list(namespace?: string): StoredObject[] {
    const set = namespace === undefined ? this.#all : this.#namespaces.get(namespace);
    if (set === undefined) return [];
    set.sorted ??= [...set.keys].sort();
    const list: StoredObject[] = [];
    for (const key of set.sorted) {
      const stored = this.entries.get(key);
      if (stored !== undefined) list.push(stored);
    }
    return list;
  }

  /** The objects as they were at a past revision, in key order; `undefined` when that is forgotten. */
  listAt(revision: number, namespace?: string): StoredObject[] | undefined {
    const events = this.history.after(revision);
    if (events === undefined) return undefined;
    if (events.length === 0) return this.list(namespace);
    const past = new Map(this.entries);
    for (let index = events.length - 1; index >= 0; index--) {
      const event = events[index];
      if (event === undefined) continue;
      if (event.previous === undefined) past.delete(event.key);
      else past.set(event.key, event.previous);
    }
    const keys = [...past.keys()].filter((key) => namespace === undefined || key.startsWith(`${namespace}/`)).sort();
    return keys.flatMap((key) => past.get(key) ?? []);
  }

  /** Makes a durable change visible and tells the listeners. */
  publish(event: StoreEvent): void {
    this.place(event.key, event.type === 'DELETED' ? undefined : event.stored);
    this.revision = event.revision;
    this.history.push(event);
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** Sets or removes an object without an event: for recovery. */
  place(key: string, stored: StoredObject | undefined): void {
    if (stored === undefined) {
      if (this.entries.delete(key)) this.#forget(key);
      return;
    }
    if (!this.entries.has(key)) this.#remember(key);
    this.entries.set(key, stored);
  }

  /** The same from a snapshot's bytes. */
  placeBytes(key: string, revision: number, bytes: Buffer | undefined): void {
    if (bytes === undefined) return;
    this.place(key, StoredObject.fromBytes(revision, bytes));
    this.revision = Math.max(this.revision, revision);
  }

  subscribe(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #remember(key: string): void {
    this.#all.keys.add(key);
    this.#all.sorted = undefined;
    const slash = key.indexOf('/');
    if (slash < 0) return;
    const namespace = key.slice(0, slash);
    let set = this.#namespaces.get(namespace);
    if (set === undefined) {
      set = { keys: new Set(), sorted: undefined };
      this.#namespaces.set(namespace, set);
    }
    set.keys.add(key);
    set.sorted = undefined;
  }

  #forget(key: string): void {
    this.#all.keys.delete(key);
    this.#all.sorted = undefined;
    const slash = key.indexOf('/');
    if (slash < 0) return;
    const namespace = key.slice(0, slash);
    const set = this.#namespaces.get(namespace);
    if (set === undefined) return;
    set.keys.delete(key);
    set.sorted = undefined;
    if (set.keys.size === 0) this.#namespaces.delete(namespace);
  }
}
