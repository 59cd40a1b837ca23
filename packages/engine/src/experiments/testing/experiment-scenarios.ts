/** The table of whole experiments: what is asked for, how pods and runs fare, and what people do meanwhile. */
import { type Experiment, type ExperimentTemplate, parseTime, type Service } from '@sluice/api';
import type { ExperimentScenario, ExperimentScenarioStep } from './experiment-run.ts';
import { analysisTemplate, type ExperimentSetup, ExperimentWorld, experimentOf, foreignSet, templateOf } from './experiment-world.ts';

const start = parseTime('2026-01-01T00:00:00Z') ?? 0;

function world(experiment: Experiment, more: Partial<ExperimentSetup> = {}): () => ExperimentWorld {
  return () => new ExperimentWorld({ experiment, start, ...more });
}

const phaseIs =
  (phase: string): ExperimentScenarioStep['when'] =>
  (model) =>
    model.experiment.status?.phase === phase;

const available: ExperimentScenarioStep['when'] = (model) => model.experiment.status?.availableAt !== undefined;

function patch(what: string, when: ExperimentScenarioStep['when'], body: Readonly<Record<string, unknown>>): ExperimentScenarioStep {
  return { what, when, act: (model) => model.patch(body) };
}

const terminate = (when: ExperimentScenarioStep['when']): ExperimentScenarioStep => patch('terminate', when, { spec: { terminate: true } });

function withService(
  name: string,
  service: ExperimentTemplate['service'] = {},
  more: Partial<ExperimentTemplate> = {},
): ExperimentTemplate {
  return templateOf(name, { service, ...more });
}

function foreignService(name: string): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'demo' }, spec: {} };
}

function container(
  ports: readonly { readonly name?: string; readonly containerPort: number }[],
  image = 'app:1',
): ExperimentTemplate['template'] {
  return { metadata: { labels: { app: 'ex', v: 'a' } }, spec: { containers: [{ name: 'main', image, ports }] } };
}

const badImage = container([{ containerPort: 80 }], 'app:bad');

const ok = { templates: [analysisTemplate('ok', { args: [{ name: 'hash' }] })] };
const args = [{ name: 'hash', value: '{{templates.a.podTemplateHash}}' }];
const required = { name: 'x', templateName: 'ok', args, requiredForCompletion: true };
const free = { name: 'x', templateName: 'ok', args };
const failure = { afterMs: 4000, phase: 'Failed', message: 'failed (1) > failureLimit (0)' } as const;
const success = { afterMs: 4000, phase: 'Successful' } as const;

export const experimentScenarios: readonly ExperimentScenario[] = [
  {
    name: 'two templates, one with a service, for five seconds; the pods stay for thirty more',
    world: world(experimentOf({ duration: '5s', templates: [withService('a'), templateOf('b', { replicas: 3 })] })),
  },
  {
    name: 'without a duration until somebody terminates it',
    world: world(experimentOf({ scaleDownDelaySeconds: 2 })),
    steps: [terminate(available)],
  },
  {
    name: 'terminated before the pods are ready',
    world: world(experimentOf({ duration: '5s', scaleDownDelaySeconds: 0, templates: [withService('a', {}, { template: badImage })] })),
    steps: [terminate(phaseIs('Pending'))],
  },
  {
    name: 'terminated before anybody looked',
    world: world(experimentOf({ terminate: true })),
  },
  {
    name: 'no delay: pods and service go at once',
    world: world(experimentOf({ duration: '1s', scaleDownDelaySeconds: 0, templates: [withService('a', { name: 'named' })] })),
  },
  {
    name: 'pods that never get ready: the deadline',
    world: world(
      experimentOf({
        duration: '2s',
        progressDeadlineSeconds: 5,
        scaleDownDelaySeconds: 2,
        templates: [withService('a', {}, { template: badImage })],
      }),
    ),
  },
  {
    name: 'one template never gets ready, the other one runs',
    world: world(
      experimentOf({
        duration: '60s',
        progressDeadlineSeconds: 5,
        scaleDownDelaySeconds: 2,
        templates: [templateOf('a', { template: badImage }), templateOf('b')],
      }),
    ),
  },
  {
    name: 'a required analysis that is successful ends it',
    world: world(experimentOf({ scaleDownDelaySeconds: 2, templates: [withService('a', { name: 'svc' })], analyses: [required] }), {
      ...ok,
      lives: { 'ex-x': success },
    }),
  },
  {
    name: 'an analysis that fails ends it',
    world: world(experimentOf({ duration: '30s', scaleDownDelaySeconds: 2, templates: [withService('a')], analyses: [required] }), {
      ...ok,
      lives: { 'ex-x': failure },
    }),
  },
  {
    name: 'an inconclusive analysis that nobody required ends it',
    world: world(experimentOf({ scaleDownDelaySeconds: 2, analyses: [free] }), {
      ...ok,
      lives: { 'ex-x': { afterMs: 3000, phase: 'Inconclusive' } },
    }),
  },
  {
    name: 'the duration is over before a required analysis: it decides',
    world: world(experimentOf({ duration: '2s', scaleDownDelaySeconds: 2, analyses: [required] }), { ...ok, lives: { 'ex-x': success } }),
  },
  {
    name: 'the duration is over before an analysis that nobody required: it is ended',
    world: world(experimentOf({ duration: '2s', scaleDownDelaySeconds: 2, analyses: [free] }), ok),
  },
  {
    name: 'a required analysis is done, another one still runs',
    world: world(experimentOf({ duration: '20s', scaleDownDelaySeconds: 2, analyses: [required, { ...free, name: 'y' }] }), {
      ...ok,
      lives: { 'ex-x': success },
    }),
  },
  {
    name: 'the analysis template is missing',
    world: world(experimentOf({ scaleDownDelaySeconds: 2, analyses: [{ name: 'x', templateName: 'none', clusterScope: true }] })),
  },
  {
    name: 'an argument that leads nowhere',
    world: world(
      experimentOf({
        scaleDownDelaySeconds: 2,
        analyses: [{ ...free, args: [{ name: 'hash', value: '{{templates.z.podTemplateHash}}' }] }],
      }),
      ok,
    ),
  },
  {
    name: 'all four tags, a cluster template, a dry run, labels for the run',
    world: world(
      experimentOf({
        duration: '3s',
        scaleDownDelaySeconds: 0,
        dryRun: [{ metricName: 'm' }],
        analysisRunMetadata: { labels: { team: 'shop' }, annotations: { note: 'x' } },
        analyses: [
          {
            name: 'x',
            templateName: 'all',
            clusterScope: true,
            args: [
              { name: 'from', value: '{{ experiment.availableAt }}' },
              { name: 'to', value: 'until {{experiment.finishedAt}}' },
              { name: 'set', value: '{{templates.a.replicaset.name}}/{{templates.a.podTemplateHash}}' },
            ],
          },
        ],
      }),
      {
        clusterTemplates: [
          { ...analysisTemplate('all', { args: [{ name: 'from' }, { name: 'to' }, { name: 'set' }] }), kind: 'ClusterAnalysisTemplate' },
        ],
        lives: { 'ex-x': { afterMs: 1000, phase: 'Successful' } },
      },
    ),
  },
  {
    name: 'the name of the run is taken',
    world: world(experimentOf({ duration: '20s', scaleDownDelaySeconds: 0, analyses: [required] }), {
      ...ok,
      runs: [
        {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'AnalysisRun',
          metadata: { name: 'ex-x', namespace: 'demo', uid: 'other' },
          spec: { metrics: [] },
          status: { phase: 'Successful' },
        },
      ],
      lives: { 'ex-x.1': success },
    }),
  },
  {
    name: 'the run disappears',
    world: world(experimentOf({ duration: '20s', scaleDownDelaySeconds: 0, analyses: [free] }), ok),
    steps: [
      {
        what: 'delete the run',
        when: (model) => model.experiment.status?.analysisRuns?.[0]?.phase === 'Running',
        act: (model) => {
          model.runs = [];
        },
      },
    ],
  },
  {
    name: 'the name of the ReplicaSet is taken',
    world: world(experimentOf({ duration: '5s', progressDeadlineSeconds: 25 }), { replicaSets: [foreignSet('ex-a', start)] }),
  },
  {
    name: 'the name of the service is taken',
    world: world(experimentOf({ duration: '5s', scaleDownDelaySeconds: 0, templates: [withService('a', { name: 'theirs' })] }), {
      services: [foreignService('theirs')],
    }),
  },
  {
    name: 'a service without ports is none; several ports are',
    world: world(
      experimentOf({
        duration: '1s',
        scaleDownDelaySeconds: 0,
        templates: [
          withService('a', {}, { template: container([]) }),
          withService(
            'b',
            {},
            {
              template: container([
                { name: 'web', containerPort: 80 },
                { name: 'admin', containerPort: 8080 },
              ]),
            },
          ),
        ],
      }),
    ),
  },
  {
    name: 'more pods asked for while it runs, then fewer',
    world: world(experimentOf({ scaleDownDelaySeconds: 0, duration: '20s' })),
    steps: [
      patch('3 replicas', available, { spec: { templates: [templateOf('a', { replicas: 3 })] } }),
      patch('1 replica', (model) => model.experiment.status?.templateStatuses?.[0]?.availableReplicas === 3, {
        spec: { templates: [templateOf('a', { replicas: 1 })] },
      }),
    ],
  },
  {
    name: 'no pods at all',
    world: world(experimentOf({ duration: '2s', templates: [withService('a', {}, { replicas: 0 })] })),
  },
  {
    name: 'a wrong spec, corrected',
    world: world(experimentOf({ duration: '1s', scaleDownDelaySeconds: 0, names: ['a', 'a'] })),
    steps: [
      patch('another name', (model) => model.experiment.status?.conditions?.[0]?.type === 'InvalidSpec', {
        spec: { templates: [templateOf('a')] },
      }),
    ],
  },
  {
    name: 'retried after it failed',
    world: world(
      experimentOf({
        duration: '2s',
        progressDeadlineSeconds: 3,
        scaleDownDelaySeconds: 0,
        templates: [templateOf('a', { template: badImage })],
      }),
    ),
    steps: [patch('retry', (model) => phaseIs('Failed')(model) && model.replicaSets[0]?.spec?.replicas === 0, { status: null })],
  },
];
