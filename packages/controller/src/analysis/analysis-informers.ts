/** Caches of what analyses are about. They are made apart from the controller, because others look into the same ones. */
import { type AnalysisRun, analysisRunType, annotations, type Clock, type Job, type KubeObject, labels } from '@sluice/api';
import { builtinTypes, type Client, createInformer, type Informer, type Logger, ownerIndex, ownerIndexName } from '@sluice/kube';

export type AnalysisInformers = {
  /** Has the index `ownerIndexName`. */
  readonly runs: Informer<AnalysisRun>;
  /** Jobs that measure for a run, of whatever run. */
  readonly jobs: Informer<Job>;
};

export type AnalysisInformersOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Only this namespace; all when absent. */
  readonly namespace?: string | undefined;
  /** Only runs with this value of the instance label; only those without the label when absent or empty. */
  readonly instanceId?: string | undefined;
};

/** Begins to fill them. The caller waits for `synced` and stops them. */
export function createAnalysisInformers(options: AnalysisInformersOptions): AnalysisInformers {
  const { client, clock, random, logger, namespace, instanceId } = options;
  const informing = { client, clock, random, logger, namespace };
  const instance = instanceId === undefined || instanceId === '' ? `!${labels.instanceId}` : `${labels.instanceId}=${instanceId}`;
  return {
    runs: createInformer<AnalysisRun>({
      ...informing,
      type: analysisRunType,
      labelSelector: instance,
      transform: tolerated,
      indexes: { [ownerIndexName]: ownerIndex },
    }),
    jobs: createInformer<Job>({ ...informing, type: builtinTypes.jobs, labelSelector: labels.analysisRunUid }),
  };
}

/** Keeps what is read: the applied text is long, and a run without a spec is one that has no metrics, which is then called invalid. */
function tolerated(object: KubeObject): AnalysisRun {
  const { [annotations.lastApplied]: _, ...kept } = object.metadata.annotations ?? {};
  const spec = typeof object.spec === 'object' && object.spec !== null ? (object.spec as object) : {};
  return { ...object, metadata: { ...object.metadata, annotations: kept }, spec: { metrics: [], ...spec } };
}
