/**
 * What several controllers ask of a pod: is it active, ready, available, and since when.
 * Rules of k8s.io/kubernetes pkg/api/v1/pod and pkg/controller/controller_utils.go.
 */
import { type Instant, parseTime } from '@sluice/api';
import type { Pod, PodCondition } from './pod.ts';

export function podCondition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((condition) => condition.type === type);
}

export function isPodReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Neither ended nor being deleted. */
export function isPodActive(pod: Pod): boolean {
  return !hasPodEnded(pod) && pod.metadata.deletionTimestamp === undefined;
}

export function hasPodEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function podReadySince(pod: Pod): Instant | undefined {
  const ready = podCondition(pod, 'Ready');
  return ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : undefined;
}

/**
 * When a ready pod becomes available: `minReadySeconds` after its Ready condition turned true; `undefined` for a pod that is not ready.
 * With `minReadySeconds` 0 it is available at once.
 */
function podAvailableAt(pod: Pod, minReadySeconds: number): Instant | undefined {
  if (!isPodReady(pod)) return undefined;
  if (minReadySeconds === 0) return 0;
  const since = podReadySince(pod);
  return since === undefined ? undefined : since + minReadySeconds * 1000;
}

export function isPodAvailable(pod: Pod, minReadySeconds: number, now: Instant): boolean {
  const at = podAvailableAt(pod, minReadySeconds);
  return at !== undefined && at <= now;
}

/** Milliseconds until the next of these ready pods becomes available; `undefined` when none waits. */
export function nextAvailabilityMs(pods: readonly Pod[], minReadySeconds: number, now: Instant): number | undefined {
  let next: number | undefined;
  for (const pod of pods) {
    const at = podAvailableAt(pod, minReadySeconds);
    if (at !== undefined && at > now && (next === undefined || at - now < next)) next = at - now;
  }
  return next;
}
