/**
 * AWS App Mesh: weights in the routes of a VirtualRouter, pods of each version behind a VirtualNode.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/appmesh/appmesh.go
 */
import { annotations, type FieldError, formatFieldError, type KubeObject, labels, type ResourceType, type Rollout } from '@sluice/api';
import { type ObjectRef, objectKey, type TrafficRouter } from '@sluice/engine';
import { type Draft, drafted, notFoundText, RoutingProblem, warning } from '../draft.ts';
import { type Fields, fieldAt, isFields, isSame, listOf, textOf, withAnnotations, withField } from '../fields.ts';
import { nameOf, namespaceOf, routingOf } from '../rollout.ts';

const virtualServicePath = 'spec.strategy.canary.trafficRouting.appmesh.virtualService';
const routeTypes = ['httpRoute', 'tcpRoute', 'http2Route', 'grpcRoute'] as const;

/** @param version - of `appmesh.k8s.aws` */
export function appMeshRouter(version: string): TrafficRouter {
  const type = (kind: string, resource: string): ResourceType => ({ group: 'appmesh.k8s.aws', version, kind, resource, namespaced: true });
  const types = {
    service: type('VirtualService', 'virtualservices'),
    router: type('VirtualRouter', 'virtualrouters'),
    node: type('VirtualNode', 'virtualnodes'),
  };
  const serviceRef = (rollout: Rollout): ObjectRef | undefined => {
    const name = routingOf(rollout).appMesh?.virtualService?.name;
    return name === undefined ? undefined : { type: types.service, namespace: namespaceOf(rollout), name };
  };
  const routerRef = (service: KubeObject | undefined, ref: ObjectRef): ObjectRef | undefined => {
    const router = fieldAt(service, 'spec', 'provider', 'virtualRouter', 'virtualRouterRef');
    const name = textOf(fieldAt(router, 'name'));
    return name === '' ? undefined : { type: types.router, namespace: textOf(fieldAt(router, 'namespace')) || ref.namespace, name };
  };
  const nodeRef = (rollout: Rollout, node: 'canary' | 'stable'): ObjectRef | undefined => {
    const { canaryVirtualNodeRef, stableVirtualNodeRef } = routingOf(rollout).appMesh?.virtualNodeGroup ?? {};
    const name = (node === 'canary' ? canaryVirtualNodeRef : stableVirtualNodeRef)?.name;
    return name === undefined ? undefined : { type: types.node, namespace: namespaceOf(rollout), name };
  };
  const updateNode = (draft: Draft, node: 'canary' | 'stable', hash: string): void => {
    const ref = nodeRef(draft.view.rollout, node);
    if (ref === undefined) throw new RoutingProblem(`the virtual node group names no ${node} virtual node`);
    const object = draft.find(ref);
    if (object === undefined)
      throw new RoutingProblem(
        'Virtual-node is missing',
        warning('VirtualNodeNotFound', `VirtualNode \`${ref.name}\` not found in namespace \`${ref.namespace}\``),
      );
    const selector = fieldAt(object, 'spec', 'podSelector');
    if (selector !== undefined && (!isFields(selector) || !isFields(selector.matchLabels ?? {})))
      throw new RoutingProblem(`virtual node ${JSON.stringify(ref.name)}: spec.podSelector.matchLabels is not a map`);
    const managed = withAnnotations(object, { [annotations.managedBy]: nameOf(draft.view.rollout) });
    draft.write(ref, withField(managed, ['spec', 'podSelector', 'matchLabels', labels.podTemplateHash], hash));
  };

  return {
    name: 'AppMesh',
    field: 'appMesh',
    isUsedBy: (rollout) => routingOf(rollout).appMesh !== undefined,
    references(rollout, objects) {
      const service = serviceRef(rollout);
      const router = service === undefined ? undefined : routerRef(objects.get(objectKey(service)), service);
      return [service, router, nodeRef(rollout, 'stable'), nodeRef(rollout, 'canary')].filter((ref) => ref !== undefined);
    },
    validate(rollout, objects) {
      const ref = serviceRef(rollout);
      if (ref === undefined) return { path: virtualServicePath, type: 'Invalid', value: 'null', detail: 'must provide virtual-service' };
      const service = objects.get(objectKey(ref));
      const missing = (detail: string): FieldError => ({
        path: virtualServicePath,
        type: 'Invalid',
        value: `${ref.name}.${ref.namespace}`,
        detail,
      });
      if (service === undefined) return missing(notFoundText(ref));
      const router = routerRef(service, ref);
      if (router === undefined) return missing('Virtual-service is not associated with virtual-router');
      const object = objects.get(objectKey(router));
      return object === undefined ? missing(notFoundText(router)) : routesProblem(object);
    },
    updateHash: (view, canaryHash, stableHash) =>
      drafted(view, (draft) => {
        const stable = stableHash === '' ? 'stable-hash' : stableHash;
        // Two nodes with one selector are refused by App Mesh, so the canary node then selects nothing.
        const canary = canaryHash === '' || canaryHash === stable ? 'canary-hash' : canaryHash;
        updateNode(draft, 'stable', stable);
        updateNode(draft, 'canary', canary);
      }),
    setWeight: (view, weight) =>
      drafted(view, (draft) => {
        const ref = serviceRef(view.rollout);
        const service = ref === undefined ? undefined : draft.find(ref);
        if (ref === undefined || service === undefined) {
          const text = `VirtualService \`${ref?.name ?? ''}\` not found in namespace \`${namespaceOf(view.rollout)}\``;
          throw new RoutingProblem('Virtual-service is missing', warning('VirtualServiceNotFound', text));
        }
        const router = routerRef(service, ref);
        if (router === undefined) throw new RoutingProblem('Virtual-service is not associated with virtual-router');
        const object = draft.find(router);
        if (object === undefined) {
          const text = `VirtualRouter for \`${ref.name}\` not found in namespace \`${ref.namespace}\``;
          throw new RoutingProblem('Virtual-router is missing', warning('VirtualRouterNotFound', text));
        }
        draft.write(router, weighRouter(view.rollout, object, weight));
      }),
  };
}

function weighRouter(rollout: Rollout, router: KubeObject, weight: number): KubeObject {
  const malformed = (path: string, detail = 'not well-formed'): RoutingProblem =>
    new RoutingProblem(formatFieldError({ path, type: 'Invalid', value: router.metadata.name ?? '', detail }));
  const routes = listOf(fieldAt(router, 'spec', 'routes'));
  if (routes === undefined) throw malformed('spec.routes', 'No routes found');
  const wanted = routingOf(rollout).appMesh?.virtualService?.routes ?? [];
  const next = routes.map((route, at) => {
    const path = `spec.routes[${at}]`;
    if (!isFields(route)) throw malformed(path);
    if (typeof route.name !== 'string') throw malformed(`${path}.name`);
    if (wanted.length > 0 && !wanted.includes(route.name)) return route;
    const routeType = routeTypes.find((name) => isFields(route[name]));
    if (routeType === undefined) throw malformed(path);
    const targetsPath = `${path}.${routeType}.action.weightedTargets`;
    const targets = listOf(fieldAt(route, routeType, 'action', 'weightedTargets'));
    if (targets === undefined) throw malformed(targetsPath);
    const weighed = targets.map((target, index) => {
      const targetPath = `${targetsPath}[${index}]`;
      if (!isFields(target)) throw malformed(targetPath);
      if (!isFields(target.virtualNodeRef)) throw malformed(`${targetPath}.virtualNodeRef`);
      if (typeof target.weight !== 'number') throw malformed(`${targetPath}.weight`);
      const share = shareOf(rollout, target.virtualNodeRef, weight);
      return share === undefined ? target : { ...target, weight: share };
    });
    return withField(route, [routeType, 'action', 'weightedTargets'], weighed);
  });
  return isSame(next, routes) ? router : withField(router, ['spec', 'routes'], next);
}

function shareOf(rollout: Rollout, node: Fields, weight: number): number | undefined {
  const { canaryVirtualNodeRef, stableVirtualNodeRef } = routingOf(rollout).appMesh?.virtualNodeGroup ?? {};
  if ((textOf(node.namespace) || namespaceOf(rollout)) !== namespaceOf(rollout)) return undefined;
  if (node.name === stableVirtualNodeRef?.name) return 100 - weight;
  return node.name === canaryVirtualNodeRef?.name ? weight : undefined;
}

function routesProblem(router: KubeObject): FieldError | undefined {
  const name = router.metadata.name ?? '';
  const invalid = (path: string, detail: string): FieldError => ({ path, type: 'Invalid', value: name, detail });
  const routes = listOf(fieldAt(router, 'spec', 'routes')) ?? [];
  if (routes.length === 0) return invalid('spec.routes', `No routes defined for AppMesh virtual-router ${name}`);
  for (const [at, route] of routes.entries()) {
    const path = `spec.routes[${at}]`;
    if (!isFields(route)) return invalid(path, `Invalid route was found for AppMesh virtual-router ${name} at index ${at}`);
    const where = `AppMesh virtual-router ${name} and route ${textOf(route.name)}`;
    const routeType = routeTypes.find((candidate) => isFields(route[candidate]));
    if (routeType === undefined) return invalid(path, `Error getting route details for ${where}. Error: Route has unsupported route type`);
    const targets = listOf(fieldAt(route, routeType, 'action', 'weightedTargets'));
    const targetsPath = `${path}.${routeType}.action.weightedTargets`;
    if (targets === undefined) return invalid(targetsPath, `Invalid route action found for ${where}`);
    if (targets.length !== 2) return invalid(targetsPath, `Invalid number of weightedTargets (${targets.length}) for ${where}, expected 2`);
  }
  return undefined;
}
