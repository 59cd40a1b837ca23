/** What is wrong with a Rollout, and what this version does not carry out. The first finding counts. */
import {
  type AnalysisArgument,
  annotations,
  canaryStepHash,
  type FieldError,
  formatFieldError,
  labels,
  type Metric,
  type Rollout,
  type RolloutAnalysis,
  type RolloutValidationOptions,
  type Service,
  validateRollout,
} from '@sluice/api';
import { resolveMetrics } from './analysis/metric-arguments.ts';
import { metricsProblem } from './analysis/metric-validation.ts';
import { effectiveCount, flattenTemplates, type TemplateLookup } from './analysis/run-spec.ts';
import { blueGreenOf, canaryOf, stepsOf } from './defaults.ts';
import type { RolloutFacts, SpecReading } from './facts.ts';
import type { Ground } from './pass.ts';
import { templateHash } from './roles.ts';
import { referencedServices } from './services.ts';
import { workloadState } from './workload.ts';

/** Reads a spec anew, or takes an earlier reading of the same one: a changed spec has another generation. */
export function readSpec(facts: RolloutFacts, options: RolloutValidationOptions): SpecReading {
  const { rollout, specReading } = facts;
  const { uid, generation } = rollout.metadata;
  const workload = workloadState(facts);
  const collisionCount = rollout.status?.collisionCount;
  const isSameSpec = uid !== undefined && generation !== undefined && specReading?.uid === uid && specReading.generation === generation;
  if (isSameSpec && specReading.collisionCount === collisionCount && specReading.workload === workload) return specReading;
  const [finding] = validateRollout(rollout, options);
  return {
    uid,
    generation,
    collisionCount,
    workload,
    templateHash: templateHash(rollout),
    stepHash: canaryStepHash(rollout.spec.strategy?.canary?.steps),
    problem: finding === undefined ? undefined : formatFieldError(finding),
  };
}

/**
 * The first finding about what a valid spec refers to, as `path: Invalid value: "x": sentence`: services, then analysis templates, then the
 * objects of traffic routers.
 */
export function invalidReferences({ rollout, services, routed }: RolloutFacts, { templates, routers }: Ground): string | undefined {
  const finding = serviceProblem(rollout, services ?? new Map()) ?? templateProblem(rollout, templates) ?? routerProblem();
  return finding === undefined ? undefined : formatFieldError(finding);

  function routerProblem(): FieldError | undefined {
    for (const router of routers) {
      const problem = router.validate(rollout, routed ?? new Map());
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
}

type AnalysisAt = { readonly path: string; readonly analysis: RolloutAnalysis; readonly isBackground: boolean };

function analysesOf({ spec }: Rollout): readonly AnalysisAt[] {
  const { prePromotionAnalysis, postPromotionAnalysis } = blueGreenOf(spec);
  const at = (analysis: RolloutAnalysis | undefined, path: string, isBackground = false): readonly AnalysisAt[] =>
    analysis === undefined ? [] : [{ path: `spec.strategy.${path}`, analysis, isBackground }];
  return [
    ...at(prePromotionAnalysis, 'blueGreen.prePromotionAnalysis'),
    ...at(postPromotionAnalysis, 'blueGreen.postPromotionAnalysis'),
    ...stepsOf(spec).flatMap(({ analysis }, index) => at(analysis, `canary.steps[${index}].analysis`)),
    ...at(canaryOf(spec).analysis, 'canary.analysis', true),
  ];
}

/** @see argoproj/argo-rollouts pkg/apis/rollouts/validation/validation_references.go ValidateAnalysisTemplatesWithType */
function templateProblem(rollout: Rollout, templates: TemplateLookup): FieldError | undefined {
  for (const { path, analysis, isBackground } of analysesOf(rollout)) {
    const references = analysis.templates ?? [];
    const at = `${path}.templates`;
    const names = references.map(({ templateName = '' }) => templateName);
    const together = `templateNames: [${names.join(' ')}]`;
    const flat = flattenTemplates(references, templates);
    if (!flat.ok) {
      const { problem } = flat;
      if (problem.kind === 'merge') return { path: at, type: 'Invalid', value: together, detail: problem.message };
      return { path: problem.isNested ? 'spec.templates' : at, type: 'Invalid', value: problem.name, detail: problem.message };
    }
    const { metrics = [], args = [] } = flat.value;
    const name = names[0] ?? '';
    const endless = isBackground ? undefined : metrics.find((metric) => isEndless(metric, args, analysis.args ?? []));
    if (endless !== undefined) {
      const detail = `AnalysisTemplate ${name} has metric ${endless.name} which runs indefinitely. Invalid value for count: <nil>`;
      return { path: at, type: 'Invalid', value: together, detail };
    }
    // Arguments may stand in limits and names, which then are judged once they are filled in.
    const problem = args.length > 0 ? undefined : metricsProblem(metrics);
    if (problem !== undefined) return { path: at, type: 'Invalid', value: together, detail: `AnalysisTemplate ${name}: ${problem}` };
    if (!isBackground) continue;
    const given = new Set((analysis.args ?? []).map((argument) => argument.name));
    const missing = args.find((argument) => argument.value === undefined && argument.valueFrom === undefined && !given.has(argument.name));
    if (missing === undefined) continue;
    const detail = given.size === 0 ? 'missing analysis arguments in rollout spec' : missing.name;
    return { path: at, type: 'Invalid', value: together, detail };
  }
  return undefined;
}

/** Whether a metric takes measurements for ever. Arguments may decide that; one whose value is not known yet decides nothing. */
function isEndless(metric: Metric, declared: readonly AnalysisArgument[], given: readonly AnalysisArgument[]): boolean {
  const open = '{{unknown}}';
  const textOf = ({ name, value }: AnalysisArgument): string => given.find((argument) => argument.name === name)?.value ?? value ?? open;
  const resolved = resolveMetrics(
    [metric],
    declared.map((argument) => ({ name: argument.name, value: textOf(argument) })),
  );
  const filled = resolved.ok ? resolved.metrics[0] : undefined;
  if (filled === undefined || String(filled.count ?? '').includes(open)) return false;
  return effectiveCount(filled) === undefined;
}

function serviceProblem(rollout: Rollout, services: ReadonlyMap<string, Service>): FieldError | undefined {
  for (const { name, path } of referencedServices(rollout)) {
    const problem = (detail: string): FieldError => ({ path, type: 'Invalid', value: name, detail });
    const service = services.get(name);
    if (service === undefined) return problem(`service "${name}" not found`);
    const podLabels = rollout.spec.template?.metadata?.labels ?? {};
    const odd = Object.entries(service.spec?.selector ?? {}).find(
      ([key, value]) => key !== labels.podTemplateHash && podLabels[key] !== value,
    );
    if (odd !== undefined) return problem(`Service "${name}" has unmatch label "${odd[0]}" in rollout`);
    const manager = service.metadata.annotations?.[annotations.managedBy];
    if (manager !== undefined && manager !== rollout.metadata.name) return problem(`Service "${name}" is managed by another Rollout`);
  }
  return undefined;
}

/**
 * The part of a valid spec that this version does not carry out; `undefined` when it does all. Such a Rollout is left exactly as it is:
 * half an update would be worse than none.
 */
export function unsupportedPart({ spec }: Rollout, { routers, isStepPluginDisabled }: Ground): string | undefined {
  const plugin = stepsOf(spec).findIndex((step) => step.plugin !== undefined);
  if (plugin >= 0 && isStepPluginDisabled === undefined) return `spec.strategy.canary.steps[${plugin}].plugin`;
  const wanted = canaryOf(spec).trafficRouting;
  if (wanted === undefined) return undefined;
  const served = new Set(routers.map(({ field }) => field));
  const asked = Object.keys(wanted)
    .filter((key) => key !== 'managedRoutes' && key !== 'maxTrafficWeight' && key !== 'plugins')
    .concat(Object.keys(wanted.plugins ?? {}).map((name) => `plugins.${name}`));
  const missing = asked.find((key) => !served.has(key));
  return missing === undefined ? undefined : `spec.strategy.canary.trafficRouting.${missing}`;
}
