export type { Histogram, RolloutGauges, RolloutMetrics } from './metrics.ts';
export { type RolloutController, type RolloutControllerOptions, startRolloutController } from './rollout-controller.ts';
