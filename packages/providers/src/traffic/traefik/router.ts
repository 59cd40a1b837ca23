/**
 * Traefik: weights in a TraefikService.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/traefik/traefik.go
 */
import { parseApiVersion, type ResourceType, type Rollout } from '@sluice/api';
import type { ObjectRef, TrafficRouter } from '@sluice/engine';
import { drafted, RoutingProblem, warning } from '../draft.ts';
import { type Fields, fieldAt, isFields, withField } from '../fields.ts';
import { namespaceOf, routingOf, servicesOf } from '../rollout.ts';

/** @param apiVersion - group and version */
export function traefikRouter(apiVersion: string): TrafficRouter {
  const type: ResourceType = { ...parseApiVersion(apiVersion), kind: 'TraefikService', resource: 'traefikservices', namespaced: true };
  const refOf = (rollout: Rollout): ObjectRef => ({
    type,
    namespace: namespaceOf(rollout),
    name: routingOf(rollout).traefik?.weightedTraefikServiceName ?? '',
  });
  return {
    name: 'Traefik',
    field: 'traefik',
    isUsedBy: (rollout) => routingOf(rollout).traefik !== undefined,
    references: (rollout) => [refOf(rollout)],
    validate: () => undefined,
    setWeight: (view, weight) =>
      drafted(view, (draft) => {
        const ref = refOf(view.rollout);
        const object = draft.get(ref);
        const services = fieldAt(object, 'spec', 'weighted', 'services');
        if (!Array.isArray(services) || !services.every(isFields))
          throw new RoutingProblem('spec.weighted.services was not found in traefik service manifest');
        const { stable, canary } = servicesOf(view.rollout);
        const next = [...(services as readonly Fields[])];
        for (const { role, name, share } of [
          { role: 'canary', name: canary, share: weight },
          { role: 'stable', name: stable, share: 100 - weight },
        ]) {
          const at = next.findIndex((service) => service.name === name);
          const service = next[at];
          if (service === undefined) throw new RoutingProblem(`traefik ${role} service was not found`);
          next[at] = { ...service, weight: share };
        }
        draft.write(ref, withField(object, ['spec', 'weighted', 'services'], next), undefined, (error) =>
          warning('TraefikServiceUpdateError', `Error updating traefik service ${JSON.stringify(ref.name)}: ${error}`),
        );
      }),
  };
}
