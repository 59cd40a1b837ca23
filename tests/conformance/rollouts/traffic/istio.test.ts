/** Istio: hosts and subsets, experiments as a third destination, ping and pong, header and mirror routes. */
import { annotations, type KubeObject, labels } from '@sluice/api';
import { expect } from 'vitest';
import { canary, pause, rollout, service, setCanaryScale, setWeight } from '../../../harness/rollouts/manifests.ts';
import { custom, destinationRuleType, type Fields, specOf, virtualServiceType } from '../../../harness/rollouts/routes.ts';
import { type Scenario, scenario, suite } from '../../../harness/rollouts/scenario.ts';

type Destination = { readonly destination: { readonly host: string; readonly subset?: string }; readonly weight: number };
type Route = { readonly name?: string; readonly route: readonly Destination[] };
type Hosts = { readonly http?: readonly Route[]; readonly tls?: readonly Route[] };
type Rule = { readonly subsets: readonly { readonly name: string; readonly labels?: Readonly<Record<string, string>> }[] };

const services = [service('stable'), service('canary')];
const toHosts = (stable = 'stable', fresh = 'canary'): readonly Fields[] => [
  { destination: { host: stable }, weight: 100 },
  { destination: { host: fresh }, weight: 0 },
];
const toSubsets: readonly Fields[] = ['stable', 'canary'].map((subset) => ({
  destination: { host: 'web', subset },
  weight: subset === 'stable' ? 100 : 0,
}));
const virtualService = (spec: Fields): KubeObject => custom(virtualServiceType, 'web', { hosts: ['web.example.com'], ...spec });
const tls: Fields = { match: [{ port: 443, sniHosts: ['web.example.com'] }], route: toHosts() };
const destinationRule = custom(destinationRuleType, 'web', {
  host: 'web',
  subsets: ['stable', 'canary'].map((name) => ({ name, labels: { app: 'web' } })),
});
const hostRouted = (istio: Fields = { virtualService: { name: 'web', routes: ['primary'] } }, rest: Fields = {}): Fields => ({
  canaryService: 'canary',
  stableService: 'stable',
  trafficRouting: { istio, ...rest },
});
const subsetRouted = (routes: Fields = { routes: ['primary'] }): Fields => ({
  trafficRouting: {
    istio: {
      virtualService: { name: 'web', ...routes },
      destinationRule: { name: 'web', stableSubsetName: 'stable', canarySubsetName: 'canary' },
    },
  },
});

const primaryOf = (s: Scenario): Route | undefined => {
  const routes = specOf<Hosts>(s, virtualServiceType, 'web')?.http ?? [];
  return routes.find(({ name }) => name === 'primary') ?? routes[0];
};
const weightsOf = (route: Route | undefined): readonly number[] | undefined => route?.route.map(({ weight }) => weight);
const httpWeights = (s: Scenario): readonly number[] | undefined => weightsOf(primaryOf(s));
const tlsWeights = (s: Scenario): readonly number[] | undefined => weightsOf(specOf<Hosts>(s, virtualServiceType, 'web')?.tls?.[0]);
const expectWeights = (s: Scenario, ...weights: readonly number[]): Promise<void> => s.eventually(() => httpWeights(s), weights);
/** Versions that the subsets of the rule select, by the subset's name. */
const subsets = (s: Scenario): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(
    (specOf<Rule>(s, destinationRuleType, 'web')?.subsets ?? []).map((subset) => [subset.name, subset.labels?.[labels.podTemplateHash]]),
  );
const routeNames = (s: Scenario): readonly unknown[] => (specOf<Hosts>(s, virtualServiceType, 'web')?.http ?? []).map(({ name }) => name);

suite('istio', [virtualServiceType, destinationRuleType], () => {
  const splits: readonly (readonly [string, Fields, Fields, readonly ((s: Scenario) => unknown)[]])[] = [
    ['HTTP', { http: [{ name: 'primary', route: toHosts() }] }, { routes: ['primary'] }, [httpWeights]],
    [
      'HTTP and TLS',
      { http: [{ name: 'primary', route: toHosts() }], tls: [tls] },
      { routes: ['primary'], tlsRoutes: [{ port: 443, sniHosts: ['web.example.com'] }] },
      [httpWeights, tlsWeights],
    ],
    ['only TLS', { tls: [tls] }, { tlsRoutes: [{ port: 443, sniHosts: ['web.example.com'] }] }, [tlsWeights]],
  ];
  for (const [name, spec, selected, seen] of splits) {
    scenario(`hosts: ${name}`, async (s) => {
      const weights = (): readonly unknown[] => seen.map((read) => read(s));
      const all = (...pair: readonly number[]): readonly unknown[] => seen.map(() => pair);
      await s.apply(
        ...services,
        virtualService(spec),
        rollout(canary([setWeight(10), pause()], hostRouted({ virtualService: { name: 'web', ...selected } }))),
      );
      await s.healthy();
      await s.eventually(weights, all(100, 0));
      await s.expectRevisions({ stable: 1, canary: 1 });
      await s.update();
      await s.pausedAt(1);
      await s.eventually(weights, all(90, 10));
      await s.expectRevisions({ stable: 1, canary: 2 });
      await s.promote();
      await s.healthy();
      await s.eventually(weights, all(100, 0));
      await s.expectRevisions({ stable: 2, canary: 2 });
      await s.eventually(() => [s.podCounts(1), s.deadline(1) !== undefined], [{ 1: 1 }, true]);
    });
  }

  scenario('subsets: weights and labels, and no trace after the router is taken away', async (s) => {
    await s.apply(
      destinationRule,
      virtualService({ http: [{ name: 'primary', route: toSubsets }] }),
      rollout(canary([setWeight(10), pause()], subsetRouted())),
    );
    await s.healthy();
    await expectWeights(s, 100, 0);
    await s.eventually(() => subsets(s), { stable: s.hash(1), canary: s.hash(1) });
    await s.update();
    await s.pausedAt(1);
    await expectWeights(s, 90, 10);
    await s.eventually(() => subsets(s), { stable: s.hash(1), canary: s.hash(2) });
    await s.promote();
    await s.healthy();
    await expectWeights(s, 100, 0);
    await s.eventually(() => subsets(s), { stable: s.hash(2), canary: s.hash(2) });
    await s.expectPods({ 1: 1 });
    await s.patch({ spec: { strategy: { canary: { trafficRouting: null } } } });
    const managedBy = (): unknown =>
      s.view.objects('DestinationRule', s.namespace)[0]?.metadata.annotations?.[annotations.managedBy] ?? 'nobody';
    await s.eventually(() => [managedBy(), subsets(s)], ['nobody', { stable: undefined, canary: undefined }], 10_000);
    await s.expectPods({ 1: 0 });
  });

  scenario('subsets: a single route without a name', async (s) => {
    await s.apply(
      destinationRule,
      virtualService({ http: [{ route: toSubsets }] }),
      rollout(canary([setWeight(10), pause()], subsetRouted({}))),
    );
    await s.healthy();
    await expectWeights(s, 100, 0);
    await s.update();
    await s.pausedAt(1);
    await expectWeights(s, 90, 10);
    await s.eventually(() => subsets(s), { stable: s.hash(1), canary: s.hash(2) });
    await s.promote();
    await s.healthy();
    await expectWeights(s, 100, 0);
  });

  const byHosts = (steps: readonly Fields[], options: object = {}): readonly KubeObject[] => [
    ...services,
    virtualService({ http: [{ name: 'primary', route: toHosts() }] }),
    rollout(canary(steps, hostRouted()), options),
  ];

  scenario('an abort after the end leaves it healthy', async (s) => {
    await s.apply(...byHosts([setWeight(10), pause()]));
    await s.healthy();
    await s.update();
    await s.pausedAt(1);
    await s.promote();
    await s.healthy();
    await s.abort();
    await s.holds(() => s.status.phase, 'Healthy', 2000);
    expect(s.status.abort ?? false).toBe(false);
  });

  scenario('a third version during a pause without canary pods gets its pod', async (s) => {
    await s.apply(...byHosts([setCanaryScale({ replicas: 1 }), setWeight(10), pause()]));
    await s.healthy();
    await s.update();
    await s.pausedAt(2);
    await s.expectPods({ 1: 1, 2: 1 });
    await s.update();
    await s.phase('Progressing');
    await s.pausedAt(2);
    await s.expectPods({ 1: 1, 2: 0, 3: 1 });
  });

  scenario('an abort when all canary pods have just been deleted', async (s) => {
    await s.apply(...byHosts([setWeight(40), pause(), setWeight(80), pause()], { replicas: 5 }));
    await s.healthy();
    await s.update();
    await s.pausedAt(1);
    await s.expectPods({ 1: 5, 2: 2 });
    await s.promote();
    await s.pausedAt(3);
    await s.expectPods({ 1: 5, 2: 4 });
    await s.kubectl(['delete', 'pods', '--wait=false', '-l', `${labels.podTemplateHash}=${s.hash(2)}`]);
    await s.abort();
    await s.phase('Degraded');
    await s.expectPods({ 1: 5, 2: 4 });
    await s.eventually(() => s.deadline(2) !== undefined, true);
    await expectWeights(s, 100, 0);
  });

  const experiment = { experiment: { duration: '3s', templates: [{ name: 'third', specRef: 'canary', weight: 20 }] } };

  scenario('hosts: an experiment is the third destination', async (s) => {
    await s.apply(...byHosts([setWeight(10), experiment]));
    await s.healthy();
    await expectWeights(s, 100, 0);
    await s.update();
    await expectWeights(s, 70, 10, 20);
    const created = s.experiments()[0]?.status?.templateStatuses?.[0]?.serviceName;
    expect(primaryOf(s)?.route.map(({ destination }) => destination.host)).toEqual(['stable', 'canary', created]);
    await s.healthy();
    await expectWeights(s, 100, 0);
  });

  scenario('subsets: an experiment is the third subset', async (s) => {
    await s.apply(
      destinationRule,
      virtualService({ http: [{ name: 'primary', route: toSubsets }] }),
      rollout(canary([setWeight(10), experiment], subsetRouted())),
    );
    await s.healthy();
    await s.update();
    await expectWeights(s, 70, 10, 20);
    await s.eventually(() => Object.keys(subsets(s)).length, 3);
    const third = s.experiments()[0]?.status?.templateStatuses?.[0]?.podTemplateHash;
    expect(Object.values(subsets(s))).toEqual([s.hash(1), s.hash(2), third]);
    await s.healthy();
    await expectWeights(s, 100, 0);
    await s.eventually(() => Object.keys(subsets(s)), ['stable', 'canary']);
  });

  scenario('ping and pong change places', async (s) => {
    const pingPong = { pingPong: { pingService: 'ping', pongService: 'pong' } };
    const istio = { virtualService: { name: 'web', routes: ['primary'] } };
    await s.apply(
      service('ping'),
      service('pong'),
      virtualService({ http: [{ name: 'primary', route: toHosts('ping', 'pong') }] }),
      rollout(canary([setWeight(25), pause()], { ...pingPong, trafficRouting: { istio } })),
    );
    await s.healthy();
    await expectWeights(s, 100, 0);
    await s.update();
    await s.pausedAt(1);
    await expectWeights(s, 75, 25);
    await s.promote();
    await s.healthy();
    await expectWeights(s, 0, 100);
    await s.update();
    await s.pausedAt(1);
    await expectWeights(s, 25, 75);
    await s.promote();
    await s.healthy();
    await expectWeights(s, 100, 0);
  });

  scenario('subsets: stable has all of the traffic after an abort and a smaller size', async (s) => {
    await s.apply(
      destinationRule,
      virtualService({ http: [{ name: 'primary', route: toSubsets }] }),
      rollout(canary([setWeight(20), pause()], subsetRouted()), { replicas: 4 }),
    );
    await s.healthy();
    await s.update();
    await s.pausedAt(1);
    await expectWeights(s, 80, 20);
    await s.abort();
    await s.phase('Degraded');
    await s.scale(1);
    await s.expectPods({ 1: 1 });
    await expectWeights(s, 100, 0);
  });

  scenario('a header route is first and goes to the canary, as long as its steps say', async (s) => {
    const match = [{ headerName: 'agent', headerValue: { prefix: 'Chrome' } }];
    const steps = [
      ...[setWeight(20), { setHeaderRoute: { name: 'set-header-1', match } }, pause()],
      ...[{ setHeaderRoute: { name: 'set-header-1' } }, setWeight(40), pause()],
    ];
    const routed = hostRouted({ virtualService: { name: 'web', routes: ['primary'] } }, { managedRoutes: [{ name: 'set-header-1' }] });
    await s.apply(...services, virtualService({ http: [{ name: 'primary', route: toHosts() }] }), rollout(canary(steps, routed)));
    await s.healthy();
    await s.update();
    await s.pausedAt(2);
    await s.eventually(() => routeNames(s), ['set-header-1', 'primary']);
    await expectWeights(s, 80, 20);
    const [managed] = specOf<Hosts>(s, virtualServiceType, 'web')?.http ?? [];
    expect(managed).toMatchObject({
      match: [{ headers: { agent: { prefix: 'Chrome' } } }],
      route: [{ destination: { host: 'canary' }, weight: 100 }],
    });
    await s.promote();
    await s.pausedAt(5);
    await s.eventually(() => routeNames(s), ['primary']);
    await expectWeights(s, 60, 40);
    await s.promote();
    await s.healthy();
    await expectWeights(s, 100, 0);
  });

  scenario('mirror routes stand before the others, with the weights of the moment', async (s) => {
    const names = ['mirror-route-1', 'mirror-route-2'];
    const mirror = (name: string, rest: Fields = {}): Fields => ({ setMirrorRoute: { name, ...rest } });
    const match = [{ method: { exact: 'GET' }, path: { prefix: '/' } }];
    const steps = [
      ...[setWeight(20), mirror('mirror-route-1', { match }), mirror('mirror-route-2', { match, percentage: 80 }), pause()],
      ...[mirror('mirror-route-1'), setWeight(40), pause()],
    ];
    const managedRoutes = names.map((name) => ({ name }));
    const routed = hostRouted({ virtualService: { name: 'web', routes: ['primary'] } }, { managedRoutes });
    await s.apply(...services, virtualService({ http: [{ name: 'primary', route: toHosts() }] }), rollout(canary(steps, routed)));
    type Mirror = Route & { readonly mirror?: { readonly host: string }; readonly mirrorPercentage?: { readonly value: number } };
    const picture = (): unknown =>
      (specOf<{ http: readonly Mirror[] }>(s, virtualServiceType, 'web')?.http ?? []).map((route) => [
        route.name,
        weightsOf(route),
        route.mirror?.host,
        route.mirrorPercentage?.value,
      ]);
    await s.healthy();
    await s.update();
    await s.pausedAt(3);
    await s.eventually(picture, [
      ['mirror-route-1', [80, 20], 'canary', 100],
      ['mirror-route-2', [80, 20], 'canary', 80],
      ['primary', [80, 20], undefined, undefined],
    ]);
    await s.promote();
    await s.pausedAt(6);
    await s.eventually(picture, [
      ['mirror-route-2', [60, 40], 'canary', 80],
      ['primary', [60, 40], undefined, undefined],
    ]);
    await s.promote();
    await s.healthy();
    await s.eventually(picture, [['primary', [100, 0], undefined, undefined]]);
  });
});
