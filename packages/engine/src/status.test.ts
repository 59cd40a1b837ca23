import type { RolloutSpec } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { countsWaitMs, differsInCountsOnly, type Status, statusPatch } from './status.ts';

describe('the patch between two statuses', () => {
  const rows: readonly (readonly [string, Status, Status, unknown])[] = [
    ['is nothing when zero values say nothing', { canary: {}, abort: false }, { replicas: 0, pauseConditions: [], message: '' }, undefined],
    [
      'names what goes with an explicit null',
      { message: 'x', pauseConditions: [{ reason: 'a', startTime: 't' }] },
      {},
      { message: null, pauseConditions: null },
    ],
    ['keeps a step of 0', {}, { currentStepIndex: 0 }, { currentStepIndex: 0 }],
    [
      'goes into objects',
      { duration: { rolloutStartedAt: 'a', manualPauseStartedAt: 'b' } },
      { duration: { rolloutStartedAt: 'a' } },
      { duration: { manualPauseStartedAt: null } },
    ],
    [
      'replaces lists whole',
      { conditions: [{ type: 'A', status: 'True' }] },
      { conditions: [{ type: 'A', status: 'False' }] },
      { conditions: [{ type: 'A', status: 'False' }] },
    ],
    ['leaves alone what is not ours', { later: 1 } as unknown as Status, { phase: 'Healthy' }, { phase: 'Healthy' }],
  ];
  for (const [name, present, next, patch] of rows) it(name, () => expect(statusPatch(present, next)).toEqual(patch));
});

describe('what may wait a second', () => {
  const base: Status = {
    phase: 'Progressing',
    currentStepIndex: 1,
    conditions: [{ type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', lastUpdateTime: 'a' }],
  };
  it('is counts, the text about them, availability and times', () =>
    expect(
      differsInCountsOnly(base, {
        ...base,
        replicas: 3,
        message: 'm',
        conditions: [
          { type: 'Available', status: 'False' },
          { type: 'Progressing', status: 'True', reason: 'ReplicaSetUpdated', lastUpdateTime: 'b' },
        ],
      }),
    ).toBe(true));
  const now: readonly (readonly [string, Status])[] = [
    ['phase', { ...base, phase: 'Healthy' }],
    ['step', { ...base, currentStepIndex: 2 }],
    ['abort', { ...base, abort: true }],
    ['health', { ...base, conditions: [...(base.conditions ?? []), { type: 'Healthy', status: 'True' }] }],
    ['the generation that was seen', { ...base, observedGeneration: '2' }],
  ];
  for (const [name, next] of now) it(`is never ${name}`, () => expect(differsInCountsOnly(base, next)).toBe(false));

  const spec = {} as RolloutSpec;
  const resting: Status = { phase: 'Healthy', stableRS: 'a', currentPodHash: 'a' };
  const moving: Status = { phase: 'Progressing', stableRS: 'a', currentPodHash: 'b' };
  const waits: readonly (readonly [string, number, number])[] = [
    ['a second at rest', countsWaitMs(spec, resting, 5000), 1000],
    ['three while an update moves', countsWaitMs(spec, moving), 3000],
    ['more where the API is slow', countsWaitMs(spec, moving, 5000), 8000],
    ['a twentieth of the deadline at most', countsWaitMs({ ...spec, progressDeadlineSeconds: 3 }, moving), 150],
  ];
  for (const [name, waited, expected] of waits) it(`waits ${name}`, () => expect(waited).toBe(expected));
});
