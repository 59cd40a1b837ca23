import type { RolloutSpec, RolloutStatus } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { calculatePhase, rolloutPhase } from './phase.ts';

const canary: RolloutSpec = { replicas: 2, strategy: { canary: {} } };
const blueGreen: RolloutSpec = { replicas: 2, strategy: { blueGreen: { activeService: 'a' } } };
const done: RolloutStatus = { replicas: 2, updatedReplicas: 2, availableReplicas: 2, currentPodHash: 'a', stableRS: 'a' };
const condition = (type: string, reason: string, message: string): RolloutStatus => ({
  conditions: [{ type, status: 'False', reason, message }],
});

describe('the phase that a controller writes', () => {
  const rows: readonly (readonly [string, RolloutSpec, RolloutStatus, string, string])[] = [
    ['healthy when everything is there', canary, done, 'Healthy', ''],
    [
      'a wrong spec goes before everything',
      { ...canary, paused: true },
      { ...done, ...condition('InvalidSpec', 'InvalidSpec', 'm') },
      'Degraded',
      'InvalidSpec: m',
    ],
    ['an abort is degraded', canary, { ...done, ...condition('Progressing', 'RolloutAborted', 'm') }, 'Degraded', 'RolloutAborted: m'],
    [
      'so is a deadline that has passed',
      canary,
      { ...done, ...condition('Progressing', 'ProgressDeadlineExceeded', 'm') },
      'Degraded',
      'ProgressDeadlineExceeded: m',
    ],
    [
      'paused by hand goes before a pause step',
      { ...canary, paused: true },
      { ...done, pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] },
      'Paused',
      'manually paused',
    ],
    ['paused by a step', canary, { ...done, pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] }, 'Paused', 'CanaryPauseStep'],
    ['a restart under way', { ...canary, restartAt: 'x' }, done, 'Progressing', 'rollout is restarting'],
    ['pods of the new version are missing', canary, { ...done, updatedReplicas: 1 }, 'Progressing', 'more replicas need to be updated'],
    [
      'pods are not available yet',
      canary,
      { ...done, availableReplicas: 1 },
      'Progressing',
      'updated replicas are still becoming available',
    ],
    ['old pods are left', canary, { ...done, replicas: 3 }, 'Progressing', 'old replicas are pending termination'],
    ['steps are left', canary, { ...done, stableRS: 'b' }, 'Progressing', 'waiting for all steps to complete'],
    [
      'the active service is not switched',
      blueGreen,
      { ...done, blueGreen: { activeSelector: 'b' } },
      'Progressing',
      'active service cutover pending',
    ],
    ['nothing wanted, nothing there', { replicas: 0, strategy: { canary: {} } }, {}, 'Healthy', ''],
  ];
  for (const [name, spec, status, phase, message] of rows) {
    it(name, () => expect(calculatePhase(spec, status)).toEqual({ phase, message }));
  }
});

describe('the phase that a reader is told', () => {
  const read = (generation: number, status: RolloutStatus, spec: RolloutSpec = canary): string =>
    rolloutPhase({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { generation }, spec, status }).message;
  it('is not that of an earlier spec', () =>
    expect(read(2, { ...done, phase: 'Healthy', observedGeneration: '1' })).toBe('waiting for rollout spec update to be observed'));
  it('says that a resume is on its way', () =>
    expect(read(1, { ...done, phase: 'Paused', observedGeneration: '1', controllerPause: true })).toBe('waiting for rollout to unpause'));
  it('takes a hash of old controllers for observed', () =>
    expect(read(2, { ...done, phase: 'Degraded', message: 'm', observedGeneration: '6f9d' })).toBe('m'));
  it('is worked out where no controller wrote one', () =>
    expect(read(1, { ...done, updatedReplicas: 1 })).toBe('more replicas need to be updated'));
});
