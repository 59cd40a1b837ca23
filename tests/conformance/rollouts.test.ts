/**
 * The rollouts suite: what a person and a script see of a canary, against any API server. Without SLUICE_TEST_KUBECONFIG it runs against
 * `sluice up`; with it, unchanged, against that cluster with `sluice controller` beside it (CRDs are applied when missing).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type KubeObject, type ResourceType, rolloutType } from '@sluice/api';
import { builtinTypes, type Client, createClient, httpTransport, loadKubeconfig } from '@sluice/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, run, type Sluice, sluice, startSluice, until } from '../harness/program.ts';

const given = process.env.SLUICE_TEST_KUBECONFIG;
const namespace = `rollouts-${process.pid}`;

type Rollout = KubeObject & {
  readonly spec: { readonly replicas?: number };
  readonly status?: {
    readonly phase?: string;
    readonly message?: string;
    readonly currentStepIndex?: number;
    readonly currentPodHash?: string;
    readonly stableRS?: string;
    readonly abort?: boolean;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: string;
    readonly pauseConditions?: readonly { readonly reason: string }[];
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
  };
};

const manifest = (name: string, options: { image?: string; replicas?: number; steps: readonly unknown[]; spec?: object }): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name, namespace },
  spec: {
    replicas: options.replicas ?? 3,
    selector: { matchLabels: { app: name } },
    strategy: { canary: { steps: options.steps } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: options.image ?? 'example.com/app:1' }] },
    },
    ...options.spec,
  },
});

describe(`rollouts on ${given === undefined ? 'the embedded cluster' : 'the given cluster'}`, () => {
  let embedded: Sluice | undefined;
  let controller: ChildProcess | undefined;
  let kubeconfig = given ?? '';
  let client: Client;
  let types: { replicaSets: ResourceType; events: ResourceType; namespaces: ResourceType };

  const startController = (): void => {
    if (given === undefined) return;
    controller = spawn(
      process.execPath,
      [
        join(root, 'apps/sluice/bin/sluice'),
        'controller',
        '--kubeconfig',
        given,
        '--leader-elect=false',
        '--metricsPort',
        '0',
        '--healthzPort',
        '0',
      ],
      { stdio: 'ignore' },
    );
  };
  /** `kill -9` of whatever runs the controller, and a new start. */
  const crash = async (): Promise<void> => {
    if (embedded !== undefined) {
      await embedded.kill();
      await embedded.restart();
      return;
    }
    controller?.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 500));
    startController();
  };
  const rollouts = async (...args: readonly string[]): Promise<string> => {
    const ended = await sluice(['rollouts', ...args, '-n', namespace], { env: { KUBECONFIG: kubeconfig } });
    if (ended.code !== 0) throw new Error(`sluice rollouts ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`);
    return ended.stdout;
  };
  const get = (name: string): Promise<Rollout> => client.get<Rollout>(rolloutType, { namespace, name });
  const create = (object: KubeObject): Promise<KubeObject> => client.create(rolloutType, object);
  const setImage = (name: string, image: string): Promise<string> => rollouts('set', 'image', name, `main=${image}`);
  const phase = (name: string, wanted: string, check: (rollout: Rollout) => boolean = () => true): Promise<Rollout> =>
    until(
      `${name} ${wanted}`,
      async () => {
        const rollout = await get(name);
        const isObserved = rollout.status?.observedGeneration === String(rollout.metadata.generation);
        return isObserved && rollout.status?.phase === wanted && check(rollout) ? rollout : undefined;
      },
      45_000,
    );
  const paused = (name: string, step: number): Promise<Rollout> =>
    phase(name, 'Paused', (rollout) => rollout.status?.currentStepIndex === step);
  const sizes = async (name: string): Promise<Readonly<Record<string, number>>> => {
    const { items } = await client.list<
      KubeObject & { spec: { replicas: number; template: { spec: { containers: { image: string }[] } } } }
    >(types.replicaSets, {
      namespace,
      labelSelector: `app=${name}`,
    });
    return Object.fromEntries(items.map((set) => [set.spec.template.spec.containers[0]?.image.split(':')[1] ?? '', set.spec.replicas]));
  };
  /** Event reasons of a Rollout as a watch sees them; one that is told again comes as a higher count of the same Event. */
  const listen = async (name: string): Promise<{ readonly heard: readonly string[]; stop(): void }> => {
    type Said = KubeObject & { readonly reason: string; readonly involvedObject: { readonly name: string; readonly kind: string } };
    const { resourceVersion } = await client.list(types.events, { namespace });
    const stream = await client.watch(types.events, { namespace, resourceVersion });
    const heard: string[] = [];
    void (async () => {
      for await (const { type, object } of stream) {
        const { reason, involvedObject } = object as Said;
        if (type !== 'DELETED' && involvedObject?.kind === 'Rollout' && involvedObject.name === name) heard.push(reason);
      }
    })();
    return { heard, stop: () => stream.close() };
  };
  const said = async (name: string, reason: string): Promise<number> => {
    const { items } = await client.list<KubeObject & { reason: string; count?: number; involvedObject: { name: string } }>(types.events, {
      namespace,
    });
    return items
      .filter((event) => event.involvedObject.name === name && event.reason === reason)
      .reduce((sum, event) => sum + (event.count ?? 1), 0);
  };

  beforeAll(async () => {
    if (given === undefined) {
      embedded = await startSluice();
      kubeconfig = embedded.kubeconfig;
    } else {
      const crds = await sluice(['crds']);
      const applied = await run('kubectl', ['--kubeconfig', given, 'apply', '--server-side', '--force-conflicts', '-f', '-'], {
        input: crds.stdout,
      });
      if (applied.code !== 0) throw new Error(applied.stderr);
      startController();
    }
    const config = loadKubeconfig({ kubeconfig, env: {}, homeDir: '/nonexistent' });
    client = createClient(httpTransport(config, { userAgent: 'sluice-conformance' }), { fieldManager: 'conformance' });
    types = { replicaSets: builtinTypes.replicaSets, events: builtinTypes.events, namespaces: builtinTypes.namespaces };
    await client.create(types.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  });

  afterAll(async () => {
    await client?.delete(types.namespaces, { name: namespace }).catch(() => undefined);
    await client?.close();
    controller?.kill('SIGKILL');
    await embedded?.stop();
  });

  it('goes from the first version to healthy, then a canary waits at its pause and is promoted', async () => {
    await create(
      manifest('walk', { replicas: 5, steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: { duration: 1 } }] }),
    );
    const first = await phase('walk', 'Healthy');
    expect(first.status?.stableRS).toBe(first.status?.currentPodHash);
    await setImage('walk', 'example.com/app:2');
    const waiting = await paused('walk', 1);
    expect(waiting.status).toMatchObject({ message: 'CanaryPauseStep', pauseConditions: [{ reason: 'CanaryPauseStep' }] });
    expect(await sizes('walk')).toEqual({ '1': 4, '2': 1 });
    expect(await rollouts('promote', 'walk')).toBe("rollout 'walk' promoted\n");
    const done = await phase('walk', 'Healthy');
    expect(done.status).toMatchObject({
      currentStepIndex: 4,
      stableRS: done.status?.currentPodHash,
      updatedReplicas: 5,
      availableReplicas: 5,
    });
    expect(await sizes('walk')).toEqual({ '1': 0, '2': 5 });
    expect(done.metadata.annotations?.['rollout.argoproj.io/revision']).toBe('2');
  });

  it('tells an abort, a retry and a promotion in exactly the order of events that scripts know', async () => {
    const events = await listen('story');
    await create(manifest('story', { replicas: 1, steps: [{ setWeight: 50 }, { pause: {} }] }));
    await phase('story', 'Healthy');
    await setImage('story', 'example.com/app:2');
    await paused('story', 1);
    expect(await rollouts('abort', 'story')).toBe("rollout 'story' aborted\n");
    await phase('story', 'Degraded', (rollout) => rollout.status?.abort === true);
    await until('the canary is gone', async () => ((await sizes('story'))['2'] === 0 ? true : undefined));
    expect(await rollouts('retry', 'rollout', 'story')).toBe("rollout 'story' retried\n");
    await paused('story', 1);
    await rollouts('promote', 'story');
    await phase('story', 'Healthy');
    const expected = [
      ...[
        'RolloutAddedToInformer',
        'RolloutUpdated',
        'NewReplicaSetCreated',
        'RolloutNotCompleted',
        'ScalingReplicaSet',
        'RolloutCompleted',
      ],
      ...['RolloutUpdated', 'NewReplicaSetCreated', 'RolloutNotCompleted', 'ScalingReplicaSet', 'RolloutStepCompleted', 'RolloutPaused'],
      ...['ScalingReplicaSet', 'RolloutAborted', 'ScalingReplicaSet', 'RolloutStepCompleted', 'RolloutPaused', 'RolloutStepCompleted'],
      // The promotion below was a person's patch, so there is no RolloutResumed.
      ...['ScalingReplicaSet', 'RolloutCompleted'],
    ];
    // Events are sent last, so they may come a little after the state; what is missing shows in the comparison.
    await until('all events are written', async () => (events.heard.length >= expected.length ? true : undefined), 10_000).catch(
      () => undefined,
    );
    events.stop();
    expect(events.heard).toEqual(expected);
  });

  it('goes back by undo at once, to the revision that is still there', async () => {
    await create(manifest('back', { steps: [{ setWeight: 50 }, { pause: {} }] }));
    await phase('back', 'Healthy');
    await setImage('back', 'example.com/app:2');
    await paused('back', 1);
    expect(await rollouts('undo', 'back')).toBe("rollout 'back' undo\n");
    await phase('back', 'Healthy');
    await until('the second version is gone', async () => ((await sizes('back'))['2'] === 0 ? true : undefined));
    expect(await sizes('back')).toEqual({ '1': 3, '2': 0 });
  });

  it('aborts a version that never becomes ready at its deadline, and keeps the stable one whole', async () => {
    await create(
      manifest('bad', { steps: [{ setWeight: 50 }, { pause: {} }], spec: { progressDeadlineSeconds: 3, progressDeadlineAbort: true } }),
    );
    await phase('bad', 'Healthy');
    await setImage('bad', 'example.com/does-not-exist:2');
    const aborted = await phase('bad', 'Degraded', (rollout) => rollout.status?.abort === true);
    expect(aborted.status?.message).toMatch(
      /^RolloutAborted: Rollout aborted update to revision 2: ReplicaSet "bad-\w+" has timed out progressing\.$/,
    );
    await until('the stable version serves all', async () =>
      (await sizes('bad'))['1'] === 3 && (await sizes('bad'))['2'] === 0 ? true : undefined,
    );
  });

  it('keeps the mix of versions when it is scaled during a pause', async () => {
    await create(manifest('size', { replicas: 2, steps: [{ setWeight: 50 }, { pause: {} }] }));
    await phase('size', 'Healthy');
    await setImage('size', 'example.com/app:2');
    await paused('size', 1);
    await client.patch(rolloutType, { namespace, name: 'size' }, 'merge', { spec: { replicas: 6 } });
    await until('three of each', async () => {
      const now = await sizes('size');
      return now['1'] === 3 && now['2'] === 3 ? true : undefined;
    });
    await rollouts('promote', 'size', '--full');
    await phase('size', 'Healthy', (rollout) => rollout.status?.availableReplicas === 6);
  });

  it('restarts its pods and stays healthy', async () => {
    await create(manifest('again', { steps: [] }));
    await phase('again', 'Healthy');
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await rollouts('restart', 'again');
    await until(
      'all pods are new',
      async () => {
        const rollout = await get('again');
        const { restartAt } = rollout.spec as { restartAt?: string };
        return restartAt !== undefined && (rollout.status as { restartedAt?: string }).restartedAt === restartAt ? true : undefined;
      },
      60_000,
    );
    await phase('again', 'Healthy');
  });

  it('says what is wrong with a bad spec and leaves everything as it is', async () => {
    await create({ ...manifest('wrong', { steps: [{ setWeight: 101 }] }) });
    const degraded = await phase('wrong', 'Degraded');
    expect(degraded.status?.message).toBe(
      'InvalidSpec: The Rollout "wrong" is invalid: spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100',
    );
    expect(await sizes('wrong')).toEqual({});
    await expect(create(manifest('both', { steps: [], spec: { replicas: 'many' } }))).rejects.toMatchObject({ reason: 'Invalid' });
  });

  it('loses nothing when it is killed in the middle of a canary', async () => {
    await create(
      manifest('killed', { replicas: 4, steps: [{ setWeight: 25 }, { pause: { duration: 2 } }, { setWeight: 50 }, { pause: {} }] }),
    );
    await phase('killed', 'Healthy');
    await setImage('killed', 'example.com/app:2');
    await paused('killed', 1);
    await crash();
    await paused('killed', 3);
    expect(await sizes('killed')).toEqual({ '1': 2, '2': 2 });
    await rollouts('promote', 'killed');
    await crash();
    await phase('killed', 'Healthy');
    expect(await sizes('killed')).toEqual({ '1': 0, '2': 4 });
    expect(await said('killed', 'RolloutCompleted')).toBe(2);
  });
});
