/**
 * Weights of a canary as numbers: what sizes follow, and how much traffic an abort or a way back may move at once when the stable version has
 * been scaled down with the traffic.
 *
 * @see argoproj/argo-rollouts utils/replicaset/canary.go, rollout/trafficrouting.go
 */
import type { Rollout, RolloutSpec, SetCanaryScale, TrafficWeights } from '@sluice/api';
import { canaryOf, desiredReplicas, isBasicCanary, maxWeight, stepsOf } from './defaults.ts';
import { availableOf, hashOf, isObserved, type ReplicaSetRoles } from './replica-sets.ts';
import { isFullyPromoted, type Status } from './status.ts';
import { currentSetWeight, currentStepIndex } from './steps.ts';

/** Pods that a weight stands for, rounded up. */
export function replicasFor(spec: RolloutSpec, weight: number): number {
  return Math.ceil((weight * desiredReplicas(spec)) / maxWeight(spec));
}

/** The weight that available pods can carry, rounded down. */
export function weightOf(spec: RolloutSpec, available: number): number {
  const replicas = desiredReplicas(spec);
  return replicas === 0 ? maxWeight(spec) : Math.floor((maxWeight(spec) * available) / replicas);
}

/**
 * The nearest `setCanaryScale` at or before the current step, where it is in force: with a router, while an update goes on. After an abort it
 * holds only where the new version is kept for ever. `matchTrafficWeight` puts it out of force.
 */
function canaryScaleInForce(spec: RolloutSpec, status: Status): SetCanaryScale | undefined {
  if (isBasicCanary(spec) || isAllWanted(status)) return undefined;
  if (status.abort === true && canaryOf(spec).abortScaleDownDelaySeconds !== 0) return undefined;
  const index = currentStepIndex(spec, status);
  const steps = stepsOf(spec);
  if (index === undefined || index >= steps.length) return undefined;
  const scale = steps.slice(0, index + 1).findLast(({ setCanaryScale }) => setCanaryScale !== undefined)?.setCanaryScale;
  return scale?.matchTrafficWeight === true ? undefined : scale;
}

/** Everything is to go to the new version: in full promotion, on the first deployment, and when it is stable already. */
function isAllWanted(status: Status): boolean {
  return status.promoteFull === true || (status.stableRS ?? '') === '' || isFullyPromoted(status);
}

/** The size or weight that the new version is to have. */
export function desiredScale(
  { spec, status = {} }: Rollout,
  roles: ReplicaSetRoles,
): { readonly replicas?: number | undefined; readonly weight: number } {
  if (isAllWanted(status)) return { weight: maxWeight(spec) };
  const scale = canaryScaleInForce(spec, status);
  if (scale?.replicas !== undefined) return { replicas: scale.replicas, weight: 0 };
  if (scale?.weight !== undefined) return { weight: scale.weight };
  const isShrinkingBack = status.abort === true && isDynamic(spec) && roles.current !== undefined && roles.stable !== undefined;
  return { weight: isShrinkingBack ? abortedWeight(spec, roles) : currentSetWeight(spec, status) };
}

function isDynamic(spec: RolloutSpec): boolean {
  return !isBasicCanary(spec) && canaryOf(spec).dynamicStableScale === true;
}

/**
 * The weight to go back to while the stable version grows: the last `setWeight` whose pods are fewer than those that the stable version
 * still lacks.
 */
function abortedWeight(spec: RolloutSpec, { current, stable }: ReplicaSetRoles): number {
  const lacking = desiredReplicas(spec) - availableOf(stable);
  const delay = canaryOf(spec).abortScaleDownDelaySeconds;
  const replicas = delay !== undefined && delay !== 0 ? lacking : Math.max(lacking, availableOf(current));
  const found = stepsOf(spec).findLast(({ setWeight }) => setWeight !== undefined && replicasFor(spec, setWeight) < replicas);
  return found?.setWeight ?? 0;
}

/**
 * The traffic that a new version keeps for now after an abort or on the way back to the stable version.
 *
 * Without `dynamicStableScale` none. With it traffic goes back as fast as stable pods become available, never up.
 */
export function weightOnTheWayBack({ spec }: Rollout, roles: ReplicaSetRoles, weights: TrafficWeights | undefined): number {
  const { current, stable } = roles;
  if (!isDynamic(spec) || current === undefined || stable === undefined || desiredReplicas(spec) === 0) return 0;
  const wanted = abortedWeight(spec, roles);
  const carried = weightOf(spec, availableOf(stable));
  const lacking = Math.max(0, maxWeight(spec) - carried);
  if (weights === undefined) return Math.max(lacking, wanted);
  const present = weights.canary.weight;
  if (wanted <= 0) return Math.min(lacking, present);
  return carried < maxWeight(spec) - wanted ? present : Math.min(wanted, present);
}

/**
 * The hash that still has traffic while a stable version that was scaled down is gone back to; `undefined` when this is not going on.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting.go isDynamicallyRollingBackToStable
 */
export function hashRolledBackFrom({ spec, status = {} }: Rollout, { current }: ReplicaSetRoles): string | undefined {
  const hash = status.canary?.weights?.canary.podTemplateHash;
  if (!isDynamic(spec) || !isFullyPromoted(status) || current === undefined || hash === undefined || hash === hashOf(current))
    return undefined;
  return availableOf(current) < desiredReplicas(spec) ? hash : undefined;
}

/**
 * Whether a stable version that grows again with its traffic has not answered its last change of size: its counts may be those of pods that
 * are gone, and neither traffic nor the other version may change by them. (Upstream goes by them, and may for a moment take away pods that
 * are needed.)
 */
export function isStableUnsettled({ spec }: Rollout, { current, stable }: ReplicaSetRoles): boolean {
  return isDynamic(spec) && stable !== undefined && stable !== current && !isObserved(stable);
}
