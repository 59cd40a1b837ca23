/**
 * The pages under docs/ and examples/ against the program: links, tables and help are compared, snippets are run with the real tools.
 * Begin with the start page, which is typed from top to bottom.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crds } from '@sluice/api';
import { defaultRules, parsePodRules } from '@sluice/cluster';
import { approximateCounts, basicCanaryCounts } from '@sluice/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  anchors,
  cliPage,
  codes,
  commandTree,
  filesBelow,
  problemOf,
  readPage,
  relativeLinks,
  snippets,
  tableRows,
} from '../harness/documents.ts';
import { freePort, root, run, type Sluice, startSluice, until } from '../harness/program.ts';
import { toolsNamed } from '../harness/tools.ts';

const pages = filesBelow('.').filter((path) => path.endsWith('.md'));
const [kubectl] = await toolsNamed('kubectl');
const [helm] = await toolsNamed('helm');
if (kubectl === undefined) console.warn('skipped: the snippets with kubectl, since there is none (see `sluice doctor`)');
if (helm === undefined) console.warn('skipped: the snippets that deliver charts, since there is no helm (see `sluice doctor`)');

describe('the pages', () => {
  it('link to files and headings that exist', () => {
    const broken = pages.flatMap((page) =>
      relativeLinks(readPage(page))
        .filter(({ path, anchor }) => {
          const target = path === '' ? page : join(dirname(page), path);
          if (!existsSync(join(root, target))) return true;
          return anchor !== '' && !anchors(readPage(target)).includes(anchor);
        })
        .map(({ path, anchor }) => `${page}: ${path}${anchor === '' ? '' : `#${anchor}`}`),
    );
    expect(broken).toEqual([]);
  });

  it('name files of the repository that exist', () => {
    const named = pages.flatMap((page) =>
      codes(readPage(page).replaceAll(/^```[\s\S]*?^```$/gm, ''))
        .filter((code) => /^(packages|apps|tests|docs|examples|scripts|bench)\/[\w./-]+$/.test(code))
        .map((code) => [page, code] as const),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(([, path]) => !existsSync(join(root, path)) && !path.startsWith('apps/sluice/dist'))).toEqual([]);
  });

  it('are all reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      for (const { path } of relativeLinks(readPage(page))) {
        if (path === '') continue;
        const target = join(dirname(page), path);
        if (target.endsWith('.md')) reached.add(target);
        else if (existsSync(join(root, target, 'README.md'))) reached.add(join(target, 'README.md'));
      }
    }
    expect(pages.filter((page) => !reached.has(page))).toEqual(['CHANGELOG.md']);
  });

  it('show every command as the program does', async () => {
    const wanted = await cliPage();
    const path = join(root, 'docs/reference/cli.md');
    if (process.env.UPDATE_GOLDEN !== undefined) writeFileSync(path, wanted);
    expect(readFileSync(path, 'utf8')).toBe(wanted);
  });

  it('type commands and flags that exist', async () => {
    const tree = await commandTree();
    const lines = pages
      .flatMap((page) => snippets(readPage(page), 'sh'))
      .flatMap((text) => text.replaceAll('\\\n', ' ').split(/\n|\s\|\s/))
      .map((line) =>
        line
          .trim()
          .replace(/^kubectl argo rollouts /, 'sluice rollouts ')
          .replace(/^npx sluice /, 'sluice '),
      )
      .filter((line) => line.startsWith('sluice '));
    expect(lines.length).toBeGreaterThan(40);
    expect(
      lines.map((line) => problemOf(line, tree)).filter((problem) => problem !== undefined && !/sluice nonsense/.test(problem)),
    ).toEqual([]);
  });

  it('name every variable that the program reads', () => {
    const sources = [...filesBelow('apps/sluice/src'), ...filesBelow('packages')].filter((path) => /(?<!\.test)\.ts$/.test(path));
    const read = sources.flatMap((path) => [...readPage(path).matchAll(/\benv\.([A-Z][A-Z_]+)/g)].map(([, name = '']) => name));
    const named = codes(readPage('docs/reference/environment.md'));
    expect(
      [...new Set(read)].filter((name) => !named.includes(name) && !name.startsWith('UPDATE_') && !name.startsWith('SLUICE_TEST_')),
    ).toEqual([]);
  });

  it('name every field of a Rollout, and no other', () => {
    const page = readPage('docs/reference/rollout-support.md');
    type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly items?: Schema };
    const crd = crds().find(({ metadata }) => metadata.name === 'rollouts.argoproj.io') as unknown as {
      readonly spec: { readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Schema } }[] };
    };
    const spec = crd.spec.versions[0]?.schema.openAPIV3Schema.properties?.spec?.properties ?? {};
    const canary = spec.strategy?.properties?.canary?.properties ?? {};
    const named = (heading: string): readonly string[] =>
      tableRows(page, heading).flatMap(([fields = '']) => codes(fields).map((field) => field.split('.')[0] ?? ''));
    expect([...named('## Fields of `spec`'), 'strategy'].sort()).toEqual(Object.keys(spec).sort());
    expect([...named('## Fields of `spec.strategy.canary`'), 'trafficRouting', 'analysis'].sort()).toEqual(Object.keys(canary).sort());
    const blueGreen = spec.strategy?.properties?.blueGreen?.properties ?? {};
    expect([...named('## Fields of `spec.strategy.blueGreen`')].sort()).toEqual(Object.keys(blueGreen).sort());
    const steps = named('## Strategies and steps');
    expect(Object.keys(canary.steps?.items?.properties ?? {}).filter((step) => !steps.includes(step))).toEqual([]);
  });

  it('name every reason of Events and conditions, and no other', () => {
    const page = readPage('docs/reference/events-and-conditions.md');
    const first = (heading: string): readonly string[] => tableRows(page, heading).flatMap(([cell = '']) => codes(cell).slice(0, 1));
    const events = readPage('packages/engine/src/events.ts');
    const told = [...events.matchAll(/(normal|warning)\(\s*'(\w+)'/g)].map(
      ([, type, reason]) => `${reason} ${type === 'normal' ? 'Normal' : 'Warning'}`,
    );
    const rows = tableRows(page, '## Events of a Rollout').map(([reason = '', type]) => `${codes(reason)[0]} ${type}`);
    expect([...rows].sort()).toEqual([...told].sort());

    const conditions = readPage('packages/engine/src/conditions.ts');
    const progress = [...conditions.matchAll(/progressing\('(\w+)', '(\w+)'/g)].map(([, status, reason]) => `${reason} ${status}`);
    const progressRows = tableRows(page, '## Conditions of a Rollout').filter(([, status = '']) => /^(True|False|Unknown)$/.test(status));
    expect(progressRows.map(([reason = '', status]) => `${codes(reason)[0]} ${status}`).sort()).toEqual(progress.sort());
    const types = [...conditions.matchAll(/type: '(\w+)', status|type: '(\w+)',\n/g)].map(([, a, b]) => a ?? b);
    for (const type of types) expect(first('## Conditions of a Rollout')).toContain(type);
  });

  it('count pods as the engine does', () => {
    const page = readPage('docs/concepts/README.md');
    const [closest = [], ...walks] = numberTables(page);
    for (const [replicas = 0, weight = 0, surge = 0, canary, stable] of closest) {
      expect(approximateCounts(replicas, weight, 100, surge), `${replicas} pods at ${weight} with surge ${surge}`).toEqual({
        canary,
        stable,
      });
    }
    expect(walks.map((rows) => rows.slice(1))).toEqual([walk(5, 1, 0, [20, 60, 100]), walk(5, 0, 1, [20, 60, 100])]);
  });

  it('show the default pod rules as they are', () => {
    const page = readPage('docs/reference/pod-rules.md');
    const defaults = snippets(page, 'yaml').find((text) => text.includes('nonexistent')) ?? '';
    expect(parsePodRules(defaults)).toEqual(defaultRules);
    const known = /is not a field; there are (.*)/;
    const fields = (rule: string): readonly string[] => {
      try {
        parsePodRules(`kind: PodRules\nrules:\n- ${rule}`);
      } catch (error) {
        return known.exec((error as Error).message)?.[1]?.split(', ') ?? [];
      }
      return [];
    };
    const first = (heading: string): readonly string[] => tableRows(page, heading).flatMap(([cell = '']) => codes(cell));
    expect([...first('## match')].sort()).toEqual([...fields('match: { x: 1 }')].sort());
    expect([...first('## life')].sort()).toEqual([...fields('life: { x: 1 }')].sort());
    const life = readPage('packages/cluster/src/runtime/life.ts');
    const read = [...life.matchAll(/(?:text|delay)\('([a-z-]+)'/g)].map(([, name = '']) => name);
    expect(
      first('## Annotations')
        .filter((name) => /^[a-z-]+$/.test(name))
        .sort(),
    ).toEqual([...new Set(read)].sort());
  });
});

/** Tables whose body is numbers (an empty cell is 0). */
function numberTables(page: string): readonly (readonly (readonly number[])[])[] {
  const tables: number[][][] = [];
  let isOpen = false;
  for (const line of page.split('\n')) {
    const cells = line.startsWith('|') ? line.slice(1, -1).split('|') : undefined;
    const isRow = cells?.every((cell) => /^\s*\d*\s*$/.test(cell)) === true;
    if (isRow && !isOpen) tables.push([]);
    isOpen = isRow;
    if (isRow) tables.at(-1)?.push((cells ?? []).map(Number));
  }
  return tables;
}

/** Every size on the way through weights, when all pods of a size are available before the next; one size changes at a time, stable first. */
function walk(replicas: number, surge: number, unavailable: number, weights: readonly number[]): readonly (readonly number[])[] {
  let [canary, stable] = [0, replicas];
  const sizes: number[][] = [];
  for (const weight of weights) {
    for (;;) {
      const next = basicCanaryCounts({
        ...{ replicas, weight, surge, unavailable },
        canary: { replicas: canary, available: canary },
        stable: { replicas: stable, available: stable },
        ...{ isCanaryStable: false, otherReplicas: 0, areCountsFresh: true },
      });
      if (next.canary === canary && next.stable === stable) break;
      if (next.stable !== stable) stable = next.stable;
      else canary = next.canary;
      sizes.push([weight, canary, stable]);
    }
  }
  return sizes;
}

/** Files under examples/ that a test has used. */
const used = new Set<string>();

function use(...paths: readonly string[]): void {
  for (const path of paths) for (const file of statSync(join(root, path)).isDirectory() ? filesBelow(path) : [path]) used.add(file);
}

describe.runIf(kubectl !== undefined)('what the pages type', () => {
  let cluster: Sluice;
  let scratch: string;
  const podRules = readPage('docs/reference/pod-rules.md');

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'sluice-docs-'));
    mkdirSync(join(scratch, 'bin'));
    const program = `exec '${process.execPath}' '${join(root, 'apps/sluice/bin/sluice')}' "$@"\n`;
    shim('sluice', program);
    shim('npx', `shift\n${program}`);
    shim('kubectl', `exec '${kubectl?.path}' "$@"\n`);
    writeFileSync(join(scratch, 'rules.yaml'), snippets(podRules, 'yaml')[0] ?? '');
    cluster = await startSluice({
      ...(kubectl === undefined ? {} : { kubectl: kubectl.path }),
      args: ['--rules', join(scratch, 'rules.yaml')],
    });
  });
  afterAll(async () => {
    await cluster?.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  function shim(name: string, text: string): void {
    writeFileSync(join(scratch, 'bin', name), `#!/bin/sh\n${text}`);
    chmodSync(join(scratch, 'bin', name), 0o755);
  }

  /** Types a line into a shell. */
  function type(line: string, env: Readonly<Record<string, string>> = {}): ReturnType<typeof run> {
    const path = `${join(scratch, 'bin')}:${process.env.PATH ?? ''}`;
    return run('sh', ['-c', line], { env: { KUBECONFIG: cluster.kubeconfig, PATH: path, HOME: scratch, ...env } });
  }

  async function phaseIs(wanted: string, namespace = 'default', name = 'greeter'): Promise<void> {
    await until(
      `rollout ${name} becomes ${wanted}`,
      async () => {
        const phase = await cluster.kubectl(`get rollout ${name} -n ${namespace} -o jsonpath={.status.phase}`);
        return phase === wanted ? true : undefined;
      },
      60_000,
    );
  }

  /** What a person waits for before they type a command. */
  const before: readonly (readonly [RegExp, string])[] = [
    [/set image/, 'Healthy'],
    [/promote/, 'Paused'],
    [/undo/, 'Degraded'],
  ];

  async function typeAll(lines: readonly string[], codesWanted: readonly number[] = [0]): Promise<void> {
    for (const line of lines) {
      const namespace = / -n (\w+)/.exec(line)?.[1];
      const phase = before.find(([command]) => command.test(line))?.[1];
      if (phase !== undefined) await phaseIs(phase, namespace);
      const ended = await type(line);
      expect(codesWanted, `${line}\n${ended.stdout}${ended.stderr}`).toContain(ended.code);
    }
  }

  const start = readPage('docs/start/README.md');
  const [inCluster = '', byHand = '', withChart = ''] = start.split(/^## \d\. .*$/m).slice(1);
  const commandsOf = (part: string): readonly string[] =>
    snippets(part, 'sh')
      .flatMap((text) => text.trim().split('\n'))
      .filter((line) => !/^npx sluice up|^export /.test(line))
      .map((line) => line.replace(/ --watch$/, '').trim());

  it.concurrent('on the start page: a cluster, and a canary by hand', async () => {
    use('examples/canary');
    await typeAll(commandsOf(inCluster));
    await typeAll(commandsOf(byHand));
    await phaseIs('Healthy');
    expect(await cluster.kubectl('get rollout greeter -o jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'example.com/greeter:2.0.0',
    );
    expect(readPage('examples/canary/README.md')).toContain(commandsOf(byHand)[0]);
    expect(await cluster.kubectl('get endpoints greeter -o jsonpath={.subsets[0].addresses[*].ip}')).toMatch(/^(\S+ ){4}\S+$/);
  });

  it.runIf(helm !== undefined)('on the start page: a chart', { concurrent: true }, async () => {
    use('examples/greeter', 'examples/service-library');
    const [first = '', second = '', ...rest] = commandsOf(withChart);
    await typeAll([first]);
    // In a pipe the second call ends at the pause.
    await typeAll([second], [3]);
    await typeAll(rest);
    await phaseIs('Healthy', 'demo');
  });

  it.runIf(helm !== undefined)(
    'in the guides: an account of one namespace delivers every environment of the example',
    { concurrent: true },
    async () => {
      const roles = `sluice manifests | kubectl apply -f - -l app.kubernetes.io/component=aggregate-cluster-role`;
      await typeAll([roles, 'kubectl create namespace team', 'kubectl create serviceaccount ci -n team']);
      await typeAll(['kubectl create rolebinding ci -n team --clusterrole=edit --serviceaccount=team:ci']);
      const token = (await cluster.kubectl('create token ci -n team')).trim();
      const administrator = readFileSync(cluster.kubeconfig, 'utf8');
      const kubeconfig = join(scratch, 'ci.kubeconfig');
      writeFileSync(
        kubeconfig,
        administrator.replace(/client-certificate-data: .*/, `token: ${token}`).replace(/.*client-key-data: .*\n/, ''),
      );
      const deliveries = readdirSync(join(root, 'examples/greeter/environments')).map(async (file) => {
        const values = `examples/greeter/environments/${file}`;
        use(values);
        const name = file.replace('.yaml', '');
        const ended = await type(`sluice deploy ${name} --chart examples/greeter -n team -f ${values} --app-version 1.0.0`, {
          KUBECONFIG: kubeconfig,
        });
        expect(ended.stdout + ended.stderr).toMatch(/done .* is healthy\n$/);
      });
      await Promise.all(deliveries);
    },
  );

  it.concurrent('on the page of pod rules', async () => {
    const pods = [
      ...snippets(podRules, 'yaml').filter((text) => text.includes('kind: Pod\n')),
      pod('slow', 'registry.example.com/a:1'),
      pod('never', 'example.com/shop:3.1'),
      pod('huge', 'example.com/a:1', 'size: huge'),
      pod('web', 'example.com/a:1', 'app: web'),
      pod('typo', 'example.com/does-not-exist:1'),
    ];
    await cluster.kubectl('apply -f -', { input: pods.join('---\n') });
    await cluster.kubectl('create job migrate --image=example.com/a:1 -- ./migrate up');
    await cluster.kubectl('wait --for=condition=Ready pod/slow pod/web --timeout=60s');
    await cluster.kubectl('wait --for=condition=Complete job/migrate --timeout=60s');
    const field = (name: string, path: string): Promise<string> => cluster.kubectl(`get pod ${name} -o jsonpath={.status${path}}`);
    await until('short-lived ends', async () => ((await field('short-lived', '.phase')) === 'Failed' ? true : undefined));
    expect(await field('short-lived', '.containerStatuses[0].state.terminated.exitCode')).toBe('7');
    expect(await field('huge', '.conditions[0].message')).toBe('0/1 nodes are available: 1 Insufficient memory.');
    expect(await field('typo', '.containerStatuses[0].state.waiting.reason')).toBe('ErrImagePull');
    expect(await field('never', '.phase')).toBe('Running');
    expect(await field('never', '.containerStatuses[0].ready')).toBe('false');
    expect(await cluster.kubectl('logs web')).toBe('listening on 8080\nready\n');
  });

  it.concurrent('on the page of exit codes', async () => {
    const lines = snippets(readPage('docs/reference/exit-codes.md'), 'sh').flatMap((text) => text.trim().split('\n'));
    for (const line of lines) expect([line, (await type(line)).code]).toEqual([line, Number(/# ends with (\d+)$/.exec(line)?.[1])]);
  });

  it.concurrent('on the page of metrics: names, labels and types of a controller, which takes only Rollouts of its instance', async () => {
    const [metricsPort, healthzPort] = [await freePort(), await freePort()];
    const flags = ['--instance-id', 'docs', '--metricsPort', String(metricsPort), '--healthzPort', String(healthzPort)];
    const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
    const controller: ChildProcess = spawn(process.execPath, [join(root, 'apps/sluice/bin/sluice'), 'controller', ...flags], { env });
    const ended = new Promise((resolve) => controller.once('close', resolve));
    try {
      const rollout = readPage('examples/canary/rollout.yaml').split('---')[0] ?? '';
      const label = 'argo-rollouts.argoproj.io/controller-instance-id: docs';
      const own = rollout.replace('name: greeter', `name: measured\n  labels: { ${label} }`).replaceAll('app: greeter', 'app: measured');
      await cluster.kubectl('apply -f -', { input: own.replace(/steps:[\s\S]*?template:/, 'steps: []\n  template:') });
      await phaseIs('Healthy', 'default', 'measured');
      await typeAll(['sluice rollouts set image measured greeter=example.com/greeter:2.0.0']);
      const text = await until('the update is counted', async () => {
        const answer = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
        return answer.includes('rollout_duration_seconds_count{status="Promoted"} 1') ? answer : undefined;
      });
      expect(text).not.toContain('name="greeter"');
      const rows = tableRows(readPage('docs/reference/metrics.md')).filter(([name = '']) => !name.includes('*'));
      const measured = metricsOf(text);
      expect(measured.map(({ name, kind }) => `${name} ${kind}`)).toEqual(
        rows.map(([name = '', kind]) => `${codes(name)[0]} ${kind}`).sort(),
      );
      const labels = new Map(rows.map(([name = '', , list = '']) => [codes(name)[0], list.split(', ').sort()]));
      for (const metric of measured)
        if (metric.labels !== undefined) expect([metric.name, metric.labels]).toEqual([metric.name, labels.get(metric.name)]);
      expect(await cluster.kubectl('get lease -A -o name')).toContain('lease.coordination.k8s.io/argo-rollouts-controller-lock-docs');
    } finally {
      controller.kill('SIGTERM');
      await ended;
    }
  });

  it.concurrent('on the page of the embedded cluster: what is different from a real one', async () => {
    const page = readPage('docs/guides/embedded-cluster.md');
    const kinds = [
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: odd }\n',
      'apiVersion: v1\nkind: ResourceQuota\nmetadata: { name: q, namespace: odd }\nspec: { hard: { pods: "0" } }\n',
      'apiVersion: v1\nkind: LimitRange\nmetadata: { name: l, namespace: odd }\nspec: { limits: [{ type: Container, default: { cpu: 1 } }] }\n',
      'apiVersion: v1\nkind: Service\nmetadata: { name: lb, namespace: odd }\nspec: { type: LoadBalancer, ports: [{ port: 80 }] }\n',
    ];
    await cluster.kubectl('apply -f -', { input: kinds.join('---\n') });
    await cluster.kubectl('apply -n odd -f -', {
      input: pod('any', 'example.com/a:1').replace('containers:', 'nodeSelector: { no: where }, containers:'),
    });
    await cluster.kubectl('wait -n odd --for=condition=Ready pod/any --timeout=60s');
    expect(await cluster.kubectl('get pod any -n odd -o jsonpath={.spec.containers[0].resources}{.spec.nodeName}')).toBe('{}sluice-node');
    expect(await cluster.kubectl('get service lb -n odd -o jsonpath={.status}')).toBe('{"loadBalancer":{}}');
    const exec = await cluster.tryKubectl('exec any -n odd -- ls');
    expect(page).toContain(exec.stderr.trim().replace('Error from server: ', ''));
    expect(JSON.parse(await cluster.kubectl('get --raw /version'))).toMatchObject({ gitVersion: /`(v\S+\+sluice)`/.exec(page)?.[1] });
  });

  it.concurrent('on the page of files: what lies in the folder, for whose eyes', async () => {
    await cluster.kubectl('create token default');
    const rows = tableRows(readPage('docs/reference/files.md'), '## The folder of `sluice up`').flatMap(([paths = '']) => codes(paths));
    const patterns = rows.map((path) => new RegExp(`^${path.replaceAll('.', '\\.').replace('NNNNNNNN', '\\d{8}')}$`));
    const present = readdirSync(cluster.dir, { recursive: true, withFileTypes: true });
    const files = present
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(cluster.dir.length + 1));
    expect(files.filter((path) => !patterns.some((pattern) => pattern.test(path)))).toEqual([]);
    const later = /snapshot|server-audit|admin\.token/;
    expect(rows.filter((path, at) => !later.test(path) && !files.some((file) => patterns[at]?.test(file)))).toEqual([]);
    for (const path of files) expect([path, statSync(join(cluster.dir, path)).mode & 0o777]).toEqual([path, 0o600]);
  });
});

describe('the examples', () => {
  it.runIf(kubectl !== undefined && helm !== undefined)('are all used by a test', () => {
    expect(filesBelow('examples').filter((path) => !used.has(path))).toEqual(['examples/README.md']);
  });
});

function pod(name: string, image: string, label = 'app: none'): string {
  const metadata = `metadata: { name: ${name}, labels: { ${label} } }`;
  return `apiVersion: v1\nkind: Pod\n${metadata}\nspec: { containers: [{ name: main, image: "${image}" }] }\n`;
}

type Metric = { readonly name: string; readonly kind: string; readonly labels: readonly string[] | undefined };

/** Names, types and labels of a metrics page, those of the process left out; labels are absent where nothing was measured yet. */
function metricsOf(text: string): readonly Metric[] {
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    .map(([, name = '', kind = '']) => {
      const sample = new RegExp(`^${name}(?:_bucket|_count|_sum)?\\{(.*)\\} `, 'm').exec(text)?.[1];
      const labels = sample === undefined ? undefined : [...sample.matchAll(/(\w+)="/g)].map(([, label = '']) => label);
      return { name, kind, labels: labels?.filter((label) => label !== 'le').sort() };
    })
    .filter(({ name }) => !/^(process|nodejs)_/.test(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
