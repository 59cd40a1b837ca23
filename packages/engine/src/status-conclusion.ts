/** The end of every pass: deadline, pause fields, conditions, phase, duration, and the Events that follow from their change. */
import { annotations } from '@sluice/api';
import {
  type Conditions,
  conditionOf,
  findCondition,
  hasProgressed,
  hasTimedOut,
  isCompleted,
  isHealthy,
  progressOf,
  refreshCondition,
  replicaFailure,
  setCondition,
  timeoutMessage,
  withoutCondition,
} from './conditions.ts';
import { desiredReplicas, isBlueGreen } from './defaults.ts';
import { nextDuration } from './duration.ts';
import { notes } from './events.ts';
import { because, type Pass, subjectOf } from './pass.ts';
import { isAborted, isPaused, pauseFields } from './pause.ts';
import { calculatePhase } from './phase.ts';
import { availableOf, isSaturated, revisionOf, sizeOf, sum, withHash } from './replica-sets.ts';
import type { Status } from './status.ts';
import { currentStep, isIndefinite } from './steps.ts';

/**
 * Completes a status.
 *
 * @param base - counts, hashes, step and stable version of the next status; its conditions are those to go on from
 * @param options.keepConditions - the caller has set the conditions; pause fields stay as well
 * @see argoproj/argo-rollouts rollout/sync.go persistRolloutStatus, calculateRolloutConditions
 */
export function concludeStatus(pass: Pass, base: Status, options: { readonly keepConditions?: boolean }): Status {
  const { rollout } = pass.world;
  let next: Status = { ...base, observedGeneration: String(rollout.metadata.generation ?? 0) };
  if (options.keepConditions !== true) {
    if (mustAbort(pass, next)) {
      const message = timeoutMessage(subjectOf(pass));
      pass.wish.abort = message;
      because(pass, 'status', '', notes.aborted(message));
      because(pass, 'status', 'the progress deadline has passed');
    }
    const { abort: _, abortedAt: __, pauseConditions: ___, controllerPause: ____, ...rest } = next;
    next = { ...rest, ...pauseFields(pass.previous, pass.wish, pass.now) };
    next = { ...next, conditions: nextConditions(pass, next) };
  }
  const { phase, message } = calculatePhase(rollout.spec, next);
  next = { ...next, phase, message };
  const { duration: ______, ...rest } = next;
  const duration = nextDuration(rollout, pass.roles, next, next.abort === true, pass.isCurrentKept, pass.now);
  next = { ...rest, ...(duration === undefined ? {} : { duration }) };
  notePauseChange(pass, next);
  return next;
}

/** Whether the deadline makes this pass abort: asked for, nothing moves, and the status written before has timed out. */
function mustAbort(pass: Pass, next: Status): boolean {
  const { spec } = pass.world.rollout;
  return (
    spec.progressDeadlineAbort === true &&
    !isAborted(pass.previous, pass.wish) &&
    !isCompleted(next) &&
    !hasProgressed(spec, pass.previous, next) &&
    !isWaitingOnPurpose(pass) &&
    hasTimedOut(spec, pass.previous.conditions, pass.now)
  );
}

/**
 * The deadline does not run during steps of unknown length, a pause, or while an old version waits for its time to go. When that has come its
 * annotation goes with its size, a moment before its pods: the moment counts as waiting too, so that nobody sees a failure in between.
 */
function isWaitingOnPurpose(pass: Pass): boolean {
  return (
    isIndefinite(currentStep(pass.world.rollout.spec, pass.previous)) ||
    findCondition(pass.previous.conditions, 'Paused')?.status === 'True' ||
    pass.roles.others.some(
      (set) =>
        set.metadata.annotations?.[annotations.scaleDownDeadline] !== undefined || (sizeOf(set) === 0 && (set.status?.replicas ?? 0) > 0),
    )
  );
}

function nextConditions(pass: Pass, next: Status): Conditions {
  const { previous, now, roles } = pass;
  const { rollout } = pass.world;
  const { spec } = rollout;
  const aborted = next.abort === true;
  const healthy = isHealthy(spec, rollout.metadata.generation ?? 0, previous, next);
  // A valid spec got here; an invalid one never does.
  const before = withoutCondition(next.conditions ?? [], 'InvalidSpec');
  let conditions = before;
  let hasBecomeUnhealthy = false;
  if (healthy && !isPaused(spec, previous)) {
    conditions = setCondition(conditions, conditionOf.healthy(true), now);
  } else if (findCondition(previous.conditions, 'Healthy') !== undefined) {
    hasBecomeUnhealthy = findCondition(conditions, 'Healthy')?.status !== 'False';
    conditions = setCondition(conditions, conditionOf.healthy(false), now);
  }

  if (aborted) {
    const cause = pass.wish.abort === undefined || pass.wish.abort === '' ? '' : `: ${pass.wish.abort}`;
    const message = `Rollout aborted update to revision ${revisionOf(rollout)}${cause}`;
    const set = setCondition(conditions, progressOf.aborted(message), now);
    if (set !== conditions) {
      because(pass, 'status', '', notes.aborted(message));
      because(pass, 'status', 'the update is aborted');
    }
    conditions = set;
  } else if (healthy) {
    conditions = setCondition(conditions, progressOf.done(subjectOf(pass)), now);
  } else if (hasProgressed(spec, previous, next) || hasBecomeUnhealthy) {
    const isStill = next.stableRS === next.currentPodHash && hasBecomeUnhealthy;
    const value = isStill ? progressOf.notAvailable() : progressOf.updated(subjectOf(pass));
    conditions = refreshCondition(conditions, value, now);
  } else if (!isWaitingOnPurpose(pass) && hasTimedOut(spec, conditions, now)) {
    const set = setCondition(conditions, progressOf.timedOut(subjectOf(pass)), now);
    if (set !== conditions) because(pass, 'status', 'the progress deadline has passed');
    conditions = set;
  }

  const isAvailable = isBlueGreen(spec)
    ? isSaturated(spec, withHash(roles.all, next.blueGreen?.activeSelector))
    : sum(roles.all, availableOf) >= desiredReplicas(spec);
  conditions = setCondition(conditions, conditionOf.available(isAvailable), now);
  const failure = replicaFailure(roles.current, roles.all);
  if (failure === undefined) {
    if (findCondition(conditions, 'ReplicaFailure') !== undefined) conditions = withoutCondition(conditions, 'ReplicaFailure');
  } else {
    const { type, status, reason, message } = failure;
    conditions = setCondition(
      conditions,
      { type, status, ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) },
      now,
    );
  }

  const completed = isCompleted(next);
  const set = setCondition(conditions, conditionOf.completed(completed), now);
  if (set !== conditions && !completed) because(pass, 'status', '', notes.notCompleted(revisionOf(rollout), next.currentPodHash ?? ''));
  return set;
}

/** After an abort the pause conditions are gone as well; that is no resume. */
function notePauseChange(pass: Pass, next: Status): void {
  const wasPaused = (pass.previous.pauseConditions ?? []).length > 0;
  const first = next.pauseConditions?.[0];
  if (!wasPaused && first !== undefined) because(pass, 'status', '', notes.paused(first.reason));
  if (wasPaused && first === undefined && next.abortedAt === undefined) because(pass, 'status', '', notes.resumed());
}
