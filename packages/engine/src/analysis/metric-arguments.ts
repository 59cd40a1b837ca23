/** `{{args.NAME}}` in metrics: filled in as text of their JSON, in any field, as upstream does it. */
import { type AnalysisArgument, goRawJson, type Metric } from '@sluice/api';
import { goQuoted } from './go-text.ts';

export type ResolvedMetrics = { readonly ok: true; readonly metrics: readonly Metric[] } | { readonly ok: false; readonly problem: string };

/** Stands for values of Secrets wherever metrics are looked at without them. */
const secretStandIn = 'temp-for-secret';

/**
 * Metrics with all tags replaced. A value is quoted as Go quotes it, so that it stays within the text it stands in. Blanks around a tag's
 * name do not count. Every argument needs a value, used or not.
 *
 * The problem may repeat the text of a tag, never a value.
 *
 * @see argoproj/argo-rollouts utils/analysis/helpers.go, ResolveMetricArgs; utils/template
 */
export function resolveMetrics(metrics: readonly Metric[], args: readonly AnalysisArgument[]): ResolvedMetrics {
  const resolved: Metric[] = [];
  const values = new Map<string, string>();
  for (const metric of metrics) {
    for (const { name, value } of args) {
      if (value === undefined) return { ok: false, problem: `argument "${name}" was not supplied` };
      values.set(`args.${name}`, value);
    }
    const filled = fillIn(metric, values);
    if ('problem' in filled) return { ok: false, problem: filled.problem };
    resolved.push(filled.metric);
  }
  return { ok: true, metrics: resolved };
}

/** The arguments with a stand-in for each that comes from a Secret. */
export function withoutSecrets(args: readonly AnalysisArgument[]): readonly AnalysisArgument[] {
  return args.map((argument) => {
    if (argument.valueFrom?.secretKeyRef === undefined) return argument;
    return { name: argument.name, value: secretStandIn };
  });
}

const open = '{{';
const close = '}}';

function fillIn(metric: Metric, values: ReadonlyMap<string, string>): { readonly metric: Metric } | { readonly problem: string } {
  const text = goRawJson(metric);
  if (!text.includes(open)) return { metric };
  let written = '';
  let at = 0;
  for (let from = text.indexOf(open); from >= 0; from = text.indexOf(open, at)) {
    const to = text.indexOf(close, from + open.length);
    if (to < 0) return { problem: `cannot find end tag="${close}" of a tag in metric '${metric.name}'` };
    const tag = text.slice(from + open.length, to);
    const value = values.get(tag.trim());
    if (value === undefined) return { problem: `failed to resolve {{${tag}}}` };
    written += text.slice(at, from) + goQuoted(value);
    at = to + close.length;
  }
  try {
    return { metric: JSON.parse(written + text.slice(at)) as Metric };
  } catch {
    // Go's escapes of control characters are not JSON's. The parser's words would repeat the value.
    return { problem: `an argument of metric '${metric.name}' has a character that cannot be written in JSON` };
  }
}
