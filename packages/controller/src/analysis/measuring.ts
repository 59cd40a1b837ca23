/**
 * Carries tasks of analyses out. Sources are other people's systems, and partly other people's code: each may throw, hang, or answer
 * nonsense, and none of that may hold up anything but its own metric.
 */
import { type AnalysisRun, type Clock, formatGoDuration, type Metric } from '@sluice/api';
import type { AnalysisTask, MetricQuestion, MetricReading, MetricSource, TaskOutcome } from '@sluice/engine';

export type SourceFor = (metric: Metric) => MetricSource;

/** Something to ask, with its arguments filled in. */
export type ReadyTask = { readonly task: AnalysisTask; readonly metric: Metric };

export type MeasuringOptions = {
  readonly clock: Clock;
  readonly sourceFor: SourceFor;
  /** A source that has not answered by then is given up. */
  readonly answerMsMax: number;
};

/** Asks the source of one task. Never rejects: a failure of any kind is an outcome. */
export async function carryOutTask(run: AnalysisRun, { task, metric }: ReadyTask, options: MeasuringOptions): Promise<TaskOutcome> {
  const { clock } = options;
  const startedAt = clock.now();
  let metadata: Readonly<Record<string, string>> | undefined;
  let answer: TaskOutcome['answer'];
  try {
    const source = options.sourceFor(metric);
    const question: MetricQuestion = { run, metric, now: startedAt };
    if (task.kind === 'measure') metadata = await metadataOf(source, question, options);
    answer = { ok: true, reading: await withinTime(ask(source, question, task), options) };
  } catch (error) {
    answer = { ok: false, message: textOf(error) };
  }
  return { task, metric, answer, ...(metadata === undefined ? {} : { metadata }), startedAt, endedAt: clock.now() };
}

/** It is there for people; a measurement does not fail for want of it. */
async function metadataOf(
  source: MetricSource,
  question: MetricQuestion,
  options: MeasuringOptions,
): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const found = source.metadata?.(question);
    return found instanceof Promise ? await withinTime(found, options) : found;
  } catch {
    return undefined;
  }
}

async function ask(source: MetricSource, question: MetricQuestion, { kind, measurement }: AnalysisTask): Promise<MetricReading> {
  if (kind === 'measure' || measurement === undefined) return source.measure(question);
  const goOn = kind === 'resume' ? source.resume?.bind(source) : source.terminate?.bind(source);
  // A measurement that was left running by a source that leaves none: by another version, or another controller.
  if (goOn === undefined) throw new Error(`a measurement of ${source.type} cannot be gone on with`);
  return goOn(question, measurement);
}

/** Drops what more than `keep` measurements of a metric left behind; says what went wrong. */
export async function collectGarbage(
  run: AnalysisRun,
  metric: Metric,
  keep: number,
  options: MeasuringOptions,
): Promise<string | undefined> {
  try {
    const source = options.sourceFor(metric);
    const work = source.collectGarbage?.({ run, metric, now: options.clock.now() }, keep);
    if (work !== undefined) await withinTime(work, options);
    return undefined;
  } catch (error) {
    return textOf(error);
  }
}

function withinTime<T>(work: Promise<T>, { clock, answerMsMax }: MeasuringOptions): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(answerMsMax, () =>
      reject(new Error(`the metric provider gave no answer within ${formatGoDuration(answerMsMax)}`)),
    );
    // What comes after that is too late, and must not be a rejection that nobody handles.
    Promise.resolve(work).then(resolve, reject).finally(cancel);
  });
}

function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text === '' ? 'the metric provider failed without saying why' : text;
}
