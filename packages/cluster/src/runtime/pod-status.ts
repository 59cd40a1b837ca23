/** Phase and conditions of a pod out of its containers, as a kubelet of Kubernetes 1.34 computes them. */
import { formatTime, type Instant } from '@sluice/api';
import type { ContainerStatus, Pod, PodCondition, PodPhase } from '../shapes/pod.ts';

/** @see k8s.io/kubernetes pkg/kubelet/kubelet_pods.go getPhase */
export function phaseOf(pod: Pod, init: readonly ContainerStatus[], containers: readonly ContainerStatus[]): PodPhase {
  const policy = pod.spec.restartPolicy ?? 'Always';
  const failedInit = init.find((status) => (status.state.terminated?.exitCode ?? 0) !== 0);
  if (failedInit !== undefined && policy === 'Never') return 'Failed';
  if (!isInitialized(pod, init)) return 'Pending';
  const isWaiting = (status: ContainerStatus): boolean => status.state.waiting !== undefined && status.lastState.terminated === undefined;
  if (containers.some(isWaiting)) return 'Pending';
  if (containers.some((status) => status.state.running !== undefined)) return 'Running';
  const codes = containers.map((status) => (status.state.terminated ?? status.lastState.terminated)?.exitCode ?? 0);
  if (policy === 'Always') return 'Running';
  if (codes.every((code) => code === 0)) return 'Succeeded';
  return policy === 'Never' ? 'Failed' : 'Running';
}

export function isInitialized(pod: Pod, init: readonly ContainerStatus[]): boolean {
  return (pod.spec.initContainers ?? []).every((container) => isInitDone(container.restartPolicy, statusOf(init, container.name)));
}

/** An init container is done when it ended well; one that stays beside the others when it has started. */
export function isInitDone(restartPolicy: string | undefined, status: ContainerStatus | undefined): boolean {
  if (restartPolicy === 'Always') return status?.started === true;
  return status?.state.terminated?.exitCode === 0;
}

export function statusOf(statuses: readonly ContainerStatus[] | undefined, name: string): ContainerStatus | undefined {
  return statuses?.find((status) => status.name === name);
}

const kubeletConditions: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
]);

/** All conditions: those of others (readiness gates) as they are, then the kubelet's, each keeping its time unless its status turned. */
export function conditionsOf(
  pod: Pod,
  phase: PodPhase,
  init: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
  hasAddress: boolean,
  now: Instant,
): readonly PodCondition[] {
  const before = pod.status?.conditions ?? [];
  const others = before.filter((condition) => !kubeletConditions.has(condition.type));
  const next: Omit<PodCondition, 'lastTransitionTime'>[] = [
    { type: 'PodReadyToStartContainers', status: hasAddress && phase !== 'Succeeded' && phase !== 'Failed' ? 'True' : 'False' },
    initialized(pod, phase, init),
    readiness(pod, phase, init, containers),
    { ...containersReady(pod, phase, init, containers), type: 'ContainersReady' },
    { type: 'PodScheduled', status: 'True' },
  ];
  const generation = pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation };
  return [
    ...others,
    ...next.map((condition): PodCondition => {
      const current = before.find((candidate) => candidate.type === condition.type);
      const isSame = current?.status === condition.status && current.lastTransitionTime !== undefined;
      return {
        lastProbeTime: null,
        lastTransitionTime: isSame ? (current.lastTransitionTime ?? '') : formatTime(now),
        ...condition,
        ...generation,
      };
    }),
  ];
}

function initialized(pod: Pod, phase: PodPhase, init: readonly ContainerStatus[]): Omit<PodCondition, 'lastTransitionTime'> {
  if (phase === 'Succeeded') return { type: 'Initialized', status: 'True', reason: 'PodCompleted' };
  if (isInitialized(pod, init)) return { type: 'Initialized', status: 'True' };
  const open = (pod.spec.initContainers ?? [])
    .filter((container) => !isInitDone(container.restartPolicy, statusOf(init, container.name)))
    .map((container) => container.name);
  const message = `containers with incomplete status: [${open.join(' ')}]`;
  return { type: 'Initialized', status: 'False', reason: 'ContainersNotInitialized', message };
}

function containersReady(
  pod: Pod,
  phase: PodPhase,
  init: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
): Omit<PodCondition, 'lastTransitionTime' | 'type'> {
  if (phase === 'Succeeded') return { status: 'False', reason: 'PodCompleted' };
  if (phase === 'Failed') return { status: 'False', reason: 'PodFailed' };
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const unready = [
    ...sidecars.filter((container) => statusOf(init, container.name)?.ready !== true),
    ...pod.spec.containers.filter((container) => statusOf(containers, container.name)?.ready !== true),
  ].map((container) => container.name);
  if (unready.length === 0) return { status: 'True' };
  return { status: 'False', reason: 'ContainersNotReady', message: `containers with unready status: [${unready.join(' ')}]` };
}

function readiness(
  pod: Pod,
  phase: PodPhase,
  init: readonly ContainerStatus[],
  containers: readonly ContainerStatus[],
): Omit<PodCondition, 'lastTransitionTime'> {
  const own = containersReady(pod, phase, init, containers);
  if (own.status !== 'True') return { type: 'Ready', ...own };
  const closed = (pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const gate = pod.status?.conditions?.find((condition) => condition.type === conditionType);
    if (gate === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return gate.status === 'True' ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${gate.status}`];
  });
  if (closed.length === 0) return { type: 'Ready', status: 'True' };
  return { type: 'Ready', status: 'False', reason: 'ReadinessGatesNotReady', message: closed.join(', ') };
}
