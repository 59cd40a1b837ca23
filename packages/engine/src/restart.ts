/** `spec.restartAt`: evicting the pods that are older than it, as fast as availability allows. */
import { type Instant, matches, type Pod, parseTime, requirementsOf } from '@sluice/api';
import { desiredReplicas, fenceposts } from './defaults.ts';
import { because, type Pass } from './pass.ts';
import { createdAt, sizeOf, sum } from './replica-sets.ts';

/** How long to wait when pods remain that may not be evicted now. */
const retryMs = 30_000;

/**
 * Evicts what may go now. Pods are taken in the order of the API's list. When none is left the restart is done.
 *
 * @returns whether pods were evicted; the pass then ends, since the counts are out of date
 * @see argoproj/argo-rollouts rollout/restart.go
 */
export function reconcileRestart(pass: Pass): boolean {
  const { rollout } = pass.world;
  const { restartAt } = rollout.spec;
  const at = parseTime(restartAt);
  if (restartAt === undefined || at === undefined || restartAt === pass.previous.restartedAt) return false;
  if (pass.now <= at) {
    pass.wakes.push(at + 1);
    return false;
  }
  if (pass.world.pods === undefined) {
    pass.needsPods = true;
    return false;
  }
  const pods = ownedPods(pass);
  const minReadyMs = (rollout.spec.minReadySeconds ?? 0) * 1000;
  const available = pods.filter((pod) => !isGoing(pod) && isAvailable(pod, minReadyMs, pass.now)).length;
  const wanted = Math.max(desiredReplicas(rollout.spec), sum(pass.roles.all, sizeOf));
  let allowed = available - (wanted - Math.max(fenceposts(rollout.spec).unavailable, 1));
  const old = pods.filter((pod) => createdAt(pod) < at);
  let evicted = 0;
  for (const pod of old) {
    if (allowed <= 0) break;
    if (isGoing(pod)) continue;
    pass.actions.push({ kind: 'EvictPod', name: pod.metadata.name ?? '', reason: `older than restartAt ${restartAt}` });
    evicted++;
    allowed--;
  }
  // An eviction may be refused by a disruption budget, which nothing tells of later: pods are done with when they are gone.
  if (old.length > 0) pass.wakes.push(pass.now + retryMs);
  else pass.restartedAt = restartAt;
  if (evicted > 0) {
    pass.hasActed = true;
    because(pass, 'restart', `${evicted} of ${old.length} pods older than restartAt are evicted`);
  }
  return evicted > 0;
}

/** Pods of the Rollout's ReplicaSets that its selector matches. */
export function ownedPods({ world, roles }: Pass): readonly Pod[] {
  const uids = new Set(roles.all.map((set) => set.metadata.uid));
  const { selector } = world.rollout.spec;
  if (selector === undefined) return [];
  const requirements = requirementsOf(selector);
  return (world.pods ?? []).filter(
    (pod) =>
      matches(requirements, pod.metadata.labels) &&
      pod.metadata.ownerReferences?.some((owner) => owner.controller === true && uids.has(owner.uid)) === true,
  );
}

function isGoing(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Ready for at least `minReadySeconds`. */
function isAvailable(pod: Pod, minReadyMs: number, now: Instant): boolean {
  const ready = pod.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status !== 'True') return false;
  return minReadyMs === 0 || (parseTime(ready.lastTransitionTime) ?? 0) + minReadyMs <= now;
}
