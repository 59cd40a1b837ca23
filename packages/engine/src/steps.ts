/** Canary steps: which one is current, what weight it asks for, how it is called, and whether its counts are reached. */
import type { CanaryStep, Rollout, RolloutSpec } from '@sluice/api';
import { canaryOf, desiredReplicas, fenceposts, stepsOf } from './defaults.ts';
import { type BasicCanaryQuestion, basicCanaryCounts, type ReplicaCounts } from './replica-counts.ts';
import { availableOf, createdOf, isObserved, type ReplicaSetRoles, sizeOf, sum } from './replica-sets.ts';
import type { Status } from './status.ts';

/** Index of the current step, the number of steps when all are done; `undefined` without steps. */
export function currentStepIndex(spec: RolloutSpec, status: Status): number | undefined {
  return stepsOf(spec).length === 0 ? undefined : (status.currentStepIndex ?? 0);
}

export function currentStep(spec: RolloutSpec, status: Status): CanaryStep | undefined {
  const index = currentStepIndex(spec, status);
  return index === undefined ? undefined : stepsOf(spec)[index];
}

/** A step whose end is not ours to bring about, so the progress deadline does not run during it. */
export function isIndefinite(step: CanaryStep | undefined): boolean {
  return step !== undefined && (step.experiment !== undefined || step.analysis !== undefined || step.pause !== undefined);
}

/** The weight of the nearest `setWeight` at or before the current step; 0 before the first and while aborted, 100 after the last step. */
export function currentSetWeight(spec: RolloutSpec, status: Status): number {
  if (status.abort === true) return 0;
  const steps = stepsOf(spec);
  const index = currentStepIndex(spec, status);
  if (index === undefined || index >= steps.length) return 100;
  for (let at = index; at >= 0; at--) {
    const weight = steps[at]?.setWeight;
    if (weight !== undefined) return weight;
  }
  return 0;
}

/** The weight that sizes follow: everything to the new version on `promoteFull`, on the first deployment and when it is stable already. */
function desiredWeight(spec: RolloutSpec, status: Status): number {
  const isDone = (status.stableRS ?? '') === (status.currentPodHash ?? '');
  if (status.promoteFull === true || (status.stableRS ?? '') === '' || isDone) return 100;
  return currentSetWeight(spec, status);
}

/** Sizes of new and stable ReplicaSet that this pass may set. */
export function canaryCounts(rollout: Rollout, roles: ReplicaSetRoles): ReplicaCounts {
  const { spec, status = {} } = rollout;
  const { current, stable, others, all } = roles;
  const sized = (set: typeof current): BasicCanaryQuestion['canary'] =>
    set === undefined ? undefined : { replicas: sizeOf(set), available: availableOf(set) };
  return basicCanaryCounts({
    ...fenceposts(spec),
    replicas: desiredReplicas(spec),
    weight: desiredWeight(spec, status),
    canary: sized(current),
    stable: sized(stable),
    isCanaryStable: stable === undefined || stable === current,
    otherReplicas: sum(others, sizeOf),
    areCountsFresh: all.every(isObserved),
  });
}

/**
 * Whether a weight step has arrived. The counts are those that one pass may set, not the final mix: a weight that availability does not
 * let us approach now counts as reached, and sizes go on converging during the pause that follows (upstream's behaviour, kept).
 * Stable pods need to exist only, new ones to be available.
 */
export function areCountsReached(rollout: Rollout, roles: ReplicaSetRoles): boolean {
  const { current, stable, others } = roles;
  if (![current, stable].every((set) => set === undefined || isObserved(set))) return false;
  const counts = canaryCounts(rollout, roles);
  if (current === undefined || !meetsThreshold(rollout.spec, sizeOf(current), availableOf(current), counts.canary)) return false;
  if (stable === undefined || sizeOf(stable) !== counts.stable || createdOf(stable) !== counts.stable) return false;
  return sum(others, availableOf) === 0;
}

/** Whether enough of `desired` pods are available: all, or as many as `replicaProgressThreshold` asks for. */
export function meetsThreshold(spec: RolloutSpec, size: number, available: number, desired: number): boolean {
  const threshold = canaryOf(spec).replicaProgressThreshold;
  if (threshold === undefined || threshold.value < 0) return size === desired && available === desired;
  if (threshold.type !== 'Percent') return available >= threshold.value;
  return desired === 0 || (available / desired) * 100 - threshold.value >= -1e-10;
}

/** How Events call a step. */
export function stepText(step: CanaryStep): string {
  if (step.setWeight !== undefined) return `setWeight: ${step.setWeight}`;
  if (step.pause !== undefined) return step.pause.duration === undefined ? 'pause' : `pause: ${step.pause.duration}`;
  if (step.experiment !== undefined) return 'experiment';
  if (step.analysis !== undefined) return 'analysis';
  if (step.setCanaryScale !== undefined) {
    const { weight, matchTrafficWeight, replicas } = step.setCanaryScale;
    if (weight !== undefined) return `setCanaryScale{weight: ${weight}}`;
    if (matchTrafficWeight === true) return 'setCanaryScale{matchTrafficWeight: true}';
    if (replicas !== undefined) return `setCanaryScale{replicas: ${replicas}}`;
  }
  if (step.plugin !== undefined) return `plugin: ${step.plugin.name}`;
  if (step.setHeaderRoute !== undefined) return `setHeaderRoute: ${step.setHeaderRoute.name ?? ''}`;
  if (step.setMirrorRoute !== undefined) return `setMirrorRoute: ${step.setMirrorRoute.name}`;
  return 'invalid';
}
