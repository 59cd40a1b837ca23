import type { KubeObject, TrafficRouting } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { annotationsOf, type Fields, fieldAt, withAnnotations, withField } from '../fields.ts';
import { ingressType } from '../ingress.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, type Call, routedRollout, World } from '../testing/world.ts';
import { albRouter } from './router.ts';

const router = albRouter(ingressType(''), ['alb', 'internal']);
const path = (name: string): Fields => ({
  path: '/',
  pathType: 'Prefix',
  backend: { service: { name, port: { name: 'use-annotation' } } },
});
const ingress = (name: string, services: readonly string[], annotations: Record<string, string> = {}): KubeObject =>
  applied(
    'networking.k8s.io/v1',
    'Ingress',
    name,
    { ingressClassName: 'alb', rules: [{ host: 'web.example', http: { paths: services.map(path) } }, { host: 'none.example' }] },
    { annotations: { 'alb.ingress.kubernetes.io/scheme': 'internal', ...annotations } },
  );
const setWeight = (weight: number, targets: Extract<Call, { kind: 'SetWeight' }>['targets'] = []): Call => ({
  kind: 'SetWeight',
  weight,
  targets,
});
const actions = 'alb.ingress.kubernetes.io/actions';
const conditions = 'alb.ingress.kubernetes.io/conditions';
const managed = 'rollouts.argoproj.io/managed-alb-annotations';
const group = (ServiceName: string, Weight: number): object => ({ ServiceName, ServicePort: '80', Weight });
const forward = (...TargetGroups: object[]): string => JSON.stringify({ Type: 'forward', ForwardConfig: { TargetGroups } });
const header = (name: string, ...values: string[]): Extract<Call, { kind: 'SetHeaderRoute' }> => ({
  kind: 'SetHeaderRoute',
  route: { name, match: values.map((exact, at) => ({ headerName: at < 2 ? 'Agent' : 'Other', headerValue: { exact } })) },
});

routerConformance({
  title: 'ALB',
  router,
  rollout: routedRollout({
    alb: {
      ingresses: ['web', 'admin'],
      servicePort: 80,
      rootService: 'web-root',
      stickinessConfig: { enabled: true, durationSeconds: 60 },
    },
    managedRoutes: [{ name: 'first' }, { name: 'second' }],
  }),
  objects: [
    ingress('web', ['web-root', 'api']),
    ingress('admin', ['web-root'], { [managed]: '{"other":["alb.ingress.kubernetes.io/actions.api"]}' }),
  ],
  golden: 'alb',
  takesTargets: true,
  missing: 'ingress.networking.k8s.io "web" not found',
  reads: ['Ingress'],
  weights: (world) =>
    ['web', 'admin'].map((name) => {
      const action = JSON.parse(annotationsOf(world.object('Ingress', name))[`${actions}.web-root`] ?? '') as unknown;
      return (fieldAt(action, 'ForwardConfig', 'TargetGroups') as Fields[]).map(({ Weight }) => Number(Weight));
    }),
  others: (object) => {
    const paths = ((fieldAt(object, 'spec', 'rules') as Fields[]) ?? []).map((rule) =>
      ((fieldAt(rule, 'http', 'paths') ?? []) as Fields[]).filter((item) => item.path !== '/*'),
    );
    const foreign = Object.entries(annotationsOf(object)).filter(
      ([key]) => !key.startsWith(actions) && !key.startsWith(conditions) && key !== managed,
    );
    return [withField(withField(object, ['spec', 'rules'], undefined), ['metadata', 'annotations'], undefined), paths, foreign];
  },
  calls: [
    header('second', 'a'),
    header('first', 'a', 'b', 'c'),
    { kind: 'SetHeaderRoute', route: { name: 'second' } },
    header('second', '<b>'),
    { kind: 'RemoveManagedRoutes' },
  ],
});

describe('the annotations of ALB', () => {
  it('are letter by letter those of upstream', () => {
    const rollout = routedRollout({ alb: { ingress: 'web', servicePort: 80 } });
    const world = new World(router, rollout, [ingress('web', ['web-stable'])]);
    world.act(setWeight(10, [{ weight: 20, serviceName: 'exp', podTemplateHash: 'x' }]));
    expect(annotationsOf(world.object('Ingress'))).toMatchObject({
      [`${actions}.web-stable`]:
        '{"Type":"forward","ForwardConfig":{"TargetGroups":[{"ServiceName":"web-canary","ServicePort":"80","Weight":10},{"ServiceName":"exp","ServicePort":"80","Weight":20},{"ServiceName":"web-stable","ServicePort":"80","Weight":70}]}}',
      [managed]: '{"web":["alb.ingress.kubernetes.io/actions.web-stable"]}',
    });
  });

  it('of a header route come with conditions, and with a path before all others in every rule', () => {
    const rollout = routedRollout({ alb: { ingress: 'web', servicePort: 80, annotationPrefix: 'x.io' }, managedRoutes: [{ name: 'h' }] });
    const world = new World(router, rollout, [ingress('web', ['web-stable'])]);
    expect(world.act(header('h', 'a', 'b', 'c')).notes.map(({ message }) => message)).toEqual([
      "Updating Ingress `web` to headerRoute 'h'",
    ]);
    expect(annotationsOf(world.object('Ingress'))).toMatchObject({
      'x.io/actions.h': forward(group('web-canary', 100)),
      'x.io/conditions.h':
        '[{"Field":"http-header","HttpHeaderConfig":{"HttpHeaderName":"Agent","Values":["a","b"]}},{"Field":"http-header","HttpHeaderConfig":{"HttpHeaderName":"Other","Values":["c"]}}]',
      [managed]: '{"web":["x.io/actions.h","x.io/conditions.h"]}',
    });
    expect(fieldAt((fieldAt(world.object('Ingress'), 'spec', 'rules') as Fields[])[0], 'http', 'paths')).toEqual([
      { path: '/*', pathType: 'ImplementationSpecific', backend: { service: { name: 'h', port: { name: 'use-annotation' } } } },
      path('web-stable'),
    ]);
  });

  it.each([
    [{ stablePingPong: 'ping' }, ['pong', 'ping']],
    [{ stablePingPong: 'pong' }, ['ping', 'pong']],
    [{}, ['ping', 'pong']],
  ])('take the ping-pong pair before the other services: %j', (canary, expected) => {
    const rollout = routedRollout(
      { alb: { ingress: 'web', servicePort: 80, rootService: 'root' } },
      { pingPong: { pingService: 'ping', pongService: 'pong' } },
      { canary },
    );
    const world = new World(router, rollout, [ingress('web', ['root'])]);
    world.act(setWeight(30));
    const [first = '', second = ''] = expected;
    expect(annotationsOf(world.object('Ingress'))[`${actions}.root`]).toBe(forward(group(first, 30), group(second, 70)));
  });

  it('are put right in every Ingress, also behind one that is right already', () => {
    const rollout = routedRollout({ alb: { ingresses: ['a', 'b'], servicePort: 80 } });
    const world = new World(router, rollout, [ingress('a', ['web-stable']), ingress('b', ['web-stable'])]);
    world.act(setWeight(10));
    world.objects = new Map(
      [...world.objects].map(([key, object]) => [key, object.metadata.name === 'b' ? ingress('b', ['web-stable']) : object]),
    );
    expect(world.act(setWeight(10)).changed).toEqual(['networking.k8s.io/ingresses/shop/b']);
  });

  it.each<[string, TrafficRouting['alb'], KubeObject, string]>([
    ['no rule', undefined, ingress('web', ['api']), 'ingress does not have service `web-stable` in rules'],
    [
      'stickiness of a week and a second',
      { ingress: 'web', servicePort: 80, stickinessConfig: { enabled: true, durationSeconds: 604_801 } },
      ingress('web', ['web-stable']),
      "TargetGroupStickinessConfig's duration must be between 1 and 604800 seconds (7 days)!",
    ],
    [
      'managed keys that are none',
      undefined,
      ingress('web', ['web-stable'], { [managed]: '{"web":5}' }),
      'ingress `web`: annotation rollouts.argoproj.io/managed-alb-annotations is not a list of keys for each rollout',
    ],
  ])('are refused: %s', (_, alb, object, problem) => {
    const world = new World(router, routedRollout({ alb: alb ?? { ingress: 'web', servicePort: 80 } }), [object]);
    expect(world.ask(setWeight(1))).toEqual({ ok: false, problem, notes: [] });
  });

  it.each<[string, Partial<NonNullable<TrafficRouting['alb']>>, KubeObject[], string]>([
    ['neither', {}, [], 'alb: Either Ingress or Ingresses must be configured. Neither are configured.'],
    ['both', { ingress: 'a', ingresses: ['b'] }, [], 'alb: Either Ingress or Ingresses must be configured. Both are configured.'],
    ['missing', { ingresses: ['web'] }, [], 'alb.ingresses: ingress.networking.k8s.io "web" not found'],
    [
      'no rule',
      { ingress: 'web', rootService: 'r' },
      [ingress('web', ['x'])],
      'alb.ingress: ingress `web` has no rules using service r backend',
    ],
  ])('are invalid: %s', (_, alb, objects, expected) => {
    const rollout = routedRollout({ alb: { servicePort: 80, ...alb } });
    const error = router.validate(rollout, new World(router, rollout, objects).objects);
    expect(`${error?.path.replace('spec.strategy.canary.trafficRouting.', '')}: ${error?.detail}`).toBe(expected);
  });
});

describe('an Ingress that a Rollout refers to no more', () => {
  const rollout = routedRollout({ alb: { ingress: 'web', servicePort: 80, rootService: 'root' }, managedRoutes: [{ name: 'h' }] });
  const world = new World(router, rollout, [ingress('web', ['root'], { [managed]: '{"other":["x"]}' })]);
  world.act(setWeight(30));
  world.act(header('h', 'a'));
  const object = world.object('Ingress');

  it('leads to its root service alone', () => {
    expect(router.clean?.(object, (name) => name === 'other')).toEqual(
      ingress('web', ['root'], { [managed]: '{"other":["x"]}', [`${actions}.root`]: forward(group('root', 100)) }),
    );
  });

  it('stays as it is while it is referred to, is of another class, or cannot be understood', () => {
    expect(router.clean?.(object, () => true)).toBeUndefined();
    expect(router.clean?.(withField(object, ['spec', 'ingressClassName'], 'nginx'), () => false)).toBeUndefined();
    expect(router.clean?.(withAnnotations(object, { [managed]: '[]' }), () => false)).toBeUndefined();
    expect(router.clean?.(withAnnotations(object, { [managed]: undefined }), () => false)).toBeUndefined();
  });
});
