/** When the new version becomes the stable one, and what counts as going back. */
import type { Rollout } from '@sluice/api';
import { annotations } from '@sluice/api';
import { meetsThreshold } from './counts.ts';
import { desiredReplicas, isBlueGreen, stepsOf } from './defaults.ts';
import { availableOf, createdAt, type ReplicaSetRoles, sizeOf } from './replica-sets.ts';
import { currentStepIndex } from './steps.ts';

/**
 * Why the new version is to become stable now; `undefined` while it is not.
 *
 * @see argoproj/argo-rollouts rollout/sync.go shouldFullPromote
 */
export function promotionReason(rollout: Rollout, roles: ReplicaSetRoles, aborted: boolean): string | undefined {
  const { spec, status = {} } = rollout;
  const { current, stable } = roles;
  if (stable === undefined) return 'Initial deploy';
  if (aborted || current === undefined) return undefined;
  const replicas = desiredReplicas(spec);
  if (availableOf(current) < replicas && !hasRelaxedThreshold(rollout, roles)) return undefined;
  if (status.promoteFull === true) return 'Full promotion requested';
  if (isRollbackWithinWindow(rollout, roles)) return 'Rollback within window';
  if (current === stable) return 'Fast rollback';
  const steps = stepsOf(spec).length;
  return steps === 0 || currentStepIndex(spec, status) === steps ? `Completed all ${steps} canary steps` : undefined;
}

function hasRelaxedThreshold({ spec }: Rollout, { current }: ReplicaSetRoles): boolean {
  return (
    spec.strategy?.canary?.replicaProgressThreshold !== undefined &&
    meetsThreshold(spec, sizeOf(current), availableOf(current), desiredReplicas(spec))
  );
}

/** Going back: to the stable version itself, or to one older than it. */
export function isRollback({ current, stable }: ReplicaSetRoles): boolean {
  if (current === undefined || stable === undefined) return false;
  return current === stable || createdAt(current) < createdAt(stable);
}

/**
 * A way back that needs no steps, pause or analysis again. For blue-green also one to an older version that is still kept after the switch;
 * a new one that is kept after an abort is no way back.
 *
 * @param isKept - whether the new ReplicaSet has a scale-down deadline that has not passed
 */
export function isFastRollback(rollout: Rollout, roles: ReplicaSetRoles, isKept: boolean): boolean {
  if (!isRollback(roles)) return false;
  return roles.current === roles.stable || (isBlueGreen(rollout.spec) && isKept) || isRollbackWithinWindow(rollout, roles);
}

/**
 * Whether the version gone back to is at most `rollbackWindow.revisions` versions old. Ages are compared in whole seconds, so versions
 * made in the same second tie (as upstream).
 */
export function isRollbackWithinWindow(rollout: Rollout, { current, stable, all }: ReplicaSetRoles): boolean {
  const revisions = rollout.spec.rollbackWindow?.revisions ?? 0;
  if (revisions <= 0 || current === undefined || stable === undefined) return false;
  const from = createdAt(current);
  const to = createdAt(stable);
  if (from >= to) return false;
  const between = all.filter(
    (set) => (set.metadata.annotations?.[annotations.experimentName] ?? '') === '' && createdAt(set) > from && createdAt(set) < to,
  );
  return between.length < revisions;
}
