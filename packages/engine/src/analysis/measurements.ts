/** One measurement: from what a source answered to what stands in the status, and how it counts. */
import {
  type AnalysisPhase,
  formatTime,
  type Instant,
  type Measurement,
  type Metric,
  type MetricResult,
  parseGoDuration,
  parseTime,
} from '@sluice/api';
import { evaluateConditions } from '../expression/metric-conditions.ts';
import type { MetricReading } from '../ports/metric-source.ts';
import { isCompletedPhase } from './phases.ts';
import type { Redact } from './redaction.ts';

/** After a measurement that was an error, and where a metric has no interval. */
const retryMs = 10_000;

/** Times of the API have whole seconds: a shorter interval would be none, and a loop that never rests. */
const intervalMsMin = 1_000;

/** Longer texts of a source are cut: an object of the API holds about a million characters in all. */
const textMax = 16_384;

export type Answer = { readonly ok: true; readonly reading: MetricReading } | { readonly ok: false; readonly message: string };

export type MeasurementQuestion = {
  /** With values of Secrets in it: only its conditions are read. */
  readonly metric: Metric;
  /** What is gone on with. */
  readonly previous: Measurement | undefined;
  readonly isTerminating: boolean;
  readonly answer: Answer;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
};

/** The measurement after a source has answered, with nothing in it that `redact` takes out. */
export function measurementOf(question: MeasurementQuestion, redact: Redact): Measurement {
  const { previous, startedAt, endedAt, isTerminating } = question;
  const found = readAnswer(question);
  const text = (value: string): string => cut(redact(value));
  // What is terminated is over, whatever the source says: nobody would look at it again.
  const phase = isTerminating && !isCompletedPhase(found.phase) ? 'Inconclusive' : found.phase;
  const isDone = isCompletedPhase(phase);
  const message = isTerminating && (phase === 'Successful' || phase === 'Inconclusive') ? 'Metric Terminated' : text(found.message ?? '');
  const value = found.value === undefined ? (previous?.value ?? '') : text(found.value);
  const metadata = { ...previous?.metadata, ...redactedMetadata(found.metadata ?? {}, text) };
  const resumeAt = isDone ? previous?.resumeAt : formatTime(found.resumeAt ?? endedAt + retryMs);
  return {
    phase,
    ...(message === '' ? {} : { message }),
    startedAt: previous?.startedAt ?? formatTime(startedAt),
    ...(isDone ? { finishedAt: formatTime(endedAt) } : {}),
    ...(resumeAt === undefined ? {} : { resumeAt }),
    ...(value === '' ? {} : { value }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}

type Found = {
  readonly phase: AnalysisPhase;
  readonly message?: string;
  readonly value?: string;
  readonly resumeAt?: Instant;
  readonly metadata?: unknown;
};

const phases: readonly unknown[] = ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'];

/** Sources are other people's code too, plugins among them: whatever they answer becomes a measurement. */
function readAnswer({ metric, answer, endedAt }: MeasurementQuestion): Found {
  if (!answer.ok) return { phase: 'Error', message: answer.message };
  const reading: Partial<Record<keyof Extract<MetricReading, { kind: 'verdict' }> | 'result', unknown>> = answer.reading ?? {};
  const { metadata } = reading;
  const value = typeof reading.value === 'string' ? reading.value : undefined;
  if (reading.kind === 'verdict' && phases.includes(reading.phase)) {
    return {
      phase: reading.phase as AnalysisPhase,
      metadata,
      ...(value === undefined ? {} : { value }),
      ...(typeof reading.message === 'string' ? { message: reading.message } : {}),
      ...(isInstant(reading.resumeAt) ? { resumeAt: reading.resumeAt } : {}),
    };
  }
  if (reading.kind !== 'value') return { phase: 'Error', message: 'the metric provider gave an answer that cannot be read' };
  try {
    const { successCondition, failureCondition } = metric;
    const verdict = evaluateConditions(
      {
        result: reading.result,
        ...(successCondition === undefined ? {} : { successCondition }),
        ...(failureCondition === undefined ? {} : { failureCondition }),
      },
      endedAt,
    );
    // A result that cannot be judged has no value, as upstream has it.
    if (!verdict.ok) return { phase: 'Error', message: verdict.problem, metadata };
    return { phase: verdict.phase, metadata, value: value ?? '' };
  } catch (error) {
    return {
      phase: 'Error',
      message: `could not evaluate the conditions: ${error instanceof Error ? error.message : String(error)}`,
      metadata,
    };
  }
}

/** The last day of the year 9999: times of the API have four digits for the year. */
const instantMax = 253_402_214_400_000;

function isInstant(value: unknown): value is Instant {
  return typeof value === 'number' && value >= 0 && value <= instantMax;
}

/** Names of objects that a source finds its way back by; they are no secrets, and without them it is lost. */
const identities: ReadonlySet<string> = new Set(['job-name', 'job-namespace']);

export function redactedMetadata(metadata: unknown, redact: Redact): Readonly<Record<string, string>> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return {};
  const texts = Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts.map(([key, value]) => [key, identities.has(key) ? value : cut(redact(value))]));
}

function cut(text: string): string {
  return text.length <= textMax ? text : `${text.slice(0, textMax)}…`;
}

/** Puts a measurement into a result: in place of the one it goes on with, or behind the others. Completed ones are counted. */
export function withMeasurement(result: MetricResult, measurement: Measurement, isContinued: boolean): MetricResult {
  const before = result.measurements ?? [];
  const measurements = [...(isContinued ? before.slice(0, -1) : before), measurement];
  return { ...counted(result, measurement.phase), measurements };
}

/** An error does not count as a measurement; only good ones in a row, and errors in a row, are a row. */
function counted(result: MetricResult, phase: AnalysisPhase): MetricResult {
  const { count = 0, successful = 0, failed = 0, inconclusive = 0, error = 0, consecutiveError = 0, consecutiveSuccess = 0 } = result;
  switch (phase) {
    case 'Successful':
      return { ...result, successful: successful + 1, count: count + 1, consecutiveError: 0, consecutiveSuccess: consecutiveSuccess + 1 };
    case 'Failed':
      return { ...result, failed: failed + 1, count: count + 1, consecutiveError: 0, consecutiveSuccess: 0 };
    case 'Inconclusive':
      return { ...result, inconclusive: inconclusive + 1, count: count + 1, consecutiveError: 0, consecutiveSuccess: 0 };
    case 'Error':
      return { ...result, error: error + 1, consecutiveError: consecutiveError + 1, consecutiveSuccess: 0 };
    case 'Pending':
    case 'Running':
      return result;
  }
}

/**
 * When the next measurement of a metric is due, from its last one that is completed: the interval later, or ten seconds after an error.
 * An instant of the API has whole seconds, so that an interval may be up to a second short.
 */
export function nextDueAt(metric: Metric, last: Measurement): Instant | undefined {
  const finishedAt = parseTime(last.finishedAt);
  if (finishedAt === undefined) return undefined;
  if (last.phase === 'Error' || metric.interval === undefined || metric.interval === '') return finishedAt + retryMs;
  const interval = parseGoDuration(metric.interval);
  return finishedAt + Math.max(interval.ok ? interval.milliseconds : retryMs, intervalMsMin);
}
