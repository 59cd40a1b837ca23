/** What an absent field of a Rollout means. One function a field, so that no other file repeats a default. */
import { type BlueGreenStrategy, type CanaryStep, type CanaryStrategy, type RolloutSpec, scaledValue } from '@sluice/api';

/** Strategy-level default of `maxSurge` and `maxUnavailable`: upstream's literal is the text `25`, and text is a percentage. */
const defaultShare = '25';

export function desiredReplicas(spec: RolloutSpec): number {
  return spec.replicas ?? 1;
}

export function progressDeadlineSeconds(spec: RolloutSpec): number {
  return spec.progressDeadlineSeconds ?? 600;
}

export function revisionHistoryLimit(spec: RolloutSpec): number {
  return spec.revisionHistoryLimit ?? 10;
}

/** The canary strategy; empty where the Rollout has none, so that readers need no case for it. */
export function canaryOf(spec: RolloutSpec): CanaryStrategy {
  return spec.strategy?.canary ?? {};
}

export function blueGreenOf(spec: RolloutSpec): BlueGreenStrategy {
  return spec.strategy?.blueGreen ?? {};
}

export function isBlueGreen(spec: RolloutSpec): boolean {
  return spec.strategy?.blueGreen !== undefined;
}

/** Whether sizes alone make the weight: a canary without a traffic router. */
export function isBasicCanary(spec: RolloutSpec): boolean {
  return !isBlueGreen(spec) && canaryOf(spec).trafficRouting === undefined;
}

/** The weight that is all of the traffic. */
export function maxWeight(spec: RolloutSpec): number {
  return canaryOf(spec).trafficRouting?.maxTrafficWeight ?? 100;
}

/** How long the version before is kept after a switch. */
export function scaleDownDelaySeconds(spec: RolloutSpec): number {
  if (isBlueGreen(spec)) return blueGreenOf(spec).scaleDownDelaySeconds ?? 30;
  return isBasicCanary(spec) ? 0 : (canaryOf(spec).scaleDownDelaySeconds ?? 30);
}

/** How many versions are kept at once for their delay. */
export function scaleDownDelayRevisionLimit(spec: RolloutSpec): number {
  const strategy = spec.strategy?.blueGreen ?? spec.strategy?.canary;
  return strategy?.scaleDownDelayRevisionLimit ?? Number.POSITIVE_INFINITY;
}

/** How long the new version is kept after an abort; `keep` for an explicit 0. */
export function abortScaleDownDelaySeconds(spec: RolloutSpec): number | 'keep' {
  if (isBasicCanary(spec)) return 0;
  const own = (spec.strategy?.blueGreen ?? spec.strategy?.canary)?.abortScaleDownDelaySeconds;
  return own === 0 ? 'keep' : (own ?? 30);
}

export function stepsOf(spec: RolloutSpec): readonly CanaryStep[] {
  return canaryOf(spec).steps ?? [];
}

/**
 * Pods that may exist above, and be missing below, the desired count.
 *
 * Surge rounds up, unavailability down. Both 0 would never move, so unavailability becomes 1. Text that is no number makes both 0.
 * Unavailability never exceeds the desired count and is 0 when that is 0. A blue-green strategy has no surge of its own, and its
 * unavailability, which only restarts look at, may be 0.
 *
 * @see argoproj/argo-rollouts utils/replicaset: resolveFenceposts, MaxSurge, MaxUnavailable
 * @example replicas 10, both at their default of 25 %: surge 3, unavailable 2
 */
export function fenceposts(spec: RolloutSpec): { readonly surge: number; readonly unavailable: number } {
  const replicas = desiredReplicas(spec);
  if (isBlueGreen(spec)) {
    const bound = blueGreenOf(spec).maxUnavailable ?? defaultShare;
    return { surge: 0, unavailable: isNumeric(bound) ? Math.min(scaledValue(bound, replicas, false), replicas) : 0 };
  }
  const maxSurge = canaryOf(spec).maxSurge ?? defaultShare;
  const maxUnavailable = canaryOf(spec).maxUnavailable ?? defaultShare;
  if (!isNumeric(maxSurge) || !isNumeric(maxUnavailable)) return { surge: 0, unavailable: 0 };
  const surge = scaledValue(maxSurge, replicas, true);
  const unavailable = scaledValue(maxUnavailable, replicas, false);
  return { surge, unavailable: Math.min(surge === 0 && unavailable === 0 ? 1 : unavailable, replicas) };
}

function isNumeric(value: number | string): boolean {
  return typeof value === 'number' || /^[+-]?\d+%?$/.test(value);
}
