import { describe, expect, it } from 'vitest';
import type { Write } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { EndpointSlice, Endpoints, Service } from '../../shapes/services.ts';
import { type PodWish, pod, testTime } from '../../testing/builders.ts';
import { decideEndpoints } from './decide-endpoints.ts';
import { decideMirror } from './decide-mirror.ts';
import { decideSlices } from './decide-slices.ts';

const service = (spec: Service['spec'] = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'default', uid: 'uid-svc', labels: { team: 'a' } },
  spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }], ...spec },
});
const member = (ip: string, wish: PodWish = {}): Pod =>
  pod({
    name: `pod-${ip}`,
    readyAt: -5,
    spec: { containers: [{ name: 'web', ports: [{ name: 'http', containerPort: 8080 }] }] },
    ...wish,
    status: { podIP: ip, ...wish.status },
  });
const subsets = (given: Service, pods: readonly Pod[]): unknown => {
  const [write] = decideEndpoints({ service: given, endpoints: undefined, pods }, testTime).steps[0]?.writes ?? [];
  return (write?.object as Endpoints | undefined)?.subsets?.map(({ addresses, notReadyAddresses, ports }) => [
    addresses?.map(({ ip }) => ip),
    notReadyAddresses?.map(({ ip }) => ip),
    ports?.map(({ port }) => port),
  ]);
};

describe('endpoints of a service', () => {
  it.each<[string, Service, readonly Pod[], unknown]>([
    [
      'ready and not ready pods',
      service(),
      [
        member('10.0.0.2'),
        member('10.0.0.1'),
        pod({
          ...{ name: 'slow' },
          spec: { containers: [{ name: 'w', ports: [{ name: 'http', containerPort: 8080 }] }] },
          status: { podIP: '10.0.0.3' },
        }),
      ],
      [[['10.0.0.1', '10.0.0.2'], ['10.0.0.3'], [8080]]],
    ],
    [
      'a named port that differs makes two groups',
      service(),
      [member('10.0.0.1'), member('10.0.0.2', { spec: { containers: [{ name: 'w', ports: [{ name: 'http', containerPort: 9090 }] }] } })],
      [
        [['10.0.0.1'], undefined, [8080]],
        [['10.0.0.2'], undefined, [9090]],
      ],
    ],
    ['pods without the named port are left out', service(), [member('10.0.0.1', { spec: { containers: [{ name: 'w' }] } })], undefined],
    [
      'pods that go, have ended or have no address are left out',
      service(),
      [member('10.0.0.1', { deletedAt: 30 }), member('10.0.0.2', { phase: 'Succeeded' }), pod({ readyAt: -1 })],
      undefined,
    ],
    [
      'those that go are published where all are',
      service({ publishNotReadyAddresses: true }),
      [member('10.0.0.1', { deletedAt: 30 })],
      [[['10.0.0.1'], undefined, [8080]]],
    ],
    [
      'ports that only some pods have make subsets of their own',
      service({
        ports: [
          { name: 'http', port: 80, targetPort: 'http' },
          { name: 'admin', port: 81, targetPort: 9000 },
        ],
      }),
      [member('10.0.0.1'), member('10.0.0.2', { spec: { containers: [{ name: 'w' }] } })],
      [
        [['10.0.0.1'], undefined, [8080]],
        [['10.0.0.1', '10.0.0.2'], undefined, [9000]],
      ],
    ],
    [
      'a headless service without ports',
      service({ ports: [], clusterIP: 'None' }),
      [member('10.0.0.1')],
      [[['10.0.0.1'], undefined, undefined]],
    ],
  ])('%s', (_, given, pods, expected) => {
    expect(subsets(given, pods)).toEqual(expected);
  });

  it('go with a service that is gone, but only those that are ours', () => {
    const ours = (labels: Record<string, string>): Endpoints => ({
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'web', namespace: 'default', labels },
    });
    const told = (endpoints: Endpoints): number => decideEndpoints({ service: undefined, endpoints, pods: [] }, testTime).steps.length;
    expect([told(ours({ 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' })), told(ours({}))]).toEqual([1, 0]);
  });
});

describe('slices of a service', () => {
  const slice = (
    name: string,
    ips: readonly string[],
    ports: EndpointSlice['ports'] = [{ name: 'http', port: 8080, protocol: 'TCP' }],
  ): EndpointSlice => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      labels: {
        team: 'a',
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      },
    },
    addressType: 'IPv4',
    endpoints: ips.map((ip) => ({
      addresses: [ip],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', namespace: 'default', name: `pod-${ip}`, uid: `uid-pod-${ip}` },
    })),
    ports,
  });
  const many = (count: number, from = 0): readonly string[] =>
    Array.from({ length: count }, (_, index) => `10.1.${(from + index) >> 8}.${(from + index) & 255}`);
  const told = (pods: readonly Pod[], slices: readonly EndpointSlice[]): readonly string[] =>
    decideSlices({ service: service(), pods, slices }, testTime).steps.flatMap((step) =>
      step.writes.map((write: Write) => {
        const endpoints =
          write.verb === 'create'
            ? (write.object as EndpointSlice).endpoints
            : write.verb === 'patch'
              ? (write.patch.endpoints as readonly unknown[])
              : [];
        return `${write.verb} ${write.object.metadata.name ?? write.object.metadata.generateName} ${endpoints.length}`;
      }),
    );

  it('are filled up to a hundred each', () => {
    expect(
      told(
        many(250).map((ip) => member(ip)),
        [],
      ),
    ).toEqual(['create web- 100', 'create web- 100', 'create web- 50']);
  });

  it('are left alone when nothing changed', () => {
    expect(
      told(
        many(3).map((ip) => member(ip)),
        [slice('one', many(3))],
      ),
    ).toEqual([]);
  });

  it('keep their members when others come and go', () => {
    expect(
      told(
        many(101, 1).map((ip) => member(ip)),
        [slice('one', many(100))],
      ),
    ).toEqual(['patch one 100', 'create web- 1']);
  });

  it('of a service without members are one that is empty, used again when they come', () => {
    expect(told([], [])).toEqual(['create web- 0']);
    expect(told([member('10.1.0.1')], [slice('empty', [], [])])).toEqual(['patch empty 1']);
  });

  it('show a pod that goes as terminating', () => {
    const plan = decideSlices({ service: service(), pods: [member('10.1.0.1', { deletedAt: 30 })], slices: [] }, testTime);
    expect(plan.steps[0]?.writes[0]?.object).toMatchObject({
      endpoints: [{ conditions: { ready: false, serving: true, terminating: true } }],
    });
  });
});

it('endpoints that somebody else writes are mirrored', () => {
  const endpoints: Endpoints = {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'ext', namespace: 'default', uid: 'uid-ext', labels: { a: 'b' } },
    subsets: [{ addresses: [{ ip: '192.0.2.1' }], notReadyAddresses: [{ ip: '192.0.2.2' }], ports: [{ port: 80, protocol: 'TCP' }] }],
  };
  const { selector: _, ...spec } = service().spec;
  const plan = decideMirror({ endpoints, service: { ...service(), spec }, slices: [] });
  expect(plan.steps[0]?.writes[0]?.object).toMatchObject({
    metadata: { labels: { a: 'b', 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' } },
    endpoints: [
      { addresses: ['192.0.2.1'], conditions: { ready: true } },
      { addresses: ['192.0.2.2'], conditions: { ready: false } },
    ],
    ports: [{ name: '', port: 80 }],
  });
});
