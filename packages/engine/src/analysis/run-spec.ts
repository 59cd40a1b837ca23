/**
 * The spec of an AnalysisRun from the templates that somebody names: found, followed into their nested ones, made flat, and given the
 * caller's arguments. Knows nothing of who asks (a step, a background analysis, an experiment) nor of how templates are read.
 */
import {
  type AnalysisArgument,
  type AnalysisRunSpec,
  type AnalysisTemplate,
  type AnalysisTemplateReference,
  type AnalysisTemplateSpec,
  type ClusterAnalysisTemplate,
  type DryRunRule,
  intValue,
  type MeasurementRetentionRule,
  type Metric,
} from '@sluice/api';

/** Where templates are looked up: those of one namespace, and those of the cluster. */
export type TemplateLookup = {
  readonly template: (name: string) => AnalysisTemplate | undefined;
  readonly clusterTemplate: (name: string) => ClusterAnalysisTemplate | undefined;
};

/** Why no spec can be built. `isNested`: the name stands in another template, not in the caller's list. */
export type BuildProblem =
  | {
      readonly kind: 'not-found';
      readonly name: string;
      readonly clusterScope: boolean;
      readonly isNested: boolean;
      readonly message: string;
    }
  | { readonly kind: 'merge'; readonly message: string };

export type Built<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: BuildProblem };

export type RunSpecRequest = {
  readonly templates: readonly AnalysisTemplateReference[];
  readonly args: readonly AnalysisArgument[];
  readonly dryRun?: readonly DryRunRule[];
  readonly measurementRetention?: readonly MeasurementRetentionRule[];
};

export function mergeProblem(message: string): { readonly ok: false; readonly problem: BuildProblem } {
  return { ok: false, problem: { kind: 'merge', message } };
}

/**
 * The spec of a run. Lists that would be empty are absent, as upstream writes them.
 *
 * The caller's arguments fill those that the templates declare; others are dropped. Its dry-run and retention rules come before those of
 * the templates.
 *
 * @see argoproj/argo-rollouts utils/analysis/helpers.go, NewAnalysisRunFromTemplates
 */
export function buildRunSpec(request: RunSpecRequest, lookup: TemplateLookup): Built<AnalysisRunSpec> {
  const flat = flattenTemplates(request.templates, lookup);
  if (!flat.ok) return flat;
  const args = mergeArguments(request.args, flat.value.args ?? []);
  if (!args.ok) return args;
  const dryRun = [...(request.dryRun ?? []), ...(flat.value.dryRun ?? [])];
  const measurementRetention = [...(request.measurementRetention ?? []), ...(flat.value.measurementRetention ?? [])];
  const problem = rulesProblem(dryRun, measurementRetention);
  if (problem !== undefined) return mergeProblem(problem);
  return {
    ok: true,
    value: {
      metrics: flat.value.metrics ?? [],
      ...(args.value.length === 0 ? {} : { args: args.value }),
      ...(dryRun.length === 0 ? {} : { dryRun }),
      ...(measurementRetention.length === 0 ? {} : { measurementRetention }),
    },
  };
}

/**
 * All templates that the references lead to as one: metrics of the namespaced ones, then of the cluster's; rules likewise; arguments by
 * name. Has no `templates` of its own. A template that includes itself is a problem here, where upstream recurses for ever.
 */
export function flattenTemplates(references: readonly AnalysisTemplateReference[], lookup: TemplateLookup): Built<AnalysisTemplateSpec> {
  const collected = collect(references, lookup);
  if (!collected.ok) return collected;
  const specs = collected.value;
  const metrics = specs.flatMap((spec) => spec.metrics ?? []);
  const repeated = firstRepeated(metrics.map(({ name }) => name));
  if (repeated !== undefined) return mergeProblem(`two metrics have the same name '${repeated}'`);
  const dryRun = specs.flatMap((spec) => spec.dryRun ?? []);
  const measurementRetention = specs.flatMap((spec) => spec.measurementRetention ?? []);
  const problem = rulesProblem(dryRun, measurementRetention);
  if (problem !== undefined) return mergeProblem(problem);
  const args = flattenArguments(specs.flatMap((spec) => spec.args ?? []));
  if (!args.ok) return args;
  return { ok: true, value: { metrics, args: args.value, dryRun, measurementRetention } };
}

/** Whether a run that exists is the one that would be made: same metrics, rules and arguments, whatever else its spec has. */
export function isSameRunSpec(a: AnalysisRunSpec, b: AnalysisRunSpec): boolean {
  const compared = ({ metrics, dryRun, measurementRetention, args }: AnalysisRunSpec): string =>
    JSON.stringify(canonical({ metrics, dryRun, measurementRetention, args }));
  return compared(a) === compared(b);
}

/** Specs of namespaced templates, then of cluster templates; each template once, where it is met first. */
function collect(references: readonly AnalysisTemplateReference[], lookup: TemplateLookup): Built<readonly AnalysisTemplateSpec[]> {
  const namespaced = new Map<string, AnalysisTemplateSpec>();
  const clusterWide = new Map<string, AnalysisTemplateSpec>();
  const path: { readonly name: string; readonly clusterScope: boolean }[] = [];

  const follow = (list: readonly AnalysisTemplateReference[]): BuildProblem | undefined => {
    for (const { templateName: name = '', clusterScope = false } of list) {
      const isOnPath = path.some((entry) => entry.name === name && entry.clusterScope === clusterScope);
      if (isOnPath) {
        const names = [...path.map((entry) => entry.name), name].join(' -> ');
        return { kind: 'merge', message: `analysis template '${name}' includes itself: ${names}` };
      }
      const known = clusterScope ? clusterWide : namespaced;
      if (known.has(name)) continue;
      const template = clusterScope ? lookup.clusterTemplate(name) : lookup.template(name);
      if (template === undefined) {
        const message = `${clusterScope ? 'ClusterAnalysisTemplate' : 'AnalysisTemplate'} '${name}' not found`;
        return { kind: 'not-found', name, clusterScope, isNested: path.length > 0, message };
      }
      known.set(name, template.spec);
      path.push({ name, clusterScope });
      const problem = follow(template.spec.templates ?? []);
      if (problem !== undefined) return problem;
      path.pop();
    }
    return undefined;
  };

  const problem = follow(references);
  if (problem !== undefined) return { ok: false, problem };
  return { ok: true, value: [...namespaced.values(), ...clusterWide.values()] };
}

/** Arguments by name. Two values must agree; one without a value gives way to the later one, whatever that holds. */
function flattenArguments(all: readonly AnalysisArgument[]): Built<readonly AnalysisArgument[]> {
  const byName = new Map<string, AnalysisArgument>();
  for (const argument of all) {
    const previous = byName.get(argument.name);
    if (previous?.value !== undefined && argument.value !== undefined && previous.value !== argument.value) {
      const values = `'${previous.value}', '${argument.value}'`;
      return mergeProblem(`Argument \`${argument.name}\` specified multiple times with different values: ${values}`);
    }
    if (previous?.value === undefined) byName.set(argument.name, argument);
  }
  return { ok: true, value: [...byName.values()] };
}

function mergeArguments(given: readonly AnalysisArgument[], declared: readonly AnalysisArgument[]): Built<readonly AnalysisArgument[]> {
  const byName = new Map(declared.map((argument) => [argument.name, argument]));
  for (const { name, value, valueFrom } of given) {
    const argument = byName.get(name);
    if (argument === undefined) continue;
    if (value !== undefined) byName.set(name, { ...argument, value });
    else if (valueFrom !== undefined) byName.set(name, { ...argument, valueFrom });
  }
  for (const { name, value, valueFrom } of byName.values()) {
    if (value === undefined && valueFrom === undefined) return mergeProblem(`args.${name} was not resolved`);
  }
  return { ok: true, value: [...byName.values()] };
}

function rulesProblem(dryRun: readonly DryRunRule[], retention: readonly MeasurementRetentionRule[]): string | undefined {
  const dry = firstRepeated(dryRun.map(({ metricName }) => metricName));
  if (dry !== undefined) return `two Dry-Run metric rules have the same name '${dry}'`;
  const kept = firstRepeated(retention.map(({ metricName }) => metricName));
  if (kept !== undefined) return `two Measurement Retention metric rules have the same name '${kept}'`;
  return undefined;
}

function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return names.find((name) => seen.has(name) || !seen.add(name));
}

/** Keys in order, and nothing that a writer may leave out: absent, null and empty lists. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined && item !== null && !(Array.isArray(item) && item.length === 0))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, canonical(item)] as const);
  return Object.fromEntries(entries);
}

/**
 * How many measurements a metric takes: 1 without an interval, without end with one, unless `count` says so. `undefined`: without end.
 *
 * @see argoproj/argo-rollouts pkg/apis/rollouts/v1alpha1, Metric.EffectiveCount
 */
export function effectiveCount({ count, interval }: Pick<Metric, 'count' | 'interval'>): number | undefined {
  const given = count === undefined ? 0 : intValue(count);
  if (given !== 0) return given;
  return interval === undefined || interval === '' ? 1 : undefined;
}
