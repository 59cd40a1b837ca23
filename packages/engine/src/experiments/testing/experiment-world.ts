/**
 * A namespace in memory with one Experiment, on virtual time: its ReplicaSets and pods live in the model of rollouts, its Services and
 * AnalysisRuns here. The life of a run is an outcome and the time that it takes.
 */
import {
  type AnalysisPhase,
  type AnalysisRun,
  type AnalysisTemplate,
  type ClusterAnalysisTemplate,
  type Experiment,
  formatTime,
  type Instant,
  labels,
  type ReplicaSet,
  type Service,
} from '@sluice/api';
import { isCompletedPhase } from '../../analysis/phases.ts';
import { Conflict, type PodLife, WorldModel } from '../../testing/world-model.ts';
import type { ExperimentAction, ExperimentFacts } from '../plan.ts';

/** By name of the run. One that is not named runs for ever. */
export type RunLives = Readonly<Record<string, { readonly afterMs: number; readonly phase: AnalysisPhase; readonly message?: string }>>;

export type ExperimentSetup = {
  readonly experiment: Experiment;
  readonly start: Instant;
  readonly replicaSets?: readonly ReplicaSet[];
  readonly services?: readonly Service[];
  readonly runs?: readonly AnalysisRun[];
  readonly templates?: readonly AnalysisTemplate[];
  readonly clusterTemplates?: readonly ClusterAnalysisTemplate[];
  readonly pods?: PodLife;
  readonly lives?: RunLives;
};

/** A write whose name is taken. */
export class Taken extends Error {}

export class ExperimentWorld {
  experiment: Experiment;
  services: Service[];
  runs: AnalysisRun[];
  readonly templates: Map<string, AnalysisTemplate>;
  readonly clusterTemplates: Map<string, ClusterAnalysisTemplate>;
  private readonly sets: WorldModel;
  private readonly lives: RunLives;
  private readonly runsSince = new Map<string, Instant>();
  private version = 1_000_000;

  constructor({
    experiment,
    start,
    replicaSets = [],
    services = [],
    runs = [],
    templates = [],
    clusterTemplates = [],
    pods,
    lives,
  }: ExperimentSetup) {
    const { uid = 'experiment-uid', resourceVersion = '1' } = experiment.metadata;
    this.experiment = { ...experiment, metadata: { ...experiment.metadata, uid, resourceVersion } };
    const nobody = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'nobody' }, spec: {} };
    this.sets = WorldModel.from(nobody, replicaSets, [], start, pods);
    this.services = [...services];
    this.runs = [...runs];
    for (const run of runs) this.runsSince.set(run.metadata.name ?? '', start);
    this.templates = new Map(templates.map((template) => [template.metadata.name ?? '', template]));
    this.clusterTemplates = new Map(clusterTemplates.map((template) => [template.metadata.name ?? '', template]));
    this.lives = lives ?? {};
  }

  get now(): Instant {
    return this.sets.now;
  }

  set now(now: Instant) {
    this.sets.now = now;
  }

  get replicaSets(): readonly ReplicaSet[] {
    return this.sets.replicaSets;
  }

  facts(): ExperimentFacts {
    return {
      experiment: this.experiment,
      replicaSets: [...this.replicaSets],
      services: [...this.services],
      analysisRuns: [...this.runs],
      templates: this.lookup(),
    };
  }

  lookup(): ExperimentFacts['templates'] {
    return { template: (name) => this.templates.get(name), clusterTemplate: (name) => this.clusterTemplates.get(name) };
  }

  /** Carries out one write as the API would. @throws Conflict when the object has moved on, Taken when the name is in use */
  carryOut(action: ExperimentAction, seen: Experiment): void {
    switch (action.kind) {
      case 'CreateReplicaSet': {
        this.assertFree(this.replicaSets, action.replicaSet.metadata.name);
        // The API fills the template in.
        this.sets.carryOut({ kind: 'CreateReplicaSet', replicaSet: action.replicaSet, isFullSize: true, reason: '' });
        return;
      }
      case 'PatchReplicaSet': {
        const { name, resourceVersion, patch, reason } = action;
        this.sets.carryOut({ kind: 'PatchReplicaSet', of: 'size', name, resourceVersion, patch, reason });
        return;
      }
      case 'CreateService':
        this.assertFree(this.services, action.service.metadata.name);
        this.services.push({ ...action.service, metadata: { ...action.service.metadata, uid: `service-${++this.version}` } });
        return;
      case 'DeleteService':
        this.services = this.services.filter(({ metadata }) => metadata.name !== action.name);
        return;
      case 'CreateAnalysisRun':
        this.assertFree(this.runs, action.run.metadata.name);
        this.runs.push({
          ...action.run,
          metadata: { ...action.run.metadata, uid: `run-${++this.version}`, creationTimestamp: formatTime(this.now) },
        });
        this.runsSince.set(action.run.metadata.name ?? '', this.now);
        return;
      case 'TerminateAnalysisRun':
        this.runs = this.runs.map((run) => (run.metadata.name === action.name ? { ...run, spec: { ...run.spec, terminate: true } } : run));
        return;
      case 'WriteStatus':
        if (seen.metadata.resourceVersion !== this.experiment.metadata.resourceVersion) throw new Conflict('experiment');
        this.patch(action.patch);
        return;
    }
  }

  /** Of two levels, which is as deep as a patch of an Experiment goes. */
  patch(patch: Readonly<Record<string, unknown>>): void {
    const next: Record<string, unknown> = { ...this.experiment };
    for (const [key, value] of Object.entries(patch)) {
      if (value === null) delete next[key];
      else next[key] = merged(next[key], value);
    }
    const metadata = { ...this.experiment.metadata, resourceVersion: String(++this.version) };
    this.experiment = { ...(next as Experiment), metadata };
  }

  /** One round of everybody else: pods, ReplicaSets, runs. Returns whether anything changed. */
  live(): boolean {
    const haveSets = this.sets.live();
    const before = this.runs;
    this.runs = this.runs.map((run) => this.lived(run));
    return haveSets || this.runs.some((run, at) => run !== before[at]);
  }

  /** When the next pod becomes ready or the next run ends. */
  nextChange(): Instant | undefined {
    const ready = this.sets.nextReady();
    const ends = this.runs.flatMap((run) => (run.status?.phase === 'Running' ? [this.endOf(run)] : []));
    const coming = [...(ready === undefined ? [] : [ready]), ...ends].filter((at) => at > this.now && at < Number.POSITIVE_INFINITY);
    return coming.length === 0 ? undefined : Math.min(...coming);
  }

  private lived(run: AnalysisRun): AnalysisRun {
    const phase = run.status?.phase ?? '';
    if (phase !== '' && phase !== 'Running') return run;
    if (run.spec.terminate === true) return { ...run, status: { ...run.status, phase: 'Successful', message: 'Run Terminated' } };
    if (phase === '') return { ...run, status: { ...run.status, phase: 'Running' } };
    const life = this.lives[run.metadata.name ?? ''];
    if (life === undefined || this.now < this.endOf(run)) return run;
    const { message } = life;
    return { ...run, status: { ...run.status, phase: life.phase, ...(message === undefined ? {} : { message }) } };
  }

  private endOf(run: AnalysisRun): Instant {
    const name = run.metadata.name ?? '';
    return (this.runsSince.get(name) ?? 0) + (this.lives[name]?.afterMs ?? Number.POSITIVE_INFINITY);
  }

  private assertFree(objects: readonly { readonly metadata: { readonly name?: string } }[], name: string | undefined): void {
    if (objects.some(({ metadata }) => metadata.name === name)) throw new Taken(name);
  }

  /** What is left at the end, as far as the order of things may not matter. */
  summary(): string {
    const { phase = '-', message = '', templateStatuses = [], analysisRuns = [] } = this.experiment.status ?? {};
    return [
      `${phase} ${message}`.trim(),
      ...templateStatuses.map((entry) => `${entry.name}=${entry.status} ${entry.availableReplicas} ${entry.serviceName ?? '-'}`),
      ...analysisRuns.map((entry) => `${entry.name}=${entry.analysisRun}:${isCompletedPhase(entry.phase) ? entry.phase : 'unfinished'}`),
      `sizes ${this.replicaSets
        .map((set) => `${set.metadata.name}=${set.spec?.replicas ?? 1}`)
        .sort()
        .join(' ')}`,
      `services ${this.services
        .map(({ metadata }) => metadata.name)
        .sort()
        .join(' ')}`,
      `runs ${this.runs
        .map((run) => `${run.metadata.name}:${run.status?.phase}${run.spec.terminate === true ? ' ended' : ''}`)
        .sort()
        .join(' ')}`,
    ].join(', ');
  }
}

function merged(old: unknown, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const result: Record<string, unknown> = { ...(old as object | undefined) };
  for (const [key, member] of Object.entries(value)) {
    if (member === null) delete result[key];
    else result[key] = member;
  }
  return result;
}

/** An Experiment of templates `a`, `b`, ... with one container each. */
export function experimentOf(spec: Partial<Experiment['spec']> & { readonly names?: readonly string[] } = {}): Experiment {
  const { names = ['a'], ...rest } = spec;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'ex', namespace: 'demo' },
    spec: { templates: names.map((name) => templateOf(name)), ...rest },
  };
}

export function templateOf(
  name: string,
  more: Partial<Experiment['spec']['templates'][number]> = {},
): Experiment['spec']['templates'][number] {
  const podLabels = { app: 'ex', v: name };
  return {
    name,
    selector: { matchLabels: podLabels },
    template: {
      metadata: { labels: podLabels },
      spec: { containers: [{ name: 'main', image: 'app:1', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
    },
    ...more,
  };
}

export function analysisTemplate(name: string, spec: Partial<AnalysisTemplate['spec']> = {}): AnalysisTemplate {
  const metric = { name: 'm', provider: { web: { url: 'http://metrics' } }, successCondition: 'result == 1' };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: 'demo' },
    spec: { metrics: [metric], ...spec },
  };
}

/** Somebody else's. */
export function foreignSet(name: string, now: Instant): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: 'demo',
      uid: 'foreign',
      resourceVersion: '1',
      creationTimestamp: formatTime(now),
      labels: { [labels.podTemplateHash]: 'x' },
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'foreign' } },
      template: { metadata: { labels: { app: 'foreign' } }, spec: { containers: [] } },
    },
    status: { replicas: 0, readyReplicas: 0, availableReplicas: 0, observedGeneration: 1 },
  };
}
