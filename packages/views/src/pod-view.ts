/** A pod as a row: its status in one word, containers ready, restarts. The rules are those of `kubectl get pods`. */
import type { ContainerStatus, Instant, Pod } from '@sluice/api';
import { ageOf } from './age.ts';
import { podIcon } from './icons.ts';

export type PodView = {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly status: string;
  readonly icon: string;
  readonly age: string;
  /** `1/2`: containers ready of all. */
  readonly ready: string;
  readonly isReady: boolean;
  readonly restarts: number;
};

export function podView(pod: Pod, now: Instant): PodView {
  const initial = pod.status?.reason ?? pod.status?.phase ?? '';
  const init = initStatus(pod);
  const containers = pod.status?.containerStatuses ?? [];
  const main = init.reason === undefined ? mainStatus(initial, containers) : { reason: init.reason, ready: 0, restarts: init.restarts };
  const status = pod.metadata.deletionTimestamp === undefined ? main.reason : pod.status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
  const total = pod.spec?.containers.length ?? 0;
  return {
    name: pod.metadata.name ?? '',
    uid: pod.metadata.uid ?? '',
    createdAt: pod.metadata.creationTimestamp ?? '',
    status,
    icon: podIcon(status),
    age: ageOf(pod, now),
    ready: `${main.ready}/${total}`,
    isReady: pod.metadata.deletionTimestamp === undefined && total > 0 && main.ready === total,
    restarts: main.restarts,
  };
}

/** The first init container that is not done decides; `reason` is absent when all are. */
function initStatus(pod: Pod): { readonly reason?: string; readonly restarts: number } {
  const containers = pod.spec?.initContainers ?? [];
  const sidecars = new Set(containers.filter((container) => container.restartPolicy === 'Always').map((container) => container.name));
  let restarts = 0;
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    restarts += container.restartCount ?? 0;
    const { terminated, waiting } = container.state ?? {};
    if (terminated !== undefined) {
      if ((terminated.exitCode ?? 0) === 0) continue;
      return { reason: `Init:${terminationReason(terminated)}`, restarts };
    }
    if (sidecars.has(container.name) && container.started === true) {
      if (container.ready === true) continue;
      return { restarts };
    }
    const reason = waiting?.reason ?? '';
    if (reason !== '' && reason !== 'PodInitializing') return { reason: `Init:${reason}`, restarts };
    return { reason: `Init:${index}/${containers.length}`, restarts };
  }
  return { restarts };
}

function mainStatus(initial: string, containers: readonly ContainerStatus[]): { reason: string; ready: number; restarts: number } {
  let reason = initial;
  let ready = 0;
  let restarts = 0;
  let isRunning = false;
  for (const container of [...containers].reverse()) {
    restarts += container.restartCount ?? 0;
    const { waiting, terminated, running } = container.state ?? {};
    if ((waiting?.reason ?? '') !== '') reason = waiting?.reason ?? '';
    else if (terminated !== undefined) reason = terminationReason(terminated);
    else if (container.ready === true && running !== undefined) {
      isRunning = true;
      ready++;
    }
  }
  // A pod with one container done and another running is running.
  return { reason: reason === 'Completed' && isRunning ? 'Running' : reason, ready, restarts };
}

function terminationReason(terminated: { readonly reason?: string; readonly signal?: number; readonly exitCode?: number }): string {
  if ((terminated.reason ?? '') !== '') return terminated.reason ?? '';
  const signal = terminated.signal ?? 0;
  return signal === 0 ? `ExitCode:${terminated.exitCode ?? 0}` : `Signal:${signal}`;
}
