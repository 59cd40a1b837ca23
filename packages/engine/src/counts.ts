/** How many pods the new and the stable version of a canary are to have in this pass, and whether they have them. */
import type { Rollout, RolloutSpec, TrafficWeights } from '@sluice/api';
import { canaryOf, desiredReplicas, fenceposts, isBasicCanary, maxWeight } from './defaults.ts';
import { type BasicCanaryQuestion, basicCanaryCounts, type ReplicaCounts } from './replica-counts.ts';
import { availableOf, createdOf, isObserved, type ReplicaSetRoles, sizeOf, sum } from './replica-sets.ts';
import { desiredScale, replicasFor } from './weights.ts';

/** Sizes of new and stable ReplicaSet that this pass may set. @param weights - that traffic has now, for a stable version that shrinks with it */
export function canaryCounts(rollout: Rollout, roles: ReplicaSetRoles, weights: TrafficWeights | undefined): ReplicaCounts {
  const { spec } = rollout;
  if (!isBasicCanary(spec)) return routedCounts(rollout, roles, weights);
  const { current, stable, others, all } = roles;
  const sized = (set: typeof current): BasicCanaryQuestion['canary'] =>
    set === undefined ? undefined : { replicas: sizeOf(set), available: availableOf(set) };
  return basicCanaryCounts({
    ...fenceposts(spec),
    replicas: desiredReplicas(spec),
    weight: desiredScale(rollout, roles).weight,
    canary: sized(current),
    stable: sized(stable),
    isCanaryStable: stable === undefined || stable === current,
    otherReplicas: sum(others, sizeOf),
    areCountsFresh: all.every(isObserved),
  });
}

/**
 * With a router the stable version is complete beside the new one; with `dynamicStableScale` it shrinks as far as traffic has left it.
 *
 * @see argoproj/argo-rollouts utils/replicaset/canary.go CalculateReplicaCountsForTrafficRoutedCanary
 */
function routedCounts(rollout: Rollout, roles: ReplicaSetRoles, weights: TrafficWeights | undefined): ReplicaCounts {
  const { spec, status = {} } = rollout;
  const wish = desiredScale(rollout, roles);
  const atLeast = (count: number): number => {
    const least = canaryOf(spec).minPodsPerReplicaSet;
    return count === 0 || least === undefined ? count : Math.max(count, Math.min(least, desiredReplicas(spec)));
  };
  const canary = replicasFor(spec, wish.weight);
  if (canaryOf(spec).dynamicStableScale !== true) return { canary: wish.replicas ?? atLeast(canary), stable: desiredReplicas(spec) };
  const stable = Math.max(
    replicasFor(spec, maxWeight(spec) - wish.weight),
    weights === undefined ? 0 : replicasFor(spec, weights.stable.weight),
  );
  const held = status.abort === true && weights !== undefined ? Math.max(canary, replicasFor(spec, weights.canary.weight)) : canary;
  return { canary: wish.replicas ?? atLeast(held), stable: atLeast(stable) };
}

/**
 * Whether a weight step has arrived. For a basic canary the counts are those that one pass may set, not the final mix: a weight that
 * availability does not let us approach now counts as reached, and sizes go on converging during the pause that follows (upstream's
 * behaviour, kept). Stable pods need to exist only, new ones to be available.
 */
export function areCountsReached(rollout: Rollout, roles: ReplicaSetRoles, weights: TrafficWeights | undefined): boolean {
  const { spec } = rollout;
  const { current, stable, others } = roles;
  if (![current, stable].every((set) => set === undefined || isObserved(set))) return false;
  const counts = canaryCounts(rollout, roles, weights);
  if (current === undefined || !meetsThreshold(spec, sizeOf(current), availableOf(current), counts.canary)) return false;
  const isStableFree = !isBasicCanary(spec) && canaryOf(spec).dynamicStableScale === true;
  if (!isStableFree && (stable === undefined || sizeOf(stable) !== counts.stable || createdOf(stable) !== counts.stable)) return false;
  return !isBasicCanary(spec) || sum(others, availableOf) === 0;
}

/** Whether enough of `desired` pods are available: all, or as many as `replicaProgressThreshold` asks for. */
export function meetsThreshold(spec: RolloutSpec, size: number, available: number, desired: number): boolean {
  const threshold = canaryOf(spec).replicaProgressThreshold;
  if (threshold === undefined || threshold.value < 0) return size === desired && available === desired;
  if (threshold.type !== 'Percent') return available >= threshold.value;
  return desired === 0 || (available / desired) * 100 - threshold.value >= -1e-10;
}
