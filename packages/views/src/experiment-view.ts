/** An Experiment with its ReplicaSets and AnalysisRuns, alone or as part of a rollout. */
import type { AnalysisRun, Experiment, Instant, Pod, ReplicaSet } from '@sluice/api';
import { ageOf, ownerAmong, revisionAnnotation } from './age.ts';
import { type AnalysisRunView, analysisRunViews } from './analysis-run-view.ts';
import { analysisIcon } from './icons.ts';
import { type ImageView, mergeImages } from './images.ts';
import { compareText, type ReplicaSetView, replicaSetViews } from './replica-set-view.ts';

export type ExperimentView = {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly revision: number;
  readonly status: string;
  readonly icon: string;
  readonly message: string;
  readonly age: string;
  readonly images: readonly ImageView[];
  readonly replicaSets: readonly ReplicaSetView[];
  readonly analysisRuns: readonly AnalysisRunView[];
};

export type ExperimentObjects = {
  readonly experiment: Experiment;
  /** May hold objects of others: only what the experiment owns is taken. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly analysisRuns: readonly AnalysisRun[];
};

export function experimentView({ experiment, replicaSets, pods, analysisRuns }: ExperimentObjects, now: Instant): ExperimentView {
  const uid = experiment.metadata.uid ?? '';
  const status = experiment.status?.phase ?? '';
  const sets = replicaSetViews(uid, undefined, replicaSets, pods, now);
  return {
    name: experiment.metadata.name ?? '',
    namespace: experiment.metadata.namespace ?? '',
    uid,
    createdAt: experiment.metadata.creationTimestamp ?? '',
    revision: revisionAnnotation(experiment),
    status,
    icon: analysisIcon(status),
    message: experiment.status?.message ?? '',
    age: ageOf(experiment, now),
    images: mergeImages(
      sets
        .filter((set) => set.replicas > 0)
        .flatMap((set) => set.images.map((image) => ({ image, tags: set.template === '' ? [] : [`Σ:${set.template}`] }))),
    ),
    replicaSets: sets,
    analysisRuns: analysisRunViews(uid, analysisRuns, now),
  };
}

/** The experiments that `ownerUid` owns, newest revision first, then oldest first. */
export function experimentViews(
  ownerUid: string,
  experiments: readonly Experiment[],
  others: Omit<ExperimentObjects, 'experiment'>,
  now: Instant,
): readonly ExperimentView[] {
  const owner = new Set([ownerUid]);
  return experiments
    .filter((experiment) => ownerAmong(experiment, owner) !== undefined)
    .map((experiment) => experimentView({ experiment, ...others }, now))
    .sort((a, b) => b.revision - a.revision || compareText(a.createdAt, b.createdAt));
}
