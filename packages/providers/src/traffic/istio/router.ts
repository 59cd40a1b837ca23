/** Istio: weights in VirtualServices, subsets of a DestinationRule, header and mirror routes. Begin with `weights.ts`. */
import { annotations, type FieldError, type KubeObject, type ResourceType, type Rollout } from '@sluice/api';
import { type ObjectRef, objectKey, type RouterView, type TrafficRouter } from '@sluice/engine';
import { type Draft, drafted, normal, notFoundText, RoutingProblem, warning } from '../draft.ts';
import { annotationsOf, fieldAt, textOf } from '../fields.ts';
import { namespaceOf, routingOf } from '../rollout.ts';
import { hashesIn, released, setNotAvailable, withHashes } from './destination-rule.ts';
import { withHeaderRoute, withMirrorRoute, withoutManagedRoutes } from './managed-routes.ts';
import { parseName, readRoutes, routeKinds, selectRoutes, virtualServicesOf } from './virtual-service.ts';
import { weigh } from './weights.ts';

const istioPath = 'spec.strategy.canary.trafficRouting.istio';

/** @param version - of `networking.istio.io` */
export function istioRouter(version: string): TrafficRouter {
  const type = (kind: string, resource: string): ResourceType => ({
    group: 'networking.istio.io',
    version,
    kind,
    resource,
    namespaced: true,
  });
  const virtualServiceType = type('VirtualService', 'virtualservices');
  const destinationRuleType = type('DestinationRule', 'destinationrules');

  const virtualServiceRefs = (rollout: Rollout): readonly ObjectRef[] =>
    virtualServicesOf(rollout).map((wanted) => ({ type: virtualServiceType, ...parseName(wanted.name, namespaceOf(rollout)) }));
  const destinationRuleRef = (rollout: Rollout): ObjectRef | undefined => {
    const rule = routingOf(rollout).istio?.destinationRule;
    return rule === undefined ? undefined : { type: destinationRuleType, namespace: namespaceOf(rollout), name: rule.name };
  };
  const references = (rollout: Rollout): readonly ObjectRef[] => {
    const rule = destinationRuleRef(rollout);
    return [...virtualServiceRefs(rollout), ...(rule === undefined ? [] : [rule])];
  };
  const getRule = (draft: Draft, ref: ObjectRef): KubeObject =>
    draft.get(ref, warning('DestinationRuleNotFound', `DestinationRule \`${ref.name}\` not found`));
  const ruleHost = (draft: Draft): string | undefined => {
    const ref = destinationRuleRef(draft.view.rollout);
    return ref === undefined ? undefined : textOf(fieldAt(getRule(draft, ref), 'spec', 'host')) || undefined;
  };

  /** Changes each VirtualService of the Rollout; `told` completes the sentence that begins with its name. */
  const change = (
    draft: Draft,
    told: string,
    next: (virtualService: KubeObject, wanted: ReturnType<typeof virtualServicesOf>[number]) => KubeObject,
  ): void => {
    const wanted = virtualServicesOf(draft.view.rollout);
    if (wanted.length === 0) throw new RoutingProblem('either VirtualService or VirtualServices must be configured');
    for (const [at, ref] of virtualServiceRefs(draft.view.rollout).entries()) {
      const virtualService = draft.get(ref, warning('VirtualServiceNotFound', `VirtualService \`${ref.name}\` not found`));
      const config = wanted[at];
      if (config === undefined) continue;
      draft.write(ref, next(virtualService, config), normal('Updated VirtualService', `VirtualService \`${ref.name}\` ${told}`));
    }
  };

  return {
    name: 'Istio',
    field: 'istio',
    isUsedBy: (rollout) => routingOf(rollout).istio !== undefined,
    references,
    validate: (rollout, objects) => validate(rollout, objects, virtualServiceRefs(rollout)),
    referencedHashes(rollout, objects) {
      const ref = destinationRuleRef(rollout);
      return ref === undefined ? [] : hashesIn(objects.get(objectKey(ref)));
    },
    updateHash: (view, canaryHash, stableHash, targets) =>
      drafted(view, (draft) => {
        const ref = destinationRuleRef(view.rollout);
        const config = routingOf(view.rollout).istio?.destinationRule;
        if (ref === undefined || config === undefined) return;
        const set = setNotAvailable(view.rollout, view.replicaSets, canaryHash, stableHash);
        if (set !== undefined)
          throw new RoutingProblem(`delaying destination rule switch: ReplicaSet ${set.metadata.name ?? ''} not fully available`);
        const text = `(${config.canarySubsetName}: ${canaryHash}, ${config.stableSubsetName}: ${stableHash})`;
        draft.write(
          ref,
          withHashes(view.rollout, getRule(draft, ref), canaryHash, stableHash, targets),
          normal('UpdatedDestinationRule', `DestinationRule ${ref.name} subset updated ${text}`),
        );
      }),
    setWeight: (view, weight, targets) =>
      drafted(view, (draft) =>
        change(draft, `set to desiredWeight '${weight}'`, (virtualService, wanted) =>
          weigh(view.rollout, virtualService, wanted, weight, targets),
        ),
      ),
    setHeaderRoute: (view, route) =>
      drafted(view, (draft) => {
        const host = ruleHost(draft);
        change(draft, `set headerRoute '${route.name ?? ''}'`, (virtualService, wanted) =>
          withHeaderRoute(view.rollout, virtualService, wanted, route, host),
        );
      }),
    setMirrorRoute: (view, route) =>
      drafted(view, (draft) => {
        const host = ruleHost(draft);
        change(draft, `set mirrorRoute '${route.name}'`, (virtualService, wanted) =>
          withMirrorRoute(view.rollout, virtualService, wanted, route, host),
        );
      }),
    removeManagedRoutes: (view) =>
      drafted(view, (draft) =>
        change(draft, 'removed all managed routes.', (virtualService) => withoutManagedRoutes(view.rollout, virtualService)),
      ),
    clean(object, isReferenced) {
      const managedBy = annotationsOf(object)[annotations.managedBy];
      return managedBy === undefined || isReferenced(managedBy) ? undefined : released(object);
    },
    cleansTypes: [destinationRuleType],
  };
}

function validate(rollout: Rollout, objects: RouterView['objects'], refs: readonly ObjectRef[]): FieldError | undefined {
  const { virtualService, virtualServices = [] } = routingOf(rollout).istio ?? {};
  if (virtualServices.length > 0 === (virtualService !== undefined))
    return { path: istioPath, type: 'Internal', detail: 'either VirtualService or VirtualServices must be configured' };
  const path = `${istioPath}.${virtualServices.length > 0 ? 'virtualServices' : 'virtualService'}.name`;
  const error = (ref: ObjectRef, detail: string): FieldError => ({ path, type: 'Invalid', value: ref.name, detail });
  const missing = refs.find((ref) => !objects.has(objectKey(ref)));
  if (missing !== undefined) return error(missing, notFoundText(missing));
  for (const [at, wanted] of virtualServicesOf(rollout).entries()) {
    const ref = refs[at];
    const object = ref === undefined ? undefined : objects.get(objectKey(ref));
    if (ref === undefined || object === undefined) continue;
    const detail = problemOf(rollout, object, wanted);
    if (detail !== undefined) return error(ref, detail);
  }
  return undefined;
}

function problemOf(rollout: Rollout, object: KubeObject, wanted: ReturnType<typeof virtualServicesOf>[number]): string | undefined {
  const readings = routeKinds.map((kind) => [kind, readRoutes(object, kind)] as const);
  if (readings.every(([, reading]) => reading === 'absent'))
    return 'Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService';
  for (const [kind, routes] of readings) {
    if (routes === 'malformed') return `Unable to get ${kind.toUpperCase()} routes for Istio VirtualService`;
    if (routes === 'absent') continue;
    try {
      selectRoutes(rollout, kind, routes, wanted);
    } catch (problem) {
      if (!(problem instanceof RoutingProblem)) throw problem;
      return `Istio VirtualService has invalid ${kind.toUpperCase()} routes. Error: ${problem.message}`;
    }
  }
  return undefined;
}
