import { type AnalysisRun, annotations, labels, type Pod, type ReplicaSet, type Rollout } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { publicObject, redacted } from './public-object.ts';
import { rolloutInfo } from './rollout-info.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const created = '2026-03-01T11:00:00Z';

const rollout: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'r',
    generation: 4,
    creationTimestamp: created,
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"env":"hunter2"}', kept: 'yes' },
    managedFields: [{ manager: 'kubectl' } as never],
  },
  spec: {
    replicas: 4,
    strategy: { canary: { steps: [{ setWeight: 25 }, { pause: {} }] } },
    template: {
      spec: {
        containers: [{ name: 'main', image: 'app:2', env: [{ name: 'PASSWORD', value: 'hunter2' }] } as never],
        initContainers: [{ name: 'migrate', image: 'migrate:2' }],
      },
    },
  },
  status: {
    phase: 'Paused',
    message: 'CanaryPauseStep',
    observedGeneration: '4',
    currentStepIndex: 1,
    stableRS: 'old',
    currentPodHash: 'new',
    replicas: 4,
    updatedReplicas: 1,
    readyReplicas: 4,
    availableReplicas: 4,
    pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '2026-03-01T11:58:00Z' }],
  },
};

function replicaSet(hash: string, revision: string, available: number): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `web-${hash}`,
      uid: hash,
      creationTimestamp: created,
      labels: { [labels.podTemplateHash]: hash },
      annotations: { [annotations.revision]: revision },
      ownerReferences: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: 'r', controller: true }],
    },
    spec: { replicas: available, template: { spec: { containers: [{ name: 'main', image: `app:${revision}` }] } } },
    status: { replicas: available, availableReplicas: available },
  } as ReplicaSet;
}

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-new-1',
    uid: 'p1',
    creationTimestamp: created,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-new', uid: 'new', controller: true }],
  },
  spec: { containers: [{ name: 'main', image: 'app:2', env: [{ name: 'PASSWORD', value: 'hunter2' }] } as never] },
  status: { phase: 'Running', containerStatuses: [{ name: 'main', ready: true, restartCount: 2, state: { running: {} } } as never] },
} as Pod;

const run = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: {
    name: 'web-run',
    uid: 'a',
    ownerReferences: rollout.metadata.uid === undefined ? [] : [{ kind: 'Rollout', name: 'web', uid: 'r' }],
  },
  spec: {
    args: [
      { name: 'api-token', value: 'hunter2' },
      { name: 'service', value: 'web' },
    ],
    metrics: [
      {
        name: 'rate',
        successCondition: 'result > 0.9',
        failureLimit: '3',
        provider: {
          web: {
            url: 'https://user:hunter2@metrics.example.com/',
            headers: [{ key: 'Authorization', value: 'hunter2' }],
            body: 'hunter2',
            authentication: { oauth2: { clientSecret: 'hunter2' }, basicAuth: { password: 'hunter2' } },
          },
        },
      },
      { name: 'job', provider: { job: { spec: { template: { spec: { containers: [{ env: [{ name: 'A', value: 'hunter2' }] }] } } } } } },
    ],
  },
  status: {
    phase: 'Running',
    metricResults: [
      { name: 'rate', phase: 'Running', successful: 1, measurements: [{ phase: 'Successful', value: '0.97', startedAt: created }] },
      {
        name: 'job',
        phase: 'Running',
        failed: 1,
        measurements: [{ phase: 'Failed', metadata: { 'job-name': 'job-1' }, startedAt: created }],
      },
    ],
  },
} as unknown as AnalysisRun;

const sets = [replicaSet('old', '1', 3), replicaSet('new', '2', 1)];
const info = rolloutInfo({ rollout, replicaSets: sets, pods: [pod], analysisRuns: [run] }, now);

describe('the rollout as the dashboard sends it', () => {
  it('has the fields of the recorded message', () => {
    expect(info).toMatchObject({
      status: 'Paused',
      message: 'CanaryPauseStep',
      icon: '॥',
      strategy: 'Canary',
      step: '1/2',
      setWeight: '25',
      actualWeight: '25',
      desired: 4,
      current: 4,
      updated: 1,
      ready: 4,
      available: 4,
      restartedAt: 'Never',
      generation: '4',
      containers: [{ name: 'main', image: 'app:2' }],
      initContainers: [{ name: 'migrate', image: 'migrate:2' }],
      steps: [{ setWeight: 25 }, { pause: {} }],
    });
    expect(info.replicaSets.map(({ objectMeta, revision, stable, canary }) => [objectMeta.name, revision, stable, canary])).toEqual([
      ['web-new', 2, false, true],
      ['web-old', 1, true, false],
    ]);
    expect(info.replicaSets[0]?.pods).toMatchObject([{ objectMeta: { name: 'web-new-1' }, status: 'Running', ready: '1/1', restarts: 2 }]);
  });

  it('tells measurements of Jobs from others, and counts limits that are text', () => {
    expect(info.analysisRuns).toMatchObject([
      {
        status: 'Running',
        successful: 1,
        failed: 1,
        jobs: [{ objectMeta: { name: 'job-1' }, status: 'Failed', metricName: 'job' }],
        nonJobInfo: [{ value: '0.97', status: 'Successful', metricName: 'rate', startedAt: created }],
        metrics: [{ name: 'rate', successCondition: 'result > 0.9', failureLimit: 3 }, { name: 'job' }],
      },
    ]);
  });

  it('says who gets how much', () => {
    expect(info.view).toMatchObject({
      isDeploying: true,
      pausedSince: '2026-03-01T11:58:00Z',
      weights: [
        { name: 'stable', weight: 75 },
        { name: 'canary', weight: 25 },
      ],
    });
  });

  it('gives a canary without steps no traffic that it does not have', () => {
    const plain = { ...rollout, spec: { ...rollout.spec, strategy: { canary: {} } } };
    const without = rolloutInfo({ rollout: plain, replicaSets: [replicaSet('old', '1', 4), replicaSet('new', '2', 0)], pods: [] }, now);
    expect(without.actualWeight).toBe('100');
    expect(without.view.weights).toMatchObject([
      { name: 'stable', weight: 100 },
      { name: 'canary', weight: 0 },
    ]);
  });

  it('takes the containers of a workload from its present ReplicaSet', () => {
    const { template: _, ...spec } = rollout.spec;
    const referring = { ...rollout, spec: { ...spec, workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } };
    const found = rolloutInfo({ rollout: referring, replicaSets: sets, pods: [] }, now);
    expect(found.containers).toEqual([{ name: 'main', image: 'app:2' }]);
    expect(found.view.workload).toBe('Deployment/web');
  });

  it('holds no secret that people put where secrets do not belong', () => {
    const text = JSON.stringify(info);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('managedFields');
    expect(info.objectMeta.annotations).toEqual({ kept: 'yes' });
    expect(info.analysisRuns[0]?.specAndStatus.spec.args).toEqual([
      { name: 'api-token', value: redacted },
      { name: 'service', value: 'web' },
    ]);
  });

  it('is made of a rollout that has nothing at all', () => {
    const bare: Rollout = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'bare' }, spec: {} };
    expect(rolloutInfo({ rollout: bare, replicaSets: [], pods: [] }, now)).toMatchObject({
      strategy: '',
      step: '',
      containers: [],
      steps: [],
    });
  });
});

describe('a whole object for a browser', () => {
  it('keeps its shape, and references to Secrets, but no values', () => {
    const shown = publicObject({
      ...rollout,
      spec: {
        ...rollout.spec,
        template: {
          spec: {
            containers: [
              {
                name: 'main',
                env: [
                  { name: 'A', value: 'hunter2' },
                  { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
                ],
              } as never,
            ],
          },
        },
      },
    });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
    expect(shown.spec.template?.spec?.containers[0]).toEqual({
      name: 'main',
      env: [
        { name: 'A', value: redacted },
        { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
      ],
    });
    expect(shown.spec.replicas).toBe(4);
  });
});
