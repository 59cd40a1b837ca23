/** The controllers behind the API: workloads become ready, roll, scale and clean up; Services find their pods. */
import type { KubeObject, ResourceType } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { expect, it } from 'vitest';
import { type Bench, field, podTemplate } from './bench.ts';

const { daemonSets, deployments, endpoints, endpointSlices, jobs, persistentVolumeClaims, pods, replicaSets, services, statefulSets } =
  builtinTypes;

export function workloadCases(bench: Bench): void {
  const make = (type: ResourceType, name: string, spec: Record<string, unknown>): Promise<KubeObject> =>
    bench.client.create(type, {
      apiVersion: `${type.group}/${type.version}`,
      kind: type.kind,
      metadata: { name, namespace: bench.namespace },
      spec: { selector: { matchLabels: { app: name } }, template: podTemplate({ app: name }), ...spec },
    });
  const status = (path: string, value: unknown): ((object: KubeObject) => boolean) => {
    return (object) =>
      field(object, `status.${path}`) === value && field(object, 'status.observedGeneration') === object.metadata.generation;
  };
  const podsOf = async (name: string): Promise<readonly KubeObject[]> =>
    (await bench.client.list(pods, { namespace: bench.namespace, labelSelector: `app=${name}` })).items;

  it('brings a Deployment to readiness by a ReplicaSet of its template', async () => {
    const name = bench.name('deployment');
    await make(deployments, name, { replicas: 3 });
    const ready = await bench.untilObject(deployments, bench.at(name), 'available', status('availableReplicas', 3));
    expect(ready.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '1' });
    expect(ready.status).toMatchObject({ replicas: 3, updatedReplicas: 3, readyReplicas: 3 });
    const conditions = field(ready, 'status.conditions') as { type: string; status: string; reason: string }[];
    expect(conditions.map((one) => `${one.type}=${one.status} ${one.reason}`).sort()).toEqual([
      'Available=True MinimumReplicasAvailable',
      'Progressing=True NewReplicaSetAvailable',
    ]);
    const { items } = await bench.client.list(replicaSets, { namespace: bench.namespace, labelSelector: `app=${name}` });
    expect(items.length).toBe(1);
    const [set] = items;
    const hash = set?.metadata.labels?.['pod-template-hash'] ?? '';
    expect(set?.metadata.name).toBe(`${name}-${hash}`);
    expect(set?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
    });
    expect(set?.metadata.ownerReferences).toMatchObject([{ kind: 'Deployment', name, controller: true, blockOwnerDeletion: true }]);
    for (const pod of await podsOf(name)) {
      expect(pod.metadata.ownerReferences).toMatchObject([{ kind: 'ReplicaSet', name: `${name}-${hash}`, controller: true }]);
      expect(pod.metadata.labels).toEqual({ app: name, 'pod-template-hash': hash });
    }
    await bench.client.delete(deployments, bench.at(name));
    await bench.until('the pods gone', async () => (await podsOf(name)).length === 0);
  });

  it('rolls a Deployment over and back, keeping to surge and unavailability', async () => {
    const name = bench.name('rolling');
    await make(deployments, name, { replicas: 4, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await bench.untilObject(deployments, bench.at(name), 'available', status('availableReplicas', 4));
    await bench.client.patch(deployments, bench.at(name), 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'web', image: 'example.com/web:2' }] } } },
    });
    let leastAvailable = 4;
    let mostPods = 0;
    await bench.untilObject(deployments, bench.at(name), 'rolled out', (object) => {
      leastAvailable = Math.min(leastAvailable, Number(field(object, 'status.availableReplicas') ?? 0));
      mostPods = Math.max(mostPods, Number(field(object, 'status.replicas') ?? 0));
      return status('updatedReplicas', 4)(object) && status('replicas', 4)(object) && status('availableReplicas', 4)(object);
    });
    expect(leastAvailable).toBe(4);
    expect(mostPods).toBeLessThanOrEqual(5);
    const sets = (await bench.client.list(replicaSets, { namespace: bench.namespace, labelSelector: `app=${name}` })).items;
    expect(
      sets.map((set) => `${set.metadata.annotations?.['deployment.kubernetes.io/revision']}: ${field(set, 'spec.replicas')}`).sort(),
    ).toEqual(['1: 0', '2: 4']);
    await bench.client.patch(deployments, bench.at(name), 'strategic', {
      spec: { template: { spec: { containers: [{ name: 'web', image: 'example.com/web:1' }] } } },
    });
    await bench.untilObject(
      deployments,
      bench.at(name),
      'back',
      (object) => object.metadata.annotations?.['deployment.kubernetes.io/revision'] === '3' && status('updatedReplicas', 4)(object),
    );
    expect((await bench.client.list(replicaSets, { namespace: bench.namespace, labelSelector: `app=${name}` })).items.length).toBe(2);
    await bench.client.delete(deployments, bench.at(name));
  });

  it('replaces a pod that was deleted, and scales both ways', async () => {
    const name = bench.name('replica-set');
    await make(replicaSets, name, { replicas: 2 });
    await bench.untilObject(replicaSets, bench.at(name), 'ready', status('readyReplicas', 2));
    const [victim] = await podsOf(name);
    await bench.client.delete(pods, bench.at(victim?.metadata.name ?? ''));
    await bench.until('another pod', async () => {
      const now = (await podsOf(name)).filter((pod) => pod.metadata.deletionTimestamp === undefined);
      return now.length === 2 && now.every((pod) => pod.metadata.uid !== victim?.metadata.uid);
    });
    await bench.client.patch(replicaSets, bench.at(name), 'merge', { spec: { replicas: 0 } });
    await bench.untilObject(replicaSets, bench.at(name), 'empty', status('replicas', 0));
    await bench.client.delete(replicaSets, bench.at(name));
  });

  it('starts a StatefulSet one by one, by name', async () => {
    const name = bench.name('stateful');
    await make(statefulSets, name, { replicas: 2, serviceName: name });
    const ready = await bench.untilObject(statefulSets, bench.at(name), 'ready', status('readyReplicas', 2));
    expect(field(ready, 'status.currentRevision')).toBe(field(ready, 'status.updateRevision'));
    const created = (await podsOf(name)).map((pod) => pod.metadata.name).sort();
    expect(created).toEqual([`${name}-0`, `${name}-1`]);
    expect((await podsOf(name))[0]?.metadata.labels).toMatchObject({
      'statefulset.kubernetes.io/pod-name': `${name}-0`,
      'apps.kubernetes.io/pod-index': '0',
    });
    await bench.client.delete(statefulSets, bench.at(name));
  });

  it('runs a DaemonSet on every node', async ({ skip }) => {
    const { items } = await bench.client.list(builtinTypes.nodes);
    const nodes = items.length;
    if (items.some((node) => `${field(node, 'status.nodeInfo.kubeletVersion') ?? ''}` === ''))
      return skip('the nodes of this cluster have no kubelets');
    const name = bench.name('daemon');
    const template = podTemplate({ app: name });
    await make(daemonSets, name, {
      template: { ...template, spec: { ...(template.spec as object), tolerations: [{ operator: 'Exists' }] } },
    });
    const ready = await bench.untilObject(
      daemonSets,
      bench.at(name),
      'ready',
      (object) => Number(field(object, 'status.numberReady')) >= nodes,
    );
    expect(ready.status).toMatchObject({ desiredNumberScheduled: nodes, currentNumberScheduled: nodes, numberMisscheduled: 0 });
    await bench.client.delete(daemonSets, bench.at(name));
  });

  it('completes a Job, and gives one up that keeps failing', async () => {
    const job = (name: string, command: readonly string[], spec: Record<string, unknown> = {}): Promise<KubeObject> =>
      bench.client.create(jobs, {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name, namespace: bench.namespace },
        spec: {
          ...spec,
          template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'example.com/work:1', command }] } },
        },
      });
    const hasCondition = (type: string) => (object: KubeObject) =>
      (field(object, 'status.conditions') as { type: string; status: string }[] | undefined)?.some(
        (one) => one.type === type && one.status === 'True',
      ) === true;
    const good = bench.name('job');
    await job(good, ['sh', '-c', 'sleep 0.1']);
    const done = await bench.untilObject(jobs, bench.at(good), 'complete', hasCondition('Complete'));
    expect(done.status).toMatchObject({ succeeded: 1, completionTime: expect.stringMatching(/Z$/) });
    const bad = bench.name('job');
    await job(bad, ['sh', '-c', 'exit 3'], { backoffLimit: 0 });
    const failed = await bench.untilObject(jobs, bench.at(bad), 'failed', hasCondition('Failed'));
    expect(field(failed, 'status.failed')).toBe(1);
    for (const name of [good, bad]) await bench.client.delete(jobs, bench.at(name), { propagationPolicy: 'Background' });
  });

  it('lists the ready pods of a Service as Endpoints and EndpointSlices', async () => {
    const name = bench.name('web');
    await make(deployments, name, { replicas: 2 });
    await bench.client.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: bench.namespace },
      spec: { selector: { app: name }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    });
    const found = await bench.untilObject(
      endpoints,
      bench.at(name),
      'two addresses',
      (object) => (field(object, 'subsets.0.addresses') as unknown[] | undefined)?.length === 2,
    );
    expect(field(found, 'subsets.0.ports')).toEqual([{ name: 'http', port: 8080, protocol: 'TCP' }]);
    const { items } = await bench.client.list(endpointSlices, {
      namespace: bench.namespace,
      labelSelector: `kubernetes.io/service-name=${name}`,
    });
    expect((field(items[0], 'endpoints') as { conditions: unknown }[]).map((one) => one.conditions)).toEqual([
      { ready: true, serving: true, terminating: false },
      { ready: true, serving: true, terminating: false },
    ]);
    await bench.client.patch(deployments, bench.at(name), 'merge', { spec: { replicas: 0 } });
    await bench.untilObject(endpoints, bench.at(name), 'empty', (object) => object.subsets === undefined);
    await bench.client.delete(services, bench.at(name));
    await bench.untilGone(endpoints, bench.at(name));
    await bench.client.delete(deployments, bench.at(name));
  });

  it('shows a Deployment that cannot become ready as what it is', async () => {
    const name = bench.name('stuck');
    await make(deployments, name, {
      replicas: 1,
      progressDeadlineSeconds: 1,
      template: podTemplate({ app: name }, 'example.com/nonexistent:1'),
    });
    const stuck = await bench.untilObject(
      deployments,
      bench.at(name),
      'out of time',
      (object) =>
        (field(object, 'status.conditions') as { reason: string }[] | undefined)?.some(
          (one) => one.reason === 'ProgressDeadlineExceeded',
        ) === true,
    );
    expect(field(stuck, 'status.unavailableReplicas')).toBe(1);
    await bench.until('the reason at the pod', async () => {
      const [pod] = await podsOf(name);
      const reason = field(pod, 'status.containerStatuses.0.state.waiting.reason');
      return reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
    });
    await bench.client.delete(deployments, bench.at(name));
  });

  it('writes Events about what it did', async () => {
    const name = bench.name('told');
    await make(deployments, name, { replicas: 1 });
    const event = await bench.until('the event', async () => {
      const { items } = await bench.client.list(builtinTypes.events, {
        namespace: bench.namespace,
        fieldSelector: `involvedObject.name=${name}`,
      });
      return items.find((one) => one.reason === 'ScalingReplicaSet');
    });
    expect(event).toMatchObject({
      type: 'Normal',
      count: 1,
      source: { component: 'deployment-controller' },
      involvedObject: { kind: 'Deployment', name },
    });
    expect(event.message).toMatch(new RegExp(`^Scaled up replica set ${name}-\\w+ from 0 to 1$`));
    await bench.client.delete(deployments, bench.at(name));
  });

  it('binds a claim', async ({ skip }) => {
    if (!bench.api.bindsClaims) return skip('this cluster has no provisioner');
    const name = bench.name('claim');
    await bench.client.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: bench.namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    const bound = await bench.untilObject(
      persistentVolumeClaims,
      bench.at(name),
      'bound',
      (object) => field(object, 'status.phase') === 'Bound',
    );
    expect(field(bound, 'status.capacity.storage')).toBe('1Gi');
    await bench.client.delete(persistentVolumeClaims, bench.at(name));
  });
}
