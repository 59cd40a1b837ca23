/**
 * A rollout as the dashboard's API sends it: upstream's `RolloutInfo` in the JSON of its gateway, and under `view` what its pages need
 * beyond that. Built from the same views as the commands print; nothing in it is a secret.
 *
 * @see argoproj/argo-rollouts pkg/apiclient/rollout/rollout.proto
 */
import {
  type AnalysisRun,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  type CanaryStep,
  type Container,
  type Experiment,
  type Instant,
  type KubeObject,
  labels,
  type Measurement,
  type Metric,
  type ObjectMeta,
  type PodSpec,
  type ReplicaSet,
  type Rollout,
} from '@sluice/api';
import { revisionAnnotation } from './age.ts';
import { type AnalysisRunView, analysisRunViews } from './analysis-run-view.ts';
import { analysisIcon } from './icons.ts';
import { publicMetadata, publicValue } from './public-object.ts';
import { type ReplicaSetTag, type ReplicaSetView, replicaSetViews } from './replica-set-view.ts';
import { type RolloutObjects, type RolloutView, rolloutView, type StepView } from './rollout-view.ts';

export type PodInfo = {
  readonly objectMeta: ObjectMeta;
  readonly status: string;
  readonly icon: string;
  /** `1/2`: containers ready of all. */
  readonly ready: string;
  readonly restarts: number;
};

export type ReplicaSetInfo = Readonly<Record<ReplicaSetTag, boolean>> & {
  readonly objectMeta: ObjectMeta;
  readonly status: string;
  readonly icon: string;
  readonly revision: number;
  readonly replicas: number;
  readonly available: number;
  readonly template: string;
  readonly scaleDownDeadline: string;
  readonly images: readonly string[];
  readonly initContainerImages: readonly string[];
  readonly pods: readonly PodInfo[];
};

type JobInfo = {
  readonly objectMeta: ObjectMeta;
  readonly status: string;
  readonly icon: string;
  readonly metricName: string;
  readonly startedAt?: string;
};

type NonJobInfo = { readonly value: string; readonly status: string; readonly metricName: string; readonly startedAt?: string };

export type MetricInfo = {
  readonly name: string;
  readonly successCondition: string;
  readonly failureCondition: string;
  readonly count: number;
  readonly failureLimit: number;
  readonly inconclusiveLimit: number;
};

export type AnalysisRunInfo = {
  readonly objectMeta: ObjectMeta;
  readonly icon: string;
  readonly revision: number;
  readonly status: string;
  readonly successful: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly error: number;
  readonly jobs: readonly JobInfo[];
  readonly nonJobInfo: readonly NonJobInfo[];
  readonly metrics: readonly MetricInfo[];
  readonly specAndStatus: { readonly spec: AnalysisRunSpec; readonly status?: AnalysisRunStatus };
};

export type ExperimentInfo = {
  readonly objectMeta: ObjectMeta;
  readonly icon: string;
  readonly revision: number;
  readonly status: string;
  readonly message: string;
  readonly replicaSets: readonly ReplicaSetInfo[];
  readonly analysisRuns: readonly AnalysisRunInfo[];
};

export type ContainerInfo = { readonly name: string; readonly image: string };

/** A part of the traffic, in parts of `maxWeight`. */
export type WeightPart = { readonly name: string; readonly role: 'stable' | 'canary' | 'experiment'; readonly weight: number };

/** What upstream's message does not have. Other readers pass it over. */
type RolloutExtra = {
  readonly steps: readonly StepView[];
  readonly maxWeight: number;
  /** Who gets how much now; empty for blue-green, where all traffic goes to the active set, and before the first version is there. */
  readonly weights: readonly WeightPart[];
  /** A new version is on its way: promote and abort make sense. */
  readonly isDeploying: boolean;
  readonly isAborted: boolean;
  /** Since when it has been paused; empty when it is not, or by hand. */
  readonly pausedSince: string;
  /** `Deployment/web` where the pod template is that of another object, else empty. */
  readonly workload: string;
};

export type RolloutInfo = {
  readonly objectMeta: ObjectMeta;
  readonly status: string;
  readonly message: string;
  readonly icon: string;
  readonly strategy: string;
  readonly step: string;
  readonly setWeight: string;
  readonly actualWeight: string;
  readonly ready: number;
  readonly current: number;
  readonly desired: number;
  readonly updated: number;
  readonly available: number;
  /** RFC 3339, or `Never`. */
  readonly restartedAt: string;
  readonly generation: string;
  readonly replicaSets: readonly ReplicaSetInfo[];
  readonly experiments: readonly ExperimentInfo[];
  readonly analysisRuns: readonly AnalysisRunInfo[];
  readonly containers: readonly ContainerInfo[];
  readonly initContainers: readonly ContainerInfo[];
  readonly steps: readonly CanaryStep[];
  readonly view: RolloutExtra;
};

/**
 * @param objects - those of others in the lists are passed over
 * @param now - decides nothing that is sent but the order of what has no time yet; ages are the reader's to count
 */
export function rolloutInfo(objects: RolloutObjects, now: Instant): RolloutInfo {
  const { rollout, experiments = [], analysisRuns = [] } = objects;
  const { status = {} } = rollout;
  const view = rolloutView(objects, now);
  const sets = view.revisions.flatMap((revision) => revision.replicaSets);
  const lookup = lookupOf(objects);
  const template = templateSpec(objects);
  return {
    objectMeta: publicMetadata(rollout.metadata),
    status: view.phase,
    message: view.message,
    icon: view.icon,
    strategy: view.strategy,
    step: view.step,
    setWeight: view.setWeight === undefined ? '' : String(view.setWeight),
    actualWeight: view.actualWeight === undefined ? '' : String(view.actualWeight),
    ...view.replicas,
    restartedAt: status.restartedAt ?? 'Never',
    generation: status.observedGeneration ?? '',
    replicaSets: sets.map((set) => replicaSetInfo(set, lookup)),
    experiments: view.revisions
      .flatMap((revision) => revision.experiments)
      .flatMap((trial) => {
        const experiment = experiments.find(({ metadata }) => metadata.uid === trial.uid);
        return experiment === undefined ? [] : [experimentInfo(experiment, objects, lookup, now)];
      }),
    analysisRuns: view.revisions.flatMap((revision) => revision.analysisRuns).flatMap((run) => analysisRunInfo(run, analysisRuns)),
    containers: containerInfos(template?.containers),
    initContainers: containerInfos(template?.initContainers),
    steps: publicValue(rollout.spec.strategy?.canary?.steps ?? []),
    view: extra(rollout, view),
  };
}

type Lookup = ReadonlyMap<string, ObjectMeta>;

function lookupOf({ replicaSets, pods }: RolloutObjects): Lookup {
  const all: readonly KubeObject[] = [...replicaSets, ...pods];
  return new Map(all.map(({ metadata }) => [metadata.uid ?? '', metadata]));
}

function metadataOf(lookup: Lookup, uid: string, name: string): ObjectMeta {
  return publicMetadata(lookup.get(uid) ?? { name, uid });
}

function replicaSetInfo(set: ReplicaSetView, lookup: Lookup): ReplicaSetInfo {
  const has = (tag: ReplicaSetTag): boolean => set.tags.includes(tag);
  return {
    objectMeta: metadataOf(lookup, set.uid, set.name),
    status: set.status,
    icon: set.icon,
    revision: set.revision,
    stable: has('stable'),
    canary: has('canary'),
    active: has('active'),
    preview: has('preview'),
    ping: has('ping'),
    pong: has('pong'),
    replicas: set.replicas,
    available: set.available,
    template: set.template,
    scaleDownDeadline: set.scaleDownDeadline,
    images: set.images,
    initContainerImages: set.initContainerImages,
    pods: set.pods.map(({ uid, name, status, icon, ready, restarts }) => ({
      objectMeta: metadataOf(lookup, uid, name),
      status,
      icon,
      ready,
      restarts,
    })),
  };
}

function experimentInfo(experiment: Experiment, objects: RolloutObjects, lookup: Lookup, now: Instant): ExperimentInfo {
  const uid = experiment.metadata.uid ?? '';
  const runs = objects.analysisRuns ?? [];
  const status = experiment.status?.phase ?? '';
  return {
    objectMeta: publicMetadata(experiment.metadata),
    icon: analysisIcon(status),
    revision: revisionAnnotation(experiment),
    status,
    message: experiment.status?.message ?? '',
    replicaSets: replicaSetViews(uid, undefined, objects.replicaSets, objects.pods, now).map((set) => replicaSetInfo(set, lookup)),
    analysisRuns: analysisRunViews(uid, runs, now).flatMap((run) => analysisRunInfo(run, runs)),
  };
}

function analysisRunInfo(view: AnalysisRunView, runs: readonly AnalysisRun[]): readonly AnalysisRunInfo[] {
  const run = runs.find(({ metadata }) => metadata.uid === view.uid);
  if (run === undefined) return [];
  const measured = (run.status?.metricResults ?? []).flatMap(({ name, measurements }) =>
    (measurements ?? []).map((measurement) => ({ name, measurement })),
  );
  const jobs = measured.filter(({ measurement }) => jobName(measurement) !== undefined);
  const others = measured.filter(({ measurement }) => jobName(measurement) === undefined);
  return [
    {
      objectMeta: publicMetadata(run.metadata),
      icon: view.icon,
      revision: view.revision,
      status: view.status,
      successful: view.successful,
      failed: view.failed,
      inconclusive: view.inconclusive,
      error: view.error,
      jobs: jobs.map(({ name, measurement }) => ({
        objectMeta: { name: jobName(measurement) ?? '', creationTimestamp: measurement.startedAt ?? '' },
        status: measurement.phase,
        icon: analysisIcon(measurement.phase),
        metricName: name,
        ...started(measurement),
      })),
      nonJobInfo: others.map(({ name, measurement }) => ({
        value: measurement.value ?? '',
        status: measurement.phase,
        metricName: name,
        ...started(measurement),
      })),
      metrics: (run.spec.metrics ?? []).map(metricInfo),
      specAndStatus: publicValue({ spec: run.spec, ...(run.status === undefined ? {} : { status: run.status }) }),
    },
  ];
}

function jobName(measurement: Measurement): string | undefined {
  return measurement.metadata?.['job-name'];
}

function started({ startedAt }: Measurement): { readonly startedAt?: string } {
  return startedAt === undefined ? {} : { startedAt };
}

function metricInfo(metric: Metric): MetricInfo {
  return {
    name: metric.name,
    successCondition: metric.successCondition ?? '',
    failureCondition: metric.failureCondition ?? '',
    count: numberIn(metric.count),
    failureLimit: numberIn(metric.failureLimit),
    inconclusiveLimit: numberIn(metric.inconclusiveLimit),
  };
}

/** Limits are numbers or their text; a tag that was not filled in counts as none. */
function numberIn(value: number | string | undefined): number {
  const number = Number(value ?? 0);
  return Number.isSafeInteger(number) ? number : 0;
}

function containerInfos(containers: readonly Container[] | undefined): readonly ContainerInfo[] {
  return (containers ?? []).map(({ name, image = '' }) => ({ name, image }));
}

/** The rollout's own template; where it refers to another workload, that of its present ReplicaSet. */
function templateSpec({ rollout, replicaSets }: RolloutObjects): PodSpec | undefined {
  if (rollout.spec.workloadRef === undefined) return rollout.spec.template?.spec;
  const hash = rollout.status?.currentPodHash ?? '';
  const isPresent = ({ metadata }: ReplicaSet): boolean =>
    metadata.labels?.[labels.podTemplateHash] === hash &&
    metadata.ownerReferences?.some(({ uid }) => uid === rollout.metadata.uid) === true;
  return replicaSets.find(isPresent)?.spec?.template?.spec;
}

function extra(rollout: Rollout, view: RolloutView): RolloutExtra {
  const { spec, status = {} } = rollout;
  const reference = spec.workloadRef;
  const stable = status.stableRS ?? '';
  return {
    // Before anything was done no step is the current one.
    steps: status.currentStepIndex === undefined ? view.steps.map(({ text }) => ({ text, state: 'ahead' })) : view.steps,
    maxWeight: view.maxWeight,
    weights: weightsOf(rollout, view),
    isDeploying: stable !== '' && stable !== (status.currentPodHash ?? ''),
    isAborted: status.abort === true,
    pausedSince: status.pauseConditions?.[0]?.startTime ?? '',
    workload: reference === undefined ? '' : `${reference.kind ?? ''}/${reference.name ?? ''}`,
  };
}

/**
 * Of a canary that is under way what it really has, also without steps, where `actualWeight` is 100 from the start: of available pods, or
 * what the router was last given.
 */
function weightsOf(rollout: Rollout, view: RolloutView): readonly WeightPart[] {
  const { stableRS = '', currentPodHash = '', canary: routed, availableReplicas = 0 } = rollout.status ?? {};
  if (view.actualWeight === undefined || stableRS === '') return [];
  const trials = (routed?.weights?.additional ?? []).map(
    ({ weight, serviceName = 'experiment' }): WeightPart => ({ name: serviceName, role: 'experiment', weight }),
  );
  const isRouted = rollout.spec.strategy?.canary?.trafficRouting !== undefined;
  const set = view.revisions.flatMap(({ replicaSets }) => replicaSets).find(({ tags }) => tags.includes('canary'));
  const ofPods = availableReplicas === 0 ? 0 : Math.floor(((set?.available ?? 0) * view.maxWeight) / availableReplicas);
  const canary = stableRS === currentPodHash ? 0 : isRouted ? (routed?.weights?.canary.weight ?? view.actualWeight) : ofPods;
  const stable = Math.max(0, view.maxWeight - canary - trials.reduce((sum, { weight }) => sum + weight, 0));
  return [{ name: 'stable', role: 'stable', weight: stable }, { name: 'canary', role: 'canary', weight: canary }, ...trials];
}
