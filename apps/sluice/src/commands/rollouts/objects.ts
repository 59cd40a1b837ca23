/** Reads a rollout or an experiment with all that belongs to it, once or as it changes. */
import {
  type AnalysisRun,
  analysisRunType,
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
import type { Informer } from '@sluice/kube';
import type { ExperimentObjects, RolloutObjects } from '@sluice/views';
import type { Session } from './session.ts';

const replicaSets: ResourceType = { group: 'apps', version: 'v1', kind: 'ReplicaSet', resource: 'replicasets', namespaced: true };
const pods: ResourceType = { group: '', version: 'v1', kind: 'Pod', resource: 'pods', namespaced: true };

/** The answer to a name that does not exist, in the words of upstream's plugin. */
export class NotFoundError extends Error {
  constructor(kind: 'rollout' | 'experiment', name: string) {
    super(`${kind}.argoproj.io "${name}" not found`);
    this.name = 'NotFoundError';
  }
}

/** @throws NotFoundError when there is no such rollout */
export async function readRollout({ client, namespace }: Session, name: string): Promise<Rollout> {
  return named('rollout', name, client.get<Rollout>(rolloutType, { namespace, name }));
}

/** @throws NotFoundError when there is no such rollout */
export async function readRolloutObjects(session: Session, name: string): Promise<RolloutObjects> {
  const [rollout, sets, podList, experiments, analysisRuns] = await Promise.all([
    readRollout(session, name),
    listOwned<ReplicaSet>(session, replicaSets),
    listOwned<Pod>(session, pods),
    listIfServed<Experiment>(session, experimentType),
    listIfServed<AnalysisRun>(session, analysisRunType),
  ]);
  return { rollout, replicaSets: sets, pods: podList, experiments, analysisRuns };
}

/** @throws NotFoundError when there is no such experiment */
export async function readExperimentObjects(session: Session, name: string): Promise<ExperimentObjects> {
  const { client, namespace } = session;
  const [experiment, sets, podList, analysisRuns] = await Promise.all([
    named('experiment', name, client.get<Experiment>(experimentType, { namespace, name })),
    listOwned<ReplicaSet>(session, replicaSets),
    listOwned<Pod>(session, pods),
    listIfServed<AnalysisRun>(session, analysisRunType),
  ]);
  return { experiment, replicaSets: sets, pods: podList, analysisRuns };
}

async function named<T>(kind: 'rollout' | 'experiment', name: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    // Without the definition the server answers NotFound too, but then it does not name the object.
    if (isStatusError(error, 'NotFound') && error.status.details?.name === name) throw new NotFoundError(kind, name);
    throw error;
  }
}

/** Everything that a rollout or an experiment makes carries the hash label. */
async function listOwned<T extends KubeObject>({ client, namespace }: Session, type: ResourceType): Promise<readonly T[]> {
  return (await client.list<T>(type, { namespace, labelSelector: labels.podTemplateHash })).items;
}

async function listIfServed<T extends KubeObject>({ client, namespace }: Session, type: ResourceType): Promise<readonly T[]> {
  try {
    return (await client.list<T>(type, { namespace })).items;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return [];
    throw error;
  }
}

export type Following<T> = {
  /** The objects as they are now; undefined while the one in question does not exist. */
  read(): T | undefined;
  stop(): void;
};

/** Follows a rollout and what belongs to it; `changed` is called after each change. Resolves when everything was read once. */
export async function followRollout(session: Session, name: string, changed: () => void): Promise<Following<RolloutObjects>> {
  const { follow, stop } = await followers(session, changed);
  const key = `${session.namespace}/${name}`;
  const rollout = follow<Rollout>(rolloutType, { fieldSelector: `metadata.name=${name}` });
  const sets = follow<ReplicaSet>(replicaSets, { labelSelector: labels.podTemplateHash });
  const podInformer = follow<Pod>(pods, { labelSelector: labels.podTemplateHash });
  const experiments = (await isServed(session, experimentType)) ? follow<Experiment>(experimentType, {}) : undefined;
  const runs = (await isServed(session, analysisRunType)) ? follow<AnalysisRun>(analysisRunType, {}) : undefined;
  await Promise.all([rollout, sets, podInformer, experiments, runs].map((informer) => informer?.synced()));
  return {
    read: () => {
      const found = rollout.get(key);
      if (found === undefined) return undefined;
      return {
        rollout: found,
        replicaSets: [...sets.list()],
        pods: [...podInformer.list()],
        experiments: [...(experiments?.list() ?? [])],
        analysisRuns: [...(runs?.list() ?? [])],
      };
    },
    stop,
  };
}

/** The same for an experiment. */
export async function followExperiment(session: Session, name: string, changed: () => void): Promise<Following<ExperimentObjects>> {
  const { follow, stop } = await followers(session, changed);
  const key = `${session.namespace}/${name}`;
  const experiment = follow<Experiment>(experimentType, { fieldSelector: `metadata.name=${name}` });
  const sets = follow<ReplicaSet>(replicaSets, { labelSelector: labels.podTemplateHash });
  const podInformer = follow<Pod>(pods, { labelSelector: labels.podTemplateHash });
  const runs = (await isServed(session, analysisRunType)) ? follow<AnalysisRun>(analysisRunType, {}) : undefined;
  await Promise.all([experiment, sets, podInformer, runs].map((informer) => informer?.synced()));
  return {
    read: () => {
      const found = experiment.get(key);
      if (found === undefined) return undefined;
      return {
        experiment: found,
        replicaSets: [...sets.list()],
        pods: [...podInformer.list()],
        analysisRuns: [...(runs?.list() ?? [])],
      };
    },
    stop,
  };
}

/** A rollout alone. */
export async function followRolloutAlone(session: Session, name: string, changed: () => void): Promise<Following<Rollout>> {
  const { follow, stop } = await followers(session, changed);
  const rollout = follow<Rollout>(rolloutType, { fieldSelector: `metadata.name=${name}` });
  await rollout.synced();
  return { read: () => rollout.get(`${session.namespace}/${name}`), stop };
}

type Selection = { readonly fieldSelector?: string; readonly labelSelector?: string };

async function followers(
  session: Session,
  changed: () => void,
): Promise<{ follow<T extends KubeObject>(type: ResourceType, selection: Selection): Informer<T>; stop(): void }> {
  const { namespace, io } = session;
  const { createInformer, silentLogger } = await import('./kube-watch.ts');
  const client = await session.watchingClient();
  const informers: Informer<KubeObject>[] = [];
  return {
    follow<T extends KubeObject>(type: ResourceType, selection: Selection): Informer<T> {
      const informer = createInformer<T>({
        client,
        type,
        namespace,
        clock: io.clock,
        random: io.random,
        logger: silentLogger,
        ...selection,
      });
      informer.addHandler({ added: changed, updated: changed, deleted: changed });
      informers.push(informer as unknown as Informer<KubeObject>);
      return informer;
    },
    stop: () => {
      for (const informer of informers) informer.stop();
    },
  };
}

async function isServed({ client, namespace }: Session, type: ResourceType): Promise<boolean> {
  try {
    await client.list(type, { namespace, limit: 1 });
    return true;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return false;
    throw error;
  }
}
