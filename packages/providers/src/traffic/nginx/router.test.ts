import type { KubeObject, Rollout, TrafficRouting } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { annotationsOf, fieldAt, withField } from '../fields.ts';
import { ingressType } from '../ingress.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, type Call, ownedBy, routedRollout, World } from '../testing/world.ts';
import { nginxRouter } from './router.ts';

const router = nginxRouter(ingressType(''));
const path = (name: string, at = '/'): object => ({ path: at, pathType: 'Prefix', backend: { service: { name, port: { number: 80 } } } });
const ingress = (name: string, spec: object, metadata: object = {}): KubeObject =>
  applied('networking.k8s.io/v1', 'Ingress', name, spec, metadata);
const stable = (name: string): KubeObject =>
  ingress(
    name,
    {
      ingressClassName: 'nginx',
      tls: [{ hosts: ['web.example'], secretName: 'tls' }],
      rules: [
        { host: 'web.example', http: { paths: [path('web-stable'), path('api', '/api')] } },
        { host: 'api.example', http: { paths: [path('api')] } },
        { host: 'none.example' },
      ],
    },
    { annotations: { 'kubernetes.io/ingress.class': 'nginx', 'nginx.ingress.kubernetes.io/rewrite-target': '/' } },
  );
const setWeight = (weight: number): Call => ({ kind: 'SetWeight', weight, targets: [] });
const weightOf = (object: KubeObject): number => Number(annotationsOf(object)['nginx.ingress.kubernetes.io/canary-weight']);

routerConformance({
  title: 'NGINX',
  router,
  rollout: routedRollout({
    nginx: {
      stableIngresses: ['web', 'admin'],
      additionalIngressAnnotations: { 'canary-by-header': 'X-Canary', 'nginx.ingress.kubernetes.io/load-balance': 'ewma' },
      canaryIngressAnnotations: { 'example.com/team': 'shop' },
    },
    maxTrafficWeight: 1000,
  }),
  objects: [stable('web'), stable('admin')],
  golden: 'nginx',
  takesTargets: false,
  missing: 'error retrieving stableIngress `web` from cache: ingress.networking.k8s.io "web" not found',
  reads: ['Ingress'],
  weights: (world) =>
    ['web', 'admin'].map((name) => {
      const canary = world.object('Ingress', `web-${name}-canary`);
      return [weightOf(canary), Number(annotationsOf(canary)['nginx.ingress.kubernetes.io/canary-weight-total']) - weightOf(canary)];
    }),
  others: (object) => object,
});

describe('the canary Ingress of NGINX', () => {
  const rollout = routedRollout({ nginx: { stableIngress: 'web' } });

  it('keeps what others put on it, and follows rules, TLS and class of the stable one', () => {
    const world = new World(router, rollout, [stable('web')]);
    world.act(setWeight(10));
    const made = world.object('Ingress', 'web-web-canary');
    expect(annotationsOf(made)['nginx.ingress.kubernetes.io/canary-weight-total']).toBeUndefined();
    const edited = withField(withField(made, ['metadata', 'annotations', 'other'], 'x'), ['metadata', 'labels'], { a: 'b' });
    const bare = withField(stable('web'), ['spec'], { rules: [{ http: { paths: [path('web-stable')] } }] });
    const next = new World(router, rollout, [bare, edited]);
    expect(next.act(setWeight(20)).notes).toEqual([
      { type: 'Normal', reason: 'PatchingCanaryIngress', message: "Updating Ingress `web-web-canary` to desiredWeight '20'" },
    ]);
    const canary = next.object('Ingress', 'web-web-canary');
    expect(canary.metadata.labels).toEqual({ a: 'b' });
    expect(annotationsOf(canary)).toMatchObject({ other: 'x', 'nginx.ingress.kubernetes.io/canary-weight': '20' });
    expect(canary.spec).toEqual({ rules: [{ http: { paths: [path('web-canary')] } }] });
  });

  it('is left alone when it is of another owner', () => {
    const foreign = ingress('web-web-canary', {});
    const outcome = new World(router, rollout, [stable('web'), foreign]).ask(setWeight(10));
    expect(outcome).toEqual({ ok: false, problem: 'canary ingress `web-web-canary` controlled by different object', notes: [] });
  });

  it('has a name that ends at 253 characters', () => {
    const name = 'w'.repeat(253);
    const refs = router.references(routedRollout({ nginx: { stableIngress: name } }), new Map());
    expect(refs.map((ref) => ref.name.length)).toEqual([253, 253]);
    expect(refs[1]?.name.endsWith('w-canary')).toBe(true);
  });

  it('speaks the old API as well', () => {
    const old = nginxRouter(ingressType('extensions/v1beta1'));
    const backend = { serviceName: 'web-stable', servicePort: 80 };
    const object = { ...ingress('web', { rules: [{ http: { paths: [{ path: '/', backend }] } }] }), apiVersion: 'extensions/v1beta1' };
    const world = new World(old, rollout, [object]);
    world.act(setWeight(5));
    const canary = world.object('Ingress', 'web-web-canary');
    expect(canary.apiVersion).toBe('extensions/v1beta1');
    expect(canary.metadata.ownerReferences).toEqual(ownedBy(rollout));
    expect(fieldAt(canary, 'spec', 'rules')).toEqual([
      { http: { paths: [{ path: '/', backend: { serviceName: 'web-canary', servicePort: 80 } }] } },
    ]);
  });
});

describe('what NGINX refuses', () => {
  const rows: readonly [string, TrafficRouting['nginx'], KubeObject[], string][] = [
    ['neither', {}, [], 'nginx: Either StableIngress or StableIngresses must be configured. Neither are configured.'],
    [
      'both',
      { stableIngress: 'web', stableIngresses: ['web'] },
      [],
      'nginx: Either StableIngress or StableIngresses must be configured. Both are configured.',
    ],
    ['missing', { stableIngress: 'web' }, [], 'nginx.stableIngress: ingress.networking.k8s.io "web" not found'],
    ['one of several missing', { stableIngresses: ['web'] }, [], 'nginx.StableIngresses: ingress.networking.k8s.io "web" not found'],
    [
      'no rule',
      { stableIngress: 'web' },
      [ingress('web', { rules: [] })],
      'nginx.stableIngress: ingress `web` has no rules using service web-stable backend',
    ],
  ];
  it.each(rows)('%s', (_, nginx, objects, expected) => {
    const rollout: Rollout = routedRollout({ ...(nginx === undefined ? {} : { nginx }) });
    const error = router.validate(rollout, new World(router, rollout, objects).objects);
    expect(`${error?.path.replace('spec.strategy.canary.trafficRouting.', '')}: ${error?.detail}`).toBe(expected);
  });

  it('takes a default backend for a rule until it comes to the weight', () => {
    const rollout = routedRollout({ nginx: { stableIngresses: ['web'] } });
    const world = new World(router, rollout, [ingress('web', { defaultBackend: { service: { name: 'web-stable' } } })]);
    expect(router.validate(rollout, world.objects)).toBeUndefined();
    expect(world.ask(setWeight(1))).toMatchObject({ problem: 'ingress `` has no rules using service web-stable backend' });
  });
});
