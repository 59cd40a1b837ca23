/** Bad input, as a person gives it: one clear message with what is wrong and where, an exit code, and nothing changed. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Sluice, sluice, startSluice } from '../harness/program.ts';
import { toolsNamed } from '../harness/tools.ts';

const [helm] = await toolsNamed('helm');
const [kubectl] = await toolsNamed('kubectl');
if (helm === undefined) console.warn('skipped: cases of `deploy` that render, since there is no helm (see `sluice doctor`)');
if (kubectl === undefined) console.warn('skipped: cases of kubectl, since there is none (see `sluice doctor`)');

const kubeconfig = (server: string): string => `
apiVersion: v1
kind: Config
clusters: [{ name: a, cluster: { server: "${server}", insecure-skip-tls-verify: true } }]
users: [{ name: a, user: { token: not-the-right-one } }]
contexts: [{ name: a, context: { cluster: a, user: a } }]
current-context: a
`;

describe('bad input', () => {
  let cluster: Sluice;
  let folder: string;
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
    return path;
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-bad-'));
    cluster = await startSluice(kubectl === undefined ? {} : { kubectl: kubectl.path });
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The whole of stderr is the message: no stack, no second error, not the token. */
  const refuses = async (args: readonly string[], code: number, message: RegExp, env: Record<string, string> = {}): Promise<void> => {
    const ended = await sluice(args, { env: { KUBECONFIG: cluster.kubeconfig, ...env }, timeoutMs: 30_000 });
    expect(ended.stderr).toMatch(message);
    expect(ended.code).toBe(code);
    expect(ended.stderr.trimEnd().split('\n').length).toBeLessThanOrEqual(2);
    expect(ended.stdout + ended.stderr).not.toMatch(/not-the-right-one|^\s+at /m);
  };
  const deploy = (...more: readonly string[]): readonly string[] => [
    'deploy',
    'greeter',
    '--chart',
    'examples/greeter',
    '-n',
    'bad',
    ...more,
  ];

  it('says which port is taken and which folder is in use or cannot be written', async () => {
    await refuses(['up', '--dir', join(folder, 'other'), '--port', String(cluster.port)], 2, /^Error: port \d+ on 127.0.0.1 is in use/);
    await refuses(['up', '--dir', cluster.dir, '--port', '0'], 2, /^Error: another sluice up \(process \d+\) works on /);
    await refuses(['up', '--dir', file('a-file', ''), '--port', '0'], 2, /^Error: the folder .*a-file cannot be written: /);
    await refuses(['up', '--dir', '/proc/nowhere', '--port', '0'], 2, /^Error: the folder \/proc\/nowhere cannot be written: /);
  });

  it('says what a command line lacks', async () => {
    await refuses(['deploy'], 2, /missing required argument|required option '--chart <dir>' not specified/);
    await refuses(['frobnicate'], 2, /unknown command 'frobnicate'/);
    await refuses(deploy('--timeout', 'soon'), 2, /'--timeout <duration>' argument 'soon' is invalid/);
    await refuses(deploy('--set', 'a[=1'), 2, /--set "a": the index of a list/);
  });

  it('says which file of a delivery is missing or broken', async () => {
    await refuses(deploy('--values', join(folder, 'no.yaml')), 2, /^Error: values file .*no.yaml does not exist/);
    await refuses(deploy('--values', file('broken.yaml', 'a: [1\n')), 2, /broken.yaml: yaml: line \d+: /);
    await refuses(['deploy', 'x', '--chart', join(folder, 'none'), '-n', 'bad'], 2, /^Error: chart folder .*none does not exist/);
    file('broken/Chart.yaml', 'apiVersion: v2\nname: [x\n');
    await refuses(['deploy', 'x', '--chart', join(folder, 'broken'), '-n', 'bad'], 2, /Chart.yaml: yaml: line 3: /);
  });

  it('says that no cluster can be reached, or that it does not know us', async () => {
    const nowhere = file('nowhere.kubeconfig', kubeconfig('https://127.0.0.1:1'));
    const stranger = file('stranger.kubeconfig', kubeconfig(`https://127.0.0.1:${cluster.port}`));
    await refuses(['rollouts', 'list', 'rollouts'], 1, /the server https:\/\/127.0.0.1:1 cannot be reached: connection refused/, {
      KUBECONFIG: nowhere,
    });
    await refuses(['controller'], 2, /the server https:\/\/127.0.0.1:1 cannot be reached/, { KUBECONFIG: nowhere });
    await refuses(['controller'], 2, /401 Unauthorized/, { KUBECONFIG: stranger });
    await refuses(['rollouts', 'list', 'rollouts'], 1, /401 Unauthorized/, { KUBECONFIG: stranger });
    await refuses(['rollouts', 'list', 'rollouts'], 1, /no kubeconfig|does not exist/, { KUBECONFIG: join(folder, 'none') });
  });

  it.runIf(helm !== undefined)('says why a chart does not render, before anything is created', async () => {
    file('fails/Chart.yaml', 'apiVersion: v2\nname: fails\nversion: 0.1.0\n');
    file('fails/templates/x.yaml', '{{ fail "no way" }}\n');
    await refuses(
      ['deploy', 'x', '--chart', join(folder, 'fails'), '-n', 'bad'],
      1,
      /^Error: chart fails does not render: .*fails\/templates\/x.yaml:1:3.*no way/,
    );
    if (kubectl !== undefined) expect((await cluster.tryKubectl('get namespace bad')).stderr).toContain('not found');
  });

  it.runIf(kubectl !== undefined)('leaves a Rollout that cannot be as it is and says which field is wrong', async () => {
    const rollout = (name: string, strategy: string): string => `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: ${name} }
spec:
  replicas: 1
  selector: { matchLabels: { app: ${name} } }
  strategy: ${strategy}
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: main, image: "example.com/app:1" }] }
`;
    await cluster.kubectl('apply -f -', { input: rollout('two', '{ canary: {}, blueGreen: { activeService: a } }') });
    await cluster.kubectl('apply -f -', { input: rollout('heavy', '{ canary: { steps: [{ setWeight: 101 }] } }') });
    for (const [name, message] of [
      [
        'two',
        'InvalidSpec: The Rollout "two" is invalid: spec.strategy.strategy: Invalid value: "blueGreen: true canary: true": Multiple Strategies can not be listed',
      ],
      [
        'heavy',
        'InvalidSpec: The Rollout "heavy" is invalid: spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100',
      ],
    ]) {
      await cluster.kubectl(`wait rollout/${name} --for=jsonpath={.status.phase}=Degraded --timeout=10s`);
      expect(await cluster.kubectl(`get rollout ${name} -o jsonpath={.status.message}`)).toBe(message);
    }
    expect(await cluster.kubectl('get replicasets -o name')).toBe('');
    const unknown = await cluster.tryKubectl('apply -f -', { input: rollout('typo', '{ canary: { stepz: [] } }') });
    expect(unknown.code).toBe(1);
    expect(unknown.stderr).toContain('strict decoding error: unknown field "spec.strategy.canary.stepz"');
    expect((await cluster.tryKubectl('get rollout typo')).code).toBe(1);
  });
});
