/**
 * Keys that are due, and keys that become due: each once, the same key never handed out twice at a time. Delays live in one heap with
 * one timer. Knows nothing of what the keys mean or of failures.
 */
import type { Clock, Instant } from '@sluice/api';

export type WorkQueueOptions = {
  readonly clock: Clock;
  /** Called when a key becomes ready to take. */
  readonly onReady: () => void;
};

/** A key that was taken, and how it came to be due. */
export type TakenKey = {
  readonly key: string;
  /** How long it has been ready. */
  readonly waitedMs: number;
  /** True when something asked for it by `add`; false when only a delay ran out. */
  readonly isAsked: boolean;
};

type Ready = { readonly since: Instant; isAsked: boolean };
type Delayed = { readonly key: string; readonly deadline: Instant; readonly order: number };

export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** In order of arrival. */
  readonly #ready = new Map<string, Ready>();
  readonly #underWay = new Set<string>();
  /** Keys that became due while they were under way. */
  readonly #again = new Map<string, Ready>();
  readonly #deadlines = new Map<string, Instant>();
  /** A binary heap by deadline; entries that `#deadlines` no longer agrees with are passed over. */
  readonly #heap: Delayed[] = [];
  #made = 0;
  #cancelTimer: (() => void) | undefined;
  #timerAt: Instant = Number.POSITIVE_INFINITY;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  /** Makes a key ready now; a delay it had is over. */
  add(key: string): void {
    this.#deadlines.delete(key);
    this.#makeReady(key, true);
  }

  /** Makes a key ready `delayMs` from now, or earlier where an earlier wish stands. A key that is ready stays so. */
  addAfter(key: string, delayMs: number): void {
    const deadline = this.#options.clock.now() + Math.max(0, delayMs);
    if (this.#ready.has(key) || this.#again.has(key)) return;
    const standing = this.#deadlines.get(key);
    if (standing !== undefined && standing <= deadline) return;
    this.#deadlines.set(key, deadline);
    this.#push({ key, deadline, order: this.#made++ });
    this.#arm();
  }

  /** The key that has been ready longest; `undefined` when there is none. Call `done` with it afterwards. */
  take(): TakenKey | undefined {
    for (const [key, { since, isAsked }] of this.#ready) {
      this.#ready.delete(key);
      this.#underWay.add(key);
      return { key, waitedMs: this.#options.clock.now() - since, isAsked };
    }
    return undefined;
  }

  /** Gives a taken key back. What came for it in the meantime makes it ready again. */
  done(key: string): void {
    this.#underWay.delete(key);
    const again = this.#again.get(key);
    if (again === undefined) return;
    this.#again.delete(key);
    this.#ready.set(key, again);
    this.#options.onReady();
  }

  /** True when somebody asked for this key since it was taken. */
  isAskedAgain(key: string): boolean {
    return this.#again.get(key)?.isAsked === true;
  }

  get readyCount(): number {
    return this.#ready.size;
  }

  get delayedCount(): number {
    return this.#deadlines.size;
  }

  /** Forgets everything that is not under way. */
  clear(): void {
    this.#ready.clear();
    this.#again.clear();
    this.#deadlines.clear();
    this.#heap.length = 0;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #makeReady(key: string, isAsked: boolean): void {
    const place = this.#underWay.has(key) ? this.#again : this.#ready;
    const standing = place.get(key);
    if (standing !== undefined) {
      standing.isAsked ||= isAsked;
      return;
    }
    place.set(key, { since: this.#options.clock.now(), isAsked });
    if (place === this.#ready) this.#options.onReady();
  }

  #arm(): void {
    this.#dropStale();
    const next = this.#heap[0];
    if (next === undefined || (this.#cancelTimer !== undefined && this.#timerAt <= next.deadline)) return;
    this.#cancelTimer?.();
    this.#timerAt = next.deadline;
    this.#cancelTimer = this.#options.clock.after(Math.max(0, next.deadline - this.#options.clock.now()), () => this.#fire());
  }

  #fire(): void {
    this.#cancelTimer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = this.#options.clock.now();
    this.#dropStale();
    for (let next = this.#heap[0]; next !== undefined && next.deadline <= now; next = this.#heap[0]) {
      this.#pop();
      this.#deadlines.delete(next.key);
      this.#makeReady(next.key, false);
      this.#dropStale();
    }
    this.#arm();
  }

  #dropStale(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#deadlines.get(top.key) !== top.deadline; top = this.#heap[0]) this.#pop();
  }

  #push(entry: Delayed): void {
    let place = this.#heap.length;
    this.#heap.push(entry);
    while (place > 0) {
      const parentPlace = (place - 1) >>> 1;
      const parent = this.#heap[parentPlace];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.#heap[place] = parent;
      place = parentPlace;
    }
    this.#heap[place] = entry;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let place = 0;
    for (;;) {
      let childPlace = 2 * place + 1;
      let child = this.#heap[childPlace];
      const right = this.#heap[childPlace + 1];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        child = right;
        childPlace++;
      }
      if (child === undefined || isBefore(last, child)) break;
      this.#heap[place] = child;
      place = childPlace;
    }
    this.#heap[place] = last;
  }
}

function isBefore(a: Delayed, b: Delayed): boolean {
  return a.deadline < b.deadline || (a.deadline === b.deadline && a.order < b.order);
}
