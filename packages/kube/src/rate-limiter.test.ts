import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualClock } from './clock.ts';
import { RateLimiter } from './rate-limiter.ts';
import { type Lane, lanes } from './transport.ts';

describe('a rate limiter', () => {
  it('serves earlier lanes first and never lets the lease wait', async () => {
    const clock = virtualClock(0);
    const limiter = new RateLimiter({ clock, ratePerSecond: 10, burst: 1 });
    const served: string[] = [];
    const call = (lane: Lane, name: string): unknown => limiter.acquire(lane).then(() => served.push(`${name}@${clock.now()}`));
    call('scale', 'first');
    call('background', 'event');
    call('scale', 'scale');
    call('traffic', 'abort');
    call('lease', 'renewal');
    await clock.settle();
    expect(served).toEqual(['first@0', 'renewal@0']);
    await clock.advance(1000);
    expect(served.slice(2)).toEqual(['abort@100', 'scale@200', 'event@300']);
  });

  it('is off at rate 0', async () => {
    const limiter = new RateLimiter({ clock: virtualClock(0), ratePerSecond: 0, burst: 1 });
    await Promise.all(Array.from({ length: 1000 }, () => limiter.acquire('background')));
    expect(limiter.waiting).toBe(0);
  });

  it('forgets a caller that gives up', async () => {
    const clock = virtualClock(0);
    const limiter = new RateLimiter({ clock, ratePerSecond: 1, burst: 1 });
    await limiter.acquire('scale');
    const giveUp = new AbortController();
    const gaveUp = limiter.acquire('scale', giveUp.signal).catch((error: Error) => error.message);
    giveUp.abort(new Error('no longer wanted'));
    expect(await gaveUp).toBe('no longer wanted');
    expect(limiter.waiting).toBe(0);
  });

  it('starts no more than burst plus rate times the time passed, and in the end everything', async () => {
    const call = fc.record({ gapMs: fc.integer({ min: 0, max: 50 }), lane: fc.constantFrom(...lanes.slice(1)) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { maxLength: 60 }),
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 5 }),
        async (calls, rate, burst) => {
          const clock = virtualClock(0, 1);
          const starts: number[] = [];
          const limiter = new RateLimiter({ clock, ratePerSecond: rate, burst });
          for (const { gapMs, lane } of calls) {
            if (gapMs > 0) await clock.advance(gapMs);
            void limiter.acquire(lane).then(() => starts.push(clock.now()));
          }
          await clock.advance(61_000);
          expect(starts.length).toBe(calls.length);
          for (const [i, from] of starts.entries()) {
            for (const [j, to] of starts.entries()) {
              if (j >= i) expect(j - i + 1).toBeLessThanOrEqual(burst + ((to - from) * rate) / 1000 + 1e-6);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
