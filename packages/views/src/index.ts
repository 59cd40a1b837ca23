export type { AnalysisRunView, JobView } from './analysis-run-view.ts';
export { canaryPicture, type PictureOptions, repaint, rolloutLine } from './canary-picture.ts';
export { type Colour, colours, type Pen, padTo, pen, widthOf } from './colour.ts';
export { type ExperimentObjects, type ExperimentView, experimentView } from './experiment-view.ts';
export { analysisIcon, kindIcons, podIcon, replicaSetIcon, rolloutIcon, statusIcons } from './icons.ts';
export type { ImageView } from './images.ts';
export { type ListOptions, printExperimentList, printRolloutList, printRolloutRows, rolloutRowKey } from './list-printer.ts';
export type { PodView } from './pod-view.ts';
export { publicObject } from './public-object.ts';
export type { ReplicaSetTag, ReplicaSetView } from './replica-set-view.ts';
export {
  type AnalysisRunInfo,
  type ContainerInfo,
  type ExperimentInfo,
  type MetricInfo,
  type PodInfo,
  type ReplicaSetInfo,
  type RolloutInfo,
  rolloutInfo,
  type WeightPart,
} from './rollout-info.ts';
export { type PrintOptions, printExperiment, printRollout } from './rollout-printer.ts';
export { type RevisionView, type RolloutObjects, type RolloutView, rolloutView, type StepView } from './rollout-view.ts';
export { table } from './table.ts';
