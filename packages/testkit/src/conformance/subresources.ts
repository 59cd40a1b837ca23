/** Paths below an object: status, scale, eviction, and the ones that only answer. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { expect, it } from 'vitest';
import { type Bench, failureOf, field, podTemplate } from './bench.ts';

const { deployments, pods, podDisruptionBudgets } = builtinTypes;

export function subresourceCases(bench: Bench): void {
  const deployment = (name: string, replicas: number): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: bench.namespace },
    spec: { replicas, paused: true, selector: { matchLabels: { app: name } }, template: podTemplate({ app: name }) },
  });
  const readyPod = async (name: string, labels: Record<string, string>): Promise<KubeObject> => {
    await bench.client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      ...podTemplate(labels),
      metadata: { name, namespace: bench.namespace, labels },
    });
    return bench.untilObject(
      pods,
      bench.at(name),
      'Ready',
      (pod) =>
        (field(pod, 'status.conditions') as { type: string; status: string }[] | undefined)?.some(
          ({ type, status }) => type === 'Ready' && status === 'True',
        ) === true,
    );
  };

  it('keeps spec and status apart', async () => {
    const name = bench.name('status');
    const pdb = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace: bench.namespace },
      spec: { minAvailable: 1, selector: { matchLabels: { app: name } } },
    };
    const made = await bench.client.create<KubeObject>(podDisruptionBudgets, { ...pdb, status: { desiredHealthy: 77 } } as KubeObject);
    expect(field(made, 'status.desiredHealthy')).not.toBe(77);
    const viaStatus = await bench.until('a status write', () =>
      bench.client.patch(
        podDisruptionBudgets,
        bench.at(name),
        'merge',
        { spec: { minAvailable: 5 }, metadata: { labels: { from: 'status' } }, status: { disruptedPods: { x: '2026-01-01T00:00:00Z' } } },
        { subresource: 'status' },
      ),
    );
    expect(field(viaStatus, 'spec.minAvailable')).toBe(1);
    expect(field(viaStatus, 'status.disruptedPods')).toEqual({ x: '2026-01-01T00:00:00Z' });
    const viaSpec = await bench.client.patch(podDisruptionBudgets, bench.at(name), 'merge', {
      spec: { minAvailable: 2 },
      status: { desiredHealthy: 99 },
    });
    expect(field(viaSpec, 'spec.minAvailable')).toBe(2);
    expect(field(viaSpec, 'status.desiredHealthy')).not.toBe(99);
    await bench.client.delete(podDisruptionBudgets, bench.at(name));
  });

  it('names the subresource in managedFields', async () => {
    const name = bench.name('status-owner');
    await bench.client.create(deployments, deployment(name, 0));
    const patched = await bench.client.patch(
      deployments,
      bench.at(name),
      'merge',
      { status: { collisionCount: 3 } },
      { subresource: 'status', fieldManager: 'status-writer' },
    );
    expect(patched.metadata.managedFields?.find(({ manager }) => manager === 'status-writer')).toMatchObject({
      subresource: 'status',
      operation: 'Update',
      fieldsV1: { 'f:status': { 'f:collisionCount': {} } },
    });
    await bench.client.delete(deployments, bench.at(name));
  });

  it('reads and writes a scale', async () => {
    const name = bench.name('scale');
    await bench.client.create(deployments, deployment(name, 0));
    const path = `/apis/apps/v1/namespaces/${bench.namespace}/deployments/${name}/scale`;
    const scale = (await bench.client.raw({ method: 'GET', path })) as KubeObject;
    expect(scale).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name },
      spec: {},
      status: { selector: `app=${name}` },
    });
    const scaled = await bench.client.patch(deployments, bench.at(name), 'merge', { spec: { replicas: 2 } }, { subresource: 'scale' });
    expect(field(scaled, 'spec.replicas')).toBe(2);
    expect(field(await bench.client.get(deployments, bench.at(name)), 'spec.replicas')).toBe(2);
    const stale = { ...scale, spec: { replicas: 1 } };
    expect(await failureOf(bench.client.raw({ method: 'PUT', path, body: stale }))).toMatchObject({ code: 409, reason: 'Conflict' });
    const negative = bench.client.patch(deployments, bench.at(name), 'merge', { spec: { replicas: -1 } }, { subresource: 'scale' });
    expect(await failureOf(negative)).toMatchObject({ code: 422 });
    await bench.client.delete(deployments, bench.at(name));
  });

  it('evicts a pod, but not against its disruption budget', async () => {
    const name = bench.name('evicted');
    const labels = { app: name };
    await readyPod(name, labels);
    await bench.client.create(podDisruptionBudgets, {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace: bench.namespace },
      spec: { minAvailable: 1, selector: { matchLabels: labels } },
    });
    await bench.untilObject(podDisruptionBudgets, bench.at(name), 'counted', (pdb) => field(pdb, 'status.currentHealthy') === 1);
    const evict = (): Promise<unknown> =>
      bench.client.raw({
        method: 'POST',
        path: `/api/v1/namespaces/${bench.namespace}/pods/${name}/eviction`,
        body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: bench.namespace } },
      });
    const refused = await failureOf(evict());
    expect(refused).toMatchObject({
      code: 429,
      reason: 'TooManyRequests',
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
    });
    expect(refused.causes).toMatchObject([{ reason: 'DisruptionBudget' }]);
    await bench.client.patch(podDisruptionBudgets, bench.at(name), 'merge', { spec: { minAvailable: 0 } });
    await bench.untilObject(podDisruptionBudgets, bench.at(name), 'allows one', (pdb) => field(pdb, 'status.disruptionsAllowed') === 1);
    expect(await evict()).toMatchObject({ kind: 'Status', status: 'Success' });
    await bench.untilGone(pods, bench.at(name));
    await bench.client.delete(podDisruptionBudgets, bench.at(name));
  });

  it('lets nobody change the spec of a pod, its images aside', async () => {
    const name = bench.name('pod-spec');
    await readyPod(name, { app: name });
    const patch = (spec: unknown): Promise<KubeObject> => bench.client.patch(pods, bench.at(name), 'strategic', { spec });
    expect(field(await patch({ containers: [{ name: 'web', image: 'example.com/web:2' }] }), 'spec.containers.0.image')).toBe(
      'example.com/web:2',
    );
    expect(await failureOf(patch({ containers: [{ name: 'web', command: ['x'] }] }))).toMatchObject({
      code: 422,
      message: expect.stringContaining('Forbidden: pod updates may not change fields other than'),
    });
    await bench.client.delete(pods, bench.at(name), { gracePeriodSeconds: 0 });
  });
}
