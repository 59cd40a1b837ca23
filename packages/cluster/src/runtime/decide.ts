/**
 * What happens to a pod next: bound, containers started, ready, ended, removed. Pure: everything is computed from the pod as the API has
 * it, its life, and the time, so a runtime that is started on old data goes on where the last one ended.
 */
import { formatTime, type Instant, parseTime } from '@sluice/api';
import { earliest, type Note } from '../control/plan.ts';
import type { Container, ContainerStatus, Pod, PodStatus } from '../shapes/pod.ts';
import { hasPodEnded } from '../shapes/pod-conditions.ts';
import { hookMs } from './commands.ts';
import { advance, type ContainerContext, type ContainerNote, stopped } from './containers.ts';
import { type ContainerLife, containerLife, draw, initContainerLife } from './life.ts';
import { conditionsOf, isInitDone, isInitialized, phaseOf, statusOf } from './pod-status.ts';
import type { PodLife } from './rules.ts';

export type PodFacts = {
  readonly pod: Pod;
  readonly life: PodLife;
  readonly nodeAddress: string;
  /** The address that the pod has or would get. */
  readonly address: () => string;
  /** Images that pods before it have brought. */
  readonly isImagePresent: (image: string) => boolean;
  /** The exact instant behind a time in the object, where this process wrote it. */
  readonly instantOf: (time: string | null | undefined) => Instant | undefined;
};

export type PodStep =
  | { readonly kind: 'wait'; readonly atMs?: Instant; readonly notes: readonly Note[] }
  | { readonly kind: 'bind' }
  /** Written once: the scheduler cannot place the pod. */
  | { readonly kind: 'status'; readonly status: PodStatus; readonly notes: readonly Note[]; readonly atMs?: Instant }
  | { readonly kind: 'remove' };

export function decidePod(seen: PodFacts, now: Instant): PodStep {
  const { pod } = seen;
  if (pod.metadata.deletionTimestamp !== undefined) return ending(seen, now);
  if (hasPodEnded(pod)) return { kind: 'wait', notes: [] };
  if ((pod.spec.nodeName ?? '') === '') return unscheduled(seen, now);
  return running(seen, now);
}

function unscheduled(seen: PodFacts, now: Instant): PodStep {
  const { pod, life } = seen;
  if ((pod.spec.schedulingGates ?? []).length > 0) return { kind: 'wait', notes: [] };
  if (life.unschedulable !== undefined) return unschedulable(seen, life.unschedulable, now);
  const createdAt = seen.instantOf(pod.metadata.creationTimestamp) ?? now;
  const boundAt = createdAt + draw(life.scheduledAfter, pod, 'scheduled');
  return now < boundAt ? { kind: 'wait', atMs: boundAt, notes: [] } : { kind: 'bind' };
}

function unschedulable(seen: PodFacts, message: string, now: Instant): PodStep {
  const { pod } = seen;
  const current = pod.status?.conditions?.find((condition) => condition.type === 'PodScheduled');
  if (current?.reason === 'Unschedulable' && current.message === message) return { kind: 'wait', notes: [] };
  const lastTransitionTime = formatTime(now);
  const condition = {
    lastProbeTime: null,
    lastTransitionTime,
    message,
    reason: 'Unschedulable',
    status: 'False',
    type: 'PodScheduled',
  } as const;
  const others = pod.status?.conditions?.filter(({ type }) => type !== 'PodScheduled') ?? [];
  return {
    kind: 'status',
    status: { ...pod.status, conditions: [...others, condition] },
    notes: [{ about: pod, type: 'Warning', reason: 'FailedScheduling', message }],
  };
}

function running(seen: PodFacts, now: Instant): PodStep {
  const { pod, life } = seen;
  const before = pod.status ?? {};
  const scheduled = before.conditions?.find((condition) => condition.type === 'PodScheduled')?.lastTransitionTime;
  const boundAt = seen.instantOf(before.startTime ?? scheduled) ?? seen.instantOf(pod.metadata.creationTimestamp) ?? now;
  const isFirstLook = before.startTime === undefined;
  const deadlineAt =
    pod.spec.activeDeadlineSeconds === undefined || isFirstLook ? undefined : boundAt + pod.spec.activeDeadlineSeconds * 1000;
  if (deadlineAt !== undefined && now >= deadlineAt) {
    const step = stop(seen, now);
    const message = 'Pod was active on the node longer than the specified deadline';
    const status: PodStatus = { ...step.status, phase: 'Failed', reason: 'DeadlineExceeded', message };
    return { kind: 'status', status, notes: [{ about: pod, type: 'Normal', reason: 'DeadlineExceeded', message }] };
  }

  const notes: Note[] = [];
  let nextAt = deadlineAt;
  const walk = (container: Container, isInit: boolean, startFrom: Instant | undefined, containersLife: ContainerLife): ContainerStatus => {
    const isFirstInLine = startFrom === boundAt;
    const pulledAt =
      startFrom === undefined || isFirstLook ? undefined : startFrom + (isFirstInLine ? draw(life.pulledAfter, pod, 'pulled') : 0);
    const context: ContainerContext = {
      pod,
      container,
      life: containersLife,
      isInit,
      pulledAt,
      // Only the first container of a pod pays for the sandbox; what comes after an init container starts when that one is done.
      startsAt: pulledAt === undefined ? undefined : pulledAt + (isFirstInLine ? draw(life.startedAfter, pod, 'started') : 0),
      pullError: life.pullError,
      isImagePresent: seen.isImagePresent(container.image ?? ''),
      now,
      instantOf: seen.instantOf,
    };
    const known = statusOf(isInit ? before.initContainerStatuses : before.containerStatuses, container.name);
    const step = advance(context, known);
    notes.push(...step.notes.map((note) => containerNote(pod, container, isInit, note)));
    nextAt = earliest(nextAt, step.nextAt);
    return step.status;
  };

  const initStatuses: ContainerStatus[] = [];
  let startFrom: Instant | undefined = boundAt;
  for (const container of pod.spec.initContainers ?? []) {
    const status = walk(container, true, startFrom, initContainerLife(container));
    initStatuses.push(status);
    startFrom = isInitDone(container.restartPolicy, status) ? doneAt(status, seen, now) : undefined;
  }
  const isReadyForMain = isInitialized(pod, initStatuses);
  const containers = pod.spec.containers.map((container) =>
    walk(container, false, isReadyForMain ? startFrom : undefined, containerLife(pod, container, life)),
  );

  // The address comes with the sandbox, that is with the first container that begins.
  const hasAddress = !isFirstLook && [...initStatuses, ...containers].some((status) => !isYetToBegin(status));
  const phase = phaseOf(pod, initStatuses, containers);
  const podIP = before.podIP ?? (hasAddress ? (pod.spec.hostNetwork === true ? seen.nodeAddress : seen.address()) : undefined);
  const status: PodStatus = {
    ...before,
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: conditionsOf(pod, phase, initStatuses, containers, podIP !== undefined, now),
    hostIP: seen.nodeAddress,
    hostIPs: [{ ip: seen.nodeAddress }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    startTime: before.startTime ?? formatTime(now),
    ...(initStatuses.length === 0 ? {} : { initContainerStatuses: initStatuses }),
    containerStatuses: containers,
  };
  // After the first look the containers have not begun to wait yet: look again at once.
  return { kind: 'status', status, notes, ...(isFirstLook ? { atMs: now } : nextAt === undefined ? {} : { atMs: nextAt }) };
}

function isYetToBegin({ state }: ContainerStatus): boolean {
  return state.waiting?.reason === 'ContainerCreating' || state.waiting?.reason === 'PodInitializing';
}

function doneAt(status: ContainerStatus, seen: PodFacts, now: Instant): Instant {
  return seen.instantOf(status.state.terminated?.finishedAt ?? status.state.running?.startedAt) ?? now;
}

function containerNote(pod: Pod, container: Container, isInit: boolean, note: ContainerNote): Note {
  return { about: pod, ...note, fieldPath: `spec.${isInit ? 'initContainers' : 'containers'}{${container.name}}` };
}

/**
 * A pod that is being deleted lives on for as long as its life says, at most its grace period. One that others wait for (a finalizer, such
 * as a Job's) first shows how its containers ended.
 */
function ending(seen: PodFacts, now: Instant): PodStep {
  const { pod, life } = seen;
  if ((pod.spec.nodeName ?? '') === '' || pod.metadata.deletionGracePeriodSeconds === 0) {
    return (pod.metadata.finalizers ?? []).length > 0 && !hasPodEnded(pod) && pod.status?.startTime !== undefined
      ? stop(seen, now)
      : pod.metadata.deletionGracePeriodSeconds === 0
        ? { kind: 'wait', notes: [] }
        : { kind: 'remove' };
  }
  const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000;
  const deletedAt = seen.instantOf(deletionTime(pod, graceMs)) ?? now;
  const preStopMs = Math.max(0, ...pod.spec.containers.map((container) => hookMs(container.lifecycle?.preStop)));
  const goneAt = hasPodEnded(pod) ? now : deletedAt + Math.min(graceMs, draw(life.terminatedAfter, pod, 'terminated') + preStopMs);
  if (now < goneAt) return { kind: 'wait', atMs: goneAt, notes: [] };
  if ((pod.metadata.finalizers ?? []).length > 0 && !hasPodEnded(pod)) return stop(seen, now);
  return { kind: 'remove' };
}

/** The deletion timestamp of a pod lies at the end of its grace period. */
function deletionTime(pod: Pod, graceMs: number): string | undefined {
  const end = parseTime(pod.metadata.deletionTimestamp);
  return end === undefined ? undefined : formatTime(end - graceMs);
}

/** 143 is what a process that obeys SIGTERM leaves behind. */
function stop(seen: PodFacts, now: Instant): PodStep & { kind: 'status' } {
  const { pod } = seen;
  const end = (status: ContainerStatus): ContainerStatus => stopped({ now }, status, status.state.running === undefined ? 137 : 143);
  const containers = (pod.status?.containerStatuses ?? []).map(end);
  const init = (pod.status?.initContainerStatuses ?? []).map((status) => (status.state.running === undefined ? status : end(status)));
  const phase = containers.length > 0 && containers.every((status) => status.state.terminated?.exitCode === 0) ? 'Succeeded' : 'Failed';
  const status: PodStatus = {
    ...pod.status,
    phase,
    conditions: conditionsOf(pod, phase, init, containers, false, now),
    containerStatuses: containers,
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
  };
  return { kind: 'status', status, notes: [], atMs: now };
}

/** What a kubelet says when it begins to stop the containers of a deleted pod. */
export function killingNotes(pod: Pod): readonly Note[] {
  return (pod.status?.containerStatuses ?? [])
    .filter((status) => status.state.running !== undefined)
    .map((status) => ({
      about: pod,
      type: 'Normal',
      reason: 'Killing',
      message: `Stopping container ${status.name}`,
      fieldPath: `spec.containers{${status.name}}`,
    }));
}
