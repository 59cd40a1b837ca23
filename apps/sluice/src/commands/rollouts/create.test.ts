import {
  type AnalysisRun,
  analysisRunType,
  analysisTemplateType,
  clusterAnalysisTemplateType,
  experimentType,
  rolloutType,
} from '@sluice/api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { experiment, manifestFolder, metric, rollout, template } from './testing/manifests.ts';
import { type Plugin, startPlugin } from './testing/plugin-run.ts';

let plugin: Plugin;
const namespace = 'default';
const folder = manifestFolder();

beforeAll(async () => {
  plugin = await startPlugin(Date.parse('2026-03-01T12:00:00Z'));
});

afterEach(async () => {
  for (const type of [rolloutType, experimentType, analysisRunType, analysisTemplateType, clusterAnalysisTemplateType]) {
    const { items } = await plugin.client.list(type);
    for (const { metadata } of items) await plugin.client.delete(type, { namespace: metadata.namespace, name: metadata.name ?? '' });
  }
});

afterAll(async () => {
  folder.remove();
  await plugin.close();
});

describe('create -f', () => {
  it.each([
    ['rollout', rollout()],
    ['experiment', experiment()],
    ['analysistemplate', template('AnalysisTemplate', 'smoke', { metrics: [metric('a')] })],
    ['analysistemplate', template('ClusterAnalysisTemplate', 'smoke', { metrics: [metric('a')] })],
    ['analysisrun', template('AnalysisRun', 'smoke', { metrics: [metric('a')] })],
  ])('says what it has created: %s', async (word, object) => {
    expect(await plugin.run(['create', '-f', folder.file('one.yaml', object)])).toEqual({
      out: `${word}.argoproj.io/${object.metadata.name} created\n`,
      err: '',
      code: 0,
    });
  });

  it('takes a file each, and only its first document', async () => {
    const first = folder.file(
      'first.yaml',
      'apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: a}\nspec: {metrics: []}',
      rollout(),
    );
    const second = folder.file('second.json', template('AnalysisTemplate', 'b', { metrics: [] }));
    expect((await plugin.run(['create', '-f', first, '--filename', second])).out).toBe(
      'analysistemplate.argoproj.io/a created\nanalysistemplate.argoproj.io/b created\n',
    );
    expect((await plugin.client.list(rolloutType, { namespace })).items).toEqual([]);
  });

  it.each<[string, string, unknown, string]>([
    [
      'a field that YAML has and the kind has not',
      'a.yaml',
      'apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {strateg: {}}',
      'error unmarshaling JSON: while decoding JSON: json: unknown field "strateg"',
    ],
    ['a field that JSON has and the kind has not', 'a.json', rollout({ strateg: {} }), 'json: unknown field "strateg"'],
    ['another kind', 'a.yaml', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }, 'creates of /Pod unsupported'],
    ['no kind', 'a.json', { a: 1 }, `Object 'Kind' is missing in '{"a":1}'`],
    ['a key that comes twice', 'a.yaml', 'kind: Rollout\nkind: Rollout', 'yaml: line 2: duplicated mapping key'],
  ])('refuses %s', async (_, name, content, problem) => {
    const { out, err, code } = await plugin.run(['create', '-f', folder.file(name, content)]);
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toContain(problem);
    expect(err).toMatch(/^Error: .*\n$/);
  });

  it('leaves a namespace that is not asked for to the server', async () => {
    const { err, code } = await plugin.run(['create', '-f', folder.file('a.yaml', rollout({}, { namespace: 'other' })), '-n', namespace]);
    expect({ err, code }).toEqual({
      err: 'Error: the namespace of the provided object does not match the namespace sent on the request\n',
      code: 1,
    });
  });

  it('watches one rollout or experiment', async () => {
    const path = folder.file('a.yaml', rollout());
    expect((await plugin.run(['create', '-w', '-f', path, '-f', path])).err).toBe('Error: Cannot watch multiple resources\n');
    const watching = plugin.launch(['create', '-w', '-f', path]);
    for (let turn = 0; turn < 1000 && !watching.text().includes('⟳ web'); turn++) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      await plugin.clock.advance(0);
    }
    watching.stop();
    const [created, picture] = (await watching.done).out.split('\u001b[H\u001b[2J\u001b[0;0H');
    expect([created, picture?.split('\n')[0]]).toEqual(['rollout.argoproj.io/web created\n', 'Name:            web']);
    const other = folder.file('b.yaml', template('AnalysisTemplate', 'b', { metrics: [] }));
    expect(await plugin.run(['create', '-w', '-f', other])).toEqual({
      out: 'analysistemplate.argoproj.io/b created\n',
      err: 'Error: Can only watch resources of type Rollout or Experiment\n',
      code: 1,
    });
  });

  it('shows how it is used without a file', async () => {
    const { out, err, code } = await plugin.run('create');
    expect({ out, code, usage: err.split('\n')[0] }).toEqual({
      out: '',
      code: 1,
      usage: 'Usage: kubectl-argo-rollouts create [options] [command]',
    });
  });
});

describe('create analysisrun', () => {
  const runs = async (): Promise<readonly AnalysisRun[]> => (await plugin.client.list<AnalysisRun>(analysisRunType, { namespace })).items;

  it('fills in a template of the cluster, with a name after it', async () => {
    await plugin.client.create(analysisTemplateType, {
      ...template('AnalysisTemplate', 'smoke', { args: [{ name: 'host' }, { name: 'port', value: '80' }], metrics: [metric('a')] }),
      metadata: { name: 'smoke', namespace, labels: { team: 'x' } },
    });
    const { out, err, code } = await plugin.run('create analysisrun --from smoke -a host=a=b -a unknown=1');
    expect({ out, err, code }).toEqual({
      out: expect.stringMatching(/^analysisrun\.argoproj\.io\/smoke-\w{5} created\n$/),
      err: '',
      code: 0,
    });
    const [run] = await runs();
    expect(run?.spec).toEqual({
      args: [
        { name: 'host', value: 'a=b' },
        { name: 'port', value: '80' },
      ],
      metrics: [metric('a')],
    });
    expect(run?.metadata.labels).toEqual({ team: 'x' });
  });

  it('takes names, an instance and a cluster template', async () => {
    await plugin.client.create(clusterAnalysisTemplateType, template('ClusterAnalysisTemplate', 'global', { metrics: [metric('a')] }));
    expect((await plugin.run('create ar --global --from global --name mine --instance-id blue')).out).toBe(
      'analysisrun.argoproj.io/mine created\n',
    );
    expect((await runs())[0]?.metadata.labels).toEqual({ 'argo-rollouts.argoproj.io/controller-instance-id': 'blue' });
    expect((await plugin.run('create ar --global --from global --generate-name its-')).out).toMatch(/\/its-\w{5} created\n$/);
  });

  it('reads a file, and templates that it is made of from the cluster', async () => {
    await plugin.client.create(analysisTemplateType, {
      ...template('AnalysisTemplate', 'part', { metrics: [metric('b')] }),
      metadata: { name: 'part', namespace },
    });
    const path = folder.file(
      'a.yaml',
      template('AnalysisTemplate', 'all', { metrics: [metric('a')], templates: [{ templateName: 'part' }] }),
    );
    expect((await plugin.run(['create', 'ar', '--from-file', path, '--name', 'mine'])).err).toBe('');
    expect((await runs())[0]?.spec.metrics?.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it.each([
    ['create ar', 'one of --from or --from-file must be specified'],
    ['create ar --from a --from-file b', 'one of --from or --from-file must be specified'],
    ['create ar --from a -a host', 'arguments must be in the form NAME=VALUE'],
    ['create ar --from nope', 'analysistemplates.argoproj.io "nope" not found'],
    ['create ar --global --from nope', 'clusteranalysistemplates.argoproj.io "nope" not found'],
    ['create ar --from-file nope.yaml', 'open nope.yaml: no such file or directory'],
  ])('%s: %s', async (args, problem) => {
    expect(await plugin.run(args)).toEqual({ out: '', err: `Error: ${problem}\n`, code: 1 });
  });

  it('says which argument is missing, and that a template without a name needs one', async () => {
    const needy = folder.file('a.yaml', template('AnalysisTemplate', 'a', { args: [{ name: 'host' }], metrics: [metric('a')] }));
    expect((await plugin.run(['create', 'ar', '--from-file', needy])).err).toBe('Error: args.host was not resolved\n');
    const nameless = folder.file('b.yaml', {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisTemplate',
      spec: { metrics: [metric('a')] },
    });
    expect((await plugin.run(['create', 'ar', '--from-file', nameless])).err).toBe('Error: name is invalid\n');
  });
});
