import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualClock } from './clock.ts';
import { WorkQueue } from './work-queue.ts';

function queueOn(clock = virtualClock(0)): { clock: ReturnType<typeof virtualClock>; queue: WorkQueue } {
  return { clock, queue: new WorkQueue({ clock, onReady: () => {} }) };
}

function takeAll(queue: WorkQueue): string[] {
  const keys: string[] = [];
  for (let taken = queue.take(); taken !== undefined; taken = queue.take()) keys.push(taken.key);
  return keys;
}

describe('a work queue', () => {
  it('hands a key out once however often it is added, in the order of first mention', () => {
    const { queue } = queueOn();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    expect(takeAll(queue)).toEqual(['b', 'a', 'c']);
  });

  it('keeps a key back while it is under way and makes it ready again afterwards', () => {
    const { queue } = queueOn();
    queue.add('a');
    queue.take();
    queue.add('a');
    expect(queue.isAskedAgain('a')).toBe(true);
    expect(takeAll(queue)).toEqual([]);
    queue.done('a');
    expect(takeAll(queue)).toEqual(['a']);
  });

  it('lets the earliest of several delays win, and an add end the delay', async () => {
    const { clock, queue } = queueOn();
    queue.addAfter('a', 50);
    queue.addAfter('a', 10);
    queue.addAfter('a', 100);
    queue.addAfter('b', 10);
    queue.add('b');
    expect(queue.take()).toMatchObject({ key: 'b', isAsked: true });
    await clock.advance(10);
    expect(queue.take()).toEqual({ key: 'a', waitedMs: 0, isAsked: false });
    queue.done('a');
    queue.done('b');
    await clock.advance(200);
    expect(takeAll(queue)).toEqual([]);
    expect(clock.nextDeadline()).toBeUndefined();
  });

  it('agrees with a simple model for any sequence of calls', async () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd');
    const command = fc.oneof(
      fc.record({ do: fc.constant('add' as const), key }),
      fc.record({ do: fc.constant('after' as const), key, ms: fc.integer({ min: 0, max: 40 }) }),
      fc.record({ do: fc.constant('take' as const) }),
      fc.record({ do: fc.constant('done' as const) }),
      fc.record({ do: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60 }), async (commands) => {
        const clock = virtualClock(0, 1);
        const queue = new WorkQueue({ clock, onReady: () => {} });
        // The model: what is due, what is under way, what came meanwhile, and each key's deadline.
        const ready: string[] = [];
        const underWay: string[] = [];
        const again: string[] = [];
        const deadlines = new Map<string, { at: number; order: number }>();
        let order = 0;
        const makeReady = (name: string): void => {
          const place = underWay.includes(name) ? again : ready;
          if (!place.includes(name)) place.push(name);
        };
        for (const step of commands) {
          if (step.do === 'add') {
            queue.add(step.key);
            deadlines.delete(step.key);
            makeReady(step.key);
          } else if (step.do === 'after') {
            queue.addAfter(step.key, step.ms);
            const at = clock.now() + step.ms;
            const isDue = ready.includes(step.key) || again.includes(step.key);
            if (!isDue && (deadlines.get(step.key)?.at ?? Number.POSITIVE_INFINITY) > at) deadlines.set(step.key, { at, order: order++ });
          } else if (step.do === 'take') {
            const expected = ready.shift();
            if (expected !== undefined) underWay.push(expected);
            expect(queue.take()?.key).toBe(expected);
          } else if (step.do === 'done') {
            const name = underWay.shift();
            if (name === undefined) continue;
            queue.done(name);
            const place = again.indexOf(name);
            if (place >= 0) {
              again.splice(place, 1);
              ready.push(name);
            }
          } else {
            await clock.advance(step.ms);
            const due = [...deadlines].filter(([, { at }]) => at <= clock.now()).sort(([, a], [, b]) => a.at - b.at || a.order - b.order);
            for (const [name] of due) {
              deadlines.delete(name);
              makeReady(name);
            }
          }
          expect(queue.readyCount).toBe(ready.length);
          expect(queue.delayedCount).toBe(deadlines.size);
        }
      }),
      { numRuns: 300 },
    );
  });
});
