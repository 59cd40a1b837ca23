/** `sluice deploy` with the real helm on `sluice up`, as a pipeline and a person use it: deliver, wait, go on, fail, go back. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createHelmDriver,
  type DeployEnvironment,
  type DeployRequest,
  decodeRelease,
  deploy,
  encodeRelease,
  type ReleaseRecord,
} from '../../packages/helm/src/index.ts';
import { createClient, httpTransport, loadKubeconfig, silentLogger, systemClock } from '../../packages/kube/src/index.ts';
import { type Ended, root, run, type Sluice, startSluice, until } from '../harness/program.ts';
import { toolsNamed } from '../harness/tools.ts';

const [helmTool] = await toolsNamed('helm');
const [kubectlTool] = await toolsNamed('kubectl');
const canRun = helmTool !== undefined && kubectlTool !== undefined;
if (!canRun) console.warn('skipped: deliveries, since helm or kubectl is missing (see `sluice doctor`)');

describe.runIf(canRun)('sluice deploy', () => {
  let cluster: Sluice;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-deploy-test-'));
    cluster = await startSluice(kubectlTool === undefined ? {} : { kubectl: kubectlTool.path });
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const deliver = (release: string, environment: string, version: string, ...more: readonly string[]): Promise<Ended> =>
    cluster.sluice([...deployArguments(release, environment, version), ...more], { timeoutMs: 80_000 });
  const history = async (release: string): Promise<readonly string[]> => {
    const ended = await run(helmTool?.path ?? 'helm', ['history', release, '-n', release, '-o', 'json'], {
      env: { KUBECONFIG: cluster.kubeconfig },
    });
    if (ended.code !== 0) return [ended.stderr.trim()];
    const revisions = JSON.parse(ended.stdout) as readonly { revision: number; status: string; app_version: string }[];
    return revisions.map(({ revision, status, app_version }) => `${revision} ${status} ${app_version}`);
  };
  const images = (release: string): Promise<string> =>
    cluster.kubectl(`get pods -n ${release} -o jsonpath={.items[*].spec.containers[0].image} --field-selector=status.phase=Running`);

  it('delivers, changes nothing the second time, ends at a pause with code 3 in a pipe, and goes on after the promotion', async () => {
    const small = ['--set', 'service-library.replicas=2'];
    const first = await deliver('walk', 'prod', '1.0.0', ...small);
    expect(first.stderr).toBe('');
    expect(first.stdout).toMatch(
      /^render {3}chart greeter 0\.1\.0, app version 1\.0\.0: 3 objects\nplan {5}3 to create\n {2}\+ ConfigMap walk\n {2}\+ Service walk\n {2}\+ Rollout walk\napply {4}revision 1\n(wait .*\n)*done {5}walk revision 1 is healthy\n$/,
    );
    expect(first.code).toBe(0);

    const again = await deliver('walk', 'prod', '1.0.0', ...small);
    expect(again.stdout).toContain('apply    nothing changed; revision 1 stays\n');
    expect(again.code).toBe(0);
    expect(await history('walk')).toEqual(['1 deployed 1.0.0']);

    const canary = await deliver('walk', 'prod', '1.1.0', ...small);
    expect(canary.stdout).toContain(
      'spec.template.spec.containers[greeter].image: example.test/greeter:1.0.0 -> example.test/greeter:1.1.0\n',
    );
    expect(canary.stdout).toMatch(/\npaused {3}walk waits for a person \(CanaryPauseStep\): sluice rollouts promote walk -n walk\n$/);
    expect(canary.code).toBe(3);
    const asked = await deliver('walk', 'prod', '1.1.0', ...small, '--until', 'paused');
    expect([asked.code, asked.stdout.includes('nothing changed; revision 2 stays')]).toEqual([0, true]);

    expect((await cluster.sluice('rollouts promote walk -n walk --full')).stdout).toBe("rollout 'walk' fully promoted\n");
    const end = await deliver('walk', 'prod', '1.1.0', ...small);
    expect([end.code, end.stdout.endsWith('done     walk revision 2 is healthy\n')]).toEqual([0, true]);
    expect(await history('walk')).toEqual(['1 superseded 1.0.0', '2 deployed 1.1.0']);
  });

  it('waits through a pause for a person when it is asked to, and ends when the promotion has come', async () => {
    const config = loadKubeconfig({ kubeconfig: cluster.kubeconfig, env: {}, homeDir: folder });
    const client = createClient(httpTransport(config, { userAgent: 'test' }), { fieldManager: 'test' });
    const helm = await createHelmDriver({ binary: helmTool?.path ?? '', kubeconfig: cluster.kubeconfig, env: process.env });
    const request = (appVersion: string): DeployRequest => ({
      release: 'wait',
      namespace: 'wait',
      chart: { folder: join(root, 'examples/greeter') },
      valuesFiles: [],
      set: ['service-library.replicas=1'],
      appVersion,
      timeoutMs: 30_000,
      rollbackOnFailure: false,
    });
    const told: string[] = [];
    const environment = (onPause: () => void): DeployEnvironment => ({
      client,
      helm,
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      signal: new AbortController().signal,
      onProgress: (progress) => {
        const verdict = progress.kind === 'health' ? progress.health.verdict : undefined;
        if (verdict === undefined || told.at(-1) === verdict) return;
        told.push(verdict);
        if (verdict === 'waiting') onPause();
      },
    });
    expect(
      await deploy(
        request('1.0.0'),
        'healthy',
        environment(() => {}),
      ),
    ).toMatchObject({ kind: 'healthy', revision: 1, isNewRevision: true });
    told.length = 0;
    const promote = (): void => void cluster.sluice('rollouts promote wait -n wait');
    expect(await deploy(request('1.1.0'), 'healthy', environment(promote))).toMatchObject({
      kind: 'healthy',
      revision: 2,
      isNewRevision: true,
    });
    expect(told).toEqual(['progressing', 'waiting', 'progressing', 'ready']);
    await client.close();
  });

  it('takes a version back that its deadline has aborted: traffic, then the revision, and keeps the evidence', async () => {
    expect((await deliver('back', 'demo', '1.0.0')).code).toBe(0);
    const bad = await deliver(
      'back',
      'demo',
      'error',
      '--rollback-on-failure',
      '--set',
      'service-library.rollout.progressDeadlineSeconds=3',
    );
    expect(bad.code).toBe(1);
    expect(bad.stderr).toMatch(
      /^Error: Rollout back: RolloutAborted: .*timed out progressing\.\nback is back at revision 1 \(recorded as revision 3\) and healthy\n$/,
    );
    expect(bad.stdout).toMatch(/pod back-\S+, container greeter: CrashLoopBackOff/);
    expect(await history('back')).toEqual(['1 superseded 1.0.0', '2 superseded error', '3 deployed 1.0.0']);
    await until('only good pods are left', async () => ((await images('back')).includes('greeter:error') ? undefined : true));
  });

  it('removes a first delivery that never got ready', async () => {
    const bad = await deliver(
      'never',
      'dev',
      'error',
      '--rollback-on-failure',
      '--set',
      'service-library.rollout.progressDeadlineSeconds=2',
    );
    expect(bad.code).toBe(1);
    expect(bad.stderr).toContain('never was uninstalled, since no earlier revision was good\n');
    expect(await history('never')).toEqual(['Error: release: not found']);
  });

  it('is stopped by Ctrl-C while it waits, and the next run goes on waiting', async () => {
    const child = spawn(process.execPath, [join(root, 'apps/sluice/bin/sluice'), ...deployArguments('stop', 'demo', '1.0.0')], {
      cwd: root,
      env: { ...process.env, KUBECONFIG: cluster.kubeconfig },
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    await until('it waits', () => Promise.resolve(said.includes('apply    revision 1') ? true : undefined));
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(said).toMatch(/cancelled while waiting; the next run goes on waiting\n$/);
    const next = await deliver('stop', 'demo', '1.0.0');
    expect(next.stdout).toContain('nothing changed; revision 1 stays');
    expect(next.code).toBe(0);
  });

  it('goes on waiting when the cluster is killed in the middle of the canary and comes back', async () => {
    const small = ['--set', 'service-library.replicas=2'];
    expect((await deliver('kill', 'demo', '1.0.0', ...small)).code).toBe(0);
    const canary = deliver('kill', 'demo', '2.0.0', ...small);
    await until('the canary is at its first pause', async () =>
      (await cluster.kubectl('get rollout -n kill kill -o jsonpath={.status.phase}')) === 'Paused' ? true : undefined,
    );
    await cluster.kill();
    await cluster.restart();
    const ended = await canary;
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).toMatch(/done {5}kill revision 2 is healthy\n$/);
    await until('the old pods are gone', async () => ((await images('kill')).includes('greeter:1.0.0') ? undefined : true));
  });

  it('respects a revision that somebody is working on and ends one that nobody is', async () => {
    expect((await deliver('pend', 'dev', '1.0.0')).code).toBe(0);
    const pending = async (since: Date): Promise<void> => {
      const secret = JSON.parse(await cluster.kubectl('get secret -n pend sh.helm.release.v1.pend.v1 -o json'));
      const record: ReleaseRecord = decodeRelease(secret);
      const info = { ...record.info, status: 'pending-upgrade' as const, last_deployed: since.toISOString() };
      const patch = { metadata: { labels: { status: 'pending-upgrade' } }, data: { release: encodeRelease({ ...record, info }) } };
      await cluster.kubectl(['patch', 'secret', '-n', 'pend', 'sh.helm.release.v1.pend.v1', '--type=merge', '-p', JSON.stringify(patch)]);
    };
    await pending(new Date());
    const young = await deliver('pend', 'dev', '1.1.0');
    expect(young.stderr).toMatch(
      /^Error: release pend revision 1 is pending-upgrade since \d+ s: another helm run is at work, or was killed\n {2}try: wait for it;/,
    );
    expect(young.code).toBe(1);
    await pending(new Date(Date.now() - 3_600_000));
    const old = await deliver('pend', 'dev', '1.1.0');
    expect(old.stdout).toContain('apply    revision 1 was left pending-upgrade by a run that is gone; it counts as failed now\n');
    expect(old.code).toBe(0);
    expect(await history('pend')).toEqual(['1 superseded 1.0.0', '2 deployed 1.1.0']);
  });

  it('gives helm secrets in files that only the user can read, shows none, and writes nothing into the chart', async () => {
    const chart = join(folder, 'secretive');
    mkdirSync(join(chart, 'templates'), { recursive: true });
    writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: secretive\nversion: 0.1.0\n');
    writeFileSync(
      join(chart, 'templates/a.yaml'),
      'apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  password: {{ .Values.password }}\n  list: {{ index .Values.list 1 "key" }}\n',
    );
    const log = join(folder, 'helm.log');
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'helm'), `#!/bin/sh\necho "$@" "mode=$(stat -c %a "$KUBECONFIG")" >>${log}\nexec ${helmTool?.path} "$@"\n`);
    chmodSync(join(bin, 'helm'), 0o755);
    const before = readdirSync(chart, { recursive: true }).map((name) => `${String(name)} ${statSync(join(chart, String(name))).mtimeMs}`);
    const values = join(folder, 'values.yaml');
    writeFileSync(values, 'list: [{ key: a }, { key: b, other: c }]\n');
    const path = { PATH: `${bin}${delimiter}${process.env.PATH}` };
    const args = ['deploy', 'secretive', '--chart', chart, '-n', 'secretive', '-f', values];
    const first = await cluster.sluice([...args, '--set', 'password=hunter2,list[1].key=hunter3'], { env: path });
    const second = await cluster.sluice([...args, '--set', 'password=hunter4,list[1].key=hunter3'], { env: path });
    expect([first.code, second.code, first.stderr, second.stderr]).toEqual([0, 0, '', '']);
    expect(second.stdout).toContain('  ~ Secret a\n      data.password\n');
    expect(first.stdout + second.stdout).not.toMatch(/hunter|aHVudGVy/);
    const told = readFileSync(log, 'utf8');
    expect(told).toContain('upgrade secretive');
    expect(told).not.toMatch(/hunter/);
    expect(new Set([...told.matchAll(/mode=(\d+)/g)].map((match) => match[1]))).toEqual(new Set(['600']));
    expect(await cluster.kubectl('get secret -n secretive a -o jsonpath={.data.list}')).toBe(Buffer.from('hunter3').toString('base64'));
    expect(readdirSync(chart, { recursive: true }).map((name) => `${String(name)} ${statSync(join(chart, String(name))).mtimeMs}`)).toEqual(
      before,
    );
  });
});

function deployArguments(release: string, environment: string, version: string): readonly string[] {
  const values = `examples/greeter/environments/${environment}.yaml`;
  return ['deploy', release, '--chart', 'examples/greeter', '-n', release, '-f', values, '--app-version', version];
}
