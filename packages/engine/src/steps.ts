/** Canary steps: which one is current, what weight it asks for, how it is called. */
import type { CanaryStep, RolloutSpec } from '@sluice/api';
import { maxWeight, stepsOf } from './defaults.ts';
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

/** The weight of the nearest `setWeight` at or before the current step; 0 before the first and while aborted, all after the last step. */
export function currentSetWeight(spec: RolloutSpec, status: Status): number {
  if (status.abort === true) return 0;
  const steps = stepsOf(spec);
  const index = currentStepIndex(spec, status);
  if (index === undefined || index >= steps.length) return maxWeight(spec);
  return setWeightBefore(steps, index + 1) ?? 0;
}

/** The weight of the nearest `setWeight` before an index; `undefined` without one. */
export function setWeightBefore(steps: readonly CanaryStep[], index: number): number | undefined {
  return steps.slice(0, index).findLast(({ setWeight }) => setWeight !== undefined)?.setWeight;
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
