/**
 * Charts and manifests that nobody here wrote, from the folder in SLUICE_TEST_INPUTS, against `sluice up` with the real kubectl and helm:
 * each installs or applies, becomes ready where its strategy is in our width, upgrades, rolls back, and leaves nothing behind.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Sluice, startSluice, until } from '../harness/program.ts';
import { findHelm } from '../harness/tools.ts';

const inputs = process.env.SLUICE_TEST_INPUTS;
if (inputs === undefined) console.warn('skipped: real inputs; set SLUICE_TEST_INPUTS to a folder of charts and manifests');

/** Kinds of Istio and others that the manifests use, as open schemas: they are only stored here. */
const openKinds: readonly (readonly [group: string, kind: string, plural: string, versions: readonly string[]])[] = [
  ['networking.istio.io', 'VirtualService', 'virtualservices', ['v1alpha3']],
  ['networking.istio.io', 'DestinationRule', 'destinationrules', ['v1alpha3']],
  ['networking.istio.io', 'Gateway', 'gateways', ['v1alpha3']],
];

const openCrd = ([group, kind, plural, versions]: (typeof openKinds)[number]): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural, singular: kind.toLowerCase() },
    versions: versions.map((name) => ({
      name,
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    })),
  },
});

describe.runIf(inputs !== undefined)('real inputs', () => {
  const folder = inputs ?? '';
  let cluster: Sluice;
  let helmPath: string;
  const helm = async (...args: readonly string[]): Promise<string> => {
    const ended = await run(helmPath, args, { env: { KUBECONFIG: cluster.kubeconfig }, timeoutMs: 120_000 });
    if (ended.code !== 0) throw new Error(`helm ${args.join(' ')} ended with ${ended.code}: ${ended.stderr}`);
    return ended.stdout;
  };

  beforeAll(async () => {
    helmPath = await findHelm();
    cluster = await startSluice();
    await cluster.kubectl('apply -f -', { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: openKinds.map(openCrd) }) });
    await until('the open kinds are served', async () =>
      (await cluster.kubectl('api-resources')).includes('VirtualService') ? true : undefined,
    );
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  const charts = [
    { chart: 'podtato-head/chart', upgrade: ['--set', 'replicaCount=2'], hasTest: true },
    { chart: 'podtato-head/keptn/helm-charts/helloservice', upgrade: ['--set', 'replicaCount=2'], hasTest: false },
    { chart: 'podtato-head/rollout', upgrade: ['--set', 'replicaCount=3'], hasTest: false },
  ];
  for (const { chart, upgrade, hasTest } of charts) {
    it(`installs, upgrades, rolls back and uninstalls ${chart} without leftovers`, async () => {
      const release = chart.split('/').at(-1) ?? '';
      const namespace = `in-${release}`;
      const there = ['-n', namespace];
      const chartFolder = join(folder, chart);
      await helm('upgrade', '--install', release, chartFolder, ...there, '--create-namespace');
      await ready(namespace);
      await helm('upgrade', '--install', release, chartFolder, ...there, ...upgrade);
      await ready(namespace);
      const history = JSON.parse(await helm('history', release, ...there, '-o', 'json')) as { revision: number; status: string }[];
      expect(history.map(({ revision, status }) => `${revision} ${status}`)).toEqual(['1 superseded', '2 deployed']);
      expect(JSON.parse(await helm('list', ...there, '-o', 'json'))).toMatchObject([{ name: release, revision: '2', status: 'deployed' }]);
      expect(await helm('get', 'manifest', release, ...there)).toContain('kind:');
      if (hasTest) expect(await helm('test', release, ...there, '--timeout', '60s')).toMatch(/Phase: +Succeeded/);
      await helm('rollback', release, '1', ...there);
      await ready(namespace);
      await helm('uninstall', release, ...there);
      await until('nothing is left', async () => {
        const left = await cluster.kubectl(`-n ${namespace} get all,rollouts,configmaps,secrets,ingresses,endpointslices -o name`);
        // Every namespace has this one; a pod of `helm test` without a delete policy stays, by helm's own rules.
        const own = left.split('\n').filter((name) => name !== '' && !/kube-root-ca.crt|^pod\/.*test/.test(name));
        return own.length === 0 ? true : undefined;
      });
    });
  }

  it('applies every example of rollouts-demo and takes its basic canary to healthy', async () => {
    const examples = join(folder, 'rollouts-demo/examples');
    for (const name of readdirSync(examples).filter((entry) => existsSync(join(examples, entry, 'kustomization.yaml')))) {
      const namespace = `demo-${name}`;
      const kustomization = readFileSync(join(examples, name, 'kustomization.yaml'), 'utf8');
      await cluster.kubectl(`create namespace ${namespace}`);
      const own = /^namespace: (\S+)/m.exec(kustomization)?.[1];
      // Old fields of theirs are pruned with a warning, as on any cluster; one example reaches into a neighbour's folder.
      const built = await run('kubectl', ['kustomize', '--load-restrictor=LoadRestrictionsNone', join(examples, name)]);
      await cluster.kubectl(['apply', '--validate=warn', ...(own === undefined ? ['-n', namespace] : []), '-f', '-'], {
        input: built.stdout,
      });
    }
    await until('canary-demo is healthy', async () =>
      (await cluster.kubectl('-n demo-canary get rollout canary-demo -o jsonpath={.status.phase}')) === 'Healthy' ? true : undefined,
    );
    expect(await cluster.kubectl('-n demo-blue-green get rollouts -o name')).toContain('rollout.argoproj.io/');
  });

  /** Every Deployment is available and every Rollout healthy, a pause without end promoted as a person would. */
  async function ready(namespace: string): Promise<void> {
    await until(
      `${namespace} is ready`,
      async () => {
        const deployments = await cluster.kubectl(
          `-n ${namespace} get deployments -o jsonpath={range .items[*]}{.status.observedGeneration}/{.metadata.generation}:{.status.updatedReplicas}/{.status.availableReplicas}/{.spec.replicas}{"\\n"}{end}`.split(
            / (?![^{]*})/,
          ),
        );
        const isDone = deployments.split('\n').every((line) => {
          const [generations = '', counts = ''] = line.split(':');
          return line === '' || (new Set(generations.split('/')).size === 1 && new Set(counts.split('/')).size === 1);
        });
        const rollouts = JSON.parse(await cluster.kubectl(`-n ${namespace} get rollouts -o json`)) as {
          items: { metadata: { name: string; generation: number }; status?: { phase?: string; observedGeneration?: string } }[];
        };
        for (const { metadata, status } of rollouts.items)
          if (status?.phase === 'Paused') await cluster.sluice(['rollouts', 'promote', metadata.name, '-n', namespace]);
        const areHealthy = rollouts.items.every(
          ({ metadata, status }) => status?.phase === 'Healthy' && status.observedGeneration === String(metadata.generation),
        );
        return isDone && areHealthy ? true : undefined;
      },
      120_000,
    );
  }
});
