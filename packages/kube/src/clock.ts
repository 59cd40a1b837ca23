/**
 * Two clocks behind the one interface of `@sluice/api`: the machine's own, and a virtual one for tests and simulation.
 * Code that waits takes a `Clock` and cannot tell which it has.
 */
import type { Clock, Instant } from '@sluice/api';

/** Longest delay that `setTimeout` takes; more than that fires at once, so longer waits are made of several. */
const delayMsMax = 2 ** 31 - 1;

/** The machine's clock. A pending timer keeps the process alive until it fires or is cancelled. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const deadline = Date.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const rest = Math.max(0, deadline - Date.now());
      timer = rest > delayMsMax ? setTimeout(arm, delayMsMax) : setTimeout(run, rest);
    };
    if (delayMs > delayMsMax) arm();
    else timer = setTimeout(run, Math.max(0, delayMs));
    return () => clearTimeout(timer);
  },
};

export interface VirtualClock extends Clock {
  /**
   * Moves time on by `ms`. Due timers run one by one in the order of their deadlines (then of their making), and after each of them
   * promises and immediates settle, so what a timer sets off is done before the next one fires.
   */
  advance(ms: number): Promise<void>;
  /** Lets promises and immediates settle without moving time. */
  settle(): Promise<void>;
  /** When the next timer is due; `undefined` when nothing waits. */
  nextDeadline(): Instant | undefined;
}

type Timer = { readonly deadline: Instant; readonly order: number; readonly run: () => void };

/**
 * A clock that stands still until told.
 *
 * @param turns - turns of the event loop that `settle` waits, 4 by default: enough for chains of promises with a few `setImmediate` in
 * them. Work that leaves the process (sockets, disks) is not waited for.
 */
export function virtualClock(start: Instant, turns = 4): VirtualClock {
  let now = start;
  let made = 0;
  const timers: Timer[] = [];

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  /** Place of the first timer that is not before `timer`, by deadline and then by making. */
  const placeOf = (timer: Timer): number => {
    let low = 0;
    let high = timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = timers[middle];
      const isBefore = other !== undefined && (other.deadline - timer.deadline || other.order - timer.order) < 0;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    now: () => now,
    after(delayMs, run) {
      const timer: Timer = { deadline: now + Math.max(0, delayMs), order: made++, run };
      timers.splice(placeOf(timer), 0, timer);
      return () => {
        const place = placeOf(timer);
        if (timers[place] === timer) timers.splice(place, 1);
      };
    },
    settle,
    nextDeadline: () => timers[0]?.deadline,
    async advance(ms) {
      const end = now + ms;
      await settle();
      for (let timer = timers[0]; timer !== undefined && timer.deadline <= end; timer = timers[0]) {
        timers.shift();
        now = Math.max(now, timer.deadline);
        timer.run();
        await settle();
      }
      now = end;
    },
  };
}

/** Resolves after `delayMs`, or at once when the signal is aborted. Never rejects: the caller looks at the signal. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const stop = (): void => {
      cancel();
      resolve();
    };
    const cancel = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', stop);
      resolve();
    });
    signal?.addEventListener('abort', stop, { once: true });
  });
}
