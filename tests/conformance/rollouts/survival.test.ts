/**
 * `kill -9` in the middle of a canary. This file has a controller of its own to kill: that of `sluice up`, or one beside the given cluster that looks
 * at nothing but its own instance id.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type KubeObject, labels, type ReplicaSet, type Rollout, rolloutType } from '@sluice/api';
import { rolloutPhase } from '@sluice/engine';
import { builtinTypes, type Client } from '@sluice/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, run, type Sluice, sluice, startSluice, until } from '../../harness/program.ts';
import { connectTo } from '../../harness/rollouts/cluster-view.ts';
import { canary, pause, rollout, setWeight } from '../../harness/rollouts/manifests.ts';

const given = process.env.SLUICE_TEST_KUBECONFIG;
const namespace = `survival-${process.pid}`;

describe(`a kill on ${given === undefined ? 'the embedded cluster' : 'the given cluster'}`, () => {
  let embedded: Sluice | undefined;
  let controller: ChildProcess | undefined;
  let kubeconfig = given ?? '';
  let client: Client;

  const startController = (): void => {
    if (given === undefined) return;
    const flags = ['--kubeconfig', given, '--leader-elect=false', '--instance-id', namespace, '--metricsPort', '0', '--healthzPort', '0'];
    controller = spawn(process.execPath, [join(root, 'apps/sluice/bin/sluice'), 'controller', ...flags], { stdio: 'ignore' });
  };
  const crash = async (): Promise<void> => {
    if (embedded !== undefined) {
      await embedded.kill();
      await embedded.restart();
      return;
    }
    controller?.kill('SIGKILL');
    startController();
  };
  const phase = (wanted: string, isSo: (rollout: Rollout) => boolean = () => true): Promise<Rollout> =>
    until(
      `the Rollout ${wanted}`,
      async () => {
        const now = await client.get<Rollout>(rolloutType, { namespace, name: 'web' });
        return rolloutPhase(now).phase === wanted && isSo(now) ? now : undefined;
      },
      60_000,
    );
  const pausedAt = (step: number): Promise<Rollout> => phase('Paused', ({ status }) => status?.currentStepIndex === step);
  const sizes = async (): Promise<readonly (number | undefined)[]> => {
    const { items } = await client.list<ReplicaSet & KubeObject>(builtinTypes.replicaSets, { namespace });
    const image = ({ spec }: ReplicaSet): string => spec?.template?.spec?.containers?.[0]?.image ?? '';
    return [...items].sort((a, b) => (image(a) < image(b) ? -1 : 1)).map(({ spec }) => spec?.replicas);
  };
  const command = async (...args: readonly string[]): Promise<void> => {
    const ended = await sluice(['rollouts', ...args, '-n', namespace], { env: { KUBECONFIG: kubeconfig } });
    if (ended.code !== 0) throw new Error(`sluice rollouts ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`);
  };

  beforeAll(async () => {
    if (given === undefined) {
      embedded = await startSluice();
      kubeconfig = embedded.kubeconfig;
    } else startController();
    client = connectTo(kubeconfig);
    await client.create(builtinTypes.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  });

  afterAll(async () => {
    await client?.delete(builtinTypes.namespaces, { name: namespace }).catch(() => undefined);
    await client?.close();
    controller?.kill('SIGKILL');
    await embedded?.stop();
  });

  it('loses nothing and says nothing twice', async () => {
    const web = rollout(canary([setWeight(25), pause(2), setWeight(50), pause()]), { replicas: 4 });
    const instance = given === undefined ? {} : { [labels.instanceId]: namespace };
    const input = JSON.stringify({ ...web, metadata: { ...web.metadata, labels: instance } });
    const applied = await run('kubectl', ['--kubeconfig', kubeconfig, '-n', namespace, 'apply', '-f', '-'], { input });
    expect(applied.stderr).toBe('');
    await phase('Healthy');
    await command('set', 'image', 'web', 'web=example.com/web:2');
    await pausedAt(1);
    await crash();
    await pausedAt(3);
    expect(await sizes()).toEqual([2, 2]);
    await command('promote', 'web');
    await crash();
    await phase('Healthy');
    expect(await sizes()).toEqual([0, 4]);
    type Said = KubeObject & { readonly reason: string; readonly count?: number };
    const { items } = await client.list<Said>(builtinTypes.events, { namespace });
    const completed = items.filter(({ reason }) => reason === 'RolloutCompleted').reduce((sum, { count }) => sum + (count ?? 1), 0);
    expect(completed).toBe(2);
  });
});
