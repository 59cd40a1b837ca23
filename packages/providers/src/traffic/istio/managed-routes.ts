/** Routes that steps put into a VirtualService: by header and as a mirror. They come first, in the order of `managedRoutes`. */
import type { IstioVirtualService, KubeObject, Rollout, SetHeaderRoute, SetMirrorRoute, StringMatch } from '@sluice/api';
import { RoutingProblem, stepName } from '../draft.ts';
import { type Fields, fieldAt, fieldsOf, listOf, textOf, withField } from '../fields.ts';
import { managedRouteNames, routingOf, servicesOf, stepRouteNames } from '../rollout.ts';
import { type Route, readRoutes, selectRoutes } from './virtual-service.ts';

/** Managed routes first, in their order; the others as they were. */
export function orderRoutes(rollout: Rollout, virtualService: KubeObject): KubeObject {
  const order = managedRouteNames(rollout);
  const routes = listOf(fieldAt(virtualService, 'spec', 'http'));
  if (routes === undefined || order.length === 0) return virtualService;
  const managed = order.flatMap((name) => routes.filter((route) => nameOf(route) === name));
  const others = routes.filter((route) => !order.includes(nameOf(route)));
  return withField(virtualService, ['spec', 'http'], [...managed, ...others]);
}

/** @param host - of the DestinationRule, where the Rollout names one */
export function withHeaderRoute(
  rollout: Rollout,
  virtualService: KubeObject,
  wanted: IstioVirtualService,
  step: SetHeaderRoute,
  host: string | undefined,
): KubeObject {
  const { match = [] } = step;
  const name = stepName(step);
  const others = otherRoutes(virtualService, name);
  if (match.length === 0) return orderRoutes(rollout, withField(virtualService, ['spec', 'http'], others));
  const route = {
    name,
    match: match.map(({ headerName, headerValue }) => ({ headers: { [headerName]: stringMatch(headerValue) } })),
    route: [{ weight: 100, destination: canaryDestination(rollout, host, portOf(weightedRoute(rollout, virtualService, wanted))) }],
  };
  return orderRoutes(rollout, withField(virtualService, ['spec', 'http'], [...others, route]));
}

/** @param host - of the DestinationRule, where the Rollout names one */
export function withMirrorRoute(
  rollout: Rollout,
  virtualService: KubeObject,
  wanted: IstioVirtualService,
  step: SetMirrorRoute,
  host: string | undefined,
): KubeObject {
  const { match = [], percentage = 100 } = step;
  const name = stepName(step);
  const others = otherRoutes(virtualService, name);
  if (match.length === 0) return orderRoutes(rollout, withField(virtualService, ['spec', 'http'], others));
  const weighted = weightedRoute(rollout, virtualService, wanted);
  const route = {
    name,
    match: match.map(({ method, path, headers }) => ({
      ...(method === undefined ? {} : { method: stringMatch(method) }),
      ...(path === undefined ? {} : { uri: stringMatch(path) }),
      ...(headers === undefined
        ? {}
        : { headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, stringMatch(value)])) }),
    })),
    route: weighted?.destinations.map(({ fields }) => fields) ?? [],
    mirror: canaryDestination(rollout, host, portOf(weighted)),
    mirrorPercentage: { value: percentage },
  };
  return orderRoutes(rollout, withField(virtualService, ['spec', 'http'], [route, ...others]));
}

/** Without every route that is managed or that a step names. Without HTTP routes there are none. */
export function withoutManagedRoutes(rollout: Rollout, virtualService: KubeObject): KubeObject {
  const names = stepRouteNames(rollout);
  const routes = listOf(fieldAt(virtualService, 'spec', 'http')) ?? [];
  const others = routes.filter((route) => !names.has(nameOf(route)));
  return others.length === routes.length ? virtualService : withField(virtualService, ['spec', 'http'], others);
}

function otherRoutes(virtualService: KubeObject, name: string): readonly unknown[] {
  const routes = listOf(fieldAt(virtualService, 'spec', 'http'));
  if (routes === undefined) throw new RoutingProblem('spec.http not found');
  return routes.filter((route) => nameOf(route) !== name);
}

/** The first route that weights go to; its destinations tell the port. */
function weightedRoute(rollout: Rollout, virtualService: KubeObject, wanted: IstioVirtualService): Route | undefined {
  const routes = readRoutes(virtualService, 'http');
  if (routes === 'malformed') throw new RoutingProblem('Unable to get HTTP routes for Istio VirtualService');
  return routes === 'absent' ? undefined : selectRoutes(rollout, 'http', routes, wanted)[0];
}

function portOf(route: Route | undefined): number | undefined {
  const port = fieldAt(route?.destinations[0]?.fields, 'destination', 'port', 'number');
  return typeof port === 'number' && port > 0 ? port : undefined;
}

function canaryDestination(rollout: Rollout, host: string | undefined, port: number | undefined): Fields {
  const subset = routingOf(rollout).istio?.destinationRule?.canarySubsetName ?? '';
  return {
    host: host ?? servicesOf(rollout).canary,
    ...(port === undefined ? {} : { port: { number: port } }),
    ...(subset === '' ? {} : { subset }),
  };
}

function stringMatch({ exact = '', regex = '', prefix = '' }: StringMatch): Fields {
  return { ...(exact === '' ? {} : { exact }), ...(regex === '' ? {} : { regex }), ...(prefix === '' ? {} : { prefix }) };
}

function nameOf(route: unknown): string {
  return textOf(fieldsOf(route).name);
}
