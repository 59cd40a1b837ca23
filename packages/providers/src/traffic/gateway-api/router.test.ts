import type { KubeObject, Rollout } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { type Fields, fieldAt, withField } from '../fields.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, type Call, routedRollout, World } from '../testing/world.ts';
import { gatewayApiRouter } from './router.ts';

const router = gatewayApiRouter({ http: 'v1', grpc: 'v1', tcp: 'v1alpha2', tls: 'v1alpha2' });
const backend = (name: string, weight?: number): Fields => ({
  name,
  kind: 'Service',
  port: 80,
  ...(weight === undefined ? {} : { weight }),
});
const both = [backend('web-stable', 100), backend('web-canary', 0)];
const match = (value: string, more: object = {}): Fields => ({ path: { type: 'PathPrefix', value }, ...more });
const rule = (value: string, more: object = {}): Fields => ({ matches: [match(value)], backendRefs: both, ...more });
const route = (kind: string, name: string, rules: unknown, metadata: object = {}): KubeObject =>
  applied('gateway.networking.k8s.io/v1', kind, name, { parentRefs: [{ name: 'gate' }], rules }, metadata);
const routed = (config: unknown, more: object = {}, canary: object = {}, status: Rollout['status'] = {}): Rollout =>
  routedRollout(
    { plugins: { 'argoproj-labs/gatewayAPI': config }, managedRoutes: [{ name: 'hdr' }, { name: 'copy' }], ...more },
    canary,
    status,
  );
const setWeight = (weight: number, targets: Extract<Call, { kind: 'SetWeight' }>['targets'] = []): Call => ({
  kind: 'SetWeight',
  weight,
  targets,
});
const header: Call = {
  kind: 'SetHeaderRoute',
  route: {
    name: 'hdr',
    match: [
      { headerName: 'X-Canary', headerValue: { exact: 'yes' } },
      { headerName: 'Agent', headerValue: { prefix: 'Fire' } },
    ],
  },
};
const mirror: Call = {
  kind: 'SetMirrorRoute',
  route: { name: 'copy', percentage: 35, match: [{ method: { exact: 'GET' }, path: { prefix: '/' }, headers: { a: { regex: 'b+' } } }] },
};
const rulesIn = (object: KubeObject): Fields[] => fieldAt(object, 'spec', 'rules') as Fields[];
const weightsIn = (object: KubeObject): number[][] =>
  rulesIn(object)
    .filter(({ name }) => !String(name ?? '').startsWith('hdr'))
    .map(({ backendRefs }) => (backendRefs as Fields[]).map(({ weight }) => Number(weight)));

routerConformance({
  title: 'Gateway API',
  router,
  rollout: routed({
    namespace: 'shop',
    httpRoute: 'web',
    grpcRoutes: [{ name: 'rpc', useHeaderRoutes: true }],
    tcpRoutes: [{ name: 'raw' }],
    tlsRoute: 'secure',
  }),
  objects: [
    route(
      'HTTPRoute',
      'web',
      [rule('/a', { filters: [{ type: 'ResponseHeaderModifier' }] }), rule('/b', { timeouts: { request: '5s' } })],
      { labels: { team: 'shop' } },
    ),
    route('GRPCRoute', 'rpc', [{ matches: [{ method: { service: 'Shop' } }], backendRefs: both }]),
    route('TCPRoute', 'raw', [{ backendRefs: both }]),
    route('TLSRoute', 'secure', [{ backendRefs: both }]),
  ],
  golden: 'gateway-api',
  takesTargets: false,
  missing: 'httproutes.gateway.networking.k8s.io "web" not found',
  reads: ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'],
  weights: (world) => ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute'].flatMap((kind) => weightsIn(world.object(kind))),
  others: (object) => {
    const bare = ['annotations', 'labels'].reduce((left, map) => withField(left, ['metadata', map], undefined), object);
    const own = rulesIn(object).filter(({ name }) => name === undefined);
    return [withField(bare, ['spec', 'rules'], undefined), own.map((item) => withField(item, ['backendRefs'], undefined))];
  },
  calls: [header, mirror, setWeight(20), { kind: 'SetHeaderRoute', route: { name: 'hdr' } }, header, { kind: 'RemoveManagedRoutes' }],
});

routerConformance({
  title: 'Gateway API by labels, to 1000, with experiments',
  router,
  rollout: routed(
    {
      httpRouteSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'old', operator: 'DoesNotExist' }] },
      disableInProgressLabel: true,
    },
    { maxTrafficWeight: 1000 },
    {},
    {
      canary: {
        weights: {
          canary: { weight: 0 },
          stable: { weight: 0 },
          additional: [
            { weight: 5, serviceName: 'web-exp-a' },
            { weight: 5, serviceName: 'web-exp-b' },
          ],
        },
      },
    },
  ),
  objects: [
    route('HTTPRoute', 'a', [rule('/a')], { labels: { app: 'web' } }),
    route('HTTPRoute', 'b', [rule('/b'), { matches: [match('/c')], backendRefs: [backend('api', 1)] }], { labels: { app: 'web', x: 'y' } }),
  ],
  golden: 'gateway-api-selector',
  takesTargets: true,
  missing: "No routes configured. One of 'tcpRoutes', 'httpRoutes', 'tcpRoute' or 'httpRoute' should be set",
  reads: ['HTTPRoute'],
  weights: (world) => ['a', 'b'].flatMap((name) => weightsIn(world.object('HTTPRoute', name)).slice(0, 1)),
  others: (object) => [
    withField(object, ['spec', 'rules'], undefined),
    rulesIn(object).map((item, at) => (at === 1 ? item : withField(item, ['backendRefs'], undefined))),
  ],
  calls: [header, { kind: 'RemoveManagedRoutes' }],
});

describe('a Gateway API route', () => {
  it('gets one header rule for each rule of the Rollout, and none in a route that takes no header routes', () => {
    const rollout = routed({ httpRoutes: [{ name: 'web', useHeaderRoutes: true }, { name: 'plain' }] });
    const world = new World(router, rollout, [
      route('HTTPRoute', 'web', [rule('/a'), rule('/b')]),
      route('HTTPRoute', 'plain', [rule('/')]),
    ]);
    world.act(header);
    const headers = [
      { name: 'X-Canary', type: 'Exact', value: 'yes' },
      { name: 'Agent', type: 'RegularExpression', value: 'Fire.*' },
    ];
    expect(rulesIn(world.object('HTTPRoute', 'web')).slice(2)).toEqual([
      { name: 'hdr', matches: [match('/a', { headers })], backendRefs: [backend('web-canary', 1)] },
      { name: 'hdr-1', matches: [match('/b', { headers })], backendRefs: [backend('web-canary', 1)] },
    ]);
    expect(rulesIn(world.object('HTTPRoute', 'plain'))).toHaveLength(1);
    world.act(setWeight(40));
    expect(
      rulesIn(world.object('HTTPRoute', 'web')).map(({ backendRefs }) => (backendRefs as Fields[]).map(({ weight }) => weight)),
    ).toEqual([[60, 40], [60, 40], [1], [1]]);
  });

  it('whose API drops the names of rules and fills in defaults gets each of them once, and loses them again', () => {
    const steps = [header, mirror].map((call) =>
      call.kind === 'SetHeaderRoute'
        ? { setHeaderRoute: call.route }
        : { setMirrorRoute: (call as typeof mirror & { kind: 'SetMirrorRoute' }).route },
    );
    const rollout = routed({ httpRoute: 'web' }, {}, { steps });
    const world = new World(router, rollout, [route('HTTPRoute', 'web', [rule('/a'), rule('/b')])]);
    const old = (): void => {
      world.objects = new Map(
        [...world.objects].map(([key, object]) => {
          const rules = rulesIn(object).map(({ name: _, ...rest }) => ({
            ...rest,
            backendRefs: (rest.backendRefs as Fields[]).map((item) => ({ group: '', ...item })),
          }));
          return [key, withField(object, ['spec', 'rules'], rules)];
        }),
      );
    };
    for (const call of [header, mirror]) {
      world.act(call);
      old();
      expect(world.act(call).changed).toEqual([]);
    }
    expect(rulesIn(world.object('HTTPRoute'))).toHaveLength(5);
    world.act(setWeight(30));
    world.act({ kind: 'RemoveManagedRoutes' });
    expect(weightsIn(world.object('HTTPRoute'))).toEqual([
      [70, 30],
      [70, 30],
    ]);
  });

  it('is pinned to one rule by its name', () => {
    const world = new World(router, routed({ httpRoute: 'web', httpRouteRuleName: 'argo' }), [
      route('HTTPRoute', 'web', [rule('/'), rule('/', { name: 'argo' })]),
    ]);
    world.act(setWeight(40));
    expect(weightsIn(world.object('HTTPRoute'))).toEqual([
      [100, 0],
      [60, 40],
    ]);
    const lost = new World(router, routed({ httpRoutes: [{ name: 'web', ruleName: 'x' }] }), [route('HTTPRoute', 'web', [rule('/')])]);
    expect(lost.ask(setWeight(1))).toMatchObject({ problem: 'backendRef was not found in httpRoute rule "x"' });
  });

  it('is labelled while any Rollout has a canary behind it', () => {
    const a = routed({ httpRoute: 'web' });
    const b = { ...a, metadata: { ...a.metadata, name: 'other' } };
    const world = new World(router, a, [route('HTTPRoute', 'web', [rule('/')])]);
    const act = (rollout: Rollout, weight: number): unknown => {
      world.rollout = rollout;
      world.act(setWeight(weight));
      const { labels, annotations } = world.object('HTTPRoute').metadata;
      return [labels?.['rollouts.argoproj.io/gatewayapi-canary'], annotations?.['rollouts.argoproj.io/gatewayapi-active-rollouts']];
    };
    expect(act(a, 10)).toEqual(['in-progress', 'shop/web']);
    expect(act(b, 10)).toEqual(['in-progress', 'shop/other,shop/web']);
    expect(act(a, 0)).toEqual(['in-progress', 'shop/other']);
    expect(act(b, 0)).toEqual([undefined, undefined]);
  });

  it('splits between the ping-pong pair where there are no other services', () => {
    const pingPong = { pingService: 'ping', pongService: 'pong' };
    const rollout = routed(
      { tcpRoute: 'raw' },
      {},
      { stableService: '', canaryService: '', pingPong },
      { canary: { stablePingPong: 'ping' } },
    );
    const world = new World(router, rollout, [route('TCPRoute', 'raw', [{ backendRefs: [backend('ping'), backend('pong')] }])]);
    world.act(setWeight(20));
    expect(weightsIn(world.object('TCPRoute'))).toEqual([[80, 20]]);
  });

  it.each<[unknown, string]>([
    ['x', 'configuration of argoproj-labs/gatewayAPI is not an object'],
    [null, 'configuration of argoproj-labs/gatewayAPI is not an object'],
    [{ httpRoutes: {} }, 'configuration of argoproj-labs/gatewayAPI: httpRoutes must be a list'],
    [{ httpRoutes: ['web'] }, 'configuration of argoproj-labs/gatewayAPI: httpRoutes[0] must be an object'],
    [{ httpRoutes: [{}] }, 'configuration of argoproj-labs/gatewayAPI: httpRoutes[0].name must be the name of a route'],
    [{ httpRoute: 5 }, 'configuration of argoproj-labs/gatewayAPI: httpRoute must be text'],
    [
      { tcpRoutes: [{ name: 'x', useHeaderRoutes: 'yes' }] },
      'configuration of argoproj-labs/gatewayAPI: tcpRoutes[0].useHeaderRoutes must be true or false',
    ],
    [
      { tlsRouteSelector: { matchLabels: { a: 1 } } },
      'configuration of argoproj-labs/gatewayAPI: tlsRouteSelector.matchLabels must be a map of text',
    ],
    [
      { grpcRouteSelector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } },
      'configuration of argoproj-labs/gatewayAPI: grpcRouteSelector: "Like" is not a valid label selector operator',
    ],
  ])('is configured wrongly by %j', (config, detail) => {
    const rollout = routed(config);
    expect(router.validate(rollout, new Map())).toMatchObject({
      path: 'spec.strategy.canary.trafficRouting.plugins[argoproj-labs/gatewayAPI]',
      detail,
    });
    expect(router.references(rollout, new Map())).toEqual([]);
    expect(new World(router, rollout, []).ask(setWeight(1))).toEqual({ ok: false, problem: detail, notes: [] });
  });

  it.each([
    ['http', 'backendRef was not found in httpRoute'],
    ['grpc', 'backendRef was not found in grpcRoute'],
    ['tcp', 'backendRef list was not found in tcpRoute'],
  ])('without both services is refused: %s', (kind, problem) => {
    const object = route(`${kind.toUpperCase()}Route`, 'web', [{ backendRefs: [backend('web-stable')] }]);
    expect(new World(router, routed({ [`${kind}Route`]: 'web' }), [object]).ask(setWeight(1))).toMatchObject({ problem });
  });
});
