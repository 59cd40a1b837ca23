/**
 * From what the metrics ask for to what is done: recent recommendations steady it, and rates bound how fast it changes. Pure; rules of
 * k8s.io/kubernetes pkg/controller/podautoscaler/horizontal.go.
 */
import type { Instant } from '@sluice/api';
import type { HorizontalPodAutoscaler, ScalingRules } from '../../shapes/autoscaling.ts';

type Change = { readonly at: Instant; readonly replicas: number };

/** What the last minutes brought. Lost at a restart, as upstream's is: then the present size counts as the first recommendation. */
export type AutoscalerMemory = {
  readonly recommendations: readonly Change[];
  readonly ups: readonly Change[];
  readonly downs: readonly Change[];
};

export const emptyMemory: AutoscalerMemory = { recommendations: [], ups: [], downs: [] };

const downscaleWindowMs = 300_000;

export type Limit = { readonly replicas: number; readonly reason: string; readonly message: string };

type Asked = {
  readonly current: number;
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  readonly memory: AutoscalerMemory;
};

/** Without behaviours: the highest recommendation of the last five minutes. */
export function steadied({ wanted, memory }: Asked, now: Instant): number {
  const recent = memory.recommendations.filter(({ at }) => at > now - downscaleWindowMs).map(({ replicas }) => replicas);
  return Math.max(wanted, ...recent);
}

/** Without behaviours: at most twice the size, or 4, at a time. */
export function limited({ current, wanted, min, max }: Asked): Limit {
  const doubled = Math.max(2 * current, 4);
  if (wanted < min) return { replicas: min, ...limits.TooFewReplicas };
  if (max > doubled)
    return wanted > doubled ? { replicas: doubled, ...limits.ScaleUpLimit } : { replicas: wanted, ...limits.DesiredWithinRange };
  return wanted > max ? { replicas: max, ...limits.TooManyReplicas } : { replicas: wanted, ...limits.DesiredWithinRange };
}

const limits = {
  DesiredWithinRange: { reason: 'DesiredWithinRange', message: 'the desired count is within the acceptable range' },
  TooFewReplicas: { reason: 'TooFewReplicas', message: 'the desired replica count is less than the minimum replica count' },
  TooManyReplicas: { reason: 'TooManyReplicas', message: 'the desired replica count is more than the maximum replica count' },
  ScaleUpLimit: { reason: 'ScaleUpLimit', message: 'the desired replica count is increasing faster than the maximum scale rate' },
  ScaleDownLimit: { reason: 'ScaleDownLimit', message: 'the desired replica count is decreasing faster than the maximum scale rate' },
} as const;

export type Behavior = { readonly up: Required<Omit<ScalingRules, 'tolerance'>>; readonly down: Required<Omit<ScalingRules, 'tolerance'>> };

/** Both directions with what the API fills in; `undefined` when the object says nothing of behaviour. */
export function behaviorOf(autoscaler: HorizontalPodAutoscaler): Behavior | undefined {
  const given = autoscaler.spec.behavior;
  if (given?.scaleUp === undefined && given?.scaleDown === undefined) return undefined;
  return {
    up: {
      stabilizationWindowSeconds: given.scaleUp?.stabilizationWindowSeconds ?? 0,
      selectPolicy: given.scaleUp?.selectPolicy ?? 'Max',
      policies: given.scaleUp?.policies ?? [
        { type: 'Pods', value: 4, periodSeconds: 15 },
        { type: 'Percent', value: 100, periodSeconds: 15 },
      ],
    },
    down: {
      stabilizationWindowSeconds: given.scaleDown?.stabilizationWindowSeconds ?? downscaleWindowMs / 1000,
      selectPolicy: given.scaleDown?.selectPolicy ?? 'Max',
      policies: given.scaleDown?.policies ?? [{ type: 'Percent', value: 100, periodSeconds: 15 }],
    },
  };
}

/** With behaviours: growth waits for the lowest of its window, shrinking for the highest of its own. */
export function steadiedByBehavior({ current, wanted, memory }: Asked, behavior: Behavior, now: Instant): number {
  let lowest = wanted;
  let highest = wanted;
  for (const { at, replicas } of memory.recommendations) {
    if (at > now - behavior.up.stabilizationWindowSeconds * 1000) lowest = Math.min(lowest, replicas);
    if (at > now - behavior.down.stabilizationWindowSeconds * 1000) highest = Math.max(highest, replicas);
  }
  return Math.min(Math.max(current, lowest), highest);
}

export function limitedByBehavior(asked: Asked, behavior: Behavior, now: Instant): Limit {
  const { current, wanted, min, max } = asked;
  if (wanted > current) {
    const rate = Math.max(current, growthLimit(asked, behavior.up, now));
    const bound = Math.min(max, rate);
    if (wanted > bound) return { replicas: bound, ...(max > rate ? limits.ScaleUpLimit : limits.TooManyReplicas) };
  } else if (wanted < current) {
    const rate = Math.min(current, shrinkLimit(asked, behavior.down, now));
    const bound = Math.max(min, rate);
    if (wanted < bound) return { replicas: bound, ...(min < rate ? limits.ScaleDownLimit : limits.TooFewReplicas) };
  }
  return { replicas: wanted, ...limits.DesiredWithinRange };
}

function changed(changes: readonly Change[], periodSeconds: number, now: Instant): number {
  return changes.filter(({ at }) => at > now - periodSeconds * 1000).reduce((total, { replicas }) => total + replicas, 0);
}

function growthLimit({ current, memory }: Asked, rules: Behavior['up'], now: Instant): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const proposals = rules.policies.map(({ type, value, periodSeconds }) => {
    const start = current - changed(memory.ups, periodSeconds, now) + changed(memory.downs, periodSeconds, now);
    // Rounded up, or a percentage of one pod would never grow.
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return rules.selectPolicy === 'Min' ? Math.min(...proposals) : Math.max(...proposals);
}

function shrinkLimit({ current, memory }: Asked, rules: Behavior['down'], now: Instant): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const proposals = rules.policies.map(({ type, value, periodSeconds }) => {
    const start = current - changed(memory.ups, periodSeconds, now) + changed(memory.downs, periodSeconds, now);
    return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
  });
  // The largest change is the smallest number of pods.
  return rules.selectPolicy === 'Min' ? Math.max(...proposals) : Math.min(...proposals);
}

/** The memory with a new recommendation and, if there was one, a change of size; what no window looks at any more is dropped. */
export function remembered(
  memory: AutoscalerMemory,
  recommendation: number,
  change: { readonly from: number; readonly to: number } | undefined,
  behavior: Behavior | undefined,
  now: Instant,
): AutoscalerMemory {
  const windows =
    behavior === undefined ? [downscaleWindowMs] : [behavior.up, behavior.down].map((rules) => rules.stabilizationWindowSeconds * 1000);
  const periods = [...(behavior?.up.policies ?? []), ...(behavior?.down.policies ?? [])].map(({ periodSeconds }) => periodSeconds * 1000);
  const keep = (changes: readonly Change[], windowMs: number): readonly Change[] => changes.filter(({ at }) => at > now - windowMs);
  const longest = Math.max(0, ...periods);
  const difference = change === undefined ? 0 : change.to - change.from;
  return {
    recommendations: [...keep(memory.recommendations, Math.max(...windows)), { at: now, replicas: recommendation }],
    ups: [...keep(memory.ups, longest), ...(difference > 0 ? [{ at: now, replicas: difference }] : [])],
    downs: [...keep(memory.downs, longest), ...(difference < 0 ? [{ at: now, replicas: -difference }] : [])],
  };
}
