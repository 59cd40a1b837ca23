import { beforeEach, describe, expect, it } from 'vitest';
import { type TestServer, testServer } from '../testing.ts';

const pods = '/api/v1/namespaces/default/pods';
const budgets = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const merge = { contentType: 'application/merge-patch+json' };

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', labels: { app: 'a' } },
    spec: {
      containers: [
        { name: 'main', image: 'x' },
        { name: 'side', image: 'y' },
      ],
    },
  };
  await server.call('POST', pods, pod);
});

describe('pods/binding', () => {
  it('puts a pod on a node, once', async () => {
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'n1' } };
    expect((await server.call('POST', `${pods}/p/binding`, binding)).status).toBe(201);
    const { object } = await server.call('GET', `${pods}/p`);
    expect(object).toMatchObject({
      metadata: { generation: 1 },
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    expect((await server.call('POST', `${pods}/p/binding`, binding)).object).toMatchObject({
      code: 409,
      message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
    });
  });
});

describe('pods/eviction', () => {
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } };

  it('is refused while the budget is spent, and spends it when it is not', async () => {
    await server.call(
      'PATCH',
      `${pods}/p/status`,
      { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
      merge,
    );
    await server.call('POST', budgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'a' } } },
    });
    const refused = await server.call('POST', `${pods}/p/eviction`, eviction);
    expect(refused.object).toMatchObject({ code: 429, message: "Cannot evict pod as it would violate the pod's disruption budget." });
    await server.call(
      'PATCH',
      `${budgets}/b/status`,
      { status: { observedGeneration: 1, disruptionsAllowed: 1, currentHealthy: 2, desiredHealthy: 1 } },
      merge,
    );
    expect((await server.call('POST', `${pods}/p/eviction`, eviction)).status).toBe(201);
    expect((await server.call('GET', `${budgets}/b`)).object.status).toMatchObject({
      disruptionsAllowed: 0,
      disruptedPods: { p: '2026-01-02T03:04:05Z' },
    });
    expect((await server.call('GET', `${pods}/p`)).status).toBe(404);
  });
});

describe('pods/log', () => {
  it('asks the runtime for the right container', async () => {
    server.server.setRuntime({ podLogs: async (pod, options) => `${pod.metadata.name} ${options.container} ${options.tailLines}\n` });
    const read = async (query: string): Promise<string> => {
      const answer = await server.server.handle({
        method: 'GET',
        path: `${pods}/p/log`,
        query: new URLSearchParams(query),
        headers: {},
        user: { name: 'a', groups: ['system:masters'] },
      });
      return answer.kind === 'bytes'
        ? String(answer.bytes)
        : answer.kind === 'object'
          ? String((answer.object as { message?: string }).message)
          : '';
    };
    expect(await read('container=side&tailLines=3')).toBe('p side 3\n');
    expect(await read('')).toBe('a container name must be specified for pod p, choose one of: [main side]');
    expect(await read('container=none')).toBe('container none is not valid for pod p');
  });
});

describe('metrics.k8s.io', () => {
  it('is served once there is a runtime that knows its usage', async () => {
    const url = '/apis/metrics.k8s.io/v1beta1/namespaces/default/pods';
    await expect(server.call('GET', url)).rejects.toThrow('404');
    server.server.setRuntime({ podMetrics: () => [{ container: 'main', cpuNanoCores: 1_500_000, memoryBytes: 2048 }] });
    const { object } = await server.call('GET', url);
    expect(object).toMatchObject({
      kind: 'PodMetricsList',
      items: [{ metadata: { name: 'p' }, window: '15s', containers: [{ name: 'main', usage: { cpu: '1500000n', memory: '2Ki' } }] }],
    });
  });
});

describe('scale', () => {
  const deployments = '/apis/apps/v1/namespaces/default/deployments';

  it('changes the replicas and nothing else, and has its own words for what is wrong', async () => {
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } };
    await server.call('POST', deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: { a: 'b' } }, template },
    });
    const { object } = await server.call('PATCH', `${deployments}/d/scale`, { spec: { replicas: 4 } }, merge);
    expect(object).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 4 },
      status: { replicas: 0, selector: 'a=b' },
    });
    const negative = await server.call('PATCH', `${deployments}/d/scale`, { spec: { replicas: -1 } }, merge);
    expect(negative.object.message).toBe(
      'Scale.autoscaling "d" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    );
  });
});
