import { beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type TestServer, testServer } from '../testing.ts';

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
});

const merge = { contentType: 'application/merge-patch+json' };

function url(apiVersion: string, resource: string): string {
  return `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}/namespaces/default/${resource}`;
}

function create(apiVersion: string, resource: string, kind: string, fields: Record<string, unknown>, name = 'a'): Promise<Answer> {
  return server.call('POST', url(apiVersion, resource), { apiVersion, kind, metadata: { name }, ...fields });
}

const pod = { containers: [{ name: 'main', image: 'example.com/web' }] };
const template = { metadata: { labels: { app: 'a' } }, spec: pod };
const selector = { matchLabels: { app: 'a' } };

describe('defaults', () => {
  it.each<readonly [string, string, string, string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'a Deployment',
      'apps/v1',
      'deployments',
      'Deployment',
      { selector, template },
      {
        replicas: 1,
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    ],
    [
      'a StatefulSet',
      'apps/v1',
      'statefulsets',
      'StatefulSet',
      { selector, template },
      { replicas: 1, podManagementPolicy: 'OrderedReady', updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } },
    ],
    [
      'a DaemonSet',
      'apps/v1',
      'daemonsets',
      'DaemonSet',
      { selector, template },
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
    ],
    [
      'a Job',
      'batch/v1',
      'jobs',
      'Job',
      { template: { spec: { ...pod, restartPolicy: 'Never' } } },
      { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false },
    ],
    [
      'a HorizontalPodAutoscaler',
      'autoscaling/v2',
      'horizontalpodautoscalers',
      'HorizontalPodAutoscaler',
      { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' } },
      {
        minReplicas: 1,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
      },
    ],
    [
      'a NetworkPolicy',
      'networking.k8s.io/v1',
      'networkpolicies',
      'NetworkPolicy',
      { podSelector: {}, egress: [{}] },
      { policyTypes: ['Ingress', 'Egress'] },
    ],
  ])('%s gets those of a real server', async (_name, apiVersion, resource, kind, spec, expected) => {
    expect((await create(apiVersion, resource, kind, { spec })).object.spec).toMatchObject(expected);
  });

  it('a Pod gets those of its spec, and what admission adds', async () => {
    const spec = {
      containers: [{ name: 'main', image: 'example.com/web:1', ports: [{ containerPort: 80 }], resources: { limits: { cpu: 0.5 } } }],
    };
    const { object } = await create('v1', 'pods', 'Pod', { spec });
    expect(object.spec).toMatchObject({
      containers: [
        {
          imagePullPolicy: 'IfNotPresent',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: { limits: { cpu: '500m' }, requests: { cpu: '500m' } },
          volumeMounts: [{ mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true }],
        },
      ],
      serviceAccountName: 'default',
      priority: 0,
      tolerations: [{ key: 'node.kubernetes.io/not-ready' }, { key: 'node.kubernetes.io/unreachable' }],
    });
    expect(object.status).toEqual({ phase: 'Pending', qosClass: 'Burstable' });
  });

  it('a Job gets a selector of its own', async () => {
    const { object } = await create('batch/v1', 'jobs', 'Job', { spec: { template: { spec: { ...pod, restartPolicy: 'Never' } } } });
    const uid = object.metadata.uid ?? '';
    expect(object.spec).toMatchObject({
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { metadata: { labels: { 'job-name': 'a', 'controller-uid': uid } } },
    });
  });
});

describe('a Service', () => {
  const services = url('v1', 'services');

  it('gets an address and node ports that nobody else has, and gives them back', async () => {
    const spec = { type: 'NodePort', ports: [{ port: 80 }] };
    const made = await Promise.all(['a', 'b', 'c'].map((name) => create('v1', 'services', 'Service', { spec }, name)));
    const specs = made.map(({ object }) => object.spec as { clusterIP: string; ports: { nodePort: number }[] });
    expect(new Set(specs.map(({ clusterIP }) => clusterIP)).size).toBe(3);
    expect(new Set(specs.map(({ ports }) => ports[0]?.nodePort)).size).toBe(3);
    const [first] = specs;
    const taken = await create('v1', 'services', 'Service', { spec: { ports: [{ port: 80 }], clusterIP: first?.clusterIP } }, 'd');
    expect(taken.object.message).toContain(`failed to allocate IP ${first?.clusterIP}: provided IP is already allocated`);
    await server.call('DELETE', `${services}/a`);
    expect((await create('v1', 'services', 'Service', { spec: { ports: [{ port: 80 }], clusterIP: first?.clusterIP } }, 'd')).status).toBe(
      201,
    );
  });

  it('keeps its address through an update that does not name it, and does not change it', async () => {
    const { object } = await create('v1', 'services', 'Service', { spec: { ports: [{ port: 80 }] } });
    const { clusterIP } = object.spec as { clusterIP: string };
    const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { ports: [{ port: 81 }] } };
    expect((await server.call('PUT', `${services}/a`, body)).object.spec).toMatchObject({
      clusterIP,
      ports: [{ port: 81, targetPort: 81 }],
    });
    const moved = await server.call('PATCH', `${services}/a`, { spec: { clusterIP: '10.96.1.1' } }, merge);
    expect(moved.object.message).toBe('Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.1.1"]: may not change once set');
  });

  it.each([
    [{}, 'spec.ports: Required value'],
    [
      { ports: [{ port: 80 }, { port: 80 }] },
      'spec.ports[0].name: Required value, spec.ports[1].name: Required value, spec.ports[1]: Duplicate value',
    ],
    [{ type: 'ExternalName' }, 'spec.externalName: Required value'],
    [
      { ports: [{ port: 80 }], clusterIP: 'None', type: 'NodePort' },
      `spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`,
    ],
    [{ ports: [{ port: 80 }], clusterIP: '1.2.3.4' }, 'The range of valid IPs is 10.96.0.0/16'],
  ])('with %j is refused', async (spec, message) => {
    expect((await create('v1', 'services', 'Service', { spec })).object.message).toContain(message);
  });
});

describe('what cannot be changed', () => {
  it('is the selector of a Deployment', async () => {
    await create('apps/v1', 'deployments', 'Deployment', { spec: { selector, template } });
    const { object } = await server.call(
      'PATCH',
      `${url('apps/v1', 'deployments')}/a`,
      { spec: { selector: { matchLabels: { c: 'd' } } } },
      merge,
    );
    expect(object.message).toBe(
      'Deployment.apps "a" is invalid: [spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`, spec.selector: Invalid value: {"matchLabels":{"app":"a","c":"d"}}: field is immutable]',
    );
  });

  it('is most of a Pod', async () => {
    await create('v1', 'pods', 'Pod', { spec: pod });
    const strategic = { contentType: 'application/strategic-merge-patch+json' };
    const image = await server.call(
      'PATCH',
      `${url('v1', 'pods')}/a`,
      { spec: { containers: [{ name: 'main', image: 'example.com/web:2' }] } },
      strategic,
    );
    expect(image.status).toBe(200);
    const command = await server.call(
      'PATCH',
      `${url('v1', 'pods')}/a`,
      { spec: { containers: [{ name: 'main', command: ['x'] }] } },
      strategic,
    );
    expect(command.object.message).toContain('pod updates may not change fields other than');
  });

  it('is a Secret or ConfigMap that says so', async () => {
    await create('v1', 'secrets', 'Secret', { stringData: { a: 'b' }, immutable: true });
    const { object } = await server.call('PATCH', `${url('v1', 'secrets')}/a`, { data: { a: 'Yw==' } }, merge);
    expect(object.message).toBe('Secret "a" is invalid: data: Forbidden: field is immutable when `immutable` is set');
  });
});

describe('one object under two names', () => {
  it('is an Event of either group', async () => {
    await create('v1', 'events', 'Event', {
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      message: 'hello',
      reason: 'Said',
      count: 2,
    });
    const { object } = await server.call('GET', `${url('events.k8s.io/v1', 'events')}/a`);
    expect(object).toMatchObject({ apiVersion: 'events.k8s.io/v1', regarding: { name: 'p' }, note: 'hello', deprecatedCount: 2 });
    const listed = await server.call('GET', `${url('v1', 'events')}?fieldSelector=involvedObject.name%3Dp`);
    expect((listed.object as unknown as { items: readonly unknown[] }).items).toHaveLength(1);
  });

  it('is a HorizontalPodAutoscaler of either version', async () => {
    const spec = {
      maxReplicas: 3,
      targetCPUUtilizationPercentage: 60,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
    };
    const first = await create('autoscaling/v1', 'horizontalpodautoscalers', 'HorizontalPodAutoscaler', { spec });
    expect(first.object).toMatchObject({ apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 60 } });
    const { object } = await server.call('GET', `${url('autoscaling/v2', 'horizontalpodautoscalers')}/a`);
    expect(object.spec).toMatchObject({ metrics: [{ resource: { target: { averageUtilization: 60 } } }] });
  });
});

describe('what is wrong', () => {
  it.each<readonly [string, string, string, Record<string, unknown>, string]>([
    [
      'batch/v1',
      'cronjobs',
      'CronJob',
      { spec: { schedule: 'x', jobTemplate: { spec: { template: { spec: { ...pod, restartPolicy: 'Never' } } } } } },
      'spec.schedule: Invalid value: "x": expected exactly 5 fields, found 1: [x]',
    ],
    [
      'batch/v1',
      'jobs',
      'Job',
      { spec: { template } },
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    ],
    [
      'policy/v1',
      'poddisruptionbudgets',
      'PodDisruptionBudget',
      { spec: { minAvailable: 1, maxUnavailable: 1 } },
      'minAvailable and maxUnavailable cannot be both set',
    ],
    ['networking.k8s.io/v1', 'ingresses', 'Ingress', { spec: {} }, 'either `defaultBackend` or `rules` must be specified'],
    ['v1', 'secrets', 'Secret', { type: 'kubernetes.io/tls' }, 'data[tls.crt]: Required value, data[tls.key]: Required value'],
    ['v1', 'configmaps', 'ConfigMap', { data: { 'a b': 'c' } }, 'data[a b]: Invalid value: "a b": a valid config key must consist of'],
    [
      'v1',
      'persistentvolumeclaims',
      'PersistentVolumeClaim',
      { spec: {} },
      'spec.accessModes: Required value: at least 1 access mode is required, spec.resources[storage]: Required value',
    ],
    [
      'rbac.authorization.k8s.io/v1',
      'roles',
      'Role',
      { rules: [{ verbs: ['get'] }] },
      'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
    ],
    [
      'v1',
      'pods',
      'Pod',
      { spec: { ...pod, serviceAccountName: 'none' } },
      'pods "a" is forbidden: error looking up service account default/none: serviceaccount "none" not found',
    ],
  ])('in a %s %s %s is told with its path', async (apiVersion, resource, kind, fields, message) => {
    const { status, object } = await create(apiVersion, resource, kind, fields);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(object.message).toContain(message);
  });
});
