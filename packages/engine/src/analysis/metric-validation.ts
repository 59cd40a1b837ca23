/** What is wrong with a list of metrics, in upstream's words and order. Limits must have their arguments filled in before. */
import { intValue, type Metric, parseGoDuration } from '@sluice/api';

/**
 * The first problem of a list of metrics; `undefined` when there is none.
 *
 * Limits are read as Go's `IntValue()` reads them: text that is no integer counts as 0.
 *
 * @see argoproj/argo-rollouts utils/analysis/factory.go, ValidateMetrics
 */
export function metricsProblem(metrics: readonly Metric[]): string | undefined {
  if (metrics.length === 0) return 'no metrics specified';
  const names = new Set<string>();
  for (const [at, metric] of metrics.entries()) {
    if (names.has(metric.name)) return `metrics[${at}]: duplicate name '${metric.name}'`;
    names.add(metric.name);
  }
  for (const [at, metric] of metrics.entries()) {
    const problem = metricProblem(metric);
    if (problem !== undefined) return `metrics[${at}]: ${problem}`;
  }
  return undefined;
}

function metricProblem(metric: Metric): string | undefined {
  const count = intValue(metric.count ?? 0);
  const failureLimit = intValue(metric.failureLimit ?? 0);
  const inconclusiveLimit = intValue(metric.inconclusiveLimit ?? 0);
  const consecutiveSuccessLimit = intValue(metric.consecutiveSuccessLimit ?? 0);
  if (consecutiveSuccessLimit < 0) return 'consecutiveSuccessLimit must be >= 0';
  if (failureLimit < -1) return 'failureLimit must be >= 0, or -1 to be disabled';
  if (consecutiveSuccessLimit === 0 && failureLimit === -1) return 'failureLimit and consecutiveSuccessLimit cannot both be disabled';
  if (inconclusiveLimit < 0) return 'inconclusiveLimit must be >= 0';
  if (intValue(metric.consecutiveErrorLimit ?? 0) < 0) return 'consecutiveErrorLimit must be >= 0';
  if (count > 0) {
    if (failureLimit >= 0 && count < failureLimit + consecutiveSuccessLimit) {
      const sum = `failureLimit + consecutiveSuccessLimit (${failureLimit} + ${consecutiveSuccessLimit})`;
      return `count (${count}) must be >= ${sum} if both >= 0`;
    }
    if (failureLimit === -1 && count < consecutiveSuccessLimit) return 'count must be >= consecutiveSuccessLimit';
    if (count < inconclusiveLimit) return 'count must be >= inconclusiveLimit';
  }
  const { interval = '', initialDelay = '' } = metric;
  if (count > 1 && interval === '') return 'interval must be specified when count > 1';
  const parsed = interval === '' ? undefined : parseGoDuration(interval);
  if (parsed?.ok === false) return `invalid interval string: ${parsed.problem}`;
  const delay = initialDelay === '' ? undefined : parseGoDuration(initialDelay);
  if (delay?.ok === false) return `invalid startDelay string: ${delay.problem}`;
  const providers = providerCount(metric.provider);
  if (providers === 0) return 'no provider specified';
  return providers > 1 ? 'multiple providers specified' : undefined;
}

/** Each plugin counts as one. */
function providerCount(provider: Metric['provider'] | undefined): number {
  const { plugin, ...others } = provider ?? {};
  const set = Object.values(others).filter((value) => value !== undefined && value !== null);
  return set.length + Object.keys(plugin ?? {}).length;
}
