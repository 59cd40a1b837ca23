/**
 * A pass over a canary, as named phases in upstream's order. Each phase may end the pass with a status; begin reading at `canaryPhases`.
 *
 * @see argoproj/argo-rollouts rollout/canary.go rolloutCanary, rollout/sync.go
 */
import type { CanaryStep } from '@sluice/api';
import { areCountsReached } from './counts.ts';
import { stepsOf } from './defaults.ts';
import { notes } from './events.ts';
import { reconcileHistory } from './history.ts';
import { because, type Pass } from './pass.ts';
import { haltReason, isAborted, isPauseOver, pauseConditionOf, pauseEnd } from './pause.ts';
import { always, ending, type Outcome, type Phase } from './phases.ts';
import { reconcileMetadata } from './pod-metadata.ts';
import { isRollbackWithinWindow, promotionReason } from './promotion.ts';
import { hashOf, sizeOf } from './replica-sets.ts';
import { reconcileRestart } from './restart.ts';
import { reconcileAnalysis } from './rollout-analysis.ts';
import { reconcileExperiments } from './rollout-experiment.ts';
import { wakeAt } from './scale-down.ts';
import { reconcileCanaryServices } from './services.ts';
import { reconcileSizes } from './sizes.ts';
import { isFullyPromoted } from './status.ts';
import { baseStatus, becomeStable, isStartingOver, startedOver, withIndex } from './status-base.ts';
import { concludeStatus } from './status-conclusion.ts';
import { decideStepPlugins, isStepPluginDone } from './step-plugins.ts';
import { currentStep, currentStepIndex, stepText } from './steps.ts';
import { reconcileTraffic } from './traffic.ts';

/** The order is part of the behaviour: Events and the safety of a kill in between depend on it. */
export const canaryPhases: readonly Phase[] = [
  { name: 'start over on a new template or new steps', run: (pass) => (isStartingOver(pass) ? ending(writeStatus)(pass) : 'go on') },
  { name: 'restart pods', run: (pass) => (reconcileRestart(pass) ? 'end' : 'go on') },
  { name: 'ephemeral metadata', run: always(reconcileMetadata) },
  { name: 'history limit', run: always(reconcileHistory) },
  { name: 'services', run: always(reconcileServices) },
  { name: 'traffic', run: unlessProblem(reconcileTraffic) },
  { name: 'experiments', run: unlessProblem(reconcileExperiments) },
  { name: 'analysis', run: reconcileRuns },
  { name: 'sizes', run: (pass) => (reconcileSizes(pass) ? ending(writeStatus)(pass) : 'go on') },
  { name: 'pause step', run: reconcilePauseStep },
  { name: 'step plugins', run: reconcileStepPlugins },
  { name: 'status', run: ending(writeStatus) },
];

function unlessProblem(act: (pass: Pass) => void): Phase['run'] {
  return (pass) => {
    act(pass);
    return pass.problem === undefined ? 'go on' : 'end';
  };
}

function reconcileServices(pass: Pass): void {
  if (haltReason(pass.world.rollout.spec, pass.previous) === undefined) reconcileCanaryServices(pass);
}

/** What an experiment or an analysis holds up begins at once: nothing changes its size in that pass. */
function reconcileRuns(pass: Pass): Outcome {
  reconcileAnalysis(pass);
  if (pass.problem !== undefined) return 'end';
  return pass.wish.add.size > 0 ? ending(writeStatus)(pass) : 'go on';
}

/** Begins the pause of a pause step, or waits for its end. */
function reconcilePauseStep(pass: Pass): Outcome {
  const { spec } = pass.world.rollout;
  const step = currentStep(spec, pass.previous);
  if (spec.paused === true || pass.previous.promoteFull === true || step?.pause === undefined) return 'go on';
  if (pauseConditionOf(pass.previous, 'CanaryPauseStep') === undefined) {
    if (pass.previous.controllerPause !== true) {
      pass.wish.add.add('CanaryPauseStep');
      because(pass, 'status', 'a pause step begins');
    }
  } else {
    const end = pauseEnd(step, pass.previous);
    if (end !== undefined && end > pass.now) wakeAt(pass, end);
  }
  return ending(writeStatus)(pass);
}

/** The last thing of a pass: nothing changes its size, and nothing is waited for. A plugin that must be called ends the pass without a status. */
function reconcileStepPlugins(pass: Pass): Outcome {
  const { ground, previous, now } = pass;
  const { spec } = pass.world.rollout;
  const statuses = previous.canary?.stepPluginStatuses ?? [];
  if (statuses.length === 0 && stepsOf(spec).every(({ plugin }) => plugin === undefined)) return 'go on';
  const decision = decideStepPlugins(
    {
      steps: stepsOf(spec),
      statuses,
      stepIndex: currentStepIndex(spec, previous),
      isAborted: isAborted(previous, pass.wish),
      isPromoted: previous.promoteFull === true || isFullyPromoted(previous),
      phase: previous.phase,
      now,
      isDisabled: ground.isStepPluginDisabled ?? (() => false),
    },
    ground.stepPluginAnswers,
  );
  pass.stepPlugins = decision;
  if (decision.call !== undefined) return 'end';
  pass.draft.stepPluginStatuses = decision.statuses;
  for (const note of decision.notes) because(pass, 'status', '', note);
  if (decision.abort !== undefined) pass.wish.abort = decision.abort;
  if (decision.wakeAt !== undefined) wakeAt(pass, decision.wakeAt);
  return 'go on';
}

/** The status of a whole pass, from nothing: what is not set here is cleared. */
function writeStatus(pass: Pass): void {
  const { rollout } = pass.world;
  const { spec } = rollout;
  const { previous, roles } = pass;
  const { current } = roles;
  const steps = stepsOf(spec);
  const done = steps.length === 0 ? undefined : steps.length;
  let next = baseStatus(pass);

  if (isStartingOver(pass)) {
    next = startedOver(pass, next);
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
    pass.status = concludeStatus(pass, becomeStable(pass, { ...next, ...withIndex(done) }, promotion), {});
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
    pass.wish.remove.add('CanaryPauseStep');
    const { currentStepAnalysisRunStatus: _, ...canary } = next.canary ?? {};
    next = { ...next, canary };
  }
  pass.status = concludeStatus(pass, { ...next, ...withIndex(index) }, {});
}

/**
 * A pass that changes a size does not complete a weight step: the ReplicaSets are looked at once more, after the change is written.
 * So a status never claims what a write that may still fail would make true.
 */
function isStepDone(pass: Pass, step: CanaryStep): boolean {
  const { rollout } = pass.world;
  if (rollout.spec.paused === true) return false;
  if (step.pause !== undefined) return isPauseOver(step, pass.previous, pass.now);
  const areSizesReached = (): boolean => !pass.hasScaled && areCountsReached(rollout, pass.roles, pass.draft.weights);
  if (step.setCanaryScale !== undefined) return areSizesReached();
  if (step.setWeight !== undefined) return areSizesReached() && pass.isWeightVerified !== false;
  if (step.experiment !== undefined) return pass.experiment?.status?.phase === 'Successful';
  if (step.analysis !== undefined) return pass.runs.step?.status?.phase === 'Successful';
  if (step.setHeaderRoute !== undefined || step.setMirrorRoute !== undefined) return true;
  const index = currentStepIndex(rollout.spec, pass.previous);
  return step.plugin !== undefined && index !== undefined && pass.stepPlugins !== undefined && isStepPluginDone(pass.stepPlugins, index);
}
