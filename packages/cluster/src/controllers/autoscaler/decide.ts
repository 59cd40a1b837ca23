/**
 * What a HorizontalPodAutoscaler does now: reads the metrics, sets the target's scale when they ask for another size, says why in its
 * conditions. Pure. Behaves as the horizontal pod autoscaler of Kubernetes 1.34 for metrics of resources.
 */
import { type Condition, formatTime, type Instant } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { conditionOf } from '../../control/conditions.ts';
import { type Note, type Plan, type Step, statusWrite } from '../../control/plan.ts';
import type { ContainerUsage } from '../../runtime/usage.ts';
import type {
  AutoscalerStatus,
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  Scale,
  ScalingRules,
} from '../../shapes/autoscaling.ts';
import type { Pod } from '../../shapes/pod.ts';
import { type AutoscalerMemory, behaviorOf, limited, limitedByBehavior, remembered, steadied, steadiedByBehavior } from './limits.ts';
import { type Proposal, proposeByAverage, proposeByUtilization, type Tolerances, thousandths } from './proposals.ts';

/** Between two looks, as upstream's `--horizontal-pod-autoscaler-sync-period`. */
export const periodMs = 15_000;

export type AutoscalerFacts = {
  readonly autoscaler: HorizontalPodAutoscaler;
  /** Or why it could not be read. */
  readonly scale: { readonly ok: true; readonly scale: Scale } | { readonly ok: false; readonly problem: string };
  /** Selected by the scale. */
  readonly pods: readonly Pod[];
  readonly usageOf: (pod: Pod) => readonly ContainerUsage[] | undefined;
  readonly memory: AutoscalerMemory;
};

/** `resizeTo` is carried out first; the status says that it went well. */
export type AutoscalerDecision = {
  readonly plan: Plan;
  readonly resizeTo: number | undefined;
  readonly memory: AutoscalerMemory;
};

export function decideAutoscaler(seen: AutoscalerFacts, now: Instant): AutoscalerDecision {
  const { autoscaler } = seen;
  const { spec } = autoscaler;
  const conditions = new Conditions(autoscaler, now);
  if (!seen.scale.ok) {
    const message = `the HPA controller was unable to get the target's current scale: ${seen.scale.problem}`;
    conditions.set('AbleToScale', 'False', 'FailedGetScale', message);
    const note = warning(autoscaler, 'FailedGetScale', seen.scale.problem);
    return finish(seen, conditions, { reason: 'no scale', notes: [note] }, now);
  }
  conditions.set('AbleToScale', 'True', 'SucceededGetScale', "the HPA controller was able to get the target's current scale");
  const current = seen.scale.scale.spec?.replicas ?? 0;
  const min = spec.minReplicas ?? 1;
  const max = spec.maxReplicas;
  const memory: AutoscalerMemory =
    seen.memory.recommendations.length > 0 ? seen.memory : { ...seen.memory, recommendations: [{ at: now, replicas: current }] };
  const known = { ...seen, memory };

  if (current === 0 && min !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    conditions.set('ScalingActive', 'False', 'ScalingDisabled', message);
    return finish(known, conditions, { reason: 'target is at zero', current, desired: 0 }, now);
  }
  if (current > max)
    return rescale(known, conditions, { from: current, to: max, reason: 'Current number of replicas above Spec.MaxReplicas' }, now);
  if (current < min)
    return rescale(known, conditions, { from: current, to: min, reason: 'Current number of replicas below Spec.MinReplicas' }, now);

  const measured = measure(known, seen.scale.scale, conditions, current, now);
  if (!measured.ok) {
    const notes = [...measured.notes, warning(autoscaler, 'FailedComputeMetricsReplicas', measured.problem)];
    const kept = autoscaler.status?.desiredReplicas ?? 0;
    return finish(known, conditions, { reason: 'no metrics', current, desired: kept, metrics: measured.statuses, notes }, now);
  }
  const wanted = measured.replicas;
  const reason = wanted > current ? `${measured.metric} above target` : 'All metrics below target';
  const behavior = behaviorOf(autoscaler);
  const asked = { current, wanted, min, max, memory };
  const steady = behavior === undefined ? steadied(asked, now) : steadiedByBehavior(asked, behavior, now);
  if (steady === wanted) conditions.set('AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size');
  else if (behavior !== undefined && wanted >= current) {
    conditions.set(
      'AbleToScale',
      'True',
      'ScaleUpStabilized',
      'recent recommendations were lower than current one, applying the lowest recent recommendation',
    );
  } else {
    conditions.set(
      'AbleToScale',
      'True',
      'ScaleDownStabilized',
      'recent recommendations were higher than current one, applying the highest recent recommendation',
    );
  }
  const bounded =
    behavior === undefined ? limited({ ...asked, wanted: steady }) : limitedByBehavior({ ...asked, wanted: steady }, behavior, now);
  conditions.set('ScalingLimited', bounded.replicas === steady ? 'False' : 'True', bounded.reason, bounded.message);
  const next = { from: current, to: bounded.replicas, reason, metrics: measured.statuses, notes: measured.notes, recommendation: wanted };
  return bounded.replicas === current
    ? finish(
        known,
        conditions,
        { reason: 'size is right', current, desired: current, metrics: measured.statuses, notes: measured.notes, recommendation: wanted },
        now,
      )
    : rescale(known, conditions, next, now);
}

type Rescale = {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
  readonly metrics?: readonly MetricStatus[];
  readonly notes?: readonly Note[];
  readonly recommendation?: number;
};

function rescale(seen: AutoscalerFacts, conditions: Conditions, next: Rescale, now: Instant): AutoscalerDecision {
  conditions.set('AbleToScale', 'True', 'SucceededRescale', `the HPA controller was able to update the target scale to ${next.to}`);
  const message = `New size: ${next.to}; reason: ${next.reason}`;
  const note: Note = { about: seen.autoscaler, type: 'Normal', reason: 'SuccessfulRescale', message };
  return finish(
    seen,
    conditions,
    {
      reason: next.reason,
      current: next.from,
      desired: next.to,
      metrics: next.metrics,
      notes: [...(next.notes ?? []), note],
      resize: { from: next.from, to: next.to },
      recommendation: next.recommendation,
    },
    now,
  );
}

/** The decision after the server refused the new size. */
export function decideRefusedScale(seen: AutoscalerFacts, to: number, problem: string, now: Instant): Plan {
  const conditions = new Conditions(seen.autoscaler, now);
  conditions.set('AbleToScale', 'False', 'FailedUpdateScale', `the HPA controller was unable to update the target scale: ${problem}`);
  const note = warning(seen.autoscaler, 'FailedRescale', `New size: ${to}; reason: ; error: ${problem}`);
  return finish(seen, conditions, { reason: 'scale refused', notes: [note] }, now).plan;
}

type Ending = {
  readonly reason: string;
  readonly current?: number;
  readonly desired?: number;
  readonly metrics?: readonly MetricStatus[] | undefined;
  readonly notes?: readonly Note[];
  readonly resize?: { readonly from: number; readonly to: number };
  readonly recommendation?: number | undefined;
};

function finish(seen: AutoscalerFacts, conditions: Conditions, ending: Ending, now: Instant): AutoscalerDecision {
  const { autoscaler } = seen;
  const before = autoscaler.status;
  const lastScaleTime = ending.resize === undefined ? before?.lastScaleTime : formatTime(now);
  const current = ending.current ?? before?.currentReplicas;
  const metrics = ending.metrics ?? before?.currentMetrics;
  const status: AutoscalerStatus = {
    ...(before?.observedGeneration === undefined ? {} : { observedGeneration: before.observedGeneration }),
    ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
    ...(current === undefined ? {} : { currentReplicas: current }),
    desiredReplicas: ending.desired ?? before?.desiredReplicas ?? 0,
    ...(metrics === undefined || metrics === null ? {} : { currentMetrics: metrics }),
    conditions: conditions.list(),
  };
  const write = statusWrite(builtinTypes.horizontalPodAutoscalers, autoscaler, status);
  const steps: readonly Step[] = write === undefined ? [] : [{ writes: [write] }];
  const recommendation = ending.recommendation ?? undefined;
  const memory =
    recommendation === undefined ? seen.memory : remembered(seen.memory, recommendation, ending.resize, behaviorOf(autoscaler), now);
  return {
    plan: { steps, notes: ending.notes ?? [], reason: ending.reason, requeueAfterMs: periodMs },
    resizeTo: ending.resize?.to,
    memory,
  };
}

type Measured =
  | {
      readonly ok: true;
      readonly replicas: number;
      readonly metric: string;
      readonly statuses: readonly MetricStatus[];
      readonly notes: readonly Note[];
    }
  | {
      readonly ok: false;
      readonly problem: string;
      readonly statuses: readonly MetricStatus[] | undefined;
      readonly notes: readonly Note[];
    };

/** The largest size that any metric asks for. A metric that cannot be read stops shrinking, not growing. */
function measure(seen: AutoscalerFacts, scale: Scale, conditions: Conditions, current: number, now: Instant): Measured {
  const { autoscaler } = seen;
  if ((scale.status?.selector ?? '') === '') {
    conditions.set('ScalingActive', 'False', 'InvalidSelector', "the HPA target's scale is missing a selector");
    return { ok: false, problem: 'selector is required', statuses: undefined, notes: [warning(autoscaler, 'SelectorRequired', '')] };
  }
  const metrics = autoscaler.spec.metrics ?? [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ];
  const statuses: MetricStatus[] = [];
  const notes: Note[] = [];
  let best: { replicas: number; metric: string } | undefined;
  let failure: { problem: string; reason: string } | undefined;
  let failures = 0;
  for (const metric of metrics) {
    const proposal = proposeFor(metric, seen, current, now);
    if (!proposal.ok) {
      failures++;
      failure ??= { problem: proposal.problem, reason: proposal.reason };
      notes.push(warning(autoscaler, proposal.reason, proposal.problem));
      statuses.push({ type: '' });
      continue;
    }
    statuses.push(proposal.status);
    if (best === undefined || proposal.replicas > best.replicas) best = { replicas: proposal.replicas, metric: proposal.metric };
  }
  if (failure !== undefined && (best === undefined || best.replicas < current)) {
    const message = `the HPA was unable to compute the replica count: ${failure.problem}`;
    conditions.set('ScalingActive', 'False', failure.reason, message);
    const problem = `invalid metrics (${failures} invalid out of ${metrics.length}), first error is: ${failure.problem}`;
    return { ok: false, problem, statuses: best === undefined ? undefined : statuses, notes };
  }
  const { replicas = current, metric = '' } = best ?? {};
  conditions.set('ScalingActive', 'True', 'ValidMetricFound', `the HPA was able to successfully calculate a replica count from ${metric}`);
  return { ok: true, replicas, metric, statuses, notes };
}

type MetricProposal =
  | { readonly ok: true; readonly replicas: number; readonly metric: string; readonly status: MetricStatus }
  | { readonly ok: false; readonly problem: string; readonly reason: string };

function proposeFor(metric: MetricSpec, seen: AutoscalerFacts, current: number, now: Instant): MetricProposal {
  const source = metric.type === 'Resource' ? metric.resource : metric.type === 'ContainerResource' ? metric.containerResource : undefined;
  if (source === undefined) {
    const reason = `FailedGet${metric.type}Metric`;
    const problem = `unable to get ${metric.type.toLowerCase()} metric: no metrics of that kind are served`;
    return { ok: false, problem, reason };
  }
  const container = metric.type === 'ContainerResource' ? metric.containerResource?.container : undefined;
  const reason = `FailedGet${metric.type}Metric`;
  const { name, target } = source;
  const usage = new Map<string, number>();
  for (const pod of seen.pods) {
    const containers = seen.usageOf(pod)?.filter((used) => container === undefined || used.name === container);
    if (containers === undefined || containers.length === 0) continue;
    usage.set(
      pod.metadata.name ?? '',
      containers.reduce((total, used) => total + (thousandths(name === 'cpu' ? used.cpu : used.memory) ?? 0), 0),
    );
  }
  const tolerances = tolerancesOf(seen.autoscaler);
  const proposal = ask(target, { usage, pods: seen.pods }, { resource: name, container, current, tolerances }, now);
  if (!proposal.ok) {
    const what = target.averageValue === undefined ? 'utilization' : 'usage';
    const kind = metric.type === 'Resource' ? 'resource' : 'container';
    return { ok: false, reason, problem: `failed to get ${name} ${kind} metric value: failed to get ${name} ${what}: ${proposal.problem}` };
  }
  const averageValue = name === 'cpu' ? `${proposal.average}m` : String(Math.trunc(proposal.average / 1000));
  const value = { ...(proposal.utilization === undefined ? {} : { averageUtilization: proposal.utilization }), averageValue };
  const described = metric.type === 'Resource' ? `${name} resource` : `${name} container resource`;
  const metricName = target.averageValue === undefined ? `${described} utilization (percentage of request)` : `${name} resource`;
  const status: MetricStatus =
    container === undefined
      ? { type: 'Resource', resource: { name, current: value } }
      : { type: 'ContainerResource', containerResource: { name, container, current: value } };
  return { ok: true, replicas: proposal.replicas, metric: metricName, status };
}

function ask(
  target: MetricTarget,
  reading: Parameters<typeof proposeByAverage>[0],
  options: { resource: string; container: string | undefined; current: number; tolerances: Tolerances },
  now: Instant,
): Proposal {
  const average = thousandths(target.averageValue);
  if (average !== undefined) return proposeByAverage(reading, { ...options, target: average }, now);
  if (target.averageUtilization === undefined) {
    const problem = 'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set';
    return { ok: false, problem };
  }
  return proposeByUtilization(reading, { ...options, target: target.averageUtilization }, now);
}

function tolerancesOf({ spec }: HorizontalPodAutoscaler): Tolerances {
  const of = (rules: ScalingRules | undefined): number => (thousandths(rules?.tolerance) ?? 100) / 1000;
  return { up: of(spec.behavior?.scaleUp), down: of(spec.behavior?.scaleDown) };
}

function warning(about: HorizontalPodAutoscaler, reason: string, message: string): Note {
  return { about, type: 'Warning', reason, message };
}

/** Conditions in the order in which they first came; each keeps its time while its status stays. */
class Conditions {
  readonly #conditions: Condition[];
  readonly #now: Instant;

  constructor(autoscaler: HorizontalPodAutoscaler, now: Instant) {
    this.#conditions = [...(autoscaler.status?.conditions ?? [])];
    this.#now = now;
  }

  set(type: string, status: Condition['status'], reason: string, message: string): void {
    const current = conditionOf(this.#conditions, type);
    const time = current?.status === status ? current.lastTransitionTime : undefined;
    const next: Condition = { type, status, lastTransitionTime: time ?? formatTime(this.#now), reason, message };
    if (current === undefined) this.#conditions.push(next);
    else this.#conditions[this.#conditions.indexOf(current)] = next;
  }

  list(): readonly Condition[] {
    return this.#conditions;
  }
}
