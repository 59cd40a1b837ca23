import { formatTime, type KubeObject, type ReplicaSet, type ResourceType, type Rollout, rolloutType } from '@sluice/api';
import type { Client, VirtualClock } from '@sluice/kube';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Launched, type Plugin, type Run, startPlugin } from './testing/plugin-run.ts';

const replicaSetType: ResourceType = { group: 'apps', version: 'v1', kind: 'ReplicaSet', resource: 'replicasets', namespaced: true };
const deploymentType: ResourceType = { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments', namespaced: true };
const start = Date.parse('2026-03-01T12:00:00Z');

let plugin: Plugin;
let clock: VirtualClock;
let client: Client;

beforeAll(async () => {
  plugin = await startPlugin(start);
  ({ clock, client } = plugin);
});

beforeEach(() => clock.advance(1000));

afterEach(async () => {
  for (const type of [rolloutType, replicaSetType, deploymentType]) {
    const { items } = await client.list(type, { namespace: 'default' });
    for (const { metadata } of items) await client.delete(type, { namespace: 'default', name: metadata.name ?? '' });
  }
});

afterAll(() => plugin.close());

const launch = (args: string, isTerminal = false): Launched => plugin.launch(args, isTerminal);

/** Lets the command work until it has written what is waited for. Loading its modules takes real time, which no clock can move. */
async function until(command: { text(): string }, expected: string, stepMs = 0): Promise<void> {
  for (let turn = 0; turn < 1000 && !command.text().includes(expected); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await clock.advance(stepMs);
  }
}

const run = (args: string): Promise<Run> => plugin.run(args);

const template = (image: string) => ({ metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } });

async function createRollout(name = 'web', spec: Partial<Rollout['spec']> = {}): Promise<Rollout> {
  return client.create<Rollout>(rolloutType, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'web' } },
      template: template('nginx:2'),
      strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 75 }] } },
      ...spec,
    },
  });
}

async function createRevision(owner: Rollout, revision: number, image: string): Promise<void> {
  const hash = `hash${revision}`;
  const { metadata, spec } = template(image);
  const labels = { ...metadata.labels, 'rollouts-pod-template-hash': hash };
  await client.create<ReplicaSet>(replicaSetType, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${owner.metadata.name}-${hash}`,
      namespace: 'default',
      labels,
      annotations: { 'rollout.argoproj.io/revision': String(revision) },
      ownerReferences: [
        {
          apiVersion: owner.apiVersion,
          kind: owner.kind,
          name: owner.metadata.name ?? '',
          uid: owner.metadata.uid ?? '',
          controller: true,
        },
      ],
    },
    spec: { replicas: 0, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  });
}

const read = (name = 'web'): Promise<Rollout> => client.get<Rollout>(rolloutType, { namespace: 'default', name });
const setStatus = (status: Rollout['status'], name = 'web'): Promise<KubeObject> =>
  client.patch(rolloutType, { namespace: 'default', name }, 'merge', { status }, { subresource: 'status' });

describe('get rollout', () => {
  it('prints the tree, with the age at this moment', async () => {
    const rollout = await createRollout();
    await createRevision(rollout, 1, 'nginx:1');
    await setStatus({ stableRS: 'hash1', currentPodHash: 'hash1', currentStepIndex: 3, phase: 'Healthy' });
    await clock.advance(90_000);
    expect(await run('get rollout web')).toEqual({
      out: [
        'Name:            web',
        'Namespace:       default',
        'Status:          ✔ Healthy',
        'Strategy:        Canary',
        '  Step:          3/3',
        '  SetWeight:     100',
        '  ActualWeight:  100',
        'Replicas:',
        '  Desired:       2',
        '  Current:       0',
        '  Updated:       0',
        '  Ready:         0',
        '  Available:     0',
        '',
        'NAME               KIND        STATUS         AGE  INFO',
        '⟳ web              Rollout     ✔ Healthy      90s  ',
        '└──# revision:1                                    ',
        '   └──⧉ web-hash1  ReplicaSet  ◌ Progressing  90s  stable',
        '',
      ].join('\n'),
      err: '',
      code: 0,
    });
  });

  it('has colours on a terminal, unless they are turned off', async () => {
    await createRollout();
    await setStatus({ phase: 'Healthy' });
    expect((await launch('get ro web', true).done).out).toContain('Status:          \u001b[32m✔\u001b[0m Healthy');
    expect((await launch('get ro web --no-color', true).done).out).toContain('Status:          ✔ Healthy');
  });

  it('names what it does not find', async () => {
    expect(await run('get rollout nope')).toEqual({ out: '', err: 'Error: rollout.argoproj.io "nope" not found\n', code: 1 });
  });

  it('shows how it is used when the name is missing', async () => {
    const { out, err, code } = await run('get rollout');
    expect({ out, code, usage: err.split('\n')[0] }).toEqual({
      out: '',
      code: 1,
      usage: 'Usage: kubectl-argo-rollouts get rollout|ro ROLLOUT_NAME [flags]',
    });
  });

  it('repaints when something changes, and each second', async () => {
    await createRollout();
    await setStatus({ phase: 'Progressing', message: 'one' });
    const watching = launch('get rollout web -w');
    await until(watching, 'one');
    await setStatus({ phase: 'Paused', message: 'two' });
    await clock.advance(300);
    await clock.advance(1000);
    watching.stop();
    const { out, code } = await watching.done;
    const pictures = out.split('\u001b[H\u001b[2J\u001b[0;0H').slice(1);
    expect(pictures.map((picture) => /Message: +(\S+)/.exec(picture)?.[1])).toEqual(['one', 'two', 'two']);
    expect(code).toBe(0);
  });
});

describe('list rollouts', () => {
  it('is a table', async () => {
    await createRollout();
    await setStatus({ phase: 'Paused', currentStepIndex: 1 });
    expect((await run('list rollouts -A')).out).toBe(
      [
        'NAMESPACE  NAME        STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE',
        'default    web         Canary     Paused        1/3   50          0/0    2        0           0        ',
        '',
      ].join('\n'),
    );
  });

  it('says so when there is nothing', async () => {
    expect(await run('list ro')).toEqual({ out: '', err: 'No resources found.\n', code: 0 });
    expect(await run('list experiments')).toEqual({ out: '', err: 'No resources found.\n', code: 0 });
  });

  it('adds rows for what changes', async () => {
    await createRollout();
    const watching = launch('list rollouts --watch');
    await until(watching, 'web');
    await setStatus({ phase: 'Healthy' });
    await until(watching, 'Healthy', 100);
    watching.stop();
    const rows = (await watching.done).out.split('\n').slice(1);
    expect(rows.map((row) => row.split(/ +/)[2])).toEqual(['Progressing', 'Healthy', undefined]);
  });
});

describe('status', () => {
  it('prints each change until the rollout is healthy', async () => {
    await createRollout();
    await setStatus({ phase: 'Progressing', message: 'more replicas need to be updated' });
    const watching = launch('status web');
    await until(watching, 'Progressing');
    await setStatus({ phase: 'Paused', message: 'CanaryPauseStep' });
    await until(watching, 'Paused');
    await setStatus({ phase: 'Healthy', message: '' });
    expect(await watching.done).toEqual({
      out: 'Progressing - more replicas need to be updated\nPaused - CanaryPauseStep\nHealthy\n',
      err: '',
      code: 0,
    });
  });

  it('fails when the rollout is degraded', async () => {
    await createRollout();
    await setStatus({ phase: 'Degraded', message: 'RolloutAborted: no' });
    expect(await run('status web')).toEqual({
      out: 'Degraded - RolloutAborted: no\n',
      err: 'Error: The rollout is in a degraded state with message: RolloutAborted: no\n',
      code: 1,
    });
    expect((await run('status web --watch=false')).out).toBe('Degraded\n');
  });

  it('gives up after the timeout', async () => {
    await createRollout();
    await setStatus({ phase: 'Paused', message: 'CanaryPauseStep' });
    const watching = launch('status --timeout 3s web');
    await until(watching, 'Paused');
    await clock.advance(3100);
    expect(await watching.done).toMatchObject({ err: 'Error: Rollout status watch exceeded timeout\n', code: 1 });
  });

  it('looks once without a watch, and does not mind a pause', async () => {
    await createRollout();
    await setStatus({ phase: 'Paused', message: 'CanaryPauseStep' });
    expect(await run('status web -w=false')).toEqual({ out: 'Paused - CanaryPauseStep\n', err: '', code: 0 });
  });
});

describe('actions', () => {
  it('promote past a pause, with the status first', async () => {
    await createRollout('web', { paused: true });
    await setStatus({
      currentStepIndex: 1,
      controllerPause: true,
      pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '2026-03-01T12:00:00Z' }],
    });
    expect(await run('promote web')).toEqual({ out: "rollout 'web' promoted\n", err: '', code: 0 });
    const { spec, status } = await read();
    expect([spec.paused, status?.pauseConditions, status?.currentStepIndex]).toEqual([false, undefined, 1]);
  });

  it('promote to the end', async () => {
    await createRollout();
    await setStatus({ stableRS: 'a', currentPodHash: 'b' });
    expect((await run('promote web --full')).out).toBe("rollout 'web' fully promoted\n");
    expect((await read()).status?.promoteFull).toBe(true);
  });

  it('refuse both skip flags at once', async () => {
    await createRollout();
    expect((await run('promote web -c -a')).err).toContain(
      'Error: Cannot use skip-current-step and skip-all-steps flags at the same time\n',
    );
  });

  it.each<[string, string, { status?: object; spec?: object }]>([
    ['abort web', "rollout 'web' aborted\n", { status: { abort: true } }],
    ['retry rollout web', "rollout 'web' retried\n", { status: { abort: false } }],
    ['pause web', "rollout 'web' paused\n", { spec: { paused: true } }],
  ])('%s', async (args, out, changed) => {
    await createRollout();
    expect(await run(args)).toEqual({ out, err: '', code: 0 });
    expect(await read()).toMatchObject(changed);
  });

  it.each([
    ['restart web', "rollout 'web' restarts in 0s\n", 0],
    ['restart web -i 1m', "rollout 'web' restarts in 1m\n", 60_000],
  ])('%s', async (args, out, laterMs) => {
    await createRollout();
    expect(await run(args)).toEqual({ out, err: '', code: 0 });
    expect((await read()).spec.restartAt).toBe(formatTime(clock.now() + laterMs));
  });

  it('stop at the first rollout that is missing', async () => {
    await createRollout();
    expect(await run('abort web nope')).toEqual({
      out: "rollout 'web' aborted\n",
      err: 'Error: rollouts.argoproj.io "nope" not found\n',
      code: 1,
    });
  });

  it('set an image in one container', async () => {
    await createRollout();
    expect((await run('set image web main=nginx:3')).out).toBe('rollout "web" image updated\n');
    expect((await read()).spec.template?.spec?.containers[0]?.image).toBe('nginx:3');
    expect(await run('set image web other=nginx:3')).toEqual({ out: '', err: 'Error: unable to find container named "other"\n', code: 1 });
  });

  it('set an image of the Deployment that a rollout refers to', async () => {
    await client.create(deploymentType, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'old', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } }, template: template('nginx:1') },
    });
    await client.create<Rollout>(rolloutType, {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', namespace: 'default' },
      spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old' }, strategy: { canary: {} } },
    });
    expect((await run('set image web *=nginx:9')).out).toBe('deployment "old" image updated\n');
    const deployment = await client.get(deploymentType, { namespace: 'default', name: 'old' });
    expect(deployment).toMatchObject({ spec: { template: { spec: { containers: [{ image: 'nginx:9' }] } } } });
  });
});

describe('undo', () => {
  it('puts the revision before the present back, without its hash', async () => {
    const rollout = await createRollout();
    await createRevision(rollout, 1, 'nginx:1');
    await createRevision(rollout, 2, 'nginx:2');
    expect(await run('undo web')).toEqual({ out: "rollout 'web' undo\n", err: '', code: 0 });
    const { template: restored } = (await read()).spec;
    expect([restored?.spec?.containers[0]?.image, restored?.metadata?.labels]).toEqual(['nginx:1', { app: 'web' }]);
  });

  it('does nothing when the template is the same already', async () => {
    const rollout = await createRollout();
    await createRevision(rollout, 5, 'nginx:2');
    expect((await run('undo web --to-revision=5')).out).toBe('skipped rollback (current template already matches revision 5)');
  });

  it('goes to the Deployment that a rollout refers to', async () => {
    await client.create(deploymentType, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'old', namespace: 'default' },
      spec: { selector: { matchLabels: { app: 'web' } }, template: template('nginx:2') },
    });
    const rollout = await client.create<Rollout>(rolloutType, {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Rollout',
      metadata: { name: 'web', namespace: 'default' },
      spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old' }, strategy: { canary: {} } },
    });
    await createRevision(rollout, 1, 'nginx:1');
    await createRevision(rollout, 2, 'nginx:2');
    expect(await run('undo web')).toEqual({ out: "rollout 'web' undo\n", err: '', code: 0 });
    const deployment = await client.get(deploymentType, { namespace: 'default', name: 'old' });
    expect(deployment).toMatchObject({
      spec: { template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ image: 'nginx:1' }] } } },
    });
    expect((await read()).spec.template).toBeUndefined();
  });

  it('says when there is nothing to go back to', async () => {
    await createRollout();
    expect((await run('undo web')).err).toBe('Error: no revision found for rollout "web"\n');
    expect((await run('undo web --to-revision 3')).err).toBe('Error: unable to find specified revision 3 in history\n');
  });
});
