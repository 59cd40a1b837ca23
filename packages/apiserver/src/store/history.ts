/** The last events of one kind, so that a watch can start in the past. A ring: the oldest fall out, and whoever asks for those gets 410. */
import type { StoredObject } from './stored-object.ts';

/** A change that is durable. `stored` is the state after it; for a deletion the last state with the revision of the deletion. */
export type StoreEvent = {
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly key: string;
  readonly stored: StoredObject;
  readonly previous: StoredObject | undefined;
};

export class History {
  readonly #capacity: number;
  #events: StoreEvent[] = [];
  #start = 0;
  #floor: number;

  /** @param floor - revision before which nothing is known */
  constructor(capacity: number, floor: number) {
    this.#capacity = capacity;
    this.#floor = floor;
  }

  /** The newest revision of which the following events are no longer complete: a watch may start here or later. */
  get floor(): number {
    return this.#floor;
  }

  push(event: StoreEvent): void {
    if (this.#events.length < this.#capacity) {
      this.#events.push(event);
      return;
    }
    const oldest = this.#events[this.#start];
    if (oldest !== undefined) this.#floor = oldest.revision;
    this.#events[this.#start] = event;
    this.#start = (this.#start + 1) % this.#capacity;
  }

  /** Events with a greater revision, oldest first; `undefined` when some of them are forgotten. */
  after(revision: number): readonly StoreEvent[] | undefined {
    if (revision < this.#floor) return undefined;
    const count = this.#events.length;
    let low = 0;
    let high = count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle).revision > revision) high = middle;
      else low = middle + 1;
    }
    const events: StoreEvent[] = [];
    for (let index = low; index < count; index++) events.push(this.#at(index));
    return events;
  }

  #at(index: number): StoreEvent {
    const event = this.#events[(this.#start + index) % this.#events.length];
    if (event === undefined) throw new RangeError(`history has no event ${index}`);
    return event;
  }
}
