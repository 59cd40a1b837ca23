import { describe, expect, it } from 'vitest';
import type { Pod } from '../shapes/pod.ts';
import type { PodDisruptionBudget } from '../shapes/workloads.ts';
import { at, pod, testTime } from '../testing/builders.ts';
import { decideBudget } from './disruption-budgets.ts';

const pods = (ready: number, unready = 0): readonly Pod[] => [
  ...Array.from({ length: ready }, (_, index) => pod({ name: `up-${index}`, readyAt: -5 })),
  ...Array.from({ length: unready }, (_, index) => pod({ name: `down-${index}` })),
];
const told = (
  spec: PodDisruptionBudget['spec'],
  list: readonly Pod[],
  replicas: number | undefined,
  status?: PodDisruptionBudget['status'],
): unknown => {
  const budget: PodDisruptionBudget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'web', namespace: 'default', generation: 1 },
    spec,
    ...(status === undefined ? {} : { status }),
  };
  const write = decideBudget(
    { budget, pods: list, scaleOf: () => (replicas === undefined ? undefined : { owner: 'web', replicas }) },
    testTime,
  ).steps[0]?.writes[0];
  const next = (write?.verb === 'patch' ? write.patch.status : {}) as NonNullable<PodDisruptionBudget['status']>;
  return [next.disruptionsAllowed, next.currentHealthy, next.desiredHealthy, next.expectedPods, next.conditions?.[0]?.reason];
};

describe('a disruption budget', () => {
  it.each<[string, PodDisruptionBudget['spec'], readonly Pod[], number | undefined, readonly unknown[]]>([
    ['a number that must stay', { minAvailable: 2 }, pods(3), undefined, [1, 3, 2, 3, 'SufficientPods']],
    ['a share that must stay is one of what is wanted', { minAvailable: '50%' }, pods(2, 1), 5, [0, 2, 3, 5, 'InsufficientPods']],
    ['a number that may go', { maxUnavailable: 1 }, pods(3), 3, [1, 3, 2, 3, 'SufficientPods']],
    ['a share that may go rounds up', { maxUnavailable: '30%' }, pods(4), 4, [2, 4, 2, 4, 'SufficientPods']],
    ['pods that are down use it up', { maxUnavailable: 1 }, pods(2, 1), 3, [0, 2, 2, 3, 'InsufficientPods']],
    ['without pods nothing may go', { minAvailable: 0 }, [], undefined, [0, 0, 0, 0, 'InsufficientPods']],
    ['pods whose owner has no scale cannot be counted', { maxUnavailable: 1 }, pods(1), undefined, [0, 0, 0, 0, 'SyncFailed']],
  ])('%s', (_, spec, list, replicas, expected) => {
    expect(told(spec, list, replicas)).toEqual(expected);
  });

  it('counts a pod that is being evicted as gone, for two minutes', () => {
    const evicting = (seconds: number): PodDisruptionBudget['status'] => ({
      disruptedPods: { 'up-0': at(seconds) },
      disruptionsAllowed: 0,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
    });
    expect(told({ minAvailable: 1 }, pods(2), undefined, evicting(-60))).toEqual([undefined, 1, 1, 2, 'InsufficientPods']);
    expect(told({ minAvailable: 1 }, pods(2), undefined, evicting(-121))).toEqual([1, 2, 1, 2, 'SufficientPods']);
  });
});
