/**
 * A pass over a canary, as named phases in upstream's order. Each phase may end the pass with a status; begin reading at `canaryPhases`.
 *
 * @see argoproj/argo-rollouts rollout/canary.go rolloutCanary, rollout/sync.go
 */
import { formatLabelSelector, type Instant, type Rollout } from '@sluice/api';
import { findCondition } from './conditions.ts';
import { desiredReplicas, stepsOf } from './defaults.ts';
import { withCompletion } from './duration.ts';
import { notes } from './events.ts';
import { resyncMs } from './facts.ts';
import { reconcileHistory } from './history.ts';
import { because, type Pass } from './pass.ts';
import { haltReason, isAborted, isPaused, isPauseOver, noticedPause, pauseConditionOf, pauseEnd } from './pause.ts';
import { reconcileMetadata } from './pod-metadata.ts';
import { isFullyPromoted, isRollbackWithinWindow, promotionReason } from './promotion.ts';
import { availableOf, createdOf, desiredAnnotationOf, hashOf, revisionOf, sizeOf, sum } from './replica-sets.ts';
import { reconcileRestart } from './restart.ts';
import { syncRevision } from './revisions.ts';
import { reconcileCanaryServices } from './services.ts';
import { reconcileSizes } from './sizes.ts';
import type { Status } from './status.ts';
import { concludeStatus } from './status-conclusion.ts';
import { areCountsReached, currentStep, currentStepIndex, stepText } from './steps.ts';

/** `end`: the pass is over, with or without a status. */
type Outcome = 'go on' | 'end';
type Phase = { readonly name: string; readonly run: (pass: Pass) => Outcome };

/** The order is part of the behaviour: Events and the safety of a kill in between depend on it. */
const canaryPhases: readonly Phase[] = [
  { name: 'notice pause, resume and retry', run: noticePause },
  { name: 'sync revision', run: always(syncRevision) },
  { name: 'follow a change of spec.replicas', run: followScaling },
  { name: 'start over on a new template or new steps', run: startOver },
  { name: 'restart pods', run: (pass) => (reconcileRestart(pass) ? 'end' : 'go on') },
  { name: 'ephemeral metadata', run: always(reconcileMetadata) },
  { name: 'history limit', run: always(reconcileHistory) },
  { name: 'services', run: always(reconcileServices) },
  { name: 'sizes', run: (pass) => (reconcileSizes(pass) ? ending(pass) : 'go on') },
  { name: 'pause step', run: reconcilePauseStep },
  { name: 'status', run: ending },
];

export function runCanary(pass: Pass): void {
  if (isFullyPromoted(pass.previous) && pass.previous.abort === true) pass.wish.unabort = true;
  for (const phase of canaryPhases) if (phase.run(pass) === 'end') return;
}

/** A phase that never ends the pass. */
function always(act: (pass: Pass) => void): Phase['run'] {
  return (pass) => {
    act(pass);
    return 'go on';
  };
}

function ending(pass: Pass): Outcome {
  writeStatus(pass);
  return 'end';
}

function noticePause(pass: Pass): Outcome {
  const { rollout } = pass.world;
  if (pass.previous.observedGeneration !== String(rollout.metadata.generation ?? 0)) return 'go on';
  const conditions = noticedPause(rollout.spec, pass.previous, pass.now);
  if (conditions === undefined) return 'go on';
  pass.status = concludeStatus(pass, { ...pass.previous, conditions }, { keepConditions: true });
  const isRetry = findCondition(pass.previous.conditions, 'Progressing')?.reason === 'RolloutAborted';
  because(pass, 'status', isRetry ? 'a retry is noted' : isPaused(rollout.spec, pass.previous) ? 'a pause is noted' : 'a resume is noted');
  return 'end';
}

/** Only new and stable are looked at: nobody keeps the annotation of others up to date. */
function followScaling(pass: Pass): Outcome {
  const { current, stable } = pass.roles;
  const desired = desiredReplicas(pass.world.rollout.spec);
  const isScaled = [current, stable].some((set) => {
    const noted = set === undefined || sizeOf(set) === 0 ? undefined : desiredAnnotationOf(set);
    return noted !== undefined && noted !== desired;
  });
  if (!isScaled) return 'go on';
  reconcileSizes(pass);
  because(pass, 'status', `spec.replicas is ${desired} now`);
  const { all } = pass.roles;
  const base: Status = { ...pass.previous, availableReplicas: sum(all, availableOf), HPAReplicas: sum(all, createdOf) };
  pass.status = concludeStatus(pass, base, {});
  return 'end';
}

/** Hash of the new version: that of its ReplicaSet, which may be older than the way the hash is made. */
function currentHash(pass: Pass): string {
  return pass.roles.current === undefined ? pass.hash : hashOf(pass.roles.current);
}

function isStartingOver(pass: Pass): boolean {
  const { previous } = pass;
  const isTemplateNew = (previous.currentPodHash ?? '') !== '' && previous.currentPodHash !== currentHash(pass);
  const stepHash = previous.currentStepHash ?? '';
  return isTemplateNew || stepHash === '' || stepHash !== pass.stepHash;
}

function startOver(pass: Pass): Outcome {
  return isStartingOver(pass) ? ending(pass) : 'go on';
}

function reconcileServices(pass: Pass): void {
  if (haltReason(pass.world.rollout.spec, pass.previous) === undefined) reconcileCanaryServices(pass, isAborted(pass.previous, pass.wish));
}

/** Begins the pause of a pause step, or waits for its end. */
function reconcilePauseStep(pass: Pass): Outcome {
  const { spec } = pass.world.rollout;
  const step = currentStep(spec, pass.previous);
  if (spec.paused === true || pass.previous.promoteFull === true || step?.pause === undefined) return 'go on';
  if (pauseConditionOf(pass.previous, 'CanaryPauseStep') === undefined) {
    if (pass.previous.controllerPause !== true) {
      pass.wish.add = 'CanaryPauseStep';
      because(pass, 'status', 'a pause step begins');
    }
  } else {
    const end = pauseEnd(step, pass.previous);
    if (end !== undefined && end > pass.now && end - pass.now < resyncMs) pass.wakes.push(end);
  }
  return ending(pass);
}

/** The status of a whole pass, from nothing: what is not set here is cleared. */
function writeStatus(pass: Pass): void {
  const { rollout } = pass.world;
  const { spec } = rollout;
  const { previous, roles } = pass;
  const { current, all } = roles;
  const steps = stepsOf(spec);
  const done = steps.length === 0 ? undefined : steps.length;
  let next: Status = {
    ...(previous.alb === undefined ? {} : { alb: previous.alb }),
    ...(previous.albs === undefined ? {} : { albs: previous.albs }),
    ...(previous.collisionCount === undefined ? {} : { collisionCount: previous.collisionCount }),
    ...(previous.duration === undefined ? {} : { duration: previous.duration }),
    ...(previous.conditions === undefined ? {} : { conditions: previous.conditions }),
    ...(pass.restartedAt === undefined ? {} : { restartedAt: pass.restartedAt }),
    blueGreen: {},
    canary: {},
    currentPodHash: currentHash(pass),
    currentStepHash: pass.stepHash,
    replicas: sum(all, createdOf),
    updatedReplicas: createdOf(current),
    readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: sum(all, availableOf),
    HPAReplicas: sum(all, createdOf),
    selector: formatLabelSelector(spec.selector),
    stableRS: previous.stableRS ?? '',
    promoteFull: previous.promoteFull === true,
  };

  if (isStartingOver(pass)) {
    pass.wish.clear = true;
    pass.wish.unabort = true;
    because(pass, 'status', 'the template or the steps are new');
    next = { ...next, promoteFull: false, ...withIndex(done === undefined ? undefined : 0), ...restartOf(rollout) };
    if (done !== undefined && current !== undefined && previous.stableRS === hashOf(current)) {
      because(pass, 'status', '', notes.skipSteps('Rollback to stable ReplicaSets'));
      next = { ...next, ...withIndex(done) };
    } else if (done !== undefined && isRollbackWithinWindow(rollout, roles) && sizeOf(current) > 0) {
      because(pass, 'status', '', notes.skipSteps('Rollback to active ReplicaSets within RollbackWindow'));
      next = { ...next, ...withIndex(done) };
    }
    pass.status = concludeStatus(pass, next, {});
    return;
  }

  let index = currentStepIndex(spec, previous);
  if (previous.promoteFull === true || isRollbackWithinWindow(rollout, roles)) {
    pass.wish.clear = true;
    pass.wish.unabort = true;
    index = done;
  }
  const aborted = isAborted(previous, pass.wish);
  const promotion = promotionReason(rollout, roles, aborted);
  if (promotion !== undefined) {
    pass.status = concludeStatus(pass, promoteStable(pass, { ...next, ...withIndex(done) }, promotion), {});
    return;
  }
  if (aborted) {
    const isStable = next.stableRS === next.currentPodHash;
    pass.status = concludeStatus(pass, { ...next, ...withIndex(done === undefined ? undefined : isStable ? done : 0) }, {});
    return;
  }
  const step = currentStep(spec, { ...previous, ...withIndex(index) });
  if (step !== undefined && index !== undefined && isStepDone(pass, step)) {
    index++;
    because(pass, 'status', '', notes.stepCompleted(index, steps.length, stepText(step)));
    because(pass, 'status', `step ${index}/${steps.length} (${stepText(step)}) is done`);
    pass.wish.removeStepPause = true;
  }
  pass.status = concludeStatus(pass, { ...next, ...withIndex(index) }, {});
}

/**
 * A pass that changes a size does not complete a weight step: the ReplicaSets are looked at once more, after the change is written.
 * So a status never claims what a write that may still fail would make true.
 */
function isStepDone(pass: Pass, step: NonNullable<ReturnType<typeof currentStep>>): boolean {
  const { rollout } = pass.world;
  if (rollout.spec.paused === true) return false;
  if (step.pause !== undefined) return isPauseOver(step, pass.previous, pass.now);
  if (step.setWeight !== undefined || step.setCanaryScale !== undefined) return !pass.hasScaled && areCountsReached(rollout, pass.roles);
  return false;
}

function promoteStable(pass: Pass, next: Status, reason: string): Status {
  pass.wish.clear = true;
  pass.wish.unabort = true;
  const promoted: Status = { ...next, promoteFull: false };
  if ((next.stableRS ?? '') === (next.currentPodHash ?? '')) return promoted;
  const hash = next.currentPodHash ?? '';
  because(pass, 'status', '', notes.completed(revisionOf(pass.world.rollout), hash, reason));
  because(pass, 'status', `${hash} becomes stable: ${reason}`);
  const duration = withCompletion(next.duration, pass.previous.promoteFull === true ? 'FastPromoted' : 'Promoted');
  return { ...promoted, stableRS: hash, ...(duration === undefined ? {} : { duration }) };
}

/** An absent index is a field that is not there, not one that is undefined. */
function withIndex(index: number | undefined): { currentStepIndex?: number } {
  return index === undefined ? {} : { currentStepIndex: index };
}

function restartOf({ spec }: Rollout): { restartedAt?: string } {
  return spec.restartAt === undefined ? {} : { restartedAt: spec.restartAt };
}

/** When to look again although nothing changes; the earliest wish wins. */
export function earliest(wakes: readonly Instant[]): Instant | undefined {
  return wakes.length === 0 ? undefined : Math.min(...wakes);
}
