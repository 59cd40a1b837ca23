/** The phase of one metric from its measurements and counters, and which limit it has passed. Begin at `assessMetric`. */
import { type AnalysisPhase, intValue, type Metric, type MetricResult } from '@sluice/api';
import { isCompletedPhase } from './phases.ts';
import { effectiveCount } from './run-spec.ts';

/** Errors in a row that a metric gets over unless it says otherwise. */
const consecutiveErrorLimitDefault = 4;

export type Breach = { readonly phase: AnalysisPhase; readonly text: string };

/**
 * The limit that a metric has passed. Where it has passed several, inconclusive measurements outweigh failed ones, and errors in a row
 * outweigh both.
 *
 * @see argoproj/argo-rollouts analysis/analysis.go, assessMetricFailureInconclusiveOrError
 */
export function limitBreach(metric: Metric, result: MetricResult): Breach | undefined {
  const failureLimit = intValue(metric.failureLimit ?? 0);
  const inconclusiveLimit = intValue(metric.inconclusiveLimit ?? 0);
  const consecutiveErrorLimit = intValue(metric.consecutiveErrorLimit ?? consecutiveErrorLimitDefault);
  const { failed = 0, inconclusive = 0, consecutiveError = 0 } = result;
  if (consecutiveError > consecutiveErrorLimit) {
    return { phase: 'Error', text: `consecutiveErrors (${consecutiveError}) > consecutiveErrorLimit (${consecutiveErrorLimit})` };
  }
  if (inconclusive > inconclusiveLimit) {
    return { phase: 'Inconclusive', text: `inconclusive (${inconclusive}) > inconclusiveLimit (${inconclusiveLimit})` };
  }
  // -1 switches it off.
  if (failureLimit >= 0 && failed > failureLimit) {
    return { phase: 'Failed', text: `failed (${failed}) > failureLimit (${failureLimit})` };
  }
  return undefined;
}

/**
 * The phase of a metric. One that is completed stays as it is.
 *
 * @param isTerminating - no new measurements are taken: what has no verdict yet is successful
 * @see argoproj/argo-rollouts analysis/analysis.go, assessMetricStatus
 */
export function assessMetric(metric: Metric, result: MetricResult, isTerminating: boolean): AnalysisPhase {
  if (isCompletedPhase(result.phase)) return result.phase;
  const last = result.measurements?.at(-1);
  if (last === undefined) return isTerminating ? 'Successful' : 'Pending';
  if (!isCompletedPhase(last.phase)) return 'Running';
  const breach = limitBreach(metric, result);
  if (breach !== undefined) return breach.phase;
  const failureLimit = intValue(metric.failureLimit ?? 0);
  const consecutiveSuccessLimit = intValue(metric.consecutiveSuccessLimit ?? 0);
  if (consecutiveSuccessLimit > 0 && (result.consecutiveSuccess ?? 0) >= consecutiveSuccessLimit) return 'Successful';
  const count = effectiveCount(metric);
  if (count !== undefined && (result.count ?? 0) >= count) {
    // All measurements are taken and there were never enough good ones in a row. Whether that is bad is known only where failures do not count.
    if (consecutiveSuccessLimit > 0) return failureLimit >= 0 ? 'Inconclusive' : 'Failed';
    return 'Successful';
  }
  return isTerminating ? 'Successful' : 'Running';
}
