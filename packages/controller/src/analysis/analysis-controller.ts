/**
 * The shell around decisions about AnalysisRuns: look at the run, take the measurements that are due, write what came of them. A pass
 * waits for measurements only a moment; one that takes longer goes on beside it, and wakes the run when it is done. Begin at `#reconcile`.
 */
import { type AnalysisRun, analysisRunType, annotations, type Clock, isStatusError, type Job, keyOf, labels } from '@sluice/api';
import {
  type AnalysisConclusion,
  type AnalysisPlan,
  concludeAnalysisRun,
  failRun,
  planAnalysisRun,
  resolveTask,
  type SecretValue,
  type TaskOutcome,
  unresolvedMessage,
} from '@sluice/engine';
import {
  type Client,
  type Controller,
  createController,
  type EventRecorder,
  type Logger,
  type PassObservation,
  type Result,
  sleep,
  TerminalError,
} from '@sluice/kube';
import type { AnalysisInformers } from './analysis-informers.ts';
import { type AnalysisMetrics, AnalysisMetricsBook } from './analysis-metrics.ts';
import { carryOutTask, collectGarbage, type MeasuringOptions, type ReadyTask, type SourceFor } from './measuring.ts';
import { readSecrets } from './secret-values.ts';

export type AnalysisControllerOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Belong to the caller: it waits until they are filled before `start`, and stops them. */
  readonly informers: AnalysisInformers;
  /** Belongs to the caller. Speaks as `rollouts-controller`. */
  readonly recorder: Pick<EventRecorder, 'record'>;
  /** Throws for a metric that no source is known for; the message becomes the measurement's. */
  readonly sourceFor: SourceFor;
  /** Passes in flight; 30 by default. */
  readonly concurrency?: number;
  /** A source that has not answered by then is given up, and the measurement an error; ten minutes by default. */
  readonly answerMsMax?: number;
  /** Told of every pass, for metrics of duration. */
  readonly onPass?: (observation: PassObservation) => void;
};

export interface AnalysisController {
  start(): void;
  /** Ends passes in flight. Measurements in flight are given up: whoever controls next takes them anew. */
  stop(): Promise<void>;
  /** Plain numbers; names and forms of a metrics system are the caller's. */
  metrics(): AnalysisMetrics;
}

const concurrencyDefault = 30;
const answerMsMaxDefault = 600_000;

/** What a pass gives its measurements before it goes on without them: most are done by then, and a worker is not held by the others. */
const patienceMs = 1_000;

/** How soon to look again when the run has moved on; the change is on its way to the cache. */
const lookAgainMs = 20;

/** Takes no part in leadership: the caller sees to one of these at a time for a namespace and instance id. */
export function createAnalysisController(options: AnalysisControllerOptions): AnalysisController {
  return new AnalysisShell(options);
}

/** Measurements of one run that were begun and not yet written. */
type Work = {
  readonly uid: string;
  /** The results that the plan saw: measurements are about these and no others. */
  readonly basis: string;
  readonly secrets: readonly string[];
  readonly done: Promise<void>;
  outcomes: readonly TaskOutcome[] | undefined;
  /** The pass that began it is over. */
  isLeft: boolean;
};

class AnalysisShell implements AnalysisController {
  readonly #options: AnalysisControllerOptions;
  readonly #measuring: MeasuringOptions;
  readonly #controller: Controller;
  readonly #metrics: AnalysisMetricsBook;
  readonly #works = new Map<string, Work>();
  #detach: readonly (() => void)[] = [];

  constructor(options: AnalysisControllerOptions) {
    const { clock, random, logger, onPass, sourceFor, answerMsMax = answerMsMaxDefault } = options;
    this.#options = options;
    this.#measuring = { clock, sourceFor, answerMsMax };
    this.#metrics = new AnalysisMetricsBook(options.informers.runs);
    this.#controller = createController({
      name: 'analysisruns',
      clock,
      random,
      logger,
      reconcile: (key) => this.#reconcile(key),
      concurrency: options.concurrency ?? concurrencyDefault,
      onPass: (observation) => {
        this.#metrics.passes.observe(observation);
        onPass?.(observation);
      },
    });
  }

  start(): void {
    this.#controller.start();
    const { runs, jobs } = this.#options.informers;
    const enqueue = (run: AnalysisRun): void => this.#controller.enqueue(keyOf(run));
    const enqueueOwner = (job: Job): void => {
      const key = isFinished(job) ? runKeyOf(job) : undefined;
      if (key !== undefined) this.#controller.enqueue(key);
    };
    this.#detach = [
      runs.addHandler({
        added: enqueue,
        updated: enqueue,
        deleted: (run) => {
          this.#works.delete(keyOf(run));
          this.#metrics.passes.forget(keyOf(run), this.#options.clock);
        },
      }),
      jobs.addHandler({ added: enqueueOwner, updated: enqueueOwner, deleted: enqueueOwner }),
    ];
  }

  async stop(): Promise<void> {
    for (const detach of this.#detach) detach();
    this.#metrics.passes.stop();
    await this.#controller.stop();
    this.#works.clear();
  }

  metrics(): AnalysisMetrics {
    return this.#metrics.read();
  }

  async #reconcile(key: string): Promise<Result | undefined> {
    const run = this.#options.informers.runs.get(key);
    if (run === undefined || run.metadata.deletionTimestamp !== undefined) {
      this.#works.delete(key);
      return undefined;
    }
    let work = this.#works.get(key);
    if (work !== undefined && !isAbout(work, run)) {
      this.#works.delete(key);
      work = undefined;
    }
    if (work === undefined) {
      const plan = this.#plan(run);
      switch (plan.kind) {
        case 'rest':
          return this.#wakeAt(plan.wakeAt);
        case 'delete':
          return this.#delete(run, plan.reason);
        case 'fail':
          return this.#write(run, failRun(run, plan.message));
        case 'measure': {
          const begun = await this.#begin(key, run, plan);
          if ('message' in begun) return this.#write(run, failRun(run, begun.message));
          work = begun;
        }
      }
    }
    await this.#waitAWhile(work);
    if (work.outcomes === undefined) {
      work.isLeft = true;
      return undefined;
    }
    // It may have been asked to end in the meantime, or be gone.
    const present = this.#options.informers.runs.get(key);
    if (present === undefined || present.metadata.deletionTimestamp !== undefined || !isAbout(work, present)) {
      this.#works.delete(key);
      return { requeueAfterMs: lookAgainMs };
    }
    const facts = { run: present, outcomes: work.outcomes, secrets: work.secrets };
    const result = await this.#write(present, concludeAnalysisRun(facts, this.#options.clock.now()), () => {
      this.#works.delete(key);
    });
    return result;
  }

  /** A decision that throws would throw again: fields that are not what the kind says. It is told, and waits until the object changes. */
  #plan(run: AnalysisRun): AnalysisPlan {
    try {
      return planAnalysisRun(run, this.#options.clock.now());
    } catch (error) {
      throw new TerminalError(`analysis run ${keyOf(run)} cannot be decided on`, { cause: error });
    }
  }

  async #begin(
    key: string,
    run: AnalysisRun,
    plan: AnalysisPlan & { readonly kind: 'measure' },
  ): Promise<Work | { readonly message: string }> {
    let secrets: readonly SecretValue[] = [];
    if (plan.secrets.length > 0) {
      const read = await readSecrets(this.#options.client, run.metadata.namespace ?? '', plan.secrets);
      if (!read.ok) return { message: unresolvedMessage(read.problem) };
      secrets = read.values;
    }
    const ready: ReadyTask[] = [];
    for (const task of plan.tasks) {
      const resolved = resolveTask(run, task, secrets);
      if (!resolved.ok) return { message: resolved.message };
      ready.push({ task, metric: resolved.metric });
    }
    const all = Promise.all(ready.map((task) => carryOutTask(run, task, this.#measuring)));
    const work: Work = {
      uid: run.metadata.uid ?? '',
      basis: basisOf(run),
      secrets: secrets.map(({ value }) => value),
      outcomes: ready.length === 0 ? [] : undefined,
      isLeft: false,
      done: all.then((outcomes) => {
        work.outcomes = outcomes;
        if (work.isLeft && this.#works.get(key) === work) this.#controller.enqueue(key);
      }),
    };
    if (ready.length > 0) {
      this.#options.logger.debug('measuring', { analysisRun: key, reason: plan.reason });
      this.#works.set(key, work);
    }
    return work;
  }

  async #waitAWhile(work: Work): Promise<void> {
    if (work.outcomes !== undefined || work.isLeft) return;
    const giveUp = new AbortController();
    await Promise.race([work.done, sleep(this.#options.clock, patienceMs, giveUp.signal).catch(() => undefined)]);
    giveUp.abort();
  }

  /** A conflict means "look again"; what was measured is kept for that look. */
  async #write(run: AnalysisRun, conclusion: AnalysisConclusion, onDone: () => void = () => {}): Promise<Result | undefined> {
    const { client, informers, recorder, logger } = this.#options;
    if (conclusion.patch === undefined) {
      onDone();
      return this.#wakeAt(conclusion.wakeAt);
    }
    const { namespace, name = '', resourceVersion } = run.metadata;
    const metadata = resourceVersion === undefined ? {} : { metadata: { resourceVersion } };
    let answer: AnalysisRun;
    try {
      answer = await client.patch<AnalysisRun>(analysisRunType, { namespace, name }, 'merge', { ...conclusion.patch, ...metadata });
    } catch (error) {
      if (isStatusError(error, 'NotFound')) {
        onDone();
        return undefined;
      }
      if (!isStatusError(error, 'Conflict')) throw error;
      logger.debug('looking again', { analysisRun: keyOf(run), because: error.message });
      return { requeueAfterMs: lookAgainMs };
    }
    onDone();
    informers.runs.overlay(answer);
    for (const note of conclusion.notes) recorder.record(answer, note);
    for (const { metric, keep } of conclusion.garbage) void this.#collect(answer, metric, keep);
    return this.#wakeAt(conclusion.wakeAt);
  }

  async #collect(run: AnalysisRun, metric: ReadyTask['metric'], keep: number): Promise<void> {
    const problem = await collectGarbage(run, metric, keep, this.#measuring);
    if (problem === undefined) return;
    this.#options.logger.warn('what old measurements left behind stays', { analysisRun: keyOf(run), metric: metric.name, problem });
  }

  async #delete(run: AnalysisRun, reason: string): Promise<undefined> {
    const { client, logger } = this.#options;
    const { namespace, name = '', uid } = run.metadata;
    logger.info('an analysis run is deleted', { analysisRun: keyOf(run), reason });
    try {
      await client.delete(analysisRunType, { namespace, name }, uid === undefined ? {} : { preconditions: { uid } });
    } catch (error) {
      // Gone, or another one of that name.
      if (!isStatusError(error, 'NotFound', 'Conflict')) throw error;
    }
  }

  #wakeAt(instant: number | undefined): Result | undefined {
    return instant === undefined ? undefined : { requeueAfterMs: Math.max(0, instant - this.#options.clock.now()) };
  }
}

function basisOf({ status }: AnalysisRun): string {
  return JSON.stringify([status?.phase ?? '', status?.metricResults ?? []]);
}

function isAbout(work: Work, run: AnalysisRun): boolean {
  return work.uid === (run.metadata.uid ?? '') && work.basis === basisOf(run);
}

function isFinished({ status }: Job): boolean {
  return status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed') === true;
}

/** A Job in another namespace than its run has no owner there, but says whose it is. */
function runKeyOf({ metadata }: Job): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner !== undefined) return owner.kind === 'AnalysisRun' ? `${metadata.namespace ?? ''}/${owner.name}` : undefined;
  const name = metadata.annotations?.[annotations.analysisRunName];
  const namespace = metadata.annotations?.[annotations.analysisRunNamespace];
  const isOfRun = metadata.labels?.[labels.analysisRunUid] !== undefined;
  return isOfRun && name !== undefined && namespace !== undefined ? `${namespace}/${name}` : undefined;
}
