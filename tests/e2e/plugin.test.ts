/** `kubectl-argo-rollouts` as a process of its own, against `sluice up`: what upstream's users and their scripts type, in a pipe. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, root, run, type Sluice, startSluice, until } from '../harness/program.ts';

const bin = join(root, 'apps/sluice/bin');

const manifest = `apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: "example.com/web:1" }] }
  strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }] } }
`;

describe('the plugin against sluice up', () => {
  let cluster: Sluice;
  beforeAll(async () => {
    cluster = await startSluice();
    writeFileSync(join(cluster.dir, 'web.yaml'), manifest);
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  const plugin = (args: string): Promise<Ended> =>
    run(join(bin, 'kubectl-argo-rollouts'), args.split(' '), { cwd: cluster.dir, env: { KUBECONFIG: cluster.kubeconfig } });

  it('lints, creates and waits for what it has created', async () => {
    expect(await plugin('lint -f web.yaml')).toEqual({ stdout: '', stderr: '', code: 0 });
    expect(await plugin('create -f web.yaml')).toEqual({ stdout: 'rollout.argoproj.io/web created\n', stderr: '', code: 0 });
    const { stdout, stderr, code } = await plugin('status web --timeout 60s');
    expect({ stderr, code, last: stdout.trimEnd().split('\n').at(-1) }).toEqual({ stderr: '', code: 0, last: 'Healthy' });
    expect((await plugin('create -f web.yaml')).stderr).toBe('Error: rollouts.argoproj.io "web" already exists\n');
  });

  it('sets an image, shows the canary, and promotes it', async () => {
    expect((await plugin('set image web web=example.com/web:2')).stdout).toBe('rollout "web" image updated\n');
    await until('the pause', async () =>
      (await plugin('status web -w=false')).stdout === 'Paused - CanaryPauseStep\n' ? true : undefined,
    );
    expect(await plugin('status web --timeout 1s')).toEqual({
      stdout: 'Paused - CanaryPauseStep\n',
      stderr: 'Error: Rollout status watch exceeded timeout\n',
      code: 1,
    });
    const { stdout } = await plugin('get rollout web --no-color');
    expect(stdout).toContain(
      'Status:          ॥ Paused\nMessage:         CanaryPauseStep\nStrategy:        Canary\n  Step:          1/2\n',
    );
    expect(stdout).toMatch(/Images: {10}example.com\/web:1 \(stable\)\n {17}example.com\/web:2 \(canary\)\n/);
    expect((await plugin('list rollouts --timestamps')).stdout).toMatch(
      /^TIMESTAMP +NAME +STRATEGY .*\n\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +web +Canary +Paused +1\/2 +50 /,
    );
    expect(await plugin('promote web')).toEqual({ stdout: "rollout 'web' promoted\n", stderr: '', code: 0 });
    expect(await plugin('status web --timeout 60s')).toMatchObject({ code: 0 });
    expect((await plugin('undo web')).stdout).toBe("rollout 'web' undo\n");
    expect(await plugin('abort web')).toMatchObject({ stdout: "rollout 'web' aborted\n", code: 0 });
    const degraded = await plugin('status web --timeout 60s');
    expect(degraded).toMatchObject({ code: 1 });
    expect(degraded.stderr).toMatch(
      /^Error: The rollout is in a degraded state with message: RolloutAborted: Rollout aborted update to revision 3\n$/,
    );
  });

  it('completes commands, flags and names in bash', async () => {
    const script = `PATH=${bin}:$PATH; source <(kubectl-argo-rollouts completion bash)
try() { COMP_WORDS=(kubectl-argo-rollouts "$@"); COMP_CWORD=$#; _kubectl_argo_rollouts_complete; echo "\${COMPREPLY[*]}"; }
try pro; try get ''; try promote ''; try lint -f we`;
    const { stdout, code } = await run('bash', ['-c', script], { cwd: cluster.dir, env: { KUBECONFIG: cluster.kubeconfig } });
    expect({ stdout, code }).toEqual({ stdout: 'promote\nrollout experiment\nweb\nweb.yaml\n', code: 0 });
  });

  it('is found by kubectl as an ordinary program: usage and mistakes have their own exit codes', async () => {
    expect(await plugin('get rollout nope')).toEqual({ stdout: '', stderr: 'Error: rollout.argoproj.io "nope" not found\n', code: 1 });
    expect(await plugin('abort')).toMatchObject({ stdout: '', stderr: expect.stringMatching(/^Usage: /), code: 1 });
    expect(await plugin('--help')).toMatchObject({ stderr: '', code: 0 });
  });
});
