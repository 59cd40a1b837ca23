/** The Experiment of a canary step: created, followed to its outcome, and ended when the update goes another way. */
import { experimentType } from '@sluice/api';
import { stepsOf } from './defaults.ts';
import { notes } from './events.ts';
import { experimentOfStep, isSameExperimentSpec } from './experiments/experiment-step.ts';
import { claimOrCreate, excessOwned, historyLimits, instanceIdOf, removeOwned, terminate } from './owned-objects.ts';
import { because, type Pass } from './pass.ts';
import { isAborted, pauseConditionOf } from './pause.ts';
import { objectWrite } from './plan.ts';
import { revisionOf } from './replica-sets.ts';
import { currentStep, currentStepIndex } from './steps.ts';

/** @see argoproj/argo-rollouts rollout/experiment.go reconcileExperiments */
export function reconcileExperiments(pass: Pass): void {
  const { spec } = pass.world.rollout;
  if (pass.world.experiments.length === 0 && stepsOf(spec).every(({ experiment }) => experiment === undefined)) return;
  if (isAborted(pass.previous, pass.wish) || pass.previous.promoteFull === true) {
    for (const experiment of pass.world.experiments) terminate(pass, experiment);
    return;
  }
  if (pauseConditionOf(pass.previous, 'InconclusiveAnalysisRun') !== undefined) return;
  const isExperimentStep = currentStep(spec, pass.previous)?.experiment !== undefined;
  if (isExperimentStep) {
    // After an inconclusive one a person decides before another begins.
    if (pass.experiment === undefined && pauseConditionOf(pass.previous, 'InconclusiveExperiment') === undefined) begin(pass);
    judge(pass);
  }
  if (pass.problem !== undefined) return;
  const current = isExperimentStep ? pass.experiment?.metadata.name : undefined;
  const others = pass.world.experiments.filter(({ metadata }) => metadata.name !== current);
  for (const experiment of others) terminate(pass, experiment);
  const kept = pass.world.experiments.filter(({ metadata }) => metadata.name !== current);
  removeOwned(pass, excessOwned(kept, pass.roles.all, historyLimits(pass)), 'more than the Rollout keeps');
}

function begin(pass: Pass): void {
  const { rollout } = pass.world;
  const { current, stable } = pass.roles;
  const stepIndex = currentStepIndex(rollout.spec, pass.previous);
  const step = currentStep(rollout.spec, pass.previous)?.experiment;
  // Nothing to compare with on the first deployment.
  if (step === undefined || stepIndex === undefined || current === undefined || stable === undefined) return;
  const instanceId = instanceIdOf(pass);
  const made = experimentOfStep({
    rollout,
    step,
    stepIndex,
    revision: revisionOf(rollout),
    current,
    stable,
    hash: pass.hash,
    ...(instanceId === undefined ? {} : { instanceId }),
  });
  if (!made.ok) {
    pass.problem = made.problem;
    return;
  }
  const { object, isNew } = claimOrCreate(
    pass,
    pass.world.experiments,
    made.value,
    (base, attempt) => `${base}-${attempt}`,
    (present, sought) => isSameExperimentSpec(present.spec, sought.spec),
  );
  pass.experiment = object;
  if (!isNew) return;
  pass.world = { ...pass.world, experiments: [...pass.world.experiments, object] };
  pass.hasActed = true;
  const { name = '', namespace = '' } = object.metadata;
  because(pass, objectWrite(experimentType, namespace, name), 'an experiment step begins', notes.experimentCreated(name));
}

function judge(pass: Pass): void {
  const experiment = pass.experiment;
  if (experiment === undefined) return;
  const phase = experiment.status?.phase;
  if (phase === 'Inconclusive') {
    pass.wish.add.add('InconclusiveExperiment');
    because(pass, 'status', 'the experiment is inconclusive');
  } else if (phase === 'Failed' || phase === 'Error') {
    pass.wish.abort = experiment.status?.message ?? '';
    because(pass, 'status', `the experiment is ${phase}`);
  } else if (phase !== 'Successful') pass.draft.experiment = experiment.metadata.name;
}
