/**
 * The first half of a decision about an AnalysisRun: what is to be measured now. Measuring takes time and lies outside; what came of it
 * goes into the second half, `run-conclusion.ts`. Begin at `planAnalysisRun`.
 */
import {
  type AnalysisArgument,
  type AnalysisRun,
  type Instant,
  type Measurement,
  type Metric,
  parseGoDuration,
  parseTime,
  type SecretKeyReference,
} from '@sluice/api';
import { nextDueAt } from './measurements.ts';
import { resolveMetrics } from './metric-arguments.ts';
import { isCompletedPhase } from './phases.ts';
import { type PreparedMetric, prepareRun, unresolvedMessage } from './run-preparation.ts';
import { effectiveCount } from './run-spec.ts';

/** One thing to ask a metric source. `measurement` is the one to go on with. */
export type AnalysisTask = {
  readonly kind: 'measure' | 'resume' | 'terminate';
  /** Its name in the status. */
  readonly name: string;
  /** As in the spec; what a source is asked comes from `resolveTask`. */
  readonly template: Metric;
  readonly measurement?: Measurement;
};

export type AnalysisPlan =
  /** Nothing is to be done before `wakeAt`; absent: before something changes. */
  | { readonly kind: 'rest'; readonly wakeAt?: Instant; readonly reason: string }
  /** Its time after completion is over. */
  | { readonly kind: 'delete'; readonly reason: string }
  /** It cannot be measured at all: to be concluded with `failRun`. */
  | { readonly kind: 'fail'; readonly message: string; readonly reason: string }
  /** The tasks are independent of each other, possibly none; then conclude. `secrets` are needed to carry them out. */
  | {
      readonly kind: 'measure';
      readonly tasks: readonly AnalysisTask[];
      readonly secrets: readonly SecretKeyReference[];
      readonly reason: string;
    };

/** What is to be done about a run now. */
export function planAnalysisRun(run: AnalysisRun, now: Instant): AnalysisPlan {
  if (isCompletedPhase(run.status?.phase)) return planOfCompleted(run, now);
  const prepared = prepareRun(run);
  if (!prepared.ok) return { kind: 'fail', message: prepared.problem, reason: prepared.problem };
  const isEnding = isTerminating(run);
  const tasks = prepared.metrics.flatMap((metric) => taskOf(run, metric, isEnding, now) ?? []);
  const secrets = tasks.length === 0 ? [] : (run.spec.args ?? []).flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
  const reason = tasks.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  return { kind: 'measure', tasks, secrets, reason: reason === '' ? 'nothing is due' : reason };
}

/** Whether no new measurements are to begin: asked for, or a metric that counts has come to a bad end. */
export function isTerminating({ spec, status }: Pick<AnalysisRun, 'spec' | 'status'>): boolean {
  if (spec.terminate === true) return true;
  return (status?.metricResults ?? []).some(
    ({ phase, dryRun }) => dryRun !== true && (phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive'),
  );
}

function taskOf(run: AnalysisRun, { metric, template }: PreparedMetric, isEnding: boolean, now: Instant): AnalysisTask | undefined {
  const { name } = metric;
  const result = run.status?.metricResults?.find((entry) => entry.name === name);
  if (isCompletedPhase(result?.phase)) return undefined;
  const last = result?.measurements?.at(-1);
  if (last !== undefined && !isCompletedPhase(last.phase)) {
    if (isEnding) return { kind: 'terminate', name, template, measurement: last };
    const resumeAt = parseTime(last.resumeAt);
    return resumeAt !== undefined && now < resumeAt ? undefined : { kind: 'resume', name, template, measurement: last };
  }
  if (isEnding) return undefined;
  if (last === undefined) {
    const firstAt = firstDueAt(run, metric);
    return firstAt !== undefined && now >= firstAt ? { kind: 'measure', name, template } : undefined;
  }
  const count = effectiveCount(metric);
  if (count !== undefined && (result?.count ?? 0) >= count) return undefined;
  return now >= (nextDueAt(metric, last) ?? now) ? { kind: 'measure', name, template } : undefined;
}

/** When the first measurement of a metric is due: at once, or its delay after the run has started. `undefined` until it has. */
export function firstDueAt({ status }: Pick<AnalysisRun, 'status'>, { initialDelay }: Metric): Instant | undefined {
  if (initialDelay === undefined || initialDelay === '') return Number.NEGATIVE_INFINITY;
  const startedAt = parseTime(status?.startedAt);
  const delay = parseGoDuration(initialDelay);
  return startedAt === undefined || !delay.ok ? undefined : startedAt + delay.milliseconds;
}

/**
 * A completed run stays for the time that its `ttlStrategy` gives it. Runs that ended in Error or Inconclusive have only
 * `secondsAfterCompletion`; one that could not be measured at all has no completion time, and stays.
 */
function planOfCompleted({ spec, status }: AnalysisRun, now: Instant): AnalysisPlan {
  const completedAt = parseTime(status?.completedAt);
  const { secondsAfterCompletion, secondsAfterFailure, secondsAfterSuccess } = spec.ttlStrategy ?? {};
  const ofPhase = { Successful: secondsAfterSuccess, Failed: secondsAfterFailure }[(status?.phase ?? '') as 'Successful' | 'Failed'];
  const ttlSeconds = ofPhase ?? secondsAfterCompletion;
  if (completedAt === undefined || ttlSeconds === undefined) return { kind: 'rest', reason: 'completed' };
  // Whole seconds must exceed it.
  const endsAt = completedAt + (ttlSeconds + 1) * 1000;
  if (now < endsAt) return { kind: 'rest', wakeAt: endsAt, reason: `completed, kept for ${ttlSeconds} s` };
  return { kind: 'delete', reason: `completed for more than ${ttlSeconds} s` };
}

/** A value of a Secret, by the reference that names it. */
export type SecretValue = SecretKeyReference & { readonly value: string };

export type ResolvedTask = { readonly ok: true; readonly metric: Metric } | { readonly ok: false; readonly message: string };

/**
 * The metric of a task as a source is asked about it, values of Secrets included.
 *
 * @param secrets - values of all that the plan asked for
 * @returns otherwise the message for `failRun`
 */
export function resolveTask({ spec }: AnalysisRun, task: AnalysisTask, secrets: readonly SecretValue[]): ResolvedTask {
  const args = (spec.args ?? []).map((argument): AnalysisArgument => {
    const reference = argument.valueFrom?.secretKeyRef;
    if (reference === undefined) return argument;
    const value = secrets.find(({ name, key }) => name === reference.name && key === reference.key)?.value;
    return { name: argument.name, ...(value === undefined ? {} : { value }) };
  });
  const resolved = resolveMetrics([task.template], args);
  if (!resolved.ok) return { ok: false, message: unresolvedMessage(resolved.problem) };
  return { ok: true, metric: resolved.metrics[0] ?? task.template };
}
