import type { Pod, ReplicaSet, Rollout } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { cutLine } from './live-frame.ts';
import { describePicture, drawPicture, pictureOf } from './rollout-picture.ts';

const owner = (uid: string): object => ({ ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid, controller: true }] });
const rollout = (status: object): Rollout => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', uid: 'r', generation: 1 },
  spec: { replicas: 5, strategy: { canary: { steps: [{ setWeight: 40 }, { pause: {} }] } } },
  status: {
    observedGeneration: '1',
    phase: 'Paused',
    message: 'CanaryPauseStep',
    currentStepIndex: 1,
    stableRS: 'h1',
    currentPodHash: 'h2',
    ...status,
  },
});
const set = (hash: string, version: string): ReplicaSet =>
  ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: hash, uid: hash, labels: { 'rollouts-pod-template-hash': hash }, ...owner('r') },
    spec: { template: { spec: { containers: [{ name: 'a', image: `host:5000/web:${version}@sha256:ab` }] } } },
  }) as ReplicaSet;
const pod = (hash: string, state: 'ready' | 'starting' | 'leaving'): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...owner(hash), ...(state === 'leaving' ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
  status: { conditions: [{ type: 'Ready', status: state === 'starting' ? 'False' : 'True' }] },
});
const sets = [set('h2', '2.0.0'), set('h1', '1.0.0'), set('h0', '0.9.0')];

describe('the picture of a canary', () => {
  const picture = pictureOf(rollout({}), sets, [
    pod('h1', 'ready'),
    pod('h1', 'leaving'),
    pod('h1', 'ready'),
    pod('h2', 'starting'),
    pod('h2', 'ready'),
  ]);

  it('shows the weight and each version with its pods, stable first, and no version without pods', () => {
    expect(drawPicture(picture, false)).toEqual([
      'web  ████████████████░░░░░░░░░░░░░░░░░░░░░░░░  40 %  step 2/2 pause',
      '  1.0.0      stable  ● ● ·',
      '  2.0.0      canary  ● ◌',
      '  Paused: CanaryPauseStep',
    ]);
  });

  it('is one sentence in a pipe', () => {
    expect(describePicture(picture)).toBe(
      'web: weight 40 %, step 2/2 pause, 1.0.0 (stable) 2/2 ready, 2.0.0 (canary) 1/2 ready, Paused: CanaryPauseStep',
    );
  });

  it('shows a first version as stable from its first pod, without steps', () => {
    const first = pictureOf(
      rollout({ stableRS: '', currentStepIndex: 0, phase: 'Progressing', message: '' }),
      [set('h2', '2.0.0')],
      [pod('h2', 'starting')],
    );
    expect(describePicture(first)).toBe('web: weight 100 %, 2.0.0 (stable) 0/1 ready, Progressing');
  });

  it('has no colour unless it is asked for, and is cut to the terminal without counting colour', () => {
    expect(drawPicture(picture, false).join('')).not.toContain('\u001b');
    expect(drawPicture(picture, true)[1]).toContain('\u001b[32m●\u001b[0m');
    expect(cutLine('\u001b[32mabc\u001b[0mdef', 5)).toBe('\u001b[32mabc\u001b[0md');
  });
});
