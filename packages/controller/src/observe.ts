/** Reads the caches into the facts of a decision. No calls but those that claiming ReplicaSets may take. */
import type { AnalysisTemplate, ClusterAnalysisTemplate, KubeObject, ReplicaSet, Rollout } from '@sluice/api';
import {
  type ObjectRef,
  type RolloutFacts,
  referencedServices,
  type TemplateLookup,
  type TrafficRouter,
  workloadTypeOf,
} from '@sluice/engine';
import { ownerIndexName, type Store } from '@sluice/kube';
import type { Caches } from './act.ts';
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

/** Where templates are looked up: those of the namespace, and those of the cluster where it has any. */
export type TemplateStores = {
  readonly templates: Store<AnalysisTemplate>;
  readonly clusterTemplates: Store<ClusterAnalysisTemplate> | undefined;
};

/** What belongs to a Rollout beside ReplicaSets and services. */
export type Surroundings = {
  readonly templates: TemplateLookup;
  readonly routers: readonly TrafficRouter[];
  readonly routed: ReadonlyMap<string, KubeObject>;
  readonly workload: KubeObject | string | undefined;
};

export function templatesIn({ templates, clusterTemplates }: TemplateStores, namespace: string): TemplateLookup {
  return {
    template: (name) => templates.get(`${namespace}/${name}`),
    clusterTemplate: (name) => clusterTemplates?.get(name),
  };
}

/** Where the object lies that `spec.workloadRef` names; `undefined` for none and for a kind that cannot be referred to. */
export function workloadAt({ spec, metadata }: Rollout): ObjectRef | undefined {
  const type = spec.workloadRef === undefined ? undefined : workloadTypeOf(spec.workloadRef);
  return type === undefined ? undefined : { type, namespace: metadata.namespace ?? '', name: spec.workloadRef?.name ?? '' };
}

export function observe(
  rollout: Rollout,
  replicaSets: readonly ReplicaSet[],
  caches: Caches,
  around: Surroundings,
  memory: RolloutMemory,
  countsWaitMoreMs = 0,
): RolloutFacts {
  const { uid = '' } = rollout.metadata;
  const named = serviceKeys(rollout).flatMap((key) => {
    const service = caches.services.get(key);
    return service === undefined ? [] : ([[service.metadata.name ?? '', service]] as const);
  });
  return {
    rollout,
    replicaSets,
    services: new Map(named),
    analysisRuns: caches.analysisRuns.byIndex(ownerIndexName, uid),
    experiments: caches.experiments.byIndex(ownerIndexName, uid),
    templates: around.templates,
    routers: around.routers,
    routed: around.routed,
    takenNames: memory.takenNames,
    podMetadataChecked: memory.podMetadataChecked,
    countsWaitMoreMs,
    ...(around.workload === undefined ? {} : { workload: around.workload }),
    ...(memory.specReading === undefined ? {} : { specReading: memory.specReading }),
    ...(memory.countsWaitSince === undefined ? {} : { countsWaitSince: memory.countsWaitSince }),
  };
}
