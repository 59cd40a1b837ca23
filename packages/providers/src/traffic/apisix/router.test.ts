import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { type Fields, fieldAt, withField } from '../fields.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, type Call, ownedBy, routedRollout, World } from '../testing/world.ts';
import { apisixRouter } from './router.ts';

const router = apisixRouter();
const rollout = routedRollout({ apisix: { route: { name: 'web', rules: ['one', 'two'] } }, managedRoutes: [{ name: 'hdr' }] });
const backends = [
  { serviceName: 'web-stable', servicePort: 80, weight: 100 },
  { serviceName: 'web-canary', servicePort: 80, weight: 0 },
];
const rule = (name: string, more: object = {}): Fields => ({ name, match: { hosts: ['web.example'], paths: ['/*'] }, backends, ...more });
const route = (http: unknown): KubeObject =>
  applied(
    'apisix.apache.org/v2',
    'ApisixRoute',
    'web',
    { http },
    {
      uid: 'route-uid',
      generation: 4,
      finalizers: ['x'],
      labels: { a: 'b' },
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', team: 'shop' },
    },
  );
const header: Call = {
  kind: 'SetHeaderRoute',
  route: {
    name: 'hdr',
    match: [
      { headerName: 'trace', headerValue: { exact: 'debug' } },
      { headerName: 'agent', headerValue: { prefix: 'Fire' } },
      { headerName: 'id', headerValue: { regex: '^a+$' } },
    ],
  },
};

routerConformance({
  title: 'APISIX',
  router,
  rollout,
  objects: [route([rule('one', { priority: 3 }), rule('two'), rule('untouched')])],
  golden: 'apisix',
  takesTargets: false,
  missing: 'apisixroutes.apisix.apache.org "web" not found',
  reads: ['ApisixRoute'],
  weights: (world) =>
    (fieldAt(world.object('ApisixRoute', 'web'), 'spec', 'http') as Fields[]).map((item) =>
      (item.backends as Fields[]).map(({ weight }) => Number(weight)),
    ),
  others: (object) => {
    const http = (fieldAt(object, 'spec', 'http') ?? []) as Fields[];
    return [
      withField(object, ['spec', 'http'], undefined),
      http.map((item) => (item.name === 'untouched' ? item : withField(item, ['backends'], undefined))),
    ];
  },
  calls: [
    header,
    { kind: 'SetWeight', weight: 40, targets: [] },
    { kind: 'SetHeaderRoute', route: { name: 'hdr' } },
    header,
    { kind: 'RemoveManagedRoutes' },
  ],
});

describe('APISIX', () => {
  const call = { kind: 'SetWeight', weight: 10, targets: [] } as const;
  const named = routedRollout({ apisix: { route: { name: 'web' } }, managedRoutes: [{ name: 'hdr' }] });

  it('weighs the rule that is named as the route where none is listed', () => {
    const world = new World(router, named, [route([rule('one'), rule('web')])]);
    world.act(call);
    expect(
      (fieldAt(world.object('ApisixRoute', 'web'), 'spec', 'http') as Fields[]).map((item) =>
        (item.backends as Fields[]).map(({ weight }) => weight),
      ),
    ).toEqual([
      [100, 0],
      [90, 10],
    ]);
  });

  it('makes a route of its own for headers', () => {
    const world = new World(router, named, [route([rule('web', { priority: 3 })])]);
    world.act(header);
    expect(world.object('ApisixRoute', 'hdr')).toEqual({
      apiVersion: 'apisix.apache.org/v2',
      kind: 'ApisixRoute',
      metadata: { name: 'hdr', namespace: 'shop', labels: { a: 'b' }, annotations: { team: 'shop' }, ownerReferences: ownedBy(named) },
      spec: {
        http: [
          {
            name: 'web',
            priority: 4,
            match: {
              hosts: ['web.example'],
              paths: ['/*'],
              exprs: [
                { subject: { scope: 'Header', name: 'trace' }, op: 'Equal', value: 'debug' },
                { subject: { scope: 'Header', name: 'agent' }, op: 'RegexMatch', value: '^Fire.*' },
                { subject: { scope: 'Header', name: 'id' }, op: 'RegexMatch', value: '^a+$' },
              ],
            },
            backends: [{ serviceName: 'web-canary', servicePort: 80, weight: 100 }],
          },
        ],
      },
    });
  });

  it('leaves a route of somebody else alone', () => {
    const foreign = applied('apisix.apache.org/v2', 'ApisixRoute', 'hdr', { http: [] });
    const world = new World(router, named, [route([rule('web')]), foreign]);
    expect(world.ask(header)).toEqual({ ok: false, problem: 'duplicate ApisixRoute [hdr] already exists', notes: [] });
    expect(world.act({ kind: 'RemoveManagedRoutes' }).changed).toEqual([]);
  });

  it.each([
    ['no rules', undefined, 'spec.http was not found in Apisix Route manifest'],
    ['no such rule', [rule('x')], 'Apisix http route rule web not found'],
    ['no backends', [{ name: 'web' }], 'Apisix http route backends not found'],
    ['no canary', [rule('web', { backends: backends.slice(0, 1) })], 'apisix route web-canary backend was not found'],
    ['no stable', [rule('web', { backends: backends.slice(1) })], 'apisix route web-stable backend was not found'],
  ])('refuses %s', (_, http, problem) => {
    expect(new World(router, named, [route(http)]).ask(call)).toEqual({ ok: false, problem, notes: [] });
  });

  it('says which write was refused', () => {
    const world = new World(router, named, [route([rule('web')])]);
    const reasonOf = (asked: Call): string | undefined => {
      const outcome = world.ask(asked);
      return outcome.ok ? outcome.changes[0]?.onFailure?.('no').reason : undefined;
    };
    expect(reasonOf(call)).toBe('ApisixRouteUpdateError');
    expect(reasonOf(header)).toBe('ApisixRouteCreateError');
    world.act(header);
    expect(reasonOf({ kind: 'RemoveManagedRoutes' })).toBe('ApisixRouteDeleteError');
  });
});
