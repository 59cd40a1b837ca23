/**
 * AWS load balancers: weights and header routes in annotations of Ingresses. Whether AWS has followed is another question, see
 * `verification.ts`.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/alb/alb.go, ingress/alb.go
 */
import type { FieldError, KubeObject, ResourceType, Rollout, SetHeaderRoute } from '@sluice/api';
import { type ObjectRef, objectKey, type RouterView, type TrafficRouter } from '@sluice/engine';
import { type Draft, drafted, normal, notFoundText, RoutingProblem, stepName } from '../draft.ts';
import { annotationsOf, type Fields, withAnnotations } from '../fields.ts';
import { ingressClassOf, leadsTo, mapPaths, serviceOf } from '../ingress.ts';
import { managedRouteNames, namespaceOf, routingOf, servicesOf } from '../rollout.ts';
import {
  actionKey,
  conditionsKey,
  headerAction,
  headerConditions,
  manage,
  managedKeysOf,
  resetAction,
  rootServiceOf,
  splitAction,
  withManagedKeys,
} from './annotations.ts';

const albPath = 'spec.strategy.canary.trafficRouting.alb';

/** @param classes - of Ingresses that are given back when their Rollout is gone */
export function albRouter(type: ResourceType, classes: readonly string[]): TrafficRouter {
  const refOf =
    (rollout: Rollout) =>
    (name: string): ObjectRef => ({ type, namespace: namespaceOf(rollout), name });
  /** Every Ingress, also behind one that is right already: upstream stops there and leaves the others behind. */
  const change = (draft: Draft, told: string, next: (ingress: KubeObject) => KubeObject): void => {
    for (const ref of ingressesOf(draft.view.rollout).map(refOf(draft.view.rollout)))
      draft.write(ref, next(draft.get(ref)), normal('PatchingALBIngress', `Updating Ingress \`${ref.name}\` ${told}`));
  };

  return {
    name: 'ALB',
    field: 'alb',
    isUsedBy: (rollout) => routingOf(rollout).alb !== undefined,
    references: (rollout) => ingressesOf(rollout).map(refOf(rollout)),
    validate: (rollout, objects) => validate(rollout, objects, refOf(rollout)),
    setWeight: (view, weight, targets) =>
      drafted(view, (draft) => {
        const root = rootServiceOf(view.rollout);
        const key = actionKey(view.rollout, root);
        change(draft, `to desiredWeight '${weight}'`, (ingress) => {
          if (!leadsTo(ingress, root)) throw new RoutingProblem(`ingress does not have service \`${root}\` in rules`);
          const action = splitAction(view.rollout, weight, targets);
          return manage(withAnnotations(ingress, { [key]: action }), view.rollout, 'add', [key]);
        });
      }),
    setHeaderRoute: (view, route) =>
      drafted(view, (draft) =>
        change(draft, `to headerRoute '${route.name ?? ''}'`, (ingress) => withHeaderRoute(view.rollout, ingress, route, type)),
      ),
    removeManagedRoutes: (view) =>
      drafted(view, (draft) => {
        const names = managedRouteNames(view.rollout);
        if (names.length === 0) return;
        change(draft, 'removing managed routes', (ingress) => withoutHeaderRoutes(view.rollout, ingress, names));
      }),
    clean: (object, isReferenced) => (classes.includes(ingressClassOf(object)) ? cleaned(object, isReferenced) : undefined),
    cleansTypes: [type],
  };
}

function ingressesOf(rollout: Rollout): readonly string[] {
  const { ingresses = [], ingress = '' } = routingOf(rollout).alb ?? {};
  return ingresses.length > 0 ? ingresses : [ingress].filter((name) => name !== '');
}

function withHeaderRoute(rollout: Rollout, ingress: KubeObject, route: SetHeaderRoute, type: ResourceType): KubeObject {
  const { match = [] } = route;
  const name = stepName(route);
  if (match.length === 0) return inOrder(rollout, withoutHeaderRoutes(rollout, ingress, [name]));
  const keys = { action: actionKey(rollout, name), conditions: conditionsKey(rollout, name) };
  const annotated = withAnnotations(ingress, { [keys.action]: headerAction(rollout), [keys.conditions]: headerConditions(route) });
  const managed = manage(annotated, rollout, 'add', [keys.action, keys.conditions]);
  if (leadsTo(managed, name)) return inOrder(rollout, managed);
  return inOrder(
    rollout,
    mapPaths(managed, (paths) => [annotationPath(name, type), ...paths]),
  );
}

function withoutHeaderRoutes(rollout: Rollout, ingress: KubeObject, names: readonly string[]): KubeObject {
  const keys = names.flatMap((name) => [actionKey(rollout, name), conditionsKey(rollout, name)]);
  const bare = withAnnotations(ingress, Object.fromEntries(keys.map((key) => [key, undefined])));
  return withoutPaths(manage(bare, rollout, 'remove', keys), names);
}

function withoutPaths(ingress: KubeObject, services: readonly string[]): KubeObject {
  return mapPaths(ingress, (paths) => paths.filter(({ backend }) => !services.includes(serviceOf(backend))));
}

/** A path whose backend is an annotation. */
function annotationPath(name: string, { version }: ResourceType): Fields {
  const backend =
    version === 'v1' ? { service: { name, port: { name: 'use-annotation' } } } : { serviceName: name, servicePort: 'use-annotation' };
  return { path: '/*', pathType: 'ImplementationSpecific', backend };
}

/** Paths of managed routes first, in the order of `managedRoutes`. */
function inOrder(rollout: Rollout, ingress: KubeObject): KubeObject {
  const order = managedRouteNames(rollout);
  const rank = ({ backend }: Fields): number => {
    const at = order.indexOf(serviceOf(backend));
    return at < 0 ? order.length : at;
  };
  return mapPaths(ingress, (paths) => paths.toSorted((a, b) => rank(a) - rank(b)));
}

/**
 * An Ingress without the traces of Rollouts that refer to it no more: splits lead to their root service alone, header routes are gone.
 *
 * @returns `undefined` when there is nothing to do, or nothing that can be understood
 */
function cleaned(ingress: KubeObject, isReferenced: (rollout: string) => boolean): KubeObject | undefined {
  const managed = managedKeysOf(ingress);
  if (managed === undefined) return undefined;
  const stale = Object.keys(managed).filter((name) => !isReferenced(name));
  if (stale.length === 0) return undefined;
  let next = withManagedKeys(ingress, Object.fromEntries(Object.entries(managed).filter(([name]) => !stale.includes(name))));
  for (const key of stale.flatMap((name) => managed[name] ?? [])) {
    const action = annotationsOf(ingress)[key];
    const [prefix, service] = key.split('/actions.');
    if (action === undefined || prefix === undefined || service === undefined) continue;
    const conditions = `${prefix}/conditions.${service}`;
    if (annotationsOf(ingress)[conditions] === undefined) next = withAnnotations(next, { [key]: resetAction(action, service) ?? action });
    else next = withoutPaths(withAnnotations(next, { [key]: undefined, [conditions]: undefined }), [service]);
  }
  return next;
}

function validate(rollout: Rollout, objects: RouterView['objects'], refOf: (name: string) => ObjectRef): FieldError | undefined {
  const { ingresses = [], ingress = '' } = routingOf(rollout).alb ?? {};
  const configured = [ingresses.length > 0, ingress !== ''].filter(Boolean).length;
  if (configured !== 1) {
    const which = configured === 2 ? 'Both' : 'Neither';
    return { path: albPath, type: 'Internal', detail: `Either Ingress or Ingresses must be configured. ${which} are configured.` };
  }
  const path = `${albPath}.${ingresses.length > 0 ? 'ingresses' : 'ingress'}`;
  const refs = ingressesOf(rollout).map(refOf);
  const missing = refs.find((ref) => !objects.has(objectKey(ref)));
  if (missing !== undefined) return { path, type: 'Invalid', value: missing.name, detail: notFoundText(missing) };
  const service = routingOf(rollout).alb?.rootService || servicesOf(rollout).stable;
  for (const ref of refs) {
    const object = objects.get(objectKey(ref));
    if (object === undefined || leadsTo(object, service)) continue;
    return { path, type: 'Invalid', value: ref.name, detail: `ingress \`${ref.name}\` has no rules using service ${service} backend` };
  }
  return undefined;
}
