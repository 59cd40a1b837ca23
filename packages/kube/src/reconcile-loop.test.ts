import { describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from './clock.ts';
import { type Controller, type ReconcileFunction, TerminalError } from './controller.ts';
import { silentLogger } from './logger.ts';
import { createController, type PassObservation } from './reconcile-loop.ts';

function setUp(
  reconcile: (key: string, clock: VirtualClock) => ReturnType<ReconcileFunction>,
  concurrency = 10,
): { clock: VirtualClock; controller: Controller; passes: PassObservation[] } {
  const clock = virtualClock(0);
  const passes: PassObservation[] = [];
  const controller = createController({
    name: 'test',
    reconcile: (key) => reconcile(key, clock),
    concurrency,
    clock,
    random: () => 1,
    logger: silentLogger,
    onPass: (pass) => passes.push(pass),
  });
  return { clock, controller, passes };
}

const wait = (clock: VirtualClock, ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));

describe('a controller', () => {
  it('runs many keys at once, but never the same key, and once more for what came meanwhile', async () => {
    const underWay: string[] = [];
    let worst = '';
    const { clock, controller, passes } = setUp(async (key) => {
      if (underWay.includes(key)) worst = key;
      underWay.push(key);
      await wait(clock, 10);
      underWay.splice(underWay.indexOf(key), 1);
      return undefined;
    }, 2);
    controller.start();
    for (const key of ['a', 'b', 'c']) controller.enqueue(key);
    await clock.settle();
    for (let i = 0; i < 5; i++) controller.enqueue('a');
    expect(underWay).toEqual(['a', 'b']);
    await clock.advance(100);
    expect(worst).toBe('');
    expect(passes.map(({ key }) => key).sort()).toEqual(['a', 'a', 'b', 'c']);
  });

  it('backs off from 5 ms to 10 s while a key fails, and forgets that on success', async () => {
    let failing = true;
    const times: number[] = [];
    const { clock, controller } = setUp(async () => {
      times.push(clock.now());
      if (failing) throw new Error('not yet');
      return undefined;
    });
    controller.start();
    controller.enqueue('a');
    await clock.advance(60_000);
    const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
    expect(gaps.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(Math.max(...gaps)).toBe(10_000);
    failing = false;
    await clock.advance(10_000);
    failing = true;
    times.length = 0;
    controller.enqueue('a');
    await clock.advance(6);
    expect(times.length).toBe(2);
  });

  it('does not repeat a terminal failure until something asks', async () => {
    const { clock, controller, passes } = setUp(async () => {
      throw new TerminalError('spec.strategy: Required value');
    });
    controller.start();
    controller.enqueue('a');
    await clock.advance(100_000);
    expect(passes.map(({ outcome }) => outcome)).toEqual(['terminal']);
    controller.enqueue('a');
    await clock.settle();
    expect(passes.length).toBe(2);
  });

  it('slows down a pass that keeps waking itself, and counts it', async () => {
    const { clock, controller, passes } = setUp(async () => ({ requeueAfterMs: 0 }));
    controller.start();
    controller.enqueue('a');
    await clock.advance(10_000);
    // Asked for, then at once by its own wish, and from there on once a second.
    expect(passes.length).toBe(12);
    expect(passes.filter(({ isHot }) => isHot).length).toBe(11);
  });

  it('lets a pass that others ask for come back as soon as it likes', async () => {
    const { clock, controller, passes } = setUp(async () => {
      if (passes.length < 5) controller.enqueue('a');
      return { requeueAfterMs: 20 };
    });
    controller.start();
    controller.enqueue('a');
    await clock.advance(10);
    expect(passes.length).toBe(6);
    expect(passes.some(({ isHot }) => isHot)).toBe(false);
  });

  it('ends passes in flight when it stops, and takes nothing new', async () => {
    let ended = 0;
    const { clock, controller } = setUp(async () => {
      await wait(clock, 1000);
      ended++;
      return { requeueAfterMs: 1 };
    });
    controller.enqueue('before the start');
    expect(ended).toBe(0);
    controller.start();
    await clock.settle();
    const stopped = controller.stop();
    controller.enqueue('late');
    await clock.advance(5000);
    await stopped;
    expect(ended).toBe(1);
    expect(clock.nextDeadline()).toBeUndefined();
  });
});
