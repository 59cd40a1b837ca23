/** Which old ReplicaSets have been kept long enough. */
import { labels, type ReplicaSet } from '@sluice/api';
import { revisionHistoryLimit } from './defaults.ts';
import { removeOwned } from './owned-objects.ts';
import type { Pass } from './pass.ts';
import { hashOf, nameOf, sizeOf } from './replica-sets.ts';

/**
 * Old ReplicaSets beyond the limit, the oldest first. Those that still have or want pods, or whose last change is not yet observed, stay
 * and use up their place.
 */
function excessReplicaSets(others: readonly ReplicaSet[], limit: number): readonly ReplicaSet[] {
  const alive = others.filter((set) => set.metadata.deletionTimestamp === undefined);
  return alive
    .slice(0, Math.max(0, alive.length - limit))
    .filter(
      (set) =>
        sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0 && (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0),
    );
}

export function reconcileHistory(pass: Pass): void {
  const limit = revisionHistoryLimit(pass.world.rollout.spec);
  for (const set of excessReplicaSets(pass.roles.others, limit)) {
    pass.actions.push({
      kind: 'DeleteReplicaSet',
      name: nameOf(set),
      uid: set.metadata.uid,
      resourceVersion: set.metadata.resourceVersion,
      reason: `more than ${limit} old ReplicaSets`,
    });
    pass.world = { ...pass.world, replicaSets: pass.world.replicaSets.filter((other) => other !== set) };
    const keep = (other: ReplicaSet): boolean => other !== set;
    const { current, stable, older, others, all } = pass.roles;
    pass.roles = { current, stable, older: older.filter(keep), others: others.filter(keep), all: all.filter(keep) };
    const { runs, experiment, world } = pass;
    const inUse = new Set<unknown>([...Object.values(runs), experiment]);
    const left = [...world.analysisRuns, ...world.experiments].filter(
      (object) => !inUse.has(object) && object.metadata.labels?.[labels.podTemplateHash] === hashOf(set),
    );
    removeOwned(pass, left, `${nameOf(set)} is gone`);
  }
}
