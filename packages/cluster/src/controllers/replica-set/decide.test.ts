import { describe, expect, it } from 'vitest';
import type { Pod } from '../../shapes/pod.ts';
import type { ReplicaSet } from '../../shapes/workloads.ts';
import { at, pod, replicaSet, testTime } from '../../testing/builders.ts';
import { decidePods, decideStatus } from './decide.ts';

const facts = (set: ReplicaSet, pods: readonly Pod[]): Parameters<typeof decidePods>[0] => ({
  replicaSet: set,
  pods,
  claims: [],
  related: () => pods,
});
const pods = (count: number, wish: Parameters<typeof pod>[0] = {}): readonly Pod[] =>
  Array.from({ length: count }, (_, index) => pod({ name: `p-${index}`, labels: { app: 'web', 'pod-template-hash': 'web1' }, ...wish }));

describe('pods of a ReplicaSet', () => {
  it('are made with a slow start when there are too few', () => {
    const [step] = decidePods(facts(replicaSet({ size: 3 }), pods(1)), testTime).steps;
    expect([step?.isSlowStart, step?.writes.length]).toEqual([true, 2]);
    expect(step?.writes[0]?.object.metadata).toMatchObject({ generateName: 'web-web1-', labels: { 'pod-template-hash': 'web1' } });
  });

  it('are made by the hundred at most', () => {
    expect(decidePods(facts(replicaSet({ size: 2000 }), []), testTime).steps[0]?.writes).toHaveLength(500);
  });

  it('are left alone while the ReplicaSet is being deleted', () => {
    const set = replicaSet({ size: 3 });
    const going = { ...set, metadata: { ...set.metadata, deletionTimestamp: at(0) } };
    expect(decidePods(facts(going, []), testTime).steps).toEqual([]);
  });
});

describe('the status of a ReplicaSet', () => {
  const statusOf = (set: ReplicaSet, list: readonly Pod[], failure?: string): unknown => {
    const write = decideStatus(facts(set, list), failure, testTime).steps[0]?.writes[0];
    return write?.verb === 'patch' ? write.patch.status : undefined;
  };

  it('is not written when it is right', () => {
    const set = replicaSet({ size: 2 });
    const right = { ...set, status: { ...set.status, fullyLabeledReplicas: 2 } };
    expect(statusOf(right, pods(2, { readyAt: -5 }))).toBeUndefined();
  });

  it('counts a pod as available when it has been ready for minReadySeconds, and looks again then', () => {
    const set = replicaSet({ size: 2, available: 0 });
    const slow = { ...set, spec: { ...set.spec, minReadySeconds: 10 } };
    const list = [...pods(1, { readyAt: -4 }), pod({ name: 'old', labels: { app: 'web', 'pod-template-hash': 'web1' }, readyAt: -11 })];
    expect(statusOf(slow, list)).toMatchObject({ readyReplicas: 2, availableReplicas: 1 });
    expect(decideStatus(facts(slow, list), undefined, testTime).requeueAfterMs).toBe(6000);
  });

  it('says why pods are missing, and takes it back', () => {
    const set = replicaSet({ size: 2, available: 0 });
    expect(statusOf(set, [], 'quota')).toMatchObject({
      conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'quota' }],
    });
    const failing = {
      ...set,
      status: { replicas: 0, observedGeneration: 1, conditions: [{ type: 'ReplicaFailure', status: 'True' as const }] },
    };
    expect(statusOf(failing, [])).toEqual({ conditions: null });
  });
});
