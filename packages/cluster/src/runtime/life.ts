/** The life of one particular pod: its rule with the pod's own annotations on top, every range drawn to a number. */
import { parseDurationMs } from '../shapes/durations.ts';
import type { Container, Pod } from '../shapes/pod.ts';
import { commandEnd, hookMs } from './commands.ts';
import { baseLife } from './default-rules.ts';
import { type Delay, exactly, isMatch, type PodLife, type PodRule } from './rules.ts';

const prefix = 'sim.sluice.dev/';

/** @param rules - first match wins; the defaults belong at the end */
export function lifeOf(pod: Pod, rules: readonly PodRule[]): PodLife {
  const rule = rules.find((candidate) => isMatch(candidate.match, pod));
  return { ...baseLife, ...rule?.life, ...annotated(pod) };
}

/**
 * What annotations of the pod say: `ready-after`, `never-ready`, `unready-after`, `started-after`, `scheduled-after`, `pull-error`,
 * `exit-after` with `exit-code`, `terminated-after`, `cpu`, `memory`. Values that cannot be read are as if they were absent.
 */
function annotated(pod: Pod): Partial<PodLife> {
  const annotations = pod.metadata.annotations;
  if (annotations === undefined || !Object.keys(annotations).some((key) => key.startsWith(prefix))) return {};
  const text = (name: string): string | undefined => annotations[prefix + name];
  const life: { -readonly [K in keyof PodLife]?: PodLife[K] } = {};
  const delay = (name: string, field: 'scheduledAfter' | 'startedAfter' | 'readyAfter' | 'unreadyAfter' | 'terminatedAfter'): void => {
    const ms = parseDurationMs(text(name));
    if (ms !== undefined) life[field] = exactly(ms);
  };
  delay('scheduled-after', 'scheduledAfter');
  delay('started-after', 'startedAfter');
  delay('ready-after', 'readyAfter');
  delay('unready-after', 'unreadyAfter');
  delay('terminated-after', 'terminatedAfter');
  if (text('never-ready') === 'true') life.isNeverReady = true;
  const pullError = text('pull-error');
  if (pullError !== undefined) life.pullError = pullError === 'true' ? 'not found' : pullError;
  const exitAfter = parseDurationMs(text('exit-after'));
  const exitCode = text('exit-code');
  if (exitAfter !== undefined || exitCode !== undefined) life.exit = { after: exactly(exitAfter ?? 0), code: Number(exitCode ?? '0') || 0 };
  const cpu = text('cpu');
  const memory = text('memory');
  if (cpu !== undefined || memory !== undefined) {
    life.usage = { cpu: cpu ?? baseLife.usage.cpu, memory: memory ?? baseLife.usage.memory };
  }
  return life;
}

/**
 * Draws from a range: the same number for the same pod and purpose, in this process and after a restart.
 *
 * @param purpose - keeps the draws of one pod apart from each other
 */
export function draw(delay: Delay, pod: Pod, purpose: string): number {
  if (delay.maxMs <= delay.minMs) return delay.minMs;
  return Math.round(delay.minMs + (delay.maxMs - delay.minMs) * fraction(`${pod.metadata.uid ?? ''}/${purpose}`));
}

/** A number from 0 to 1 out of a text: FNV-1a with a last mix, so that similar texts lie apart. */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}

/** Milliseconds of one container's life, counted from its start. Absent: never. */
export type ContainerLife = {
  readonly end?: { readonly afterMs: number; readonly code: number };
  readonly readyAfterMs?: number;
  readonly unreadyAfterMs?: number;
  /** The startup probe, where there is one, has passed. */
  readonly startedAfterMs: number;
};

export function containerLife(pod: Pod, container: Container, life: PodLife): ContainerLife {
  const end =
    life.exit === 'command' ? commandEnd(container) : life.exit && { afterMs: draw(life.exit.after, pod, 'exit'), code: life.exit.code };
  const startedAfterMs = seconds(container.startupProbe?.initialDelaySeconds) + hookMs(container.lifecycle?.postStart);
  const readyAfterMs = startedAfterMs + seconds(container.readinessProbe?.initialDelaySeconds) + draw(life.readyAfter, pod, 'ready');
  return {
    startedAfterMs,
    ...(end === undefined ? {} : { end }),
    ...(life.isNeverReady === true ? {} : { readyAfterMs }),
    ...(life.unreadyAfter === undefined ? {} : { unreadyAfterMs: readyAfterMs + draw(life.unreadyAfter, pod, 'unready') }),
  };
}

/** Init containers run their command and end; those with `restartPolicy: Always` stay beside the others. */
export function initContainerLife(container: Container): ContainerLife {
  const startedAfterMs = seconds(container.startupProbe?.initialDelaySeconds);
  if (container.restartPolicy === 'Always') return { startedAfterMs, readyAfterMs: startedAfterMs };
  const end = commandEnd(container);
  return { startedAfterMs, ...(end === undefined ? {} : { end }) };
}

function seconds(value: number | undefined): number {
  return (value ?? 0) * 1000;
}
