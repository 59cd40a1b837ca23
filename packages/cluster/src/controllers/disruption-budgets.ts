/**
 * How many pods of a PodDisruptionBudget may go now. Behaves as the disruption controller of Kubernetes 1.34: percentages are of what the
 * pods' owners want, not of the pods that happen to be there.
 */
import { type Condition, controllerOf, formatTime, type Instant, keyOf, matches, parseTime, requirementsOf } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { conditionOf } from '../control/conditions.ts';
import { inOrder, type Note, nothing, type Plan, statusWrite } from '../control/plan.ts';
import { type ClusterController, createShell, enqueueItself, follow, type Surroundings } from '../control/shell.ts';
import { scaledValue } from '../shapes/int-or-percent.ts';
import type { Pod } from '../shapes/pod.ts';
import { isPodReady } from '../shapes/pod-conditions.ts';
import type { Deployment, PodDisruptionBudget, ReplicaSet, StatefulSet } from '../shapes/workloads.ts';

/** An eviction that has not become a deletion by then is forgotten. */
const disruptionMs = 120_000;

export type BudgetFacts = {
  readonly budget: PodDisruptionBudget;
  /** Selected by the budget. */
  readonly pods: readonly Pod[];
  /** Replicas that a pod's owner wants, with something that tells owners apart; `undefined` for a pod whose owner has no scale. */
  readonly scaleOf: (pod: Pod) => { readonly owner: string; readonly replicas: number } | undefined;
};

export function decideBudget(seen: BudgetFacts, now: Instant): Plan {
  const { budget, pods } = seen;
  if (budget.metadata.deletionTimestamp !== undefined) return nothing('being deleted');
  const expected = expectedPods(seen);
  if (!expected.ok) return failed(budget, expected.problem, now);
  const { disrupted, nextAt } = stillDisrupted(budget, pods, now);
  const counted = pods.filter((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed');
  const healthy = counted.filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && isPodReady(pod) && disrupted[pod.metadata.name ?? ''] === undefined,
  ).length;
  const allowed = expected.pods <= 0 ? 0 : Math.max(0, healthy - expected.healthy);
  const condition: Omit<Condition, 'lastTransitionTime'> =
    allowed > 0
      ? { type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods', message: '' }
      : { type: 'DisruptionAllowed', status: 'False', reason: 'InsufficientPods', message: '' };
  const status = {
    ...(Object.keys(disrupted).length === 0 ? {} : { disruptedPods: disrupted }),
    conditions: withTransition(budget, condition, now),
    currentHealthy: healthy,
    desiredHealthy: expected.healthy,
    disruptionsAllowed: allowed,
    expectedPods: expected.pods,
    observedGeneration: budget.metadata.generation ?? 0,
  };
  return {
    steps: inOrder(statusWrite(builtinTypes.podDisruptionBudgets, budget, status)),
    notes: pods.length > 0 ? [] : [{ about: budget, type: 'Normal', reason: 'NoPods', message: 'No matching pods found' }],
    reason: 'status',
    requeueAfterMs: nextAt === undefined ? undefined : nextAt - now,
  };
}

type Expected = { readonly ok: true; readonly pods: number; readonly healthy: number } | { readonly ok: false; readonly problem: string };

function expectedPods(seen: BudgetFacts): Expected {
  const { minAvailable, maxUnavailable } = seen.budget.spec;
  if (maxUnavailable === undefined && typeof minAvailable === 'number') return { ok: true, pods: seen.pods.length, healthy: minAvailable };
  const owners = new Map<string, number>();
  for (const pod of seen.pods) {
    const scale = seen.scaleOf(pod);
    if (scale === undefined) return { ok: false, problem: `found no controllers for pod "${pod.metadata.name}"` };
    owners.set(scale.owner, scale.replicas);
  }
  const pods = [...owners.values()].reduce((total, replicas) => total + replicas, 0);
  if (maxUnavailable !== undefined) return { ok: true, pods, healthy: Math.max(0, pods - scaledValue(maxUnavailable, pods, 'up')) };
  return { ok: true, pods, healthy: scaledValue(minAvailable, pods, 'up') };
}

function failed(budget: PodDisruptionBudget, problem: string, now: Instant): Plan {
  const note: Note = {
    about: budget,
    type: 'Warning',
    reason: 'CalculateExpectedPodCountFailed',
    message: `Failed to calculate the number of expected pods: ${problem}`,
  };
  const condition = { type: 'DisruptionAllowed', status: 'False', reason: 'SyncFailed', message: problem } as const;
  const before = budget.status ?? { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 };
  const status = {
    ...before,
    disruptionsAllowed: 0,
    observedGeneration: budget.metadata.generation ?? 0,
    conditions: withTransition(budget, condition, now),
  };
  return { steps: inOrder(statusWrite(builtinTypes.podDisruptionBudgets, budget, status)), notes: [note], reason: 'pods without a scale' };
}

function withTransition(budget: PodDisruptionBudget, next: Omit<Condition, 'lastTransitionTime'>, now: Instant): readonly Condition[] {
  const current = conditionOf(budget.status?.conditions, next.type);
  const time = current?.status === next.status ? current.lastTransitionTime : undefined;
  const others = budget.status?.conditions?.filter(({ type }) => type !== next.type) ?? [];
  return [...others, { ...next, lastTransitionTime: time ?? formatTime(now), observedGeneration: budget.metadata.generation ?? 0 }];
}

function stillDisrupted(
  budget: PodDisruptionBudget,
  pods: readonly Pod[],
  now: Instant,
): { disrupted: Readonly<Record<string, string>>; nextAt: Instant | undefined } {
  const disrupted: Record<string, string> = {};
  let nextAt: Instant | undefined;
  for (const [name, time] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = pods.find((candidate) => candidate.metadata.name === name);
    const until = (parseTime(time) ?? 0) + disruptionMs;
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || until <= now) continue;
    disrupted[name] = time;
    nextAt = Math.min(nextAt ?? until, until);
  }
  return { disrupted, nextAt };
}

export function disruptionBudgetController(around: Surroundings): ClusterController {
  const { caches, clock } = around;
  const budgets = caches.of<PodDisruptionBudget>(builtinTypes.podDisruptionBudgets);
  const pods = caches.of<Pod>(builtinTypes.pods);
  const replicaSets = caches.of<ReplicaSet>(builtinTypes.replicaSets);
  const deployments = caches.of<Deployment>(builtinTypes.deployments);
  const statefulSets = caches.of<StatefulSet>(builtinTypes.statefulSets);

  const scaleOf: BudgetFacts['scaleOf'] = (pod) => {
    const owner = controllerOf(pod);
    const { namespace = '' } = pod.metadata;
    if (owner?.kind === 'StatefulSet') {
      const set = statefulSets.get(`${namespace}/${owner.name}`);
      return set === undefined ? undefined : { owner: owner.uid, replicas: set.spec.replicas ?? 1 };
    }
    const replicaSet = owner?.kind === 'ReplicaSet' ? replicaSets.get(`${namespace}/${owner.name}`) : undefined;
    if (owner === undefined || replicaSet === undefined) return undefined;
    const above = controllerOf(replicaSet);
    const deployment = above?.kind === 'Deployment' ? deployments.get(`${namespace}/${above.name}`) : undefined;
    if (above !== undefined && deployment !== undefined) return { owner: above.uid, replicas: deployment.spec.replicas ?? 1 };
    return { owner: owner.uid, replicas: replicaSet.spec.replicas ?? 1 };
  };

  const { loop } = createShell(around, 'controllermanager', async (key, actor) => {
    const budget = budgets.get(key);
    if (budget === undefined) return undefined;
    const selected = [...pods.inNamespace(budget.metadata.namespace ?? '')].filter((pod) => selects(budget, pod));
    return follow(actor, decideBudget({ budget, pods: selected, scaleOf }, clock.now()));
  });

  enqueueItself(budgets, loop);
  const wake = (pod: Pod): void => {
    for (const budget of budgets.inNamespace(pod.metadata.namespace ?? '')) if (selects(budget, pod)) loop.enqueue(keyOf(budget));
  };
  pods.addHandler({ added: wake, updated: wake, deleted: wake });
  const wakeAllIn = ({ metadata: { namespace = '' } }: Deployment | StatefulSet | ReplicaSet): void => {
    for (const budget of budgets.inNamespace(namespace)) loop.enqueue(keyOf(budget));
  };
  for (const informer of [deployments, statefulSets, replicaSets]) {
    informer.addHandler({
      updated: (next, previous) => {
        if (next.spec.replicas !== previous.spec.replicas) wakeAllIn(next);
      },
    });
  }
  return loop;
}

function selects({ spec }: PodDisruptionBudget, pod: Pod): boolean {
  return spec.selector !== undefined && matches(requirementsOf(spec.selector), pod.metadata.labels);
}
