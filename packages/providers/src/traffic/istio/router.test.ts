import type { KubeObject, ReplicaSet, Rollout, TrafficRouting } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fields, fieldAt, withField } from '../fields.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, type Call, routedRollout, World } from '../testing/world.ts';
import { istioRouter } from './router.ts';

const router = istioRouter('v1alpha3');
const api = 'networking.istio.io/v1alpha3';
const to = (host: string, weight: number, more: object = {}): Fields => ({ destination: { host }, weight, ...more });
const toSubset = (subset: string, weight: number): Fields => ({ destination: { host: 'web', subset }, weight });
const virtualService = (name: string, spec: object): KubeObject =>
  applied(api, 'VirtualService', name, { hosts: ['web.example'], gateways: ['mesh'], ...spec });
const setWeight = (weight: number, targets: Extract<Call, { kind: 'SetWeight' }>['targets'] = []): Call => ({
  kind: 'SetWeight',
  weight,
  targets,
});
const managed: Call[] = [
  {
    kind: 'SetHeaderRoute',
    route: {
      name: 'hdr',
      match: [
        { headerName: 'x-canary', headerValue: { exact: 'yes' } },
        { headerName: 'agent', headerValue: { prefix: 'Fire' } },
      ],
    },
  },
  {
    kind: 'SetMirrorRoute',
    route: { name: 'copy', percentage: 35, match: [{ method: { exact: 'GET' }, path: { prefix: '/' }, headers: { a: { regex: '.*' } } }] },
  },
  setWeight(20),
  { kind: 'SetHeaderRoute', route: { name: 'hdr' } },
  { kind: 'SetHeaderRoute', route: { name: 'hdr', match: [{ headerName: 'a', headerValue: { regex: 'b+' } }] } },
  { kind: 'RemoveManagedRoutes' },
];
const managedRoutes = [{ name: 'copy' }, { name: 'hdr' }];
const splits = (object: KubeObject): number[][] =>
  ['http', 'tls', 'tcp'].flatMap((kind) =>
    ((fieldAt(object, 'spec', kind) ?? []) as Fields[])
      .filter(({ name }) => name !== 'hdr' && name !== 'other')
      .map(({ route }) => (route as Fields[]).map(({ weight }) => Number(weight ?? 0))),
  );
/** Everything but routes and subsets; of a route of nobody's, everything. */
const others = (object: KubeObject): unknown => {
  const bare = ['http', 'tls', 'tcp', 'subsets'].reduce((left, kind) => withField(left, ['spec', kind], undefined), object);
  const untouched = ((fieldAt(object, 'spec', 'http') ?? []) as Fields[]).filter(({ name }) => name === 'other');
  return { bare: withField(bare, ['metadata', 'annotations'], undefined), untouched };
};

routerConformance({
  title: 'Istio by hosts',
  router,
  rollout: routedRollout({ istio: { virtualService: { name: 'web', routes: ['primary'] } }, managedRoutes }),
  objects: [
    virtualService('web', {
      http: [
        {
          name: 'primary',
          timeout: '5s',
          route: [to('web-stable.shop.svc.cluster.local', 100, { headers: { set: 1 } }), to('web-canary', 0)],
        },
        { name: 'other', route: [to('elsewhere', 100)] },
      ],
      tls: [{ match: [{ port: 443, sniHosts: ['web.example'] }], route: [to('web-stable', 100), to('web-canary', 0)] }],
    }),
  ],
  golden: 'istio-hosts',
  takesTargets: true,
  missing: 'virtualservices.networking.istio.io "web" not found',
  reads: ['VirtualService'],
  weights: (world) => splits(world.object('VirtualService')),
  others,
  calls: managed,
});

routerConformance({
  title: 'Istio by subsets',
  router,
  rollout: routedRollout(
    {
      istio: {
        virtualServices: [{ name: 'web' }, { name: 'tcp.edge', tcpRoutes: [{ port: 3000 }] }],
        destinationRule: { name: 'web', canarySubsetName: 'canary', stableSubsetName: 'stable', additionalSubsetNames: ['pinned'] },
      },
      managedRoutes,
    },
    { canaryService: '', stableService: '' },
  ),
  objects: [
    virtualService('web', { http: [{ route: [toSubset('stable', 90), toSubset('canary', 0), toSubset('pinned', 10)] }] }),
    {
      ...virtualService('tcp', {
        tcp: [{ match: [{ port: 3000 }], route: [toSubset('stable', 100), toSubset('canary', 0)] }],
        http: [{ name: 'h', route: [toSubset('stable', 100), toSubset('canary', 0)] }],
      }),
      metadata: { name: 'tcp', namespace: 'edge' },
    },
    applied(api, 'DestinationRule', 'web', {
      host: 'web',
      trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } },
      subsets: [
        { name: 'stable', labels: { app: 'web' }, trafficPolicy: {} },
        { name: 'canary' },
        { name: 'pinned', labels: { version: '1' } },
      ],
    }),
  ],
  golden: 'istio-subsets',
  weightMax: 90,
  takesTargets: false,
  missing: 'virtualservices.networking.istio.io "web" not found',
  reads: ['VirtualService'],
  weights: (world) => [...splits(world.object('VirtualService', 'web')), ...splits(world.object('VirtualService', 'tcp'))],
  others,
  calls: managed,
});

const both = [to('web-stable', 100), to('web-canary', 0)];

describe('what Istio refuses, in upstream words', () => {
  const rows: readonly [string, TrafficRouting['istio'], object, string][] = [
    [
      'no virtual service named',
      {},
      {},
      'spec.strategy.canary.trafficRouting.istio Internal either VirtualService or VirtualServices must be configured',
    ],
    [
      'both forms',
      { virtualService: { name: 'web' }, virtualServices: [{ name: 'web' }] },
      {},
      'spec.strategy.canary.trafficRouting.istio Internal either VirtualService or VirtualServices must be configured',
    ],
    ['nothing there', { virtualService: { name: 'nope' } }, {}, 'virtualService.name virtualservices.networking.istio.io "nope" not found'],
    [
      'no routes',
      { virtualServices: [{ name: 'web' }] },
      {},
      'virtualServices.name Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService',
    ],
    [
      'unknown route',
      { virtualService: { name: 'web', routes: ['x'] } },
      { http: [{ name: 'primary', route: both }] },
      "virtualService.name Istio VirtualService has invalid HTTP routes. Error: HTTP Route 'x' is not found in the defined Virtual Service.",
    ],
    [
      'two routes, none named',
      { virtualService: { name: 'web' } },
      {
        http: [
          { name: 'a', route: both },
          { name: 'b', route: both },
        ],
      },
      'virtualService.name Istio VirtualService has invalid HTTP routes. Error: spec.http[] should be set in VirtualService and it must have exactly one route when omitting spec.strategy.canary.trafficRouting.istio.virtualService.routes',
    ],
    [
      'no canary',
      { virtualService: { name: 'web' } },
      { http: [{ route: [to('web-stable', 100)] }] },
      "virtualService.name Istio VirtualService has invalid HTTP routes. Error: Canary Service 'web-canary' not found in route",
    ],
    [
      'no stable',
      { virtualService: { name: 'web' } },
      { tcp: [{ route: [to('web-canary', 100)] }] },
      "virtualService.name Istio VirtualService has invalid TCP routes. Error: Stable Service 'web-stable' not found in route",
    ],
    [
      'no such subset',
      { virtualService: { name: 'web' }, destinationRule: { name: 'web', canarySubsetName: 'c', stableSubsetName: 's' } },
      { http: [{ route: [toSubset('s', 100)] }] },
      "virtualService.name Istio VirtualService has invalid HTTP routes. Error: Canary DestinationRule subset 'c' not found in route",
    ],
    [
      'other hosts',
      { virtualService: { name: 'web', tlsRoutes: [{ port: 443, sniHosts: ['a', 'b'] }] } },
      { tls: [{ match: [{ port: 443, sniHosts: ['a'] }], route: both }] },
      'virtualService.name Istio VirtualService has invalid TLS routes. Error: No matching TLS routes found in the defined Virtual Service.',
    ],
    [
      'two ports',
      { virtualService: { name: 'web', tcpRoutes: [{ port: 1 }] } },
      { tcp: [{ match: [{ port: 1 }, { port: 2 }], route: both }] },
      'virtualService.name Istio VirtualService has invalid TCP routes. Error: No matching TCP routes found in the defined Virtual Service.',
    ],
  ];
  it.each(rows)('%s', (_, istio, spec, expected) => {
    const rollout = routedRollout({ ...(istio === undefined ? {} : { istio }) });
    const world = new World(router, rollout, [virtualService('web', spec)]);
    const error = router.validate(rollout, world.objects);
    const path = error?.path.replace('spec.strategy.canary.trafficRouting.istio.', '');
    expect(`${path} ${error?.type === 'Internal' ? 'Internal ' : ''}${error?.detail}`).toBe(expected);
  });
});

describe('a VirtualService', () => {
  it.each([
    ['web', 'shop/web'],
    ['web.edge', 'edge/web'],
    ['web.eu.edge', 'edge/web.eu'],
    ['web.edge.cluster.local', 'edge/web'],
    ['web.cluster.local', 'shop/web'],
  ])('named %s is %s', (name, expected) => {
    const rollout = routedRollout({ istio: { virtualService: { name } } });
    expect(router.references(rollout, new Map()).map((ref) => `${ref.namespace}/${ref.name}`)).toEqual([expected]);
  });

  it('loses destinations of nobody that carry traffic, and keeps those that carry none', () => {
    const rollout = routedRollout({ istio: { virtualService: { name: 'web' } } });
    const route = [to('old', 40), to('web-stable', 60), to('web-canary', 0), to('idle', 0)];
    const world = new World(router, rollout, [virtualService('web', { http: [{ route }] })]);
    world.act(setWeight(10, [{ weight: 5, serviceName: 'exp', podTemplateHash: 'x' }]));
    expect(fieldAt(world.object('VirtualService'), 'spec', 'http')).toEqual([
      { route: [to('web-stable', 85), to('web-canary', 10), to('idle', 0), to('exp', 5)] },
    ]);
  });

  it('takes the ping-pong pair only where no other services are named', () => {
    const istio = { virtualService: { name: 'web' } };
    const pingPong = { pingService: 'ping', pongService: 'pong' };
    const route = [to('ping', 100), to('pong', 0)];
    const rollout = routedRollout({ istio }, { stableService: '', canaryService: '', pingPong }, { canary: { stablePingPong: 'ping' } });
    const world = new World(router, rollout, [virtualService('web', { http: [{ route }] })]);
    world.act(setWeight(25));
    expect(splits(world.object('VirtualService'))).toEqual([[75, 25]]);
    world.rollout = { ...rollout, status: { canary: { stablePingPong: 'pong' } } };
    world.act(setWeight(25));
    expect(splits(world.object('VirtualService'))).toEqual([[25, 75]]);
  });

  it('weighs the only route that no step has put in, though it has a name', () => {
    const rollout = routedRollout({ istio: { virtualService: { name: 'web' } }, managedRoutes: [{ name: 'hdr' }] });
    const world = new World(router, rollout, [
      virtualService('web', {
        http: [
          { name: 'hdr', route: [to('web-canary', 100)] },
          { name: 'p', route: both },
        ],
      }),
    ]);
    world.act(setWeight(30));
    expect(fieldAt(world.object('VirtualService'), 'spec', 'http')).toEqual([
      { name: 'hdr', route: [to('web-canary', 100)] },
      { name: 'p', route: [to('web-stable', 70), to('web-canary', 30)] },
    ]);
  });

  it('passes the port of the weighted route on to the routes of steps', () => {
    const rollout = routedRollout({ istio: { virtualService: { name: 'web' } }, managedRoutes });
    const port = { number: 8080 };
    const route = ['web-stable', 'web-canary'].map((host, at) => ({ destination: { host, port }, weight: at === 0 ? 100 : 0 }));
    const world = new World(router, rollout, [virtualService('web', { http: [{ route }] })]);
    world.act({ kind: 'SetHeaderRoute', route: { name: 'hdr', match: [{ headerName: 'a', headerValue: { exact: 'b' } }] } });
    world.act({ kind: 'SetMirrorRoute', route: { name: 'copy', match: [{ path: { exact: '/' } }] } });
    expect(fieldAt(world.object('VirtualService'), 'spec', 'http')).toEqual([
      { name: 'copy', match: [{ uri: { exact: '/' } }], route, mirror: { host: 'web-canary', port }, mirrorPercentage: { value: 100 } },
      { name: 'hdr', match: [{ headers: { a: { exact: 'b' } } }], route: [{ weight: 100, destination: { host: 'web-canary', port } }] },
      { route },
    ]);
  });

  it('without HTTP routes takes no header route, and has none to lose', () => {
    const rollout = routedRollout({ istio: { virtualService: { name: 'web' } }, managedRoutes });
    const world = new World(router, rollout, [virtualService('web', { tls: [{ route: both }] })]);
    const step = { name: 'hdr', match: [{ headerName: 'a', headerValue: { exact: 'b' } }] };
    expect(world.ask({ kind: 'SetHeaderRoute', route: step })).toMatchObject({ ok: false, problem: 'spec.http not found' });
    expect(world.act({ kind: 'RemoveManagedRoutes' }).changed).toEqual([]);
  });

  it('adds up for any destinations of additional subsets', () => {
    const rule = { name: 'web', canarySubsetName: 'c', stableSubsetName: 's', additionalSubsetNames: ['x', 'y'] };
    const rollout = routedRollout({ istio: { virtualService: { name: 'web' }, destinationRule: rule } });
    const part = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(part, part, fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 100 }), (x, y, weight, before) => {
        const route = [toSubset('x', x), toSubset('s', before), toSubset('y', y), toSubset('c', 100 - before), toSubset('gone', before)];
        const world = new World(router, rollout, [virtualService('web', { http: [{ route }] })]);
        world.act(setWeight(weight));
        const [split = []] = splits(world.object('VirtualService'));
        expect(split.reduce((total, share) => total + share, 0)).toBe(100);
        expect(split[0]).toBe(x);
      }),
    );
  });
});

describe('a DestinationRule', () => {
  const set = (name: string, hash: string, replicas: number, availableReplicas: number): ReplicaSet =>
    ({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name, labels: { 'rollouts-pod-template-hash': hash } },
      spec: { replicas },
      status: { availableReplicas },
    }) as ReplicaSet;
  const rule = { name: 'web', canarySubsetName: 'c', stableSubsetName: 's' };
  const rollout = (canary: object = {}, status: Rollout['status'] = {}): Rollout =>
    routedRollout(
      { istio: { virtualService: { name: 'web' }, destinationRule: rule } },
      { canaryService: '', stableService: '', ...canary },
      status,
    );
  const object = applied(api, 'DestinationRule', 'web', { host: 'web', subsets: [{ name: 's' }, { name: 'c' }] });
  const problemOf = (of: Rollout, sets: readonly ReplicaSet[]): string | undefined => {
    const world = new World(router, of, [object]);
    world.replicaSets = sets;
    const outcome = world.ask({ kind: 'UpdateHash', canary: 'new', stable: 'old', targets: [] });
    return outcome.ok ? undefined : outcome.problem;
  };
  const delayed = (name: string): string => `delaying destination rule switch: ReplicaSet ${name} not fully available`;

  it.each<[string, Rollout, readonly ReplicaSet[], string | undefined]>([
    ['waits for the canary', rollout(), [set('web-old', 'old', 4, 4), set('web-new', 'new', 2, 1)], delayed('web-new')],
    ['waits for the stable version', rollout(), [set('web-old', 'old', 4, 3), set('web-new', 'new', 2, 2)], delayed('web-old')],
    ['waits for no set of size 0', rollout(), [set('web-old', 'old', 4, 4), set('web-new', 'new', 0, 0)], undefined],
    ['waits for no other set', rollout(), [set('web-older', 'older', 4, 0)], undefined],
    ['does not wait where services are named', rollout({ canaryService: 'x' }), [set('web-new', 'new', 2, 1)], undefined],
    ['does not wait for the canary of an abort', rollout({}, { abort: true }), [set('web-new', 'new', 2, 1)], undefined],
    ['waits for the stable version of an abort', rollout({}, { abort: true }), [set('web-old', 'old', 2, 1)], delayed('web-old')],
    [
      'does not wait while a dynamic rollback comes back up',
      rollout(
        { dynamicStableScale: true },
        {
          stableRS: 'old',
          currentPodHash: 'old',
          canary: { weights: { canary: { weight: 5, podTemplateHash: 'new' }, stable: { weight: 95 } } },
        },
      ),
      [set('web-old', 'old', 0, 0), set('web-new', 'new', 2, 1)],
      undefined,
    ],
  ])('%s', (_, of, sets, expected) => {
    expect(problemOf(of, sets)).toBe(expected);
  });

  it('is given back once its Rollout refers to it no more', () => {
    const world = new World(router, rollout(), [object]);
    world.act({ kind: 'UpdateHash', canary: 'new', stable: 'old', targets: [] });
    const owned = world.object('DestinationRule');
    expect(router.referencedHashes?.(world.rollout, world.objects)).toEqual(['old', 'new']);
    expect(router.clean?.(owned, (name) => name === 'web')).toBeUndefined();
    expect(router.clean?.(owned, () => false)).toEqual(object);
    expect(router.clean?.(object, () => false)).toBeUndefined();
  });

  it('that is missing is told', () => {
    const outcome = new World(router, rollout(), []).ask({ kind: 'UpdateHash', canary: 'new', stable: 'old', targets: [] });
    expect(outcome).toEqual({
      ok: false,
      problem: 'destinationrules.networking.istio.io "web" not found',
      notes: [{ type: 'Warning', reason: 'DestinationRuleNotFound', message: 'DestinationRule `web` not found' }],
    });
  });
});
