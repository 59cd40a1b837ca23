/**
 * The decision about a Rollout: facts in, plan out. Upstream goes in many small passes, each ending with a write whose echo starts the
 * next. Here the same passes run one after the other on the objects as the writes will leave them, and the plan is what is different at the end:
 * the same states and Events, in fewer writes.
 *
 * Two rules keep every kill between two writes harmless. Identity, services and status are written before sizes, so a size never runs
 * ahead of the status that asks for it. And what another part of the plan must have made true first (a service to be switched after a
 * promotion, a step to be completed after a change of size) is left to the next plan.
 */
import type { Instant, ReplicaSet, Rollout, Service } from '@sluice/api';
import { annotations } from '@sluice/api';
import { earliest, runCanary } from './canary.ts';
import { findCondition, isHealthy, progressDeadline, withoutCondition } from './conditions.ts';
import { desiredReplicas, fenceposts } from './defaults.ts';
import { notes as catalogue } from './events.ts';
import type { RolloutFacts, SpecReading } from './facts.ts';
import { invalidServices, readSpec, unsupportedPart } from './invalid-spec.ts';
import { beginPass, type Pass, type World } from './pass.ts';
import { isPaused } from './pause.ts';
import { calculatePhase } from './phase.ts';
import type { Action, MergePatch, Note, RolloutPlan, WriteKey } from './plan.ts';
import { nameOf, sizeOf, sum } from './replica-sets.ts';
import { createReplicaSet, withCreateError, withInvalidSpec } from './revisions.ts';
import { servicePatch } from './services.ts';
import { canonicalStatus, differsInCountsOnly, isSame, type Status, statusPatch } from './status.ts';
import { currentStep, isIndefinite } from './steps.ts';

/** More passes than any sequence needs; reaching it means that two passes undo each other. */
const passesMax = 20;

/** How long a change of counts alone may wait for company. */
const countsWaitMs = 1000;

/** What is to be done about a Rollout now. Pure; may be asked at any time, twice, or late. */
export function decideRollout(seen: RolloutFacts, now: Instant): RolloutPlan {
  const { rollout } = seen;
  const services = seen.services ?? new Map<string, Service>();
  if (rollout.metadata.deletionTimestamp !== undefined) return idle(rollout, 'the Rollout is being deleted');
  const reading = readSpec(seen);
  return { ...decideOn(seen, services, reading, now), specReading: reading };
}

function decideOn(seen: RolloutFacts, services: ReadonlyMap<string, Service>, reading: SpecReading, now: Instant): RolloutPlan {
  const { rollout } = seen;
  const problem = reading.problem ?? invalidServices(rollout, services);
  if (problem !== undefined) return planStatus(rollout, withInvalidSpec(rollout, problem, now), `the spec is invalid: ${problem}`);
  const unsupported = unsupportedPart(rollout);
  if (unsupported !== undefined) return leaveAlone(rollout, unsupported);
  if (rollout.spec.replicas === undefined) {
    const patch = { spec: { replicas: 1 } };
    const reason = 'spec.replicas is not set and means 1';
    return { ...idle(rollout, reason), actions: [{ kind: 'PatchRollout', patch, reason }], requeueAfterMs: 0 };
  }
  return compose(seen, services, reading, now);
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

function compose(seen: RolloutFacts, services: ReadonlyMap<string, Service>, reading: SpecReading, now: Instant): RolloutPlan {
  const { rollout } = seen;
  const start: World = { rollout, replicaSets: seen.replicaSets, services, pods: seen.pods };
  const { world, passes, isCut } = runPasses(start, reading, seen.podMetadataChecked ?? new Set(), now);
  const [first] = passes;
  if (first?.needsPods === true) return { ...idle(rollout, 'pods must be looked at'), needs: ['pods'] };
  const reasonOf = (write: WriteKey): string => joined(passes, (reason) => reason.write === write);

  const status = world.rollout.status ?? {};
  const patch = statusPatch(rollout.status, status);
  const writes = collectWrites(start, world, passes, reasonOf);
  const isSoon = patch !== undefined && differsInCountsOnly(rollout.status, status);
  const waitsUntil = (seen.countsWaitSince ?? now) + countsWaitMs;
  const holdsCounts = isSoon && now < waitsUntil;
  const statusWrite: readonly Action[] =
    patch === undefined || holdsCounts ? [] : [{ kind: 'WriteStatus', patch: { status: patch }, reason: reasonOf('status') }];

  const wakes = passes.flatMap((pass) => pass.wakes);
  const check = progressCheck(rollout, world.rollout, now);
  const wake = earliest([...wakes, ...(check === undefined ? [] : [check]), ...(holdsCounts ? [waitsUntil] : []), ...(isCut ? [now] : [])]);
  return {
    actions: [...writes.before, ...statusWrite, ...writes.after],
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
function runPasses(start: World, reading: SpecReading, checked: ReadonlySet<string>, now: Instant): Sequence {
  const passes: Pass[] = [];
  let world = start;
  while (passes.length < passesMax) {
    const pass = beginPass(world, reading, checked, now);
    if (pass.roles.current === undefined) createReplicaSet(pass);
    else runCanary(pass);
    if (passes.length > 0 && !mayFollow(passes, pass)) return { world, passes, isCut: true };
    passes.push(pass);
    const status = canonicalStatus(pass.status ?? pass.world.rollout.status);
    const next: World = { ...pass.world, rollout: { ...pass.world.rollout, status } };
    const isSettled =
      isSame(status, canonicalStatus(world.rollout.status)) &&
      next.rollout.metadata === world.rollout.metadata &&
      next.replicaSets === world.replicaSets &&
      next.services === world.services;
    world = next;
    if (isSettled || pass.needsPods || pass.actions.some(({ kind }) => kind === 'EvictPod')) return { world, passes, isCut: false };
  }
  return { world, passes, isCut: false };
}

/**
 * Whether a pass may be part of a plan that others have begun. Changes of anything but sizes and status wait until the status before them
 * is written, and once a size has changed nothing that decides may change in the same plan.
 */
function mayFollow(passes: readonly Pass[], pass: Pass): boolean {
  if (pass.needsPods || pass.hasActed || pass.actions.some(({ kind }) => kind !== 'DeleteReplicaSet')) return false;
  if (!passes.some((earlier) => earlier.hasScaled)) return true;
  return pass.status === undefined || isSame(decisive(pass.previous), decisive(pass.status));
}

function decisive(status: Status): unknown {
  const { currentStepIndex, stableRS, currentPodHash, currentStepHash, pauseConditions, controllerPause, abort, promoteFull } = status;
  return {
    currentStepIndex,
    stableRS,
    currentPodHash,
    currentStepHash,
    pauseConditions,
    controllerPause: controllerPause === true,
    abort: abort === true,
    promoteFull: promoteFull === true,
  };
}

/** The difference between the objects as they are and as they are to be, as writes on either side of the status. */
function collectWrites(
  start: World,
  end: World,
  passes: readonly Pass[],
  reasonOf: (write: WriteKey) => string,
): { readonly before: readonly Action[]; readonly after: readonly Action[] } {
  const before: Action[] = [];
  const sizes: Action[] = [];
  const known = new Map(start.replicaSets.map((set) => [nameOf(set), set]));
  for (const set of end.replicaSets) {
    const old = known.get(nameOf(set));
    const reason = reasonOf(`replicaset/${nameOf(set)}`);
    const sizeReason = reasonOf(`size/${nameOf(set)}`);
    if (old === undefined) {
      const size = Math.min(sizeOf(set), roomFor(start));
      const created: ReplicaSet = { ...set, spec: { ...set.spec, replicas: size } };
      const isFullSize = size === sizeOf(set);
      before.push({ kind: 'CreateReplicaSet', replicaSet: created, isFullSize, reason });
      if (!isFullSize) sizes.push(replicaSetAction('size', created, { spec: { replicas: sizeOf(set) } }, sizeReason));
      continue;
    }
    const identity = identityPatch(old, set);
    if (identity !== undefined) before.push(replicaSetAction('identity', old, identity, reason));
    const size = sizePatch(old, set);
    if (size !== undefined) sizes.push(replicaSetAction('size', old, size, sizeReason));
  }
  const rolloutPatch = revisionPatch(start.rollout, end.rollout);
  if (rolloutPatch !== undefined) before.push({ kind: 'PatchRollout', patch: rolloutPatch, reason: reasonOf('rollout') });
  for (const [name, service] of end.services) {
    const old = start.services.get(name);
    const patch = old === undefined ? undefined : servicePatch(old, service);
    if (patch === undefined) continue;
    const reason = reasonOf(`service/${name}`);
    before.push({ kind: 'PatchService', name, resourceVersion: service.metadata.resourceVersion, patch, reason });
  }
  const other = passes.flatMap((pass) => pass.actions);
  before.push(...other.filter(({ kind }) => kind === 'PatchPod'));
  return { before, after: [...orderSizes(start, end, sizes), ...other.filter(({ kind }) => kind !== 'PatchPod')] };
}

/** Pods that a new ReplicaSet may have before any other shrinks. */
function roomFor({ rollout, replicaSets }: World): number {
  return Math.max(0, desiredReplicas(rollout.spec) + fenceposts(rollout.spec).surge - sum(replicaSets, sizeOf));
}

/**
 * Shrinking comes before growing where together they would exceed the surge for a moment; otherwise both may be sent at once.
 * Shrinking is always bounded by pods that are available already, so it never has to wait for growth.
 */
function orderSizes(start: World, end: World, sizes: readonly Action[]): readonly Action[] {
  if (sizes.length < 2) return sizes;
  const sizeBefore = new Map(start.replicaSets.map((set) => [nameOf(set), sizeOf(set)]));
  const sizeAfter = new Map(end.replicaSets.map((set) => [nameOf(set), sizeOf(set)]));
  const names = new Set([...sizeBefore.keys(), ...sizeAfter.keys()]);
  const atMost = [...names].reduce((total, name) => total + Math.max(sizeBefore.get(name) ?? 0, sizeAfter.get(name) ?? 0), 0);
  const bound = desiredReplicas(end.rollout.spec) + fenceposts(end.rollout.spec).surge;
  const nowTotal = [...sizeBefore.values()].reduce((total, size) => total + size, 0);
  const isCreation = sizes.some((action) => action.kind === 'PatchReplicaSet' && !sizeBefore.has(action.name));
  if (!isCreation && atMost <= Math.max(bound, nowTotal)) {
    return [{ kind: 'Together', actions: sizes, reason: 'safe in any order' }];
  }
  const grows = (action: Action): boolean =>
    action.kind === 'PatchReplicaSet' && (sizeAfter.get(action.name) ?? 0) > (sizeBefore.get(action.name) ?? -1);
  return [...sizes.filter((action) => !grows(action)), ...sizes.filter(grows)];
}

function replicaSetAction(of: 'identity' | 'size', set: ReplicaSet, patch: MergePatch, reason: string): Action {
  return { kind: 'PatchReplicaSet', of, name: nameOf(set), resourceVersion: set.metadata.resourceVersion, patch, reason };
}

/** Annotations that belong to a size. */
const sizeAnnotations: ReadonlySet<string> = new Set([annotations.desiredReplicas, annotations.scaleDownDeadline]);

function identityPatch(old: ReplicaSet, set: ReplicaSet): MergePatch | undefined {
  const notes = annotationPatch(old, set, (key) => !sizeAnnotations.has(key));
  const isReady = (old.spec?.minReadySeconds ?? 0) === (set.spec?.minReadySeconds ?? 0);
  const template = old.spec?.template === set.spec?.template ? undefined : mapPatch(old.spec?.template ?? {}, set.spec?.template ?? {});
  if (notes === undefined && isReady && template === undefined) return undefined;
  const spec = { ...(isReady ? {} : { minReadySeconds: set.spec?.minReadySeconds ?? 0 }), ...(template === undefined ? {} : { template }) };
  return {
    ...(notes === undefined ? {} : { metadata: { annotations: notes } }),
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  };
}

function sizePatch(old: ReplicaSet, set: ReplicaSet): MergePatch | undefined {
  const notes = annotationPatch(old, set, (key) => sizeAnnotations.has(key));
  const isSized = sizeOf(old) === sizeOf(set);
  if (notes === undefined && isSized) return undefined;
  return {
    ...(notes === undefined ? {} : { metadata: { annotations: notes } }),
    ...(isSized ? {} : { spec: { replicas: sizeOf(set) } }),
  };
}

function annotationPatch(old: ReplicaSet, set: ReplicaSet, isMeant: (key: string) => boolean): MergePatch | undefined {
  const only = (map: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => isMeant(key)));
  return mapPatch(only(old.metadata.annotations), only(set.metadata.annotations));
}

/** Merge patch between two JSON objects; lists are replaced whole. */
function mapPatch(old: object, next: object): MergePatch | undefined {
  const before = old as Readonly<Record<string, unknown>>;
  const after = next as Readonly<Record<string, unknown>>;
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(after)) {
    const was = before[key];
    if (isSame(was, value)) continue;
    const isNested = [was, value].every((side) => typeof side === 'object' && side !== null && !Array.isArray(side));
    patch[key] = isNested ? mapPatch(was as object, value as object) : value;
  }
  for (const key of Object.keys(before)) if (after[key] === undefined) patch[key] = null;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function revisionPatch(old: Rollout, next: Rollout): MergePatch | undefined {
  const revision = next.metadata.annotations?.[annotations.revision];
  if (old.metadata.annotations?.[annotations.revision] === revision) return undefined;
  return { metadata: { annotations: { [annotations.revision]: revision } } };
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

/** The distinct reasons of some writes in one line. What has none follows from what the pods did. */
function joined(passes: readonly Pass[], isMeant: (reason: Pass['reasons'][number]) => boolean): string {
  const texts = passes.flatMap((pass) => pass.reasons.filter(isMeant).map(({ text }) => text));
  return texts.length === 0 ? 'counts and conditions follow the pods' : [...new Set(texts)].join('; ');
}

function idle(rollout: Rollout, reason: string): RolloutPlan {
  return { actions: [], rollout, notes: [], reason };
}
