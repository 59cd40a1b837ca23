/**
 * The AnalysisRuns that a strategy wants: when one is begun, what its outcome does to the Rollout, and when it is ended early.
 *
 * @see argoproj/argo-rollouts rollout/analysis.go
 */
import {
  type AnalysisPhase,
  type AnalysisRun,
  analysisRunType,
  annotations,
  labels,
  type RolloutAnalysis,
  type RolloutAnalysisRunStatus,
} from '@sluice/api';
import { argumentsOfRollout } from './analysis/rollout-arguments.ts';
import { buildRunSpec, isSameRunSpec } from './analysis/run-spec.ts';
import { blueGreenOf, canaryOf, isBlueGreen } from './defaults.ts';
import { notes } from './events.ts';
import { claimOrCreate, excessOwned, historyLimits, instanceIdOf, removeOwned, terminate } from './owned-objects.ts';
import { because, type CurrentRuns, type Pass } from './pass.ts';
import { isAborted, pauseConditionOf } from './pause.ts';
import { objectWrite } from './plan.ts';
import { isFastRollback } from './promotion.ts';
import { availableOf, hashOf, isSaturated, revisionOf, sizeOf } from './replica-sets.ts';
import { isFullyPromoted } from './status.ts';
import { currentStep, currentStepIndex } from './steps.ts';

/** One place in a strategy where an analysis may stand. */
type Role = {
  readonly key: keyof CurrentRuns;
  /** Value of the `rollout-type` label, and how Events call it. */
  readonly type: 'Step' | 'Background' | 'PrePromotion' | 'PostPromotion';
  /** How an abort names it. */
  readonly title: string;
};

const step: Role = { key: 'step', type: 'Step', title: 'Step-based analysis' };
const background: Role = { key: 'background', type: 'Background', title: 'Background analysis' };
const prePromotion: Role = { key: 'prePromotion', type: 'PrePromotion', title: 'Blue/green pre-promotion analysis' };
const postPromotion: Role = { key: 'postPromotion', type: 'PostPromotion', title: 'Blue/green post-promotion analysis' };

/** Events are told in this order. */
const roles: readonly Role[] = [postPromotion, prePromotion, step, background];

/** Begins, judges and ends the runs of the strategy. A spec that cannot be built ends the pass as a problem. */
export function reconcileAnalysis(pass: Pass): void {
  const { rollout } = pass.world;
  const { previous } = pass;
  const nothingToJudge =
    isFullyPromoted(previous) ||
    isAborted(previous, pass.wish) ||
    previous.promoteFull === true ||
    (previous.stableRS ?? '') === '' ||
    isFastRollback(rollout, pass.roles, pass.isCurrentKept);
  if (nothingToJudge) {
    for (const run of pass.world.analysisRuns) terminate(pass, run);
    // A canary forgets its runs, blue-green keeps them in its status.
    if (isBlueGreen(rollout.spec)) record(pass, pass.runs);
    return;
  }
  const next: CurrentRuns = isBlueGreen(rollout.spec)
    ? { prePromotion: reconcilePrePromotion(pass), postPromotion: reconcilePostPromotion(pass) }
    : { step: reconcileStep(pass), background: reconcileBackground(pass) };
  if (pass.problem !== undefined) return;
  record(pass, next);
  const current = new Set(Object.values(next).map((run) => run?.metadata.name));
  const others = pass.world.analysisRuns.filter(({ metadata }) => !current.has(metadata.name));
  for (const run of others) terminate(pass, run);
  const kept = pass.world.analysisRuns.filter(({ metadata }) => !current.has(metadata.name));
  removeOwned(pass, excessOwned(kept, pass.roles.all, historyLimits(pass)), 'more than the Rollout keeps');
  tellChanges(pass, next);
}

function record(pass: Pass, runs: CurrentRuns): void {
  pass.runs = runs;
  for (const { key } of roles) pass.draft[key] = recordOf(runs[key]);
}

function recordOf(run: AnalysisRun | undefined): RolloutAnalysisRunStatus | undefined {
  if (run === undefined) return undefined;
  const { phase = '', message } = run.status ?? {};
  return { name: run.metadata.name ?? '', status: phase, ...(message === undefined || message === '' ? {} : { message }) };
}

function recordedIn(pass: Pass, { key }: Role): RolloutAnalysisRunStatus | undefined {
  const { canary, blueGreen } = pass.previous;
  return {
    step: canary?.currentStepAnalysisRunStatus,
    background: canary?.currentBackgroundAnalysisRunStatus,
    prePromotion: blueGreen?.prePromotionAnalysisRunStatus,
    postPromotion: blueGreen?.postPromotionAnalysisRunStatus,
  }[key];
}

/** A run just begun has no phase and is not told of. */
function tellChanges(pass: Pass, runs: CurrentRuns): void {
  for (const role of roles) {
    const run = runs[role.key];
    const phase = run?.status?.phase ?? '';
    if (run === undefined || phase === '') continue;
    const before = recordedIn(pass, role);
    if (before !== undefined && (before.name !== run.metadata.name || before.status === phase)) continue;
    because(
      pass,
      'status',
      `${role.title} is ${phase}`,
      notes.analysisRun(role.type, run.metadata.name ?? '', phase, before?.status ?? 'NoPreviousStatus'),
    );
  }
}

function reconcileStep(pass: Pass): AnalysisRun | undefined {
  const { spec } = pass.world.rollout;
  const run = pass.runs.step;
  if ((pass.previous.pauseConditions ?? []).length > 0 || pass.previous.abort === true) return run;
  const index = currentStepIndex(spec, pass.previous);
  const analysis = currentStep(spec, pass.previous)?.analysis;
  const isOfOtherStep = run !== undefined && run.metadata.labels?.[labels.stepIndex] !== String(index);
  if (analysis === undefined || index === undefined || isOfOtherStep) {
    terminate(pass, run);
    return undefined;
  }
  if (needsNewRun(pass, run)) return begin(pass, step, analysis, `-${index}`, { [labels.stepIndex]: String(index) });
  judge(pass, step, run);
  return run;
}

function reconcileBackground(pass: Pass): AnalysisRun | undefined {
  const { spec } = pass.world.rollout;
  const run = pass.runs.background;
  const { analysis } = canaryOf(spec);
  if (analysis === undefined) {
    terminate(pass, run);
    return undefined;
  }
  const index = currentStepIndex(spec, pass.previous);
  const isBeforeStart = currentStep(spec, pass.previous) !== undefined && index !== undefined && index < (analysis.startingStep ?? 0);
  if (isBeforeStart) return undefined;
  if (pauseConditionOf(pass.previous, 'InconclusiveAnalysisRun') !== undefined) return run;
  if (needsNewRun(pass, run)) return begin(pass, background, analysis, '', {});
  judge(pass, background, run);
  return run;
}

function reconcilePrePromotion(pass: Pass): AnalysisRun | undefined {
  const { prePromotionAnalysis, previewReplicaCount } = blueGreenOf(pass.world.rollout.spec);
  const { current } = pass.roles;
  const active = pass.previous.blueGreen?.activeSelector ?? '';
  const isOver = active === '' || active === hashOf(current) || pass.previous.stableRS === hashOf(current);
  const isUp =
    previewReplicaCount === undefined
      ? isSaturated(pass.world.rollout.spec, current)
      : sizeOf(current) === previewReplicaCount && availableOf(current) === previewReplicaCount;
  return reconcilePromotion(pass, prePromotion, prePromotionAnalysis, '-pre', isOver, isUp);
}

function reconcilePostPromotion(pass: Pass): AnalysisRun | undefined {
  const { postPromotionAnalysis } = blueGreenOf(pass.world.rollout.spec);
  const { current } = pass.roles;
  const isOver = pass.previous.stableRS === hashOf(current) || (pass.previous.blueGreen?.activeSelector ?? '') !== hashOf(current);
  return reconcilePromotion(pass, postPromotion, postPromotionAnalysis, '-post', isOver, isSaturated(pass.world.rollout.spec, current));
}

/** The status of the pass before decides, so that a run begins one pass after the switch that it looks at. */
function reconcilePromotion(
  pass: Pass,
  role: Role,
  analysis: RolloutAnalysis | undefined,
  suffix: string,
  isOver: boolean,
  isUp: boolean,
): AnalysisRun | undefined {
  const run = pass.runs[role.key];
  if (analysis === undefined) {
    terminate(pass, run);
    return undefined;
  }
  if (isOver || (run === undefined && !isUp)) {
    terminate(pass, run);
    return run;
  }
  if (pauseConditionOf(pass.previous, 'InconclusiveAnalysisRun') !== undefined) return run;
  if (needsNewRun(pass, run)) return begin(pass, role, analysis, suffix, {});
  judge(pass, role, run);
  return run;
}

/** None yet; a person went on after an inconclusive one; or an aborted update is tried again. */
function needsNewRun({ previous }: Pass, run: AnalysisRun | undefined): run is undefined {
  if (run === undefined) return true;
  const isHeld = (['CanaryPauseStep', 'BlueGreenPause'] as const).some((reason) => pauseConditionOf(previous, reason) !== undefined);
  if (previous.controllerPause === true && !isHeld) return run.status?.phase === 'Inconclusive';
  return previous.abortedAt !== undefined;
}

function judge(pass: Pass, { title }: Role, run: AnalysisRun): void {
  const phase: AnalysisPhase | '' = run.status?.phase ?? '';
  if (phase === 'Inconclusive') {
    pass.wish.add.add('InconclusiveAnalysisRun');
    because(pass, 'status', `${title} is inconclusive`);
  } else if (phase === 'Failed' || phase === 'Error') {
    const message = run.status?.message ?? '';
    pass.wish.abort = `${title} phase error/failed${message === '' ? '' : `: ${message}`}`;
    because(pass, 'status', `${title} is ${phase}`);
  }
}

/** @see argoproj/argo-rollouts rollout/analysis.go newAnalysisRunFromRollout */
function begin(
  pass: Pass,
  role: Role,
  analysis: RolloutAnalysis,
  suffix: string,
  roleLabels: Readonly<Record<string, string>>,
): AnalysisRun | undefined {
  const { rollout } = pass.world;
  const { name = '', namespace = '', uid = '' } = rollout.metadata;
  const hash = hashOf(pass.roles.current);
  const args = argumentsOfRollout(analysis.args ?? [], rollout, { latest: hash, stable: hashOf(pass.roles.stable) });
  if (!args.ok) return fail(pass, args.problem.message);
  const spec = buildRunSpec(
    {
      templates: analysis.templates ?? [],
      args: args.value,
      ...(analysis.dryRun === undefined ? {} : { dryRun: analysis.dryRun }),
      ...(analysis.measurementRetention === undefined ? {} : { measurementRetention: analysis.measurementRetention }),
    },
    pass.ground.templates,
  );
  if (!spec.ok) return fail(pass, spec.problem.message);
  const revision = revisionOf(rollout);
  const instanceId = instanceIdOf(pass);
  const wanted: AnalysisRun = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      name: `${name}-${hash}-${revision}${suffix}`,
      namespace,
      labels: {
        [labels.podTemplateHash]: hash,
        [labels.rolloutType]: role.type,
        ...roleLabels,
        ...(instanceId === undefined ? {} : { [labels.instanceId]: instanceId }),
        ...analysis.analysisRunMetadata?.labels,
        ...rollout.spec.selector?.matchLabels,
      },
      annotations: { [annotations.revision]: String(revision), ...analysis.analysisRunMetadata?.annotations },
      ownerReferences: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: spec.value,
    status: { phase: '', runSummary: {} },
  };
  const { object, isNew } = claimOrCreate(
    pass,
    pass.world.analysisRuns,
    wanted,
    (base, attempt) => `${base}.${attempt}`,
    (present, sought) => isSameRunSpec(present.spec, sought.spec),
  );
  if (isNew) {
    pass.world = { ...pass.world, analysisRuns: [...pass.world.analysisRuns, object] };
    pass.hasActed = true;
    because(pass, objectWrite(analysisRunType, namespace, object.metadata.name ?? ''), `${role.title} begins`);
  }
  return object;
}

function fail(pass: Pass, problem: string): undefined {
  pass.problem = problem;
}
