export {
  type AnalysisController,
  type AnalysisControllerOptions,
  createAnalysisController,
} from './analysis/analysis-controller.ts';
export { type AnalysisInformers, type AnalysisInformersOptions, createAnalysisInformers } from './analysis/analysis-informers.ts';
export type {
  AnalysisMetrics,
  AnalysisRunGauges,
  AnalysisTemplateGauges,
} from './analysis/analysis-metrics.ts';
export type { SourceFor } from './analysis/measuring.ts';
export {
  createExperimentController,
  type ExperimentController,
  type ExperimentControllerOptions,
} from './experiments/experiment-controller.ts';
export { createExperimentInformer, type ExperimentInformerOptions, type ExperimentInformers } from './experiments/experiment-informers.ts';
export { type ExperimentGauges, type ExperimentMetrics, experimentPhaseSeries } from './experiments/experiment-metrics.ts';
export type { RolloutGauges, RolloutMetrics } from './metrics.ts';
export {
  createNotificationInformers,
  type NotificationInformers,
  type NotificationInformersOptions,
} from './notifications/notification-informers.ts';
export type { NotificationMetrics } from './notifications/notification-metrics.ts';
export {
  createNotificationSender,
  type NotificationSender,
  type NotificationSenderOptions,
  type NotifiedEvent,
} from './notifications/notification-sender.ts';
export { parseNotificationYaml } from './notifications/yaml.ts';
export type { Histogram, PassCounts } from './pass-book.ts';
export {
  type ControllerMetrics,
  type RolloutController,
  type RolloutControllerOptions,
  startRolloutController,
} from './rollout-controller.ts';
