/** Scenarios on a whole cluster: what people do with kubectl, and what must be true afterwards. Virtual time only. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { afterEach, describe, expect, it } from 'vitest';
import type { Pod } from './shapes/pod.ts';
import type { EndpointSlice, Endpoints } from './shapes/services.ts';
import type { Deployment, Job, ReplicaSet, StatefulSet } from './shapes/workloads.ts';
import { type SmallCluster, smallCluster } from './testing/small-cluster.ts';

let cluster: SmallCluster | undefined;
const start = async (options: Parameters<typeof smallCluster>[0] = {}): Promise<SmallCluster> => {
  cluster = await smallCluster(options);
  return cluster;
};
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const { deployments, replicaSets, pods, jobs, statefulSets, configMaps, namespaces } = builtinTypes;

function web(image: string, replicas = 3): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
    },
  };
}

function total(writes: ReadonlyMap<string, number>, pattern: RegExp): number {
  return [...writes].filter(([name]) => pattern.test(name)).reduce((sum, [, count]) => sum + count, 0);
}

const progressing = (deployment: Deployment | undefined): unknown =>
  deployment?.status?.conditions?.find(({ type }) => type === 'Progressing')?.reason;

describe('a Deployment', () => {
  it('becomes ready, is updated without going below its minimum, and stays still afterwards', async () => {
    const small = await start();
    await small.apply(web('web:1'));
    await small.clock.advance(3000);
    expect(progressing(await small.get<Deployment>(deployments, 'web'))).toBe('NewReplicaSetAvailable');

    await small.apply(web('web:2'));
    let fewest = 3;
    let most = 0;
    for (let tick = 0; tick < 60; tick++) {
      await small.clock.advance(200);
      const all = (await small.list<Pod>(pods)).filter((pod) => pod.metadata.deletionTimestamp === undefined);
      fewest = Math.min(
        fewest,
        all.filter((pod) => pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')).length,
      );
      most = Math.max(most, all.length);
    }
    expect([fewest, most]).toEqual([3, 4]);
    const images = (await small.list<Pod>(pods)).map(({ spec }) => spec.containers[0]?.image);
    expect(images).toEqual(['web:2', 'web:2', 'web:2']);
    const sets = await small.list<ReplicaSet>(replicaSets);
    expect(
      sets.map(({ spec, metadata }) => `${metadata.annotations?.['deployment.kubernetes.io/revision']}:${spec.replicas}`).sort(),
    ).toEqual(['1:0', '2:3']);

    small.writes.clear();
    await small.clock.advance(3_000_000);
    expect([...small.writes.keys()]).toEqual(['PATCH leases']);
  });

  it('costs no more writes than with the real controllers', async () => {
    const small = await start();
    await small.apply(web('web:1', 10));
    await small.clock.advance(5000);
    small.writes.clear();
    await small.apply(web('web:2', 10));
    await small.clock.advance(20_000);
    expect(progressing(await small.get<Deployment>(deployments, 'web'))).toBe('NewReplicaSetAvailable');
    // The same update on a real 1.34 was counted at 58 changes of ReplicaSets and 36 of the Deployment besides that of the person.
    expect(total(small.writes, /^(PATCH|POST) replicasets/)).toBeLessThanOrEqual(58);
    expect(total(small.writes, /^PATCH deployments\/status$/)).toBeLessThanOrEqual(36);
    expect(total(small.writes, /^POST pods$/)).toBe(10);
  });

  it('goes on after a restart in the middle of an update', async () => {
    const small = await start();
    await small.apply(web('web:1', 4));
    await small.clock.advance(4000);
    await small.apply(web('web:2', 4));
    for (let kill = 0; kill < 6; kill++) {
      await small.clock.advance(700);
      await small.restart();
    }
    await small.clock.advance(15_000);
    expect((await small.list<Pod>(pods)).map(({ spec, status }) => `${spec.containers[0]?.image} ${status?.phase}`)).toEqual(
      Array(4).fill('web:2 Running'),
    );
    expect(progressing(await small.get<Deployment>(deployments, 'web'))).toBe('NewReplicaSetAvailable');
  });

  it('that never becomes ready is given up, and undone comes back', async () => {
    const small = await start();
    const deadline = (object: KubeObject): KubeObject => ({ ...object, spec: { ...(object.spec as object), progressDeadlineSeconds: 10 } });
    await small.apply(deadline(web('web:1')));
    await small.clock.advance(3000);
    await small.apply(deadline(web('web:error')));
    await small.clock.advance(15_000);
    expect(progressing(await small.get<Deployment>(deployments, 'web'))).toBe('ProgressDeadlineExceeded');
    await small.apply(deadline(web('web:1')));
    await small.clock.advance(5000);
    expect(progressing(await small.get<Deployment>(deployments, 'web'))).toBe('NewReplicaSetAvailable');
  });

  it('takes pods back that somebody deletes, and adopts those that fit', async () => {
    const small = await start();
    await small.apply(web('web:1'));
    await small.clock.advance(3000);
    const [first] = await small.list<Pod>(pods);
    await small.client.delete(pods, { namespace: 'default', name: first?.metadata.name ?? '' });
    await small.clock.advance(4000);
    const after = await small.list<Pod>(pods);
    expect(after.map(({ status }) => status?.phase)).toEqual(['Running', 'Running', 'Running']);
    expect(after.some(({ metadata }) => metadata.name === first?.metadata.name)).toBe(false);
  });
});

describe('deletion', () => {
  const removed = async (policy: 'Background' | 'Foreground' | 'Orphan'): Promise<string> => {
    const small = await start();
    await small.apply(web('web:1'));
    await small.clock.advance(3000);
    await small.client.delete(deployments, { namespace: 'default', name: 'web' }, { propagationPolicy: policy });
    await small.clock.settle();
    const early = (await small.get(deployments, 'web')) === undefined ? 'gone at once' : 'waits';
    await small.clock.advance(2000);
    const counts = [await small.list(deployments), await small.list(replicaSets), await small.list(pods)].map((list) => list.length);
    const owners = (await small.list(replicaSets)).flatMap(({ metadata }) => metadata.ownerReferences ?? []).length;
    return `${early}; left ${counts.join(' ')}; owners ${owners}`;
  };

  it('in the background takes the dependents afterwards', async () => {
    expect(await removed('Background')).toBe('gone at once; left 0 0 0; owners 0');
  });

  it('in the foreground takes the dependents first', async () => {
    expect(await removed('Foreground')).toBe('waits; left 0 0 0; owners 0');
  });

  it('with orphans leaves them alone', async () => {
    expect(await removed('Orphan')).toBe('gone at once; left 0 1 3; owners 0');
  });

  it('of a namespace empties it first', async () => {
    const small = await start();
    await small.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await small.apply({ ...web('web:1'), metadata: { name: 'web', namespace: 'shop' } });
    await small.clock.advance(3000);
    await small.client.delete(namespaces, { name: 'shop' });
    await small.clock.settle();
    const going = await small.get(namespaces, 'shop');
    expect(going?.status).toMatchObject({
      phase: 'Terminating',
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'NamespaceContentRemaining', status: 'True' })]),
    });
    await small.clock.advance(3000);
    expect(await small.get(namespaces, 'shop')).toBeUndefined();
    expect(await small.list(pods, 'shop')).toEqual([]);
  });

  it('follows owners of kinds that came later', async () => {
    const small = await start();
    await small.apply({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'boats.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { kind: 'Boat', plural: 'boats', singular: 'boat', listKind: 'BoatList' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
    });
    await small.clock.advance(1000);
    await small.apply({ apiVersion: 'example.com/v1', kind: 'Boat', metadata: { name: 'nina', namespace: 'default' } });
    const boat = await small.get({ group: 'example.com', version: 'v1', kind: 'Boat', resource: 'boats', namespaced: true }, 'nina');
    const owner = { apiVersion: 'example.com/v1', kind: 'Boat', name: 'nina', uid: boat?.metadata.uid ?? '' };
    await small.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'sail', namespace: 'default', ownerReferences: [owner] } });
    await small.clock.advance(1000);
    expect(await small.get(configMaps, 'sail')).toBeDefined();
    await small.client.delete(
      { group: 'example.com', version: 'v1', kind: 'Boat', resource: 'boats', namespaced: true },
      { namespace: 'default', name: 'nina' },
    );
    await small.clock.advance(1000);
    expect(await small.get(configMaps, 'sail')).toBeUndefined();
  });
});

describe('a Job', () => {
  const work = (command: string, spec: object = {}): KubeObject => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work', namespace: 'default' },
    spec: {
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', command] }] } },
      ...spec,
    },
  });
  const ends = (job: Job | undefined): readonly string[] => (job?.status?.conditions ?? []).map(({ type }) => type);

  it('runs its pods a few at a time and leaves none held back', async () => {
    const small = await start();
    await small.apply(work('sleep 1', { completions: 5, parallelism: 2 }));
    let most = 0;
    for (let tick = 0; tick < 100; tick++) {
      await small.clock.advance(200);
      most = Math.max(most, (await small.get<Job>(jobs, 'work'))?.status?.active ?? 0);
    }
    const done = await small.get<Job>(jobs, 'work');
    expect([most, done?.status?.succeeded, ends(done)]).toEqual([2, 5, ['SuccessCriteriaMet', 'Complete']]);
    expect((await small.list<Pod>(pods)).flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
  });

  it('that fails is tried again with pauses, up to its limit', async () => {
    const small = await start();
    await small.apply(work('exit 1', { backoffLimit: 2 }));
    await small.clock.advance(60_000);
    const failed = await small.get<Job>(jobs, 'work');
    expect([failed?.status?.failed, ends(failed)]).toEqual([3, ['FailureTarget', 'Failed']]);
  });

  it('counts every pod once, restarted at any moment', async () => {
    const small = await start();
    await small.apply(work('sleep 1', { completions: 4, parallelism: 4 }));
    for (let kill = 0; kill < 8; kill++) {
      await small.clock.advance(450);
      await small.restart();
    }
    await small.clock.advance(5000);
    expect((await small.get<Job>(jobs, 'work'))?.status).toMatchObject({ succeeded: 4, uncountedTerminatedPods: {} });
  });

  it('of a CronJob comes at its minute', async () => {
    const small = await start();
    await small.apply({
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'tick', namespace: 'default' },
      spec: { schedule: '*/2 * * * *', successfulJobsHistoryLimit: 2, jobTemplate: { spec: work('sleep 1').spec } },
    });
    await small.clock.advance(9 * 60_000 + 30_000);
    const names = (await small.list<Job>(jobs)).map(({ metadata, status }) => `${metadata.name} ${status?.succeeded}`);
    const minute = Date.parse('2026-01-05T10:00:00Z') / 60_000;
    expect(names.sort()).toEqual([`tick-${minute + 6} 1`, `tick-${minute + 8} 1`]);
  });
});

describe('a StatefulSet', () => {
  const db = (image: string, replicas = 3): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      replicas,
      selector: { matchLabels: { app: 'db' } },
      template: { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image }] } },
      volumeClaimTemplates: [
        { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
      ],
    },
  });

  it('grows, is updated and shrinks one pod after another, and keeps its claims', async () => {
    const small = await start();
    const seen: string[] = [];
    const watch = async (ticks: number): Promise<void> => {
      for (let tick = 0; tick < ticks; tick++) {
        await small.clock.advance(250);
        const all = await small.list<Pod>(pods);
        const line = all
          .map(
            ({ metadata, spec, status }) =>
              `${metadata.name}${spec.containers[0]?.image?.slice(-2)}${status?.phase === 'Running' ? '' : '?'}`,
          )
          .sort()
          .join(' ');
        if (seen.at(-1) !== line) seen.push(line);
      }
    };
    await small.apply(db('db:1'));
    await watch(30);
    expect(seen).toEqual(['db-0:1?', 'db-0:1 db-1:1?', 'db-0:1 db-1:1 db-2:1?', 'db-0:1 db-1:1 db-2:1']);
    seen.length = 0;
    await small.apply(db('db:2'));
    await watch(50);
    expect(seen.filter((line) => !line.includes('?') && line.split(' ').length === 3)).toEqual([
      'db-0:1 db-1:1 db-2:1',
      'db-0:1 db-1:1 db-2:2',
      'db-0:1 db-1:2 db-2:2',
      'db-0:2 db-1:2 db-2:2',
    ]);
    seen.length = 0;
    await small.apply(db('db:2', 1));
    await watch(20);
    expect(seen.at(-1)).toBe('db-0:2');
    expect((await small.get<StatefulSet>(statefulSets, 'db'))?.status).toMatchObject({
      replicas: 1,
      readyReplicas: 1,
      currentReplicas: 1,
      updatedReplicas: 1,
    });
    const claims = await small.list(builtinTypes.persistentVolumeClaims);
    expect(claims.map(({ metadata, status }) => `${metadata.name} ${(status as { phase?: string }).phase}`)).toEqual([
      'data-db-0 Bound',
      'data-db-1 Bound',
      'data-db-2 Bound',
    ]);
  });
});

describe('a Service', () => {
  it('has the ready pods as endpoints, and moves with them', async () => {
    const small = await start();
    await small.apply(web('web:1', 2), {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', namespace: 'default' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
    });
    await small.clock.advance(500);
    const endpoints = async (): Promise<Endpoints | undefined> => small.get<Endpoints>(builtinTypes.endpoints, 'web');
    expect((await endpoints())?.subsets ?? []).toEqual([]);
    await small.clock.advance(3000);
    const addresses = (await small.list<Pod>(pods)).map(({ status }) => status?.podIP).sort();
    expect((await endpoints())?.subsets?.[0]?.addresses?.map(({ ip }) => ip)).toEqual(addresses);
    const slices = (await small.list<EndpointSlice>(builtinTypes.endpointSlices)).filter(
      ({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === 'web',
    );
    expect(slices.flatMap((slice) => slice.endpoints.flatMap((endpoint) => endpoint.addresses)).sort()).toEqual(addresses);
    await small.client.delete(builtinTypes.services, { namespace: 'default', name: 'web' });
    await small.clock.advance(500);
    expect(await endpoints()).toBeUndefined();
  });
});

describe('an autoscaler', () => {
  it('follows the usage that the rules say, up at once and down after its window', async () => {
    const small = await start();
    const loaded = (cpu: string): KubeObject => {
      const object = web('web:1', 1);
      const spec = object.spec as Deployment['spec'];
      const container = { name: 'web', image: 'web:1', resources: { requests: { cpu: '100m' } } };
      const { replicas: _, ...rest } = spec;
      return {
        ...object,
        spec: {
          ...rest,
          template: { metadata: { labels: { app: 'web' }, annotations: { 'sim.sluice.dev/cpu': cpu } }, spec: { containers: [container] } },
        },
      };
    };
    await small.apply(loaded('300m'), {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'default' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        maxReplicas: 3,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }],
      },
    });
    await small.clock.advance(60_000);
    expect((await small.get<Deployment>(deployments, 'web'))?.spec.replicas).toBe(3);
    await small.apply(loaded('5m'));
    await small.clock.advance(200_000);
    expect((await small.get<Deployment>(deployments, 'web'))?.spec.replicas).toBe(3);
    await small.clock.advance(200_000);
    expect((await small.get<Deployment>(deployments, 'web'))?.spec.replicas).toBe(1);
    expect((await small.get(builtinTypes.horizontalPodAutoscalers, 'web'))?.status).toMatchObject({
      conditions: expect.arrayContaining([expect.objectContaining({ type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound' })]),
    });
  });
});

describe('under faults', () => {
  it.each([1, 2, 3])('keeps what is promised and settles afterwards, seed=%i', async (seed) => {
    const small = await start({
      seed,
      fault: (random) => (random() < 0.15 ? 'refused' : random() < 0.1 ? 'lost' : undefined),
    });
    const job = {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'work', namespace: 'default' },
      spec: {
        completions: 6,
        parallelism: 3,
        template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox', command: ['sleep', '1'] }] } },
      },
    };
    await small.apply(web('web:1', 4), job);
    await small.clock.advance(20_000);
    await small.apply(web('web:2', 4));
    for (let tick = 0; tick < 100; tick++) {
      await small.clock.advance(200);
      const alive = (await small.list<Pod>(pods)).filter(
        ({ metadata }) => metadata.labels?.app === 'web' && metadata.deletionTimestamp === undefined,
      );
      // Four, one of surge, and one whose creation was answered with a fault and noticed late.
      expect(alive.length).toBeLessThanOrEqual(6);
    }
    small.heal();
    await small.clock.advance(30_000);
    const left = (await small.list<Pod>(pods)).filter(({ metadata }) => metadata.labels?.app === 'web');
    expect(left.map(({ spec, status }) => `${spec.containers[0]?.image} ${status?.phase}`)).toEqual(Array(4).fill('web:2 Running'));
    expect(progressing(await small.get<Deployment>(deployments, 'web'))).toBe('NewReplicaSetAvailable');
    expect((await small.get<Job>(jobs, 'work'))?.status).toMatchObject({ succeeded: 6, uncountedTerminatedPods: {} });
    small.writes.clear();
    await small.clock.advance(50_000);
    expect([...small.writes.keys()].filter((name) => name !== 'PATCH leases')).toEqual([]);
  });
});

it('events go an hour after they were last written', async () => {
  const small = await start();
  await small.apply(web('web:1', 1));
  await small.clock.advance(5000);
  expect((await small.list(builtinTypes.events)).length).toBeGreaterThan(4);
  await small.clock.advance(3_700_000);
  expect(await small.list(builtinTypes.events)).toEqual([]);
});
