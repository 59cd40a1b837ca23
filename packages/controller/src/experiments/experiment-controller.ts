/**
 * The shell around decisions about Experiments: a queue of them, and for each observe, decide, act. Begin at `#reconcile`; what is done and
 * why is the engine's business.
 */
import {
  type AnalysisRun,
  annotations,
  type Clock,
  controllerOf,
  type Experiment,
  type KubeObject,
  keyOf,
  type ReplicaSet,
  type Service,
} from '@sluice/api';
import { decideExperiment, type ExperimentFacts, type ExperimentNote, type ExperimentPlan, type Note } from '@sluice/engine';
import {
  type Client,
  type Controller,
  createController,
  type EventRecorder,
  type Logger,
  ownerIndex,
  ownerIndexName,
  type PassObservation,
  type Result,
  TerminalError,
} from '@sluice/kube';
import { LookAgain } from '../act.ts';
import { carryOutExperiment, type ExperimentOutcome } from './act.ts';
import type { ExperimentInformers } from './experiment-informers.ts';
import { type ExperimentMetrics, ExperimentMetricsBook } from './experiment-metrics.ts';
import { type Learnt, nothingLearnt, observeExperiment } from './observe.ts';

export type ExperimentControllerOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Belong to the caller: it waits until they are filled before `start`, and stops them. */
  readonly informers: ExperimentInformers;
  /** Belongs to the caller. Speaks as `rollouts-controller`. */
  readonly recorder: Pick<EventRecorder, 'record'>;
  /** An Experiment of the Rollout with this key has changed. */
  readonly enqueueRollout: (key: string) => void;
  /** Something to be told of the Rollout with this key, which the caller may not know. */
  readonly tellRollout: (key: string, note: Note) => void;
  /** Passes in flight; 10 by default. */
  readonly concurrency?: number;
  /** Told of every pass, for metrics of duration. */
  readonly onPass?: (observation: PassObservation) => void;
};

export interface ExperimentController {
  start(): void;
  /** Ends passes in flight. */
  stop(): Promise<void>;
  /** Plain numbers; names and forms of a metrics system are the caller's. */
  metrics(): ExperimentMetrics;
}

/** Decisions within a pass. Each but the last taught something that the caches did not have: a refusal, or who has a name. */
const decisionsMax = 20;

/** How soon to look again when the world has moved on; the change is on its way to the cache. */
const lookAgainMs = 20;

/** Takes no part in leadership: the caller sees to one of these at a time for a namespace and instance id. */
export function createExperimentController(options: ExperimentControllerOptions): ExperimentController {
  return new ExperimentShell(options);
}

class ExperimentShell implements ExperimentController {
  readonly #options: ExperimentControllerOptions;
  readonly #controller: Controller;
  readonly #metrics: ExperimentMetricsBook;
  /** Uids of Services that were deleted; the cache may still have them for a moment. */
  readonly #gone = new Set<string>();
  #detach: readonly (() => void)[] = [];

  constructor(options: ExperimentControllerOptions) {
    const { clock, random, logger, onPass, concurrency } = options;
    this.#options = options;
    options.informers.services.addIndex(ownerIndexName, ownerIndex);
    this.#metrics = new ExperimentMetricsBook(options.informers.experiments);
    this.#controller = createController({
      name: 'experiments',
      clock,
      random,
      logger,
      reconcile: (key) => this.#reconcile(key),
      ...(concurrency === undefined ? {} : { concurrency }),
      onPass: (observation) => {
        this.#metrics.passes.observe(observation);
        onPass?.(observation);
      },
    });
  }

  start(): void {
    this.#controller.start();
    const { experiments, replicaSets, services, runs } = this.#options.informers;
    const enqueueOwner = (object: KubeObject): void => {
      const owner = controllerOf(object);
      if (owner?.kind === 'Experiment') this.#controller.enqueue(`${object.metadata.namespace ?? ''}/${owner.name}`);
    };
    const enqueue = (experiment: Experiment): void => {
      this.#controller.enqueue(keyOf(experiment));
      this.#wakeRollout(experiment);
    };
    this.#detach = [
      experiments.addHandler({
        added: enqueue,
        updated: enqueue,
        deleted: (experiment) => {
          this.#metrics.passes.forget(keyOf(experiment), this.#options.clock);
          this.#wakeRollout(experiment);
        },
      }),
      replicaSets.addHandler({
        added: enqueueOwner,
        updated: (set, previous) => {
          if (hasMoved(set, previous)) enqueueOwner(set);
        },
        deleted: enqueueOwner,
      }),
      services.addHandler({
        deleted: (service: Service) => {
          this.#gone.delete(service.metadata.uid ?? '');
          enqueueOwner(service);
        },
      }),
      runs.addHandler({
        added: enqueueOwner,
        updated: (run, previous) => {
          if (phaseOf(run) !== phaseOf(previous)) enqueueOwner(run);
        },
        deleted: enqueueOwner,
      }),
    ];
  }

  async stop(): Promise<void> {
    for (const detach of this.#detach) detach();
    this.#metrics.passes.stop();
    await this.#controller.stop();
  }

  metrics(): ExperimentMetrics {
    return this.#metrics.read();
  }

  async #reconcile(key: string): Promise<Result | undefined> {
    const { informers, clock, logger } = this.#options;
    const learnt = nothingLearnt();
    for (let decisions = 0; decisions < decisionsMax; decisions++) {
      const experiment = informers.experiments.get(key);
      if (experiment === undefined || experiment.metadata.deletionTimestamp !== undefined) return undefined;
      const plan = decideSafely(observeExperiment(experiment, informers, learnt, this.#gone), clock.now());
      if (plan.problem !== undefined) throw new TerminalError(`experiment ${key}: ${plan.problem}`);
      const kinds = plan.actions.map(({ kind }) => kind);
      if (plan.actions.length > 0) logger.debug('plan', { experiment: key, reason: plan.reason, actions: kinds });
      let outcome: ExperimentOutcome;
      try {
        outcome = await this.#carryOut(plan, experiment);
      } catch (error) {
        if (!(error instanceof LookAgain)) throw error;
        logger.debug('looking again', { experiment: key, because: error.message });
        return { requeueAfterMs: lookAgainMs };
      }
      if (outcome.kind === 'done') return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: plan.requeueAfterMs };
      learn(learnt, outcome);
      if (outcome.kind === 'refused') logger.warn('a write was refused', { experiment: key, ...outcome.refusal });
    }
    throw new Error(`experiment ${key}: ${decisionsMax} decisions in a row could not be carried out`);
  }

  #carryOut(plan: ExperimentPlan, experiment: Experiment): Promise<ExperimentOutcome> {
    const { client, informers } = this.#options;
    return carryOutExperiment(plan, experiment, {
      client,
      informers,
      tell: (note) => this.#tell(experiment, note),
      onServiceDeleted: (uid) => {
        // A cache that has heard of it already will not say so again.
        if (informers.services.byIndex(ownerIndexName, experiment.metadata.uid ?? '').some(({ metadata }) => metadata.uid === uid))
          this.#gone.add(uid);
      },
      onWrite: (kind) => this.#metrics.countWrite(kind),
    });
  }

  #tell(experiment: Experiment, { type, reason, message, isForRollout }: ExperimentNote): void {
    this.#options.recorder.record(experiment, { type, reason, message });
    const key = rolloutKeyOf(experiment);
    if (isForRollout === true && key !== undefined) this.#options.tellRollout(key, { type: 'Warning', reason, message });
  }

  #wakeRollout(experiment: Experiment): void {
    const key = rolloutKeyOf(experiment);
    if (key !== undefined) this.#options.enqueueRollout(key);
  }
}

function rolloutKeyOf(experiment: Experiment): string | undefined {
  const owner = controllerOf(experiment);
  return owner?.kind === 'Rollout' ? `${experiment.metadata.namespace ?? ''}/${owner.name}` : undefined;
}

/** A decision that throws would throw again: fields that are not what the kind says. It is told, and waits until the object changes. */
function decideSafely(facts: ExperimentFacts, now: number): ExperimentPlan {
  try {
    return decideExperiment(facts, now);
  } catch (error) {
    throw new TerminalError(`experiment ${keyOf(facts.experiment)} cannot be decided on`, { cause: error });
  }
}

function learn(learnt: Learnt, outcome: Exclude<ExperimentOutcome, { readonly kind: 'done' }>): void {
  if (outcome.kind === 'refused') learnt.refusals.push(outcome.refusal);
  else if (outcome.by.kind === 'ReplicaSet') learnt.replicaSets.push(outcome.by as ReplicaSet);
  else if (outcome.by.kind === 'Service') learnt.services.push(outcome.by as Service);
  else learnt.runs.push(outcome.by as AnalysisRun);
}

/** Whether something changed that a decision looks at. */
function hasMoved(set: ReplicaSet, previous: ReplicaSet): boolean {
  const seen = ({ metadata, spec, status }: ReplicaSet): string =>
    JSON.stringify([
      metadata.uid,
      metadata.annotations?.[annotations.scaleDownDeadline],
      spec?.replicas,
      status?.replicas,
      status?.readyReplicas,
      status?.availableReplicas,
    ]);
  return seen(set) !== seen(previous);
}

function phaseOf(run: AnalysisRun): string {
  return run.status?.phase ?? '';
}
