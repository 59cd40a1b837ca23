/**
 * One pass over a Rollout as it is being decided: the objects as they will be after the writes wished for so far, and what else there is to
 * do. A pass owns its draft alone; nothing in it outlives the decision.
 */
import {
  type AnalysisRun,
  annotations,
  type Experiment,
  type Instant,
  type KubeObject,
  type Pod,
  type ReplicaSet,
  type Rollout,
  type RolloutAnalysisRunStatus,
  type Service,
  type StepPluginStatus,
  type TrafficWeights,
} from '@sluice/api';
import type { TemplateLookup } from './analysis/run-spec.ts';
import { desiredReplicas } from './defaults.ts';
import { notes as catalogue } from './events.ts';
import type { SpecReading, WeightVerification } from './facts.ts';
import { noWish, type PauseWish } from './pause.ts';
import type { Action, Note, PlannedNote, WriteKey } from './plan.ts';
import type { StepPluginAnswer } from './ports/step-plugin.ts';
import type { ObjectRef, RouterChange, TrafficRouter } from './ports/traffic-router.ts';
import { deadlineOf, desiredAnnotationOf, nameOf, type ReplicaSetRoles, revisionOf, sizeOf } from './replica-sets.ts';
import { assignRoles } from './roles.ts';
import type { Status } from './status.ts';
import type { StepPluginDecision } from './step-plugins.ts';

/** What a decision stands on. Replaced, never changed in place. */
export type World = {
  readonly rollout: Rollout;
  readonly replicaSets: readonly ReplicaSet[];
  readonly services: ReadonlyMap<string, Service>;
  readonly pods: readonly Pod[] | undefined;
  readonly analysisRuns: readonly AnalysisRun[];
  readonly experiments: readonly Experiment[];
  /** Objects of the traffic routers by `objectKey`. */
  readonly routed: ReadonlyMap<string, KubeObject>;
  /** The Deployment, ReplicaSet or PodTemplate that `spec.workloadRef` names. */
  readonly workload: KubeObject | undefined;
};

/** What a decision stands on and no pass changes. */
export type Ground = {
  readonly reading: SpecReading;
  readonly podMetadataChecked: ReadonlySet<string>;
  readonly templates: TemplateLookup;
  /** Those that the Rollout uses, in the order in which they are served. */
  readonly routers: readonly TrafficRouter[];
  readonly verification: WeightVerification | undefined;
  readonly isStepPluginDisabled: ((name: string) => boolean) | undefined;
  /** For the first pass of a plan. */
  readonly stepPluginAnswers: readonly StepPluginAnswer[];
  /** Names of runs and experiments that somebody else has taken. */
  readonly takenNames: ReadonlySet<string>;
};

/** Which AnalysisRuns the strategy looks at now. */
export type CurrentRuns = {
  readonly step?: AnalysisRun | undefined;
  readonly background?: AnalysisRun | undefined;
  readonly prePromotion?: AnalysisRun | undefined;
  readonly postPromotion?: AnalysisRun | undefined;
};

/** Parts of the next status that phases find out; what is not set here is cleared. */
type Draft = {
  step?: RolloutAnalysisRunStatus | undefined;
  background?: RolloutAnalysisRunStatus | undefined;
  prePromotion?: RolloutAnalysisRunStatus | undefined;
  postPromotion?: RolloutAnalysisRunStatus | undefined;
  experiment?: string | undefined;
  weights?: TrafficWeights | undefined;
  stepPluginStatuses?: readonly StepPluginStatus[] | undefined;
};

/** Where a routed object lies, and what to tell when it cannot be written. */
type RoutedRef = ObjectRef & { readonly onFailure: RouterChange['onFailure'] | undefined };

export type Pass = {
  readonly now: Instant;
  /** The status at the start of this pass. */
  readonly previous: Status;
  /** Hash of the present template. */
  readonly hash: string;
  /** Hash of the present steps. */
  readonly stepHash: string;
  readonly podMetadataChecked: ReadonlySet<string>;
  readonly ground: Ground;
  /** The new ReplicaSet is still kept from an earlier switch: its deadline had not passed when the pass began. */
  readonly isCurrentKept: boolean;
  world: World;
  roles: ReplicaSetRoles;
  runs: CurrentRuns;
  experiment: Experiment | undefined;
  readonly draft: Draft;
  status: Status | undefined;
  readonly wish: PauseWish;
  /** Set by the restarter when the last pod is gone. */
  restartedAt: string | undefined;
  /** The size of some ReplicaSet was changed. */
  hasScaled: boolean;
  /** Something besides sizes and status was changed, so what comes after must wait until it is written. */
  hasActed: boolean;
  readonly notes: PlannedNote[];
  /** Writes that do not show in the world: deletions, evictions, changes of pods. */
  readonly actions: Action[];
  /** Instants at which to look again. */
  readonly wakes: Instant[];
  readonly checks: string[];
  /** Why there is which write. */
  readonly reasons: { readonly write: WriteKey; readonly text: string }[];
  needsPods: boolean;
  /** Where the routed objects that this pass has changed lie. */
  readonly routedRefs: Map<string, RoutedRef>;
  /** What an asked router says of the weight of this pass; `undefined` where there is nothing to ask. */
  isWeightVerified: boolean | undefined;
  /** What the step plugins have come to, where the pass got that far. */
  stepPlugins: StepPluginDecision | undefined;
  /** The pass cannot go on: nothing of it but its notes counts, and it is tried again with back-off. */
  problem: string | undefined;
};

export function beginPass(world: World, ground: Ground, now: Instant): Pass {
  const { reading, podMetadataChecked } = ground;
  const { status = {} } = world.rollout;
  const { canary = {}, blueGreen = {} } = status;
  const roles = assignRoles(world.rollout, world.replicaSets, reading.templateHash);
  const runNamed = (recorded: RolloutAnalysisRunStatus | undefined): AnalysisRun | undefined =>
    recorded === undefined ? undefined : world.analysisRuns.find(({ metadata }) => metadata.name === recorded.name);
  return {
    now,
    previous: status,
    hash: reading.templateHash,
    stepHash: reading.stepHash,
    podMetadataChecked,
    ground,
    isCurrentKept: roles.current !== undefined && (deadlineOf(roles.current) ?? 0) > now,
    world,
    roles,
    runs: {
      step: runNamed(canary.currentStepAnalysisRunStatus),
      background: runNamed(canary.currentBackgroundAnalysisRunStatus),
      prePromotion: runNamed(blueGreen.prePromotionAnalysisRunStatus),
      postPromotion: runNamed(blueGreen.postPromotionAnalysisRunStatus),
    },
    experiment: world.experiments.find(({ metadata }) => metadata.name === canary.currentExperiment),
    draft: { weights: canary.weights, stepPluginStatuses: canary.stepPluginStatuses },
    status: undefined,
    wish: noWish(),
    restartedAt: world.rollout.status?.restartedAt,
    hasScaled: false,
    hasActed: false,
    notes: [],
    actions: [],
    wakes: [],
    checks: [],
    reasons: [],
    needsPods: false,
    routedRefs: new Map(),
    isWeightVerified: undefined,
    stepPlugins: undefined,
    problem: undefined,
  };
}

export function replaceRollout(pass: Pass, rollout: Rollout): void {
  pass.world = { ...pass.world, rollout };
}

export function replaceReplicaSet(pass: Pass, before: ReplicaSet, after: ReplicaSet): void {
  pass.world = { ...pass.world, replicaSets: pass.world.replicaSets.map((set) => (set === before ? after : set)) };
  const swap = (set: ReplicaSet): ReplicaSet => (set === before ? after : set);
  const { current, stable, older, others, all } = pass.roles;
  pass.roles = {
    current: current && swap(current),
    stable: stable && swap(stable),
    older: older.map(swap),
    others: others.map(swap),
    all: all.map(swap),
  };
}

export function addReplicaSet(pass: Pass, set: ReplicaSet): void {
  pass.world = { ...pass.world, replicaSets: [...pass.world.replicaSets, set] };
  pass.roles = assignRoles(pass.world.rollout, pass.world.replicaSets, pass.hash);
}

/** A write is going to happen: why, and what is to be told once it has. */
export function because(pass: Pass, write: WriteKey, text: string, ...told: readonly Note[]): void {
  if (text !== '') pass.reasons.push({ write, text });
  for (const note of told) pass.notes.push({ ...note, write });
}

/**
 * Gives a ReplicaSet a size and the `desired-replicas` annotation, by which a later change of `spec.replicas` is recognised.
 * A change of the annotation alone is no scaling and makes no Event.
 *
 * @param keepsDeadline - a ReplicaSet that goes after an abort keeps its deadline until it is used again
 */
export function scale(pass: Pass, set: ReplicaSet, size: number, why: string, keepsDeadline = false): boolean {
  const desired = desiredReplicas(pass.world.rollout.spec);
  const before = sizeOf(set);
  if (before === size && desiredAnnotationOf(set) === desired) return false;
  const { [annotations.scaleDownDeadline]: _, ...kept } = set.metadata.annotations ?? {};
  const present = size === 0 && !keepsDeadline ? kept : (set.metadata.annotations ?? {});
  replaceReplicaSet(pass, set, {
    ...set,
    metadata: {
      ...set.metadata,
      // As the API will count: what follows in this plan must not trust counts from before the change.
      ...(before === size ? {} : { generation: (set.metadata.generation ?? 0) + 1 }),
      annotations: { ...present, [annotations.desiredReplicas]: String(desired) },
    },
    spec: { ...set.spec, replicas: size },
  });
  if (before === size) return false;
  because(pass, `size/${nameOf(set)}`, why, catalogue.scaled(nameOf(set), revisionOf(set), before, size));
  pass.hasScaled = true;
  return true;
}

/** `ReplicaSet "x"`, or `Rollout "y"` while there is none. */
export function subjectOf(pass: Pass): string {
  const { current } = pass.roles;
  return current === undefined ? `Rollout "${pass.world.rollout.metadata.name ?? ''}"` : `ReplicaSet "${nameOf(current)}"`;
}
