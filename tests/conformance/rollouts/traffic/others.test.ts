/** SMI, nginx, APISIX, App Mesh and ALB: weights step by step, experiments, header routes, ping and pong. */
import type { KubeObject } from '@sluice/api';
import { expect } from 'vitest';
import { canary, ingress, pause, rollout, service, setWeight } from '../../../harness/rollouts/manifests.ts';
import {
  albWeights,
  albWeightsOf,
  annotationsOf,
  apisixRouteType,
  custom,
  type Fields,
  specOf,
  trafficSplitType,
  virtualRouterType,
  virtualServiceType,
} from '../../../harness/rollouts/routes.ts';
import { type Scenario, scenario, suite } from '../../../harness/rollouts/scenario.ts';

const services = [service('stable'), service('canary')];
const routed = (trafficRouting: Fields, rest: Fields = {}): Fields => ({
  canaryService: 'canary',
  stableService: 'stable',
  trafficRouting,
  ...rest,
});
const albIngress = (name: string, backend: string): KubeObject =>
  ingress(name, backend, { port: { name: 'use-annotation' }, annotations: { 'kubernetes.io/ingress.class': 'alb' } });

type Backend = { readonly service: string; readonly weight: unknown };
/** Weights of the TrafficSplit: canary, experiments, stable. */
const splitWeights = (s: Scenario): readonly number[] | undefined =>
  specOf<{ backends: readonly Backend[] }>(s, trafficSplitType, 'web')?.backends.map(({ weight }) => Number(weight));

type ApisixRule = {
  readonly backends: readonly { readonly serviceName: string; readonly weight: number }[];
  readonly match: { readonly exprs?: readonly unknown[] };
};
const apisixRule = (s: Scenario, name: string): ApisixRule | undefined =>
  specOf<{ http: readonly ApisixRule[] }>(s, apisixRouteType, name)?.http[0];
const apisixWeights = (s: Scenario, name = 'web'): readonly number[] | undefined =>
  apisixRule(s, name)?.backends.map(({ weight }) => weight);
const apisixRoute = custom(apisixRouteType, 'web', {
  http: [
    {
      name: 'web',
      match: { hosts: ['web.example.com'], paths: ['/*'] },
      backends: ['stable', 'canary'].map((serviceName) => ({ serviceName, servicePort: 80, weight: serviceName === 'stable' ? 100 : 0 })),
    },
  ],
});

suite('other routers', [trafficSplitType, apisixRouteType, virtualRouterType, virtualServiceType], () => {
  scenario('SMI: an experiment is the third backend', async (s) => {
    const experiment = { experiment: { duration: '3s', templates: [{ name: 'third', specRef: 'canary', weight: 5 }] } };
    await s.apply(...services, rollout(canary([setWeight(5), experiment], routed({ smi: {} }))));
    await s.healthy();
    await s.eventually(() => splitWeights(s), [0, 100]);
    await s.update();
    await s.eventually(() => splitWeights(s), [5, 5, 90]);
    await s.healthy();
    await s.eventually(() => splitWeights(s), [0, 100]);
  });

  scenario('SMI and nginx together', async (s) => {
    const steps = [setWeight(5), pause(), setWeight(50), pause()];
    await s.apply(...services, ingress('web', 'stable'), rollout(canary(steps, routed({ smi: {}, nginx: { stableIngress: 'web' } }))));
    const weights = (): unknown => [
      splitWeights(s),
      annotationsOf(s, 'Ingress', 'web-web-canary')['nginx.ingress.kubernetes.io/canary-weight'],
    ];
    await s.healthy();
    await s.update();
    for (const [step, weight] of [5, 50].entries()) {
      await s.pausedAt(step * 2 + 1);
      await s.eventually(weights, [[weight, 100 - weight], `${weight}`]);
      await s.promote();
    }
    await s.healthy();
    await s.eventually(weights, [[0, 100], '0']);
    expect(Object.keys(annotationsOf(s, 'Ingress', 'web')).filter((key) => key.includes('canary'))).toEqual([]);
  });

  scenario('APISIX: weights of a route', async (s) => {
    const steps = [setWeight(5), pause(), setWeight(50), pause()];
    await s.apply(...services, apisixRoute, rollout(canary(steps, routed({ apisix: { route: { name: 'web' } } }))));
    await s.healthy();
    await s.eventually(() => apisixWeights(s), [100, 0]);
    await s.update();
    for (const [step, weight] of [5, 50].entries()) {
      await s.pausedAt(step * 2 + 1);
      await s.eventually(() => apisixWeights(s), [100 - weight, weight]);
      await s.promote();
    }
    await s.healthy();
    await s.eventually(() => apisixWeights(s), [100, 0]);
  });

  scenario('APISIX: a header route of its own', async (s) => {
    const match = [{ headerName: 'trace', headerValue: { exact: 'debug' } }];
    const steps = [
      ...[setWeight(5), { setHeaderRoute: { name: 'set-header', match } }, { pause: { duration: '24h' } }, pause()],
      ...[setWeight(50), pause(), { setHeaderRoute: { name: 'set-header' } }],
    ];
    const routing = routed({ apisix: { route: { name: 'web' } }, managedRoutes: [{ name: 'set-header' }] });
    await s.apply(...services, apisixRoute, rollout(canary(steps, routing)));
    await s.healthy();
    await s.update();
    await s.pausedAt(2);
    await s.eventually(
      () => apisixRule(s, 'set-header')?.match.exprs,
      [{ subject: { scope: 'Header', name: 'trace' }, op: 'Equal', value: 'debug' }],
    );
    expect(apisixRule(s, 'set-header')?.backends.map(({ serviceName, weight }) => [serviceName, weight])).toEqual([['canary', 100]]);
    await s.promote();
    await s.pausedAt(3);
    await s.eventually(() => apisixWeights(s), [95, 5]);
    await s.promote();
    await s.pausedAt(5);
    await s.eventually(() => apisixWeights(s), [50, 50]);
    await s.promote();
    await s.healthy();
    await s.eventually(() => [apisixWeights(s), apisixRule(s, 'set-header')], [[100, 0], undefined]);
    await s.expectPods({ 1: 1 });
  });

  scenario('App Mesh: every route of the virtual router', async (s) => {
    const appMesh = (kind: string, name: string, spec: Fields): KubeObject => ({
      apiVersion: 'appmesh.k8s.aws/v1beta2',
      kind,
      metadata: { name },
      spec,
    });
    const targets = ['web-stable', 'web-canary'].map((name) => ({ virtualNodeRef: { name }, weight: name === 'web-stable' ? 100 : 0 }));
    const route = (name: string, protocol: string): Fields => ({ name, [protocol]: { action: { weightedTargets: targets } } });
    const nodes = { canaryVirtualNodeRef: { name: 'web-canary' }, stableVirtualNodeRef: { name: 'web-stable' } };
    await s.apply(
      ...services,
      appMesh('VirtualService', 'web', { provider: { virtualRouter: { virtualRouterRef: { name: 'web' } } } }),
      appMesh('VirtualRouter', 'web', { routes: [route('one', 'httpRoute'), route('two', 'http2Route')] }),
      appMesh('VirtualNode', 'web-stable', { podSelector: { matchLabels: { app: 'web' } } }),
      appMesh('VirtualNode', 'web-canary', { podSelector: { matchLabels: { app: 'web' } } }),
      rollout(canary([setWeight(25), pause()], routed({ appMesh: { virtualService: { name: 'web' }, virtualNodeGroup: nodes } }))),
    );
    type Targets = { readonly action: { readonly weightedTargets: readonly { readonly weight: number }[] } };
    const weights = (): unknown =>
      specOf<{ routes: readonly { httpRoute?: Targets; http2Route?: Targets }[] }>(s, virtualRouterType, 'web')?.routes.map(
        ({ httpRoute, http2Route }) => (httpRoute ?? http2Route)?.action.weightedTargets.map(({ weight }) => weight),
      );
    const both = (...pair: readonly number[]): unknown => [pair, pair];
    await s.healthy();
    await s.eventually(weights, both(100, 0));
    await s.update();
    await s.pausedAt(1);
    await s.eventually(weights, both(75, 25));
    await s.promote();
    await s.healthy();
    await s.eventually(weights, both(100, 0));
  });

  for (const ingresses of [['web'], ['web', 'admin']]) {
    const title = ingresses.length === 1 ? 'ALB' : 'ALB, two Ingresses';
    const alb = (rest: Fields = {}): Fields => ({
      servicePort: 80,
      ...(ingresses.length === 1 ? { ingress: 'web' } : { ingresses }),
      ...rest,
    });
    const forAll = (read: (ingressName: string) => unknown): unknown => ingresses.map(read);
    const same = (value: unknown): unknown => ingresses.map(() => value);

    scenario(`${title}: ping and pong change places`, async (s) => {
      const pingPong = { pingPong: { pingService: 'ping', pongService: 'pong' } };
      await s.apply(
        ...[service('root'), service('ping'), service('pong')],
        ...ingresses.map((name) => albIngress(name, 'root')),
        rollout(canary([setWeight(25), pause()], { ...pingPong, trafficRouting: { alb: alb({ rootService: 'root' }) } })),
      );
      const expectPair = (...pair: readonly number[]): Promise<void> =>
        s.eventually(() => forAll((name) => albWeightsOf(s, name, 'root', 'ping', 'pong')), same(pair));
      await s.healthy();
      await expectPair(100, 0);
      await s.update();
      await s.pausedAt(1);
      await expectPair(75, 25);
      await s.promote();
      await s.healthy();
      await expectPair(0, 100);
      await s.update();
      await s.pausedAt(1);
      await expectPair(25, 75);
      await s.promote();
      await s.healthy();
      await expectPair(100, 0);
    });

    scenario(`${title}: an experiment stands between canary and stable`, async (s) => {
      const experiment = { experiment: { duration: '3s', templates: [{ name: 'third', specRef: 'canary', weight: 20 }] } };
      await s.apply(
        ...services,
        ...ingresses.map((name) => albIngress(name, 'stable')),
        rollout(canary([setWeight(10), experiment], routed({ alb: alb() }))),
      );
      await s.healthy();
      await s.update();
      await s.eventually(() => forAll((name) => albWeights(s, name, 'stable')), same([10, 20, 70]));
      const third = s.experiments()[0]?.status?.templateStatuses?.[0]?.serviceName;
      const group = (ServiceName: string | undefined, Weight: number): Fields => ({ ServiceName, ServicePort: '80', Weight });
      const text = JSON.stringify({
        Type: 'forward',
        ForwardConfig: { TargetGroups: [group('canary', 10), group(third, 20), group('stable', 70)] },
      });
      expect(forAll((name) => annotationsOf(s, 'Ingress', name)['alb.ingress.kubernetes.io/actions.stable'])).toEqual(same(text));
      await s.healthy();
      await s.eventually(() => forAll((name) => albWeights(s, name, 'stable')), same([0, 100]));
    });

    scenario(`${title}: two experiments without a weight`, async (s) => {
      const templates = ['a', 'b'].map((name) => ({ name, specRef: 'canary', weight: 20 }));
      await s.apply(
        ...services,
        ...ingresses.map((name) => albIngress(name, 'stable')),
        rollout(canary([{ experiment: { duration: '3s', templates } }], routed({ alb: alb() }))),
      );
      await s.healthy();
      await s.update();
      await s.eventually(() => forAll((name) => albWeights(s, name, 'stable')), same([0, 20, 20, 60]));
      await s.healthy();
      await s.eventually(() => forAll((name) => albWeights(s, name, 'stable')), same([0, 100]));
    });

    scenario(`${title}: a header route`, async (s) => {
      const match = [{ headerName: 'agent', headerValue: { exact: 'Chrome' } }];
      const steps = [
        ...[setWeight(20), { setHeaderRoute: { name: 'header-route', match } }, pause()],
        ...[{ setHeaderRoute: { name: 'header-route' } }, pause()],
      ];
      await s.apply(
        ...services,
        ...ingresses.map((name) => albIngress(name, 'stable')),
        rollout(canary(steps, routed({ alb: alb(), managedRoutes: [{ name: 'header-route' }] }))),
      );
      const conditions = (name: string): string | undefined =>
        annotationsOf(s, 'Ingress', name)['alb.ingress.kubernetes.io/conditions.header-route'];
      const seen = (name: string): unknown => [albWeights(s, name, 'stable'), albWeights(s, name, 'header-route'), conditions(name)];
      const condition = [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'agent', Values: ['Chrome'] } }];
      await s.healthy();
      await s.update();
      await s.pausedAt(2);
      await s.eventually(() => forAll(seen), same([[20, 80], [100], JSON.stringify(condition)]));
      await s.promote();
      await s.pausedAt(4);
      await s.eventually(() => forAll(seen), same([[20, 80], undefined, undefined]));
      await s.promote();
      await s.healthy();
      await s.eventually(() => forAll((name) => albWeights(s, name, 'stable')), same([0, 100]));
    });
  }

  scenario('ALB by ping and pong, Istio by stable and canary, at the same time', async (s) => {
    const virtualService = custom(virtualServiceType, 'web', {
      hosts: ['web.example.com'],
      http: [
        { name: 'primary', route: ['stable', 'canary'].map((host) => ({ destination: { host }, weight: host === 'stable' ? 100 : 0 })) },
      ],
    });
    const routing = {
      alb: { ingress: 'web', servicePort: 80, rootService: 'root' },
      istio: { virtualService: { name: 'web', routes: ['primary'] } },
    };
    const strategy = canary([setWeight(25), pause()], routed(routing, { pingPong: { pingService: 'ping', pongService: 'pong' } }));
    await s.apply(
      ...services,
      ...[service('root'), service('ping'), service('pong')],
      albIngress('web', 'root'),
      virtualService,
      rollout(strategy),
    );
    type Routes = { readonly http: readonly { readonly route: readonly { readonly weight: number }[] }[] };
    const mesh = (): unknown => specOf<Routes>(s, virtualServiceType, 'web')?.http[0]?.route.map(({ weight }) => weight);
    const expectBoth = (alb: readonly number[], istio: readonly number[]): Promise<void> =>
      s.eventually(() => [albWeightsOf(s, 'web', 'root', 'ping', 'pong'), mesh()], [alb, istio]);
    await s.healthy();
    await expectBoth([100, 0], [100, 0]);
    await s.update();
    await s.pausedAt(1);
    await expectBoth([75, 25], [75, 25]);
    await s.promote();
    await s.healthy();
    await expectBoth([0, 100], [100, 0]);
    await s.update();
    await s.pausedAt(1);
    await expectBoth([25, 75], [75, 25]);
    await s.promote();
    await s.healthy();
    await expectBoth([100, 0], [100, 0]);
  });
});
