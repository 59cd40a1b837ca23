import type { AnalysisRun, Experiment, KubeObject, Pod, ReplicaSet } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { experimentView, experimentViews } from './experiment-view.ts';
import { printExperiment } from './rollout-printer.ts';

const now = Date.parse('2026-01-01T00:10:00Z');
const creationTimestamp = '2026-01-01T00:05:00Z';

function ownedBy(kind: string, uid: string): Pick<KubeObject['metadata'], 'ownerReferences'> {
  return { ownerReferences: [{ apiVersion: 'v1', kind, name: uid, uid, controller: true }] };
}

const experiment: Experiment = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Experiment',
  metadata: { name: 'trial', namespace: 'shop', uid: 'e', creationTimestamp },
  spec: { templates: [] },
  status: { phase: 'Failed', message: 'failed (1) > failureLimit (0)' },
};

function replicaSet(template: string, image: string, size: number, more: Partial<NonNullable<ReplicaSet['status']>> = {}): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `trial-${template}`,
      uid: `set-${template}`,
      generation: 1,
      creationTimestamp,
      annotations: { 'experiment.argoproj.io/template-name': template, 'scale-down-deadline': '2026-01-01T00:09:00Z' },
      ...ownedBy('Experiment', 'e'),
    },
    spec: { replicas: size, template: { spec: { containers: [{ name: 'main', image }] } } },
    status: { replicas: size, availableReplicas: size, observedGeneration: 1, ...more },
  };
}

function run(name: string, phase: AnalysisRun['status'] & object): AnalysisRun {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name, uid: name, creationTimestamp, ...ownedBy('Experiment', 'e') },
    spec: { metrics: [] },
    status: phase,
  };
}

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'trial-a-x', creationTimestamp, ...ownedBy('ReplicaSet', 'set-a') },
  spec: { containers: [{ name: 'main' }] },
  status: { phase: 'Running', containerStatuses: [{ name: 'main', ready: true, state: { running: {} } }] },
};

const failed = run('trial-x', {
  phase: 'Failed',
  metricResults: [
    {
      name: 'm',
      phase: 'Failed',
      successful: 2,
      failed: 1,
      measurements: [{ phase: 'Failed', startedAt: '2026-01-01T00:08:00Z', metadata: { 'job-name': 'uid.m.1' } }],
    },
  ],
});

const objects = {
  experiment,
  replicaSets: [
    replicaSet('b', 'app:2', 0),
    replicaSet('a', 'app:1', 1),
    { ...replicaSet('c', 'app:3', 1), metadata: { name: 'theirs', uid: 'x' } },
  ],
  pods: [pod],
  analysisRuns: [failed, { ...run('theirs', { phase: 'Running' }), metadata: { name: 'theirs' } }],
};

describe('an experiment as a picture', () => {
  it('has its ReplicaSets with their pods and delays, then its runs with their counts and Jobs', () => {
    expect(printExperiment(experimentView(objects, now), { color: false })).toBe(
      [
        'Name:            trial',
        'Namespace:       shop',
        'Status:          ✖ Failed',
        'Message:         failed (1) > failureLimit (0)',
        'Images:          app:1 (Σ:a)',
        '',
        'NAME               KIND         STATUS        AGE  INFO',
        'Σ trial            Experiment   ✖ Failed      5m   ',
        '├──⧉ trial-a       ReplicaSet   ✔ Healthy     5m   delay:passed',
        '│  └──□ trial-a-x  Pod          ✔ Running     5m   ready:1/1',
        '├──⧉ trial-b       ReplicaSet   • ScaledDown  5m   delay:passed',
        '└──α trial-x       AnalysisRun  ✖ Failed      5m   ✔ 2,✖ 1',
        '   └──⊞ uid.m.1    Job          ✖ Failed      2m   ',
        '',
      ].join('\n'),
    );
  });

  it('merges the templates of an image', () => {
    const replicaSets = [replicaSet('b', 'app:1', 1), replicaSet('a', 'app:1', 1)];
    expect(experimentView({ ...objects, replicaSets }, now).images).toEqual([{ image: 'app:1', tags: ['Σ:a', 'Σ:b'] }]);
  });

  it('is there before anybody has looked at it', () => {
    const { status: _, ...fresh } = experiment;
    const text = printExperiment(experimentView({ experiment: fresh, replicaSets: [], pods: [], analysisRuns: [] }, now), { color: false });
    expect(text).toBe(
      [
        'Name:            trial',
        'Namespace:       shop',
        'Status:            ',
        '',
        'NAME     KIND        STATUS  AGE  INFO',
        'Σ trial  Experiment          5m   ',
        '',
      ].join('\n'),
    );
  });

  it.each(['Pending', 'Running', 'Successful', 'Error', 'Inconclusive'] as const)('has the same columns with colours, %s', (phase) => {
    const view = experimentView({ ...objects, experiment: { ...experiment, status: { phase } } }, now);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
    const bare = printExperiment(view, { color: true }).replace(/\u001b\[\d+m/g, '');
    expect(bare).toBe(printExperiment(view, { color: false }));
  });
});

describe('the experiments of a rollout', () => {
  it('come by revision, the newest first, then by age', () => {
    const one = (name: string, revision: string, createdAt: string, owner = 'r'): Experiment => ({
      ...experiment,
      metadata: {
        name,
        uid: name,
        creationTimestamp: createdAt,
        annotations: { 'rollout.argoproj.io/revision': revision },
        ...ownedBy('Rollout', owner),
      },
    });
    const all = [
      one('old', '1', creationTimestamp),
      one('later', '2', '2026-01-01T00:06:00Z'),
      one('first', '2', creationTimestamp),
      one('theirs', '9', creationTimestamp, 'q'),
    ];
    expect(experimentViews('r', all, { replicaSets: [], pods: [], analysisRuns: [] }, now).map(({ name }) => name)).toEqual([
      'first',
      'later',
      'old',
    ]);
  });
});
