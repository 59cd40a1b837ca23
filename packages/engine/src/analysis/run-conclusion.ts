/**
 * The second half of a decision about an AnalysisRun: from what was measured to the next status, complete and as a patch, the Events, and
 * when to look again. Begin at `concludeAnalysisRun`.
 */
import {
  type AnalysisPhase,
  type AnalysisRun,
  type AnalysisRunStatus,
  formatTime,
  type Instant,
  type Metric,
  type MetricResult,
  parseTime,
  type RunSummary,
} from '@sluice/api';
import type { MergePatch, Note } from '../plan.ts';
import { type Answer, measurementOf, nextDueAt, redactedMetadata, withMeasurement } from './measurements.ts';
import { assessMetric, limitBreach } from './metric-assessment.ts';
import { isCompletedPhase, isWorsePhase } from './phases.ts';
import { type Redact, redactorOf } from './redaction.ts';
import { type AnalysisTask, firstDueAt, isTerminating } from './run-plan.ts';
import { type PreparedMetric, prepareRun } from './run-preparation.ts';
import { effectiveCount } from './run-spec.ts';
import { runStatusPatch } from './run-status.ts';

/** What came of a task. */
export type TaskOutcome = {
  readonly task: AnalysisTask;
  /** As the source was asked about it. */
  readonly metric: Metric;
  readonly answer: Answer;
  /** What the source says about the metric itself, for a result that begins. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
};

export type AnalysisFacts = {
  readonly run: AnalysisRun;
  /** Of the tasks of a plan for this run; their metrics must still have the results that the plan saw. */
  readonly outcomes: readonly TaskOutcome[];
  /** Values that must not be written anywhere. */
  readonly secrets: readonly string[];
};

export type AnalysisConclusion = {
  /** Complete, whether or not it differs from the present one. */
  readonly status: AnalysisRunStatus;
  /** Merge patch of the run (it has no status subresource); absent when there is nothing to write. */
  readonly patch?: MergePatch;
  /** True once the patch is written. */
  readonly notes: readonly Note[];
  /** Metrics of which a source may drop all but the newest `keep` measurements, without values of Secrets. */
  readonly garbage: readonly { readonly metric: Metric; readonly keep: number }[];
  /** When to look again even if nothing changes. */
  readonly wakeAt?: Instant;
  /** One line for people. */
  readonly reason: string;
};

/** The next state of a run. One that is completed stays as it is. */
export function concludeAnalysisRun({ run, outcomes, secrets }: AnalysisFacts, now: Instant): AnalysisConclusion {
  if (run.status !== undefined && isCompletedPhase(run.status.phase)) {
    return { status: run.status, notes: [], garbage: [], reason: 'completed' };
  }
  const prepared = prepareRun(run);
  if (!prepared.ok) return failRun(run, prepared.problem);
  const results = withOutcomes(run, prepared.metrics, outcomes, redactorOf(secrets));
  const assessed = assessRun(run, prepared.metrics, results);
  const garbage: { readonly metric: Metric; readonly keep: number }[] = [];
  const trimmed = assessed.results.map((result) => {
    const found = prepared.metrics.find(({ metric }) => metric.name === result.name);
    const measurements = result.measurements ?? [];
    if (found === undefined || measurements.length <= found.kept) return result;
    garbage.push({ metric: found.metric, keep: found.kept });
    return { ...result, measurements: measurements.slice(-found.kept) };
  });
  const { phase, message } = assessed;
  const isChanged = phase !== run.status?.phase;
  const isCompleted = isCompletedPhase(phase);
  const previousMessage = run.status?.message ?? '';
  const nextMessage = isChanged ? message : previousMessage;
  const completedAt = isChanged && isCompleted ? formatTime(now) : run.status?.completedAt;
  const status: AnalysisRunStatus = {
    phase,
    ...(nextMessage === '' ? {} : { message: nextMessage }),
    startedAt: run.status?.startedAt ?? formatTime(now),
    ...(completedAt === undefined ? {} : { completedAt }),
    ...(trimmed.length === 0 ? {} : { metricResults: trimmed }),
    runSummary: assessed.runSummary,
    dryRunSummary: assessed.dryRunSummary,
  };
  const patch = runStatusPatch(run.status, status);
  const notes = [...assessed.notes, ...(isChanged && isCompleted ? [completionNote(phase)] : [])];
  const wakeAt = isCompleted ? undefined : nextLookAt({ spec: run.spec, status }, prepared.metrics, now);
  return {
    status,
    ...(patch === undefined ? {} : { patch }),
    notes,
    garbage,
    ...(wakeAt === undefined ? {} : { wakeAt }),
    reason: isChanged ? `the run is ${phase}` : 'measurements were taken or are waited for',
  };
}

/**
 * The end of a run that cannot be measured. It has no completion time, as upstream leaves it, and so no `ttlStrategy` deletes it.
 *
 * @param message - of the plan or of `resolveTask`, or what reading a Secret came to in the form that `unresolvedMessage` gives it
 */
export function failRun(run: AnalysisRun, message: string): AnalysisConclusion {
  const status: AnalysisRunStatus = { ...run.status, phase: 'Error', message };
  const patch = runStatusPatch(run.status, status);
  return { status, ...(patch === undefined ? {} : { patch }), notes: [completionNote('Error')], garbage: [], reason: message };
}

function completionNote(phase: AnalysisPhase): Note {
  return { type: typeOf(phase), reason: `AnalysisRun${phase}`, message: `Analysis Completed. Result: ${phase}` };
}

function typeOf(phase: AnalysisPhase): Note['type'] {
  return phase === 'Failed' || phase === 'Error' ? 'Warning' : 'Normal';
}

function withOutcomes(
  { status }: AnalysisRun,
  metrics: readonly PreparedMetric[],
  outcomes: readonly TaskOutcome[],
  redact: Redact,
): readonly MetricResult[] {
  const results = new Map((status?.metricResults ?? []).map((result) => [result.name, result]));
  for (const { task, metric, answer, metadata, startedAt, endedAt } of outcomes) {
    const { name, kind, measurement: previous } = task;
    const isTerminatingTask = kind === 'terminate';
    const measurement = measurementOf({ metric, previous, isTerminating: isTerminatingTask, answer, startedAt, endedAt }, redact);
    const result = results.get(name) ?? newResult(name, metrics, redactedMetadata(metadata ?? {}, redact));
    results.set(name, withMeasurement(result, measurement, previous !== undefined));
  }
  return [...results.values()];
}

function newResult(name: string, metrics: readonly PreparedMetric[], metadata: Readonly<Record<string, string>>): MetricResult {
  const isDryRun = metrics.some(({ metric, isDryRun }) => isDryRun && metric.name === name);
  return {
    name,
    phase: 'Running',
    ...(isDryRun ? { dryRun: true } : {}),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

type Assessed = {
  readonly phase: AnalysisPhase;
  readonly message: string;
  readonly results: readonly MetricResult[];
  readonly runSummary: RunSummary;
  readonly dryRunSummary: RunSummary;
  readonly notes: readonly Note[];
};

/** @see argoproj/argo-rollouts analysis/analysis.go, assessRunStatus */
function assessRun(run: AnalysisRun, metrics: readonly PreparedMetric[], before: readonly MetricResult[]): Assessed {
  const isEnding = isTerminating(run);
  const results = new Map(before.map((result) => [result.name, result]));
  const notes: Note[] = [];
  const summaries = { run: new Map<keyof RunSummary, number>(), dry: new Map<keyof RunSummary, number>() };
  const count = (isDryRun: boolean, what: keyof RunSummary): void => {
    const summary = isDryRun ? summaries.dry : summaries.run;
    summary.set(what, (summary.get(what) ?? 0) + 1);
  };
  let worst: AnalysisPhase | undefined;
  let message = run.spec.terminate === true ? 'Run Terminated' : '';
  let isEverythingCompleted = true;

  for (const { metric, isDryRun } of metrics) {
    count(isDryRun, 'count');
    const result = results.get(metric.name);
    // Its first measurement is still ahead.
    if (result === undefined) {
      isEverythingCompleted = false;
      continue;
    }
    const phase = assessMetric(metric, result, isEnding);
    let next: MetricResult = result;
    if (phase !== result.phase) {
      next = { ...result, phase, message: result.measurements?.at(-1)?.message ?? result.message ?? '' };
      if (isCompletedPhase(phase)) {
        notes.push({ type: typeOf(phase), reason: `Metric${phase}`, message: `Metric '${metric.name}' Completed. Result: ${phase}` });
      }
    }
    if (!isCompletedPhase(phase)) isEverythingCompleted = false;
    else {
      const breach = limitBreach(metric, result);
      count(isDryRun, summaryField(breach?.phase));
      if (isDryRun) {
        if (breach !== undefined) next = { ...next, message: `Metric assessed ${phase} due to ${breach.text}` };
        worst ??= 'Successful';
      } else if (worst === undefined || isWorsePhase(phase, worst)) {
        worst = phase;
        if (breach !== undefined) {
          const cause = (next.message ?? '') === '' ? '' : `: "Error Message: ${next.message}"`;
          message = `Metric "${metric.name}" assessed ${phase} due to ${breach.text}${cause}`;
        }
      }
    }
    results.set(metric.name, next);
  }

  const summed = {
    results: [...results.values()],
    runSummary: Object.fromEntries(summaries.run),
    dryRunSummary: Object.fromEntries(summaries.dry),
    notes,
  };
  if (isEnding) return { ...summed, phase: worst ?? 'Successful', message };
  if (!isEverythingCompleted || worst === undefined) return { ...summed, phase: 'Running', message: '' };
  return { ...summed, phase: worst, message };
}

function summaryField(phase: AnalysisPhase | undefined): keyof RunSummary {
  if (phase === 'Failed') return 'failed';
  if (phase === 'Inconclusive') return 'inconclusive';
  return phase === 'Error' ? 'error' : 'successful';
}

/** The earliest instant at which a metric that is not completed wants something. */
function nextLookAt(run: Pick<AnalysisRun, 'spec' | 'status'>, metrics: readonly PreparedMetric[], now: Instant): Instant | undefined {
  const isEnding = isTerminating(run);
  let earliest: Instant | undefined;
  for (const { metric } of metrics) {
    const at = nextLookAtMetric(run, metric, isEnding, now);
    if (at !== undefined) earliest = Math.min(earliest ?? at, at);
  }
  return earliest;
}

function nextLookAtMetric(run: Pick<AnalysisRun, 'spec' | 'status'>, metric: Metric, isEnding: boolean, now: Instant): Instant | undefined {
  const result = run.status?.metricResults?.find(({ name }) => name === metric.name);
  if (isCompletedPhase(result?.phase)) return undefined;
  // What has begun to end is ended by the very next pass.
  if (isEnding) return now;
  const last = result?.measurements?.at(-1);
  if (last === undefined) return Math.max(now, firstDueAt(run, metric) ?? now);
  if (!isCompletedPhase(last.phase)) return Math.max(now, parseTime(last.resumeAt) ?? now);
  const count = effectiveCount(metric);
  if (count !== undefined && (result?.count ?? 0) >= count) return undefined;
  return Math.max(now, nextDueAt(metric, last) ?? now);
}
