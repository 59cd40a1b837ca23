/**
 * The client's own limit on calls to one cluster, shared by all clients of the process: a token bucket served in the order of the lanes.
 * `lease` never waits, since a limit that delays a renewal costs leadership.
 */
import type { Clock } from '@sluice/api';
import { type Lane, lanes } from './transport.ts';

export type RateLimiterOptions = {
  readonly clock: Clock;
  /** Calls a second over time; 250 by default, 0 switches the limit off. */
  readonly ratePerSecond?: number;
  /** Calls at once after a quiet time; 500 by default. */
  readonly burst?: number;
  /** Told for each call how long it waited, 0 included: for a histogram. */
  readonly onWait?: (lane: Lane, waitMs: number) => void;
};

type Waiter = { readonly since: number; readonly start: () => void };

export class RateLimiter {
  readonly #clock: Clock;
  readonly #ratePerSecond: number;
  readonly #burst: number;
  readonly #onWait: ((lane: Lane, waitMs: number) => void) | undefined;
  readonly #waiting: Record<Lane, Set<Waiter>>;
  #tokens: number;
  #filledAt: number;
  #cancelTimer: (() => void) | undefined;

  constructor(options: RateLimiterOptions) {
    this.#clock = options.clock;
    this.#ratePerSecond = options.ratePerSecond ?? 250;
    this.#burst = Math.max(1, options.burst ?? 500);
    this.#onWait = options.onWait;
    this.#waiting = { lease: new Set(), traffic: new Set(), scale: new Set(), background: new Set() };
    this.#tokens = this.#burst;
    this.#filledAt = this.#clock.now();
  }

  /** Resolves when the call may start; earlier lanes go first, first come first served within a lane. Rejects when the signal is aborted. */
  async acquire(lane: Lane, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (lane === 'lease' || this.#ratePerSecond === 0 || this.#takeNow(lane)) {
      this.#onWait?.(lane, 0);
      return;
    }
    const queue = this.#waiting[lane];
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        queue.delete(waiter);
        reject(signal?.reason);
      };
      const waiter: Waiter = {
        since: this.#clock.now(),
        start: () => {
          signal?.removeEventListener('abort', abort);
          this.#onWait?.(lane, this.#clock.now() - waiter.since);
          resolve();
        },
      };
      queue.add(waiter);
      signal?.addEventListener('abort', abort, { once: true });
      this.#arm();
    });
  }

  /** Calls that wait now. */
  get waiting(): number {
    return lanes.reduce((sum, lane) => sum + this.#waiting[lane].size, 0);
  }

  #takeNow(lane: Lane): boolean {
    this.#fill();
    const isBehind = lanes.slice(0, lanes.indexOf(lane) + 1).some((earlier) => this.#waiting[earlier].size > 0);
    if (isBehind || this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(): void {
    const now = this.#clock.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#filledAt) * this.#ratePerSecond) / 1000);
    this.#filledAt = now;
  }

  #arm(): void {
    if (this.#cancelTimer !== undefined) return;
    const delayMs = Math.ceil((Math.max(0, 1 - this.#tokens) * 1000) / this.#ratePerSecond);
    this.#cancelTimer = this.#clock.after(Math.max(1, delayMs), () => {
      this.#cancelTimer = undefined;
      this.#serve();
    });
  }

  #serve(): void {
    this.#fill();
    for (const lane of lanes) {
      for (const waiter of this.#waiting[lane]) {
        if (this.#tokens < 1) {
          this.#arm();
          return;
        }
        this.#tokens--;
        this.#waiting[lane].delete(waiter);
        waiter.start();
      }
    }
  }
}
