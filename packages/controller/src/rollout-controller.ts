/**
 * The shell around the engine: caches, a queue of Rollouts, and for each of them observe, decide, act. Begin at `startRolloutController`;
 * what is done and why is the engine's business.
 */
import {
  type AnalysisRun,
  type AnalysisTemplate,
  analysisTemplateType,
  annotations,
  type Clock,
  type ClusterAnalysisTemplate,
  clusterAnalysisTemplateType,
  controllerOf,
  type KubeObject,
  keyOf,
  labels,
  type Pod,
  type ReplicaSet,
  type Rollout,
  rolloutType,
  type Service,
} from '@sluice/api';
import {
  decideRollout,
  type Note,
  type NotifierFactory,
  notes,
  type ObjectRef,
  type RolloutFacts,
  type RolloutPlan,
  type StepPlugins,
  type TrafficRouter,
} from '@sluice/engine';
import {
  builtinTypes,
  type Client,
  type Controller,
  createController,
  createInformer,
  EventRecorder,
  type Informer,
  type Logger,
  ownerIndex,
  ownerIndexName,
  type PassObservation,
  type Result,
  type Store,
  TerminalError,
} from '@sluice/kube';
import { type Caches, carryOut, LookAgain } from './act.ts';
import { type AnalysisController, createAnalysisController } from './analysis/analysis-controller.ts';
import { type AnalysisInformers, createAnalysisInformers } from './analysis/analysis-informers.ts';
import { type AnalysisMetrics, type AnalysisTemplateGauges, templateGauges } from './analysis/analysis-metrics.ts';
import type { SourceFor } from './analysis/measuring.ts';
import { claimReplicaSets } from './claim.ts';
import { createExperimentController, type ExperimentController } from './experiments/experiment-controller.ts';
import { createExperimentInformer } from './experiments/experiment-informers.ts';
import type { ExperimentMetrics } from './experiments/experiment-metrics.ts';
import { newMemory, type RolloutMemory, remember } from './memory.ts';
import { type RolloutMetrics, RolloutMetricsBook } from './metrics.ts';
import { createNotificationInformers, type NotificationInformers } from './notifications/notification-informers.ts';
import type { NotificationMetrics } from './notifications/notification-metrics.ts';
import { createNotificationSender, type NotificationSender } from './notifications/notification-sender.ts';
import { ObjectWatch } from './object-watch.ts';
import { observe, orphanIndex, orphanKeys, type Surroundings, serviceIndex, serviceKeys, templatesIn, workloadAt } from './observe.ts';
import { RouterCleaner } from './router-cleaner.ts';
import { createServiceController } from './service-controller.ts';
import { type ToldEvents, toldEvents } from './told-events.ts';

export type RolloutControllerOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Only this namespace; all when absent. */
  readonly namespace?: string | undefined;
  /** Only Rollouts with this value of the instance label; only those without the label when absent or empty. */
  readonly instanceId?: string | undefined;
  /** Passes in flight; 10 by default. */
  readonly concurrency?: number;
  /** How often every Rollout is looked at without a reason; 15 minutes by default. */
  readonly resyncMs?: number;
  /** Experiments looked at side by side; 10 by default. */
  readonly experimentConcurrency?: number;
  /** AnalysisRuns looked at side by side; 30 by default. */
  readonly analysisConcurrency?: number;
  /** Traffic routers in the order in which they are served; none by default, and Rollouts that ask for one are left alone. */
  readonly routers?: readonly TrafficRouter[];
  /** Sends messages about Events to those who subscribed; nobody is notified without it. */
  readonly notifications?: { readonly notifierFor: NotifierFactory; readonly controllerNamespace: string; readonly isSelfService: boolean };
  /** For templates of notifications. */
  readonly digest?: (algorithm: 'sha1' | 'sha256' | 'sha512', text: string) => string;
  /** Step plugins; by default there are none, and Rollouts that ask for one are left alone. */
  readonly stepPlugins?: StepPlugins;
  /** The provider of a metric; by default there is none, and every measurement is an error. */
  readonly sourceFor?: SourceFor;
  /** Told of every pass, for metrics of duration. */
  readonly onPass?: (observation: PassObservation) => void;
  /** Of this program, for the log. */
  readonly version: string;
};

export interface RolloutController {
  /** Ends passes in flight and sends the Events still waiting. */
  stop(): Promise<void>;
  /** Plain numbers; names and forms of a metrics system are the caller's. */
  metrics(): ControllerMetrics;
}

export type ControllerMetrics = {
  readonly rollouts: RolloutMetrics;
  readonly analysis: AnalysisMetrics;
  readonly templates: readonly AnalysisTemplateGauges[];
  readonly experiments: ExperimentMetrics;
  readonly notifications: NotificationMetrics;
};

/** How often every Rollout is looked at without a reason, by default. Upstream's `--rollout-resync`. */
const resyncMsDefault = 15 * 60 * 1000;

/** A timer goes no further; what is later is found by a resync. */
const wakeMsMax = 12 * 3600 * 1000;

/** Writes that the running mean of their duration is taken over, about. */
const writeSamples = 20;

/** No longer than this do counts wait for company on top of the usual, however slow the API. */
const patienceMsMax = 7_000;

/** More calls of step plugins than an abort of all steps needs. */
const pluginCallsMax = 100;

/** Parts into which a resync is cut, so that it is a trickle and no wave. */
const resyncParts = 60;

/**
 * Starts to control Rollouts. Resolves when the caches are filled and the first passes may run.
 *
 * The caller sees to leadership: one of these at a time for a namespace and instance id.
 */
export async function startRolloutController(options: RolloutControllerOptions): Promise<RolloutController> {
  const { client, clock, random, logger, namespace, instanceId, version } = options;
  const informing = { client, clock, random, logger, namespace };
  const instance = instanceId === undefined || instanceId === '' ? `!${labels.instanceId}` : `${labels.instanceId}=${instanceId}`;
  const rollouts: Informer<Rollout> = createInformer<Rollout>({
    ...informing,
    type: rolloutType,
    labelSelector: instance,
    transform: tolerated,
    indexes: { [serviceIndex]: serviceKeys },
  });
  const replicaSets: Informer<ReplicaSet> = createInformer<ReplicaSet>({
    ...informing,
    type: builtinTypes.replicaSets,
    labelSelector: labels.podTemplateHash,
    indexes: { [ownerIndexName]: ownerIndex, [orphanIndex]: orphanKeys },
  });
  const services: Informer<Service> = createInformer<Service>({ ...informing, type: builtinTypes.services });
  const analyses = createAnalysisInformers({ ...informing, instanceId });
  const experiments = createExperimentInformer({ ...informing, instanceId });
  const templates = createInformer<AnalysisTemplate>({ ...informing, type: analysisTemplateType, labelSelector: instance });
  // A controller of one namespace may not look at what is the cluster's.
  const clusterTemplates =
    namespace === undefined
      ? createInformer<ClusterAnalysisTemplate>({ ...informing, type: clusterAnalysisTemplateType, labelSelector: instance })
      : undefined;
  const recorder = new EventRecorder({ client, clock, random, logger, component: 'rollouts-controller' });
  const caches: Caches = { rollouts, replicaSets, services, analysisRuns: analyses.runs, experiments };
  const shell = new Shell(options, caches, { templates, clusterTemplates }, analyses, recorder);
  await Promise.all(
    [...Object.values(caches), analyses.jobs, templates, clusterTemplates].map((informer: Informer | undefined) => informer?.synced()),
  );
  shell.start();
  logger.info('rollouts controller started', {
    version,
    namespace: namespace ?? '',
    instanceId: instanceId ?? '',
    rollouts: rollouts.size,
  });
  return shell;
}

/** Keeps what is read: the applied text is long, and a Rollout without a spec is one with an empty spec, which is then called invalid. */
function tolerated(object: KubeObject): Rollout {
  const { [annotations.lastApplied]: _, ...kept } = object.metadata.annotations ?? {};
  const spec = typeof object.spec === 'object' && object.spec !== null ? object.spec : {};
  return { ...object, metadata: { ...object.metadata, annotations: kept }, spec };
}

type Templates = {
  readonly templates: Informer<AnalysisTemplate>;
  readonly clusterTemplates: Informer<ClusterAnalysisTemplate> | undefined;
};

const nothing: Store<ClusterAnalysisTemplate> = { get: () => undefined, list: () => [], inNamespace: () => [], byIndex: () => [], size: 0 };

const noSource: SourceFor = (metric) => {
  throw new Error(`no provider is known for metric ${metric.name}`);
};

class Shell implements RolloutController {
  readonly #options: RolloutControllerOptions;
  readonly #caches: Caches;
  readonly #recorder: EventRecorder;
  readonly #notified: ToldEvents;
  readonly #sender: NotificationSender | undefined;
  readonly #notificationInformers: NotificationInformers | undefined;
  readonly #metrics: RolloutMetricsBook;
  readonly #memories = new Map<string, RolloutMemory>();
  readonly #controller: Controller;
  readonly #services: Controller;
  readonly #analysis: AnalysisController;
  readonly #experiments: ExperimentController;
  readonly #cleaner: RouterCleaner;
  readonly #jobs: AnalysisInformers['jobs'];
  readonly #templates: Templates;
  readonly #routers: readonly TrafficRouter[];
  readonly #others: ObjectWatch;
  /** How long writes have taken lately, as a running mean. */
  #writeMs = 0;
  #resyncPart = 0;
  #cancelResync: () => void = () => {};

  constructor(
    options: RolloutControllerOptions,
    caches: Caches,
    templates: Templates,
    analyses: AnalysisInformers,
    recorder: EventRecorder,
  ) {
    const { clock, random, logger, onPass, sourceFor = noSource } = options;
    this.#options = options;
    this.#caches = caches;
    this.#recorder = recorder;
    const { notifications, digest } = options;
    if (notifications !== undefined) {
      const { notifierFor, ...where } = notifications;
      this.#notificationInformers = createNotificationInformers({ ...options, ...where });
      this.#sender = createNotificationSender({
        clock,
        random,
        logger,
        ...where,
        informers: this.#notificationInformers,
        notifierFor,
        runsIn: (namespace) => analyses.runs.inNamespace(namespace),
        ...(digest === undefined ? {} : { digest }),
      });
    }
    this.#notified = toldEvents(recorder, this.#sender);
    this.#templates = templates;
    this.#jobs = analyses.jobs;
    this.#routers = options.routers ?? [];
    this.#others = new ObjectWatch({
      ...options,
      onChange: (type, { metadata }, users) => {
        for (const user of users) this.#controller.enqueue(user);
        this.#cleaner.look({ type, namespace: metadata.namespace ?? '', name: metadata.name ?? '' });
      },
    });
    this.#cleaner = new RouterCleaner({
      ...options,
      routers: this.#routers,
      rollouts: caches.rollouts,
      read: async (ref) => [...(await this.#others.read([ref])).values()][0],
      overlay: (type, object) => this.#others.overlay(type, object),
    });
    this.#experiments = createExperimentController({
      client: options.client,
      clock,
      random,
      logger,
      recorder: this.#notified,
      informers: {
        ...caches,
        runs: caches.analysisRuns,
        templates: templates.templates,
        clusterTemplates: templates.clusterTemplates ?? nothing,
      },
      enqueueRollout: (key) => this.#controller.enqueue(key),
      tellRollout: (key, note) => {
        const rollout = this.#caches.rollouts.get(key);
        if (rollout !== undefined) this.#tell(rollout, note);
      },
      ...(options.experimentConcurrency === undefined ? {} : { concurrency: options.experimentConcurrency }),
    });
    this.#analysis = createAnalysisController({
      ...options,
      informers: analyses,
      recorder: this.#notified,
      sourceFor,
      ...(options.analysisConcurrency === undefined ? {} : { concurrency: options.analysisConcurrency }),
    });
    this.#metrics = new RolloutMetricsBook(caches.rollouts);
    this.#controller = createController({
      name: 'rollouts',
      clock,
      random,
      logger,
      reconcile: (key) => this.#reconcile(key),
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      onPass: (observation) => {
        this.#metrics.passes.observe(observation);
        onPass?.(observation);
      },
    });
    this.#services = createServiceController({ ...options, caches, enqueueRollout: (key) => this.#controller.enqueue(key) });
  }

  start(): void {
    this.#controller.start();
    this.#services.start();
    this.#analysis.start();
    this.#experiments.start();
    this.#cleaner.start();
    const { rollouts, replicaSets, services, analysisRuns } = this.#caches;
    rollouts.addHandler({
      added: (rollout) => {
        this.#tell(rollout, notes.addedToInformer(rollout.metadata.namespace ?? '', rollout.metadata.name ?? ''));
        this.#controller.enqueue(keyOf(rollout));
      },
      updated: (rollout, previous) => {
        this.#controller.enqueue(keyOf(rollout));
        const named = new Set(serviceKeys(rollout));
        for (const key of serviceKeys(previous)) if (!named.has(key)) this.#services.enqueue(key);
      },
      deleted: (rollout) => {
        this.#tell(rollout, notes.deleted(rollout.metadata.namespace ?? '', rollout.metadata.name ?? ''));
        this.#memories.delete(keyOf(rollout));
        this.#sender?.forget(rollout);
        this.#letGo(keyOf(rollout), []);
        this.#metrics.passes.forget(keyOf(rollout), this.#options.clock);
        for (const key of serviceKeys(rollout)) this.#services.enqueue(key);
      },
    });
    const enqueueOwner = (set: ReplicaSet): void => {
      const owner = set.metadata.ownerReferences?.find((reference) => reference.controller === true);
      if (owner?.kind === 'Rollout') this.#controller.enqueue(`${set.metadata.namespace ?? ''}/${owner.name}`);
      // Nobody's: any Rollout of the namespace may want it.
      else if (owner === undefined)
        for (const rollout of rollouts.inNamespace(set.metadata.namespace ?? '')) this.#controller.enqueue(keyOf(rollout));
    };
    const forget = (set: ReplicaSet): void => {
      const owner = set.metadata.ownerReferences?.find((reference) => reference.controller === true);
      this.#memories.get(`${set.metadata.namespace ?? ''}/${owner?.name ?? ''}`)?.deletedReplicaSets.delete(set.metadata.uid ?? '');
      enqueueOwner(set);
    };
    replicaSets.addHandler({ added: enqueueOwner, updated: enqueueOwner, deleted: forget });
    const enqueueUsers = (service: Service): void => {
      for (const rollout of rollouts.byIndex(serviceIndex, keyOf(service))) this.#controller.enqueue(keyOf(rollout));
      this.#services.enqueue(keyOf(service));
    };
    services.addHandler({ added: enqueueUsers, updated: enqueueUsers, deleted: enqueueUsers });
    const enqueueRollout = (object: AnalysisRun): void => {
      const owner = controllerOf(object);
      if (owner?.kind === 'Rollout') this.#controller.enqueue(`${object.metadata.namespace ?? ''}/${owner.name}`);
    };
    analysisRuns.addHandler({
      added: enqueueRollout,
      updated: (run, previous) => {
        if (run.status?.phase !== previous.status?.phase) enqueueRollout(run);
      },
      deleted: enqueueRollout,
    });
    this.#watchTemplates();
    this.#resync();
  }

  async stop(): Promise<void> {
    this.#cancelResync();
    this.#metrics.passes.stop();
    const parts = [this.#controller, this.#services, this.#analysis, this.#experiments, this.#cleaner];
    await Promise.all(parts.map((part) => part.stop()));
    const { templates, clusterTemplates } = this.#templates;
    for (const informer of [...Object.values(this.#caches), this.#jobs, templates, clusterTemplates]) informer?.stop();
    await this.#others.stop();
    await this.#sender?.stop();
    for (const informer of [...(this.#notificationInformers?.configMaps ?? []), ...(this.#notificationInformers?.secrets ?? [])])
      informer.stop();
    await this.#recorder.stop();
  }

  /** A template that comes late mends the Rollouts whose spec is called invalid for want of it. */
  #watchTemplates(): void {
    const enqueueInvalid = (namespace: string | undefined): void => {
      const { rollouts } = this.#caches;
      for (const rollout of namespace === undefined ? rollouts.list() : rollouts.inNamespace(namespace)) {
        if (rollout.status?.conditions?.some(({ type }) => type === 'InvalidSpec') === true) this.#controller.enqueue(keyOf(rollout));
      }
    };
    const changed = ({ metadata }: KubeObject): void => enqueueInvalid(metadata.namespace);
    this.#templates.templates.addHandler({ added: changed, updated: changed });
    this.#templates.clusterTemplates?.addHandler({ added: changed, updated: changed });
  }

  metrics(): ControllerMetrics {
    const { templates, clusterTemplates } = this.#templates;
    return {
      rollouts: this.#metrics.read(),
      analysis: this.#analysis.metrics(),
      templates: [...templates.list(), ...(clusterTemplates?.list() ?? [])].map(templateGauges),
      experiments: this.#experiments.metrics(),
      notifications: this.#sender?.metrics() ?? { sent: [], durations: [] },
    };
  }

  async #reconcile(key: string): Promise<Result | undefined> {
    const { client, clock, logger } = this.#options;
    const rollout = this.#caches.rollouts.get(key);
    if (rollout === undefined || rollout.metadata.deletionTimestamp !== undefined) return undefined;
    const memory = this.#memoryOf(key);
    const replicaSets = (await claimReplicaSets(rollout, this.#caches.replicaSets, client)).filter(
      ({ metadata }) => !memory.deletedReplicaSets.has(metadata.uid ?? ''),
    );
    const facts = observe(rollout, replicaSets, this.#caches, await this.#surroundings(key, rollout), memory, this.#patienceMs());
    const { plan, seen } = await this.#decide(facts);
    if (plan.unsupported !== undefined && memory.unsupportedSaid === (rollout.metadata.generation ?? 0)) return undefined;
    if (plan.unsupported !== undefined) {
      memory.unsupportedSaid = rollout.metadata.generation ?? 0;
      logger.warn('a part of a rollout is not carried out by this version', { rollout: key, part: plan.unsupported });
    }
    if (plan.actions.length > 0) logger.debug('plan', { rollout: key, reason: plan.reason, actions: plan.actions.map(({ kind }) => kind) });
    const began = clock.now();
    try {
      const written = await carryOut(plan, seen, {
        client,
        caches: this.#caches,
        now: clock.now(),
        tell: (about, note) => this.#tell(about, note),
        onDeleted: (uid) => memory.deletedReplicaSets.add(uid),
        onTaken: (kind, name) => memory.takenNames.add(`${kind}/${name}`),
        overlayOther: (type, object) => this.#others.overlay(type, object),
        onWrite: (kind) => this.#metrics.countWrite(kind),
      });
      this.#metrics.observeDuration(rollout.status, written.status);
    } catch (error) {
      if (!(error instanceof LookAgain)) throw error;
      logger.debug('looking again', { rollout: key, because: error.message });
      // The change that came in between is on its way to the cache; a moment later it is there.
      return { requeueAfterMs: 20 };
    }
    if (plan.actions.length > 0) this.#writeMs += ((clock.now() - began) / plan.actions.length - this.#writeMs) / writeSamples;
    remember(memory, plan, clock.now());
    if (plan.problem !== undefined) throw new Error(plan.problem);
    return plan.requeueAfterMs === undefined ? undefined : { requeueAfterMs: Math.min(plan.requeueAfterMs, wakeMsMax) };
  }

  /** What lies around a Rollout. Kinds that only some need are watched from the first time that one does. */
  async #surroundings(key: string, rollout: Rollout): Promise<Surroundings> {
    const templates = templatesIn(this.#templates, rollout.metadata.namespace ?? '');
    const routers = this.#routers.filter((router) => router.isUsedBy(rollout));
    const workloadRef = workloadAt(rollout);
    if (routers.length === 0 && workloadRef === undefined) {
      this.#letGo(key, []);
      return { templates, routers, routed: new Map(), workload: undefined };
    }
    // A router may find the name of one object in another, so it is asked until it names no more.
    let routed: ReadonlyMap<string, KubeObject> = new Map();
    for (let known = -1; known < routed.size; ) {
      known = routed.size;
      const selected = await this.#others.select(routers.flatMap((router) => router.selections?.(rollout) ?? []));
      const refs = [...selected, ...routers.flatMap((router) => router.references(rollout, routed))];
      await this.#others.ensure(refs.map(({ type }) => type));
      this.#letGo(key, workloadRef === undefined ? refs : [...refs, workloadRef]);
      routed = await this.#others.read(refs);
    }
    if (workloadRef === undefined) return { templates, routers, routed, workload: undefined };
    await this.#others.ensure([workloadRef.type]);
    const { type, name } = workloadRef;
    const [workload] = (await this.#others.read([workloadRef])).values();
    return {
      templates,
      routers,
      routed,
      workload: workload ?? `${type.resource}${type.group === '' ? '' : `.${type.group}`} "${name}" not found`,
    };
  }

  /** Notes what a Rollout refers to now; what it let go may bear marks of it. */
  #letGo(key: string, refs: readonly ObjectRef[]): void {
    for (const ref of this.#others.use(key, refs)) this.#cleaner.look(ref);
  }

  /** What a decision asks for before it can be made: answers of step plugins, and pods, of which there is no cache. */
  async #decide(seen: RolloutFacts): Promise<{ readonly plan: RolloutPlan; readonly seen: RolloutFacts }> {
    const { client, clock, stepPlugins } = this.#options;
    let facts = seen;
    if (stepPlugins !== undefined) facts = { ...facts, isStepPluginDisabled: (name) => stepPlugins.isDisabled(name) };
    let plan = decideSafely(facts, clock.now());
    for (let calls = 0; plan.asks !== undefined && stepPlugins !== undefined && calls < pluginCallsMax; calls++) {
      const answer = await stepPlugins.call(facts.rollout, plan.asks);
      facts = { ...facts, stepPluginAnswers: [...(facts.stepPluginAnswers ?? []), answer] };
      plan = decideSafely(facts, clock.now());
    }
    if (plan.needs === undefined) return { plan, seen: facts };
    const { namespace } = facts.rollout.metadata;
    const { selector } = facts.rollout.spec;
    const { items } = await client.list<Pod>(builtinTypes.pods, {
      namespace,
      ...(selector === undefined ? {} : { labelSelector: selector }),
    });
    const withPods: RolloutFacts = { ...facts, pods: items };
    return { plan: decideSafely(withPods, clock.now()), seen: withPods };
  }

  /** An API that takes a twentieth of a second for a write is given three seconds more between those that can wait. */
  #patienceMs(): number {
    return Math.min(patienceMsMax, this.#writeMs * 60);
  }

  #memoryOf(key: string): RolloutMemory {
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const memory = newMemory();
    this.#memories.set(key, memory);
    return memory;
  }

  #tell(rollout: Rollout, note: Note): void {
    this.#notified.record(rollout, note);
    this.#metrics.countEvent(rollout, note);
  }

  /** Every Rollout is looked at once in fifteen minutes, a sixtieth of them at a time. */
  #resync(): void {
    const part = this.#resyncPart++ % resyncParts;
    let at = 0;
    for (const rollout of this.#caches.rollouts.list()) if (at++ % resyncParts === part) this.#controller.enqueue(keyOf(rollout));
    this.#cancelResync = this.#options.clock.after((this.#options.resyncMs ?? resyncMsDefault) / resyncParts, () => this.#resync());
  }
}

/** A decision that throws would throw again: fields that are not what the kind says. It is told, and waits until the object changes. */
function decideSafely(facts: RolloutFacts, now: number): RolloutPlan {
  try {
    return decideRollout(facts, now);
  } catch (error) {
    throw new TerminalError(`rollout ${keyOf(facts.rollout)} cannot be decided on`, { cause: error });
  }
}
