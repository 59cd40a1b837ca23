/** Analyses: in the background, as a step, before and after a promotion; Jobs and web metrics; what becomes of the Rollout. */
import type { AnalysisRun } from '@sluice/api';
import { expect } from 'vitest';
import {
  analysisTemplate,
  blueGreen,
  canary,
  jobMetric,
  pause,
  rollout,
  service,
  setWeight,
  templates,
  webMetric,
} from '../../harness/rollouts/manifests.ts';
import { type MetricServer, metricServer } from '../../harness/rollouts/metric-server.ts';
import { type Scenario, scenario, suite } from '../../harness/rollouts/scenario.ts';

const services = [service('active'), service('preview')];
/** A Job as the arguments `duration` and `exit-code` have it. */
const sleepJob = (name = 'sleep-job', duration = '1', code = '0') =>
  analysisTemplate(name, [jobMetric(name, 'sleep {{args.duration}} && exit {{args.exit-code}}')], {
    args: [
      { name: 'duration', value: duration },
      { name: 'exit-code', value: code },
    ],
  });
const exits = (code: string | number): object => ({
  templates: templates('sleep-job'),
  args: [{ name: 'exit-code', value: String(code) }],
});
const step = (...names: readonly string[]): Record<string, unknown> => ({ analysis: { templates: templates(...names) } });
const results = (run: AnalysisRun | undefined): unknown =>
  run?.status?.metricResults?.map(({ name, phase, count, measurements }) => [name, phase, count, measurements?.map((m) => m.phase)]);
const sizes = (s: Scenario): readonly unknown[] => {
  const { blueGreen: own, stableRS } = s.status;
  const revision = (hash: string | undefined): number | undefined => [1, 2, 3, 4].find((number) => s.hash(number) === hash);
  return [revision(stableRS), revision(own?.activeSelector), revision(own?.previewSelector)];
};
/** Revisions in the roles stable, active and preview. */
const expectRoles = (s: Scenario, stable: number, active: number, preview: number): Promise<void> =>
  s.eventually(() => sizes(s), [stable, active, preview]);
const withServer = async (answer: unknown, token: string | undefined, act: (server: MetricServer) => Promise<void>): Promise<void> => {
  const server = await metricServer(answer, token);
  try {
    await act(server);
  } finally {
    await server.close();
  }
};

suite('analysis', [], () => {
  scenario('background: none at the install, one during the update, ended with it', (s) =>
    withServer({ ok: true }, undefined, async ({ url }) => {
      const metric = webMetric('web', url, { interval: '1s', successCondition: 'result.ok' });
      await s.apply(
        analysisTemplate('web', [metric]),
        rollout(canary([setWeight(10), pause()], { analysis: { templates: templates('web') } })),
      );
      await s.healthy();
      await s.expectRuns();
      await s.update();
      await s.pausedAt(1);
      await s.expectRuns('Running');
      await s.promote();
      await s.healthy();
      await s.expectRuns('Successful');
    }),
  );

  scenario('background: neither good nor bad pauses', (s) =>
    withServer({ Status: 0 }, undefined, async ({ url }) => {
      const conditions = { successCondition: 'result.Status == 1', failureCondition: 'result.Status == 2' };
      await s.apply(
        analysisTemplate('web', [webMetric('web', url, { interval: '1s', ...conditions })]),
        rollout(canary([setWeight(10)], { analysis: { templates: templates('web') } })),
      );
      await s.healthy();
      await s.update();
      await s.expectRuns('Inconclusive');
      await s.phase('Paused', ({ status }) => status?.message === 'InconclusiveAnalysisRun');
    }),
  );

  scenario('inline: one at the pause, three at the end', async (s) => {
    await s.apply(sleepJob(), rollout(canary([setWeight(25), step('sleep-job'), pause(), step('sleep-job'), step('sleep-job')])));
    await s.healthy();
    await s.update();
    await s.pausedAt(2);
    await s.expectRuns('Successful');
    await s.promote();
    await s.healthy();
    await s.expectRuns('Successful', 'Successful', 'Successful');
  });

  scenario('inline: two metrics in one run, one of which begins later', async (s) => {
    const metrics = [jobMetric('now', 'sleep 1; exit 0'), jobMetric('later', 'exit 0', { initialDelay: '4s' })];
    await s.apply(analysisTemplate('two', metrics), rollout(canary([setWeight(25), step('two')])));
    await s.healthy();
    await s.update();
    await s.expectRuns('Running');
    await s.healthy();
    await s.expectRuns('Successful');
    expect(results(s.analysisRuns()[0])).toEqual([
      ['now', 'Successful', 1, ['Successful']],
      ['later', 'Successful', 1, ['Successful']],
    ]);
  });

  scenario('inline: one metric that fails too often ends the run, although another has not begun', async (s) => {
    const failing = jobMetric('fails', 'exit 1', { failureLimit: 1, count: 3, interval: '1s' });
    const metrics = [failing, jobMetric('later', 'exit 0', { initialDelay: '10000s' })];
    await s.apply(analysisTemplate('two', metrics), rollout(canary([setWeight(25), step('two')])));
    await s.healthy();
    await s.update();
    await s.phase('Degraded');
    await s.expectRuns('Failed');
    expect(s.analysisRuns()[0]?.status?.metricResults?.find(({ name }) => name === 'fails')).toMatchObject({ phase: 'Failed', failed: 2 });
  });

  scenario('blue-green: before and after the switch; going back within the delay needs none', async (s) => {
    const hashArgs = ['Stable', 'Latest'].map((which) => ({
      name: `${which.toLowerCase()}-hash`,
      valueFrom: { podTemplateHashValue: which },
    }));
    const template = analysisTemplate('sleep-job', [jobMetric('job', 'sleep {{args.duration}} && exit 0')], {
      args: [{ name: 'duration', value: '2' }, { name: 'stable-hash' }, { name: 'latest-hash' }],
    });
    const analysis = { templates: templates('sleep-job'), args: hashArgs };
    const strategy = blueGreen({
      previewService: 'preview',
      scaleDownDelaySeconds: 120,
      prePromotionAnalysis: analysis,
      postPromotionAnalysis: analysis,
    });
    await s.apply(...services, template, rollout(strategy));
    await s.healthy();
    const before = (s.rollout().spec.template ?? {}) as Record<string, unknown>;
    await s.update();
    await s.expectRuns('Running');
    await expectRoles(s, 1, 1, 2);
    expect(Object.fromEntries((s.analysisRuns()[0]?.spec.args ?? []).map(({ name, value }) => [name, value]))).toMatchObject({
      'stable-hash': s.hash(1),
      'latest-hash': s.hash(2),
    });
    await s.expectRuns('Successful', 'Running');
    await expectRoles(s, 1, 2, 2);
    await s.expectCounts(1, 2, 1, 1, 1);
    await s.healthy();
    await s.expectRuns('Successful', 'Successful');
    await expectRoles(s, 2, 2, 2);
    await s.patch({ spec: { template: { ...before, metadata: { annotations: null } } } });
    await s.healthy();
    await expectRoles(s, 3, 3, 3);
    expect(s.analysisRuns()).toHaveLength(2);
  });

  scenario('blue-green: a failure before the switch; better arguments and a retry', async (s) => {
    const strategy = blueGreen({ previewService: 'preview', prePromotionAnalysis: exits(1) });
    await s.apply(...services, sleepJob(), rollout(strategy));
    await s.healthy();
    await s.update();
    await s.phase('Degraded');
    await expectRoles(s, 1, 1, 2);
    await s.patch({ spec: { strategy: { blueGreen: { prePromotionAnalysis: exits(0) } } } });
    await s.retry();
    await s.healthy();
    await s.expectRuns('Failed', 'Successful');
    await expectRoles(s, 2, 2, 2);
  });

  scenario('blue-green: a failure after the switch switches back', async (s) => {
    const strategy = blueGreen({ previewService: 'preview', autoPromotionEnabled: false, postPromotionAnalysis: exits(1) });
    await s.apply(...services, sleepJob('sleep-job', '2'), rollout(strategy));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.promote();
    await s.expectRevisions({ active: 2 });
    await s.phase('Degraded');
    await s.expectRuns('Failed');
    await expectRoles(s, 1, 1, 2);
    await s.expectRevisions({ active: 1, preview: 2 });
  });

  scenario('blue-green: after a failed update comes another one', async (s) => {
    const strategy = blueGreen({ previewService: 'preview', scaleDownDelaySeconds: 120, postPromotionAnalysis: exits(1) });
    await s.apply(...services, sleepJob(), rollout(strategy));
    await s.healthy();
    await s.update();
    await s.phase('Degraded');
    await s.eventually(() => s.deadline(2) !== undefined, true);
    await s.patch({
      spec: {
        strategy: { blueGreen: { postPromotionAnalysis: exits(0) } },
        template: { metadata: { annotations: { update: 'another' } } },
      },
    });
    await s.healthy();
    await expectRoles(s, 3, 3, 3);
    await s.eventually(() => [s.deadline(1) !== undefined, s.deadline(2) !== undefined], [true, true]);
    await s.expectRuns('Failed', 'Successful');
  });

  scenario('blue-green: everything at once', async (s) => {
    const strategy = blueGreen({
      previewService: 'preview',
      previewReplicaCount: 1,
      autoPromotionSeconds: 3,
      prePromotionAnalysis: exits(0),
      postPromotionAnalysis: exits(1),
    });
    await s.apply(...services, sleepJob('sleep-job', '2'), rollout(strategy, { replicas: 2 }));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.expectCounts(2, 3, 1, 2, 2);
    await s.expectRevisions({ active: 1, preview: 2 });
    await s.expectRevisions({ active: 2 });
    await s.expectCounts(2, 4, 2, 2, 2);
    await s.phase('Degraded');
    await s.expectRuns('Successful', 'Failed');
    await s.expectRevisions({ active: 1, preview: 2 });
  });

  scenario('two templates make one run', (s) =>
    withServer({ name: 'sluice', stars: 5 }, undefined, async ({ url }) => {
      const metric = (name: string, successCondition: string) => analysisTemplate(name, [webMetric(name, url, { successCondition })]);
      await s.apply(
        metric('name', 'result.name == "sluice"'),
        metric('stars', 'result.stars > 3'),
        rollout(canary([setWeight(10), step('name', 'stars')])),
      );
      await s.healthy();
      await s.update();
      await s.healthy();
      await s.expectRuns('Successful');
      expect(s.analysisRuns()[0]?.status?.metricResults?.map(({ name }) => name)).toEqual(['name', 'stars']);
    }),
  );

  scenario('an address and a token from a Secret', (s) =>
    withServer({ healthy: true }, 'let-me-in', async ({ url }) => {
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web' }, stringData: { url, token: 'let-me-in' } };
      const metric = webMetric(
        'web',
        '{{args.url}}',
        {
          count: '{{args.count}}',
          interval: '1s',
          consecutiveSuccessLimit: '{{args.limit}}',
          failureLimit: '{{args.failures}}',
          successCondition: 'result.healthy',
        },
        { headers: [{ key: 'Authorization', value: 'Bearer {{args.token}}' }] },
      );
      const fromSecret = (name: string): object => ({ name, valueFrom: { secretKeyRef: { name: 'web', key: name } } });
      const args = [
        ...[fromSecret('url'), fromSecret('token')],
        ...[
          { name: 'count', value: '3' },
          { name: 'limit', value: '2' },
          { name: 'failures', value: '1' },
        ],
      ];
      await s.apply(secret, analysisTemplate('web', [metric], { args }), rollout(canary([setWeight(10), step('web')])));
      await s.healthy();
      await s.update();
      await s.healthy();
      await s.expectRuns('Successful');
      expect(s.analysisRuns()[0]?.status?.metricResults?.[0]).toMatchObject({ count: 2, successful: 2 });
      expect(JSON.stringify(s.analysisRuns()[0])).not.toContain('let-me-in');
    }),
  );

  const counted = (url: string, count: string, rest: object = {}) =>
    analysisTemplate(
      'web',
      [
        webMetric('web', '{{args.url}}', {
          count: '{{args.count}}',
          interval: '{{args.interval}}',
          successCondition: 'result.ok',
          ...rest,
        }),
      ],
      { args: [{ name: 'url', value: url }, { name: 'count', value: count }, { name: 'interval' }] },
    );

  scenario('arguments decide count and interval', (s) =>
    withServer({ ok: true }, undefined, async ({ url }) => {
      const analysis = { templates: templates('web'), args: [{ name: 'interval', value: '1s' }] };
      await s.apply(counted(url, '3'), rollout(canary([setWeight(10), { analysis }])));
      await s.healthy();
      await s.update();
      await s.healthy();
      await s.expectRuns('Successful');
      expect(s.analysisRuns()[0]?.status?.metricResults?.[0]).toMatchObject({ count: 3, successful: 3 });
    }),
  );

  scenario('arguments in the background', (s) =>
    withServer({ ok: true }, undefined, async ({ url }) => {
      const analysis = { templates: templates('web'), args: [{ name: 'interval', value: '1s' }] };
      await s.apply(counted(url, '1000'), rollout(canary([setWeight(10), pause()], { analysis })));
      await s.healthy();
      await s.update();
      await s.pausedAt(1);
      await s.expectRuns('Running');
      await s.promote();
      await s.healthy();
      await s.expectRuns('Successful');
    }),
  );

  const long = (job: object = {}) => analysisTemplate('long', [jobMetric('job', 'sleep 6000', {}, job as Record<string, unknown>)]);
  const onlyJob = (phase: string): unknown => [['job', phase, 1, [phase]]];

  for (const isInline of [true, false]) {
    scenario(`a Job that misses its deadline fails the run, ${isInline ? 'inline' : 'in the background'}`, async (s) => {
      const strategy = isInline
        ? canary([setWeight(10), step('long')])
        : canary([setWeight(10), pause('24h')], { analysis: { templates: templates('long') } });
      await s.apply(long({ activeDeadlineSeconds: 5 }), rollout(strategy));
      await s.healthy();
      await s.update();
      await s.phase('Degraded');
      await s.expectRuns('Failed');
      expect(results(s.analysisRuns()[0])).toEqual(onlyJob('Failed'));
    });
  }

  scenario('a Job that still runs when the canary ends is inconclusive, the rollout healthy', async (s) => {
    await s.apply(long(), rollout(canary([setWeight(10), pause(3)], { analysis: { templates: templates('long') } })));
    await s.healthy();
    await s.update();
    await s.expectRuns('Running');
    await s.healthy();
    await s.expectRuns('Inconclusive');
    expect(results(s.analysisRuns()[0])).toEqual(onlyJob('Inconclusive'));
  });

  const noImage = analysisTemplate('no-image', [jobMetric('job', 'exit 0', {}, {}, { image: 'example.com/nonexistent-image-x:1' })]);

  scenario('a Job whose image does not exist pauses, inline', async (s) => {
    await s.apply(noImage, rollout(canary([setWeight(10), step('no-image'), pause('24h')])));
    await s.healthy();
    await s.update();
    await s.phase('Paused', ({ status }) => status?.message === 'InconclusiveAnalysisRun');
    await s.expectRuns('Inconclusive');
    expect(results(s.analysisRuns()[0])).toEqual(onlyJob('Inconclusive'));
  });

  scenario('a Job whose image does not exist pauses, in the background, while another runs inline', async (s) => {
    // Both begin at the same step, so that neither can be too late.
    const analysis = { templates: templates('no-image'), startingStep: 1 };
    await s.apply(noImage, long(), rollout(canary([setWeight(10), step('long')], { analysis })));
    await s.healthy();
    await s.update();
    await s.phase('Paused', ({ status }) => status?.message === 'InconclusiveAnalysisRun');
    const byType = (type: string): unknown => s.analysisRuns().find((run) => run.metadata.labels?.['rollout-type'] === type)?.status?.phase;
    await s.eventually(() => [s.analysisRuns().length, byType('Step'), byType('Background')], [2, 'Running', 'Inconclusive']);
  });
});
