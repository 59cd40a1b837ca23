/**
 * The life of simulated pods as data. A rule says which pods it is for and how they live; the first rule that matches a pod wins, and
 * what its life leaves open is taken from `baseLife`. Annotations `sim.sluice.dev/...` on the pod go over the rule.
 */
import { type Labels, matches, requirementsOf } from '@sluice/api';
import type { Pod } from '../shapes/pod.ts';

/** A time span, or a range from which each pod draws its own: always the same one for the same pod. */
export type Delay = { readonly minMs: number; readonly maxMs: number };

/** All that is given must hold. In texts `*` stands for anything and `?` for one character. */
export type PodMatch = {
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
  /** Holds when the image of any container matches. */
  readonly image?: string;
  /** Kind of the controlling owner; `none` for pods without one. */
  readonly ownerKind?: string;
  readonly restartPolicy?: readonly string[];
  /** Holds when the command and arguments of any container, joined by blanks, match. */
  readonly command?: string;
};

export type PodLife = {
  /** From creation to bound. */
  readonly scheduledAfter: Delay;
  /** Message of the scheduler; the pod is never bound. */
  readonly unschedulable?: string;
  /** From bound until the image is there, or known to be missing. */
  readonly pulledAfter: Delay;
  /** The image cannot be had: `not found`, or other words of the registry. */
  readonly pullError?: string;
  /** From pulled to started; init containers take their own time on top. */
  readonly startedAfter: Delay;
  /** From started to ready, with the initial delays of probes and a `sleep N` in postStart on top. */
  readonly readyAfter: Delay;
  readonly isNeverReady?: boolean;
  /** From ready to not ready. */
  readonly unreadyAfter?: Delay;
  /** From started to ended. `command`: after the `sleep N` of the command, with the code of its `exit N`. */
  readonly exit?: 'command' | { readonly after: Delay; readonly code: number };
  /** From deleted to gone, with a `sleep N` in preStop on top; never longer than the pod's grace period. */
  readonly terminatedAfter: Delay;
  /** What the metrics say a container uses. */
  readonly usage: { readonly cpu: string; readonly memory: string };
  /** Lines that `kubectl logs` answers. */
  readonly logs?: readonly string[];
  /** No Events but warnings: for crowds of pods that nobody looks at one by one. */
  readonly isQuiet?: boolean;
};

export type PodRule = { readonly name: string; readonly match: PodMatch; readonly life: Partial<PodLife> };

export function exactly(ms: number): Delay {
  return { minMs: ms, maxMs: ms };
}

export function isMatch(match: PodMatch, pod: Pod): boolean {
  const { metadata, spec } = pod;
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const owner = metadata.ownerReferences?.find((reference) => reference.controller === true)?.kind ?? 'none';
  return (
    isLike(match.namespace, metadata.namespace ?? '') &&
    (match.labels === undefined || matches(requirementsOf({ matchLabels: match.labels }), metadata.labels)) &&
    Object.entries(match.annotations ?? {}).every(([key, text]) => isLike(text, metadata.annotations?.[key])) &&
    (match.image === undefined || containers.some((container) => isLike(match.image, container.image))) &&
    (match.ownerKind === undefined || match.ownerKind === owner) &&
    (match.restartPolicy === undefined || match.restartPolicy.includes(spec.restartPolicy ?? 'Always')) &&
    (match.command === undefined ||
      spec.containers.some((container) => isLike(match.command, [...(container.command ?? []), ...(container.args ?? [])].join(' '))))
  );
}

const patterns = new Map<string, RegExp>();

function isLike(pattern: string | undefined, text: string | undefined): boolean {
  if (pattern === undefined) return true;
  if (text === undefined) return false;
  let expression = patterns.get(pattern);
  if (expression === undefined) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '[\\s\\S]*')
      .replaceAll('?', '[\\s\\S]');
    expression = new RegExp(`^${source}$`);
    patterns.set(pattern, expression);
  }
  return expression.test(text);
}
