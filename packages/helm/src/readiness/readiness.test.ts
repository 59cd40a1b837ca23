import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { isAwaited, readinessOf } from './readiness.ts';

const apiVersions: Readonly<Record<string, string>> = {
  Deployment: 'apps/v1',
  StatefulSet: 'apps/v1',
  DaemonSet: 'apps/v1',
  ReplicaSet: 'apps/v1',
  Job: 'batch/v1',
  CustomResourceDefinition: 'apiextensions.k8s.io/v1',
  Rollout: 'argoproj.io/v1alpha1',
  Certificate: 'cert-manager.io/v1',
};

const object = (kind: string, spec: object, status: object | undefined, metadata: object = {}): KubeObject => ({
  apiVersion: apiVersions[kind] ?? 'v1',
  kind,
  metadata: { name: 'a', generation: 2, ...metadata },
  spec,
  ...(status === undefined ? {} : { status }),
});

const condition = (type: string, status: string, reason = 'R', message = 'm'): object => ({ type, status, reason, message });

const steps = [{ setWeight: 20 }, { pause: {} }, { pause: { duration: 5 } }];
const rollout = (status: object, spec: object = {}): KubeObject =>
  object(
    'Rollout',
    { replicas: 1, strategy: { canary: { steps } }, ...spec },
    { observedGeneration: '2', currentPodHash: 'b', stableRS: 'b', ...status },
  );

describe('when is it ready?', () => {
  const rows: readonly (readonly [name: string, object: KubeObject | undefined, expected: string])[] = [
    ['nothing is there', undefined, 'progressing NotFound'],
    ['it is on its way out', object('ConfigMap', {}, undefined, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'progressing Terminating'],
    ['an unknown kind without conditions', object('Thing', {}, undefined), 'ready Ready'],
    ['an unknown kind whose spec is not seen', object('Thing', {}, { observedGeneration: 1 }), 'progressing GenerationNotObserved'],
    [
      'an unknown kind that is reconciling',
      object('Thing', {}, { conditions: [condition('Reconciling', 'True', 'Busy')] }),
      'progressing Busy',
    ],
    ['an unknown kind that is stalled', object('Thing', {}, { conditions: [condition('Stalled', 'True', 'Stuck')] }), 'failed Stuck'],
    [
      'an unknown kind that is not Ready',
      object('Certificate', {}, { conditions: [condition('Ready', 'False', 'Issuing')] }),
      'progressing Issuing',
    ],
    [
      'a kind of a user with the name of one of ours',
      { ...object('Deployment', { replicas: 3 }, {}), apiVersion: 'example.com/v1' },
      'ready Ready',
    ],

    ['a Deployment nobody has looked at', object('Deployment', {}, undefined), 'progressing GenerationNotObserved'],
    [
      'a Deployment with old pods only',
      object('Deployment', { replicas: 2 }, { observedGeneration: 2, replicas: 2, availableReplicas: 2 }),
      'progressing Updating',
    ],
    [
      'a Deployment with old pods left',
      object('Deployment', { replicas: 2 }, { observedGeneration: 2, replicas: 3, updatedReplicas: 2, availableReplicas: 3 }),
      'progressing OldPodsTerminating',
    ],
    [
      'a Deployment with pods not available',
      object('Deployment', { replicas: 2 }, { observedGeneration: 2, replicas: 2, updatedReplicas: 2, availableReplicas: 1 }),
      'progressing PodsNotAvailable',
    ],
    [
      'a Deployment that is complete',
      object('Deployment', {}, { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 }),
      'ready Available',
    ],
    ['a Deployment of no replicas', object('Deployment', { replicas: 0 }, { observedGeneration: 2 }), 'ready Available'],
    [
      'a Deployment past its deadline',
      object('Deployment', {}, { observedGeneration: 2, conditions: [condition('Progressing', 'False', 'ProgressDeadlineExceeded')] }),
      'failed ProgressDeadlineExceeded',
    ],

    [
      'a StatefulSet in the middle',
      object(
        'StatefulSet',
        { replicas: 3 },
        { observedGeneration: 2, readyReplicas: 3, currentReplicas: 2, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'b' },
      ),
      'progressing Updating',
    ],
    [
      'a StatefulSet up to its partition',
      object(
        'StatefulSet',
        { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
        { observedGeneration: 2, readyReplicas: 3, updatedReplicas: 1 },
      ),
      'ready PartitionUpdated',
    ],
    [
      'a StatefulSet that is complete',
      object(
        'StatefulSet',
        {},
        { observedGeneration: 2, readyReplicas: 1, currentReplicas: 1, updatedReplicas: 1, currentRevision: 'a', updateRevision: 'a' },
      ),
      'ready AllUpdated',
    ],
    ['a StatefulSet updated by hand', object('StatefulSet', { updateStrategy: { type: 'OnDelete' } }, {}), 'ready OnDelete'],
    [
      'a DaemonSet with one node to go',
      object('DaemonSet', {}, { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 }),
      'progressing PodsNotAvailable',
    ],
    [
      'a DaemonSet that is complete',
      object(
        'DaemonSet',
        {},
        { observedGeneration: 2, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2, numberReady: 2 },
      ),
      'ready AllScheduled',
    ],
    [
      'a ReplicaSet whose pods are refused',
      object('ReplicaSet', {}, { conditions: [condition('ReplicaFailure', 'True', 'FailedCreate')] }),
      'progressing FailedCreate',
    ],

    ['a pod on its way', object('Pod', {}, { phase: 'Pending' }), 'progressing PodNotReady'],
    ['a pod that has done its work', object('Pod', {}, { phase: 'Succeeded' }), 'ready Completed'],
    ['a pod that failed', object('Pod', {}, { phase: 'Failed', reason: 'Evicted' }), 'failed Evicted'],
    ['a pod that serves', object('Pod', {}, { phase: 'Running', conditions: [condition('Ready', 'True')] }), 'ready Ready'],
    ['a Job that runs', object('Job', {}, { active: 1 }), 'progressing JobRunning'],
    ['a Job that has completed', object('Job', {}, { conditions: [condition('Complete', 'True')] }), 'ready Completed'],
    [
      'a Job that failed',
      object('Job', {}, { conditions: [condition('Failed', 'True', 'BackoffLimitExceeded')] }),
      'failed BackoffLimitExceeded',
    ],
    ['a suspended Job', object('Job', { suspend: true }, {}), 'ready Suspended'],

    ['a claim without volume', object('PersistentVolumeClaim', {}, { phase: 'Pending' }), 'progressing NotBound'],
    ['a bound claim', object('PersistentVolumeClaim', {}, { phase: 'Bound' }), 'ready Bound'],
    ['a Service', object('Service', {}, {}), 'ready Service'],
    ['a CRD not yet served', object('CustomResourceDefinition', {}, {}), 'progressing NotEstablished'],
    [
      'a CRD whose names are taken',
      object('CustomResourceDefinition', {}, { conditions: [condition('NamesAccepted', 'False', 'ListKindConflict')] }),
      'failed ListKindConflict',
    ],

    ['a Rollout without a controller', object('Rollout', {}, undefined), 'progressing NoControllerYet'],
    [
      'a Rollout whose spec is not seen: its generation is text',
      rollout({ observedGeneration: '1', phase: 'Healthy' }),
      'progressing GenerationNotObserved',
    ],
    [
      'a Rollout whose older spec was aborted',
      rollout({ observedGeneration: '1', abort: true, phase: 'Degraded' }),
      'progressing GenerationNotObserved',
    ],
    ['a Rollout that is healthy', rollout({ phase: 'Healthy' }), 'ready RolloutHealthy'],
    [
      'a Rollout that calls itself healthy with the former version',
      rollout({ phase: 'Healthy', stableRS: 'a' }),
      'progressing NotPromoted',
    ],
    ['a Rollout on its way', rollout({ phase: 'Progressing', message: 'x' }), 'progressing RolloutProgressing'],
    ['a Rollout that was aborted', rollout({ phase: 'Degraded', abort: true }), 'failed RolloutAborted'],
    ['a Rollout with an invalid spec', rollout({ phase: 'Degraded', message: 'InvalidSpec: x' }), 'failed RolloutDegraded'],
    [
      'a Rollout at a pause for a person',
      rollout({ phase: 'Paused', controllerPause: true, currentStepIndex: 1, pauseConditions: [{ reason: 'CanaryPauseStep' }] }),
      'waiting CanaryPauseStep',
    ],
    [
      'a Rollout at a pause that ends by itself',
      rollout({ phase: 'Paused', controllerPause: true, currentStepIndex: 2, pauseConditions: [{ reason: 'CanaryPauseStep' }] }),
      'progressing CanaryPauseStep',
    ],
    ['a Rollout paused by hand', rollout({ phase: 'Paused' }, { paused: true }), 'waiting ManuallyPaused'],
    [
      'a Rollout whose analysis could not tell',
      rollout({ phase: 'Paused', controllerPause: true, pauseConditions: [{ reason: 'InconclusiveAnalysisRun' }] }),
      'waiting InconclusiveAnalysisRun',
    ],
    [
      'a blue-green Rollout that promotes itself later',
      rollout(
        { phase: 'Paused', controllerPause: true, pauseConditions: [{ reason: 'BlueGreenPause' }] },
        { strategy: { blueGreen: { autoPromotionSeconds: 30 } } },
      ),
      'progressing BlueGreenPause',
    ],
    [
      'a blue-green Rollout that waits',
      rollout(
        { phase: 'Paused', controllerPause: true, pauseConditions: [{ reason: 'BlueGreenPause' }] },
        { strategy: { blueGreen: { autoPromotionEnabled: false } } },
      ),
      'waiting BlueGreenPause',
    ],
  ];
  for (const [name, present, expected] of rows) {
    it(name, () => {
      const { state, reason } = readinessOf(present);
      expect(`${state} ${reason}`).toBe(expected);
    });
  }

  it('watches nothing that is ready as soon as it exists', () => {
    expect(['ConfigMap', 'Secret', 'ServiceAccount'].map((kind) => isAwaited(object(kind, {}, undefined)))).toEqual([false, false, false]);
    expect(['Deployment', 'Rollout', 'Certificate', 'Pod'].map((kind) => isAwaited(object(kind, {}, undefined)))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });
});
