/**
 * Gateway API: weights in HTTPRoutes, GRPCRoutes, TCPRoutes and TLSRoutes, header routes in the first two, mirrors in the first. Configured as
 * the plugin of Argo Rollouts is, so its manifests work without it.
 *
 * @see argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi
 */
import { type KubeObject, matches, type ResourceType, type Rollout } from '@sluice/api';
import { type ObjectRef, objectKey, type RouterView, type TrafficRouter } from '@sluice/engine';
import { type Draft, drafted, RoutingProblem } from '../draft.ts';
import { annotationsOf, withAnnotations, withLabels } from '../fields.ts';
import { managedRouteNames, nameOf, namespaceOf } from '../rollout.ts';
import { type GatewayConfig, type GatewayKind, gatewayKinds, isConfigured, type NamedRoute, pluginName, readConfig } from './config.ts';
import { type Rule, rulesOf, weighed, withHeaderRules, withMirrorRules, withoutStepRules, withRules } from './rules.ts';

export type GatewayVersions = Readonly<Record<GatewayKind, string>>;

/** @param versions - of `gateway.networking.k8s.io`, by kind of route */
export function gatewayApiRouter(versions: GatewayVersions): TrafficRouter {
  const typeOf = (kind: GatewayKind): ResourceType => ({
    group: 'gateway.networking.k8s.io',
    version: versions[kind],
    kind: `${kind.toUpperCase()}Route`,
    resource: `${kind}routes`,
    namespaced: true,
  });
  const refOf = ({ namespace }: GatewayConfig, { kind, name }: NamedRoute): ObjectRef => ({ type: typeOf(kind), namespace, name });

  /** Named routes, then those found by label that are not named. */
  const routesOf = (config: GatewayConfig, objects: RouterView['objects']): readonly NamedRoute[] => {
    const found = new Map(config.routes.map((route) => [objectKey(refOf(config, route)), route]));
    for (const { kind, requirements } of config.selectors) {
      for (const object of objects.values()) {
        const { kind: kindName } = typeOf(kind);
        if (object.kind !== kindName || object.metadata.namespace !== config.namespace) continue;
        const route = { kind, name: object.metadata.name ?? '', usesHeaderRoutes: false };
        const key = objectKey(refOf(config, route));
        if (!found.has(key) && matches(requirements, object.metadata.labels)) found.set(key, route);
      }
    }
    return [...found.values()];
  };
  const change = (
    draft: Draft,
    isConcerned: (route: NamedRoute) => boolean,
    next: (rules: readonly Rule[], route: NamedRoute) => readonly Rule[],
    finish: (object: KubeObject, config: GatewayConfig) => KubeObject = (object) => object,
  ): void => {
    const config = readConfig(draft.view.rollout);
    const routes = routesOf(config, draft.view.objects);
    if (routes.length === 0)
      throw new RoutingProblem(`No routes configured. One of 'tcpRoutes', 'httpRoutes', 'tcpRoute' or 'httpRoute' should be set`);
    for (const kind of gatewayKinds) {
      for (const route of routes.filter((candidate) => candidate.kind === kind && isConcerned(candidate))) {
        const object = draft.get(refOf(config, route));
        draft.write(refOf(config, route), finish(withRules(object, next(rulesOf(object, kind), route)), config));
      }
    }
  };

  return {
    name: 'GatewayAPI',
    field: 'plugins.argoproj-labs/gatewayAPI',
    isUsedBy: isConfigured,
    references(rollout, objects) {
      const config = configOf(rollout);
      return config === undefined ? [] : routesOf(config, objects).map((route) => refOf(config, route));
    },
    selections(rollout) {
      const config = configOf(rollout);
      if (config === undefined) return [];
      return config.selectors.map(({ kind, selector }) => ({ type: typeOf(kind), namespace: config.namespace, selector }));
    },
    validate(rollout) {
      try {
        readConfig(rollout);
        return undefined;
      } catch (problem) {
        if (!(problem instanceof RoutingProblem)) throw problem;
        const path = `spec.strategy.canary.trafficRouting.plugins[${pluginName}]`;
        return { path, type: 'Invalid', value: pluginName, detail: problem.message };
      }
    },
    setWeight: (view, weight, targets) =>
      drafted(view, (draft) =>
        change(
          draft,
          () => true,
          (rules, route) => weighed(view.rollout, rules, route, weight, targets),
          (object, config) => marked(view.rollout, object, config, weight > 0),
        ),
      ),
    setHeaderRoute: (view, step) =>
      drafted(view, (draft) =>
        change(
          draft,
          ({ kind, usesHeaderRoutes }) => usesHeaderRoutes && (kind === 'http' || kind === 'grpc'),
          (rules, route) => withHeaderRules(view.rollout, rules, route, step),
        ),
      ),
    setMirrorRoute: (view, step) =>
      drafted(view, (draft) =>
        change(
          draft,
          ({ kind }) => kind === 'http',
          (rules, route) => withMirrorRules(view.rollout, rules, route, step),
        ),
      ),
    removeManagedRoutes: (view) =>
      drafted(view, (draft) => {
        const names = managedRouteNames(view.rollout);
        if (names.length === 0) return;
        change(
          draft,
          ({ kind }) => kind === 'http' || kind === 'grpc',
          (rules) => withoutStepRules(view.rollout, rules, names),
        );
      }),
  };
}

function configOf(rollout: Rollout): GatewayConfig | undefined {
  try {
    return readConfig(rollout);
  } catch (problem) {
    if (!(problem instanceof RoutingProblem)) throw problem;
    return undefined;
  }
}

/** While any Rollout has a canary behind a route, a label tells GitOps tools to leave its weights alone. */
function marked(rollout: Rollout, object: KubeObject, { inProgress }: GatewayConfig, isActive: boolean): KubeObject {
  if (inProgress === undefined) return object;
  const { labelKey, labelValue, annotationKey } = inProgress;
  const id = `${namespaceOf(rollout)}/${nameOf(rollout)}`;
  const listed = (annotationsOf(object)[annotationKey] ?? '').split(',').map((text) => text.trim());
  const active = [...new Set([...listed.filter((text) => text !== '' && text !== id), ...(isActive ? [id] : [])])].sort();
  const annotated = withAnnotations(object, { [annotationKey]: active.length === 0 ? undefined : active.join(',') });
  return withLabels(annotated, { [labelKey]: active.length === 0 ? undefined : labelValue });
}
