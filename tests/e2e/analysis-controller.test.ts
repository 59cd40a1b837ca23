/** The controller of analyses on the embedded cluster, virtual time: its API takes what we write, and a restart in the middle goes on. */
import { afterEach, describe, expect, it } from 'vitest';
import {
  type AnalysisRun,
  type AnalysisRunSpec,
  type AnalysisTemplate,
  analysisRunType,
  analysisTemplateType,
  type KubeObject,
  type Metric,
} from '../../packages/api/src/index.ts';
import { buildRunSpec, type MetricSource } from '../../packages/engine/src/index.ts';
import { builtinTypes } from '../../packages/kube/src/index.ts';
import { parseYaml } from '../../packages/schema/src/index.ts';
import { readPage, snippets } from '../harness/documents.ts';
import { type RolloutsCluster, rolloutsCluster } from '../harness/rollouts-cluster.ts';

let cluster: RolloutsCluster | undefined;
afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const run = (name: string, spec: AnalysisRunSpec): AnalysisRun => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: { name, namespace: 'default' },
  spec,
});

const web = (name: string, fields: Partial<Metric> = {}): Metric => ({
  name,
  provider: { web: { url: 'http://metrics/{{args.what}}', jsonPath: '{$.rate}' } },
  successCondition: 'result >= 0.95',
  ...fields,
});

describe('the page about analyses', () => {
  it('shows a template that the API takes, and that becomes a run', async () => {
    const queries: unknown[] = [];
    const measure: MetricSource['measure'] = async ({ metric }) => {
      queries.push(metric.provider.prometheus?.query, metric.provider.prometheus?.headers);
      return { kind: 'value', result: [0.5], value: '[0.5]' };
    };
    const own = await rolloutsCluster({ sourceFor: () => ({ type: 'Prometheus', measure }) });
    cluster = own;
    const [text = ''] = snippets(readPage('docs/reference/analysis.md'), 'yaml');
    const template = parseYaml(text)[0] as AnalysisTemplate;
    const kept = await own.client.create<AnalysisTemplate>(analysisTemplateType, {
      ...template,
      metadata: { ...template.metadata, namespace: 'default' },
    });
    expect(kept.spec).toEqual(template.spec);
    const built = buildRunSpec(
      { templates: [{ templateName: 'success-rate' }], args: [{ name: 'service', value: 'web' }] },
      { template: () => kept, clusterTemplate: () => undefined },
    );
    if (!built.ok) throw new Error(built.problem.message);
    await own.client.create(builtinTypes.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'prometheus', namespace: 'default' },
      stringData: { token: 't0' },
    });
    await own.client.create(analysisRunType, run('rate', built.value));
    await own.clock.advance(40_000);
    const { status } = await own.client.get<AnalysisRun>(analysisRunType, { namespace: 'default', name: 'rate' });
    expect(readPage('docs/reference/analysis.md')).toContain(`\n${status?.message}\n`);
    expect(queries.slice(0, 2)).toEqual([
      'sum(rate(ok{service="web"}[1m])) / sum(rate(all{service="web"}[1m]))',
      [{ key: 'Authorization', value: 'Bearer t0' }],
    ]);
  });
});

describe('an analysis run on the embedded API', () => {
  it('comes to the end that its measurements lead to, in as many writes as there are measurements', async () => {
    const asked: unknown[] = [];
    const rates = [0.99, 0.5, 0.97];
    const source: MetricSource = {
      type: 'Web',
      measure: async ({ metric }) => {
        asked.push(metric.provider.web?.url);
        const result = rates.shift() ?? 1;
        return { kind: 'value', result, value: String(result) };
      },
    };
    const own = await rolloutsCluster({ sourceFor: () => source });
    cluster = own;
    const versions = new Set<string | undefined>();
    await own.client.create(
      analysisRunType,
      run('rate', { metrics: [web('rate', { count: 3, interval: '5s', failureLimit: 1 })], args: [{ name: 'what', value: 'rate' }] }),
    );
    const get = async (): Promise<AnalysisRun> => own.client.get<AnalysisRun>(analysisRunType, { namespace: 'default', name: 'rate' });
    await own.until('the run is done', async () => {
      const present = await get();
      versions.add(present.metadata.resourceVersion);
      return present.status?.completedAt !== undefined;
    });
    const { status } = await get();
    expect(status).toMatchObject({ phase: 'Successful', runSummary: { count: 1, successful: 1 }, dryRunSummary: {} });
    expect(status?.metricResults?.[0]).toMatchObject({ name: 'rate', count: 3, successful: 2, failed: 1, consecutiveSuccess: 1 });
    expect(status?.metricResults?.[0]?.measurements?.map(({ phase, value }) => `${phase} ${value}`)).toEqual([
      'Successful 0.99',
      'Failed 0.5',
      'Successful 0.97',
    ]);
    expect(asked).toEqual(Array(3).fill('http://metrics/rate'));
    // As it was made, and a state after each measurement.
    expect(versions.size).toBeLessThanOrEqual(4);
    await own.clock.advance(2_000);
    const { items } = await own.client.list<
      KubeObject & { reason: string; source: { component: string }; involvedObject: { kind: string } }
    >(builtinTypes.events, {
      namespace: 'default',
    });
    const told = items.filter(({ involvedObject }) => involvedObject.kind === 'AnalysisRun');
    expect(told.map(({ reason, source }) => `${source.component} ${reason}`).sort()).toEqual([
      'rollouts-controller AnalysisRunSuccessful',
      'rollouts-controller MetricSuccessful',
    ]);
  });

  it('goes on after a restart in the middle, with the measurement that is on its way', async () => {
    const calls: string[] = [];
    const job: MetricSource = {
      type: 'Job',
      measure: async ({ now }) => {
        calls.push('measure');
        return { kind: 'verdict', phase: 'Running', resumeAt: now + 3_000, metadata: { 'job-name': 'j1' } };
      },
      resume: async (_, { metadata }) => {
        calls.push(`resume ${metadata?.['job-name']}`);
        return { kind: 'verdict', phase: 'Failed', message: 'exit code 1' };
      },
    };
    const own = await rolloutsCluster({ sourceFor: () => job });
    cluster = own;
    await own.client.create(
      analysisRunType,
      run('job', {
        metrics: [
          {
            name: 'm',
            provider: { job: { spec: { template: { spec: { containers: [{ name: 'c', image: 'i' }], restartPolicy: 'Never' } } } } },
          },
        ],
      }),
    );
    await own.clock.advance(1_000);
    await own.restartController();
    await own.clock.advance(5_000);
    expect(calls).toEqual(['measure', 'resume j1']);
    const { status } = await own.client.get<AnalysisRun>(analysisRunType, { namespace: 'default', name: 'job' });
    expect(status).toMatchObject({
      phase: 'Failed',
      message: 'Metric "m" assessed Failed due to failed (1) > failureLimit (0): "Error Message: exit code 1"',
    });
  });

  it('says what is wrong with a spec that the API lets through, and is deleted by its time to live', async () => {
    const source: MetricSource = { type: 'Web', measure: async () => ({ kind: 'value', result: 1, value: '1' }) };
    const own = await rolloutsCluster({ sourceFor: () => source });
    cluster = own;
    await own.client.create(analysisRunType, run('wrong', { metrics: [{ name: 'm', provider: {} }] }));
    await own.client.create(
      analysisRunType,
      run('short', { metrics: [web('m')], args: [{ name: 'what', value: 'x' }], ttlStrategy: { secondsAfterSuccess: 3 } }),
    );
    await own.clock.advance(1_000);
    const names = async (): Promise<readonly string[]> =>
      (await own.client.list<AnalysisRun>(analysisRunType, { namespace: 'default' })).items.map(
        ({ metadata, status }) => `${metadata.name} ${status?.phase} ${status?.message ?? ''}`,
      );
    expect([...(await names())].sort()).toEqual([
      'short Successful ',
      'wrong Error Analysis spec invalid: metrics[0]: no provider specified',
    ]);
    await own.clock.advance(5_000);
    expect(await names()).toEqual(['wrong Error Analysis spec invalid: metrics[0]: no provider specified']);
  });
});
