/** Experiments: as a step and by themselves, their services, dry runs, how many measurements are kept. */
import { annotations, type KubeObject, labels, type ReplicaSet } from '@sluice/api';
import { expect } from 'vitest';
import { analysisTemplate, canary, jobMetric, podSpec, rollout } from '../../harness/rollouts/manifests.ts';
import { type Scenario, scenario, suite } from '../../harness/rollouts/scenario.ts';

type Fields = Readonly<Record<string, unknown>>;
type Variable = { readonly name: string; readonly value: string };

const experiment = (template: Fields, spec: Fields): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Experiment',
  metadata: { name: 'try' },
  spec: {
    templates: [
      {
        name: 'first',
        selector: { matchLabels: { app: 'try' } },
        template: { metadata: { labels: { app: 'try' } }, spec: podSpec() },
        ...template,
      },
    ],
    ...spec,
  },
});
/** ReplicaSets of experiments by the name of their template. */
const sets = (s: Scenario): Readonly<Record<string, ReplicaSet>> =>
  Object.fromEntries(
    s.view
      .objects<ReplicaSet & KubeObject>('ReplicaSet', s.namespace)
      .filter(({ metadata }) => metadata.annotations?.[annotations.experimentTemplateName] !== undefined)
      .map((set) => [set.metadata.annotations?.[annotations.experimentTemplateName] ?? '', set]),
  );
const service = (s: Scenario, name: string): KubeObject | undefined =>
  s.view.objects('Service', s.namespace).find(({ metadata }) => metadata.name === name);
const experimentIs = (s: Scenario, phase: string): Promise<void> =>
  s.eventually(() => s.experiments().map(({ status }) => status?.phase), [phase]);

suite('experiments', [], () => {
  scenario('as a step, with an analysis that is told the hashes', async (s) => {
    const variable = (name: string): Fields => ({ name: name.toUpperCase().replaceAll('-', '_'), value: `{{args.${name}}}` });
    const names = ['stable-hash', 'latest-hash', 'baseline-hash', 'canary-hash'];
    const metric = jobMetric('job', 'sleep 1; exit 0', {}, {}, { env: names.map(variable) });
    const { job } = metric.provider as { job: Fields };
    const withMetadata = {
      ...metric,
      provider: { job: { ...job, metadata: { labels: { from: 'metric' }, annotations: { note: 'metric' } } } },
    };
    const step = {
      templates: [
        { name: 'baseline', specRef: 'stable' },
        { name: 'canary', specRef: 'canary' },
      ],
      analyses: [
        {
          name: 'check',
          templateName: 'check',
          requiredForCompletion: true,
          args: [
            { name: 'stable-hash', valueFrom: { podTemplateHashValue: 'Stable' } },
            { name: 'latest-hash', valueFrom: { podTemplateHashValue: 'Latest' } },
            { name: 'baseline-hash', value: '{{templates.baseline.podTemplateHash}}' },
            { name: 'canary-hash', value: '{{templates.canary.podTemplateHash}}' },
          ],
        },
      ],
      scaleDownDelaySeconds: 60,
    };
    await s.apply(
      analysisTemplate('check', [withMetadata], { args: names.map((name) => ({ name })) }),
      rollout(canary([{ experiment: step }]), { image: 'example.com/web:1' }),
    );
    await s.healthy();
    await s.patch({ spec: { template: { spec: podSpec({ image: 'example.com/web:2' }) } } });
    await s.healthy();
    await experimentIs(s, 'Successful');
    expect(s.experiments()[0]?.metadata.annotations?.[annotations.revision]).toBe('2');
    const specOf = (set: ReplicaSet | undefined): unknown => set?.spec?.template?.spec;
    const { baseline, canary: fresh } = sets(s);
    expect(specOf(baseline)).toEqual(specOf(s.replicaSet(1)));
    expect(specOf(fresh)).toEqual(specOf(s.replicaSet(2)));
    const hashOf = (set: ReplicaSet | undefined): string => set?.metadata.labels?.[labels.podTemplateHash] ?? '';
    type Job = KubeObject & {
      readonly spec: { readonly template: { readonly spec: { readonly containers: readonly { readonly env: readonly Variable[] }[] } } };
    };
    const [job1] = s.view.objects<Job>('Job', s.namespace);
    const env = job1?.spec.template.spec.containers[0]?.env ?? [];
    expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).toEqual({
      STABLE_HASH: s.hash(1),
      LATEST_HASH: s.hash(2),
      BASELINE_HASH: hashOf(baseline),
      CANARY_HASH: hashOf(fresh),
    });
    expect(new Set([s.hash(1), s.hash(2), hashOf(baseline), hashOf(fresh)]).size).toBe(4);
    expect(job1?.metadata).toMatchObject({ labels: { from: 'metric' }, annotations: { note: 'metric' } });
  });

  const ports = (...numbers: readonly number[]): Fields => ({
    template: {
      metadata: { labels: { app: 'try' } },
      spec: podSpec({ container: { ports: numbers.map((containerPort) => ({ name: `p${containerPort}`, containerPort })) } }),
    },
  });
  const services: readonly (readonly [string, Fields, string, readonly number[]])[] = [
    ['a service', { service: {} }, 'try-first', [8080]],
    ['a service of a given name', { service: { name: 'given' } }, 'given', [8080]],
    ['a service of several ports', { service: {}, ...ports(8080, 8081) }, 'try-first', [8080, 8081]],
  ];
  for (const [name, template, serviceName, numbers] of services) {
    scenario(`${name} is there while the experiment runs, and its pods until after their delay`, async (s) => {
      await s.apply(experiment(template, { duration: '4s', scaleDownDelaySeconds: 3 }));
      await experimentIs(s, 'Running');
      await s.eventually(() => sets(s).first?.spec?.replicas, 1);
      const portsOf = (): unknown =>
        (service(s, serviceName)?.spec as { ports?: { port: number }[] } | undefined)?.ports?.map(({ port }) => port);
      await s.eventually(portsOf, numbers);
      await experimentIs(s, 'Successful');
      expect(sets(s).first?.spec?.replicas).toBe(1);
      await s.eventually(() => [sets(s).first?.spec?.replicas, service(s, serviceName)], [0, undefined]);
    });
  }

  scenario('a metric on trial fails without consequence', async (s) => {
    const failing = jobMetric('trial', 'nothing', {}, {}, { command: ['exit 1'], args: [] });
    await s.apply(
      analysisTemplate('check', [failing]),
      experiment(
        {},
        { dryRun: [{ metricName: 'trial' }], analyses: [{ name: 'check', templateName: 'check', requiredForCompletion: true }] },
      ),
    );
    await experimentIs(s, 'Successful');
    await s.eventually(() => s.analysisRuns()[0]?.status?.dryRunSummary, { count: 1, failed: 1 });
  });

  scenario('only the last measurements are kept', async (s) => {
    const metric = jobMetric('kept', 'exit 0', { count: 3, interval: '1s' });
    await s.apply(
      analysisTemplate('check', [metric]),
      experiment(
        {},
        {
          measurementRetention: [{ metricName: 'kept', limit: 2 }],
          analyses: [{ name: 'check', templateName: 'check', requiredForCompletion: true }],
        },
      ),
    );
    await experimentIs(s, 'Successful');
    await s.eventually(() => s.analysisRuns()[0]?.status?.metricResults?.[0]?.measurements?.length, 2);
    expect(s.analysisRuns()[0]?.status?.metricResults?.[0]?.count).toBe(3);
  });
});
