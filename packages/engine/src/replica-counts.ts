/**
 * How many pods a basic canary (no traffic router) gives to the new and to the stable ReplicaSet.
 * Two questions: which whole numbers come closest to a weight, and how far towards them one pass may go without breaking
 * surge or availability. Begin at `basicCanaryCounts`.
 *
 * @see argoproj/argo-rollouts utils/replicaset/canary.go (same rounding, same order of candidates)
 */

export type ReplicaCounts = { readonly canary: number; readonly stable: number };

/** What the arithmetic needs to know of a ReplicaSet. */
type SizedReplicaSet = { readonly replicas: number; readonly available: number };

export type BasicCanaryQuestion = {
  /** Desired pods of the Rollout. */
  readonly replicas: number;
  /** Percent for the new version, 0 to 100. */
  readonly weight: number;
  readonly surge: number;
  readonly unavailable: number;
  /** Absent: not created yet. */
  readonly canary?: SizedReplicaSet | undefined;
  /** Absent: nothing is stable yet. */
  readonly stable?: SizedReplicaSet | undefined;
  /** The new version is the stable one: a finished rollout, or one that went back. */
  readonly isCanaryStable: boolean;
  /** Sum of `spec.replicas` of all other ReplicaSets. */
  readonly otherReplicas: number;
  /** Whether all counts are younger than all sizes. While one is not, pods may be counted that are about to go, and nothing shrinks. */
  readonly areCountsFresh: boolean;
};

/**
 * Whole counts closest to a weight.
 *
 * With surge, one pod more than desired may be used when that comes closer. A side never gets 0 pods unless the weight asks for
 * that, or one replica without surge leaves no choice. On equality the earlier candidate wins.
 *
 * @example replicas 1, weight 50, surge 1: canary 1, stable 1
 * @example replicas 3, weight 50, surge 1: canary 2, stable 2
 */
export function approximateCounts(replicas: number, weight: number, maxWeight: number, surge: number): ReplicaCounts {
  if (replicas === 0) return { canary: 0, stable: 0 };
  const exact = (replicas * weight) / maxWeight;
  const up = Math.ceil(exact);
  const down = Math.floor(exact);
  const isTied = (count: number): boolean => (count * (weight / maxWeight)) % 1 === 0.5;
  const mayBeZero = weight === maxWeight || weight === 0 || (replicas === 1 && surge === 0);
  const mayRoundDown = down !== 0 || mayBeZero;

  const candidates: { readonly canary: number; readonly total: number }[] = [];
  if (up < replicas || mayBeZero) candidates.push({ canary: up, total: replicas });
  if (!isTied(replicas) && mayRoundDown) candidates.push({ canary: down, total: replicas });
  if (surge > 0) candidates.push({ canary: up, total: replicas + 1 });
  if (surge > 0 && !isTied(replicas + 1) && mayRoundDown) candidates.push({ canary: down, total: replicas + 1 });

  let best = { canary: 0, total: replicas };
  let smallest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const distance = Math.abs((candidate.canary * maxWeight) / candidate.total - weight);
    if (distance < smallest) {
      smallest = distance;
      best = candidate;
    }
  }
  return { canary: best.canary, stable: best.total - best.canary };
}

/**
 * Sizes that the next pass may set. Several passes may be needed to arrive at the weight.
 *
 * Stable grows first, then the new one, within `replicas + surge`; while other ReplicaSets have pods nothing shrinks, since those go
 * first; then one side shrinks as far as `replicas - unavailable` available pods allow.
 *
 * A finished rollout counts its only ReplicaSet on both sides of the availability sum, so it may be scaled down at once (upstream's
 * behaviour, kept).
 *
 * @example replicas 10, weight 30, surge 3, unavailable 0, new 0, stable 10: new 3, stable 10
 * @example replicas 10, weight 30, surge 0, unavailable 5, new 0, stable 10: new 0, stable 7
 */
export function basicCanaryCounts(question: BasicCanaryQuestion): ReplicaCounts {
  const { replicas, weight, surge, unavailable, canary, stable, isCanaryStable, otherReplicas, areCountsFresh } = question;
  const hasStableBeside = stable !== undefined && !isCanaryStable;
  const desired = hasStableBeside ? approximateCounts(replicas, weight, 100, surge) : { canary: replicas, stable: 0 };

  const canaryNow = canary?.replicas ?? 0;
  const stableNow = hasStableBeside ? stable.replicas : 0;
  const maxCount = replicas + surge;
  let room = maxCount - (otherReplicas + canaryNow + stableNow);

  let nextStable = stableNow;
  if (hasStableBeside && stableNow < desired.stable && room > 0) {
    nextStable = Math.min(desired.stable, stableNow + room);
    room -= nextStable - stableNow;
  }
  let nextCanary = canaryNow;
  if (canaryNow < desired.canary && room > 0) nextCanary = Math.min(desired.canary, canaryNow + room);

  if (otherReplicas > 0 || !areCountsFresh) return { canary: nextCanary, stable: nextStable };

  const minAvailable = replicas - unavailable;
  const isIncreasing = canary === undefined || desired.canary >= canaryNow;
  const available = countedAvailable(canary, !isIncreasing) + countedAvailable(stable, isIncreasing);
  if (available <= minAvailable) return { canary: nextCanary, stable: nextStable };
  const mayShrinkBy = available - minAvailable;

  if (isIncreasing) {
    if (!hasStableBeside) return { canary: nextCanary, stable: nextStable };
    const drained = stableNow > desired.stable ? Math.max(desired.stable, stableNow - mayShrinkBy) : nextStable;
    const limited = limit({ drained, drain: stable, adjusted: nextCanary, adjust: canary, maxCount, minAvailable });
    return { canary: limited.adjusted, stable: limited.drained };
  }
  const drained = canaryNow > desired.canary ? Math.max(desired.canary, canaryNow - mayShrinkBy) : nextCanary;
  const adjust = hasStableBeside ? stable : undefined;
  const limited = limit({ drained, drain: canary, adjusted: nextStable, adjust, maxCount, minAvailable });
  return { canary: limited.drained, stable: limited.adjusted };
}

/** Available pods that count: never more than the spec asks for, since the rest is about to go; or what the spec asks for. */
function countedAvailable(set: SizedReplicaSet | undefined, ignoreAvailability: boolean): number {
  if (set === undefined) return 0;
  return ignoreAvailability || set.replicas < set.available ? set.replicas : set.available;
}

/**
 * Keeps a pair of sizes inside both bounds. The side that is not drained gives way to the surge limit first, as far as available pods
 * of it are not needed; what is still too much is taken from the drained side.
 */
function limit(pair: {
  readonly drained: number;
  readonly drain: SizedReplicaSet | undefined;
  readonly adjusted: number;
  readonly adjust: SizedReplicaSet | undefined;
  readonly maxCount: number;
  readonly minAvailable: number;
}): { readonly drained: number; readonly adjusted: number } {
  const { drain, drained, adjust, maxCount, minAvailable } = pair;
  if (adjust === undefined) return { drained, adjusted: pair.adjusted };
  let adjusted = pair.adjusted - Math.max(0, pair.adjusted + drained - maxCount);
  const total = Math.min(drain?.available ?? 0, drained) + Math.min(adjust.available, adjusted);
  const lost = Math.max(0, adjust.available - adjusted);
  adjusted += Math.min(lost, Math.max(0, minAvailable - total));
  return { drained: drained - Math.max(0, adjusted + drained - maxCount), adjusted };
}
