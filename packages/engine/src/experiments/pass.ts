/**
 * One pass over an Experiment as it is being decided: the objects as they will be after the writes wished for so far, and what else there
 * is to do. A pass owns its draft alone; nothing in it outlives the decision.
 */
import type { AnalysisRun, Experiment, ExperimentStatus, Instant, ReplicaSet, Service } from '@sluice/api';
import type { Note, WriteKey } from '../plan.ts';
import type { ExperimentAction, ExperimentFacts, ExperimentNote, ExperimentRefusal } from './plan.ts';
import { isTerminating } from './status.ts';

/** What a decision stands on. Replaced, never changed in place. Maps are by template. */
export type World = {
  readonly experiment: Experiment;
  readonly replicaSets: ReadonlyMap<string, ReplicaSet>;
  readonly services: ReadonlyMap<string, Service>;
  readonly runs: readonly AnalysisRun[];
};

export type Pass = {
  readonly now: Instant;
  readonly facts: ExperimentFacts;
  /** The status at the start of this pass. */
  readonly previous: ExperimentStatus;
  readonly isTerminating: boolean;
  world: World;
  /** The status so far. */
  status: ExperimentStatus;
  /** Creations and terminations of runs, which do not show in the difference between two worlds. */
  readonly actions: ExperimentAction[];
  readonly notes: ExperimentNote[];
  /** Instants at which to look again. */
  readonly wakes: Instant[];
  /** Why there is which write. */
  readonly reasons: { readonly write: WriteKey; readonly text: string }[];
  /** Something was done that must not rest on a status which is not written yet. */
  hasActed: boolean;
};

export function beginPass(world: World, facts: ExperimentFacts, now: Instant): Pass {
  const previous = world.experiment.status ?? {};
  return {
    now,
    facts,
    previous,
    isTerminating: isTerminating(world.experiment),
    world,
    status: previous,
    actions: [],
    notes: [],
    wakes: [],
    reasons: [],
    hasActed: false,
  };
}

export function replaceReplicaSet(pass: Pass, template: string, set: ReplicaSet): void {
  pass.world = { ...pass.world, replicaSets: new Map(pass.world.replicaSets).set(template, set) };
}

export function replaceService(pass: Pass, template: string, service: Service | undefined): void {
  const services = new Map(pass.world.services);
  if (service === undefined) services.delete(template);
  else services.set(template, service);
  pass.world = { ...pass.world, services };
}

export function because(pass: Pass, write: WriteKey, text: string): void {
  pass.reasons.push({ write, text });
}

/** To be told once a write is done; without one at once. */
export function tell(pass: Pass, note: Note, write: WriteKey | undefined, isForRollout = false): void {
  pass.notes.push({ ...note, ...(write === undefined ? {} : { write }), ...(isForRollout ? { isForRollout } : {}) });
}

/** What the API said when it refused a write; `undefined` when it did not. */
export function refusalOf(pass: Pass, write: ExperimentRefusal['write'], of: string, size?: number): string | undefined {
  return pass.facts.refusals?.find((refusal) => refusal.write === write && refusal.of === of && refusal.size === size)?.message;
}
