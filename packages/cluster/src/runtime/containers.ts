/**
 * One container's state over time: waiting, running, ended, restarting with back-off. `advance` brings a status to what it must be now
 * and says when it changes next; called late or again it gives the same. Texts are those of a kubelet with containerd.
 */
import { formatTime, type Instant } from '@sluice/api';
import type { Container, ContainerState, ContainerStatus, Pod } from '../shapes/pod.ts';
import type { ContainerLife } from './life.ts';

export type ContainerNote = { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };

export type ContainerContext = {
  readonly pod: Pod;
  readonly container: Container;
  readonly life: ContainerLife;
  readonly isInit: boolean;
  /** When the image is there, or known to be missing. `undefined`: not begun, containers before it are not done. */
  readonly pulledAt: Instant | undefined;
  readonly startsAt: Instant | undefined;
  readonly pullError: string | undefined;
  /** An image that another pod has brought already. */
  readonly isImagePresent: boolean;
  readonly now: Instant;
  /** The exact instant behind a time in the status, where this process wrote it; else the time itself. */
  readonly instantOf: (time: string | null | undefined) => Instant | undefined;
};

export type ContainerStep = {
  readonly status: ContainerStatus;
  readonly notes: readonly ContainerNote[];
  /** When to look again; absent: this container changes no more by itself. */
  readonly nextAt?: Instant;
};

/** Doubles from 10 s to 5 min, as a kubelet's. */
function restartDelayMs(restartCount: number): number {
  return Math.min(10_000 * 2 ** Math.max(0, restartCount - 1), 300_000);
}

function initialStatus(context: Pick<ContainerContext, 'container' | 'isInit' | 'pod'>): ContainerStatus {
  const hasInit = !context.isInit && (context.pod.spec.initContainers ?? []).length > 0;
  const reason = context.isInit || hasInit ? 'PodInitializing' : 'ContainerCreating';
  return {
    name: context.container.name,
    image: context.container.image ?? '',
    imageID: '',
    ready: false,
    started: false,
    restartCount: 0,
    state: { waiting: { reason } },
    lastState: {},
  };
}

export function advance(context: ContainerContext, before: ContainerStatus | undefined): ContainerStep {
  let status = before ?? initialStatus(context);
  const notes: ContainerNote[] = [];
  // Each turn makes at most one transition; a crash at the very start makes four in one instant.
  for (let turn = 0; turn < 8; turn++) {
    const step = transition(context, status);
    notes.push(...step.notes);
    if (step.status === status) return { status, notes, ...(step.nextAt === undefined ? {} : { nextAt: step.nextAt }) };
    status = step.status;
  }
  return { status, notes, nextAt: context.now + 1000 };
}

function transition(context: ContainerContext, status: ContainerStatus): ContainerStep {
  if (status.state.running !== undefined) return whileRunning(context, status, status.state.running.startedAt);
  if (status.state.terminated !== undefined) return afterEnd(context, status, status.state.terminated);
  const reason = status.state.waiting?.reason;
  if (reason === 'CrashLoopBackOff') return inBackOff(context, status);
  if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') return withoutImage(context, status, reason);
  return beforeStart(context, status);
}

function beforeStart(context: ContainerContext, status: ContainerStatus): ContainerStep {
  const { now, pulledAt, startsAt, pullError, container } = context;
  if (pulledAt === undefined || startsAt === undefined) return { status, notes: [] };
  if (pullError !== undefined) {
    if (now < pulledAt) return { status, notes: [], nextAt: pulledAt };
    const image = container.image ?? '';
    const message = pullMessage(image, pullError);
    return {
      status: { ...status, state: { waiting: { reason: 'ErrImagePull', message } } },
      notes: [
        { type: 'Normal', reason: 'Pulling', message: `Pulling image "${image}"` },
        { type: 'Warning', reason: 'Failed', message: `Failed to pull image "${image}": ${message}` },
        { type: 'Warning', reason: 'Failed', message: 'Error: ErrImagePull' },
      ],
    };
  }
  if (now < startsAt) return { status, notes: [], nextAt: startsAt };
  return { status: running(context, status, 0), notes: [...pullNotes(context), ...startNotes(container)] };
}

function running(context: ContainerContext, status: ContainerStatus, restartCount: number): ContainerStatus {
  const { container, pod, now } = context;
  return {
    ...status,
    restartCount,
    containerID: `containerd://${containerId(pod, container.name, restartCount)}`,
    image: qualifiedImage(container.image ?? ''),
    imageID: imageId(container.image ?? ''),
    ready: false,
    started: false,
    state: { running: { startedAt: formatTime(now) } },
  };
}

function whileRunning(context: ContainerContext, status: ContainerStatus, startedText: string | undefined): ContainerStep {
  const { life, now, container } = context;
  const startedAt = context.instantOf(startedText) ?? now;
  const endAt = life.end === undefined ? undefined : startedAt + life.end.afterMs;
  if (endAt !== undefined && life.end !== undefined && now >= endAt) {
    return { status: ended(context, status, life.end.code, startedText), notes: [] };
  }
  const readyAt = life.readyAfterMs === undefined ? undefined : startedAt + life.readyAfterMs;
  const unreadyAt = life.unreadyAfterMs === undefined ? undefined : startedAt + life.unreadyAfterMs;
  const started = now >= startedAt + life.startedAfterMs;
  // A kubelet takes a container without end that is up as ready unless its probe says otherwise; init containers that end are never ready.
  const isOrdinaryInit = context.isInit && container.restartPolicy !== 'Always';
  const ready = !isOrdinaryInit && readyAt !== undefined && now >= readyAt && !(unreadyAt !== undefined && now >= unreadyAt);
  const nextAt = soonest(now, endAt, startedAt + life.startedAfterMs, readyAt, unreadyAt);
  const wait = nextAt === undefined ? {} : { nextAt };
  if (ready === status.ready && started === status.started) return { status, notes: [], ...wait };
  const hasFailedProbe = status.ready && !ready && container.readinessProbe !== undefined;
  const notes: readonly ContainerNote[] = hasFailedProbe
    ? [{ type: 'Warning', reason: 'Unhealthy', message: 'Readiness probe failed: HTTP probe failed with statuscode: 503' }]
    : [];
  return { status: { ...status, ready, started }, notes, ...wait };
}

function ended(context: ContainerContext, status: ContainerStatus, exitCode: number, startedAt: string | undefined): ContainerStatus {
  const terminated = {
    exitCode,
    reason: exitCode === 0 ? 'Completed' : 'Error',
    startedAt: startedAt ?? null,
    finishedAt: formatTime(context.now),
    ...(status.containerID === undefined ? {} : { containerID: status.containerID }),
  };
  return { ...status, ready: false, started: false, state: { terminated } };
}

/** A status of a container that a deletion or a deadline stops. */
export function stopped(context: Pick<ContainerContext, 'now'>, status: ContainerStatus, exitCode: number): ContainerStatus {
  if (status.state.terminated !== undefined) return status;
  const startedAt = status.state.running?.startedAt ?? null;
  const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt, finishedAt: formatTime(context.now) };
  return { ...status, ready: false, started: false, state: { terminated } };
}

function afterEnd(
  context: ContainerContext,
  status: ContainerStatus,
  terminated: NonNullable<ContainerState['terminated']>,
): ContainerStep {
  if (!isRestarted(context, terminated.exitCode)) {
    const ready = context.isInit && terminated.exitCode === 0;
    return { status: status.ready === ready ? status : { ...status, ready }, notes: [] };
  }
  const lastState = { terminated };
  // The first restart comes at once; from the second on a kubelet waits.
  if (status.restartCount === 0) {
    const restarted = { ...running(context, status, 1), lastState };
    return { status: restarted, notes: [...pullNotes({ ...context, isImagePresent: true }), ...startNotes(context.container)] };
  }
  const { container, pod } = context;
  const { namespace, name, uid } = pod.metadata;
  const delay = goSeconds(restartDelayMs(status.restartCount));
  const message = `back-off ${delay} restarting failed container=${container.name} pod=${name}_${namespace}(${uid})`;
  const notes: readonly ContainerNote[] = [
    {
      type: 'Warning',
      reason: 'BackOff',
      message: `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`,
    },
  ];
  return { status: { ...status, state: { waiting: { reason: 'CrashLoopBackOff', message } }, lastState }, notes };
}

function isRestarted(context: ContainerContext, exitCode: number): boolean {
  const policy = context.pod.spec.restartPolicy ?? 'Always';
  if (context.isInit && context.container.restartPolicy !== 'Always') return exitCode !== 0 && policy !== 'Never';
  if (context.isInit) return true;
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

function inBackOff(context: ContainerContext, status: ContainerStatus): ContainerStep {
  const finishedAt = context.instantOf(status.lastState.terminated?.finishedAt) ?? context.now;
  const restartAt = finishedAt + restartDelayMs(status.restartCount);
  if (context.now < restartAt) return { status, notes: [], nextAt: restartAt };
  return {
    status: running(context, status, status.restartCount + 1),
    notes: [...pullNotes({ ...context, isImagePresent: true }), ...startNotes(context.container)],
  };
}

/** A kubelet tries again after 10 s and from then on less and less often; the state stays in back-off but for the moment of each try. */
function withoutImage(context: ContainerContext, status: ContainerStatus, reason: string): ContainerStep {
  const { pullError, container, now, pulledAt } = context;
  if (pullError === undefined) return { status: { ...status, state: { waiting: { reason: 'ContainerCreating' } } }, notes: [] };
  if (reason === 'ImagePullBackOff' || pulledAt === undefined) return { status, notes: [] };
  const backOffAt = pulledAt + restartDelayMs(1);
  if (now < backOffAt) return { status, notes: [], nextAt: backOffAt };
  const image = container.image ?? '';
  const message = `Back-off pulling image "${image}": ErrImagePull: ${pullMessage(image, pullError)}`;
  return {
    status: { ...status, state: { waiting: { reason: 'ImagePullBackOff', message } } },
    notes: [
      { type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${image}"` },
      { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff' },
    ],
  };
}

function pullMessage(image: string, error: string): string {
  const qualified = qualifiedImage(image);
  if (error !== 'not found') return error;
  return (
    `rpc error: code = NotFound desc = failed to pull and unpack image "${qualified}": failed to resolve reference ` +
    `"${qualified}": ${qualified}: not found`
  );
}

function pullNotes({ container, isImagePresent }: ContainerContext): readonly ContainerNote[] {
  const image = container.image ?? '';
  if (isImagePresent && container.imagePullPolicy !== 'Always') {
    return [{ type: 'Normal', reason: 'Pulled', message: `Container image "${image}" already present on machine` }];
  }
  return [
    { type: 'Normal', reason: 'Pulling', message: `Pulling image "${image}"` },
    {
      type: 'Normal',
      reason: 'Pulled',
      message: `Successfully pulled image "${image}" in 512ms (512ms including waiting). Image size: 67108864 bytes.`,
    },
  ];
}

function startNotes(container: Container): readonly ContainerNote[] {
  return [
    { type: 'Normal', reason: 'Created', message: `Created container: ${container.name}` },
    { type: 'Normal', reason: 'Started', message: `Started container ${container.name}` },
  ];
}

/** `nginx` is `docker.io/library/nginx:latest` to a kubelet. */
function qualifiedImage(image: string): string {
  const first = image.split('/')[0] ?? '';
  const hasRegistry = image.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  const path = hasRegistry ? image : image.includes('/') ? `docker.io/${image}` : `docker.io/library/${image}`;
  return /[:@]/.test(path.slice(path.lastIndexOf('/'))) ? path : `${path}:latest`;
}

function imageId(image: string): string {
  const qualified = qualifiedImage(image);
  if (qualified.includes('@')) return qualified;
  const name = qualified.replace(/:[^:/]*$/, '');
  return `${name}@sha256:${hexOf(qualified)}`;
}

function containerId(pod: Pod, container: string, restartCount: number): string {
  return hexOf(`${pod.metadata.uid ?? ''}/${container}/${restartCount}`);
}

/** 64 hexadecimal digits that stand for a text. Only looks like a digest. */
function hexOf(text: string): string {
  let digits = '';
  for (let part = 0; part < 8; part++) {
    let hash = 0x811c9dc5 ^ Math.imul(part + 1, 0x9e3779b1);
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    digits += ((hash ^ (hash >>> 13)) >>> 0).toString(16).padStart(8, '0');
  }
  return digits;
}

function goSeconds(ms: number): string {
  const total = ms / 1000;
  return total < 60 ? `${total}s` : `${Math.floor(total / 60)}m${total % 60}s`;
}

function soonest(now: Instant, ...instants: readonly (Instant | undefined)[]): Instant | undefined {
  const ahead = instants.filter((instant): instant is Instant => instant !== undefined && instant > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}
