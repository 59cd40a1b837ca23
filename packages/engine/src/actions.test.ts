import type { CanaryStep, ReplicaSet, Rollout, RolloutStatus } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { actionPatches, type RolloutAction } from './actions.ts';

const steps: readonly CanaryStep[] = [{ setWeight: 20 }, { pause: {} }, { analysis: {} }];
const held: RolloutStatus = { currentStepIndex: 1, controllerPause: true, pauseConditions: [{ reason: 'CanaryPauseStep', startTime: '' }] };

function web(status: RolloutStatus = {}, spec: Partial<Rollout['spec']> = {}): Rollout {
  const template = {
    spec: {
      containers: [
        { name: 'main', image: 'app:1' },
        { name: 'side', image: 'side:1' },
      ],
    },
  };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web' },
    spec: { strategy: { canary: { steps } }, template, ...spec },
    status: { currentPodHash: 'b', stableRS: 'a', ...status },
  };
}

const sent = (rollout: Rollout, action: RolloutAction): readonly unknown[] => actionPatches(rollout, action).map(({ patch }) => patch);

describe('an action of a person', () => {
  const rows: readonly (readonly [string, Rollout, RolloutAction, readonly unknown[]])[] = [
    ['promote ends a pause', web(held), { kind: 'promote' }, [{ status: { pauseConditions: null } }]],
    [
      'promote without a pause skips a step',
      web({ currentStepIndex: 0 }),
      { kind: 'promote' },
      [{ status: { pauseConditions: null, currentStepIndex: 1 } }],
    ],
    [
      'promote never goes beyond the last step',
      web({ currentStepIndex: 3 }),
      { kind: 'promote' },
      [{ status: { pauseConditions: null, currentStepIndex: 3 } }],
    ],
    [
      'promote of what is paused by hand and by a step sends the status first',
      web(held, { paused: true }),
      { kind: 'promote' },
      [{ status: { pauseConditions: null } }, { spec: { paused: false } }],
    ],
    [
      'promote past an inconclusive analysis takes its step along',
      web({ ...held, currentStepIndex: 2, canary: { currentStepAnalysisRunStatus: { name: 'x', status: 'Inconclusive' } } }),
      { kind: 'promote' },
      [{ status: { pauseConditions: null, controllerPause: false, currentStepIndex: 3 } }],
    ],
    ['promote in full', web(held), { kind: 'promote', full: true }, [{ status: { promoteFull: true } }]],
    ['promote in full of what is promoted does nothing', web({ stableRS: 'b' }), { kind: 'promote', full: true }, []],
    [
      'skip the current step',
      web({ currentStepIndex: 1 }),
      { kind: 'promote', skipCurrentStep: true },
      [{ status: { currentStepIndex: 2 } }],
    ],
    ['skip all steps', web({ currentStepIndex: 1 }), { kind: 'promote', skipAllSteps: true }, [{ status: { currentStepIndex: 3 } }]],
    ['abort', web(), { kind: 'abort' }, [{ status: { abort: true } }]],
    ['retry', web(), { kind: 'retry' }, [{ status: { abort: false } }]],
    ['pause', web(), { kind: 'pause' }, [{ spec: { paused: true } }]],
    ['resume', web(), { kind: 'resume' }, [{ spec: { paused: false } }]],
    ['restart', web(), { kind: 'restart', at: 1_767_225_600_999 }, [{ spec: { restartAt: '2026-01-01T00:00:00Z' } }]],
    [
      'set image of one container',
      web(),
      { kind: 'set-image', images: { side: 'side:2' } },
      [[{ op: 'replace', path: '/spec/template/spec/containers/1/image', value: 'side:2' }]],
    ],
    ['set image to what it is', web(), { kind: 'set-image', images: { main: 'app:1' } }, []],
  ];
  for (const [name, rollout, action, patches] of rows) it(name, () => expect(sent(rollout, action)).toEqual(patches));

  it('goes to the subresource where it is about the status', () =>
    expect(actionPatches(web(), { kind: 'abort' })[0]).toMatchObject({ subresource: 'status', patchType: 'merge' }));

  const set = (revision: number): ReplicaSet => ({
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: `web-${revision}`, annotations: { 'rollout.argoproj.io/revision': String(revision) } },
    spec: { template: { metadata: { labels: { app: 'web', 'rollouts-pod-template-hash': `h${revision}` } } } },
  });
  it('undo puts back the template of the version before, without its hash', () =>
    expect(sent(web(), { kind: 'undo', replicaSets: [set(3), set(1), set(2)] })).toEqual([
      [{ op: 'replace', path: '/spec/template', value: { metadata: { labels: { app: 'web' } } } }],
    ]));

  const refused: readonly (readonly [string, RolloutAction, string])[] = [
    [
      'both skip flags',
      { kind: 'promote', skipAllSteps: true, skipCurrentStep: true },
      'Cannot use skip-current-step and skip-all-steps flags at the same time',
    ],
    [
      'undo to a revision that is gone',
      { kind: 'undo', toRevision: 9, replicaSets: [set(1)] },
      'unable to find specified revision 9 in history',
    ],
    ['set image of a container that is not there', { kind: 'set-image', images: { nope: 'x' } }, 'unable to find container named "nope"'],
  ];
  for (const [name, action, message] of refused)
    it(`is refused: ${name}`, () => expect(() => actionPatches(web(), action)).toThrow(message));
});
