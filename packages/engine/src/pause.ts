/**
 * Pausing, resuming, aborting as fields of the status.
 *
 * `controllerPause` with no pause condition left means that a person resumed. While aborted there are no pause fields at all.
 *
 * @see argoproj/argo-rollouts rollout/pause.go
 */
import {
  type CanaryStep,
  formatTime,
  type Instant,
  type PauseCondition,
  type PauseReason,
  parseTime,
  pauseDurationSeconds,
  type RolloutSpec,
} from '@sluice/api';
import { type Conditions, conditionOf, findCondition, isCompleted, progressOf, setCondition } from './conditions.ts';
import type { Status } from './status.ts';

/** What a pass wants of the pause fields, gathered while it runs. */
export type PauseWish = {
  clear: boolean;
  readonly add: Set<PauseReason>;
  readonly remove: Set<PauseReason>;
  /** Message of an abort that this pass begins; empty text for one without. */
  abort: string | undefined;
  unabort: boolean;
};

export function noWish(): PauseWish {
  return { clear: false, add: new Set(), remove: new Set(), abort: undefined, unabort: false };
}

export function isAborted(previous: Status, wish: PauseWish): boolean {
  return !wish.unabort && (wish.abort !== undefined || previous.abort === true);
}

export type PauseFields = Pick<Status, 'abort' | 'abortedAt' | 'pauseConditions' | 'controllerPause'>;

/** The pause and abort fields of the next status; an absent field is cleared. */
export function pauseFields(previous: Status, wish: PauseWish, now: Instant): PauseFields {
  if (isAborted(previous, wish)) return { abort: true, abortedAt: previous.abortedAt ?? formatTime(now) };
  if (wish.clear) return {};
  const present = previous.pauseConditions ?? [];
  const kept = present.filter(({ reason }) => !wish.remove.has(reason as PauseReason));
  const added: readonly PauseCondition[] = [...wish.add]
    .filter((wished) => !present.some(({ reason }) => reason === wished))
    .map((reason) => ({ reason, startTime: formatTime(now) }));
  const pauseConditions = [...kept, ...added];
  if (pauseConditions.length === 0) return {};
  return { pauseConditions, controllerPause: added.length > 0 ? true : previous.controllerPause === true };
}

export function isPaused(spec: RolloutSpec, status: Status): boolean {
  return spec.paused === true || (status.pauseConditions ?? []).length > 0;
}

export function pauseConditionOf(status: Status, reason: PauseReason): PauseCondition | undefined {
  return status.pauseConditions?.find((condition) => condition.reason === reason);
}

/** Why ReplicaSets and services are left alone. A pause step is no such reason: sizes still follow `spec.replicas` during one. */
export function haltReason(spec: RolloutSpec, status: Status): string | undefined {
  if (spec.paused === true) return 'user paused';
  return pauseConditionOf(status, 'InconclusiveAnalysisRun') === undefined ? undefined : 'inconclusive analysis';
}

/**
 * Conditions after a pause, a resume or a retry was noticed; `undefined` when they say it already. The pass ends with them: behaviour
 * changes with the next one, and the deadline starts anew on resume.
 */
export function noticedPause(spec: RolloutSpec, status: Status, now: Instant): Conditions | undefined {
  const before = status.conditions ?? [];
  const progressing = findCondition(before, 'Progressing');
  const isAbortNoted = progressing?.reason === 'RolloutAborted';
  const paused = isPaused(spec, status);
  let next = before;
  if (paused !== (progressing?.reason === 'RolloutPaused') && !isAbortNoted && !isCompleted(status)) {
    next = setCondition(next, paused ? progressOf.paused() : progressOf.resumed(), now);
  }
  if (status.abort !== true && isAbortNoted) next = setCondition(next, progressOf.retry(), now);
  const isPauseNoted = findCondition(before, 'Paused')?.status === 'True';
  if (paused !== isPauseNoted && !isAbortNoted) next = setCondition(next, conditionOf.paused(paused), now);
  return next === before ? undefined : next;
}

/** Length of a pause step in whole seconds; `undefined` for one without end. */
function pauseSeconds(step: CanaryStep): number | undefined {
  return step.pause?.duration === undefined ? undefined : pauseDurationSeconds(step.pause);
}

/** When a timed pause step ends; `undefined` when it has no end or has not begun. */
export function pauseEnd(step: CanaryStep, status: Status): Instant | undefined {
  const seconds = pauseSeconds(step);
  const begun = parseTime(pauseConditionOf(status, 'CanaryPauseStep')?.startTime);
  return seconds === undefined || begun === undefined ? undefined : begun + seconds * 1000;
}

/** Whether a pause step is over: resumed by a person, or its time has passed. */
export function isPauseOver(step: CanaryStep, status: Status, now: Instant): boolean {
  if (status.controllerPause === true && pauseConditionOf(status, 'CanaryPauseStep') === undefined) return true;
  const end = pauseEnd(step, status);
  return end !== undefined && end <= now;
}
