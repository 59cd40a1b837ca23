/**
 * Reading a VirtualService: its routes, which of them a Rollout weighs, and whether those lead to both of its versions.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/istio/istio.go
 */
import type { IstioVirtualService, KubeObject, Rollout } from '@sluice/api';
import { RoutingProblem } from '../draft.ts';
import { type Fields, fieldAt, isFields, listOf, textOf } from '../fields.ts';
import { managedRouteNames, routingOf, servicesOf } from '../rollout.ts';

export const routeKinds = ['http', 'tls', 'tcp'] as const;
export type RouteKind = (typeof routeKinds)[number];

export type Destination = {
  /** Up to the first dot; empty for a host that begins with one. */
  readonly host: string;
  readonly subset: string;
  /** 0 when absent. */
  readonly weight: number;
  readonly fields: Fields;
};

export type Route = {
  readonly name: string;
  readonly matches: readonly Fields[];
  readonly destinations: readonly Destination[];
  readonly isMirror: boolean;
  readonly fields: Fields;
};

/** Absent, of a shape that no VirtualService has, or routes. */
export type Reading = 'absent' | 'malformed' | readonly Route[];

export function readRoutes(virtualService: KubeObject, kind: RouteKind): Reading {
  const list = listOf(fieldAt(virtualService, 'spec', kind));
  if (list === undefined) return 'absent';
  const routes = list.map(readRoute);
  return routes.every((route) => route !== undefined) ? routes : 'malformed';
}

function readRoute(fields: unknown): Route | undefined {
  if (!isFields(fields)) return undefined;
  const { name = '', match = [], route = [], mirror } = fields;
  if (typeof name !== 'string' || !Array.isArray(match) || !Array.isArray(route) || !match.every(isFields)) return undefined;
  const destinations = route.map(readDestination);
  if (!destinations.every((destination) => destination !== undefined)) return undefined;
  return { name, matches: match, destinations, isMirror: mirror !== undefined && mirror !== null, fields };
}

function readDestination(fields: unknown): Destination | undefined {
  if (!isFields(fields) || !isFields(fields.destination)) return undefined;
  const { weight = 0 } = fields;
  const { host = '', subset = '' } = fields.destination;
  if (typeof weight !== 'number' || typeof host !== 'string' || typeof subset !== 'string') return undefined;
  return { host: host.split('.')[0] ?? '', subset, weight, fields };
}

/** Virtual services of a Rollout: the list where there is one, else the single one. */
export function virtualServicesOf(rollout: Rollout): readonly IstioVirtualService[] {
  const { virtualServices = [], virtualService } = routingOf(rollout).istio ?? {};
  if (virtualServices.length > 0) return virtualServices;
  return virtualService === undefined ? [] : [virtualService];
}

/**
 * `name`, or `name.namespace`, both also with `.cluster.local` behind.
 *
 * @example `web.shop` is `web` in `shop`; `web.eu.shop` is `web.eu` in `shop`
 */
export function parseName(text: string, namespace: string): { readonly name: string; readonly namespace: string } {
  const short = text.endsWith('.cluster.local') ? text.slice(0, -'.cluster.local'.length) : text;
  const dot = short.lastIndexOf('.');
  return dot < 0 ? { name: short, namespace } : { name: short.slice(0, dot), namespace: short.slice(dot + 1) };
}

/**
 * The routes of one kind that the Rollout weighs, checked.
 *
 * @throws RoutingProblem when one is missing, there are too many to choose from, or one leads to not both versions
 */
export function selectRoutes(rollout: Rollout, kind: RouteKind, routes: readonly Route[], wanted: IstioVirtualService): readonly Route[] {
  const { listed, candidates, selected } = choose(rollout, kind, routes, wanted);
  for (const route of selected) checkDestinations(rollout, route);
  if (listed === 0 && candidates > 1) {
    const field = kind === 'http' ? 'routes' : `${kind}Routes`;
    throw new RoutingProblem(
      `spec.${kind}[] should be set in VirtualService and it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.${field}`,
    );
  }
  return selected;
}

type Choice = { readonly listed: number; readonly candidates: number; readonly selected: readonly Route[] };

function choose(rollout: Rollout, kind: RouteKind, routes: readonly Route[], wanted: IstioVirtualService): Choice {
  if (kind === 'http') {
    const listed = wanted.routes ?? [];
    if (listed.length > 0) return { listed: listed.length, candidates: 0, selected: listed.map((name) => named(routes, name)) };
    const managed = new Set(managedRouteNames(rollout));
    const own = routes.filter(({ name }) => !managed.has(name));
    const first = own.length === 1 ? own[0] : own.find(({ name }) => name === '');
    return { listed: 0, candidates: own.length, selected: first === undefined ? [] : [first] };
  }
  const listed = (kind === 'tls' ? wanted.tlsRoutes : wanted.tcpRoutes) ?? [];
  if (listed.length === 0) return { listed: 0, candidates: routes.length, selected: routes.slice(0, 1) };
  const selected = listed.flatMap((rule) => {
    const found = routes.filter((route) => meets(route, rule, kind));
    if (found.length === 0) throw new RoutingProblem(`No matching ${kind.toUpperCase()} routes found in the defined Virtual Service.`);
    return found;
  });
  return { listed: listed.length, candidates: 0, selected };
}

function named(routes: readonly Route[], name: string): Route {
  const route = routes.find((candidate) => candidate.name === name);
  if (route === undefined) throw new RoutingProblem(`HTTP Route '${name}' is not found in the defined Virtual Service.`);
  return route;
}

/** All match blocks name one and the same port, which is the rule's, and for TLS together exactly the rule's hosts. 0 stands for no port. */
function meets(route: Route, rule: { readonly port?: number; readonly sniHosts?: readonly string[] }, kind: RouteKind): boolean {
  const ports = new Set(route.matches.map(({ port }) => (typeof port === 'number' ? port : 0)));
  const [port = 0] = ports;
  if (ports.size > 1 || port !== (rule.port ?? 0)) return false;
  if (kind === 'tcp') return true;
  const hosts = new Set(route.matches.flatMap(({ sniHosts }) => (listOf(sniHosts) ?? []).map(textOf)));
  const wanted = new Set(rule.sniHosts);
  return hosts.size === wanted.size && [...wanted].every((host) => hosts.has(host));
}

function checkDestinations(rollout: Rollout, { destinations }: Route): void {
  const rule = routingOf(rollout).istio?.destinationRule;
  if (rule === undefined) {
    const { stable, canary } = servicesOf(rollout);
    const leadsTo = (service: string): boolean => service !== '' && destinations.some(({ host }) => host === service);
    if (!leadsTo(canary)) throw new RoutingProblem(`Canary Service '${canary}' not found in route`);
    if (!leadsTo(stable)) throw new RoutingProblem(`Stable Service '${stable}' not found in route`);
    return;
  }
  const { canarySubsetName, stableSubsetName } = rule;
  const leadsTo = (name: string): boolean => name !== '' && destinations.some(({ subset }) => subset === name);
  if (!leadsTo(canarySubsetName)) throw new RoutingProblem(`Canary DestinationRule subset '${canarySubsetName}' not found in route`);
  if (!leadsTo(stableSubsetName)) throw new RoutingProblem(`Stable DestinationRule subset '${stableSubsetName}' not found in route`);
}
