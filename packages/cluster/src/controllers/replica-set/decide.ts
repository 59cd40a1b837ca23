/**
 * What a ReplicaSet needs next: pods made or deleted (`decidePods`), then its status from the pods that are there (`decideStatus`).
 * Two decisions, because a refused pod shows in the status of the same pass. Behaves as the replicaset controller of Kubernetes 1.34.
 */
import { type Condition, formatTime, type Instant, matches, requirementsOf } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { conditionOf, withoutCondition } from '../../control/conditions.ts';
import { inOrder, nothing, type Plan, statusWrite, type Write } from '../../control/plan.ts';
import { podFromTemplate } from '../../control/pod-template.ts';
import type { Pod } from '../../shapes/pod.ts';
import { isPodAvailable, isPodReady, nextAvailabilityMs } from '../../shapes/pod-conditions.ts';
import type { ReplicaSet, ReplicaSetStatus } from '../../shapes/workloads.ts';
import { podsToDelete } from './deletion-order.ts';

/** Pods made or deleted in one pass, as upstream's `BurstReplicas`. */
const burst = 500;

export type ReplicaSetFacts = {
  readonly replicaSet: ReplicaSet;
  /** Claimed and active. */
  readonly pods: readonly Pod[];
  /** Adoptions and releases that go before. */
  readonly claims: readonly Write[];
  /** Pods of all ReplicaSets of the same owner. */
  readonly related: () => readonly Pod[];
};

export function decidePods(seen: ReplicaSetFacts, now: Instant): Plan {
  const { replicaSet, pods, claims } = seen;
  const before = claims.length === 0 ? [] : [{ writes: claims }];
  const difference = pods.length - (replicaSet.spec.replicas ?? 1);
  if (replicaSet.metadata.deletionTimestamp !== undefined || difference === 0) return { ...nothing('enough pods'), steps: before };
  const count = Math.min(Math.abs(difference), burst);
  if (difference < 0) {
    const create: Write = {
      verb: 'create',
      type: builtinTypes.pods,
      object: podFromTemplate(replicaSet.spec.template ?? {}, builtinTypes.replicaSets, replicaSet),
      note: { about: replicaSet, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
      failureNote: { about: replicaSet, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
    };
    const steps = [...before, { writes: Array.from({ length: count }, () => create), isSlowStart: true }];
    return { steps, notes: [], reason: `${count} pods too few` };
  }
  const writes = podsToDelete(pods, seen.related(), count, now).map(
    (pod): Write => ({
      verb: 'delete',
      type: builtinTypes.pods,
      object: pod,
      note: { about: replicaSet, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
      failureNote: { about: replicaSet, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
    }),
  );
  return { steps: [...before, { writes }], notes: [], reason: `${count} pods too many` };
}

/** @param failure - what the server said to a pod that it refused in this pass */
export function decideStatus(seen: ReplicaSetFacts, failure: string | undefined, now: Instant): Plan {
  const { replicaSet, pods } = seen;
  const templateLabels = requirementsOf({ matchLabels: replicaSet.spec.template?.metadata?.labels ?? {} });
  const minReadySeconds = replicaSet.spec.minReadySeconds ?? 0;
  const next: ReplicaSetStatus = {
    replicas: pods.length,
    ...counted('fullyLabeledReplicas', pods.filter((pod) => matches(templateLabels, pod.metadata.labels)).length),
    ...counted('readyReplicas', pods.filter(isPodReady).length),
    ...counted('availableReplicas', pods.filter((pod) => isPodAvailable(pod, minReadySeconds, now)).length),
    observedGeneration: replicaSet.metadata.generation ?? 0,
    ...conditions(replicaSet, pods.length, failure, now),
  };
  return {
    steps: inOrder(statusWrite(builtinTypes.replicaSets, replicaSet, next)),
    notes: [],
    reason: 'status',
    requeueAfterMs: nextAvailabilityMs(pods, minReadySeconds, now),
  };
}

function conditions(
  replicaSet: ReplicaSet,
  pods: number,
  failure: string | undefined,
  now: Instant,
): { conditions?: readonly Condition[] } {
  const before = replicaSet.status?.conditions ?? [];
  const current = conditionOf(before, 'ReplicaFailure');
  let next = before;
  if (failure === undefined) next = withoutCondition(before, 'ReplicaFailure');
  else if (current === undefined) {
    const reason = pods < (replicaSet.spec.replicas ?? 1) ? 'FailedCreate' : 'FailedDelete';
    next = [...before, { type: 'ReplicaFailure', status: 'True', reason, message: failure, lastTransitionTime: formatTime(now) }];
  }
  return next.length === 0 ? {} : { conditions: next };
}

function counted<K extends string>(field: K, count: number): { [field in K]?: number } {
  return count === 0 ? {} : ({ [field]: count } as { [field in K]?: number });
}
