/** The metrics of a run as far as they are known without Secrets, and what its rules say about each of them. */
import { type AnalysisRun, type AnalysisRunSpec, GoPattern, type Metric, PatternError } from '@sluice/api';
import { resolveMetrics, withoutSecrets } from './metric-arguments.ts';
import { metricsProblem } from './metric-validation.ts';

/** Measurements of a metric that stay in the status unless a rule says otherwise. */
const keptDefault = 10;

export type PreparedMetric = {
  /** Arguments filled in, with a stand-in for each Secret: its name is the one in the status. */
  readonly metric: Metric;
  /** As it stands in the spec, with its tags. */
  readonly template: Metric;
  readonly isDryRun: boolean;
  /** Measurements that stay in the status. */
  readonly kept: number;
};

export type Prepared =
  | { readonly ok: true; readonly metrics: readonly PreparedMetric[] }
  /** `problem` is the run's message. */
  | { readonly ok: false; readonly problem: string };

export function prepareRun({ spec }: AnalysisRun): Prepared {
  const templates = spec.metrics ?? [];
  const resolved = resolveMetrics(templates, withoutSecrets(spec.args ?? []));
  if (!resolved.ok) return { ok: false, problem: unresolvedMessage(resolved.problem) };
  const { metrics } = resolved;
  const problem = metricsProblem(metrics);
  if (problem !== undefined) return { ok: false, problem: `Analysis spec invalid: ${problem}` };
  const rules = applyRules(spec, metrics);
  if (!rules.ok) return { ok: false, problem: `Analysis spec invalid: ${rules.problem}` };
  return {
    ok: true,
    metrics: metrics.map((metric, at) => ({
      metric,
      template: templates[at] ?? metric,
      isDryRun: rules.dry.has(metric.name),
      kept: rules.kept.get(metric.name) ?? keptDefault,
    })),
  };
}

export function unresolvedMessage(problem: string): string {
  return `Unable to resolve metric arguments: ${problem}`;
}

type AppliedRules =
  | { readonly ok: true; readonly dry: ReadonlySet<string>; readonly kept: ReadonlyMap<string, number> }
  | { readonly ok: false; readonly problem: string };

/** Of several retention rules for a metric the last one counts; a limit below 1 is the default. */
function applyRules(spec: AnalysisRunSpec, metrics: readonly Metric[]): AppliedRules {
  const dry = new Set<string>();
  const kept = new Map<string, number>();
  const matched = (pattern: string): readonly string[] => namesMatching(pattern, metrics);
  for (const [at, { metricName }] of (spec.dryRun ?? []).entries()) {
    const names = matched(metricName);
    if (names.length === 0) return { ok: false, problem: `dryRun[${at}]: Rule didn't match any metric name(s)` };
    for (const name of names) dry.add(name);
  }
  for (const [at, { metricName, limit }] of (spec.measurementRetention ?? []).entries()) {
    const names = matched(metricName);
    if (names.length === 0) return { ok: false, problem: `measurementRetention[${at}]: Rule didn't match any metric name(s)` };
    for (const name of names) kept.set(name, limit > 0 ? limit : keptDefault);
  }
  return { ok: true, dry, kept };
}

/** Unanchored, as Go reads it. A pattern that Go refuses matches nothing: upstream overlooks that error too. */
function namesMatching(pattern: string, metrics: readonly Metric[]): readonly string[] {
  try {
    const expression = new GoPattern(pattern);
    return metrics.map(({ name }) => name).filter((name) => expression.test(name));
  } catch (error) {
    if (error instanceof PatternError) return [];
    throw error;
  }
}
