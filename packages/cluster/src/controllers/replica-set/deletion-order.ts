/**
 * Which pods go first when there are too many.
 * @see k8s.io/kubernetes pkg/controller/controller_utils.go ActivePodsWithRanks (same criteria in the same order)
 */
import { type Instant, parseTime } from '@sluice/api';
import type { Pod, PodPhase } from '../../shapes/pod.ts';
import { isPodActive, isPodReady, podReadySince } from '../../shapes/pod-conditions.ts';

const phaseOrder: Readonly<Record<PodPhase, number>> = { Pending: 0, Unknown: 1, Running: 2, Succeeded: 3, Failed: 3 };

/**
 * The `count` pods to delete, most dispensable first: unassigned, pending, not ready, lower deletion cost, more siblings on the same
 * node, ready for less time, more restarts, younger.
 *
 * @param related - all pods of the same owner's ReplicaSets, for the number of siblings per node
 */
export function podsToDelete(pods: readonly Pod[], related: readonly Pod[], count: number, now: Instant): readonly Pod[] {
  if (count >= pods.length) return pods;
  const perNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec.nodeName ?? '';
    if (isPodActive(pod)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod): number => perNode.get(pod.spec.nodeName ?? '') ?? 0;
  return [...pods].sort((a, b) => compare(a, b, rank, now)).slice(0, count);
}

function compare(a: Pod, b: Pod, rank: (pod: Pod) => number, now: Instant): number {
  const isAssigned = (pod: Pod): number => ((pod.spec.nodeName ?? '') === '' ? 0 : 1);
  const isReady = (pod: Pod): number => (isPodReady(pod) ? 1 : 0);
  return (
    isAssigned(a) - isAssigned(b) ||
    phaseOrder[a.status?.phase ?? 'Pending'] - phaseOrder[b.status?.phase ?? 'Pending'] ||
    isReady(a) - isReady(b) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    compareAge(podReadySince(a), podReadySince(b), a, b, now) ||
    restarts(b) - restarts(a) ||
    compareAge(parseTime(a.metadata.creationTimestamp), parseTime(b.metadata.creationTimestamp), a, b, now)
  );
}

/** Younger first, but only by powers of two of the age: pods of about the same age go in the order of their uids. */
function compareAge(a: Instant | undefined, b: Instant | undefined, podA: Pod, podB: Pod, now: Instant): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  const difference = ageRank(now - a) - ageRank(now - b);
  if (difference !== 0) return difference;
  return (podA.metadata.uid ?? '') < (podB.metadata.uid ?? '') ? -1 : 1;
}

/** Upstream takes the logarithm of nanoseconds. */
function ageRank(ageMs: number): number {
  return ageMs > 0 ? Math.trunc(Math.log2(ageMs * 1e6)) : -1;
}

function deletionCost(pod: Pod): number {
  const cost = Number(pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] ?? '0');
  return Number.isInteger(cost) ? cost : 0;
}

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}
