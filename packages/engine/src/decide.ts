/**
 * The decision about a Rollout: facts in, plan out. Upstream goes in many small passes, each ending with a write whose echo starts the
 * next. Here the same passes run one after the other on the objects as the writes will leave them, and the plan is what is different at the end:
 * the same states and Events, in fewer writes.
 *
 * Two rules keep every kill between two writes harmless. Identity, services and status are written before sizes, so a size never runs
 * ahead of the status that asks for it. And what another part of the plan must have made true first (a service to be switched after a
 * promotion, a step to be completed after a change of size) is left to the next plan.
 */
import type { Instant, Rollout } from '@sluice/api';
import { findCondition, isHealthy, progressDeadline, withoutCondition } from './conditions.ts';
import { notes as catalogue } from './events.ts';
import type { RolloutFacts } from './facts.ts';
import { invalidReferences, readSpec, unsupportedPart } from './invalid-spec.ts';
import { beginPass, type Ground, type Pass, type World } from './pass.ts';
import { runPass } from './pass-run.ts';
import { isPaused } from './pause.ts';
import { calculatePhase } from './phase.ts';
import type { Action, Note, RolloutPlan, WriteKey } from './plan.ts';
import { withCreateError, withInvalidSpec } from './revisions.ts';
import { canonicalStatus, countsWaitMs, differsInCountsOnly, isSame, type Status, statusPatch } from './status.ts';
import { currentStep, isIndefinite } from './steps.ts';
import { withWorkload } from './workload.ts';
import { collectWrites } from './writes.ts';

/** More passes than any sequence needs. Should two undo each other, this ends it, and the next plan goes on from what was written. */
const passesMax = 20;

/** How long until a workload that could not be had is asked for again, as upstream. */
const workloadRetryMs = 20_000;

/** How long until something missing that the spec refers to is looked for again, where no watch tells of it. */
const referenceRetryMs = 10_000;

/** What is to be done about a Rollout now. Pure; may be asked at any time, twice, or late. */
export function decideRollout(seen: RolloutFacts, now: Instant): RolloutPlan {
  if (seen.rollout.metadata.deletionTimestamp !== undefined) return idle(seen.rollout, 'the Rollout is being deleted');
  const resolved = withWorkload(seen);
  if (!resolved.ok) {
    const { rollout } = seen;
    return { ...planStatus(rollout, withInvalidSpec(rollout, resolved.problem, now), resolved.problem), requeueAfterMs: workloadRetryMs };
  }
  const facts: RolloutFacts = { ...seen, rollout: resolved.rollout };
  const reading = readSpec(facts, resolved);
  const ground: Ground = {
    reading,
    podMetadataChecked: seen.podMetadataChecked ?? new Set(),
    templates: seen.templates ?? { template: () => undefined, clusterTemplate: () => undefined },
    routers: seen.routers ?? [],
    verification: seen.verification,
    isStepPluginDisabled: seen.isStepPluginDisabled,
    stepPluginAnswers: seen.stepPluginAnswers ?? [],
    takenNames: seen.takenNames ?? new Set(),
  };
  return { ...decideOn(facts, seen.rollout, ground, now), specReading: reading };
}

function decideOn(facts: RolloutFacts, seenRollout: Rollout, ground: Ground, now: Instant): RolloutPlan {
  const { rollout } = facts;
  const problem = ground.reading.problem ?? invalidReferences(facts, ground);
  if (problem !== undefined) {
    const plan = planStatus(rollout, withInvalidSpec(rollout, problem, now), `the spec is invalid: ${problem}`);
    // What is referred to may come without a change of the Rollout, and not all of it is watched.
    return ground.reading.problem === undefined ? { ...plan, requeueAfterMs: referenceRetryMs } : plan;
  }
  const unsupported = unsupportedPart(rollout, ground);
  if (unsupported !== undefined) return leaveAlone(rollout, unsupported);
  if (rollout.spec.replicas === undefined) {
    const patch = { spec: { replicas: 1 } };
    const reason = 'spec.replicas is not set and means 1';
    return { ...idle(rollout, reason), actions: [{ kind: 'PatchRollout', patch, reason }], requeueAfterMs: 0 };
  }
  return compose(facts, seenRollout, ground, now);
}

/** Facts of a failed creation: what to show until the next try. */
export function decideAfterCreateError(seen: RolloutFacts, replicaSet: string, problem: string, now: Instant): RolloutPlan {
  const plan = planStatus(
    seen.rollout,
    withCreateError(seen.rollout, replicaSet, problem, now),
    `ReplicaSet ${replicaSet} cannot be created`,
  );
  return { ...plan, notes: [catalogue.replicaSetCreateError(replicaSet, problem)] };
}

/** The name is taken by something else: the hash is made anew with a number. */
export function decideAfterCollision(seen: RolloutFacts): RolloutPlan {
  const { rollout } = seen;
  const collisionCount = (rollout.status?.collisionCount ?? 0) + 1;
  const next: Rollout = { ...rollout, status: { ...rollout.status, collisionCount } };
  return { ...planStatus(rollout, next, 'the name of the new ReplicaSet is taken', false), requeueAfterMs: 0 };
}

type Sequence = { readonly world: World; readonly passes: readonly Pass[]; readonly isCut: boolean };

function compose(seen: RolloutFacts, seenRollout: Rollout, ground: Ground, now: Instant): RolloutPlan {
  const { rollout } = seen;
  const begun: World = {
    rollout,
    replicaSets: seen.replicaSets,
    services: seen.services ?? new Map(),
    pods: seen.pods,
    analysisRuns: seen.analysisRuns ?? [],
    experiments: seen.experiments ?? [],
    routed: seen.routed ?? new Map(),
    workload: typeof seen.workload === 'object' ? seen.workload : undefined,
  };
  const { world, passes, isCut } = runPasses(begun, ground, now);
  const [first] = passes;
  if (first?.needsPods === true) return { ...idle(rollout, 'pods must be looked at'), needs: ['pods'] };
  const asks = first?.stepPlugins?.call;
  if (asks !== undefined) return { ...idle(rollout, `step plugin ${asks.name} must be asked`), asks };
  // What the object on the server lacks, as the number of the workload's generation, is a write of this plan.
  const start: World = { ...begun, rollout: seenRollout };
  const reasonOf = (write: WriteKey): string => joined(passes, (reason) => reason.write === write);

  const status = world.rollout.status ?? {};
  const problem = first?.problem;
  const patch = problem === undefined ? statusPatch(rollout.status, status) : undefined;
  const writes = collectWrites(start, world, passes, reasonOf);
  const isSoon = patch !== undefined && differsInCountsOnly(rollout.status, status);
  const waitsUntil = (seen.countsWaitSince ?? now) + countsWaitMs(rollout.spec, status, seen.countsWaitMoreMs);
  const holdsCounts = isSoon && now < waitsUntil;
  const statusWrite: readonly Action[] =
    patch === undefined || holdsCounts ? [] : [{ kind: 'WriteStatus', patch: { status: patch }, reason: reasonOf('status') }];

  const wakes = passes.flatMap((pass) => pass.wakes);
  const check = progressCheck(rollout, world.rollout, now);
  const wake = earliest([...wakes, ...(check === undefined ? [] : [check]), ...(holdsCounts ? [waitsUntil] : []), ...(isCut ? [now] : [])]);
  return {
    actions: [...writes.before, ...statusWrite, ...writes.after],
    ...(problem === undefined ? {} : { problem }),
    status,
    rollout: world.rollout,
    notes: passes.flatMap((pass) => pass.notes),
    reason: joined(passes, () => true),
    ...(wake === undefined ? {} : { requeueAfterMs: Math.max(0, wake - now) }),
    ...(holdsCounts ? { holdsCounts } : {}),
    ...(passes.some((pass) => pass.checks.length > 0) ? { checks: passes.flatMap((pass) => pass.checks) } : {}),
  };
}

/** Passes until one changes nothing, or until the next would have to wait for a write. */
function runPasses(start: World, ground: Ground, now: Instant): Sequence {
  const passes: Pass[] = [];
  let world = start;
  while (passes.length < passesMax) {
    // Answers are to the calls of the first pass, which is made again with them.
    const pass = beginPass(world, passes.length === 0 ? ground : { ...ground, stepPluginAnswers: [] }, now);
    runPass(pass);
    if (passes.length > 0 && !mayFollow(passes, pass)) return { world, passes, isCut: true };
    passes.push(pass);
    const status = canonicalStatus(pass.status ?? pass.world.rollout.status);
    const next: World = { ...pass.world, rollout: { ...pass.world.rollout, status } };
    const isSettled =
      isSame(status, canonicalStatus(world.rollout.status)) &&
      next.rollout.metadata === world.rollout.metadata &&
      areSameObjects(next, world);
    world = next;
    if (
      isSettled ||
      pass.needsPods ||
      pass.stepPlugins?.call !== undefined ||
      pass.problem !== undefined ||
      pass.actions.some(({ kind }) => kind === 'EvictPod')
    )
      return { world, passes, isCut: false };
  }
  return { world, passes, isCut: true };
}

/** What the Rollout is not: a change of any of these makes another pass. */
function areSameObjects(a: World, b: World): boolean {
  return (
    a.replicaSets === b.replicaSets &&
    a.services === b.services &&
    a.analysisRuns === b.analysisRuns &&
    a.experiments === b.experiments &&
    a.routed === b.routed &&
    a.workload === b.workload
  );
}

/**
 * Whether a pass may be part of a plan that others have begun. Changes of anything but sizes and status wait until the status before them
 * is written, and once a size has changed nothing that decides may change in the same plan.
 */
function mayFollow(passes: readonly Pass[], pass: Pass): boolean {
  if (
    pass.needsPods ||
    pass.stepPlugins?.call !== undefined ||
    pass.problem !== undefined ||
    pass.hasActed ||
    pass.actions.some(({ kind }) => kind !== 'DeleteReplicaSet' && kind !== 'DeleteObject')
  )
    return false;
  if (!passes.some((earlier) => earlier.hasScaled)) return true;
  return pass.status === undefined || isSame(decisive(pass.previous), decisive(pass.status));
}

function decisive(status: Status): unknown {
  const { currentStepIndex, stableRS, currentPodHash, currentStepHash, pauseConditions, controllerPause, abort, promoteFull, blueGreen } =
    status;
  return {
    currentStepIndex,
    stableRS,
    currentPodHash,
    currentStepHash,
    blueGreen,
    pauseConditions,
    controllerPause: controllerPause === true,
    abort: abort === true,
    promoteFull: promoteFull === true,
  };
}

/** When the progress deadline must be looked at although nothing changes; a second late, since times are whole seconds. */
function progressCheck(seen: Rollout, next: Rollout, now: Instant): Instant | undefined {
  const { spec, status = {} } = next;
  const generation = next.metadata.generation ?? 0;
  const isHealthyNow = isHealthy(spec, generation, { ...status, observedGeneration: status.observedGeneration ?? '' }, status);
  const hasTimedOut = findCondition(status.conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded';
  if (isHealthyNow || hasTimedOut || isPaused(spec, status) || status.abort === true || isIndefinite(currentStep(spec, status)))
    return undefined;
  const deadline = progressDeadline(spec, status.conditions);
  if (deadline === undefined) return undefined;
  // Past already, with nothing written this time: an old version waits for its time, and a change will come of it.
  return deadline + 1000 <= now && isSame(seen.status, status) ? undefined : Math.max(now, deadline + 1000);
}

/** The plan of a pass that writes the status and nothing else. */
function planStatus(rollout: Rollout, next: Rollout, reason: string, withPhase = true): RolloutPlan {
  const base: Status = { ...next.status };
  const observed: Status = withPhase ? { ...base, observedGeneration: String(rollout.metadata.generation ?? 0) } : base;
  const status: Status = withPhase ? { ...observed, ...calculatePhase(rollout.spec, observed) } : observed;
  const patch = statusPatch(rollout.status, status);
  const plan: RolloutPlan = { ...idle(rollout, reason), status, rollout: { ...rollout, status } };
  if (patch === undefined) return plan;
  return { ...plan, actions: [{ kind: 'WriteStatus', patch: { status: patch }, reason }] };
}

/**
 * A valid Rollout with a part that this version does not carry out. Only a complaint of an earlier pass that no longer holds is taken
 * back, so that a corrected spec does not look wrong for ever.
 */
function leaveAlone(rollout: Rollout, part: string): RolloutPlan {
  const conditions = rollout.status?.conditions ?? [];
  const reason = `${part} is not carried out by this version`;
  const said = { unsupported: part, notes: [catalogue.unsupported(part)] as readonly Note[] };
  if (findCondition(conditions, 'InvalidSpec') === undefined) return { ...idle(rollout, reason), ...said };
  const { phase: _, message: __, ...status } = rollout.status ?? {};
  const next: Rollout = { ...rollout, status: { ...status, conditions: withoutCondition(conditions, 'InvalidSpec') } };
  return { ...planStatus(rollout, next, reason, false), ...said };
}

/** When to look again although nothing changes; the earliest wish wins. */
function earliest(wakes: readonly Instant[]): Instant | undefined {
  return wakes.length === 0 ? undefined : Math.min(...wakes);
}

/** The distinct reasons of some writes in one line. What has none follows from what the pods did. */
function joined(passes: readonly Pass[], isMeant: (reason: Pass['reasons'][number]) => boolean): string {
  const texts = passes.flatMap((pass) => pass.reasons.filter(isMeant).map(({ text }) => text));
  return texts.length === 0 ? 'counts and conditions follow the pods' : [...new Set(texts)].join('; ');
}

function idle(rollout: Rollout, reason: string): RolloutPlan {
  return { actions: [], rollout, notes: [], reason };
}
