/** The rollouts controller on the embedded cluster, virtual time: what it writes, what it says, and that a kill at any write is survived. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Rollout, rolloutType } from '../../packages/api/src/index.ts';
import { builtinTypes } from '../../packages/kube/src/index.ts';
import { type RolloutsCluster, rollout, rolloutsCluster } from '../harness/rollouts-cluster.ts';

let cluster: RolloutsCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const setImage = (to: string): { kind: 'set-image'; images: Record<string, string> } => ({ kind: 'set-image', images: { main: to } });
const fourSteps = { canary: { steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: '2s' } }] } };

async function updated(replicas: number): Promise<{ readonly writes: readonly string[]; readonly events: readonly string[] }> {
  const own = await rolloutsCluster();
  cluster = own;
  await own.client.create(rolloutType, rollout('web', { replicas, strategy: fourSteps }));
  await own.untilPhase('web', 'Healthy');
  own.writes.length = 0;
  own.events.length = 0;
  await own.perform('web', setImage('app:2'));
  await own.untilPhase('web', 'Paused', ({ status }) => status?.currentStepIndex === 1);
  await own.perform('web', { kind: 'promote' });
  await own.untilPhase('web', 'Healthy');
  return { writes: own.writes, events: own.events.map(({ reason }) => reason) };
}

describe('the price of an update in writes', () => {
  it('is at most 24 for ten replicas and four steps', async () => {
    const { writes } = await updated(10);
    expect(writes.length, writes.join('\n')).toBeLessThanOrEqual(24);
  });

  it('does not grow with the replicas as far as the Rollout is concerned: at most 16 patches for a hundred', async () => {
    const { writes } = await updated(100);
    const own = writes.filter((write) => write.includes('rollouts/'));
    expect(own.length, own.join('\n')).toBeLessThanOrEqual(16);
  });
});

describe('what people and scripts see', () => {
  it('is the sequence of Events that upstream sends for abort, retry and the rest of the way', async () => {
    const own = await rolloutsCluster();
    cluster = own;
    await own.client.create(
      rolloutType,
      rollout('web', { strategy: { canary: { steps: [{ setWeight: 50 }, { pause: { duration: '3s' } }] } } }),
    );
    await own.untilPhase('web', 'Healthy');
    await own.perform('web', setImage('app:2'));
    await own.untilPhase('web', 'Paused');
    await own.perform('web', { kind: 'abort' });
    await own.untilPhase('web', 'Degraded');
    await own.perform('web', { kind: 'retry' });
    await own.untilPhase('web', 'Paused');
    await own.untilPhase('web', 'Healthy');
    expect(own.events.map(({ reason }) => reason)).toEqual([
      'RolloutAddedToInformer',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'RolloutCompleted',
      'RolloutUpdated',
      'NewReplicaSetCreated',
      'RolloutNotCompleted',
      'ScalingReplicaSet',
      'RolloutStepCompleted',
      'RolloutPaused',
      'ScalingReplicaSet',
      'RolloutAborted',
      'ScalingReplicaSet',
      'RolloutStepCompleted',
      'RolloutPaused',
      'RolloutStepCompleted',
      'RolloutResumed',
      'ScalingReplicaSet',
      'RolloutCompleted',
    ]);
  });

  it('is nothing at all while nothing happens', async () => {
    const own = await rolloutsCluster();
    cluster = own;
    await own.client.create(rolloutType, rollout('web', { replicas: 3 }));
    await own.untilPhase('web', 'Healthy');
    await own.clock.advance(5_000);
    own.writes.length = 0;
    await own.clock.advance(40 * 60_000);
    expect(own.writes).toEqual([]);
  });
});

describe('a process killed right after any of its writes', () => {
  const spec: Partial<Rollout['spec']> = {
    replicas: 4,
    strategy: { canary: { maxSurge: 1, maxUnavailable: 0, steps: [{ setWeight: 50 }, { pause: {} }] } },
  };

  it('comes back and goes on, and no pod was missing or too many', async () => {
    const ends = new Set<string>();
    for (let writes = 1; ; writes++) {
      const own = await rolloutsCluster();
      cluster = own;
      const died = { isSo: false };
      const bounds: string[] = [];
      const watchBounds = async (): Promise<void> => {
        const sizes = (await own.replicaSets()).map((set) => set.spec?.replicas ?? 1);
        const available = (await own.replicaSets()).reduce((total, set) => total + (set.status?.availableReplicas ?? 0), 0);
        const total = sizes.reduce((sum, size) => sum + size, 0);
        if (total > 5) bounds.push(`${total} pods wanted`);
        if (available < 4 && own.clock.now() > updatedAt) bounds.push(`${available} pods available`);
      };
      const revive = async (): Promise<void> => {
        if (!own.isDead) return;
        died.isSo = true;
        await own.restartController();
      };
      let updatedAt = Number.POSITIVE_INFINITY;
      const reach = (phase: string): Promise<void> =>
        own.until(phase, async () => {
          await revive();
          await watchBounds();
          return (
            (await own.get('web')).status?.phase === phase &&
            (await own.get('web')).status?.observedGeneration === String((await own.get('web')).metadata.generation)
          );
        });
      own.dieAfter(writes);
      await own.client.create(rolloutType, rollout('web', spec));
      await reach('Healthy');
      updatedAt = own.clock.now();
      await own.perform('web', setImage('app:2'));
      await reach('Paused');
      await own.perform('web', { kind: 'promote' });
      await own.until('resumed', async () => {
        await revive();
        return (await own.get('web')).status?.phase !== 'Paused';
      });
      await reach('Healthy');
      const { status } = await own.get('web');
      const sizes = (await own.replicaSets()).map((set) => set.spec?.replicas ?? 1).sort();
      ends.add(JSON.stringify([status?.phase, status?.currentStepIndex, status?.stableRS === status?.currentPodHash, sizes]));
      expect(bounds, `killed after ${writes} writes`).toEqual([]);
      await own.stop();
      cluster = undefined;
      if (!died.isSo) break;
    }
    expect([...ends]).toEqual([JSON.stringify(['Healthy', 2, true, [0, 4]])]);
  });
});

describe('a restart that a disruption budget holds back', () => {
  it('goes on within half a minute of its end', async () => {
    const own = await rolloutsCluster();
    cluster = own;
    await own.client.create(rolloutType, rollout('web', { replicas: 2, strategy: { canary: { maxUnavailable: '100%' } } }));
    await own.untilPhase('web', 'Healthy');
    const budget = { minAvailable: 2, selector: { matchLabels: { app: 'web' } } };
    const type = builtinTypes.podDisruptionBudgets;
    const at = { namespace: 'default', name: 'web' };
    await own.client.create(type, { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: at, spec: budget });
    const pods = async (): Promise<readonly string[]> =>
      (await own.client.list(builtinTypes.pods, { namespace: 'default' })).items.map(({ metadata }) => metadata.uid ?? '');
    const before = await pods();
    let seconds = 0;
    await own.until('time has passed', async () => ++seconds > 10);
    await own.perform('web', { kind: 'restart', at: own.clock.now() });
    seconds = 0;
    await own.until('time has passed', async () => ++seconds > 10);
    expect(await pods()).toEqual(before);
    expect((await own.get('web')).status?.restartedAt).toBeUndefined();
    await own.client.delete(type, at);
    await own.until('all pods are new', async () => (await pods()).every((uid) => !before.includes(uid)), 40);
    await own.until('the restart is over', async () => (await own.get('web')).status?.restartedAt !== undefined, 40);
  });
});
