import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { type Fields, fieldAt, withField } from '../fields.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, routedRollout, World } from '../testing/world.ts';
import { appMeshRouter } from './router.ts';

const router = appMeshRouter('v1beta2');
const api = 'appmesh.k8s.aws/v1beta2';
const nodes = { canaryVirtualNodeRef: { name: 'web-canary' }, stableVirtualNodeRef: { name: 'web-stable' } };
const rollout = routedRollout({ appMesh: { virtualService: { name: 'web', routes: ['main', 'rpc'] }, virtualNodeGroup: nodes } });
const target = (name: string, weight: unknown, namespace?: string): Fields => ({
  virtualNodeRef: { name, ...(namespace === undefined ? {} : { namespace }) },
  weight,
});
const route = (name: string, type = 'httpRoute', targets: unknown = [target('web-stable', 100), target('web-canary', 0)]): Fields => ({
  name,
  [type]: { match: { prefix: '/' }, action: { weightedTargets: targets } },
});
const service = applied(api, 'VirtualService', 'web', { provider: { virtualRouter: { virtualRouterRef: { name: 'web-router' } } } });
const virtualRouter = (routes: unknown): KubeObject => applied(api, 'VirtualRouter', 'web-router', { listeners: [{}], routes });
const node = (name: string): KubeObject =>
  applied(api, 'VirtualNode', name, { podSelector: { matchLabels: { app: 'web' } }, listeners: [{}] }, { annotations: { a: 'b' } });

routerConformance({
  title: 'App Mesh',
  router,
  rollout,
  objects: [service, virtualRouter([route('main'), route('rpc', 'grpcRoute'), route('untouched')]), node('web-stable'), node('web-canary')],
  golden: 'app-mesh',
  takesTargets: false,
  missing: 'Virtual-service is missing',
  reads: ['VirtualService', 'VirtualRouter'],
  weights: (world) =>
    (fieldAt(world.object('VirtualRouter'), 'spec', 'routes') as Fields[]).map((item) =>
      ((fieldAt(item.httpRoute ?? item.grpcRoute, 'action', 'weightedTargets') ?? []) as Fields[]).map(({ weight }) => Number(weight)),
    ),
  others: (object) => {
    const routes = (fieldAt(object, 'spec', 'routes') ?? []) as Fields[];
    const selector = withField(object, ['spec', 'podSelector', 'matchLabels', 'rollouts-pod-template-hash'], undefined);
    const unmanaged = withField(selector, ['metadata', 'annotations', 'argo-rollouts.argoproj.io/managed-by-rollouts'], undefined);
    return [withField(unmanaged, ['spec', 'routes'], undefined), routes.filter(({ name }) => name === 'untouched')];
  },
});

describe('App Mesh', () => {
  const call = { kind: 'SetWeight', weight: 10, targets: [] } as const;

  it.each<[string, readonly KubeObject[], string, string | undefined]>([
    ['no service', [], 'Virtual-service is missing', 'VirtualServiceNotFound'],
    ['no router', [service], 'Virtual-router is missing', 'VirtualRouterNotFound'],
    ['no reference', [{ ...service, spec: {} }], 'Virtual-service is not associated with virtual-router', undefined],
    ['no routes', [service, virtualRouter(undefined)], 'spec.routes: Invalid value: "web-router": No routes found', undefined],
    [
      'a weight that is text',
      [service, virtualRouter([route('main', 'tcpRoute', [target('web-stable', '5')])])],
      'spec.routes[0].tcpRoute.action.weightedTargets[0].weight: Invalid value: "web-router": not well-formed',
      undefined,
    ],
  ])('refuses %s', (_, objects, problem, reason) => {
    const outcome = new World(router, rollout, objects).ask(call);
    expect(outcome).toMatchObject({ ok: false, problem });
    expect(outcome.notes[0]?.reason).toBe(reason);
  });

  it.each<[string, unknown, string, string]>([
    ['none', [], 'spec.routes', 'No routes defined for AppMesh virtual-router web-router'],
    ['no route', [5], 'spec.routes[0]', 'Invalid route was found for AppMesh virtual-router web-router at index 0'],
    [
      'a type that cannot be split',
      [{ name: 'x' }],
      'spec.routes[0]',
      'Error getting route details for AppMesh virtual-router web-router and route x. Error: Route has unsupported route type',
    ],
    [
      'no action',
      [{ name: 'x', httpRoute: {} }],
      'spec.routes[0].httpRoute.action.weightedTargets',
      'Invalid route action found for AppMesh virtual-router web-router and route x',
    ],
    [
      'three targets',
      [route('x', 'httpRoute', [1, 2, 3])],
      'spec.routes[0].httpRoute.action.weightedTargets',
      'Invalid number of weightedTargets (3) for AppMesh virtual-router web-router and route x, expected 2',
    ],
  ])('finds routes invalid: %s', (_, routes, path, detail) => {
    const world = new World(router, rollout, [service, virtualRouter(routes)]);
    expect(router.validate(rollout, world.objects)).toMatchObject({ path, detail });
  });

  it('finds references invalid', () => {
    const path = 'spec.strategy.canary.trafficRouting.appmesh.virtualService';
    expect(router.validate(routedRollout({ appMesh: {} }), new Map())).toMatchObject({ path, detail: 'must provide virtual-service' });
    expect(router.validate(rollout, new Map())).toMatchObject({
      path,
      value: 'web.shop',
      detail: 'virtualservices.appmesh.k8s.aws "web" not found',
    });
  });

  it('weighs nodes of its own namespace only', () => {
    const targets = [target('web-stable', 100, 'elsewhere'), target('web-canary', 0, 'shop')];
    const world = new World(router, rollout, [service, virtualRouter([route('main', 'http2Route', targets)])]);
    world.act(call);
    expect(
      fieldAt((fieldAt(world.object('VirtualRouter'), 'spec', 'routes') as Fields[])[0], 'http2Route', 'action', 'weightedTargets'),
    ).toEqual([target('web-stable', 100, 'elsewhere'), target('web-canary', 10, 'shop')]);
  });

  it('never gives two nodes one selector', () => {
    const hashes = (canary: string, stable: string): unknown[] => {
      const world = new World(router, rollout, [node('web-stable'), node('web-canary')]);
      world.act({ kind: 'UpdateHash', canary, stable, targets: [] });
      return ['web-canary', 'web-stable'].map((name) =>
        fieldAt(world.object('VirtualNode', name), 'spec', 'podSelector', 'matchLabels', 'rollouts-pod-template-hash'),
      );
    };
    expect(hashes('new', 'old')).toEqual(['new', 'old']);
    expect(hashes('old', 'old')).toEqual(['canary-hash', 'old']);
    expect(hashes('', '')).toEqual(['canary-hash', 'stable-hash']);
  });

  it('misses a node', () => {
    const outcome = new World(router, rollout, []).ask({ kind: 'UpdateHash', canary: 'a', stable: 'b', targets: [] });
    expect(outcome).toMatchObject({
      problem: 'Virtual-node is missing',
      notes: [{ message: 'VirtualNode `web-stable` not found in namespace `shop`' }],
    });
  });
});
