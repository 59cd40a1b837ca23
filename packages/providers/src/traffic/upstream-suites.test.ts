/** What the end-to-end suites of Argo Rollouts assert about weights, step by step, for each router that they have. */
import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { annotationsOf, type Fields, fieldAt } from './fields.ts';
import { trafficRouters } from './registry.ts';
import { applied, routedRollout, World } from './testing/world.ts';

const [istio, nginx, alb, smi, , , , apisix] = trafficRouters();
const weigh = (world: World, weight: number, ...targets: [string, number][]): void => {
  world.act({
    kind: 'SetWeight',
    weight,
    targets: targets.map(([serviceName, share]) => ({ serviceName, weight: share, podTemplateHash: serviceName })),
  });
};
const ingress = (service: string): KubeObject =>
  applied('networking.k8s.io/v1', 'Ingress', 'web', {
    rules: [
      { http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { name: 'use-annotation' } } } }] } },
    ],
  });
const pingPong = { pingService: 'ping', pongService: 'pong' };

describe('upstream suites', () => {
  it('istio: 70/10/20 with an experiment as the third destination, then 100/0', () => {
    const route = ['web-stable', 'web-canary'].map((host) => ({ destination: { host }, weight: host === 'web-stable' ? 100 : 0 }));
    const virtualService = applied('networking.istio.io/v1alpha3', 'VirtualService', 'web', { http: [{ name: 'primary', route }] });
    const world = new World(required(istio), routedRollout({ istio: { virtualService: { name: 'web', routes: ['primary'] } } }), [
      virtualService,
    ]);
    const shares = (): unknown =>
      (fieldAt((fieldAt(world.object('VirtualService'), 'spec', 'http') as Fields[])[0], 'route') as Fields[]).map(
        ({ destination, weight }) => [fieldAt(destination, 'host'), weight],
      );
    weigh(world, 10, ['exp', 20]);
    expect(shares()).toEqual([
      ['web-stable', 70],
      ['web-canary', 10],
      ['exp', 20],
    ]);
    weigh(world, 0);
    expect(shares()).toEqual([
      ['web-stable', 100],
      ['web-canary', 0],
    ]);
  });

  it('alb and istio with a ping-pong pair: 100/0, 75/25, 0/100, 25/75, 100/0', () => {
    const world = new World(
      required(alb),
      routedRollout({ alb: { ingress: 'web', servicePort: 80, rootService: 'root' } }, { stableService: '', canaryService: '', pingPong }),
      [ingress('root')],
    );
    const shares = (): unknown => {
      const groups = fieldAt(
        JSON.parse(annotationsOf(world.object('Ingress'))['alb.ingress.kubernetes.io/actions.root'] ?? ''),
        'ForwardConfig',
        'TargetGroups',
      );
      return ['ping', 'pong'].map((name) => (groups as Fields[]).find(({ ServiceName }) => ServiceName === name)?.Weight);
    };
    const stable = (side: 'ping' | 'pong'): void => {
      world.rollout = { ...world.rollout, status: { canary: { stablePingPong: side } } };
    };
    stable('ping');
    weigh(world, 0);
    expect(shares()).toEqual([100, 0]);
    weigh(world, 25);
    expect(shares()).toEqual([75, 25]);
    stable('pong');
    weigh(world, 0);
    expect(shares()).toEqual([0, 100]);
    weigh(world, 25);
    expect(shares()).toEqual([25, 75]);
    stable('ping');
    weigh(world, 0);
    expect(shares()).toEqual([100, 0]);
  });

  it('alb: 0/20/20/60 with two experiments and no weight step', () => {
    const world = new World(required(alb), routedRollout({ alb: { ingress: 'web', servicePort: 80 } }), [ingress('web-stable')]);
    weigh(world, 0, ['exp-a', 20], ['exp-b', 20]);
    const action = JSON.parse(annotationsOf(world.object('Ingress'))['alb.ingress.kubernetes.io/actions.web-stable'] ?? '') as unknown;
    expect((fieldAt(action, 'ForwardConfig', 'TargetGroups') as Fields[]).map(({ Weight }) => Weight)).toEqual([0, 20, 20, 60]);
  });

  it('smi and nginx together: 5, 50, 0; the canary Ingress stays and the stable one gets no canary annotation', () => {
    const rollout = routedRollout({ smi: {}, nginx: { stableIngress: 'web' } });
    const split = new World(required(smi), rollout, []);
    const ingresses = new World(required(nginx), rollout, [ingress('web-stable')]);
    for (const weight of [5, 50, 0]) {
      weigh(split, weight);
      weigh(ingresses, weight);
      expect((fieldAt(split.object('TrafficSplit'), 'spec', 'backends') as Fields[]).map((backend) => backend.weight)).toEqual([
        `${weight}`,
        `${100 - weight}`,
      ]);
      const canary = annotationsOf(ingresses.object('Ingress', 'web-web-canary'));
      expect(canary['nginx.ingress.kubernetes.io/canary-weight']).toBe(`${weight}`);
      expect(annotationsOf(ingresses.object('Ingress', 'web'))).toEqual({});
    }
  });

  it('smi: canary 5, experiment 5, stable 90', () => {
    const world = new World(required(smi), routedRollout({ smi: {} }), []);
    weigh(world, 5, ['exp', 5]);
    expect((fieldAt(world.object('TrafficSplit'), 'spec', 'backends') as Fields[]).map(({ weight }) => weight)).toEqual(['5', '5', '90']);
  });

  it('apisix: 100/0, 95/5, 50/50, 100/0', () => {
    const backends = ['web-stable', 'web-canary'].map((serviceName) => ({ serviceName, servicePort: 80 }));
    const route = applied('apisix.apache.org/v2', 'ApisixRoute', 'web', { http: [{ name: 'web', backends }] });
    const world = new World(required(apisix), routedRollout({ apisix: { route: { name: 'web' } } }), [route]);
    for (const weight of [0, 5, 50, 0]) {
      weigh(world, weight);
      const [rule] = fieldAt(world.object('ApisixRoute'), 'spec', 'http') as Fields[];
      expect((fieldAt(rule, 'backends') as Fields[]).map((backend) => backend.weight)).toEqual([100 - weight, weight]);
    }
  });
});

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('missing');
  return value;
}
