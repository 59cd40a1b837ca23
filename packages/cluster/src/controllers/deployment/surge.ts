/** How far a rolling update may go above and below the wished number of pods. */
import { scaledValue } from '../../shapes/int-or-percent.ts';
import type { Deployment } from '../../shapes/workloads.ts';

export function isRollingUpdate(deployment: Deployment): boolean {
  return (deployment.spec.strategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
}

export function desiredReplicas(deployment: Deployment): number {
  return deployment.spec.replicas ?? 1;
}

/** Both bounds resolved: surge rounds up, unavailability down; when both come to 0, one pod may be unavailable so that the update can move. */
function bounds(deployment: Deployment): { surge: number; unavailable: number } {
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const replicas = desiredReplicas(deployment);
  const surge = scaledValue(rolling?.maxSurge ?? '25%', replicas, 'up');
  const unavailable = scaledValue(rolling?.maxUnavailable ?? '25%', replicas, 'down');
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** Pods above the wished number; 0 without a rolling update. */
export function maxSurge(deployment: Deployment): number {
  return isRollingUpdate(deployment) ? bounds(deployment).surge : 0;
}

/** Pods below the wished number, at most all of them; 0 without a rolling update. */
export function maxUnavailable(deployment: Deployment): number {
  if (!isRollingUpdate(deployment)) return 0;
  return Math.min(bounds(deployment).unavailable, desiredReplicas(deployment));
}
