import { type AnalysisPhase, failure, type Job, type Metric, StatusError } from '@sluice/api';
import type { MetricReading, MetricSource } from '@sluice/engine';
import { type LogFields, type Logger, silentLogger, type VirtualClock, virtualClock } from '@sluice/kube';
import { afterEach, describe, expect, it } from 'vitest';
import { type AnalysisController, type AnalysisControllerOptions, createAnalysisController } from './analysis-controller.ts';
import { templateGauges } from './analysis-metrics.ts';
import { conflict, FakeCluster } from './testing.ts';

const start = Date.parse('2026-01-05T10:00:00Z');
const metric = (name: string, fields: Partial<Metric> = {}): Metric => ({
  name,
  provider: { web: { url: 'u' } },
  successCondition: "result == 'Successful'",
  ...fields,
});
const value = (phase: AnalysisPhase): MetricReading => ({ kind: 'value', result: phase, value: phase });
const source = (measure: MetricSource['measure'], more: Partial<MetricSource> = {}): MetricSource => ({ type: 'Web', measure, ...more });
const never = (): Promise<never> => new Promise(() => {});

type Lab = { readonly cluster: FakeCluster; readonly clock: VirtualClock; readonly controller: AnalysisController };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** `sources` are by name of metric. */
function lab(sources: Readonly<Record<string, MetricSource>>, options: Partial<AnalysisControllerOptions> = {}): Lab {
  const cluster = new FakeCluster();
  const clock = virtualClock(start, 6);
  const controller = createAnalysisController({
    client: cluster.client,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    informers: cluster.informers,
    recorder: cluster.recorder,
    sourceFor: ({ name }) => {
      const found = sources[name];
      if (found === undefined) throw new Error(`no valid provider in metric '${name}'`);
      return found;
    },
    ...options,
  });
  controller.start();
  stops.push(async () => {
    const stopping = controller.stop();
    await clock.advance(10_000);
    await stopping;
  });
  return { cluster, clock, controller };
}

describe('the shell of analyses', () => {
  it('brings a run to its end in one write when its measurements answer at once', async () => {
    const { cluster, clock } = lab({ a: source(async () => value('Successful')), b: source(async () => value('Successful')) });
    cluster.add('run', { metrics: [metric('a'), metric('b')] });
    await clock.settle();
    expect(cluster.get('run').status).toMatchObject({ phase: 'Successful', completedAt: '2026-01-05T10:00:00Z' });
    expect(cluster.writes).toEqual(['patch run']);
    expect(cluster.events).toEqual(['run Normal MetricSuccessful', 'run Normal MetricSuccessful', 'run Normal AnalysisRunSuccessful']);
  });

  it('asks all metrics of a run side by side', async () => {
    let inFlight = 0;
    let most = 0;
    const slow = source(async () => {
      most = Math.max(most, ++inFlight);
      await new Promise<void>((resolve) => clock.after(500, resolve));
      inFlight--;
      return value('Successful');
    });
    const { cluster, clock } = lab({ a: slow, b: slow, c: slow });
    cluster.add('run', { metrics: [metric('a'), metric('b'), metric('c')] });
    await clock.advance(600);
    expect(most).toBe(3);
    expect(cluster.get('run').status?.phase).toBe('Successful');
  });

  it('measures again when the interval is over, and not before', async () => {
    let measured = 0;
    const { cluster, clock } = lab({
      m: source(async () => {
        measured++;
        return value('Successful');
      }),
    });
    cluster.add('run', { metrics: [metric('m', { count: 3, interval: '60s' })] });
    await clock.advance(59_000);
    expect(measured).toBe(1);
    await clock.advance(2_000);
    expect(measured).toBe(2);
    await clock.advance(60_000);
    expect(cluster.get('run').status?.phase).toBe('Successful');
    expect(cluster.writes).toHaveLength(3);
  });

  it('does not let sources that hang block other runs, even when there are more of them than workers', async () => {
    const { cluster, clock } = lab({ hung: source(never), fine: source(async () => value('Successful')) }, { concurrency: 2 });
    for (let at = 0; at < 10; at++) cluster.add(`hung-${at}`, { metrics: [metric('hung')] });
    cluster.add('fine', { metrics: [metric('fine')] });
    await clock.advance(6_000);
    expect(cluster.get('fine').status?.phase).toBe('Successful');
    expect(cluster.writes).toEqual(['patch fine']);
  });

  it('gives a source up that does not answer, and counts that as an error', async () => {
    const { cluster, clock } = lab({ hung: source(never) }, { answerMsMax: 30_000 });
    cluster.add('run', { metrics: [metric('hung', { consecutiveErrorLimit: 0 })] });
    await clock.advance(31_000);
    expect(cluster.get('run').status).toMatchObject({
      phase: 'Error',
      metricResults: [{ measurements: [{ phase: 'Error', message: 'the metric provider gave no answer within 30s' }] }],
    });
  });

  it.each<[string, MetricSource, string]>([
    [
      'throws in the call itself',
      source(() => {
        throw new Error('no such host');
      }),
      'no such host',
    ],
    ['rejects', source(() => Promise.reject(new Error('refused'))), 'refused'],
    [
      'throws something that is no error',
      source(() => {
        throw 'just text';
      }),
      'just text',
    ],
    ['answers nothing', source(async () => undefined as never), 'the metric provider gave an answer that cannot be read'],
    ['answers no promise', source((() => 'soon') as never), 'the metric provider gave an answer that cannot be read'],
  ])('makes an error of a source that %s', async (_, broken, message) => {
    const { cluster, clock } = lab({ broken, fine: source(async () => value('Successful')) });
    cluster.add('run', { metrics: [metric('broken'), metric('fine')] });
    await clock.settle();
    const { status } = cluster.get('run');
    expect(status?.metricResults?.[0]).toMatchObject({ name: 'broken', error: 1, measurements: [{ phase: 'Error', message }] });
    expect(status?.metricResults?.[1]).toMatchObject({ name: 'fine', phase: 'Successful' });
  });

  it('measures although a source cannot say anything about its metric', async () => {
    const metadata = (): never => {
      throw new Error('no metadata');
    };
    const { cluster, clock } = lab({ m: source(async () => value('Successful'), { metadata }) });
    cluster.add('run', { metrics: [metric('m')] });
    await clock.settle();
    expect(cluster.get('run').status?.phase).toBe('Successful');
  });

  it('says which provider is not known', async () => {
    const { cluster, clock } = lab({});
    cluster.add('run', { metrics: [metric('m', { consecutiveErrorLimit: 0 })] });
    await clock.settle();
    expect(cluster.get('run').status?.message).toBe(
      'Metric "m" assessed Error due to consecutiveErrors (1) > consecutiveErrorLimit (0): "Error Message: no valid provider in metric \'m\'"',
    );
  });

  it('keeps what was measured over a conflict, and does not measure again', async () => {
    let measured = 0;
    const counted = source(async () => {
      measured++;
      return value('Successful');
    });
    const { cluster, clock } = lab({ m: counted });
    cluster.faults.push(
      { verb: 'patch', error: conflict() },
      { verb: 'patch', error: new StatusError(failure(500, 'InternalError', 'no')) },
    );
    cluster.add('run', { metrics: [metric('m')] });
    await clock.advance(2_000);
    expect(cluster.get('run').status?.phase).toBe('Successful');
    expect(measured).toBe(1);
    expect(cluster.events).toHaveLength(2);
  });

  it('takes a change into account that came while it was measuring', async () => {
    const { cluster, clock } = lab({ m: source(() => new Promise((resolve) => clock.after(5_000, () => resolve(value('Successful'))))) });
    cluster.add('run', { metrics: [metric('m', { interval: '1s' })] });
    await clock.advance(2_000);
    cluster.change('run', { terminate: true });
    await clock.advance(4_000);
    expect(cluster.get('run').status).toMatchObject({ phase: 'Successful', message: 'Run Terminated' });
  });

  it('drops what was measured for a run that is gone, though there is one of its name again', async () => {
    const answers: ((reading: MetricReading) => void)[] = [];
    const { cluster, clock } = lab({ m: source(() => new Promise((resolve) => answers.push(resolve))) });
    cluster.add('run', { metrics: [metric('m')] });
    await clock.advance(2_000);
    const old = cluster.get('run');
    cluster.runs.gone(old);
    cluster.add('run', old.spec, undefined, 'another');
    await clock.advance(2_000);
    answers[0]?.(value('Failed'));
    await clock.advance(2_000);
    expect(cluster.get('run').status).toBeUndefined();
    answers[1]?.(value('Successful'));
    await clock.advance(2_000);
    expect(cluster.get('run').status?.phase).toBe('Successful');
  });

  it('resumes and terminates with the source that began', async () => {
    const calls: string[] = [];
    const job = source(
      async ({ now }) => {
        calls.push('measure');
        return { kind: 'verdict', phase: 'Running', resumeAt: now + 5_000, metadata: { 'job-name': 'j1' } };
      },
      {
        resume: async ({ now }, { metadata }) => {
          calls.push(`resume ${metadata?.['job-name']}`);
          return { kind: 'verdict', phase: 'Running', resumeAt: now + 60_000 };
        },
        terminate: async (_, { metadata }) => {
          calls.push(`terminate ${metadata?.['job-name']}`);
          return { kind: 'verdict', phase: 'Inconclusive' };
        },
      },
    );
    const { cluster, clock } = lab({ job });
    cluster.add('run', { metrics: [metric('job')] });
    await clock.advance(10_000);
    expect(calls).toEqual(['measure', 'resume j1']);
    cluster.change('run', { terminate: true });
    await clock.settle();
    expect(calls).toEqual(['measure', 'resume j1', 'terminate j1']);
    expect(cluster.get('run').status?.phase).toBe('Inconclusive');
  });

  it('ends a measurement that its source cannot go on with', async () => {
    const { cluster, clock } = lab({ m: source(async () => value('Successful')) });
    const begun = { phase: 'Running', startedAt: '2026-01-05T09:00:00Z' } as const;
    cluster.add(
      'run',
      { metrics: [metric('m')] },
      { phase: 'Running', metricResults: [{ name: 'm', phase: 'Running', measurements: [begun] }] },
    );
    await clock.settle();
    expect(cluster.get('run').status?.metricResults?.[0]?.measurements?.[0]).toMatchObject({
      phase: 'Error',
      message: 'a measurement of Web cannot be gone on with',
    });
  });

  it.each([
    [
      'in the namespace of its run',
      { ownerReferences: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', name: 'run', uid: 'u', controller: true }] },
      'default',
    ],
    [
      'elsewhere',
      {
        labels: { 'analysisrun.argoproj.io/uid': 'u' },
        annotations: { 'analysisrun.argoproj.io/name': 'run', 'analysisrun.argoproj.io/namespace': 'default' },
      },
      'jobs',
    ],
  ])('looks at a run when a Job of it has ended, %s', async (_, metadata, namespace) => {
    const { cluster, clock, controller } = lab({ m: source(async () => value('Successful')) });
    cluster.add('run', { metrics: [metric('m')] });
    await clock.settle();
    const passes = () => controller.metrics().passes[0]?.seconds.count ?? 0;
    const before = passes();
    const job = (version: string, conditions: Job['status']): Job => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j', namespace, resourceVersion: version, ...metadata },
      ...(conditions === undefined ? {} : { status: conditions }),
    });
    cluster.jobs.overlay(job('1', { active: 1 }));
    await clock.settle();
    expect(passes()).toBe(before);
    cluster.jobs.overlay(job('2', { conditions: [{ type: 'Complete', status: 'True' }] }));
    await clock.settle();
    expect(passes()).toBe(before + 1);
  });

  it('deletes a completed run when its time is over', async () => {
    const { cluster, clock } = lab({ m: source(async () => value('Successful')) });
    cluster.add('run', { metrics: [metric('m')], ttlStrategy: { secondsAfterCompletion: 5 } });
    await clock.advance(5_900);
    expect(cluster.writes).toEqual(['patch run']);
    await clock.advance(200);
    expect(cluster.writes).toEqual(['patch run', 'delete run']);
  });

  it('lets the source drop what old measurements left behind', async () => {
    const kept: number[] = [];
    const job = source(async () => value('Successful'), { collectGarbage: async (_, keep) => void kept.push(keep) });
    const { cluster, clock } = lab({ m: job });
    cluster.add('run', { metrics: [metric('m', { count: 3, interval: '1s' })], measurementRetention: [{ metricName: 'm', limit: 1 }] });
    await clock.advance(3_000);
    expect(kept).toEqual([1, 1]);
    expect(cluster.get('run').status?.metricResults?.[0]?.measurements).toHaveLength(1);
  });

  it('leaves a run alone that is being deleted or has ended', async () => {
    const { cluster, clock } = lab({ m: source(async () => value('Successful')) });
    cluster.add('done', { metrics: [metric('m')] }, { phase: 'Failed' });
    const leaving = { ...cluster.get('done'), status: { phase: '' } as const };
    cluster.runs.overlay({ ...leaving, metadata: { ...leaving.metadata, name: 'leaving', deletionTimestamp: '2026-01-05T09:00:00Z' } });
    await clock.advance(60_000);
    expect(cluster.writes).toEqual([]);
  });
});

describe('secrets of an analysis', () => {
  const spec = {
    metrics: [metric('m', { provider: { web: { url: 'http://m/?token={{args.token}}' } }, consecutiveErrorLimit: 0 })],
    args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 'access', key: 'token' } } }],
  };

  it('reach the source, and neither the status nor the log', async () => {
    const written: string[] = [];
    const log = (message: string, fields?: LogFields): void => void written.push(`${message} ${JSON.stringify(fields)}`);
    const logger: Logger = { ...silentLogger, debug: log, info: log, warn: log, error: log };
    const asked: unknown[] = [];
    const { cluster, clock } = lab(
      {
        m: source(async ({ metric: { provider } }) => {
          asked.push(provider.web?.url);
          throw new Error(`Get "${provider.web?.url}": refused`);
        }),
      },
      { logger },
    );
    cluster.secrets.set('access', { token: 'geheim' });
    cluster.add('run', spec);
    await clock.settle();
    expect(asked).toEqual(['http://m/?token=geheim']);
    const { status } = cluster.get('run');
    expect(status?.message).toContain('http://m/?token=*****');
    expect(`${JSON.stringify(status)} ${cluster.events.join()} ${written.join()}`).not.toContain('geheim');
  });

  it.each([
    ['is not there', {}, 'Unable to resolve metric arguments: secrets "access" not found'],
    ['has no such key', { access: { other: 'x' } }, "Unable to resolve metric arguments: key 'token' does not exist in secret 'access'"],
    ['has a key only by inheritance', { access: {} }, "Unable to resolve metric arguments: key 'token' does not exist in secret 'access'"],
  ])('end the run when one %s', async (_, secrets, message) => {
    const { cluster, clock } = lab({ m: source(async () => value('Successful')) });
    for (const [name, data] of Object.entries(secrets)) cluster.secrets.set(name, data as Readonly<Record<string, string>>);
    cluster.add('run', spec);
    await clock.settle();
    expect(cluster.get('run').status).toEqual({ phase: 'Error', message });
    expect(cluster.events).toEqual(['run Warning AnalysisRunError']);
  });

  it('are read again when the API could not be asked', async () => {
    const { cluster, clock } = lab({ m: source(async () => value('Successful')) });
    cluster.secrets.set('access', { token: 'x' });
    cluster.faults.push(
      { verb: 'get', error: new Error('connection reset') },
      { verb: 'get', error: new StatusError(failure(503, 'ServiceUnavailable', 'busy')) },
    );
    cluster.add('run', spec);
    await clock.advance(1_000);
    expect(cluster.get('run').status?.phase).toBe('Successful');
  });
});

describe('numbers of analyses', () => {
  it('are those of the runs that there are', async () => {
    const { cluster, clock, controller } = lab({ m: source(async () => value('Failed')) });
    const prometheus = metric('late', { initialDelay: '1h', provider: { prometheus: {} } });
    cluster.add('run', { metrics: [metric('m'), prometheus], dryRun: [{ metricName: 'm' }] });
    await clock.settle();
    expect(controller.metrics().runs).toEqual([
      {
        namespace: 'default',
        name: 'run',
        phase: 'Running',
        metrics: [
          { name: 'm', type: 'Web', isDryRun: true, phase: 'Failed' },
          { name: 'late', type: 'Prometheus', isDryRun: false, phase: 'Pending' },
        ],
      },
    ]);
    expect(controller.metrics().passes).toMatchObject([{ namespace: 'default', name: 'run', errors: 0 }]);
    cluster.runs.gone(cluster.get('run'));
    await clock.advance(66_000);
    expect(controller.metrics()).toEqual({ runs: [], passes: [] });
  });

  it('are those of templates too', () => {
    const metadata = { name: 't' };
    const template = {
      apiVersion: 'v',
      kind: 'ClusterAnalysisTemplate',
      metadata,
      spec: { metrics: [metric('m', { provider: { plugin: { x: {} } } })] },
    };
    expect(templateGauges(template)).toEqual({ namespace: '', name: 't', metrics: [{ name: 'm', type: 'RPCPlugin' }] });
  });
});
