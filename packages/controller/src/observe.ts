/** Reads the caches into the facts of a decision. No calls but those that claiming ReplicaSets may take. */
import type { ReplicaSet, Rollout, Service } from '@sluice/api';
import { type RolloutFacts, referencedServices } from '@sluice/engine';
import type { Store } from '@sluice/kube';
import type { RolloutMemory } from './memory.ts';

/** Index of rollouts by `namespace/name` of the services they name. */
export const serviceIndex = 'service';

/** Index of ReplicaSets that nobody controls, by namespace. */
export const orphanIndex = 'orphan';

export function serviceKeys(rollout: Rollout): readonly string[] {
  return referencedServices(rollout).map(({ name }) => `${rollout.metadata.namespace ?? ''}/${name}`);
}

export function orphanKeys(set: ReplicaSet): readonly string[] {
  const isControlled = set.metadata.ownerReferences?.some((owner) => owner.controller === true) === true;
  return isControlled ? [] : [set.metadata.namespace ?? ''];
}

export function observe(
  rollout: Rollout,
  replicaSets: readonly ReplicaSet[],
  services: Store<Service>,
  memory: RolloutMemory,
): RolloutFacts {
  const named = serviceKeys(rollout).flatMap((key) => {
    const service = services.get(key);
    return service === undefined ? [] : ([[service.metadata.name ?? '', service]] as const);
  });
  return {
    rollout,
    replicaSets,
    services: new Map(named),
    podMetadataChecked: memory.podMetadataChecked,
    ...(memory.specReading === undefined ? {} : { specReading: memory.specReading }),
    ...(memory.countsWaitSince === undefined ? {} : { countsWaitSince: memory.countsWaitSince }),
  };
}
