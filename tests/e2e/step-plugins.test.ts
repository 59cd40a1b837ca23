/** Step plugins in the course of a canary: the whole controller on the embedded API, virtual time, and plugins that answer as they are told. */
import { afterEach, expect, it } from 'vitest';
import { rolloutType } from '../../packages/api/src/index.ts';
import type { StepPluginAnswer, StepPluginCall, StepPlugins } from '../../packages/engine/src/index.ts';
import { type RolloutsCluster, rollout, rolloutsCluster } from '../harness/rollouts-cluster.ts';

let cluster: RolloutsCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

type Answer = Partial<Extract<StepPluginAnswer, { kind: 'result' }>>;

async function started(answer: (call: StepPluginCall) => Answer): Promise<{ readonly own: RolloutsCluster; readonly calls: string[] }> {
  const calls: string[] = [];
  let now = (): number => 0;
  const stepPlugins: StepPlugins = {
    isDisabled: (name) => name === 'test/off',
    call: async (_, call) => {
      calls.push(`${call.operation} ${call.index} ${call.name}`);
      return { kind: 'result', at: now(), phase: 'Successful', message: '', requeueAfterMs: 0, ...answer(call) };
    },
  };
  const own = await rolloutsCluster({ stepPlugins });
  now = () => own.clock.now();
  cluster = own;
  const steps = [{ plugin: { name: 'test/off' } }, { plugin: { name: 'test/one' } }, { plugin: { name: 'test/two', config: { a: 1 } } }];
  await own.client.create(rolloutType, rollout('web', { strategy: { canary: { steps } } }));
  await own.untilPhase('web', 'Healthy');
  await own.perform('web', { kind: 'set-image', images: { main: 'app:2' } });
  return { own, calls };
}

it('run one after the other, a disabled one is passed over', async () => {
  const { own, calls } = await started(({ index }) => ({ status: { seen: index } }));
  const { status } = await own.untilPhase(
    'web',
    'Healthy',
    (seen) => seen.status?.stableRS === seen.status?.currentPodHash && (seen.status?.canary?.stepPluginStatuses ?? []).length === 3,
  );
  expect(calls).toEqual(['Run 1 test/one', 'Run 2 test/two']);
  expect(status?.canary?.stepPluginStatuses?.map(({ index, phase, disabled, status: kept }) => [index, phase, disabled, kept])).toEqual([
    [0, undefined, true, undefined],
    [1, 'Successful', undefined, { seen: 1 }],
    [2, 'Successful', undefined, { seen: 2 }],
  ]);
  expect(own.events.map(({ reason }) => reason)).toContain('RolloutStepCompleted');
});

it('abort the update when one fails, and those before it are told, last to first', async () => {
  const { own, calls } = await started(({ index, operation }) =>
    operation === 'Run' && index === 2 ? { phase: 'Failed', message: 'no' } : {},
  );
  const { status } = await own.untilPhase('web', 'Degraded', (seen) => (seen.status?.canary?.stepPluginStatuses ?? []).length >= 4);
  expect(status?.message).toContain('Step Plugin 3 (test/two) failed: no');
  expect(calls).toEqual(['Run 1 test/one', 'Run 2 test/two', 'Abort 1 test/one']);
});

it('are asked again while they run, no sooner than they say', async () => {
  let asked = 0;
  const { own, calls } = await started(({ index }) => (index === 1 && ++asked < 3 ? { phase: 'Running', requeueAfterMs: 17_000 } : {}));
  await own.untilPhase('web', 'Healthy', (seen) => (seen.status?.canary?.stepPluginStatuses ?? []).length === 3);
  expect(calls).toEqual(['Run 1 test/one', 'Run 1 test/one', 'Run 1 test/one', 'Run 2 test/two']);
  const { status } = await own.get('web');
  expect(status?.canary?.stepPluginStatuses?.[1]).toMatchObject({ phase: 'Successful', executions: 3 });
});
