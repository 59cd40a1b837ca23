/**
 * Sizes of ReplicaSets: the next step of a rolling update, of a recreate, and proportional scaling in mid-rollout.
 * Pure arithmetic; rules of k8s.io/kubernetes pkg/controller/deployment (rolling.go, recreate.go, sync.go).
 */
import type { Deployment, ReplicaSet } from '../../shapes/workloads.ts';
import { annotatedDesiredReplicas, annotatedMaxReplicas, byCreation } from './revisions.ts';
import { desiredReplicas, isRollingUpdate, maxSurge, maxUnavailable } from './surge.ts';

/** One ReplicaSet brought to a size. The size may be the one it has: then only its annotations are behind. */
export type Resize = { readonly replicaSet: ReplicaSet; readonly to: number };

export function sizeOf(replicaSet: ReplicaSet): number {
  return replicaSet.spec.replicas ?? 1;
}

function sum(replicaSets: readonly ReplicaSet[], count: (replicaSet: ReplicaSet) => number): number {
  return replicaSets.reduce((total, replicaSet) => total + count(replicaSet), 0);
}

export function totalSize(replicaSets: readonly ReplicaSet[]): number {
  return sum(replicaSets, sizeOf);
}

const available = (replicaSet: ReplicaSet): number => replicaSet.status?.availableReplicas ?? 0;

/**
 * The size that the new ReplicaSet may have now. With a rolling update all pods together stay at or below `replicas + maxSurge`.
 *
 * @example replicas 10, maxSurge 3, new 0, others 10: 3
 */
export function newReplicaSetSize(deployment: Deployment, others: readonly ReplicaSet[], current: number): number {
  const desired = desiredReplicas(deployment);
  if (!isRollingUpdate(deployment)) return desired;
  const total = totalSize(others) + current;
  const room = desired + maxSurge(deployment) - total;
  if (room <= 0) return current;
  return current + Math.min(room, desired - current);
}

/** Next sizes of a rolling update: grow (or cap) the new ReplicaSet; only when it stays as it is, shrink old ones. */
export function rollingUpdateStep(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): readonly Resize[] {
  const current = sizeOf(newest);
  const desired = desiredReplicas(deployment);
  const wished = current > desired ? desired : newReplicaSetSize(deployment, old, current);
  if (wished !== current) return [{ replicaSet: newest, to: wished }];
  return shrinkOld(deployment, newest, old);
}

/**
 * Old ReplicaSets lose first the pods that are not available, then as many available ones as the minimum allows; oldest first.
 *
 * @example replicas 10, maxUnavailable 2, new 5 with 3 available, old 8 all available: 13 pods, minimum 8, 2 new ones unavailable, so 3 may go
 */
function shrinkOld(deployment: Deployment, newest: ReplicaSet, old: readonly ReplicaSet[]): readonly Resize[] {
  if (totalSize(old) === 0) return [];
  const minimum = desiredReplicas(deployment) - maxUnavailable(deployment);
  const newUnavailable = sizeOf(newest) - available(newest);
  const removable = totalSize([newest, ...old]) - minimum - newUnavailable;
  if (removable <= 0) return [];

  const sizes = new Map<ReplicaSet, number>();
  const oldest = [...old].sort(byCreation);
  let removed = 0;
  for (const replicaSet of oldest) {
    const unhealthy = Math.max(0, sizeOf(replicaSet) - available(replicaSet));
    const cut = Math.min(removable - removed, unhealthy);
    sizes.set(replicaSet, sizeOf(replicaSet) - cut);
    removed += cut;
  }
  let spare = sum([newest, ...old], available) - minimum;
  for (const replicaSet of oldest) {
    if (spare <= 0) break;
    const size = sizes.get(replicaSet) ?? 0;
    const cut = Math.min(size, spare);
    sizes.set(replicaSet, size - cut);
    spare -= cut;
  }
  return oldest.flatMap((replicaSet) => {
    const to = sizes.get(replicaSet) ?? 0;
    return to === sizeOf(replicaSet) ? [] : [{ replicaSet, to }];
  });
}

/** Whether somebody changed `spec.replicas` since an active ReplicaSet was last sized. */
export function isScalingEvent(deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean {
  return replicaSets.some((replicaSet) => {
    const annotated = annotatedDesiredReplicas(replicaSet);
    return sizeOf(replicaSet) > 0 && annotated !== undefined && annotated !== desiredReplicas(deployment);
  });
}

/**
 * Sizes after a change of `spec.replicas`, or while paused: the only active ReplicaSet (or the newest, when none is) takes it all; several
 * active ones share it in proportion to their sizes.
 */
export function scaleSizes(deployment: Deployment, newest: ReplicaSet | undefined, old: readonly ReplicaSet[]): readonly Resize[] {
  const desired = desiredReplicas(deployment);
  const all = newest === undefined ? old : [...old, newest];
  const active = all.filter((replicaSet) => sizeOf(replicaSet) > 0);
  if (active.length <= 1) {
    const only = active[0] ?? newest ?? [...old].sort(byCreation).at(-1);
    return only === undefined || sizeOf(only) === desired ? [] : [{ replicaSet: only, to: desired }];
  }
  if (newest !== undefined && isSaturated(deployment, newest)) {
    return active.filter((replicaSet) => replicaSet !== newest).map((replicaSet) => ({ replicaSet, to: 0 }));
  }
  return isRollingUpdate(deployment) ? proportionalSizes(deployment, active) : [];
}

function isSaturated(deployment: Deployment, newest: ReplicaSet): boolean {
  const desired = desiredReplicas(deployment);
  return sizeOf(newest) === desired && annotatedDesiredReplicas(newest) === desired && available(newest) === desired;
}

function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): readonly Resize[] {
  const desired = desiredReplicas(deployment);
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const toAdd = allowed - totalSize(active);
  // Larger ones first; of the same size, the newer ones grow first and the older ones shrink first.
  const ordered = [...active].sort((a, b) => {
    if (toAdd === 0) return 0;
    return sizeOf(b) - sizeOf(a) || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b));
  });
  let added = 0;
  const resizes = ordered.map((replicaSet) => {
    const share = shareOf(deployment, replicaSet, toAdd, added);
    added += share;
    return { replicaSet, to: sizeOf(replicaSet) + share };
  });
  const leftover = toAdd - added;
  return resizes.map(({ replicaSet, to }, index) => ({ replicaSet, to: Math.max(0, index === 0 ? to + leftover : to) }));
}

/** How much one ReplicaSet takes of `toAdd` (negative when shrinking), `added` having been given away already. */
function shareOf(deployment: Deployment, replicaSet: ReplicaSet, toAdd: number, added: number): number {
  if (toAdd === 0 || toAdd === added) return 0;
  const rest = toAdd - added;
  const fraction = fractionOf(deployment, replicaSet);
  return toAdd > 0 ? Math.min(fraction, rest) : Math.max(fraction, rest);
}

function fractionOf(deployment: Deployment, replicaSet: ReplicaSet): number {
  const size = sizeOf(replicaSet);
  if (desiredReplicas(deployment) === 0) return -size;
  const annotated = annotatedMaxReplicas(replicaSet) ?? 0;
  const before = annotated !== 0 ? annotated : (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const exact = (size * (desiredReplicas(deployment) + maxSurge(deployment))) / before;
  return Math.floor(exact + 0.5) - size;
}
