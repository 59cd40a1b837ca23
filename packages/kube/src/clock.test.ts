import { describe, expect, it } from 'vitest';
import { sleep, systemClock, virtualClock } from './clock.ts';

describe('the virtual clock', () => {
  it('runs timers in the order of their deadlines, and what they set off before the next one', async () => {
    const clock = virtualClock(1000);
    const seen: string[] = [];
    clock.after(20, () => seen.push(`b@${clock.now()}`));
    clock.after(10, () => {
      seen.push(`a@${clock.now()}`);
      void Promise.resolve().then(() => clock.after(5, () => seen.push(`chained@${clock.now()}`)));
    });
    clock.after(20, () => seen.push(`c@${clock.now()}`));
    await clock.advance(30);
    expect(seen).toEqual(['a@1010', 'chained@1015', 'b@1020', 'c@1020']);
    expect(clock.now()).toBe(1030);
  });

  it('does not run what was cancelled, and knows the next deadline', async () => {
    const clock = virtualClock(0);
    let runs = 0;
    const cancel = clock.after(5, () => runs++);
    clock.after(9, () => runs++);
    cancel();
    cancel();
    expect(clock.nextDeadline()).toBe(9);
    await clock.advance(9);
    expect(runs).toBe(1);
    expect(clock.nextDeadline()).toBeUndefined();
  });

  it('wakes a sleeper early when its signal is aborted, and leaves no timer behind', async () => {
    const clock = virtualClock(0);
    const stop = new AbortController();
    const slept = sleep(clock, 1000, stop.signal).then(() => clock.now());
    await clock.advance(10);
    stop.abort();
    expect(await slept).toBe(10);
    expect(clock.nextDeadline()).toBeUndefined();
  });
});

describe('the system clock', () => {
  it('takes delays longer than a timer of Node can hold', async () => {
    let hasRun = false;
    const cancel = systemClock.after(2 ** 31 + 1000, () => {
      hasRun = true;
    });
    await new Promise((resolve) => systemClock.after(5, () => resolve(undefined)));
    cancel();
    expect(hasRun).toBe(false);
  });
});
