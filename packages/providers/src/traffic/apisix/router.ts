/**
 * Apache APISIX: weights in an ApisixRoute, and for each header route an ApisixRoute of its own.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/apisix/apisix.go
 */
import { annotations, type KubeObject, type ResourceType, type Rollout, type SetHeaderRoute } from '@sluice/api';
import type { ObjectRef, TrafficRouter } from '@sluice/engine';
import { type Draft, drafted, type FailureNote, RoutingProblem, stepName, warning } from '../draft.ts';
import { annotationsOf, type Fields, fieldAt, isFields, withField } from '../fields.ts';
import { isOwnedBy, managedRouteNames, namespaceOf, ownerReference, routingOf, servicesOf, stepRouteNames } from '../rollout.ts';

const type: ResourceType = { group: 'apisix.apache.org', version: 'v2', kind: 'ApisixRoute', resource: 'apisixroutes', namespaced: true };

export function apisixRouter(): TrafficRouter {
  return {
    name: 'Apisix',
    field: 'apisix',
    isUsedBy: (rollout) => routingOf(rollout).apisix !== undefined,
    references: (rollout) => [baseRef(rollout), ...[...stepRouteNames(rollout)].map((name) => refOf(rollout, name))],
    validate: () => undefined,
    setWeight: (view, weight) =>
      drafted(view, (draft) => {
        const ref = baseRef(view.rollout);
        const { stable, canary } = servicesOf(view.rollout);
        const next = mapRules(view.rollout, draft.get(ref), (rule) => {
          const backends = withWeight(backendsOf(rule), canary, weight);
          return { ...rule, backends: withWeight(backends, stable, 100 - weight) };
        });
        draft.write(ref, next, undefined, failure('ApisixRouteUpdateError', 'updating', ref));
      }),
    setHeaderRoute: (view, route) => drafted(view, (draft) => setHeaderRoute(draft, route)),
    removeManagedRoutes: (view) =>
      drafted(view, (draft) => {
        for (const ref of managedRouteNames(view.rollout).map((name) => refOf(view.rollout, name))) {
          const object = draft.find(ref);
          if (object !== undefined && isOwnedBy(object, view.rollout))
            draft.remove(ref, failure('ApisixRouteDeleteError', 'deleting', ref));
        }
      }),
  };
}

function refOf(rollout: Rollout, name: string): ObjectRef {
  return { type, namespace: namespaceOf(rollout), name };
}

function baseRef(rollout: Rollout): ObjectRef {
  return refOf(rollout, routingOf(rollout).apisix?.route?.name ?? '');
}

function failure(reason: string, doing: string, ref: ObjectRef): FailureNote {
  return (error) => warning(reason, `Error ${doing} apisix route ${JSON.stringify(ref.name)}: ${error}`);
}

function setHeaderRoute(draft: Draft, step: SetHeaderRoute): void {
  const { match = [] } = step;
  const name = stepName(step);
  const { rollout } = draft.view;
  const base = draft.get(baseRef(rollout));
  const ref = refOf(rollout, name);
  const present = draft.find(ref);
  if (present !== undefined && !isOwnedBy(present, rollout)) throw new RoutingProblem(`duplicate ApisixRoute [${name}] already exists`);
  if (match.length === 0) {
    draft.remove(ref, failure('ApisixRouteDeleteError', 'delete', ref));
    return;
  }
  const { stable, canary } = servicesOf(rollout);
  const exprs = match.flatMap(({ headerName, headerValue: { exact = '', regex = '', prefix = '' } }) => {
    const expression = (op: string, value: string): readonly Fields[] =>
      value === '' ? [] : [{ subject: { scope: 'Header', name: headerName }, op, value }];
    return [
      ...expression('Equal', exact),
      ...expression('RegexMatch', regex),
      ...expression('RegexMatch', prefix === '' ? '' : `^${prefix}.*`),
    ];
  });
  const next = mapRules(rollout, present ?? copyOf(base, rollout, name), (rule) => {
    const backends = withWeight(backendsOf(rule), canary, 100).filter(({ serviceName }) => serviceName !== stable);
    // Above the rule that it was copied from.
    const priority = present === undefined ? { priority: (typeof rule.priority === 'number' ? rule.priority : 0) + 1 } : {};
    return withField({ ...rule, backends, ...priority }, ['match', 'exprs'], exprs);
  });
  draft.write(
    ref,
    next,
    undefined,
    present === undefined ? failure('ApisixRouteCreateError', 'create', ref) : failure('ApisixRouteUpdateError', 'update', ref),
  );
}

/** What people put on the base route goes along, what the API and `kubectl apply` keep there does not. */
function copyOf(base: KubeObject, rollout: Rollout, name: string): KubeObject {
  const { status: _, ...rest } = base;
  const { [annotations.lastApplied]: __, ...kept } = annotationsOf(base);
  return {
    ...rest,
    metadata: {
      name,
      namespace: namespaceOf(rollout),
      ...(base.metadata.labels === undefined ? {} : { labels: base.metadata.labels }),
      ...(Object.keys(kept).length === 0 ? {} : { annotations: kept }),
      ownerReferences: [ownerReference(rollout)],
    },
  };
}

/** Changes the rules that the Rollout names; without names, the one that is named as the route. */
function mapRules(rollout: Rollout, route: KubeObject, change: (rule: Fields) => Fields): KubeObject {
  const { name = '', rules = [name] } = routingOf(rollout).apisix?.route ?? {};
  const http = fieldAt(route, 'spec', 'http');
  if (!Array.isArray(http)) throw new RoutingProblem('spec.http was not found in Apisix Route manifest');
  const next = [...(http as readonly unknown[])];
  for (const ruleName of rules) {
    const at = next.findIndex((rule) => fieldAt(rule, 'name') === ruleName);
    const rule = next[at];
    if (!isFields(rule)) throw new RoutingProblem(`Apisix http route rule ${ruleName} not found`);
    next[at] = change(rule);
  }
  return withField(route, ['spec', 'http'], next);
}

function backendsOf(rule: Fields): readonly Fields[] {
  const { backends } = rule;
  if (!Array.isArray(backends) || !backends.every(isFields)) throw new RoutingProblem('Apisix http route backends not found');
  return backends;
}

function withWeight(backends: readonly Fields[], service: string, weight: number): readonly Fields[] {
  const at = backends.findIndex(({ serviceName }) => serviceName === service);
  if (at < 0) throw new RoutingProblem(`apisix route ${service} backend was not found`);
  return backends.map((backend, index) => (index === at ? { ...backend, weight } : backend));
}
