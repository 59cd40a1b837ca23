import type { AnalysisRun, JobMetric, KubeObject, Measurement } from '@sluice/api';
import type { MetricReading } from '@sluice/engine';
import { builtinTypes } from '@sluice/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { metricSourceFor } from '../registry.ts';
import { Bench, now, run } from '../testing/bench.ts';
import { ModelClient } from '../testing/model-client.ts';

let bench: Bench;
let other: ModelClient | undefined;
beforeEach(() => {
  bench = new Bench();
  other = undefined;
});

const job: JobMetric = {
  metadata: { labels: { team: 'a', 'analysisrun.argoproj.io/uid': 'mine' }, annotations: { note: 'b' } },
  spec: { template: { spec: { restartPolicy: 'Never' } } },
};
const uid = run.metadata.uid ?? '';
const name = `${uid}.rate.1`;
const measurement: Measurement = {
  phase: 'Running',
  startedAt: '2026-01-02T03:03:15Z',
  metadata: { 'job-name': name, 'job-namespace': 'shop' },
};

const source = (): ReturnType<typeof metricSourceFor> =>
  metricSourceFor({ job }, { ...bench.dependencies, ...(other === undefined ? {} : { jobKube: other.client }) });
const begin = (of: AnalysisRun = run, metric = 'rate'): Promise<MetricReading> => {
  const question = bench.question({ job }, of);
  return source().measure({ ...question, metric: { ...question.metric, name: metric } });
};
const look = (of = measurement): Promise<MetricReading> | undefined => source().resume?.(bench.question({ job }), of);
const jobs = (client = bench.cluster): readonly KubeObject[] => [...client.objects.values()].filter(({ kind }) => kind === 'Job');

function finished(...types: readonly string[]): void {
  const status = { conditions: types.map((type) => ({ type, status: 'False' })) };
  bench.cluster.put(builtinTypes.jobs, { kind: 'Job', metadata: { name, namespace: 'shop' }, status } as unknown as KubeObject);
}

describe('a measurement by a Job', () => {
  it('begins with a Job of the run', async () => {
    const metadata = { 'job-name': name, 'job-namespace': 'shop' };
    expect(await begin()).toEqual({ kind: 'verdict', phase: 'Running', resumeAt: now, metadata });
    expect(jobs()).toEqual([
      {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: {
          name,
          namespace: 'shop',
          ownerReferences: [
            { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', name: 'web-1', uid, controller: true, blockOwnerDeletion: true },
          ],
          labels: { team: 'a', 'analysisrun.argoproj.io/uid': uid },
          annotations: {
            note: 'b',
            'analysisrun.argoproj.io/name': 'web-1',
            'analysisrun.argoproj.io/namespace': 'shop',
            'analysisrun.argoproj.io/metric-name': 'rate',
          },
        },
        spec: job.spec,
      },
    ]);
  });

  it.each([
    ['rate', { count: 2, error: 1 }, `${uid}.rate.4`],
    ['a-metric-with-a-name-that-is-much-too-long', {}, `${uid}.a-metric-with-a-name-that.1`.slice(0, 63)],
    ['a-metric-with-a-name-that-is-much-too-long', { count: 99 }, undefined],
  ])('is named after the run, the metric and its number: %s %j', async (metric, counts, expected) => {
    const metricResults = [{ name: metric, phase: 'Running' as const, ...counts }];
    const reading = await begin({ ...run, status: { phase: 'Running', metricResults } }, metric);
    const found = reading.metadata?.['job-name'] ?? '';
    expect(found.length).toBeLessThanOrEqual(63);
    if (expected === undefined) expect(found).toMatch(/\.100$/);
    else expect(found).toMatch(new RegExp(`^${expected.slice(0, 50).replaceAll('.', '\\.')}`));
    expect(found.startsWith(`${uid}.`)).toBe(true);
  });

  it('takes the Job that a pass made before it died', async () => {
    await begin();
    expect(await begin()).toMatchObject({ phase: 'Running', metadata: { 'job-name': name } });
    expect(jobs()).toHaveLength(1);
  });

  it('does not take a Job of somebody else', async () => {
    bench.cluster.put(builtinTypes.jobs, { kind: 'Job', metadata: { name, namespace: 'shop' } } as KubeObject);
    await expect(begin()).rejects.toThrow(`jobs.batch "${name}" already exists`);
  });

  it('may live in another namespace, without an owner there', async () => {
    bench.environment = { ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE: 'jobs' };
    expect(await begin()).toMatchObject({ metadata: { 'job-namespace': 'jobs' } });
    expect(jobs()[0]?.metadata).toMatchObject({ namespace: 'jobs' });
    expect(jobs()[0]?.metadata.ownerReferences).toBeUndefined();
    expect(await begin()).toMatchObject({ phase: 'Running' });
  });

  it('may live in another cluster, without an owner there', async () => {
    other = new ModelClient();
    await begin();
    expect(jobs()).toEqual([]);
    expect(jobs(other)[0]?.metadata.namespace).toBe('shop');
    expect(jobs(other)[0]?.metadata.ownerReferences).toBeUndefined();
  });

  it.each([
    [['Complete'], 'Successful'],
    [['Failed'], 'Failed'],
    [['SuccessCriteriaMet', 'Complete'], 'Successful'],
    [['Complete', 'Failed'], 'Failed'],
    [['Failed', 'Complete', 'Suspended'], 'Successful'],
  ])('ends as its conditions say, by type alone: %j', async (types, phase) => {
    finished(...types);
    expect(await look()).toEqual({ kind: 'verdict', phase, metadata: measurement.metadata });
  });

  it('is looked at again in the square root of twice its age', async () => {
    finished();
    expect(await look()).toEqual({ kind: 'verdict', phase: 'Running', resumeAt: now + 10_000, metadata: measurement.metadata });
  });

  it.each(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName'])('is inconclusive when a pod waits for %s', async (reason) => {
    finished();
    const waiting = { reason, message: 'no such image' };
    bench.cluster.put(builtinTypes.pods, {
      kind: 'Pod',
      metadata: { name: 'p', namespace: 'shop', labels: { 'job-name': name } },
      status: { containerStatuses: [{ name: 'c', state: { waiting } }] },
    } as unknown as KubeObject);
    expect(await look()).toMatchObject({
      phase: 'Inconclusive',
      message: `Pod p, container c has terminal error (${reason}): no such image\n`,
    });
  });

  it.each([
    [measurement, `job.batch "${name}" not found`],
    [{ phase: 'Running' } satisfies Measurement, 'job metadata reference missing'],
    [{ ...measurement, metadata: { x: 'y' } }, 'job metadata reference missing'],
  ])('is an error when its Job is lost', async (of, problem) => {
    await expect(look(of)).rejects.toThrow(problem);
  });

  it('is inconclusive when it is ended before its time, and the Job goes in the foreground', async () => {
    finished();
    const end = (): Promise<MetricReading> | undefined => source().terminate?.(bench.question({ job }), measurement);
    expect(await end()).toEqual({ kind: 'verdict', phase: 'Inconclusive', metadata: measurement.metadata });
    expect(bench.cluster.deleted).toEqual([{ key: `jobs/shop/${name}`, options: { propagationPolicy: 'Foreground' } }]);
    expect(await end()).toMatchObject({ phase: 'Inconclusive' });
  });

  it('leaves the newest Jobs of the run', async () => {
    for (const [index, created] of ['2026-01-01T00:00:03Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z'].entries()) {
      const labels = { 'analysisrun.argoproj.io/uid': uid };
      bench.cluster.put(builtinTypes.jobs, {
        kind: 'Job',
        metadata: { name: `j${index}`, namespace: 'shop', labels, creationTimestamp: created },
      } as unknown as KubeObject);
    }
    bench.cluster.put(builtinTypes.jobs, { kind: 'Job', metadata: { name: 'other', namespace: 'shop' } } as KubeObject);
    await source().collectGarbage?.(bench.question({ job }), 1);
    expect(bench.cluster.deleted.map(({ key }) => key)).toEqual(['jobs/shop/j1', 'jobs/shop/j2']);
    await source().collectGarbage?.(bench.question({ job }), 5);
    expect(jobs().map(({ metadata }) => metadata.name)).toEqual(['j0', 'other']);
  });

  it('tells what the cluster said', async () => {
    bench.cluster.problem = new Error('connection lost');
    await expect(begin()).rejects.toThrow('connection lost');
    await expect(look()).rejects.toThrow('connection lost');
  });
});
