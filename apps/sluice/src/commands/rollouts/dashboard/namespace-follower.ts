/**
 * What goes on in one namespace, followed once for all who look: a watch of each kind, the rollouts put together from their caches when
 * somebody asks, and the names of those that changed. Knows nothing of HTTP.
 */
import {
  type AnalysisRun,
  analysisRunType,
  type Clock,
  type Experiment,
  experimentType,
  isStatusError,
  type KubeObject,
  labels,
  type Pod,
  type ReplicaSet,
  type ResourceType,
  type Rollout,
  rolloutType,
} from '@sluice/api';
import type { Client, Informer } from '@sluice/kube';
import { type RolloutInfo, rolloutInfo } from '@sluice/views';
import { createInformer, ownerIndex, ownerIndexName, silentLogger } from '../kube-watch.ts';

const replicaSetType: ResourceType = { group: 'apps', version: 'v1', kind: 'ReplicaSet', resource: 'replicasets', namespaced: true };
const podType: ResourceType = { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true };

/** Changes that come together are told together. */
const batchMs = 50;
const syncTimeoutMs = 20_000;

/** `shallow`: without experiments and analysis runs, as lists show it. */
type Depth = 'whole' | 'shallow';

export interface NamespaceFollower {
  /** Names of the rollouts there are, sorted. */
  names(): readonly string[];
  /** A rollout as JSON text, made once after each change however many look; undefined when there is none. */
  json(name: string, depth: Depth): string | undefined;
  subscribe(changed: (names: ReadonlySet<string>) => void): () => void;
  stop(): void;
}

export type FollowerOptions = { readonly client: Client; readonly clock: Clock; readonly random: () => number };

/** Resolves when everything was read once. @throws StatusError or ConnectionError when it cannot be read */
export async function followNamespace(namespace: string, options: FollowerOptions): Promise<NamespaceFollower> {
  const { client, clock, random } = options;
  const [hasExperiments, hasRuns] = await Promise.all([
    isReadable(client, namespace, experimentType),
    isReadable(client, namespace, analysisRunType),
    // An informer would try for ever; a reader is to hear what is wrong.
    ...[rolloutType, replicaSetType, podType].map((type) => client.list(type, { namespace, limit: 1 })),
  ]);
  const informers: Informer[] = [];
  const start = <T extends KubeObject>(type: ResourceType, labelSelector?: string): Informer<T> => {
    const informer = createInformer<T>({
      client,
      type,
      namespace,
      clock,
      random,
      logger: silentLogger,
      indexes: { [ownerIndexName]: ownerIndex },
      ...(labelSelector === undefined ? {} : { labelSelector }),
    });
    informers.push(informer as unknown as Informer);
    return informer;
  };
  const caches: Caches = {
    rollouts: start<Rollout>(rolloutType),
    replicaSets: start<ReplicaSet>(replicaSetType, labels.podTemplateHash),
    pods: start<Pod>(podType, labels.podTemplateHash),
    experiments: hasExperiments === true ? start<Experiment>(experimentType) : undefined,
    analysisRuns: hasRuns === true ? start<AnalysisRun>(analysisRunType) : undefined,
  };
  try {
    await inTime(Promise.all(informers.map((informer) => informer.synced())), clock, namespace);
  } catch (error) {
    for (const informer of informers) informer.stop();
    throw error;
  }
  return new CachedFollower(namespace, caches, informers, clock);
}

async function isReadable(client: Client, namespace: string, type: ResourceType): Promise<boolean> {
  try {
    await client.list(type, { namespace, limit: 1 });
    return true;
  } catch (error) {
    // Rollouts are worth seeing without them.
    if (isStatusError(error, 'NotFound') || isStatusError(error, 'Forbidden')) return false;
    throw error;
  }
}

async function inTime(work: Promise<unknown>, clock: Clock, namespace: string): Promise<void> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(syncTimeoutMs, () => reject(new Error(`namespace ${namespace} could not be read in ${syncTimeoutMs / 1000} s`)));
  });
  await Promise.race([work, late]).finally(() => cancel());
}

type Caches = {
  readonly rollouts: Informer<Rollout>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly pods: Informer<Pod>;
  readonly experiments: Informer<Experiment> | undefined;
  readonly analysisRuns: Informer<AnalysisRun> | undefined;
};

class CachedFollower implements NamespaceFollower {
  readonly #namespace: string;
  readonly #caches: Caches;
  readonly #informers: readonly Informer[];
  readonly #clock: Clock;
  readonly #texts: Readonly<Record<Depth, Map<string, string>>> = { whole: new Map(), shallow: new Map() };
  readonly #subscribers = new Set<(names: ReadonlySet<string>) => void>();
  #changed = new Set<string>();
  #cancelFlush: (() => void) | undefined;

  constructor(namespace: string, caches: Caches, informers: readonly Informer[], clock: Clock) {
    this.#namespace = namespace;
    this.#caches = caches;
    this.#informers = informers;
    this.#clock = clock;
    const mark = (object: KubeObject): void => this.#mark(object);
    for (const informer of informers) informer.addHandler({ added: mark, updated: mark, deleted: mark });
  }

  names(): readonly string[] {
    return [...this.#caches.rollouts.list()].map(({ metadata }) => metadata.name ?? '').sort();
  }

  json(name: string, depth: Depth): string | undefined {
    const texts = this.#texts[depth];
    const known = texts.get(name);
    if (known !== undefined) return known;
    const info = this.#read(name, depth);
    if (info === undefined) return undefined;
    const text = JSON.stringify(info);
    texts.set(name, text);
    return text;
  }

  subscribe(changed: (names: ReadonlySet<string>) => void): () => void {
    this.#subscribers.add(changed);
    return () => this.#subscribers.delete(changed);
  }

  stop(): void {
    this.#cancelFlush?.();
    for (const informer of this.#informers) informer.stop();
  }

  #read(name: string, depth: Depth): RolloutInfo | undefined {
    const { rollouts, replicaSets, pods, experiments, analysisRuns } = this.#caches;
    const rollout = rollouts.get(`${this.#namespace}/${name}`);
    if (rollout === undefined) return undefined;
    const owned = <T extends KubeObject>(informer: Informer<T> | undefined, owners: readonly KubeObject[]): readonly T[] =>
      owners.flatMap(({ metadata }) => informer?.byIndex(ownerIndexName, metadata.uid ?? '') ?? []);
    const trials = depth === 'whole' ? owned(experiments, [rollout]) : [];
    const sets = owned(replicaSets, [rollout, ...trials]);
    const objects = {
      rollout,
      replicaSets: sets,
      pods: owned(pods, sets),
      experiments: trials,
      analysisRuns: depth === 'whole' ? owned(analysisRuns, [rollout, ...trials]) : [],
    };
    return rolloutInfo(objects, this.#clock.now());
  }

  /** Finds the rollout that an object belongs to. What has no owner that is known yet is seen when the owner comes. */
  #mark(object: KubeObject): void {
    const name = this.#rolloutOf(object, 0);
    if (name === undefined) return;
    for (const texts of Object.values(this.#texts)) texts.delete(name);
    this.#changed.add(name);
    this.#cancelFlush ??= this.#clock.after(batchMs, () => this.#flush());
  }

  #rolloutOf(object: KubeObject, depth: number): string | undefined {
    if (object.kind === 'Rollout') return object.metadata.name;
    // Pod, ReplicaSet, Experiment, Rollout: more links than these are somebody's mistake.
    if (depth > 3) return undefined;
    for (const { kind, name } of object.metadata.ownerReferences ?? []) {
      if (kind === 'Rollout') return name;
      const key = `${this.#namespace}/${name}`;
      const owner =
        kind === 'ReplicaSet' ? this.#caches.replicaSets.get(key) : kind === 'Experiment' ? this.#caches.experiments?.get(key) : undefined;
      const found = owner === undefined ? undefined : this.#rolloutOf(owner, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #flush(): void {
    const names = this.#changed;
    this.#changed = new Set();
    this.#cancelFlush = undefined;
    for (const changed of [...this.#subscribers]) changed(names);
  }
}
