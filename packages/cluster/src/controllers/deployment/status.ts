/**
 * Status of a Deployment: counts, availability, progress and its deadline.
 * Rules of k8s.io/kubernetes pkg/controller/deployment (sync.go calculateStatus, progress.go).
 */
import { type Condition, formatTime, type Instant, parseTime } from '@sluice/api';
import { conditionOf, withCondition, withoutCondition } from '../../control/conditions.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../shapes/workloads.ts';
import { totalSize } from './sizes.ts';
import { desiredReplicas, maxUnavailable } from './surge.ts';

/** What Go calls no deadline: absent or the largest 32 bit number. */
export function hasProgressDeadline(deployment: Deployment): boolean {
  const seconds = deployment.spec.progressDeadlineSeconds;
  return seconds !== undefined && seconds !== 2 ** 31 - 1;
}

export function deploymentCondition(type: string, status: Condition['status'], reason: string, message: string, now: Instant): Condition {
  const time = formatTime(now);
  return { type, status, reason, message, lastUpdateTime: time, lastTransitionTime: time };
}

type Seen = {
  readonly deployment: Deployment;
  readonly newest: ReplicaSet | undefined;
  readonly all: readonly ReplicaSet[];
  /** Conditions so far, with those that this pass has set. */
  readonly conditions: readonly Condition[];
};

/** Counts and the Available condition. Zero counts are left out, as the real server's wire form does. */
export function countedStatus(seen: Seen, now: Instant): DeploymentStatus {
  const { deployment, newest, all } = seen;
  const count = (field: 'replicas' | 'readyReplicas' | 'availableReplicas'): number =>
    all.reduce((total, replicaSet) => total + (replicaSet.status?.[field] ?? 0), 0);
  const availableReplicas = count('availableReplicas');
  const isAvailable = availableReplicas >= desiredReplicas(deployment) - maxUnavailable(deployment);
  const availability = isAvailable
    ? deploymentCondition('Available', 'True', 'MinimumReplicasAvailable', 'Deployment has minimum availability.', now)
    : deploymentCondition('Available', 'False', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.', now);
  return withoutZeros({
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: count('replicas'),
    updatedReplicas: newest?.status?.replicas ?? 0,
    readyReplicas: count('readyReplicas'),
    availableReplicas,
    unavailableReplicas: Math.max(0, totalSize(all) - availableReplicas),
    collisionCount: deployment.status?.collisionCount,
    conditions: withCondition(seen.conditions, availability),
  });
}

/** The same with the Progressing and ReplicaFailure conditions of a rollout that is under way. */
export function rolloutStatus(seen: Seen, now: Instant): DeploymentStatus {
  const { deployment, newest, all } = seen;
  const status = countedStatus(seen, now);
  let conditions = status.conditions ?? [];
  if (!hasProgressDeadline(deployment)) conditions = withoutCondition(conditions, 'Progressing');
  const current = conditionOf(seen.conditions, 'Progressing');
  const wasComplete = (status.replicas ?? 0) === (status.updatedReplicas ?? 0) && current?.reason === 'NewReplicaSetAvailable';
  if (hasProgressDeadline(deployment) && !wasComplete) {
    const subject = newest === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${newest.metadata.name}"`;
    if (isComplete(deployment, status)) {
      const message = `${subject} has successfully progressed.`;
      conditions = withCondition(conditions, deploymentCondition('Progressing', 'True', 'NewReplicaSetAvailable', message, now));
    } else if (hasProgressed(deployment, status)) {
      // The same reason as before still moves lastUpdateTime on: the deadline counts from the last progress.
      const condition = deploymentCondition('Progressing', 'True', 'ReplicaSetUpdated', `${subject} is progressing.`, now);
      const since = current?.status === 'True' ? current.lastTransitionTime : undefined;
      conditions = [
        ...withoutCondition(conditions, 'Progressing'),
        since === undefined ? condition : { ...condition, lastTransitionTime: since },
      ];
    } else if (hasTimedOut(deployment, current, now)) {
      const message = `${subject} has timed out progressing.`;
      conditions = withCondition(conditions, deploymentCondition('Progressing', 'False', 'ProgressDeadlineExceeded', message, now));
    }
  }
  const failure = replicaFailure(newest, all, now);
  conditions = failure === undefined ? withoutCondition(conditions, 'ReplicaFailure') : withCondition(conditions, failure);
  return { ...status, conditions };
}

export function isComplete(deployment: Deployment, status: DeploymentStatus): boolean {
  const desired = desiredReplicas(deployment);
  return (
    (status.updatedReplicas ?? 0) === desired &&
    (status.replicas ?? 0) === desired &&
    (status.availableReplicas ?? 0) === desired &&
    (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0)
  );
}

function hasProgressed(deployment: Deployment, next: DeploymentStatus): boolean {
  const before = deployment.status ?? {};
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(next) < old(before) ||
    (next.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

function hasTimedOut(deployment: Deployment, current: Condition | undefined, now: Instant): boolean {
  if (current === undefined || current.reason === 'NewReplicaSetAvailable') return false;
  if (current.reason === 'ProgressDeadlineExceeded') return true;
  const from = parseTime(current.lastUpdateTime);
  return from !== undefined && from + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 < now;
}

/**
 * Milliseconds until the deadline must be looked at again: a second after it, since times on the wire are whole seconds. `undefined`
 * when there is nothing to wait for.
 */
export function progressCheckMs(deployment: Deployment, status: DeploymentStatus, now: Instant): number | undefined {
  const current = conditionOf(status.conditions, 'Progressing');
  if (!hasProgressDeadline(deployment) || current === undefined) return undefined;
  if (isComplete(deployment, status) || current.reason === 'ProgressDeadlineExceeded') return undefined;
  const from = parseTime(current.lastUpdateTime);
  if (from === undefined) return undefined;
  return Math.max(0, from + (deployment.spec.progressDeadlineSeconds ?? 0) * 1000 - now) + 1000;
}

function replicaFailure(newest: ReplicaSet | undefined, all: readonly ReplicaSet[], now: Instant): Condition | undefined {
  const found = [...(newest === undefined ? [] : [newest]), ...all]
    .map((replicaSet) => conditionOf(replicaSet.status?.conditions, 'ReplicaFailure'))
    .find((condition) => condition !== undefined);
  if (found === undefined) return undefined;
  const time = found.lastTransitionTime ?? formatTime(now);
  return { ...found, lastTransitionTime: time, lastUpdateTime: time };
}

function withoutZeros(status: { [K in keyof DeploymentStatus]: DeploymentStatus[K] | undefined }): DeploymentStatus {
  return Object.fromEntries(Object.entries(status).filter(([, value]) => value !== 0 && value !== undefined)) as DeploymentStatus;
}
