/** How many pods each ReplicaSet of a canary is to have now. */
import { annotations, type ReplicaSet } from '@sluice/api';
import { desiredReplicas, fenceposts } from './defaults.ts';
import { type Pass, replaceReplicaSet, scale } from './pass.ts';
import { haltReason } from './pause.ts';
import { availableOf, isObserved, nameOf, revisionOf, sizeOf, sum } from './replica-sets.ts';
import { canaryCounts } from './steps.ts';

/** Stable first, then new, then others; the first that changes its size ends the round. */
export function reconcileSizes(pass: Pass): boolean {
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
