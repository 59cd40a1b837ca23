/**
 * A pass over a canary, as named phases in upstream's order. Each phase may end the pass with a status; begin reading at `canaryPhases`.
 *
 * @see argoproj/argo-rollouts rollout/canary.go rolloutCanary, rollout/sync.go
 */
import { annotations, formatLabelSelector, type Instant, labels, type ReplicaSet, type Rollout } from '@sluice/api';
import { findCondition } from './conditions.ts';
import { desiredReplicas, fenceposts, stepsOf } from './defaults.ts';
import { withCompletion } from './duration.ts';
import {
  carriesMetadata,
  exchangedMetadata,
  hasPods,
  metadataKey,
  metadataNote,
  podPatch,
  recordedMetadata,
  roleMetadata,
} from './ephemeral-metadata.ts';
import { notes } from './events.ts';
import { resyncMs } from './facts.ts';
import { reconcileHistory } from './history.ts';
import { because, type Pass, replaceReplicaSet, scale } from './pass.ts';
import { haltReason, isAborted, isPaused, isPauseOver, noticedPause, pauseConditionOf, pauseEnd } from './pause.ts';
import { isFullyPromoted, isRollbackWithinWindow, promotionReason } from './promotion.ts';
import { availableOf, createdOf, desiredAnnotationOf, hashOf, isObserved, nameOf, revisionOf, sizeOf, sum } from './replica-sets.ts';
import { ownedPods, reconcileRestart } from './restart.ts';
import { syncRevision } from './revisions.ts';
import { reconcileCanaryServices } from './services.ts';
import type { Status } from './status.ts';
import { concludeStatus } from './status-conclusion.ts';
import { areCountsReached, canaryCounts, currentStep, currentStepIndex, stepText } from './steps.ts';

/** `end`: the pass is over, with or without a status. */
type Outcome = 'go on' | 'end';
type Phase = { readonly name: string; readonly run: (pass: Pass) => Outcome };

/** The order is part of the behaviour: Events and the safety of a kill in between depend on it. */
const canaryPhases: readonly Phase[] = [
  { name: 'notice pause, resume and retry', run: noticePause },
  { name: 'sync revision', run: always(syncRevision) },
  { name: 'follow a change of spec.replicas', run: followScaling },
  { name: 'start over on a new template or new steps', run: startOver },
  { name: 'restart pods', run: (pass) => (reconcileRestart(pass) ? 'end' : 'go on') },
  { name: 'ephemeral metadata', run: always(reconcileMetadata) },
  { name: 'history limit', run: always(reconcileHistory) },
  { name: 'services', run: always(reconcileServices) },
  { name: 'sizes', run: (pass) => (reconcileSizes(pass) ? ending(pass) : 'go on') },
  { name: 'pause step', run: reconcilePauseStep },
  { name: 'status', run: ending },
];

export function runCanary(pass: Pass): void {
  if (isFullyPromoted(pass.previous) && pass.previous.abort === true) pass.wish.unabort = true;
  for (const phase of canaryPhases) if (phase.run(pass) === 'end') return;
}

/** A phase that never ends the pass. */
function always(act: (pass: Pass) => void): Phase['run'] {
  return (pass) => {
    act(pass);
    return 'go on';
  };
}

function ending(pass: Pass): Outcome {
  writeStatus(pass);
  return 'end';
}

function noticePause(pass: Pass): Outcome {
  const { rollout } = pass.world;
  if (pass.previous.observedGeneration !== String(rollout.metadata.generation ?? 0)) return 'go on';
  const conditions = noticedPause(rollout.spec, pass.previous, pass.now);
  if (conditions === undefined) return 'go on';
  pass.status = concludeStatus(pass, { ...pass.previous, conditions }, { keepConditions: true });
  const isRetry = findCondition(pass.previous.conditions, 'Progressing')?.reason === 'RolloutAborted';
  because(pass, 'status', isRetry ? 'a retry is noted' : isPaused(rollout.spec, pass.previous) ? 'a pause is noted' : 'a resume is noted');
  return 'end';
}

/** Only new and stable are looked at: nobody keeps the annotation of others up to date. */
function followScaling(pass: Pass): Outcome {
  const { current, stable } = pass.roles;
  const desired = desiredReplicas(pass.world.rollout.spec);
  const isScaled = [current, stable].some((set) => {
    const noted = set === undefined || sizeOf(set) === 0 ? undefined : desiredAnnotationOf(set);
    return noted !== undefined && noted !== desired;
  });
  if (!isScaled) return 'go on';
  reconcileSizes(pass);
  because(pass, 'status', `spec.replicas is ${desired} now`);
  const { all } = pass.roles;
  const base: Status = { ...pass.previous, availableReplicas: sum(all, availableOf), HPAReplicas: sum(all, createdOf) };
  pass.status = concludeStatus(pass, base, {});
  return 'end';
}

/** Hash of the new version: that of its ReplicaSet, which may be older than the way the hash is made. */
function currentHash(pass: Pass): string {
  return pass.roles.current === undefined ? pass.hash : hashOf(pass.roles.current);
}

function isStartingOver(pass: Pass): boolean {
  const { previous } = pass;
  const isTemplateNew = (previous.currentPodHash ?? '') !== '' && previous.currentPodHash !== currentHash(pass);
  const stepHash = previous.currentStepHash ?? '';
  return isTemplateNew || stepHash === '' || stepHash !== pass.stepHash;
}

function startOver(pass: Pass): Outcome {
  return isStartingOver(pass) ? ending(pass) : 'go on';
}

function reconcileServices(pass: Pass): void {
  if (haltReason(pass.world.rollout.spec, pass.previous) === undefined) reconcileCanaryServices(pass, isAborted(pass.previous, pass.wish));
}

function reconcileMetadata(pass: Pass): void {
  const wanted = roleMetadata(pass.world.rollout, pass.roles);
  for (const { replicaSet, metadata } of wanted) {
    const recorded = recordedMetadata(replicaSet);
    let set = replicaSet;
    if (!carriesMetadata(replicaSet, metadata)) {
      set = withMetadata(replicaSet, metadata);
      replaceReplicaSet(pass, replicaSet, set);
      pass.hasActed = true;
      because(pass, `replicaset/${nameOf(set)}`, 'its pods play another part now');
    }
    const key = metadataKey(set, metadata);
    if (!hasPods(set) || pass.podMetadataChecked.has(key)) continue;
    if (metadata === undefined && recorded.labels === undefined && recorded.annotations === undefined) continue;
    if (pass.world.pods === undefined) {
      pass.needsPods = true;
      return;
    }
    const others = wanted.flatMap((other) => (other.metadata === undefined || other.metadata === metadata ? [] : [other.metadata]));
    for (const pod of ownedPods(pass)) {
      if (pod.metadata.labels?.[labels.podTemplateHash] !== hashOf(set) || pod.metadata.deletionTimestamp !== undefined) continue;
      // What another role put there and this template does not have is taken off too: the note of it is gone after a kill in between.
      const stale = others
        .flatMap((other) => Object.entries(other.labels ?? {}))
        .filter(([name, value]) => pod.metadata.labels?.[name] === value && set.spec?.template?.metadata?.labels?.[name] !== value);
      const off = { labels: { ...Object.fromEntries(stale), ...recorded.labels }, annotations: recorded.annotations ?? {} };
      const patch = podPatch(pod, off, metadata);
      if (patch === undefined) continue;
      pass.actions.push({ kind: 'PatchPod', name: pod.metadata.name ?? '', patch, reason: `role of ReplicaSet ${nameOf(set)}` });
      pass.hasActed = true;
    }
    pass.checks.push(key);
  }
}

function withMetadata(set: ReplicaSet, metadata: Parameters<typeof metadataNote>[0]): ReplicaSet {
  const { [annotations.ephemeralMetadata]: _, ...kept } = set.metadata.annotations ?? {};
  const note = metadataNote(metadata);
  const template = set.spec?.template ?? {};
  return {
    ...set,
    metadata: { ...set.metadata, annotations: { ...kept, ...(note === undefined ? {} : { [annotations.ephemeralMetadata]: note }) } },
    spec: { ...set.spec, template: { ...template, metadata: exchangedMetadata(template.metadata, recordedMetadata(set), metadata) } },
  };
}

/** Stable first, then new, then others; the first that changes its size ends the round. */
function reconcileSizes(pass: Pass): boolean {
  if (haltReason(pass.world.rollout.spec, pass.previous) !== undefined) return false;
  removeDeadlines(pass);
  const { current, stable } = pass.roles;
  const counts = canaryCounts(pass.world.rollout, pass.roles);
  const why = `weight asks for ${counts.canary} new and ${counts.stable} stable pods`;
  if (stable !== undefined && stable !== current && scale(pass, stable, counts.stable, why)) return true;
  // Only an annotation may have changed so far.
  const now = pass.roles.current;
  if (now !== undefined && scale(pass, now, counts.canary, why)) return true;
  return scaleDownOthers(pass);
}

/** New and stable versions are in use, whatever a Rollout with a router or the other strategy once noted on them. */
function removeDeadlines(pass: Pass): void {
  for (const set of new Set([pass.roles.current, pass.roles.stable])) {
    if (set?.metadata.annotations?.[annotations.scaleDownDeadline] === undefined) continue;
    const { [annotations.scaleDownDeadline]: _, ...kept } = set.metadata.annotations;
    replaceReplicaSet(pass, set, { ...set, metadata: { ...set.metadata, annotations: kept } });
    pass.hasActed = true;
  }
}

/**
 * Older versions make room: first pods that are not available anyway, then available ones as far as availability allows, the newest
 * version first.
 */
function scaleDownOthers(pass: Pass): boolean {
  const isActive = (set: ReplicaSet): boolean => sizeOf(set) > 0;
  if (!pass.roles.others.some(isActive) || !pass.roles.all.every(isObserved)) return false;
  let scaledDown = 0;
  for (const set of pass.roles.others.filter(isActive)) {
    const available = availableOf(set);
    if (available >= sizeOf(set)) continue;
    scaledDown += sizeOf(set) - available;
    scale(pass, set, available, `pods of ${nameOf(set)} that are not available go first`);
  }
  const { spec } = pass.world.rollout;
  let mayScaleDown =
    sum(pass.roles.all, (set) => Math.min(availableOf(set), sizeOf(set))) - (desiredReplicas(spec) - fenceposts(spec).unavailable);
  if (mayScaleDown <= 0) return false;
  const newestFirst = [...pass.roles.others].sort((a, b) => revisionOf(b) - revisionOf(a));
  for (const set of newestFirst) {
    if (mayScaleDown <= 0) break;
    const size = sizeOf(set);
    if (size === 0) continue;
    const target = Math.max(0, size - mayScaleDown);
    scale(pass, set, target, `${nameOf(set)} is neither new nor stable`);
    mayScaleDown -= size - target;
    scaledDown += size - target;
  }
  return scaledDown > 0;
}

/** Begins the pause of a pause step, or waits for its end. */
function reconcilePauseStep(pass: Pass): Outcome {
  const { spec } = pass.world.rollout;
  const step = currentStep(spec, pass.previous);
  if (spec.paused === true || pass.previous.promoteFull === true || step?.pause === undefined) return 'go on';
  if (pauseConditionOf(pass.previous, 'CanaryPauseStep') === undefined) {
    if (pass.previous.controllerPause !== true) {
      pass.wish.add = 'CanaryPauseStep';
      because(pass, 'status', 'a pause step begins');
    }
  } else {
    const end = pauseEnd(step, pass.previous);
    if (end !== undefined && end > pass.now && end - pass.now < resyncMs) pass.wakes.push(end);
  }
  return ending(pass);
}

/** The status of a whole pass, from nothing: what is not set here is cleared. */
function writeStatus(pass: Pass): void {
  const { rollout } = pass.world;
  const { spec } = rollout;
  const { previous, roles } = pass;
  const { current, all } = roles;
  const steps = stepsOf(spec);
  const done = steps.length === 0 ? undefined : steps.length;
  let next: Status = {
    ...(previous.alb === undefined ? {} : { alb: previous.alb }),
    ...(previous.albs === undefined ? {} : { albs: previous.albs }),
    ...(previous.collisionCount === undefined ? {} : { collisionCount: previous.collisionCount }),
    ...(previous.duration === undefined ? {} : { duration: previous.duration }),
    ...(previous.conditions === undefined ? {} : { conditions: previous.conditions }),
    ...(pass.restartedAt === undefined ? {} : { restartedAt: pass.restartedAt }),
    blueGreen: {},
    canary: {},
    currentPodHash: currentHash(pass),
    currentStepHash: pass.stepHash,
    replicas: sum(all, createdOf),
    updatedReplicas: createdOf(current),
    readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: sum(all, availableOf),
    HPAReplicas: sum(all, createdOf),
    selector: formatLabelSelector(spec.selector),
    stableRS: previous.stableRS ?? '',
    promoteFull: previous.promoteFull === true,
  };

  if (isStartingOver(pass)) {
    pass.wish.clear = true;
    pass.wish.unabort = true;
    because(pass, 'status', 'the template or the steps are new');
    next = { ...next, promoteFull: false, ...withIndex(done === undefined ? undefined : 0), ...restartOf(rollout) };
    if (done !== undefined && current !== undefined && previous.stableRS === hashOf(current)) {
      because(pass, 'status', '', notes.skipSteps('Rollback to stable ReplicaSets'));
      next = { ...next, ...withIndex(done) };
    } else if (done !== undefined && isRollbackWithinWindow(rollout, roles) && sizeOf(current) > 0) {
      because(pass, 'status', '', notes.skipSteps('Rollback to active ReplicaSets within RollbackWindow'));
      next = { ...next, ...withIndex(done) };
    }
    pass.status = concludeStatus(pass, next, {});
    return;
  }

  let index = currentStepIndex(spec, previous);
  if (previous.promoteFull === true || isRollbackWithinWindow(rollout, roles)) {
    pass.wish.clear = true;
    pass.wish.unabort = true;
    index = done;
  }
  const aborted = isAborted(previous, pass.wish);
  const promotion = promotionReason(rollout, roles, aborted);
  if (promotion !== undefined) {
    pass.status = concludeStatus(pass, promoteStable(pass, { ...next, ...withIndex(done) }, promotion), {});
    return;
  }
  if (aborted) {
    const isStable = next.stableRS === next.currentPodHash;
    pass.status = concludeStatus(pass, { ...next, ...withIndex(done === undefined ? undefined : isStable ? done : 0) }, {});
    return;
  }
  const step = currentStep(spec, { ...previous, ...withIndex(index) });
  if (step !== undefined && index !== undefined && isStepDone(pass, step)) {
    index++;
    because(pass, 'status', '', notes.stepCompleted(index, steps.length, stepText(step)));
    because(pass, 'status', `step ${index}/${steps.length} (${stepText(step)}) is done`);
    pass.wish.removeStepPause = true;
  }
  pass.status = concludeStatus(pass, { ...next, ...withIndex(index) }, {});
}

/**
 * A pass that changes a size does not complete a weight step: the ReplicaSets are looked at once more, after the change is written.
 * So a status never claims what a write that may still fail would make true.
 */
function isStepDone(pass: Pass, step: NonNullable<ReturnType<typeof currentStep>>): boolean {
  const { rollout } = pass.world;
  if (rollout.spec.paused === true) return false;
  if (step.pause !== undefined) return isPauseOver(step, pass.previous, pass.now);
  if (step.setWeight !== undefined || step.setCanaryScale !== undefined) return !pass.hasScaled && areCountsReached(rollout, pass.roles);
  return false;
}

function promoteStable(pass: Pass, next: Status, reason: string): Status {
  pass.wish.clear = true;
  pass.wish.unabort = true;
  const promoted: Status = { ...next, promoteFull: false };
  if ((next.stableRS ?? '') === (next.currentPodHash ?? '')) return promoted;
  const hash = next.currentPodHash ?? '';
  because(pass, 'status', '', notes.completed(revisionOf(pass.world.rollout), hash, reason));
  because(pass, 'status', `${hash} becomes stable: ${reason}`);
  const duration = withCompletion(next.duration, pass.previous.promoteFull === true ? 'FastPromoted' : 'Promoted');
  return { ...promoted, stableRS: hash, ...(duration === undefined ? {} : { duration }) };
}

/** An absent index is a field that is not there, not one that is undefined. */
function withIndex(index: number | undefined): { currentStepIndex?: number } {
  return index === undefined ? {} : { currentStepIndex: index };
}

function restartOf({ spec }: Rollout): { restartedAt?: string } {
  return spec.restartAt === undefined ? {} : { restartedAt: spec.restartAt };
}

/** When to look again although nothing changes; the earliest wish wins. */
export function earliest(wakes: readonly Instant[]): Instant | undefined {
  return wakes.length === 0 ? undefined : Math.min(...wakes);
}
