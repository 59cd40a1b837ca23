/** Conversations recorded from upstream's controller, as states of a cluster and what was done to it in between. */
import {
  type AnalysisRun,
  controllerOf,
  type Experiment,
  type Instant,
  type KubeObject,
  parseTime,
  type ReplicaSet,
  type Rollout,
  type Service,
} from '@sluice/api';

type Line = { readonly atMs: number; readonly note?: string; readonly type?: string; readonly kind?: string; readonly object?: KubeObject };

/** The cluster at one moment of a recording. */
export type RecordedState = {
  readonly at: Instant;
  readonly rollout: Rollout;
  readonly replicaSets: readonly ReplicaSet[];
  readonly services: readonly Service[];
  readonly analysisRuns: readonly AnalysisRun[];
  readonly experiments: readonly Experiment[];
  readonly workload: KubeObject | undefined;
};

export type RecordedStretch = {
  /** What a person did at its beginning. */
  readonly note: string;
  /** The cluster when it was done, with nothing left to do before. */
  readonly before: RecordedState;
  /** The Rollout just after it was done; absent where nothing follows. */
  readonly changed: Rollout | undefined;
  /** Each state that upstream's controller left on the way. */
  readonly states: readonly RecordedState[];
  /** Reasons of the Events told during it. */
  readonly reasons: readonly string[];
  readonly end: RecordedState;
  /** Whether nothing moved for a while at the end, so that the end is a rest and no passage. */
  readonly isRest: boolean;
};

/** Nothing may happen for so long before a rest. */
const restMs = 120;

/** The Rollouts of a recording. */
export function rolloutsOf(text: string): readonly string[] {
  return [...new Set(firstAndLast(text).map(({ first }) => first.metadata.name ?? ''))];
}

/** Cuts a recording at what people did to one of its Rollouts. */
export function stretchesOf(text: string, only: string): readonly RecordedStretch[] {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  const origin = originOf(lines);
  let rollout: Rollout | undefined;
  let movedAt = 0;
  const replicaSets = new Map<string, ReplicaSet>();
  const services = new Map<string, Service>();
  const analysisRuns = new Map<string, AnalysisRun>();
  const experiments = new Map<string, Experiment>();
  let workload: KubeObject | undefined;
  const snapshot = (atMs: number): RecordedState | undefined =>
    rollout === undefined
      ? undefined
      : {
          at: origin + atMs,
          rollout,
          replicaSets: [...replicaSets.values()],
          services: [...services.values()],
          analysisRuns: [...analysisRuns.values()],
          experiments: [...experiments.values()],
          workload,
        };

  const stretches: RecordedStretch[] = [];
  /** The generation that the last change of the spec will have: until it is seen, what is seen is older. */
  let expected = 0;
  let open: { note: string; before: RecordedState; changed: Rollout | undefined; states: RecordedState[]; reasons: string[] } | undefined;
  const close = (atMs: number): void => {
    const end = snapshot(atMs);
    if (open !== undefined && end !== undefined) stretches.push({ ...open, end, isRest: atMs - movedAt >= restMs });
    open = undefined;
  };
  for (const line of lines) {
    const { atMs, note, kind, object } = line;
    if (note !== undefined && isDoneTo(note, only)) {
      close(atMs);
      const before = snapshot(atMs);
      if (note.startsWith('merge patch')) expected = Math.max(expected, rollout?.metadata.generation ?? 0) + 1;
      if (before !== undefined) open = { note, before, changed: undefined, states: [], reasons: [] };
    }
    if (object === undefined) continue;
    const name = object.metadata.name ?? '';
    if (kind === 'Rollout') {
      if (name !== only) continue;
      rollout = object as Rollout;
      // Written before the spec was changed, seen after: the stretch before had not come to its end.
      const previous = stretches.at(-1);
      const isLate = (rollout.metadata.generation ?? 0) < expected || (open !== undefined && isBeforeAction(rollout, open));
      if (previous !== undefined && isLate) stretches[stretches.length - 1] = { ...previous, isRest: false };
      movedAt = atMs;
      if (isLate) continue;
      if (open !== undefined && open.changed === undefined) open.changed = rollout;
      const state = snapshot(atMs);
      if (state !== undefined) open?.states.push(state);
    } else if (kind === 'ReplicaSet') {
      if (!isOwned(object, only)) continue;
      movedAt = atMs;
      if (line.type === 'DELETED') replicaSets.delete(name);
      else replicaSets.set(name, object as ReplicaSet);
    } else if (kind === 'AnalysisRun' || kind === 'Experiment') {
      if (!isOwned(object, only)) continue;
      const known: Map<string, KubeObject> = kind === 'AnalysisRun' ? analysisRuns : experiments;
      if (line.type === 'DELETED') known.delete(name);
      else known.set(name, object);
    } else if (kind === 'Deployment') {
      movedAt = atMs;
      workload = object;
    } else if (kind === 'Service') services.set(name, object as Service);
    else if (kind === 'Event' && isAbout(object, only)) {
      open?.reasons.push((object as { reason?: string }).reason ?? '');
    }
  }
  close((lines.at(-1)?.atMs ?? 0) + restMs);
  return stretches;
}

function isOwned(object: KubeObject, rollout: string): boolean {
  const owner = controllerOf(object);
  return owner?.kind === 'Rollout' && owner.name === rollout;
}

function isAbout(event: KubeObject, rollout: string): boolean {
  const { involvedObject } = event as { involvedObject?: { kind?: string; name?: string } };
  return involvedObject?.kind === 'Rollout' && involvedObject.name === rollout;
}

/** Whether somebody did something to this Rollout. */
function isDoneTo(note: string, rollout: string): boolean {
  return new RegExp(`^(merge patch rollout/${rollout} |plugin .*\\b${rollout}\\b)`).test(note);
}

/** What was written before a promotion or an abort and is seen after it. */
function isBeforeAction({ status }: Rollout, { note, before }: { readonly note: string; readonly before: RecordedState }): boolean {
  const old = before.rollout.status;
  if (note.startsWith('plugin abort')) return status?.abort !== true && old?.abort !== true && status?.abortedAt === undefined;
  const isHeld =
    (old?.pauseConditions ?? []).length > 0 && JSON.stringify(status?.pauseConditions) === JSON.stringify(old?.pauseConditions);
  return note.startsWith('plugin promote') && isHeld && status?.promoteFull !== true && status?.currentStepIndex === old?.currentStepIndex;
}

/** The instant of `atMs: 0`. Objects say whole seconds only, so it is the latest that no line contradicts. */
function originOf(lines: readonly Line[]): Instant {
  let origin = Number.NEGATIVE_INFINITY;
  for (const { atMs, object } of lines) {
    const conditions = (object as Rollout | undefined)?.status?.conditions ?? [];
    for (const text of [object?.metadata.creationTimestamp, ...conditions.map(({ lastUpdateTime }) => lastUpdateTime)]) {
      const at = parseTime(text);
      if (at !== undefined) origin = Math.max(origin, at - atMs);
    }
  }
  return origin;
}

/** Rollouts of a recording by name: as they were added, and as upstream's controller left them at last. */
export function firstAndLast(text: string): readonly { readonly first: Rollout; readonly last: Rollout }[] {
  const seen = new Map<string, { readonly first: Rollout; last: Rollout }>();
  for (const line of text.trim().split('\n')) {
    const { kind, object } = JSON.parse(line) as Line;
    if (kind !== 'Rollout' || object === undefined) continue;
    const name = object.metadata.name ?? '';
    const entry = seen.get(name) ?? { first: object as Rollout, last: object as Rollout };
    entry.last = object as Rollout;
    seen.set(name, entry);
  }
  return [...seen.values()];
}
