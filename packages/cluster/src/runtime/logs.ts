/** What `kubectl logs` shows of a simulated container: the lines of its rule, or a few that say what it is. */
import { failure, StatusError } from '@sluice/api';
import type { ContainerStatus, Pod } from '../shapes/pod.ts';
import { commandLine } from './commands.ts';
import { lifeOf } from './life.ts';
import type { PodRule } from './rules.ts';

export type LogOptions = {
  readonly container?: string | undefined;
  readonly tailLines?: number | undefined;
  readonly previous?: boolean | undefined;
  readonly timestamps?: boolean | undefined;
};

/** @throws StatusError BadRequest for a container that is not there, not named among several, or has not started */
export function podLog(pod: Pod, rules: readonly PodRule[], options: LogOptions): string {
  const name = pod.metadata.name ?? '';
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const choices = pod.spec.containers.map((container) => container.name);
  const wanted = options.container ?? pod.metadata.annotations?.['kubectl.kubernetes.io/default-container'] ?? choices[0];
  if (options.container === undefined && all.length > 1 && choices.length > 1) {
    throw refused(`a container name must be specified for pod ${name}, choose one of: [${choices.join(' ')}]`);
  }
  const container = all.find((candidate) => candidate.name === wanted);
  if (container === undefined) throw refused(`container ${wanted} is not valid for pod ${name}`);
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  const status = statuses.find((candidate) => candidate.name === wanted);
  const startedAt = startOf(status, options.previous === true);
  if (options.previous === true && startedAt === undefined) {
    throw refused(`previous terminated container "${wanted}" in pod "${name}" not found`);
  }
  if (startedAt === undefined) {
    const reason = status?.state.waiting?.reason;
    if (reason === 'ErrImagePull' || reason === 'ImagePullBackOff') {
      throw refused(`container "${wanted}" in pod "${name}" is waiting to start: trying and failing to pull image`);
    }
    throw refused(`container "${wanted}" in pod "${name}" is waiting to start: ${reason ?? 'ContainerCreating'}`);
  }
  const lines = lifeOf(pod, rules).logs ?? ordinaryLines(container.image ?? '', commandLine(container), status, options.previous === true);
  const tail =
    options.tailLines === undefined || options.tailLines < 0 ? lines : lines.slice(Math.max(0, lines.length - options.tailLines));
  const prefix = options.timestamps === true ? `${startedAt.replace('Z', '.000000000Z')} ` : '';
  return tail.map((line) => `${prefix}${line}\n`).join('');
}

function startOf(status: ContainerStatus | undefined, previous: boolean): string | undefined {
  if (previous) return status?.lastState.terminated?.startedAt ?? undefined;
  const { state, lastState } = status ?? { state: {}, lastState: {} };
  return state.running?.startedAt ?? state.terminated?.startedAt ?? lastState.terminated?.startedAt ?? undefined;
}

function ordinaryLines(image: string, command: string, status: ContainerStatus | undefined, previous: boolean): readonly string[] {
  const ended = previous ? status?.lastState.terminated : (status?.state.terminated ?? status?.lastState.terminated);
  return [
    `simulated container of ${image}`,
    ...(command === '' ? [] : [`command: ${command}`]),
    ...(ended === undefined ? ['up and running'] : [`ended with code ${ended.exitCode}`]),
  ];
}

function refused(message: string): StatusError {
  return new StatusError(failure(400, 'BadRequest', message));
}
