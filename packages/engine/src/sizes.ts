/** How many pods each ReplicaSet is to have now: the stable version, the new one, and those that are neither. */
import type { ReplicaSet } from '@sluice/api';
import { canaryCounts } from './counts.ts';
import { abortScaleDownDelaySeconds, blueGreenOf, canaryOf, desiredReplicas, fenceposts, isBasicCanary, isBlueGreen } from './defaults.ts';
import { type Pass, scale } from './pass.ts';
import { haltReason, isAborted, pauseConditionOf } from './pause.ts';
import { availableOf, deadlineOf, hashOf, isObserved, nameOf, revisionOf, sizeOf, sum, withHash } from './replica-sets.ts';
import { addDeadline, isReferenced, referencedHashes, removeDeadlines, sizeInDelay, wakeAt } from './scale-down.ts';
import { isFullyPromoted } from './status.ts';
import { isStableUnsettled } from './weights.ts';
import { scaleDownProgressively } from './workload.ts';

/**
 * Stable first, then new, then others. For a canary the first that changes its size ends the round, for blue-green all have their turn.
 *
 * @returns whether a size was changed
 * @see argoproj/argo-rollouts rollout/replicaset.go, rollout/canary.go, rollout/bluegreen.go
 */
export function reconcileSizes(pass: Pass): boolean {
  const { spec } = pass.world.rollout;
  if (haltReason(spec, pass.previous) !== undefined) return false;
  removeDeadlines(pass, isKeptAfterAbort(pass));
  if (isBlueGreen(spec)) {
    const sizeStable = sizeStableSet(pass, desiredReplicas(spec), 'the stable version has all of its pods');
    const sizeNew = sizeNewSet(pass, () => blueGreenNewSize(pass), 'the new version is brought up');
    return scaleDownOthersOfBlueGreen(pass) || sizeNew || sizeStable;
  }
  if (isAborted(pass.previous, pass.wish) && isStableUnsettled(pass.world.rollout, pass.roles)) return false;
  const before = canaryCounts(pass.world.rollout, pass.roles, pass.previous.canary?.weights);
  const after = canaryCounts(pass.world.rollout, pass.roles, pass.draft.weights);
  const why = `weight asks for ${after.canary} new and ${before.stable} stable pods`;
  // The stable side follows the weights written last, so that it never shrinks before the traffic has moved.
  if (sizeStableSet(pass, before.stable, why)) return true;
  if (sizeNewSet(pass, () => after.canary, why)) return true;
  return scaleDownOthersOfCanary(pass);
}

function sizeStableSet(pass: Pass, size: number, why: string): boolean {
  const { current, stable } = pass.roles;
  return stable !== undefined && stable !== current && scale(pass, stable, size, why);
}

function sizeNewSet(pass: Pass, size: () => number, why: string): boolean {
  const { current } = pass.roles;
  if (current === undefined) return false;
  scaleDownProgressively(pass, size());
  return isKeptAfterAbort(pass) ? sizeAfterAbort(pass, current) : scale(pass, current, size(), why);
}

/**
 * Whether an aborted new version is kept for a while instead of following the weight.
 *
 * @see argoproj/argo-rollouts rollout/replicaset.go shouldDelayScaleDownOnAbort
 */
function isKeptAfterAbort(pass: Pass): boolean {
  const { spec } = pass.world.rollout;
  if (!isAborted(pass.previous, pass.wish) || pass.roles.stable === undefined || isBasicCanary(spec)) return false;
  if (abortScaleDownDelaySeconds(spec) === 'keep') return false;
  return canaryOf(spec).dynamicStableScale !== true || canaryOf(spec).abortScaleDownDelaySeconds !== undefined;
}

/** The delay begins once the stable version is complete again; until it is over the size stays. */
function sizeAfterAbort(pass: Pass, current: ReplicaSet): boolean {
  const { spec } = pass.world.rollout;
  const deadline = deadlineOf(current);
  if (deadline !== undefined && deadline <= pass.now) return scale(pass, current, 0, 'the delay after the abort is over', true);
  scale(pass, current, sizeOf(current), 'spec.replicas is noted');
  const delay = abortScaleDownDelaySeconds(spec);
  if (deadline !== undefined) wakeAt(pass, deadline);
  else if (availableOf(pass.roles.stable) >= desiredReplicas(spec) && sizeOf(current) > 0 && delay !== 'keep') {
    const now = pass.roles.current ?? current;
    addDeadline(pass, now, delay, `${nameOf(now)} is kept for ${delay} s after the abort`);
  }
  return false;
}

/**
 * Size of the new version of a blue-green strategy: all, or `previewReplicaCount` until it is about to be switched to.
 *
 * @see argoproj/argo-rollouts utils/replicaset/replicaset.go NewRSNewReplicas
 */
export function blueGreenNewSize({ world: { rollout }, previous, roles }: Pass): number {
  const desired = desiredReplicas(rollout.spec);
  const { previewReplicaCount } = blueGreenOf(rollout.spec);
  const active = withHash(roles.all, previous.blueGreen?.activeSelector);
  if (previewReplicaCount === undefined || active === undefined || active === roles.current || previous.promoteFull === true)
    return desired;
  if (roles.current === undefined || hashOf(roles.current) !== previous.currentPodHash) return previewReplicaCount;
  const isHeld = rollout.spec.paused === true || (previous.pauseConditions ?? []).length > 0;
  return !isHeld && previous.blueGreen?.scaleUpPreviewCheckPoint === true ? desired : previewReplicaCount;
}

function isActive(set: ReplicaSet): boolean {
  return sizeOf(set) > 0;
}

function newestFirst(sets: readonly ReplicaSet[]): readonly ReplicaSet[] {
  return [...sets].sort((a, b) => revisionOf(b) - revisionOf(a));
}

/** Versions before the active one go when their delay is over, unless a post-promotion analysis may still want them back. */
function scaleDownOthersOfBlueGreen(pass: Pass): boolean {
  const { rollout } = pass.world;
  if (!pass.roles.others.some(isActive) || pauseConditionOf(pass.previous, 'InconclusiveAnalysisRun') !== undefined) return false;
  if (isAwaitingPostPromotion(pass)) return false;
  const kept = { count: 0 };
  const referenced = referencedHashes(pass);
  let hasScaled = false;
  for (const set of newestFirst(pass.roles.others)) {
    if (!isActive(set) || isReferenced(referenced, set)) continue;
    const size = sizeInDelay(pass, set, kept, desiredReplicas(rollout.spec));
    const now = withHash(pass.roles.all, hashOf(set)) ?? set;
    if (sizeOf(now) !== size && scale(pass, now, size, `${nameOf(set)} is no longer used`)) hasScaled = true;
  }
  return hasScaled;
}

function isAwaitingPostPromotion(pass: Pass): boolean {
  const { postPromotionAnalysis, scaleDownDelaySeconds } = blueGreenOf(pass.world.rollout.spec);
  if (postPromotionAnalysis === undefined || scaleDownDelaySeconds !== undefined) return false;
  const { current } = pass.roles;
  const isSkippable =
    current !== undefined && (pass.previous.stableRS === hashOf(current) || pass.previous.blueGreen?.activeSelector !== hashOf(current));
  return !isSkippable && pass.runs.postPromotion?.status?.phase !== 'Successful';
}

/**
 * Older versions of a canary make room: first pods that are not available anyway, then available ones as far as availability allows, the
 * newest version first. With a traffic router what was stable until now is kept for its delay, and one in between goes at once.
 */
function scaleDownOthersOfCanary(pass: Pass): boolean {
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
  const kept = { count: 0 };
  const isBasic = isBasicCanary(spec);
  const referenced = isBasic ? new Set<string>() : referencedHashes(pass);
  for (const set of newestFirst(pass.roles.others)) {
    if (mayScaleDown <= 0) break;
    const size = sizeOf(set);
    if (size === 0 || isReferenced(referenced, set)) continue;
    const target = isBasic ? Math.max(0, size - mayScaleDown) : routedTarget(pass, set, kept);
    const now = withHash(pass.roles.all, hashOf(set)) ?? set;
    if (target === size) continue;
    scale(pass, now, target, `${nameOf(set)} is neither new nor stable`);
    mayScaleDown -= size - target;
    scaledDown += size - target;
  }
  return scaledDown > 0;
}

function routedTarget(pass: Pass, set: ReplicaSet, kept: { count: number }): number {
  const { spec } = pass.world.rollout;
  if (!isFullyPromoted(pass.previous) && deadlineOf(set) === undefined) return 0;
  return canaryOf(spec).dynamicStableScale === true ? 0 : sizeInDelay(pass, set, kept, sizeOf(set));
}
