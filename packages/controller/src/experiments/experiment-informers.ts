/** Caches that decisions about Experiments read. They belong to the caller, who shares most of them with other controllers. */
import {
  type AnalysisRun,
  type AnalysisTemplate,
  annotations,
  type Clock,
  type ClusterAnalysisTemplate,
  type Experiment,
  experimentType,
  type KubeObject,
  labels,
  type ReplicaSet,
  type Service,
} from '@sluice/api';
import { type Client, createInformer, type Informer, type Logger, ownerIndex, ownerIndexName, type Store } from '@sluice/kube';

export type ExperimentInformers = {
  /** May have the index `ownerIndexName`, for whoever looks for those of a Rollout. */
  readonly experiments: Informer<Experiment>;
  /** Has the index `ownerIndexName`. */
  readonly replicaSets: Informer<ReplicaSet>;
  /** The controller gives it the index `ownerIndexName`. */
  readonly services: Informer<Service>;
  /** Has the index `ownerIndexName`. */
  readonly runs: Informer<AnalysisRun>;
  readonly templates: Store<AnalysisTemplate>;
  readonly clusterTemplates: Store<ClusterAnalysisTemplate>;
};

export type ExperimentInformerOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Only this namespace; all when absent. */
  readonly namespace?: string | undefined;
  /** Only Experiments with this value of the instance label; only those without the label when absent or empty. */
  readonly instanceId?: string | undefined;
};

/** Begins to fill it. The caller waits for `synced` and stops it. */
export function createExperimentInformer(options: ExperimentInformerOptions): Informer<Experiment> {
  const { instanceId, ...informing } = options;
  const instance = instanceId === undefined || instanceId === '' ? `!${labels.instanceId}` : `${labels.instanceId}=${instanceId}`;
  return createInformer<Experiment>({
    ...informing,
    type: experimentType,
    labelSelector: instance,
    transform: tolerated,
    indexes: { [ownerIndexName]: ownerIndex },
  });
}

/** Keeps what is read: the applied text is long, and an Experiment without a spec is one without templates. */
function tolerated(object: KubeObject): Experiment {
  const { [annotations.lastApplied]: _, ...kept } = object.metadata.annotations ?? {};
  const spec = typeof object.spec === 'object' && object.spec !== null ? (object.spec as object) : {};
  return { ...object, metadata: { ...object.metadata, annotations: kept }, spec: { templates: [], ...spec } };
}
