/** What routers ask of a Rollout: its services, its managed routes, and whether an object is its own. */
import {
  type CanaryStrategy,
  controllerOf,
  type KubeObject,
  labels,
  type OwnerReference,
  type ReplicaSet,
  type Rollout,
  type TrafficRouting,
} from '@sluice/api';

export type ServicePair = { readonly stable: string; readonly canary: string };

export function canaryOf(rollout: Rollout): CanaryStrategy {
  return rollout.spec.strategy?.canary ?? {};
}

export function routingOf(rollout: Rollout): TrafficRouting {
  return canaryOf(rollout).trafficRouting ?? {};
}

export function nameOf(rollout: Rollout): string {
  return rollout.metadata.name ?? '';
}

export function namespaceOf(rollout: Rollout): string {
  return rollout.metadata.namespace ?? '';
}

/**
 * The services between which traffic is split. Of a ping-pong pair the stable one is ping when the status says `ping`, else pong.
 *
 * @param isPairFirst - whether the router takes the ping-pong pair though `stableService` and `canaryService` are set
 * @see argoproj/argo-rollouts rollout/trafficrouting/service_helper.go
 */
export function servicesOf(rollout: Rollout, isPairFirst = false): ServicePair {
  const { stableService = '', canaryService = '', pingPong } = canaryOf(rollout);
  if (pingPong === undefined || (!isPairFirst && (stableService !== '' || canaryService !== '')))
    return { stable: stableService, canary: canaryService };
  const { pingService, pongService } = pingPong;
  return rollout.status?.canary?.stablePingPong === 'ping'
    ? { stable: pingService, canary: pongService }
    : { stable: pongService, canary: pingService };
}

export function managedRouteNames(rollout: Rollout): readonly string[] {
  return (routingOf(rollout).managedRoutes ?? []).map(({ name }) => name).filter((name) => name !== '');
}

/** Managed routes, and those that header and mirror steps name. */
export function stepRouteNames(rollout: Rollout): ReadonlySet<string> {
  const steps = canaryOf(rollout).steps ?? [];
  return new Set([
    ...managedRouteNames(rollout),
    ...steps.flatMap(({ setHeaderRoute, setMirrorRoute }) => [setHeaderRoute?.name ?? '', setMirrorRoute?.name ?? '']).filter(Boolean),
  ]);
}

export function isOwnedBy(object: KubeObject, rollout: Rollout): boolean {
  const controller = controllerOf(object);
  return controller !== undefined && controller.uid === rollout.metadata.uid;
}

export function ownerReference(rollout: Rollout): OwnerReference {
  const { name = '', uid = '' } = rollout.metadata;
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true, blockOwnerDeletion: true };
}

export function hashOf(set: ReplicaSet): string {
  return set.metadata.labels?.[labels.podTemplateHash] ?? '';
}

/** Absent in the spec means 1, as the API defaults it. */
export function sizeOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 1;
}

export function availableOf(set: ReplicaSet): number {
  return set.status?.availableReplicas ?? 0;
}
