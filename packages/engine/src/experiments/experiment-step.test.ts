import type { Experiment, ExperimentSpec, ExperimentStep, ReplicaSet, Rollout } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { type ExperimentQuestion, experimentOfStep, isSameExperimentSpec } from './experiment-step.ts';

const rollout: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'demo', uid: 'rollout-uid', labels: { team: 'shop' } },
  spec: { selector: { matchLabels: { app: 'web' } }, progressDeadlineSeconds: 30 },
  status: { currentPodHash: 'new' },
};

function replicaSet(hash: string, image: string): ReplicaSet {
  const podLabels = { app: 'web', 'rollouts-pod-template-hash': hash };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `web-${hash}`, namespace: 'demo', labels: podLabels },
    spec: {
      replicas: 2,
      minReadySeconds: 5,
      selector: { matchLabels: podLabels },
      template: { metadata: { labels: podLabels, annotations: { a: '1' } }, spec: { containers: [{ name: 'main', image }] } },
    },
  };
}

function ask(step: ExperimentStep, more: Partial<ExperimentQuestion> = {}): Experiment {
  const answer = experimentOfStep(question(step, more));
  if (!answer.ok) throw new Error(answer.problem);
  return answer.value;
}

function question(step: ExperimentStep, more: Partial<ExperimentQuestion> = {}): ExperimentQuestion {
  const current = replicaSet('new', 'app:2');
  return { rollout, step, stepIndex: 3, revision: 2, current, stable: replicaSet('old', 'app:1'), hash: 'new', ...more };
}

const both: ExperimentStep = {
  duration: '4s',
  templates: [
    { name: 'base', specRef: 'stable' },
    { name: 'can', specRef: 'canary', replicas: 2 },
  ],
};

describe('the Experiment of a step', () => {
  it('is named, labelled, numbered and owned by the Rollout', () => {
    expect(ask(both).metadata).toEqual({
      name: 'web-new-2-3',
      namespace: 'demo',
      labels: { team: 'shop', 'rollouts-pod-template-hash': 'new' },
      annotations: { 'rollout.argoproj.io/revision': '2' },
      ownerReferences: [
        {
          apiVersion: 'argoproj.io/v1alpha1',
          kind: 'Rollout',
          name: 'web',
          uid: 'rollout-uid',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    expect(ask(both, { instanceId: 'blue' }).metadata.labels).toMatchObject({ 'argo-rollouts.argoproj.io/controller-instance-id': 'blue' });
  });

  it('takes templates, selectors and readiness from the live ReplicaSets', () => {
    const { spec, status } = ask(both);
    expect(status).toEqual({});
    expect(spec).toEqual({
      duration: '4s',
      progressDeadlineSeconds: 30,
      analysisRunMetadata: {},
      templates: [
        {
          name: 'base',
          minReadySeconds: 5,
          selector: replicaSet('old', '').spec?.selector,
          template: replicaSet('old', 'app:1').spec?.template,
        },
        {
          name: 'can',
          replicas: 2,
          minReadySeconds: 5,
          selector: replicaSet('new', '').spec?.selector,
          template: replicaSet('new', 'app:2').spec?.template,
        },
      ],
    });
  });

  it('adds metadata of the step to pods, and its labels to the selector; an own selector replaces that of the ReplicaSet', () => {
    const metadata = { labels: { role: 'x' }, annotations: { b: '2' } };
    const [plain, own] = ask({
      templates: [
        { name: 'a', specRef: 'canary', metadata },
        { name: 'b', specRef: 'canary', metadata, selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } },
      ],
    }).spec.templates;
    expect(plain?.template.metadata).toEqual({
      labels: { app: 'web', 'rollouts-pod-template-hash': 'new', role: 'x' },
      annotations: { a: '1', b: '2' },
    });
    expect(plain?.selector).toEqual({ matchLabels: { app: 'web', 'rollouts-pod-template-hash': 'new', role: 'x' } });
    expect(own?.selector).toEqual({ matchLabels: { role: 'x' }, matchExpressions: [{ key: 'app', operator: 'Exists' }] });
  });

  it.each([
    ['no weight and no service', {}, undefined],
    ['a weight, even of 0', { weight: 0 }, {}],
    ['a service without a name', { service: {} }, {}],
    ['a service with a name', { service: { name: 's' }, weight: 5 }, { name: 's' }],
  ])('asks for a Service with %s', (_, more, service) => {
    expect(ask({ templates: [{ name: 'a', specRef: 'canary', ...more }] }).spec.templates[0]?.service).toEqual(service);
  });

  it('carries analyses with the Rollout in their arguments, and what else the step says', () => {
    const { spec } = ask({
      templates: [],
      scaleDownDelaySeconds: 0,
      dryRun: [{ metricName: '.*' }],
      analysisRunMetadata: { labels: { l: '1' } },
      analyses: [
        {
          name: 'x',
          templateName: 'ok',
          clusterScope: true,
          requiredForCompletion: true,
          args: [
            { name: 'stable', valueFrom: { podTemplateHashValue: 'Stable' } },
            { name: 'latest', valueFrom: { podTemplateHashValue: 'Latest' } },
            { name: 'team', valueFrom: { fieldRef: { fieldPath: "metadata.labels['team']" } } },
            { name: 'own', value: '{{templates.can.podTemplateHash}}' },
          ],
        },
        { name: 'y', templateName: 'plain' },
      ],
    });
    expect(spec).toMatchObject({ scaleDownDelaySeconds: 0, dryRun: [{ metricName: '.*' }], analysisRunMetadata: { labels: { l: '1' } } });
    expect(spec.analyses).toEqual([
      {
        name: 'x',
        templateName: 'ok',
        clusterScope: true,
        requiredForCompletion: true,
        args: [
          { name: 'stable', value: 'old' },
          { name: 'latest', value: 'new' },
          { name: 'team', value: 'shop' },
          { name: 'own', value: '{{templates.can.podTemplateHash}}' },
        ],
      },
      { name: 'y', templateName: 'plain' },
    ]);
  });

  it('has a problem where the step leads nowhere', () => {
    for (const specRef of ['other', '', 'constructor']) {
      expect(experimentOfStep(question({ templates: [{ name: 'a', specRef }] }))).toEqual({
        ok: false,
        problem: 'Invalid template step SpecRef: must be canary or stable',
      });
    }
    const args = [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'spec.nowhere' } } }];
    expect(experimentOfStep(question({ templates: [], analyses: [{ name: 'x', templateName: 't', args }] }))).toEqual({
      ok: false,
      problem: 'invalid path spec.nowhere in rollout',
    });
  });

  it('leaves the ReplicaSets as they are', () => {
    const current = replicaSet('new', 'app:2');
    ask({ templates: [{ name: 'a', specRef: 'canary', metadata: { labels: { x: 'y' } } }] }, { current });
    expect(current).toEqual(replicaSet('new', 'app:2'));
  });
});

describe('two specs are the same', () => {
  const spec = ask(both).spec;
  const [base, can] = spec.templates;
  const changed = (change: Partial<NonNullable<typeof can>>): ExperimentSpec => ({
    ...spec,
    templates: [...(base === undefined ? [] : [base]), ...(can === undefined ? [] : [{ ...can, ...change }])],
  });

  it.each<[string, ExperimentSpec, boolean]>([
    ['when nothing differs', structuredClone(spec), true],
    ['when one is to be terminated', { ...spec, terminate: true }, true],
    ['when one writes what says nothing', { ...spec, analyses: [], dryRun: [], analysisRunMetadata: {} }, true],
    ['not with another duration', { ...spec, duration: '5s' }, false],
    ['not with another number of pods', changed({ replicas: 3 }), false],
    ['not with 0 pods against the default', changed({ replicas: 0 }), false],
    ['not when one wants a Service', changed({ service: {} }), false],
    ['not with another image', changed({ template: { spec: { containers: [{ name: 'main', image: 'app:3' }] } } }), false],
    ['not with another delay', { ...spec, scaleDownDelaySeconds: 0 }, false],
  ])('%s', (_, other, isSame) => {
    expect(isSameExperimentSpec(spec, other)).toBe(isSame);
    expect(isSameExperimentSpec(other, spec)).toBe(isSame);
  });
});
