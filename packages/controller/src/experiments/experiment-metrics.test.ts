import type { Experiment } from '@sluice/api';
import { type PassObservation, type Store, virtualClock } from '@sluice/kube';
import { describe, expect, it } from 'vitest';
import { ExperimentMetricsBook, experimentPhaseSeries } from './experiment-metrics.ts';

function store(experiments: Map<string, Experiment>): Store<Experiment> {
  return {
    get: (key) => experiments.get(key),
    list: () => experiments.values(),
    inNamespace: () => experiments.values(),
    byIndex: () => [],
    get size() {
      return experiments.size;
    },
  };
}

function experiment(name: string, status: Experiment['status']): Experiment {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name, namespace: 'shop' },
    spec: { templates: [] },
    ...(status === undefined ? {} : { status }),
  };
}

function pass(outcome: PassObservation['outcome'], durationMs: number, key = 'shop/a'): PassObservation {
  return { controller: 'experiments', key, outcome, durationMs, waitedMs: 0, isHot: false };
}

describe('the numbers of experiments', () => {
  it('say the phase of each; one that nobody has looked at is pending', () => {
    const held = new Map([
      ['shop/a', experiment('a', { phase: 'Failed' })],
      ['shop/b', experiment('b', undefined)],
    ]);
    expect(new ExperimentMetricsBook(store(held)).read().experiments).toEqual([
      { namespace: 'shop', name: 'a', phase: 'Failed' },
      { namespace: 'shop', name: 'b', phase: 'Pending' },
    ]);
    expect(experimentPhaseSeries).not.toContain('Failed');
  });

  it('count passes, failures and writes, and forget a deleted one after a while', async () => {
    const held = new Map([['shop/a', experiment('a', {})]]);
    const book = new ExperimentMetricsBook(store(held));
    for (const one of [pass('done', 5), pass('failed', 200), pass('terminal', 2000), pass('requeued', 10), pass('done', 1, 'shop/unknown')])
      book.passes.observe(one);
    book.countWrite('WriteStatus');
    book.countWrite('WriteStatus');
    expect(book.read()).toMatchObject({
      passes: [{ namespace: 'shop', name: 'a', errors: 2, seconds: { count: 4, counts: [2, 2, 3, 3, 3] } }],
      writes: { WriteStatus: 2 },
    });
    const clock = virtualClock(0);
    held.delete('shop/a');
    book.passes.forget('shop/a', clock);
    await clock.advance(64_000);
    expect(book.read().passes).toHaveLength(1);
    await clock.advance(2_000);
    expect(book.read().passes).toEqual([]);
  });

  it('go on for one that is created again, and leave no timer behind', async () => {
    const held = new Map([['shop/a', experiment('a', {})]]);
    const book = new ExperimentMetricsBook(store(held));
    book.passes.observe(pass('done', 5));
    const clock = virtualClock(0);
    book.passes.forget('shop/a', clock);
    await clock.advance(66_000);
    expect(book.read().passes).toHaveLength(1);
    book.passes.forget('shop/a', clock);
    book.passes.stop();
    held.clear();
    await clock.advance(66_000);
    expect(book.read().passes).toHaveLength(1);
  });
});
