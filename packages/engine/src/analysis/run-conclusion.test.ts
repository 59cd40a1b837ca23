import type { AnalysisPhase, AnalysisRunSpec, MetricResult } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricReading } from '../ports/metric-source.ts';
import { assessMetric, limitBreach } from './metric-assessment.ts';
import { isCompletedPhase, worstPhase } from './phases.ts';
import { concludeAnalysisRun, type TaskOutcome } from './run-conclusion.ts';
import { planAnalysisRun } from './run-plan.ts';
import { analysisRun, metric, startOfTime, tell } from './testing.ts';

const result = (fields: Partial<MetricResult>): MetricResult => ({
  name: 'm',
  phase: 'Running',
  measurements: [{ phase: 'Failed', finishedAt: '2026-01-05T10:00:00Z' }],
  ...fields,
});

describe('which limit a metric has passed', () => {
  it.each<[string, Partial<MetricResult>, AnalysisPhase | undefined]>([
    ['none', { failed: 1, inconclusive: 1, consecutiveError: 1 }, undefined],
    ['that of failures', { failed: 2 }, 'Failed'],
    ['failures and inconclusive ones: the latter', { failed: 2, inconclusive: 2 }, 'Inconclusive'],
    ['all three: errors in a row', { failed: 2, inconclusive: 2, consecutiveError: 2 }, 'Error'],
    ['failures and errors in a row: the latter', { failed: 2, consecutiveError: 2 }, 'Error'],
    ['errors that are not in a row: none', { error: 9 }, undefined],
  ])('%s', (_, fields, phase) => {
    const limits = { failureLimit: 1, inconclusiveLimit: 1, consecutiveErrorLimit: 1, interval: '1s' };
    expect(limitBreach(metric('m', limits), result(fields))?.phase).toBe(phase);
  });

  it('counts any number of failures where the limit is switched off', () => {
    const limits = { failureLimit: -1, consecutiveSuccessLimit: 3, interval: '1s' };
    expect(assessMetric(metric('m', limits), result({ failed: 99, count: 99 }), false)).toBe('Running');
  });

  it('leaves a metric that is completed as it is', () => {
    expect(assessMetric(metric('m'), result({ phase: 'Successful', failed: 9 }), false)).toBe('Successful');
  });

  it('takes the worst of several phases', () => {
    expect(worstPhase(['Successful', 'Error', 'Failed', 'Inconclusive'])).toBe('Failed');
    expect(worstPhase(['Successful', 'Running', 'Pending'])).toBe('Pending');
    expect(worstPhase([])).toBeUndefined();
  });
});

describe('rules of a run', () => {
  it.each<[string, Partial<AnalysisRunSpec>, string]>([
    [
      'dry-run rules',
      { dryRun: [{ metricName: 'm' }, { metricName: 'x' }] },
      "Analysis spec invalid: dryRun[1]: Rule didn't match any metric name(s)",
    ],
    [
      'retention rules',
      { measurementRetention: [{ metricName: 'x', limit: 1 }] },
      "Analysis spec invalid: measurementRetention[0]: Rule didn't match any metric name(s)",
    ],
    ['metrics', { metrics: [] }, 'Analysis spec invalid: no metrics specified'],
  ])('end it when they fit nothing: %s', (_, fields, message) => {
    const plan = planAnalysisRun(analysisRun({ metrics: [metric('m')], ...fields }), startOfTime);
    expect(plan).toMatchObject({ kind: 'fail', message });
  });

  it.each([
    ['a pattern anywhere in the name', 'a.b', 'xxacbxx', true],
    ['an anchored one', '^acb$', 'xxacbxx', false],
    ['one that Go refuses, as nothing', '(?=a)', 'a', false],
    ['one that would backtrack for ever', '^(a+)+$', `${'a'.repeat(60)}!`, false],
  ])('read %s', (_, metricName, name, isDry) => {
    const plan = planAnalysisRun(analysisRun({ metrics: [metric(name)], dryRun: [{ metricName }] }), startOfTime);
    expect(plan.kind).toBe(isDry ? 'measure' : 'fail');
  });

  it('keep as many measurements as the last one that fits says, and ten where it says less than one', () => {
    const spec = (limit: number): AnalysisRunSpec => ({
      metrics: [metric('m', { count: 15, interval: '1s' })],
      measurementRetention: [
        { metricName: '.*', limit: 3 },
        { metricName: 'm', limit },
      ],
    });
    const kept = (limit: number) =>
      tell({ name: '', spec: spec(limit), script: { m: ['Successful'] } }).run.status?.metricResults?.[0]?.measurements;
    expect(kept(2)).toHaveLength(2);
    expect(kept(0)).toHaveLength(10);
  });
});

describe('how long a completed run stays', () => {
  it.each([
    ['Successful', { secondsAfterSuccess: 1, secondsAfterCompletion: 100 }, 2],
    ['Failed', { secondsAfterFailure: 1, secondsAfterCompletion: 100 }, 2],
    ['Error', { secondsAfterFailure: 1, secondsAfterCompletion: 100 }, 101],
    ['Inconclusive', { secondsAfterFailure: 1 }, undefined],
    ['Successful', { secondsAfterFailure: 1 }, undefined],
    ['Successful', {}, undefined],
  ] as const)('%s with %j: %s s', (phase, ttlStrategy, seconds) => {
    const status = { phase, completedAt: '2026-01-05T10:00:00Z' };
    const plan = (after: number) => planAnalysisRun(analysisRun({ metrics: [], ttlStrategy }, status), startOfTime + after * 1000);
    if (seconds === undefined) return expect(plan(1e6)).toEqual({ kind: 'rest', reason: 'completed' });
    expect(plan(seconds - 0.001)).toMatchObject({ kind: 'rest', wakeAt: startOfTime + seconds * 1000 });
    expect(plan(seconds)).toMatchObject({ kind: 'delete' });
  });

  it('for ever when it could not be measured at all, since it has no completion time', () => {
    const run = analysisRun({ metrics: [], ttlStrategy: { secondsAfterCompletion: 1 } }, { phase: 'Error', message: 'no' });
    expect(planAnalysisRun(run, startOfTime + 1e9).kind).toBe('rest');
  });
});

describe('an answer that no source should give', () => {
  const after = (reading: unknown) => {
    const run = analysisRun({ metrics: [metric('m')] });
    const plan = planAnalysisRun(run, startOfTime);
    if (plan.kind !== 'measure' || plan.tasks[0] === undefined) throw new Error('nothing to measure');
    const outcome: TaskOutcome = {
      task: plan.tasks[0],
      metric: metric('m'),
      answer: { ok: true, reading: reading as MetricReading },
      startedAt: startOfTime,
      endedAt: startOfTime,
    };
    return concludeAnalysisRun({ run, outcomes: [outcome], secrets: [] }, startOfTime);
  };
  const unreadable = { phase: 'Error', message: 'the metric provider gave an answer that cannot be read' };

  it.each<[unknown, object]>([
    [undefined, unreadable],
    [null, unreadable],
    [42, unreadable],
    ['Successful', unreadable],
    [{ kind: 'verdict', phase: 'Splendid' }, unreadable],
    [{ kind: 'verdict' }, unreadable],
    [
      { kind: 'value', result: 'Failed', value: { not: 'text' }, metadata: { number: 1, text: 'kept' } },
      { phase: 'Failed', metadata: { text: 'kept' } },
    ],
    [
      { kind: 'verdict', phase: 'Running', resumeAt: Number.NaN },
      { phase: 'Running', resumeAt: '2026-01-05T10:00:10Z' },
    ],
    [
      { kind: 'verdict', phase: 'Running', resumeAt: 1e300 },
      { phase: 'Running', resumeAt: '2026-01-05T10:00:10Z' },
    ],
    [
      { kind: 'verdict', phase: 'Running' },
      { phase: 'Running', resumeAt: '2026-01-05T10:00:10Z' },
    ],
  ])('becomes a measurement all the same: %j', (reading, measurement) => {
    expect(after(reading).status.metricResults?.[0]?.measurements?.[0]).toMatchObject(measurement);
  });

  it('is cut where it is longer than an object of the API can hold', () => {
    const { status } = after({ kind: 'verdict', phase: 'Failed', value: 'v'.repeat(5_000_000), message: 'm'.repeat(5_000_000) });
    expect(JSON.stringify(status).length).toBeLessThan(100_000);
  });

  it('does not get through when looking at it throws', () => {
    const result = Object.defineProperty({}, 'rate', {
      enumerable: true,
      get: () => {
        throw new Error('gone');
      },
    });
    const run = analysisRun({ metrics: [metric('m', { successCondition: 'result.rate == 1' })] });
    const plan = planAnalysisRun(run, startOfTime);
    if (plan.kind !== 'measure' || plan.tasks[0] === undefined) throw new Error('nothing to measure');
    const answer = { ok: true, reading: { kind: 'value', result, value: '1' } } as const;
    const { template } = plan.tasks[0];
    const outcome = { task: plan.tasks[0], metric: template, answer, startedAt: startOfTime, endedAt: startOfTime };
    const { status } = concludeAnalysisRun({ run, outcomes: [outcome], secrets: [] }, startOfTime);
    expect(status.metricResults?.[0]?.measurements?.[0]?.phase).toBe('Error');
  });
});

describe('secrets', () => {
  const spec: AnalysisRunSpec = {
    metrics: [metric('m', { provider: { job: { spec: { token: '{{args.token}}' } } } })],
    args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 'access', key: 'token' } } }],
  };

  it('are asked for only when something is measured', () => {
    expect(planAnalysisRun(analysisRun(spec), startOfTime)).toMatchObject({ secrets: [{ name: 'access', key: 'token' }] });
    const waiting = { ...spec, metrics: [{ ...metric('m'), initialDelay: '1h' }] };
    expect(planAnalysisRun(analysisRun(waiting), startOfTime)).toMatchObject({ tasks: [], secrets: [] });
  });

  it.each([
    ['one with blanks and a slash', 'a b/c', 'x a b/c, a%20b%2Fc and a+b%2Fc'],
    ['one with quotes', 'a"b', 'x a"b and a\\"b'],
    ['one that begins another', 'abc', 'abc abcdef'],
    ['one that ends with a line break', 'abc\n', 'abc'],
  ])('do not stay in a message: %s', (_, value, message) => {
    const secrets = [
      { name: 'access', key: 'token', value },
      { name: 'other', key: 'k', value: 'abcdef' },
    ];
    const told = tell({ name: '', spec, secrets, script: { m: [new Error(message)] } }, 1);
    const text = told.run.status?.metricResults?.[0]?.measurements?.[0]?.message ?? '';
    expect(text).toContain('*****');
    expect(text.replaceAll('*****', '')).not.toMatch(/[abcdef]{2}|a[%+"]|%2F/i);
  });

  it('leave the names by which a source finds its job', () => {
    const reading = (): MetricReading => ({ kind: 'verdict', phase: 'Running', resumeAt: 0, metadata: { 'job-name': 'uid.m.1', x: 'm' } });
    const told = tell({ name: '', spec, secrets: [{ name: 'access', key: 'token', value: 'm' }], script: { m: [reading] } }, 0);
    expect(told.run.status?.metricResults?.[0]?.measurements?.[0]?.metadata).toEqual({ 'job-name': 'uid.m.1', x: '*****' });
  });
});

describe('whatever sources answer', () => {
  const phase = fc.constantFrom<AnalysisPhase>('Successful', 'Failed', 'Inconclusive', 'Error');
  const limits = fc.record({
    interval: fc.constantFrom('1s', '3s', '0s', '-5s'),
    count: fc.nat({ max: 6 }),
    failureLimit: fc.nat({ max: 2 }),
    inconclusiveLimit: fc.nat({ max: 2 }),
    consecutiveErrorLimit: fc.nat({ max: 2 }),
    consecutiveSuccessLimit: fc.nat({ max: 2 }),
    initialDelay: fc.constantFrom('', '2s'),
  });

  it('counters add up, a pass writes once, nothing is written at rest, no loop runs without time passing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(limits, fc.array(phase, { minLength: 1, maxLength: 8 })), { minLength: 1, maxLength: 3 }),
        (metrics) => {
          const spec: AnalysisRunSpec = { metrics: metrics.map(([fields], at) => metric(`m${at}`, fields)), dryRun: [] };
          const told = tell({ name: '', spec, script: Object.fromEntries(metrics.map(([, answers], at) => [`m${at}`, answers])) }, 60);
          const { status } = told.run;
          const measured = told.lines.filter((line) => / measure m\d$/.test(line)).length;
          // One for the start, one for an end that is decided on without a measurement.
          expect(told.writes).toBeLessThanOrEqual(measured + 2);
          expect(measured).toBeLessThanOrEqual(61 * metrics.length);
          for (const entry of status?.metricResults ?? []) {
            expect(entry.count ?? 0).toBe((entry.successful ?? 0) + (entry.failed ?? 0) + (entry.inconclusive ?? 0));
            expect(entry.measurements?.length ?? 0).toBeLessThanOrEqual(10);
          }
          if (!isCompletedPhase(status?.phase)) return;
          const again = concludeAnalysisRun({ run: told.run, outcomes: [], secrets: [] }, startOfTime + 1e7);
          expect(again.patch).toBeUndefined();
          expect(again.notes).toEqual([]);
          expect(told.notes.filter((reason) => reason.startsWith('AnalysisRun'))).toEqual([`AnalysisRun${status?.phase}`]);
        },
      ),
    );
  });
});
