/**
 * One scenario of the rollouts suite: a namespace, what a person does in it with kubectl and our commands, and waiting until the cluster shows what
 * must be seen. Every wait looks at each change since the last action, so a state that passes quickly is not missed.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  type AnalysisRun,
  annotations,
  type Experiment,
  type KubeObject,
  labels,
  type ReplicaSet,
  type ResourceType,
  type Rollout,
  rolloutType,
} from '@sluice/api';
import { rolloutPhase } from '@sluice/engine';
import { builtinTypes, systemClock } from '@sluice/kube';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createRolloutsProgram } from '../../../apps/sluice/src/commands/rollouts/index.ts';
import { run } from '../program.ts';
import { ClusterView, connectTo, type RolloutsCluster, watchedTypes } from './cluster-view.ts';
import { readinessGate } from './manifests.ts';

type Fields = Readonly<Record<string, unknown>>;
type Pod = KubeObject & {
  readonly spec: { readonly containers: readonly Fields[]; readonly [field: string]: unknown };
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};
type Service = KubeObject & { readonly spec: { readonly selector?: Readonly<Record<string, string>> } };

/** How long any one thing may take. */
const patienceMs = 60_000;

let view: ClusterView | undefined;
let count = 0;
const cluster: RolloutsCluster = inject('rolloutsCluster');
const target = cluster.instanceId === undefined ? 'the embedded cluster' : 'the given cluster';

/** A group of scenarios that run side by side. `types`: kinds to watch besides the ordinary ones. */
export function suite(name: string, types: readonly ResourceType[], define: () => void): void {
  describe.concurrent(`${name} on ${target}`, () => {
    beforeAll(async () => {
      const opened = new ClusterView(connectTo(cluster.kubeconfig), (namespace) => namespace.startsWith(`rollouts-${process.pid}-`));
      await opened.open([...watchedTypes, ...types]);
      view = opened;
    });
    afterAll(() => view?.close());
    define();
  });
}

export function scenario(name: string, act: (scenario: Scenario) => Promise<void>): void {
  it.concurrent(name, async () => {
    if (view === undefined) throw new Error('scenarios live in a suite');
    count += 1;
    const world = new Scenario(view, `rollouts-${process.pid}-${count}`);
    await world.begin();
    try {
      await act(world);
    } finally {
      await world.end();
    }
  });
}

export class Scenario {
  readonly view: ClusterView;
  readonly namespace: string;
  /** The resourceVersion after which changes of a Rollout count, by its name. */
  readonly #since = new Map<string, number>();
  #updates = 0;

  constructor(view: ClusterView, namespace: string) {
    this.view = view;
    this.namespace = namespace;
  }

  async begin(): Promise<void> {
    await this.view.client.create(builtinTypes.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace } });
  }

  /** Nothing is left at work behind a scenario; the embedded cluster forgets everything at its own end. */
  async end(): Promise<void> {
    if (cluster.instanceId !== undefined) await this.view.client.delete(builtinTypes.namespaces, { name: this.namespace });
  }

  // What people do.

  async kubectl(args: readonly string[], input = ''): Promise<string> {
    const ended = await run('kubectl', ['--kubeconfig', cluster.kubeconfig, '-n', this.namespace, ...args], { input });
    if (ended.code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`);
    return ended.stdout;
  }

  /** `kubectl apply` of these manifests. */
  async apply(...objects: readonly KubeObject[]): Promise<void> {
    const items = objects.map((object) => {
      const instance = cluster.instanceId === undefined ? {} : { [labels.instanceId]: cluster.instanceId };
      return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...instance } } };
    });
    const names = objects.filter(({ kind }) => kind === 'Rollout').map(({ metadata }) => metadata.name ?? '');
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await this.#acting(names, async () => {
      await this.kubectl(['apply', '-f', '-'], list);
    });
  }

  async patch(patch: Fields, name: string = 'web'): Promise<void> {
    await this.#acting([name], () => this.view.client.patch(rolloutType, { namespace: this.namespace, name }, 'merge', patch));
  }

  async patchObject(type: ResourceType, name: string, patch: unknown, patchType: 'merge' | 'json' = 'merge'): Promise<void> {
    await this.view.client.patch(type, { namespace: this.namespace, name }, patchType, patch);
  }

  /** A new version of the template that differs in nothing that matters. */
  update(spec: Fields = {}): Promise<void> {
    this.#updates += 1;
    return this.patch({ spec: { template: { metadata: { annotations: { update: String(this.#updates) } } }, ...spec } });
  }

  scale(replicas: number): Promise<void> {
    return this.patch({ spec: { replicas } });
  }

  /** A command of the kubectl plugin, such as `promote web --full`. @returns what it said */
  async command(line: string): Promise<string> {
    const words = line.split(' ');
    let out = '';
    const sink = (take: (text: string) => void) => ({ write: take, isTerminal: false, columns: 120 });
    const homeDir = '/nonexistent';
    const io = {
      out: sink((text) => {
        out += text;
      }),
      err: sink((text) => {
        out += text;
      }),
      env: { KUBECONFIG: cluster.kubeconfig },
      homeDir,
      workingDir: homeDir,
      clock: systemClock,
      random: Math.random,
      signal: new AbortController().signal,
      readInput: async () => '',
      exitCode: 0 as const,
    };
    await this.#acting(['web'], async () => {
      await createRolloutsProgram(io).parseAsync(['node', 'kubectl-argo-rollouts', ...words, '-n', this.namespace]);
    });
    return out;
  }

  promote(flags = ''): Promise<string> {
    return this.command(`promote web ${flags}`.trim());
  }

  abort(): Promise<string> {
    return this.command('abort web');
  }

  retry(): Promise<string> {
    return this.command('retry rollout web');
  }

  undo(revision = 0): Promise<string> {
    return this.command(`undo web --to-revision ${revision}`);
  }

  /** Sets the test's readiness condition on pods of a revision that do not have it yet. */
  async markPodsReady(revision: number, many: number): Promise<void> {
    const condition = { type: readinessGate, status: 'True', lastTransitionTime: new Date().toISOString().replace(/\.\d+/, '') };
    const unmarked = (): readonly Pod[] =>
      this.pods(revision).filter(({ status }) => !(status?.conditions ?? []).some(({ type }) => type === readinessGate));
    await this.until(`${many} pods of revision ${revision} wait for their condition`, () => unmarked().length >= many);
    for (const pod of unmarked().slice(0, many)) {
      const at = { namespace: this.namespace, name: pod.metadata.name ?? '' };
      await this.view.client.patch(builtinTypes.pods, at, 'strategic', { status: { conditions: [condition] } }, { subresource: 'status' });
    }
  }

  // What they see.

  rollout(name: string = 'web'): Rollout {
    const found = this.view.objects<Rollout & KubeObject>('Rollout', this.namespace).find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw new Error(`there is no Rollout ${name}`);
    return found;
  }

  get status(): NonNullable<Rollout['status']> {
    return this.rollout().status ?? {};
  }

  /** ReplicaSets of the Rollout, oldest revision first. */
  replicaSets(): readonly ReplicaSet[] {
    const sets = this.view.objects<ReplicaSet & KubeObject>('ReplicaSet', this.namespace);
    return sets
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ kind }) => kind === 'Rollout'))
      .sort((a, b) => revisionOf(a) - revisionOf(b));
  }

  replicaSet(revision: number): ReplicaSet | undefined {
    return this.replicaSets().find((set) => revisionOf(set) === revision);
  }

  hash(revision: number): string {
    return this.replicaSet(revision)?.metadata.labels?.[labels.podTemplateHash] ?? `no revision ${revision}`;
  }

  /** Pods of a revision that are not being deleted. */
  pods(revision: number): readonly Pod[] {
    const uid = this.replicaSet(revision)?.metadata.uid;
    return this.view
      .objects<Pod>('Pod', this.namespace)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined && metadata.ownerReferences?.some((owner) => owner.uid === uid));
  }

  podCounts(...revisions: readonly number[]): Readonly<Record<number, number>> {
    return Object.fromEntries(revisions.map((revision) => [revision, this.pods(revision).length]));
  }

  deadline(revision: number): string | undefined {
    const text = this.replicaSet(revision)?.metadata.annotations?.[annotations.scaleDownDeadline];
    return text === '' ? undefined : text;
  }

  /** The revision that a Service selects. */
  revisionBehind(name: string): number | undefined {
    const service = this.view.objects<Service>('Service', this.namespace).find(({ metadata }) => metadata.name === name);
    const hash = service?.spec.selector?.[labels.podTemplateHash];
    const set = this.replicaSets().find(({ metadata }) => metadata.labels?.[labels.podTemplateHash] === hash);
    return set === undefined ? undefined : revisionOf(set);
  }

  analysisRuns(): readonly AnalysisRun[] {
    return this.view.objects<AnalysisRun & KubeObject>('AnalysisRun', this.namespace);
  }

  experiments(): readonly Experiment[] {
    return this.view.objects<Experiment & KubeObject>('Experiment', this.namespace);
  }

  /** Reasons of the Rollout's events as a watch tells them; one that is told again comes as a change of the same Event. */
  eventReasons(): readonly string[] {
    const { uid } = this.rollout().metadata;
    return this.view
      .changes('Event', this.namespace)
      .filter(({ type, object }) => type !== 'DELETED' && (object.involvedObject as { uid?: string } | undefined)?.uid === uid)
      .map(({ object }) => String(object.reason));
  }

  // Waiting.

  /** Waits until `probe` gives something other than `undefined` and `false`. */
  async until<T>(what: string, probe: () => T | undefined | false, timeoutMs: number = patienceMs): Promise<T> {
    const found = await this.#settled(() => {
      const value = probe();
      return value === undefined || value === false ? undefined : { value };
    }, timeoutMs);
    if (found === undefined) throw new Error(`${what}: not seen within ${timeoutMs / 1000} s\n${this.#picture()}`);
    return found.value;
  }

  /** Waits until what is seen equals what is expected; fails with the difference. */
  async eventually<T>(seen: () => unknown, expected: T, timeoutMs: number = patienceMs): Promise<void> {
    const isSo = await this.#settled(() => equals(seen, expected) || undefined, timeoutMs);
    if (isSo === undefined) expect(seen(), this.#picture()).toEqual(expected);
  }

  /** For a while, nothing else than this is seen. */
  async holds<T>(seen: () => unknown, expected: T, durationMs: number): Promise<void> {
    const broken = await this.#settled(() => !equals(seen, expected) || undefined, durationMs);
    if (broken !== undefined) expect(seen(), this.#picture()).toEqual(expected);
  }

  /** Waits for a phase as a client computes it, since the last action or the last phase that was waited for. */
  async phase(
    wanted: string,
    isSo: (rollout: Rollout) => boolean = anything,
    name: string = 'web',
    timeoutMs: number = patienceMs,
  ): Promise<Rollout> {
    const fits = ({ object }: { object: KubeObject }): boolean => {
      const rollout = object as unknown as Rollout;
      return object.metadata.name === name && rolloutPhase(rollout).phase === wanted && isSo(rollout);
    };
    const found = await this.until(
      `Rollout ${name} ${wanted}`,
      () => {
        const since = this.#since.get(name) ?? 0;
        return this.view.changes('Rollout', this.namespace).find((change) => versionOf(change.object) > since && fits(change));
      },
      timeoutMs,
    );
    this.#since.set(name, versionOf(found.object) - 1);
    return found.object as unknown as Rollout;
  }

  healthy(): Promise<Rollout> {
    return this.phase('Healthy');
  }

  pausedAt(step: number): Promise<Rollout> {
    return this.phase('Paused', ({ status }) => status?.currentStepIndex === step);
  }

  /** Phases that the Rollout has gone through since the last action, as clients compute them. */
  phasesSince(name: string = 'web'): readonly string[] {
    const since = this.#since.get(name) ?? 0;
    const phases = this.view
      .changes('Rollout', this.namespace)
      .filter(({ object }) => object.metadata.name === name && versionOf(object) > since)
      .map(({ object }) => rolloutPhase(object as unknown as Rollout).phase);
    return phases.filter((phase, at) => phase !== phases[at - 1]);
  }

  expectPods(counts: Readonly<Record<number, number>>): Promise<void> {
    return this.eventually(() => this.podCounts(...Object.keys(counts).map(Number)), counts);
  }

  /** Pods of the version in `currentPodHash` and of the stable one. */
  expectCanaryStable(canary: number, stable: number): Promise<void> {
    const behind = (hash: string | undefined): number => {
      const set = this.replicaSets().find(({ metadata }) => metadata.labels?.[labels.podTemplateHash] === hash);
      return set === undefined ? 0 : this.pods(revisionOf(set)).length;
    };
    return this.eventually(() => [behind(this.status.currentPodHash), behind(this.status.stableRS)], [canary, stable]);
  }

  counts(): readonly number[] {
    const { replicas = 0, updatedReplicas = 0, readyReplicas = 0, availableReplicas = 0 } = this.status;
    return [this.rollout().spec.replicas ?? 1, replicas, updatedReplicas, readyReplicas, availableReplicas];
  }

  /** spec.replicas, then of the status replicas, updatedReplicas, readyReplicas, availableReplicas. */
  expectCounts(...counts: readonly [desired: number, current: number, updated: number, ready: number, available: number]): Promise<void> {
    return this.eventually(() => this.counts(), counts);
  }

  expectRevisions(services: Readonly<Record<string, number>>): Promise<void> {
    return this.eventually(() => Object.fromEntries(Object.keys(services).map((name) => [name, this.revisionBehind(name)])), services);
  }

  expectRuns(...phases: readonly string[]): Promise<void> {
    return this.eventually(() => this.analysisRuns().map(({ status }) => status?.phase ?? ''), phases);
  }

  async #acting(names: readonly string[], act: () => Promise<unknown>): Promise<void> {
    const read = async (name: string): Promise<number> => {
      const at = { namespace: this.namespace, name };
      return await this.view.client.get<KubeObject>(rolloutType, at).then(versionOf, () => 0);
    };
    const before = await Promise.all(names.map(read));
    await act();
    const after = await Promise.all(names.map(read));
    for (const [at, name] of names.entries()) {
      const was = before[at] ?? 0;
      // Nothing was changed, so what is there now is the answer.
      this.#since.set(name, was === after[at] ? was - 1 : was);
    }
  }

  /** Asks now and at every change in the namespace. */
  #settled<T>(probe: () => T | undefined, timeoutMs: number): Promise<T | undefined> {
    const now = probe();
    if (now !== undefined) return Promise.resolve(now);
    return new Promise((resolve, reject) => {
      const finish = (value: T | undefined): void => {
        clearTimeout(timer);
        stop();
        resolve(value);
      };
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      const stop = this.view.onChange(this.namespace, () => {
        try {
          const value = probe();
          if (value !== undefined) finish(value);
        } catch (error) {
          clearTimeout(timer);
          stop();
          reject(error);
        }
      });
    });
  }

  /** What a person would look at after a failure. */
  #picture(): string {
    const rollouts = this.view.objects('Rollout', this.namespace);
    const lines = rollouts.map((rollout) => {
      const { phase, message, currentStepIndex, abort } = ((rollout as unknown as Rollout).status ?? {}) as Fields;
      return `${rollout.metadata.name}: ${phase} ${message} step ${currentStepIndex} abort ${abort}`;
    });
    const sets = this.replicaSets().map((set) => {
      const wanted = (set as unknown as { spec: { replicas?: number } }).spec.replicas;
      return `revision ${revisionOf(set)}: ${wanted} wanted, ${this.pods(revisionOf(set)).length} pods, deadline ${this.deadline(revisionOf(set))}`;
    });
    const runs = this.analysisRuns().map(({ metadata, status }) => `${metadata.name}: ${status?.phase} ${status?.message}`);
    const experiments = this.experiments().map(({ metadata, status }) => `${metadata.name}: ${status?.phase} ${status?.message}`);
    const told = this.view.objects<KubeObject & { reason?: string; message?: string; count?: number }>('Event', this.namespace);
    const reasons = told
      .filter(({ involvedObject }) => (involvedObject as { kind?: string }).kind === 'Rollout')
      .map(({ reason, message, count }) => `${count} x ${reason}: ${message}`);
    return [this.namespace, ...lines, ...sets, ...runs, ...experiments, ...reasons].join('\n');
  }
}

const anything = (): boolean => true;

function equals(seen: () => unknown, expected: unknown): boolean {
  try {
    return isDeepStrictEqual(seen(), expected);
  } catch {
    // Nothing to be seen yet.
    return false;
  }
}

function revisionOf({ metadata }: Pick<KubeObject, 'metadata'>): number {
  return Number(metadata.annotations?.[annotations.revision] ?? 0);
}

function versionOf({ metadata }: Pick<KubeObject, 'metadata'>): number {
  return Number(metadata.resourceVersion ?? 0);
}
