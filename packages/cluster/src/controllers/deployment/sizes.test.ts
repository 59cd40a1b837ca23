import { describe, expect, it } from 'vitest';
import type { Deployment } from '../../shapes/workloads.ts';
import { deployment, type ReplicaSetWish, replicaSet } from '../../testing/builders.ts';
import { newReplicaSetSize, rollingUpdateStep, scaleSizes } from './sizes.ts';
import { maxSurge, maxUnavailable } from './surge.ts';

type Rolling = { maxSurge?: number | string; maxUnavailable?: number | string };

function rolling(replicas: number, rollingUpdate: Rolling): Deployment {
  return deployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } });
}

describe('bounds of a rolling update', () => {
  it.each([
    ['percentages of ten round surge up and unavailability down', 10, { maxSurge: '25%', maxUnavailable: '25%' }, 3, 2],
    ['a quarter of one pod is one of surge and none unavailable', 1, { maxSurge: '25%', maxUnavailable: '25%' }, 1, 0],
    ['nothing of both lets one pod be unavailable', 3, { maxSurge: 0, maxUnavailable: '10%' }, 0, 1],
    ['more than all of them is all of them', 2, { maxSurge: 0, maxUnavailable: 5 }, 0, 2],
    ['no pods wanted: none unavailable', 0, { maxSurge: 1, maxUnavailable: 1 }, 1, 0],
  ])('%s', (_, replicas, bounds, surge, unavailable) => {
    expect([maxSurge(rolling(replicas, bounds)), maxUnavailable(rolling(replicas, bounds))]).toEqual([surge, unavailable]);
  });
});

describe('the next step of a rolling update', () => {
  const step = (web: Deployment, newest: ReplicaSetWish, ...old: ReplicaSetWish[]): Record<string, number> => {
    const sets = old.map((wish, index) => replicaSet({ name: `old-${index}`, image: `old:${index}`, age: 100 - index, ...wish }));
    const resizes = rollingUpdateStep(web, replicaSet({ name: 'new', image: 'web:2', ...newest }), sets);
    return Object.fromEntries(resizes.map(({ replicaSet: set, to }) => [set.metadata.name, to]));
  };
  const ten = rolling(10, { maxSurge: 3, maxUnavailable: 2 });

  it.each<[string, Deployment, ReplicaSetWish, ReplicaSetWish[], Record<string, number>]>([
    ['grows to the surge first', ten, { size: 0 }, [{ size: 10 }], { new: 3 }],
    ['then shrinks the old by what may be unavailable', ten, { size: 3, available: 0 }, [{ size: 10 }], { 'old-0': 8 }],
    ['shrinks more as new pods become available', ten, { size: 5, available: 3 }, [{ size: 8 }], { 'old-0': 5 }],
    ['waits while nothing may go', ten, { size: 5, available: 0 }, [{ size: 8 }], {}],
    [
      'takes away old pods that are ill before those that are well',
      ten,
      { size: 3, available: 0 },
      [{ size: 5, available: 2 }, { size: 5 }],
      { 'old-0': 3 },
    ],
    ['shrinks the oldest first', ten, { size: 5, available: 5 }, [{ size: 4 }, { size: 4 }], { 'old-0': 0, 'old-1': 3 }],
    ['cuts a new set that is too large', ten, { size: 12 }, [{ size: 1 }], { new: 10 }],
    ['ends with nothing to do', ten, { size: 10 }, [{ size: 0 }], {}],
    ['without surge takes a pod away first', rolling(3, { maxSurge: 0, maxUnavailable: 1 }), { size: 0 }, [{ size: 3 }], { 'old-0': 2 }],
  ])('%s', (_, web, newest, old, expected) => {
    expect(step(web, newest, ...old)).toEqual(expected);
  });

  it('never goes above the surge nor below the minimum, whatever becomes available', () => {
    for (const [replicas, surge, unavailable] of [
      [10, 3, 2],
      [1, 1, 0],
      [4, 0, 1],
      [7, 2, 3],
    ] as const) {
      const web = rolling(replicas, { maxSurge: surge, maxUnavailable: unavailable });
      let fresh = 0;
      let old: number = replicas;
      for (let pass = 0; pass < 100 && !(fresh === replicas && old === 0); pass++) {
        for (const { replicaSet: set, to } of rollingUpdateStep(web, replicaSet({ name: 'new', image: 'web:2', size: fresh }), [
          replicaSet({ name: 'old', image: 'old:1', size: old }),
        ])) {
          if (set.metadata.name === 'new') fresh = to;
          else old = to;
        }
        expect(fresh + old).toBeLessThanOrEqual(replicas + surge);
        expect(fresh + old).toBeGreaterThanOrEqual(replicas - unavailable);
      }
      expect([fresh, old]).toEqual([replicas, 0]);
    }
  });

  it('makes the first ReplicaSet of a Recreate at its full size', () => {
    expect(newReplicaSetSize(deployment({ replicas: 5, strategy: { type: 'Recreate' } }), [], 0)).toBe(5);
  });
});

describe('sizes after a change of replicas', () => {
  const bounds = { 'deployment.kubernetes.io/desired-replicas': '10', 'deployment.kubernetes.io/max-replicas': '13' };
  const sizes = (web: Deployment, newest: ReplicaSetWish | undefined, ...old: ReplicaSetWish[]): Record<string, number> => {
    const wish = (name: string, index: number, given: ReplicaSetWish): ReplicaSetWish => ({
      name,
      image: name,
      age: 100 - index,
      annotations: bounds,
      ...given,
    });
    const resizes = scaleSizes(
      web,
      newest === undefined ? undefined : replicaSet(wish('new', 50, newest)),
      old.map((given, index) => replicaSet(wish(`old-${index}`, index, given))),
    );
    return Object.fromEntries(resizes.map(({ replicaSet: set, to }) => [set.metadata.name, to]));
  };
  const to = (replicas: number): Deployment => rolling(replicas, { maxSurge: 3, maxUnavailable: 2 });

  it.each<[string, Deployment, ReplicaSetWish | undefined, ReplicaSetWish[], Record<string, number>]>([
    ['the only active one takes it all', to(20), { size: 10 }, [{ size: 0 }], { new: 20 }],
    ['an old one alone takes it, too', to(5), undefined, [{ size: 10 }], { 'old-0': 5 }],
    ['none active: the new one grows', to(5), { size: 0 }, [{ size: 0 }], { new: 5 }],
    ['a saturated new one drives the others out', to(10), { size: 10, annotations: bounds }, [{ size: 3 }], { 'old-0': 0 }],
    ['several share growth by their sizes, the larger takes what is left', to(20), { size: 5 }, [{ size: 8 }], { 'old-0': 14, new: 9 }],
    ['several share shrinking', to(5), { size: 5 }, [{ size: 8 }], { 'old-0': 5, new: 3 }],
    ['down to nothing', to(0), { size: 5 }, [{ size: 8 }], { 'old-0': 0, new: 0 }],
  ])('%s', (_, web, newest, old, expected) => {
    expect(sizes(web, newest, ...old)).toEqual(expected);
  });
});
