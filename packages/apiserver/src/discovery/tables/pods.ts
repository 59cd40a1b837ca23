/** The row of a Pod: its status in one word, and how often it was restarted (upstream pkg/printers/internalversion printPod). */
import { type Instant, type KubeObject, parseTime } from '@sluice/api';
import { age, orNone, since } from './cells.ts';
import { type Printer, type Printers, printer } from './printer.ts';

type Terminated = { readonly reason?: string; readonly signal?: number; readonly exitCode?: number; readonly finishedAt?: string };

type ContainerState = { readonly waiting?: { readonly reason?: string }; readonly running?: object; readonly terminated?: Terminated };

type ContainerStatus = {
  readonly name: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
};

type Container = { readonly name: string; readonly restartPolicy?: string };

type PodCondition = { readonly type: string; readonly status: string; readonly reason?: string };

type Pod = {
  readonly spec: {
    readonly containers?: readonly Container[];
    readonly initContainers?: readonly Container[];
    readonly nodeName?: string;
    readonly readinessGates?: readonly { readonly conditionType: string }[];
  };
  readonly status: {
    readonly phase?: string;
    readonly reason?: string;
    readonly conditions?: readonly PodCondition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
    readonly podIPs?: readonly { readonly ip: string }[];
    readonly nominatedNodeName?: string;
  };
};

const pods: Printer = printer<Pod>('Name|Ready|Status|Restarts|Age|IP!|Node!|Nominated Node!|Readiness Gates!', (pod, now) => {
  const { word, ready, total, restarts, lastRestart } = summarize(pod);
  const restartText = restarts > 0 && lastRestart !== undefined ? `${restarts} (${since(lastRestart, now)} ago)` : String(restarts);
  return [
    pod.metadata.name,
    `${ready}/${total}`,
    word,
    restartText,
    age(pod, now),
    orNone(pod.status?.podIPs?.[0]?.ip),
    orNone(pod.spec?.nodeName),
    orNone(pod.status?.nominatedNodeName),
    readinessGates(pod),
  ];
});

export const podPrinters: Printers = { '/pods': pods };

type PodSummary = {
  readonly word: string;
  readonly ready: number;
  readonly total: number;
  readonly restarts: number;
  readonly lastRestart: string | undefined;
};

function summarize(pod: KubeObject & Partial<Pod>): PodSummary {
  const { spec = {}, status = {} } = pod;
  const conditions = status.conditions ?? [];
  const sidecars = new Set((spec.initContainers ?? []).filter((each) => each.restartPolicy === 'Always').map((each) => each.name));
  const total = (spec.containers ?? []).length + sidecars.size;
  const isGated = conditions.some((each) => each.type === 'PodScheduled' && each.reason === 'SchedulingGated');
  const phaseWord = isGated ? 'SchedulingGated' : orElse(status.reason, status.phase ?? '');

  const initial = initialization(status.initContainerStatuses ?? [], sidecars, (spec.initContainers ?? []).length);
  const isInitialized = conditions.some((each) => each.type === 'Initialized' && each.status === 'True');
  const main = initial.word === undefined || isInitialized ? running(status.containerStatuses ?? [], conditions) : undefined;
  const counted =
    main === undefined
      ? (status.initContainerStatuses ?? []).slice(0, initial.seen)
      : [
          ...(status.initContainerStatuses ?? []).slice(0, initial.seen).filter((each) => sidecars.has(each.name)),
          ...(status.containerStatuses ?? []),
        ];
  return {
    word: finalWord(pod, main?.word ?? initial.word ?? phaseWord),
    ready: initial.ready + (main?.ready ?? 0),
    total,
    restarts: counted.reduce((sum, each) => sum + (each.restartCount ?? 0), 0),
    lastRestart: latest(counted.map((each) => each.lastState?.terminated?.finishedAt)),
  };
}

/** Looks at init containers until the first that is not done. `seen` counts those looked at. */
function initialization(
  statuses: readonly ContainerStatus[],
  sidecars: ReadonlySet<string>,
  total: number,
): { readonly word: string | undefined; readonly ready: number; readonly seen: number } {
  let ready = 0;
  for (const [index, container] of statuses.entries()) {
    const { terminated, waiting } = container.state ?? {};
    if (terminated !== undefined && (terminated.exitCode ?? 0) === 0) continue;
    if (sidecars.has(container.name) && container.started === true) {
      if (container.ready === true) ready++;
      continue;
    }
    const seen = index + 1;
    if (terminated !== undefined) return { word: `Init:${endWord(terminated)}`, ready, seen };
    const reason = waiting?.reason ?? '';
    if (reason !== '' && reason !== 'PodInitializing') return { word: `Init:${reason}`, ready, seen };
    return { word: `Init:${index}/${total}`, ready, seen };
  }
  return { word: undefined, ready, seen: statuses.length };
}

/** The first container with something to say gives the word. */
function running(
  statuses: readonly ContainerStatus[],
  conditions: readonly PodCondition[],
): { readonly word: string | undefined; readonly ready: number } {
  let word: string | undefined;
  let ready = 0;
  for (const container of [...statuses].reverse()) {
    const { waiting, terminated, running: isRunning } = container.state ?? {};
    if (waiting?.reason !== undefined && waiting.reason !== '') word = waiting.reason;
    else if (terminated !== undefined) word = endWord(terminated);
    else if (container.ready === true && isRunning !== undefined) ready++;
  }
  if (word === 'Completed' && ready > 0) {
    word = conditions.some((each) => each.type === 'Ready' && each.status === 'True') ? 'Running' : 'NotReady';
  }
  return { word, ready };
}

function endWord({ reason = '', signal = 0, exitCode = 0 }: Terminated): string {
  if (reason !== '') return reason;
  return signal === 0 ? `ExitCode:${exitCode}` : `Signal:${signal}`;
}

function finalWord(pod: KubeObject & Partial<Pod>, word: string): string {
  if (pod.metadata.deletionTimestamp === undefined) return word;
  if (pod.status?.reason === 'NodeLost') return 'Unknown';
  const isOver = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
  return isOver ? word : 'Terminating';
}

function readinessGates(pod: KubeObject & Partial<Pod>): string {
  const gates = pod.spec?.readinessGates ?? [];
  if (gates.length === 0) return '<none>';
  const isOpen = (type: string): boolean => pod.status?.conditions?.find((each) => each.type === type)?.status === 'True';
  return `${gates.filter((gate) => isOpen(gate.conditionType)).length}/${gates.length}`;
}

function latest(times: readonly (string | undefined)[]): string | undefined {
  const value = (text: string | undefined): Instant => parseTime(text) ?? Number.NEGATIVE_INFINITY;
  return times.reduce((last, next) => (value(next) > value(last) ? next : last), undefined);
}

function orElse(text: string | undefined, other: string): string {
  return text === undefined || text === '' ? other : text;
}
