/** The rollouts controller and the objects around a Rollout: ReplicaSets, services, pods, other instances, and specs it cannot carry out. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  annotations,
  crds,
  type KubeObject,
  labels,
  type Pod,
  type ReplicaSet,
  rolloutType,
  type Service,
} from '../../packages/api/src/index.ts';
import { templateHash } from '../../packages/engine/src/index.ts';
import { builtinTypes } from '../../packages/kube/src/index.ts';
import { type RolloutsCluster, rollout, rolloutsCluster } from '../harness/rollouts-cluster.ts';

let cluster: RolloutsCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

async function started(options: Parameters<typeof rolloutsCluster>[0] = {}): Promise<RolloutsCluster> {
  cluster = await rolloutsCluster(options);
  return cluster;
}

const setImage = (to: string): { kind: 'set-image'; images: Record<string, string> } => ({ kind: 'set-image', images: { main: to } });
const pausing = { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } };

function service(name: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  };
}

async function podsOf(own: RolloutsCluster): Promise<readonly Pod[]> {
  const { items } = await own.client.list<Pod>(builtinTypes.pods, { namespace: 'default' });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

describe('a spec that cannot be carried out', () => {
  it('is told in its status, its neighbour goes its way, and once corrected it goes on', async () => {
    const own = await started();
    await own.client.create(rolloutType, rollout('wrong', { strategy: { canary: { steps: [{ setWeight: 101 }] } } }));
    await own.client.create(rolloutType, rollout('right'));
    await own.untilPhase('right', 'Healthy');
    const { status } = await own.untilPhase('wrong', 'Degraded');
    expect(status?.message).toBe(
      'InvalidSpec: The Rollout "wrong" is invalid: spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100',
    );
    await own.patch('wrong', { spec: { strategy: { canary: { steps: [{ setWeight: 100 }] } } } });
    const corrected = await own.untilPhase('wrong', 'Healthy');
    expect(corrected.status?.conditions?.some(({ type }) => type === 'InvalidSpec')).toBe(false);
  });

  it('is left untouched and said once when a part of it is not built yet', async () => {
    const own = await started();
    const services = { canaryService: 'canary', stableService: 'stable' };
    for (const name of Object.values(services)) await own.client.create(builtinTypes.services, service(name));
    // This controller has no routers.
    await own.client.create(rolloutType, rollout('web', { strategy: { canary: { ...services, trafficRouting: { smi: {} } } } }));
    await own.clock.advance(30 * 60_000);
    expect((await own.get('web')).status).toBeUndefined();
    expect(await own.replicaSets()).toEqual([]);
    expect(own.events.map(({ reason }) => reason)).toEqual(['RolloutAddedToInformer', 'UnsupportedSpec']);
    expect(own.events.at(-1)?.message).toContain('spec.strategy.canary.trafficRouting.smi');
    expect(own.writes).toEqual([]);
  });

  it('does not stop others when its fields are not even of the right type', async () => {
    const open = crds().map((crd) => {
      if (crd.metadata.name !== 'rollouts.argoproj.io') return crd;
      const spec = crd.spec as { versions: readonly object[] };
      const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
      return { ...crd, spec: { ...spec, versions: spec.versions.map((version) => ({ ...version, schema })) } };
    });
    const own = await started({ kinds: open });
    const at = (name: string): { name: string; namespace: string } => ({ name, namespace: 'default' });
    const kind = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' };
    await own.client.create(rolloutType, { ...kind, metadata: at('nothing') });
    await own.client.create(rolloutType, { ...kind, metadata: at('text'), spec: 'none' });
    const web = rollout('types');
    await own.client.create(rolloutType, {
      ...web,
      spec: { ...web.spec, replicas: 'many', strategy: { canary: { steps: 'all' } } },
    } as unknown as KubeObject);
    await own.client.create(rolloutType, {
      ...web,
      metadata: at('selector'),
      spec: { ...web.spec, selector: { matchExpressions: [{ key: 'a', operator: 'Like' }] } },
    });
    await own.client.create(rolloutType, rollout('good'));
    await own.untilPhase('good', 'Healthy');
    expect((await own.get('nothing')).status?.phase).toBe('Degraded');
    expect((await own.get('selector')).status?.phase).toBe('Degraded');
  });

  it('waits for a service that is missing and goes on by itself when it comes', async () => {
    const own = await started();
    await own.client.create(rolloutType, rollout('web', { strategy: { canary: { stableService: 'web-stable' } } }));
    await own.untilPhase('web', 'Degraded', ({ status }) => status?.message?.endsWith('service "web-stable" not found') === true);
    await own.client.create(builtinTypes.services, service('web-stable'));
    await own.untilPhase('web', 'Healthy');
  });
});

describe('ReplicaSets', () => {
  it('without an owner are adopted when they match, and let go when they stop matching', async () => {
    const own = await started();
    const web = rollout('web', { replicas: 2 });
    const hash = templateHash(web);
    const orphan: ReplicaSet = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: `web-${hash}`, namespace: 'default', labels: { app: 'web', [labels.podTemplateHash]: hash } },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'web', [labels.podTemplateHash]: hash } },
        template: { ...web.spec.template, metadata: { labels: { app: 'web', [labels.podTemplateHash]: hash } } },
      },
    };
    await own.client.create(builtinTypes.replicaSets, orphan);
    await own.client.create(rolloutType, web);
    const { metadata } = await own.untilPhase('web', 'Healthy');
    const [adopted] = await own.replicaSets();
    expect(adopted?.metadata.ownerReferences?.[0]).toMatchObject({ kind: 'Rollout', name: 'web', uid: metadata.uid, controller: true });

    await own.client.patch(builtinTypes.replicaSets, { namespace: 'default', name: `web-${hash}` }, 'merge', {
      metadata: { labels: { app: 'other' } },
    });
    await own.clock.advance(3_000);
    const sets = await own.replicaSets();
    expect(sets.find((set) => set.metadata.labels?.app === 'other')?.metadata.ownerReferences).toBeUndefined();
  });

  it('of another template under the same name make the hash anew', async () => {
    const own = await started();
    const web = rollout('web');
    const name = `web-${templateHash(web)}`;
    await own.client.create(builtinTypes.replicaSets, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name, namespace: 'default' },
      spec: {
        replicas: 0,
        selector: { matchLabels: { app: 'foreign' } },
        template: { metadata: { labels: { app: 'foreign' } }, spec: { containers: [{ name: 'main', image: 'x' }] } },
      },
    });
    await own.client.create(rolloutType, web);
    const { status } = await own.untilPhase('web', 'Healthy');
    expect(status?.collisionCount).toBe(1);
    expect(`web-${status?.currentPodHash}`).not.toBe(name);
  });

  it('that cannot be created are told in an Event and in the status, and tried again', async () => {
    const own = await started();
    const name = 'n'.repeat(250);
    await own.client.create(
      rolloutType,
      rollout(name, { selector: { matchLabels: { app: 'web' } }, template: rollout('web').spec.template ?? {} }),
    );
    await own.until('an error', async () => own.events.some(({ reason }) => reason === 'ReplicaSetCreateError'));
    const { status } = await own.get(name);
    expect(status?.conditions?.[0]).toMatchObject({ type: 'Progressing', status: 'False', reason: 'ReplicaSetCreateError' });
  });

  it('beyond the history limit are deleted, the oldest first', async () => {
    const own = await started();
    await own.client.create(rolloutType, rollout('web', { revisionHistoryLimit: 1 }));
    await own.untilPhase('web', 'Healthy');
    for (const image of ['app:2', 'app:3', 'app:4']) {
      await own.perform('web', setImage(image));
      await own.untilPhase('web', 'Healthy');
    }
    await own.clock.advance(5_000);
    const revisions = (await own.replicaSets()).map(({ metadata }) => metadata.annotations?.[annotations.revision]).sort();
    expect(revisions).toEqual(['3', '4']);
    expect(own.writes.filter((write) => write.startsWith('DELETE'))).toHaveLength(2);
  });
});

describe('services', () => {
  it('follow the versions and are given back when no Rollout names them any more', async () => {
    const own = await started();
    const hashOf = async (name: string): Promise<string | undefined> =>
      (await own.client.get<Service>(builtinTypes.services, { namespace: 'default', name })).spec?.selector?.[labels.podTemplateHash];
    for (const name of ['stable', 'canary']) await own.client.create(builtinTypes.services, service(name));
    await own.client.create(
      rolloutType,
      rollout('web', { replicas: 2, strategy: { canary: { ...pausing.canary, stableService: 'stable', canaryService: 'canary' } } }),
    );
    const first = (await own.untilPhase('web', 'Healthy')).status?.stableRS;
    expect([await hashOf('stable'), await hashOf('canary')]).toEqual([first, first]);
    await own.perform('web', setImage('app:2'));
    const second = (await own.untilPhase('web', 'Paused')).status?.currentPodHash;
    expect([await hashOf('stable'), await hashOf('canary')]).toEqual([first, second]);
    await own.perform('web', { kind: 'abort' });
    await own.untilPhase('web', 'Degraded');
    await own.clock.advance(1_000);
    expect([await hashOf('stable'), await hashOf('canary')]).toEqual([first, first]);
    await own.patch('web', { spec: { strategy: { canary: { stableService: null, canaryService: null } } } });
    await own.until('release', async () => (await hashOf('stable')) === undefined && (await hashOf('canary')) === undefined);
    const left = await own.client.get<Service>(builtinTypes.services, { namespace: 'default', name: 'stable' });
    expect(left.metadata.annotations?.[annotations.managedBy]).toBeUndefined();
  });
});

describe('pods', () => {
  it('carry the metadata of the part they play, and change it without a restart', async () => {
    const own = await started();
    const roles = async (): Promise<readonly string[]> =>
      (await podsOf(own)).map(({ metadata }) => `${metadata.labels?.role ?? '-'} ${metadata.annotations?.note ?? '-'}`).sort();
    await own.client.create(
      rolloutType,
      rollout('web', {
        replicas: 2,
        strategy: {
          canary: {
            ...pausing.canary,
            canaryMetadata: { labels: { role: 'canary' }, annotations: { note: 'try' } },
            stableMetadata: { labels: { role: 'stable' } },
          },
        },
      }),
    );
    await own.untilPhase('web', 'Healthy');
    expect(await roles()).toEqual(['stable -', 'stable -']);
    await own.perform('web', setImage('app:2'));
    await own.untilPhase('web', 'Paused');
    await own.clock.advance(2_000);
    expect(await roles()).toEqual(['canary try', 'stable -']);
    await own.perform('web', { kind: 'promote' });
    await own.untilPhase('web', 'Healthy');
    await own.clock.advance(2_000);
    expect(await roles()).toEqual(['stable -', 'stable -']);
  });

  it('are restarted as a disruption budget allows', async () => {
    const own = await started();
    await own.client.create(rolloutType, rollout('web', { replicas: 3, strategy: { canary: { maxUnavailable: 1 } } }));
    await own.untilPhase('web', 'Healthy');
    await own.clock.advance(5_000);
    const before = (await podsOf(own)).map(({ metadata }) => metadata.name);
    const budget: KubeObject = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web', namespace: 'default' },
      spec: { minAvailable: 3, selector: { matchLabels: { app: 'web' } } },
    };
    await own.client.create(builtinTypes.podDisruptionBudgets, budget);
    await own.clock.advance(1_000);
    await own.perform('web', { kind: 'restart', at: own.clock.now() });
    await own.clock.advance(10_000);
    expect((await podsOf(own)).map(({ metadata }) => metadata.name)).toEqual(before);
    await own.client.delete(builtinTypes.podDisruptionBudgets, { namespace: 'default', name: 'web' });
    const { spec, status } = await own.untilPhase('web', 'Healthy', (seen) => seen.status?.restartedAt !== undefined);
    expect(status?.restartedAt).toBe(spec.restartAt);
    const after = (await podsOf(own)).map(({ metadata }) => metadata.name);
    expect(after.filter((name) => before.includes(name))).toEqual([]);
    expect(after).toHaveLength(3);
  });
});

describe('an instance id', () => {
  it('shares Rollouts out among controllers', async () => {
    const own = await started({ instanceId: 'blue' });
    const mine = rollout('mine');
    await own.client.create(rolloutType, { ...mine, metadata: { ...mine.metadata, labels: { [labels.instanceId]: 'blue' } } });
    await own.client.create(rolloutType, rollout('nobodys'));
    await own.untilPhase('mine', 'Healthy');
    expect((await own.get('nobodys')).status).toBeUndefined();
  });
});

describe('the numbers', () => {
  it('say what every Rollout is doing, what was told and written, and how updates ended', async () => {
    const own = await started();
    await own.client.create(rolloutType, rollout('web', { replicas: 2 }));
    await own.untilPhase('web', 'Healthy');
    const metrics = own.controller().metrics().rollouts;
    expect(metrics.rollouts).toEqual([
      {
        namespace: 'default',
        name: 'web',
        strategy: 'canary',
        trafficRouter: '',
        phase: 'Healthy',
        progress: 'Completed',
        desired: 2,
        available: 2,
        unavailable: 0,
        updated: 2,
      },
    ]);
    expect(metrics.events.map(({ reason, count }) => `${reason} ${count}`)).toContain('RolloutCompleted 1');
    expect(metrics.durations.map(({ completion, total }) => `${completion} ${total.count}`)).toEqual(['Promoted 1']);
    expect(metrics.writes.CreateReplicaSet).toBe(1);
    expect(metrics.passes[0]?.errors).toBe(0);
  });
});
