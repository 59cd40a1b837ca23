/** `status.duration`: when an update began, how long people held it up, when and how it ended. */
import { type CompletionStatus, formatTime, type Instant, parseTime, type Rollout, type RolloutDuration } from '@sluice/api';
import { findCondition } from './conditions.ts';
import { desiredReplicas } from './defaults.ts';
import { isFastRollback, isRollback } from './promotion.ts';
import { availableOf, type ReplicaSetRoles } from './replica-sets.ts';
import type { Status } from './status.ts';
import { currentStep } from './steps.ts';

/**
 * The next duration, from the last written status to the one about to be.
 *
 * @param aborted - whether the next status is aborted
 * @param isKept - as `isFastRollback` asks for it
 */
export function nextDuration(
  rollout: Rollout,
  roles: ReplicaSetRoles,
  next: Status,
  aborted: boolean,
  isKept: boolean,
  now: Instant,
): RolloutDuration | undefined {
  const { spec, status: previous = {} } = rollout;
  const present = next.duration;
  if (findCondition(next.conditions, 'InvalidSpec') !== undefined) return present;
  const hasPreviousHash = (previous.currentPodHash ?? '') !== '';
  const isTemplateChanged = hasPreviousHash && previous.currentPodHash !== next.currentPodHash;
  const areStepsChanged = spec.strategy?.canary !== undefined && (previous.currentStepHash ?? '') !== (next.currentStepHash ?? '');
  const isSpecChanged = !hasPreviousHash || isTemplateChanged || areStepsChanged;
  const isAtStable = (next.stableRS ?? '') !== '' && next.stableRS === next.currentPodHash;
  const isDone = isAtStable && roles.current !== undefined && availableOf(roles.current) >= desiredReplicas(spec);
  const isRetry = !aborted && findCondition(previous.conditions, 'Progressing')?.reason === 'RolloutAborted';

  let duration = present;
  if (isRunning(duration)) {
    if (isSpecChanged && hasPreviousHash) {
      if (isRollback(roles)) {
        duration = { ...duration, completionStatus: isFastRollback(rollout, roles, isKept) ? 'FastRolledBack' : 'RolledBack' };
      } else {
        duration = finished(duration, 'Superseded', now);
      }
    }
    if (isDone && isRunning(duration)) return finished(duration, duration.completionStatus ?? 'Promoted', now);
    if (aborted && isRunning(duration)) duration = finished(duration, duration.completionStatus ?? 'Aborted', now);
  }
  // A blue-green install calls its version stable from the first pass on: an update that begins, unlike a way back to what was stable.
  const isWayBack = isAtStable && (previous.stableRS ?? '') !== '';
  if (!isRunning(duration) && !isDone && ((isSpecChanged && !isWayBack) || isRetry)) duration = { rolloutStartedAt: formatTime(now) };
  return isRunning(duration) ? withManualPause(duration, isHeldByPerson(rollout, next), now) : duration;
}

/** Keeps how it ended until it has: the stable version is switched before all of it is done. */
export function withCompletion(duration: RolloutDuration | undefined, completionStatus: CompletionStatus): RolloutDuration | undefined {
  return isRunning(duration) && duration.completionStatus === undefined ? { ...duration, completionStatus } : duration;
}

function isRunning(duration: RolloutDuration | undefined): duration is RolloutDuration {
  return duration?.rolloutStartedAt !== undefined && duration.finishedAt === undefined;
}

function finished(duration: RolloutDuration, completionStatus: CompletionStatus, now: Instant): RolloutDuration {
  return { ...withManualPause(duration, false, now), completionStatus, finishedAt: formatTime(now) };
}

/** A pause that only a person ends. */
function isHeldByPerson({ spec }: Rollout, next: Status): boolean {
  if (spec.paused === true) return true;
  return (next.pauseConditions ?? []).some(({ reason }) => {
    if (reason === 'CanaryPauseStep') {
      const step = currentStep(spec, next);
      return step?.pause !== undefined && step.pause.duration === undefined;
    }
    if (reason === 'BlueGreenPause') return spec.strategy?.blueGreen?.autoPromotionEnabled === false;
    return reason === 'InconclusiveAnalysisRun' || reason === 'InconclusiveExperiment';
  });
}

function withManualPause(duration: RolloutDuration, isHeld: boolean, now: Instant): RolloutDuration {
  const since = duration.manualPauseStartedAt;
  if (isHeld) return since === undefined ? { ...duration, manualPauseStartedAt: formatTime(now) } : duration;
  if (since === undefined) return duration;
  const { manualPauseStartedAt: _, ...rest } = duration;
  const seconds = Math.max(0, Math.floor((now - (parseTime(since) ?? now)) / 1000));
  return { ...rest, totalManualPauseDurationSeconds: (duration.totalManualPauseDurationSeconds ?? 0) + seconds };
}
