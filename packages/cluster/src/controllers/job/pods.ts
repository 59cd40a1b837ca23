/** What a Job makes of its pods: which count as failed, when they ended, how long to wait before the next one, and the next one itself. */
import { type Instant, parseTime } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { podFromTemplate } from '../../control/pod-template.ts';
import type { Container, Pod, PodSpec } from '../../shapes/pod.ts';
import { hasPodEnded, podCondition } from '../../shapes/pod-conditions.ts';
import type { Job } from '../../shapes/workloads.ts';
import { completionIndexKey } from './indexes.ts';

/** Holds a pod until its end has been counted. */
export const trackingFinalizer = 'batch.kubernetes.io/job-tracking';

const backOffMs = 10_000;
const backOffMsMax = 600_000;

export function isTracked(pod: Pod): boolean {
  return pod.metadata.finalizers?.includes(trackingFinalizer) === true;
}

/** A pod that is being deleted counts as failed at once, unless the Job replaces only pods that have really ended. */
export function isPodFailed(pod: Pod, job: Job): boolean {
  if (pod.status?.phase === 'Failed') return true;
  if (job.spec.podReplacementPolicy === 'Failed') return false;
  return pod.metadata.deletionTimestamp !== undefined && pod.status?.phase !== 'Succeeded';
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !hasPodEnded(pod);
}

function finishedAt(pod: Pod): Instant {
  const ends = (pod.status?.containerStatuses ?? []).map((status) => parseTime(status.state.terminated?.finishedAt));
  if (ends.length > 0 && ends.every((end) => end !== undefined)) return Math.max(...ends.map((end) => end ?? 0));
  const ready = podCondition(pod, 'Ready');
  const unreadySince = ready?.status === 'False' ? parseTime(ready.lastTransitionTime) : undefined;
  return unreadySince ?? parseTime(pod.metadata.deletionTimestamp) ?? parseTime(pod.metadata.creationTimestamp) ?? 0;
}

/**
 * Milliseconds before a failed pod is replaced: 10 s doubled with each failure since the last success, up to 10 min, from the last failure
 * on. Computed from the pods themselves, so a restart does not shorten it.
 */
export function replacementDelayMs(pods: readonly Pod[], job: Job, now: Instant): number {
  const lastSuccess = Math.max(0, ...pods.filter((pod) => pod.status?.phase === 'Succeeded').map(finishedAt));
  const failures = pods
    .filter((pod) => isPodFailed(pod, job))
    .map(finishedAt)
    .filter((end) => end > lastSuccess);
  if (failures.length === 0) return 0;
  const delay = Math.min(backOffMs * 2 ** (failures.length - 1), backOffMsMax);
  return Math.max(0, Math.max(...failures) + delay - now);
}

/** @param index - of an Indexed Job's pod */
export function jobPod(job: Job, index: number | undefined): Pod {
  const { template } = job.spec;
  const finalizers = [...(template.metadata?.finalizers ?? []), trackingFinalizer];
  const pod = podFromTemplate({ ...template, metadata: { ...template.metadata, finalizers } }, builtinTypes.jobs, job);
  if (index === undefined) return pod;
  const name = job.metadata.name ?? '';
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      generateName: `${name}-${index}-`,
      labels: { ...pod.metadata.labels, [completionIndexKey]: String(index) },
      annotations: { ...pod.metadata.annotations, [completionIndexKey]: String(index) },
    },
    spec: { ...withIndexVariable(pod.spec), hostname: `${name}-${index}` },
  };
}

function withIndexVariable(spec: PodSpec): PodSpec {
  const name = 'JOB_COMPLETION_INDEX';
  const variable = { name, valueFrom: { fieldRef: { fieldPath: `metadata.labels['${completionIndexKey}']` } } };
  const add = (container: Container): Container => {
    const before = (container.env ?? []) as readonly { name: string }[];
    return before.some((known) => known.name === name) ? container : { ...container, env: [...before, variable] };
  };
  return {
    ...spec,
    containers: spec.containers.map(add),
    ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(add) }),
  };
}

/** Restarts of containers of pods that are still going; what counts where the pods themselves restart them. */
export function restartsOf(pods: readonly Pod[]): number {
  return pods
    .filter((pod) => pod.status?.phase === 'Running' || pod.status?.phase === 'Pending')
    .flatMap((pod) => [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])])
    .reduce((total, status) => total + status.restartCount, 0);
}
