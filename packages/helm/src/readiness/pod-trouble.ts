/**
 * Troubles of pods that do not heal by waiting: an image that cannot be pulled, a container that keeps crashing, a pod that no
 * node takes. Found early, they end a wait after a grace time instead of at its deadline. Pure.
 */
import type { Condition, KubeObject } from '@sluice/api';

export type PodTrouble = { readonly pod: KubeObject; readonly reason: string; readonly message: string };

type ContainerStatus = {
  readonly name: string;
  readonly ready?: boolean;
  readonly image?: string;
  readonly restartCount?: number;
  readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } };
  readonly lastState?: { readonly terminated?: { readonly exitCode?: number; readonly reason?: string } };
};

type PodStatus = {
  readonly phase?: string;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
};

const waitingReasons: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'RegistryUnavailable',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'CrashLoopBackOff',
]);

/** What is wrong with the pod now, if anything. A container that crashed and is up again, but not ready, counts as crashing. */
export function podTrouble(pod: KubeObject): PodTrouble | undefined {
  if (pod.metadata.deletionTimestamp !== undefined) return undefined;
  const status = (pod.status ?? {}) as PodStatus;
  const name = pod.metadata.name ?? '';
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const waiting = container.state?.waiting;
    const exitCode = container.lastState?.terminated?.exitCode;
    if (waiting?.reason !== undefined && waitingReasons.has(waiting.reason)) {
      const detail =
        waiting.reason === 'CrashLoopBackOff' && exitCode !== undefined
          ? `restarted ${container.restartCount ?? 0} times, last exit code ${exitCode}`
          : (waiting.message ?? container.image ?? '');
      return {
        pod,
        reason: waiting.reason,
        message: `pod ${name}, container ${container.name}: ${waiting.reason}${detail === '' ? '' : `: ${detail}`}`,
      };
    }
    if (container.ready !== true && (container.restartCount ?? 0) > 0 && exitCode !== undefined && exitCode !== 0) {
      const detail = `restarted ${container.restartCount} times, last exit code ${exitCode}`;
      return { pod, reason: 'CrashLoopBackOff', message: `pod ${name}, container ${container.name}: keeps crashing: ${detail}` };
    }
  }
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    return { pod, reason: 'Unschedulable', message: `pod ${name}: ${scheduled.message ?? 'no node takes it'}` };
  }
  return undefined;
}
