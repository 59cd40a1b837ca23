/** Weights of the destinations in a VirtualService. */
import type { IstioVirtualService, KubeObject, Rollout } from '@sluice/api';
import type { WeightTarget } from '@sluice/engine';
import { RoutingProblem } from '../draft.ts';
import { type Fields, isSame, withField } from '../fields.ts';
import { managedRouteNames, routingOf, servicesOf } from '../rollout.ts';
import { orderRoutes } from './managed-routes.ts';
import { type Destination, type Route, type RouteKind, readRoutes, routeKinds, selectRoutes } from './virtual-service.ts';

/**
 * The VirtualService with the canary at `weight`, experiments at theirs and the stable version at what is left. Destinations of
 * `additionalSubsetNames` keep their weight, at the stable version's expense; others that carry traffic are dropped.
 *
 * @returns the same object when nothing differs
 * @throws RoutingProblem when the routes are not there or lead elsewhere
 */
export function weigh(
  rollout: Rollout,
  virtualService: KubeObject,
  wanted: IstioVirtualService,
  weight: number,
  targets: readonly WeightTarget[],
): KubeObject {
  const readings = routeKinds.map((kind) => [kind, readRoutes(virtualService, kind)] as const);
  if (readings.every(([, reading]) => reading === 'absent'))
    throw new RoutingProblem('Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService');
  let next = virtualService;
  for (const [kind, routes] of readings) {
    if (routes === 'malformed') throw new RoutingProblem(`Unable to get ${kind.toUpperCase()} routes for Istio VirtualService`);
    if (routes === 'absent') continue;
    const selected = new Set([...selectRoutes(rollout, kind, routes, wanted), ...mirrors(rollout, kind, routes)]);
    const fields = routes.map((route) => (selected.has(route) ? weighRoute(rollout, route, weight, targets) : route.fields));
    if (
      !isSame(
        fields,
        routes.map((route) => route.fields),
      )
    )
      next = withField(next, ['spec', kind], fields);
  }
  return next === virtualService ? virtualService : orderRoutes(rollout, next);
}

/** Managed mirror routes carry the weights of the route that they were copied from. */
function mirrors(rollout: Rollout, kind: RouteKind, routes: readonly Route[]): readonly Route[] {
  const managed = new Set(managedRouteNames(rollout));
  return kind === 'http' ? routes.filter(({ name, isMirror }) => isMirror && managed.has(name)) : [];
}

function weighRoute(rollout: Rollout, route: Route, weight: number, targets: readonly WeightTarget[]): Fields {
  const { stable, canary } = servicesOf(rollout);
  const { canarySubsetName, stableSubsetName, additionalSubsetNames = [] } = routingOf(rollout).istio?.destinationRule ?? {};
  const isSubset = ({ subset }: Destination, name: string | undefined): boolean => subset !== '' && subset === name;
  const isKept = ({ subset }: Destination): boolean => subset !== '' && additionalSubsetNames.includes(subset);
  const taken = sum(targets.map((target) => target.weight)) + sum(route.destinations.filter(isKept).map((kept) => kept.weight));
  const stableWeight = Math.max(0, 100 - weight - taken);

  const missing = new Map(targets.map((target) => [target.serviceName, target.weight]));
  const kept: Fields[] = [];
  for (const destination of route.destinations) {
    const { host, fields } = destination;
    const experiment = missing.get(host);
    if (host === '' || isKept(destination)) kept.push(fields);
    else if (host === canary || isSubset(destination, canarySubsetName)) kept.push(withWeight(destination, weight));
    else if (host === stable || isSubset(destination, stableSubsetName)) kept.push(withWeight(destination, stableWeight));
    else if (experiment !== undefined) {
      kept.push(withWeight(destination, experiment));
      missing.delete(host);
    } else if (destination.weight === 0) kept.push(fields);
  }
  const added = [...missing].sort(([a], [b]) => (a < b ? -1 : 1)).map(([host, share]) => ({ weight: share, destination: { host } }));
  return { ...route.fields, route: [...kept, ...added] };
}

/** An absent weight is 0 already. */
function withWeight({ weight, fields }: Destination, next: number): Fields {
  return weight === next ? fields : { ...fields, weight: next };
}

function sum(weights: readonly number[]): number {
  return weights.reduce((total, weight) => total + weight, 0);
}
