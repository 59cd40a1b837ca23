/**
 * One analysis of an Experiment in one pass: its run is created once the templates are available, followed to its end, and ended with the
 * Experiment.
 *
 * @see argoproj/argo-rollouts experiments/experiment.go, reconcileAnalysisRun
 */
import {
  type AnalysisRun,
  type AnalysisRunSpec,
  controllerOf,
  type Experiment,
  type ExperimentAnalysis,
  type ExperimentStatus,
  labels,
  parseTime,
} from '@sluice/api';
import { isCompletedPhase } from '../analysis/phases.ts';
import { type BuildProblem, buildRunSpec, isSameRunSpec } from '../analysis/run-spec.ts';
import { createdAt } from '../replica-sets.ts';
import { resolveExperimentArguments } from './argument-tags.ts';
import { experimentNotes } from './events.ts';
import { because, type Pass, refusalOf, tell } from './pass.ts';
import { ownerReference } from './replica-set.ts';
import { type RunEntry, runEntry, withEntry } from './status.ts';

export function reconcileAnalysis(pass: Pass, analysis: ExperimentAnalysis): void {
  const previous: RunEntry = runEntry(pass.previous, analysis.name) ?? { name: analysis.name, analysisRun: '', phase: '' };
  const next = nextEntry(pass, analysis, previous);
  if (next.phase !== '' && next.phase !== previous.phase) {
    tell(pass, experimentNotes.analysisRun(analysis.name, previous.phase, next.phase, next.message ?? ''), 'status', true);
    because(pass, 'status', `analysis ${analysis.name} is ${next.phase}`);
  }
  const entries = withEntry<RunEntry>(pass.status.analysisRuns, next);
  pass.status = { ...pass.status, analysisRuns: entries as NonNullable<ExperimentStatus['analysisRuns']> };
}

function nextEntry(pass: Pass, analysis: ExperimentAnalysis, previous: RunEntry): RunEntry {
  if (pass.previous.availableAt === undefined) {
    const missing = missingTemplate(pass, analysis);
    if (missing === undefined) return previous;
    const kind = analysis.clusterScope === true ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate';
    return failed(previous, `${kind} verification failed for analysis '${analysis.name}': ${missing}`);
  }
  if (previous.analysisRun === '') return pass.isTerminating ? previous : startRun(pass, analysis, previous);
  if (isCompletedPhase(previous.phase)) return previous;
  const run = pass.world.runs.find(({ metadata }) => metadata.name === previous.analysisRun);
  if (run === undefined) return failed(previous, `analysisrun.argoproj.io "${previous.analysisRun}" not found`);
  // From here on its state is not taken over any more (upstream's behaviour, kept).
  if (pass.isTerminating) return terminateRun(pass, analysis, previous, run);
  const { phase = '', message = '' } = run.status ?? {};
  // Nobody has looked at it yet.
  if (phase === '') return previous;
  return { name: previous.name, analysisRun: previous.analysisRun, phase, ...(message === '' ? {} : { message }) };
}

function failed(entry: RunEntry, message: string): RunEntry {
  return { ...entry, phase: 'Error', message };
}

function missingTemplate({ facts }: Pass, { templateName, clusterScope = false }: ExperimentAnalysis): string | undefined {
  const { template, clusterTemplate } = facts.templates;
  const found = clusterScope ? clusterTemplate(templateName) : template(templateName);
  return found === undefined ? notFound(templateName, clusterScope) : undefined;
}

/** As the API would say it. */
function notFound(name: string, clusterScope: boolean): string {
  return `${clusterScope ? 'clusteranalysistemplate' : 'analysistemplate'}.argoproj.io "${name}" not found`;
}

/**
 * A run of an earlier pass that was cut off before its status was written is taken over. Whoever else has the name makes it `<name>.1`,
 * `<name>.2`.
 */
function startRun(pass: Pass, analysis: ExperimentAnalysis, previous: RunEntry): RunEntry {
  const problem = (message: string): RunEntry =>
    failed(previous, `Failed to create AnalysisRun for analysis '${analysis.name}': ${message}`);
  const refusal = refusalOf(pass, 'create-run', analysis.name);
  if (refusal !== undefined) return problem(refusal);
  const { experiment } = pass.world;
  const args = resolveExperimentArguments(analysis.args ?? [], pass.world);
  if (!args.ok) return problem(args.problem);
  const { templateName, clusterScope = false } = analysis;
  const { dryRun, measurementRetention } = experiment.spec;
  const built = buildRunSpec(
    {
      templates: [{ templateName, clusterScope }],
      args: args.value,
      ...(dryRun === undefined ? {} : { dryRun }),
      ...(measurementRetention === undefined ? {} : { measurementRetention }),
    },
    pass.facts.templates,
  );
  if (!built.ok) return problem(textOf(built.problem));

  const base = `${experiment.metadata.name ?? ''}-${analysis.name}`;
  for (let count = 0; ; count++) {
    const name = count === 0 ? base : `${base}.${count}`;
    const present = pass.world.runs.find(({ metadata }) => metadata.name === name);
    if (present === undefined) {
      const run = newRun(pass, name, built.value);
      pass.world = { ...pass.world, runs: [...pass.world.runs, run] };
      pass.actions.push({ kind: 'CreateAnalysisRun', of: analysis.name, run, reason: `analysis ${analysis.name} begins` });
    } else if (!isOurs(present, experiment, built.value)) continue;
    pass.hasActed = true;
    return { ...previous, phase: 'Pending', analysisRun: name };
  }
}

function textOf(problem: BuildProblem): string {
  return problem.kind === 'not-found' ? notFound(problem.name, problem.clusterScope) : problem.message;
}

/**
 * Owned and with the same spec. One that is over already is of an earlier try (`retry experiment` clears the status), unless it was created
 * since the templates became available: then it ended while nobody was there. Upstream starts another run for that one.
 */
function isOurs(run: AnalysisRun, { metadata: { uid }, status }: Experiment, spec: AnalysisRunSpec): boolean {
  if (uid === undefined || controllerOf(run)?.uid !== uid || !isSameRunSpec(run.spec, spec)) return false;
  return !isCompletedPhase(run.status?.phase) || createdAt(run) >= (parseTime(status?.availableAt) ?? Number.POSITIVE_INFINITY);
}

function newRun({ world: { experiment } }: Pass, name: string, spec: AnalysisRunSpec): AnalysisRun {
  const { namespace } = experiment.metadata;
  const instanceId = experiment.metadata.labels?.[labels.instanceId] ?? '';
  const extra = experiment.spec.analysisRunMetadata;
  const runLabels = { ...(instanceId === '' ? {} : { [labels.instanceId]: instanceId }), ...extra?.labels };
  const runAnnotations = { ...extra?.annotations };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(Object.keys(runLabels).length === 0 ? {} : { labels: runLabels }),
      ...(Object.keys(runAnnotations).length === 0 ? {} : { annotations: runAnnotations }),
      ownerReferences: [ownerReference(experiment)],
    },
    spec,
    status: { phase: '', runSummary: {} },
  };
}

function terminateRun(pass: Pass, analysis: ExperimentAnalysis, previous: RunEntry, run: AnalysisRun): RunEntry {
  if (isCompletedPhase(run.status?.phase) || run.spec.terminate === true) return previous;
  const { name = '' } = run.metadata;
  tell(pass, experimentNotes.analysisRunTerminating(analysis.name, name), `run/${name}`);
  const refusal = refusalOf(pass, 'terminate-run', analysis.name);
  if (refusal !== undefined) return failed(previous, refusal);
  const patch = { spec: { terminate: true } };
  pass.actions.push({
    kind: 'TerminateAnalysisRun',
    of: analysis.name,
    name,
    patch,
    reason: `analysis ${analysis.name} ends with the experiment`,
  });
  pass.world = {
    ...pass.world,
    runs: pass.world.runs.map((other) => (other === run ? { ...run, spec: { ...run.spec, terminate: true } } : other)),
  };
  pass.hasActed = true;
  return previous;
}
