import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeObject, Service } from '@sluice/api';
import { afterEach, describe, expect, it } from 'vitest';
import { applied, routedRollout } from '../testing/world.ts';
import { awsLoadBalancers } from './aws-load-balancers.ts';
import { type LoadBalancers, type TargetGroup, verifyTargets, verifyWeight } from './verification.ts';

const tag = 'ingress.k8s.aws/resource';
const arn = (name: string): string => `arn:aws:elasticloadbalancing:eu-1:1:targetgroup/${name}/abc`;
const balancer = { name: 'lb', arn: 'arn:aws:elasticloadbalancing:eu-1:1:loadbalancer/app/lb/123' };
const group = (name: string, resource: string, weight?: number): TargetGroup => ({
  name,
  arn: arn(name),
  tags: { [tag]: resource },
  ...(weight === undefined ? {} : { weight }),
});
const aws = (groups: readonly TargetGroup[], targets: readonly string[] = []): LoadBalancers => ({
  findByDnsName: async (name) => (name === 'lb.example' ? balancer : undefined),
  targetGroupsOf: async () => groups,
  targetsOf: async () =>
    targets.map((target) => {
      const [id = '', port = ''] = target.split(':');
      return { id, port: Number(port) };
    }),
});
const ingress = (name: string, ...hosts: string[]): [string, KubeObject] => [
  name,
  {
    ...applied('networking.k8s.io/v1', 'Ingress', name, {}),
    status: { loadBalancer: { ingress: hosts.map((hostname) => ({ hostname })) } },
  },
];
const failing: LoadBalancers = {
  findByDnsName: () => Promise.reject(new Error('throttled')),
  targetGroupsOf: () => Promise.reject(new Error('throttled')),
  targetsOf: () => Promise.reject(new Error('throttled')),
};

describe('weights at AWS', () => {
  const rollout = routedRollout({ alb: { ingress: 'web', servicePort: 80 } });
  const question = { rollout, ingresses: new Map([ingress('web', 'lb.example')]), weight: 20, targets: [], resourceTagKey: tag };
  const canary = (weight?: number): TargetGroup => group('c', 'shop/web-web-canary:80', weight);
  const stable = group('s', 'shop/web-web-stable:80', 80);
  const shown = (name: string): object => ({ name, arn: arn(name), fullName: `${name}/abc` });

  it('are verified, and tell the status what serves the Rollout', async () => {
    const verdict = await verifyWeight(question, aws([canary(20), stable, group('x', 'shop/other:80', 7)]));
    const alb = {
      ingress: 'web',
      loadBalancer: { ...balancer, fullName: 'lb/123' },
      canaryTargetGroup: shown('c'),
      stableTargetGroup: shown('s'),
    };
    expect(verdict).toEqual({
      isVerified: true,
      notes: [
        {
          type: 'Normal',
          reason: 'TargetGroupVerified',
          message: `Service web-canary (TargetGroup ${arn('c')}) verified: canary weight 20 set`,
        },
      ],
      albs: [alb],
      alb,
    });
  });

  it.each<[string, LoadBalancers, KubeObject, string[], string | undefined]>([
    [
      'another weight',
      aws([canary(10), stable]),
      ingress('web', 'lb.example')[1],
      [`TargetGroupUnverified: Service web-canary (TargetGroup ${arn('c')}) not verified: canary weight 20 not yet set (current: 10)`],
      undefined,
    ],
    ['no weight yet', aws([canary(), stable]), ingress('web', 'lb.example')[1], [], undefined],
    ['no load balancer yet', aws([canary(20)]), ingress('web')[1], [], undefined],
    [
      'a load balancer that is gone',
      aws([]),
      ingress('web', 'old.example')[1],
      ['LoadBalancerNotFound: Failed to find load balancer: old.example'],
      undefined,
    ],
    [
      'no answer',
      failing,
      ingress('web', 'lb.example')[1],
      ['TargetGroupVerifyError: Failed to verify Service web-canary (TargetGroup unknown): throttled'],
      'throttled',
    ],
  ])('are not verified by %s', async (_, of, object, notes, problem) => {
    const verdict = await verifyWeight({ ...question, ingresses: new Map([['web', object]]) }, of);
    expect(verdict.isVerified).toBe(false);
    expect(verdict.notes.map(({ reason, message }) => `${reason}: ${message}`)).toEqual(notes);
    expect(verdict.problem).toBe(problem);
  });

  it('are asked of every Ingress and experiment', async () => {
    const several = routedRollout({ alb: { ingresses: ['a', 'b'], servicePort: 80 } });
    const targets = [{ weight: 5, serviceName: 'exp', podTemplateHash: 'x' }];
    const ask = { ...question, rollout: several, targets, ingresses: new Map([ingress('a', 'lb.example'), ingress('b', 'lb.example')]) };
    const groups = [group('a', 'shop/a-web-canary:80', 20), group('b', 'shop/b-web-canary:80', 20), group('e', 'shop/b-exp:80', 5)];
    expect((await verifyWeight(ask, aws(groups))).isVerified).toBe(true);
    expect((await verifyWeight(ask, aws(groups.slice(0, 2)))).isVerified).toBe(false);
  });

  it('follow the ping-pong pair', async () => {
    const pair = routedRollout(
      { alb: { ingress: 'web', servicePort: 80 } },
      { pingPong: { pingService: 'ping', pongService: 'pong' } },
      { canary: { stablePingPong: 'ping' } },
    );
    expect((await verifyWeight({ ...question, rollout: pair }, aws([group('p', 'shop/web-pong:80', 20)]))).isVerified).toBe(true);
  });
});

describe('pods at AWS', () => {
  const service: Service = {
    ...applied('v1', 'Service', 'web', {}),
    spec: { ports: [{ name: 'http', port: 80, targetPort: 'web' }, { port: 90, targetPort: 9090 }, { port: 70 }] },
  };
  const endpoints = {
    ...applied('v1', 'Endpoints', 'web', {}),
    subsets: [
      {
        addresses: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }],
        notReadyAddresses: [{ ip: '10.0.0.3' }],
        ports: [{ name: 'web', port: 8080 }],
      },
    ],
  };
  const binding = (port: unknown, more: object = {}, name = 'web'): KubeObject =>
    applied('elbv2.k8s.aws/v1beta1', 'TargetGroupBinding', 'tgb', {
      targetType: 'ip',
      targetGroupARN: arn('g'),
      serviceRef: { name, port },
      ...more,
    });

  it.each<[string, KubeObject, readonly string[], boolean, string | undefined]>([
    [
      'by a port that has a name',
      binding('http'),
      ['10.0.0.1:8080', '10.0.0.2:8080', '10.9.9.9:1'],
      true,
      'verified: 2 endpoints registered',
    ],
    ['by the number of a port', binding(90), ['10.0.0.1:9090', '10.0.0.2:9090'], true, 'verified: 2 endpoints registered'],
    ['by a port whose target is the same', binding(70), ['10.0.0.1:70', '10.0.0.2:70'], true, 'verified: 2 endpoints registered'],
    ['not, while one is missing', binding(80), ['10.0.0.2:8080'], false, 'not verified: 1/2 endpoints registered'],
    ['without being asked, for nodes', binding(80, { targetType: 'instance' }), [], true, undefined],
    ['without being asked, for another service', binding(80, {}, 'other'), [], true, undefined],
    ['without being asked, for a port that is not there', binding(81), [], true, undefined],
  ])('are verified %s', async (_, bound, targets, isVerified, text) => {
    const verdict = await verifyTargets({ service, endpoints, bindings: [bound] }, aws([], targets));
    expect(verdict.isVerified).toBe(isVerified);
    expect(verdict.notes.map(({ message }) => message)).toEqual(
      text === undefined ? [] : [`Service web (TargetGroup ${arn('g')}) ${text}`],
    );
  });

  it('are not verified when AWS does not answer, and no object of another shape is a throw', async () => {
    expect(await verifyTargets({ service, endpoints, bindings: [binding(80)] }, failing)).toMatchObject({
      isVerified: false,
      problem: 'throttled',
    });
    for (const odd of [{}, { subsets: 5 }, { subsets: [null, { addresses: [5], ports: 'x' }] }])
      await verifyTargets(
        { service, endpoints: { ...endpoints, ...odd }, bindings: [{ ...binding(80), spec: null }, binding(80)] },
        aws([]),
      );
  });
});

describe('the official client', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  const list = (items: readonly string[]): string => items.map((item) => `<member>${item}</member>`).join('');
  const pages: Readonly<Record<string, (form: URLSearchParams) => string>> = {
    DescribeLoadBalancers: (form) =>
      form.has('Marker')
        ? `<LoadBalancers>${list([`<DNSName>lb.example</DNSName><LoadBalancerName>lb</LoadBalancerName><LoadBalancerArn>${balancer.arn}</LoadBalancerArn>`])}</LoadBalancers>`
        : `<LoadBalancers>${list(['<DNSName>x</DNSName><LoadBalancerArn>x</LoadBalancerArn>'])}</LoadBalancers><NextMarker>2</NextMarker>`,
    DescribeTargetGroups: () =>
      `<TargetGroups>${list(Array.from({ length: 21 }, (_, at) => `<TargetGroupName>g${at}</TargetGroupName><TargetGroupArn>${arn(`g${at}`)}</TargetGroupArn>`))}</TargetGroups>`,
    DescribeTags: (form) => {
      const asked = [...form].filter(([key]) => key.startsWith('ResourceArns.')).map(([, value]) => value);
      if (asked.length > 20) return '';
      return `<TagDescriptions>${list(asked.map((value) => `<ResourceArn>${value}</ResourceArn><Tags>${list([`<Key>${tag}</Key><Value>of ${value}</Value>`])}</Tags>`))}</TagDescriptions>`;
    },
    DescribeListeners: () => `<Listeners>${list(['<ListenerArn>l</ListenerArn>'])}</Listeners>`,
    DescribeRules: () => {
      const tuples = list([
        `<TargetGroupArn>${arn('g0')}</TargetGroupArn><Weight>30</Weight>`,
        `<TargetGroupArn>${arn('g20')}</TargetGroupArn><Weight>70</Weight>`,
      ]);
      return `<Rules>${list([`<Actions>${list([`<Type>forward</Type><ForwardConfig><TargetGroups>${tuples}</TargetGroups></ForwardConfig>`])}</Actions>`])}</Rules>`;
    },
    DescribeTargetHealth: () =>
      `<TargetHealthDescriptions>${list(['<Target><Id>10.0.0.1</Id><Port>8080</Port></Target>', '<Target><Id>x</Id></Target>'])}</TargetHealthDescriptions>`,
  };

  it('is asked page by page, and what it says comes out', async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        const form = new URLSearchParams(body);
        const action = form.get('Action') ?? '';
        const result = pages[action]?.(form) ?? '';
        response.setHeader('content-type', 'text/xml');
        response.end(`<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`);
      });
    });
    await new Promise<void>((done) => server?.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const real = awsLoadBalancers({
      endpoint: `http://127.0.0.1:${port}`,
      region: 'eu-west-1',
      credentials: { accessKeyId: 'id', secretAccessKey: 'key' },
      maxAttempts: 1,
    });
    expect(await real.findByDnsName('lb.example')).toEqual(balancer);
    expect(await real.findByDnsName('nowhere.example')).toBeUndefined();
    const groups = await real.targetGroupsOf(balancer.arn);
    expect(groups).toHaveLength(21);
    expect(groups[0]).toEqual({ name: 'g0', arn: arn('g0'), tags: { [tag]: `of ${arn('g0')}` }, weight: 30 });
    expect(groups[1]?.weight).toBeUndefined();
    expect(groups[20]).toMatchObject({ tags: { [tag]: `of ${arn('g20')}` }, weight: 70 });
    expect(await real.targetsOf(arn('g0'))).toEqual([{ id: '10.0.0.1', port: 8080 }]);
  });
});
