/** Conversations about Experiments recorded from upstream's controller: what each of them went through, and what was created for it. */
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

/** An Experiment and what it owns at one moment. */
export type RecordedExperimentState = {
  readonly at: Instant;
  readonly experiment: Experiment;
  readonly replicaSets: readonly ReplicaSet[];
  readonly services: readonly Service[];
  readonly runs: readonly AnalysisRun[];
};

export type RecordedExperiment = {
  readonly name: string;
  /** As it was created, then each state that upstream's controller left. */
  readonly states: readonly RecordedExperimentState[];
  /** As they were first seen. */
  readonly created: readonly KubeObject[];
  /** Texts of its Events; one that was told again counts once. */
  readonly events: readonly string[];
};

export function recordedExperiments(text: string): readonly RecordedExperiment[] {
  const lines = linesOf(text);
  const origin = originOf(lines);
  const names = lines.flatMap(({ type, kind, object }) => (type === 'ADDED' && kind === 'Experiment' ? [object?.metadata.name ?? ''] : []));
  return names.map((name) => recordedExperiment(lines, origin, name));
}

/** Rollout, ReplicaSets in order of creation: what a step's Experiment is built from. */
export function recordedRollout(text: string): { readonly rollout: Rollout; readonly replicaSets: readonly ReplicaSet[] } | undefined {
  const objects = linesOf(text).flatMap(({ type, object }) => (type === 'ADDED' && object !== undefined ? [object] : []));
  const rollout = objects.find(({ kind }) => kind === 'Rollout');
  const owned = objects.filter((object) => object.kind === 'ReplicaSet' && controllerOf(object)?.kind === 'Rollout');
  return rollout === undefined ? undefined : { rollout: rollout as Rollout, replicaSets: owned as ReplicaSet[] };
}

function linesOf(text: string): readonly Line[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

function recordedExperiment(lines: readonly Line[], origin: Instant, name: string): RecordedExperiment {
  const states: RecordedExperimentState[] = [];
  const created: KubeObject[] = [];
  const events = new Set<string>();
  const held = {
    ReplicaSet: new Map<string, KubeObject>(),
    Service: new Map<string, KubeObject>(),
    AnalysisRun: new Map<string, KubeObject>(),
  };
  for (const { atMs, type, kind, object } of lines) {
    if (object === undefined) continue;
    const about = (object as { readonly involvedObject?: { readonly kind?: string; readonly name?: string } }).involvedObject;
    if (kind === 'Event' && about?.kind === 'Experiment' && about.name === name) {
      const { type: severity, reason, message } = object as unknown as Readonly<Record<string, string>>;
      events.add(`${severity} ${reason} ${message}`);
    }
    if (kind === 'Experiment' && object.metadata.name === name) {
      const experiment = object as Experiment;
      states.push({
        at: origin + atMs,
        experiment,
        replicaSets: [...held.ReplicaSet.values()] as ReplicaSet[],
        services: [...held.Service.values()] as Service[],
        runs: [...held.AnalysisRun.values()] as AnalysisRun[],
      });
    }
    const owner = controllerOf(object);
    const kept = held[kind as keyof typeof held];
    if (kept === undefined || owner?.kind !== 'Experiment' || owner.name !== name) continue;
    if (type === 'ADDED') created.push(object);
    if (type === 'DELETED') kept.delete(object.metadata.name ?? '');
    else kept.set(object.metadata.name ?? '', object);
  }
  return { name, states, created, events: [...events] };
}

/** The instant of `atMs: 0`. Objects say whole seconds only, so it is the latest that no line contradicts. */
function originOf(lines: readonly Line[]): Instant {
  let origin = Number.NEGATIVE_INFINITY;
  for (const { atMs, object } of lines) {
    const conditions = (object as Experiment | undefined)?.status?.conditions ?? [];
    for (const text of [object?.metadata.creationTimestamp, ...conditions.map(({ lastUpdateTime }) => lastUpdateTime)]) {
      const at = parseTime(text);
      if (at !== undefined) origin = Math.max(origin, at - atMs);
    }
  }
  return origin;
}
