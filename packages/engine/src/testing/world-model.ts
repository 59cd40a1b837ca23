/**
 * A cluster in memory, on virtual time: Rollouts, ReplicaSets, Pods, Services, AnalysisRuns, Experiments and objects of a traffic router, with
 * a ReplicaSet controller, and pods and runs whose life is a few numbers. Just enough for decisions to be carried out and watched; the real
 * thing is the embedded cluster.
 */
import {
  type AnalysisPhase,
  type AnalysisRun,
  analysisRunType,
  type Experiment,
  experimentType,
  formatTime,
  type Instant,
  type KubeObject,
  labels,
  type Pod,
  parseTime,
  type ReplicaSet,
  type ResourceType,
  type Rollout,
  type Service,
} from '@sluice/api';
import { type Action, type ActionPatch, hashOf, objectKey, type RolloutFacts, type TemplateLookup, type TrafficRouter } from '../index.ts';

export type PodLife = {
  /** From creation to ready; by default 1.5 s plus 0.2 s for each pod made in the same go. */
  readonly readyAfterMs?: (image: string, ordinal: number) => number | undefined;
};

/** How a run or an experiment ends, and when after it was begun; one without stays as it is until it is asked to end. */
export type Outcome = { readonly afterMs: number; readonly phase: AnalysisPhase; readonly message?: string };

/** What stands around a Rollout besides pods and services. */
export type Surroundings = {
  readonly templates?: TemplateLookup;
  /** By name; by default every run succeeds after two seconds. */
  readonly outcomes?: (name: string) => Outcome | undefined;
  readonly routers?: readonly TrafficRouter[];
  readonly routed?: readonly { readonly type: ResourceType; readonly object: KubeObject }[];
  readonly workload?: KubeObject;
};

type VirtualPod = { readonly pod: Pod; readonly readyAt: Instant | undefined; readonly setUid: string };

export class Conflict extends Error {}

export class WorldModel {
  now: Instant;
  rollout: Rollout;
  replicaSets: ReplicaSet[] = [];
  services: Map<string, Service>;
  analysisRuns: AnalysisRun[] = [];
  experiments: Experiment[] = [];
  routed: Map<string, KubeObject>;
  workload: KubeObject | undefined;
  private readonly around: Surroundings;
  private pods: VirtualPod[] = [];
  private version = 1;
  private made = 0;
  private readonly readyAfterMs: NonNullable<PodLife['readyAfterMs']>;

  constructor(rollout: Rollout, services: readonly Service[], start: Instant, life: PodLife = {}, around: Surroundings = {}) {
    this.now = start;
    this.around = around;
    this.workload = around.workload;
    this.routed = new Map(
      (around.routed ?? []).map(({ type, object }) => [
        objectKey({ type, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' }),
        object,
      ]),
    );
    this.rollout = {
      ...rollout,
      metadata: { ...rollout.metadata, uid: 'rollout-uid', generation: 1, resourceVersion: '1', creationTimestamp: formatTime(start) },
    };
    this.services = new Map(services.map((service) => [service.metadata.name ?? '', service]));
    this.readyAfterMs = life.readyAfterMs ?? ((image, ordinal) => (image.endsWith(':bad') ? undefined : 1500 + 200 * ordinal));
  }

  /** Takes over a cluster as it stands: as many ready pods as the counts say, the rest on their way. */
  static from(
    rollout: Rollout,
    replicaSets: readonly ReplicaSet[],
    services: readonly Service[],
    now: Instant,
    life: PodLife = {},
    around: Surroundings & { readonly analysisRuns?: readonly AnalysisRun[]; readonly experiments?: readonly Experiment[] } = {},
  ): WorldModel {
    const world = new WorldModel(rollout, services, now, life, around);
    world.analysisRuns = [...(around.analysisRuns ?? [])];
    world.experiments = [...(around.experiments ?? [])];
    world.rollout = rollout;
    world.version = 1_000_000;
    world.replicaSets = [...replicaSets];
    for (const set of replicaSets) {
      const { replicas = 0, availableReplicas = 0 } = set.status ?? {};
      for (let at = 0; at < replicas; at++) world.startPod(set, at, at < availableReplicas);
    }
    return world;
  }

  /** What a controller sees of it, without pods. */
  facts(): RolloutFacts {
    return {
      rollout: this.rollout,
      replicaSets: [...this.replicaSets],
      services: new Map(this.services),
      analysisRuns: [...this.analysisRuns],
      experiments: [...this.experiments],
      routed: new Map(this.routed),
      routers: this.around.routers ?? [],
      ...(this.around.templates === undefined ? {} : { templates: this.around.templates }),
      ...(this.workload === undefined ? {} : { workload: this.workload }),
    };
  }

  /** Carries out one write as the API would. @throws Conflict when the object has moved on since it was seen */
  carryOut(action: Action): void {
    switch (action.kind) {
      case 'CreateReplicaSet':
        if (this.replicaSets.some(({ metadata }) => metadata.name === action.replicaSet.metadata.name)) throw new Conflict('exists');
        this.replicaSets.push({
          ...action.replicaSet,
          metadata: {
            ...action.replicaSet.metadata,
            uid: `set-${++this.made}`,
            generation: 1,
            resourceVersion: this.nextVersion(),
            creationTimestamp: formatTime(this.now),
          },
          status: { replicas: 0 },
        });
        return;
      case 'PatchReplicaSet':
        this.changeSet(action.name, (set) => {
          if (action.resourceVersion !== undefined && action.resourceVersion !== set.metadata.resourceVersion)
            throw new Conflict(action.name);
          return this.bumped(mergePatch(set, action.patch) as ReplicaSet, set);
        });
        return;
      case 'DeleteReplicaSet':
        this.replicaSets = this.replicaSets.filter(({ metadata }) => metadata.name !== action.name);
        return;
      case 'PatchRollout':
      case 'WriteStatus':
        this.patchRollout(action.patch);
        return;
      case 'PatchService': {
        const service = this.services.get(action.name);
        if (service !== undefined) this.services.set(action.name, mergePatch(service, action.patch) as Service);
        return;
      }
      case 'CreateObject':
        this.createObject(action.type, action.object);
        return;
      case 'PatchObject':
        this.changeObject(action.type, action.namespace, action.name, (object) => {
          if (action.resourceVersion !== undefined && action.resourceVersion !== object.metadata.resourceVersion)
            throw new Conflict(action.name);
          return mergePatch(object, action.patch) as KubeObject;
        });
        return;
      case 'DeleteObject':
        this.analysisRuns = this.analysisRuns.filter((run) => action.type !== analysisRunType || run.metadata.name !== action.name);
        this.experiments = this.experiments.filter((one) => action.type !== experimentType || one.metadata.name !== action.name);
        this.routed.delete(objectKey(action));
        return;
      case 'PatchPod':
        this.pods = this.pods.map((entry) =>
          entry.pod.metadata.name === action.name ? { ...entry, pod: mergePatch(entry.pod, action.patch) as Pod } : entry,
        );
        return;
      case 'EvictPod':
        this.pods = this.pods.filter(({ pod }) => pod.metadata.name !== action.name);
        return;
      case 'Together':
        for (const one of action.actions) this.carryOut(one);
        return;
    }
  }

  /** What a person does. */
  perform(patches: readonly ActionPatch[]): void {
    for (const { patch, patchType } of patches) {
      if (patchType === 'merge') this.patchRollout(patch as Readonly<Record<string, unknown>>);
      else {
        const next = (patch as readonly { path: string; value: unknown }[]).reduce<unknown>(
          (object, { path, value }) => withValueAt(object, path.slice(1).split('/'), value),
          this.rollout,
        );
        this.rollout = this.bumped(next as Rollout, this.rollout);
      }
    }
  }

  patchRollout(patch: Readonly<Record<string, unknown>>): void {
    this.rollout = this.bumped(mergePatch(this.rollout, patch) as Rollout, this.rollout);
  }

  /** One round of the ReplicaSet controller and of the pods' lives. Returns whether anything changed. */
  live(): boolean {
    let changed = this.liveRuns();
    for (const set of [...this.replicaSets]) {
      const uid = set.metadata.uid ?? '';
      const own = this.pods.filter(({ setUid }) => setUid === uid);
      const size = set.spec?.replicas ?? 1;
      for (let missing = size - own.length, ordinal = 0; missing > 0; missing--, ordinal++) this.startPod(set, ordinal);
      if (own.length > size) {
        // Pods that are not ready go first, then the youngest.
        const going = [...own].sort((a, b) => Number(this.isReady(a)) - Number(this.isReady(b))).slice(0, own.length - size);
        this.pods = this.pods.filter((entry) => !going.includes(entry));
      }
      const now = this.pods.filter(({ setUid }) => setUid === uid);
      const available = now.filter((entry) => this.isReady(entry)).length;
      const status = {
        replicas: now.length,
        readyReplicas: available,
        availableReplicas: available,
        observedGeneration: set.metadata.generation ?? 1,
      };
      if (JSON.stringify(status) === JSON.stringify(set.status)) continue;
      changed = true;
      this.changeSet(set.metadata.name ?? '', (present) => ({
        ...present,
        metadata: { ...present.metadata, resourceVersion: this.nextVersion() },
        status,
      }));
    }
    return changed;
  }

  podList(): readonly Pod[] {
    return this.pods.map((entry) => ({
      ...entry.pod,
      status: { conditions: [{ type: 'Ready', status: this.isReady(entry) ? 'True' : 'False' } as const] },
    }));
  }

  /** When the next pod becomes ready or the next run ends. */
  nextReady(): Instant | undefined {
    const coming = [...this.pods.map(({ readyAt }) => readyAt), ...this.running().map((run) => this.endOf(run)?.at)].flatMap((at) =>
      at !== undefined && at > this.now ? [at] : [],
    );
    return coming.length === 0 ? undefined : Math.min(...coming);
  }

  availablePods(hash?: string): number {
    return this.pods.filter(
      (entry) => this.isReady(entry) && (hash === undefined || entry.pod.metadata.labels?.[labels.podTemplateHash] === hash),
    ).length;
  }

  /** Size of each ReplicaSet in order of age, as `hash=size`. */
  sizes(): string {
    return this.replicaSets.map((set) => `${hashOf(set)}=${set.spec?.replicas ?? 1}`).join(' ');
  }

  private running(): readonly (AnalysisRun | Experiment)[] {
    return [...this.analysisRuns, ...this.experiments].filter(({ status }) => !isEnded(status?.phase));
  }

  private endOf({ metadata }: KubeObject): { readonly at: Instant; readonly outcome: Outcome } | undefined {
    const outcome = (this.around.outcomes ?? (() => ({ afterMs: 2000, phase: 'Successful' }) as const))(metadata.name ?? '');
    return outcome === undefined ? undefined : { at: (parseTime(metadata.creationTimestamp) ?? 0) + outcome.afterMs, outcome };
  }

  private liveRuns(): boolean {
    let changed = false;
    for (const run of this.running()) {
      const end = this.endOf(run);
      const isDue = end !== undefined && end.at <= this.now;
      const phase: AnalysisPhase = run.spec.terminate === true ? 'Successful' : isDue ? end.outcome.phase : 'Running';
      if (run.status?.phase === phase) continue;
      changed = true;
      const message = isDue ? end.outcome.message : undefined;
      const next = { ...run, status: { ...run.status, phase, ...(message === undefined ? {} : { message }) } };
      const swap = <T extends KubeObject>(one: T): T => ((one as KubeObject) === run ? (next as unknown as T) : one);
      this.analysisRuns = this.analysisRuns.map(swap);
      this.experiments = this.experiments.map(swap);
    }
    return changed;
  }

  private createObject(type: ResourceType, object: KubeObject): void {
    const { name = '', namespace = '' } = object.metadata;
    const key = objectKey({ type, namespace, name });
    const present: readonly KubeObject[] = [...this.analysisRuns, ...this.experiments];
    if (this.routed.has(key) || present.some((one) => one.kind === object.kind && one.metadata.name === name))
      throw new Conflict(`${name} exists`);
    const made = { uid: `object-${++this.made}`, resourceVersion: this.nextVersion(), creationTimestamp: formatTime(this.now) };
    const created = { ...object, metadata: { ...object.metadata, ...made } };
    if (type === analysisRunType) this.analysisRuns.push(created as AnalysisRun);
    else if (type === experimentType) this.experiments.push(created as Experiment);
    else this.routed.set(key, created);
  }

  private changeObject(type: ResourceType, namespace: string, name: string, change: (object: KubeObject) => KubeObject): void {
    const changed = (object: KubeObject): KubeObject => {
      const next = change(object);
      return { ...next, metadata: { ...next.metadata, resourceVersion: this.nextVersion() } };
    };
    const key = objectKey({ type, namespace, name });
    const routed = this.routed.get(key);
    if (routed !== undefined) this.routed.set(key, changed(routed));
    const swap = <T extends KubeObject>(one: T): T => (one.metadata.name === name ? (changed(one) as T) : one);
    if (type === analysisRunType) this.analysisRuns = this.analysisRuns.map(swap);
    else if (type === experimentType) this.experiments = this.experiments.map(swap);
    else if (this.workload?.kind === type.kind) {
      const before = this.workload;
      const next = changed(before);
      this.workload = { ...next, metadata: { ...next.metadata, generation: (before.metadata.generation ?? 1) + 1 } };
    }
  }

  private isReady({ readyAt }: VirtualPod): boolean {
    return readyAt !== undefined && readyAt <= this.now;
  }

  private startPod(set: ReplicaSet, ordinal: number, isReady = false): void {
    const image = set.spec?.template?.spec?.containers[0]?.image ?? '';
    const after = isReady ? 0 : this.readyAfterMs(image, ordinal);
    const name = `${set.metadata.name ?? ''}-${String(++this.made).padStart(3, '0')}`;
    const pod: Pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name,
        namespace: set.metadata.namespace ?? '',
        labels: set.spec?.template?.metadata?.labels ?? {},
        ...(set.spec?.template?.metadata?.annotations === undefined ? {} : { annotations: set.spec.template.metadata.annotations }),
        creationTimestamp: formatTime(this.now),
        ownerReferences: [
          { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set.metadata.name ?? '', uid: set.metadata.uid ?? '', controller: true },
        ],
      },
    };
    this.pods.push({ pod, readyAt: after === undefined ? undefined : this.now + after, setUid: set.metadata.uid ?? '' });
  }

  private changeSet(name: string, change: (set: ReplicaSet) => ReplicaSet): void {
    const at = this.replicaSets.findIndex(({ metadata }) => metadata.name === name);
    const set = this.replicaSets[at];
    if (set === undefined) throw new Conflict(`${name} is gone`);
    this.replicaSets[at] = change(set);
  }

  private bumped<T extends ReplicaSet | Rollout>(next: T, previous: T): T {
    const isSpecChanged = JSON.stringify(next.spec) !== JSON.stringify(previous.spec);
    const generation = (previous.metadata.generation ?? 1) + (isSpecChanged ? 1 : 0);
    return { ...next, metadata: { ...next.metadata, generation, resourceVersion: this.nextVersion() } };
  }

  private nextVersion(): string {
    return String(++this.version);
  }
}

function isEnded(phase: AnalysisPhase | '' | undefined): boolean {
  return phase === 'Successful' || phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
}

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

function withValueAt(target: unknown, path: readonly string[], value: unknown): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (Array.isArray(target)) return target.map((item, at) => (at === Number(first) ? withValueAt(item, rest, value) : item));
  const fields = target as Readonly<Record<string, unknown>>;
  return { ...fields, [first]: withValueAt(fields[first], rest, value) };
}

export function secondsSince(start: Instant, text: string | undefined): string {
  const at = parseTime(text);
  return at === undefined ? '-' : `${Math.round((at - start) / 1000)}s`;
}
