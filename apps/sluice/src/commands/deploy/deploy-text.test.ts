import type { DeployOutcome, DeployProgress, Health, HealthFacts } from '@sluice/helm';
import { describe, expect, it } from 'vitest';
import type { TextOutput } from '../../io.ts';
import { outcomeText } from './outcome-text.ts';
import { createReport } from './report.ts';

const failed = (more: Partial<Extract<DeployOutcome, { kind: 'failed' }>>): DeployOutcome => ({
  kind: 'failed',
  code: 'NOT_READY',
  message: 'Deployment web: no',
  next: undefined,
  revision: 3,
  objects: [],
  evidence: [],
  undo: { kind: 'none' },
  ...more,
});

describe('how a delivery ended', () => {
  const paused: DeployOutcome = {
    kind: 'paused',
    revision: 2,
    rollouts: [{ namespace: 'prod', name: 'web', message: 'CanaryPauseStep', promoteCommand: 'sluice rollouts promote web -n prod' }],
  };
  const rows: readonly (readonly [name: string, outcome: DeployOutcome, asked: 'healthy' | 'paused', code: number, text: string])[] = [
    ['healthy', { kind: 'healthy', revision: 2, isNewRevision: true }, 'healthy', 0, 'done     web revision 2 is healthy\n'],
    ['an open pause', paused, 'healthy', 3, 'paused   web waits for a person (CanaryPauseStep): sluice rollouts promote web -n prod\n'],
    [
      'a pause that was asked for',
      paused,
      'paused',
      0,
      'paused   web waits for a person (CanaryPauseStep): sluice rollouts promote web -n prod\n',
    ],
    [
      'cancelled',
      { kind: 'cancelled', revision: 2, message: 'cancelled while waiting; the next run goes on waiting' },
      'healthy',
      130,
      'cancelled while waiting; the next run goes on waiting\n',
    ],
    ['failed', failed({ next: 'look' }), 'healthy', 1, 'Error: Deployment web: no\n  try: look\n'],
    [
      'not decided',
      failed({ code: 'VALUES_NOT_FOUND', message: 'values file a does not exist' }),
      'healthy',
      2,
      'Error: values file a does not exist\n',
    ],
    [
      'taken back',
      failed({ undo: { kind: 'rolled-back', toRevision: 2, revision: 4, isHealthy: true } }),
      'healthy',
      1,
      'Error: Deployment web: no\nweb is back at revision 2 (recorded as revision 4) and healthy\n',
    ],
    [
      'taken back in part',
      failed({ undo: { kind: 'undo-failed', message: 'helm rollback: no' } }),
      'healthy',
      1,
      'Error: Deployment web: no\ngoing back failed: helm rollback: no\n',
    ],
  ];
  for (const [name, outcome, asked, code, text] of rows) {
    it(name, () => {
      const { out, err, exitCode } = outcomeText('web', outcome, asked);
      expect([`${out}${err}`, exitCode]).toEqual([text, code]);
      // Data and complaints never share a stream.
      expect(out === '' || err === '').toBe(true);
    });
  }
});

function recordingOutput(isTerminal: boolean): TextOutput & { text: string } {
  const output = {
    text: '',
    isTerminal,
    columns: 60,
    write: (text: string) => {
      output.text += text;
    },
  };
  return output;
}

const health = (available: number): DeployProgress => {
  const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'x', name: 'web' };
  const readiness = { state: 'progressing', reason: 'PodsNotAvailable', message: `${available} of 2 pods are available` } as const;
  return {
    kind: 'health',
    health: { verdict: 'progressing', objects: [{ ref, readiness, since: 0 }] } as unknown as Health,
    facts: { objects: [], pods: [], replicaSets: [] } as HealthFacts,
  };
};

describe('what a delivery tells', () => {
  const plan: DeployProgress = {
    kind: 'planned',
    isFirst: false,
    plan: {
      counts: { create: 1, change: 2, unchanged: 1, delete: 1 },
      objects: [
        { kind: 'create', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } }, fields: [] },
        {
          kind: 'change',
          object: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'b' } },
          fields: [
            { path: 'spec.type', from: 'A', to: 'B' },
            { path: 'spec.x', to: '1' },
            { path: 'spec.y', from: '2' },
          ],
        },
        { kind: 'change', object: { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'c' } }, fields: [{ path: 'data.password' }] },
        { kind: 'unchanged', object: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'd' } }, fields: [] },
        { kind: 'delete', object: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'e' } }, fields: [] },
      ],
    },
  };

  it('in a pipe is one line a change, and each line once as long as it stays true', () => {
    const output = recordingOutput(false);
    const report = createReport({ output, color: false, clock: { now: () => 0 } });
    for (const progress of [plan, { kind: 'applied', revision: 2 }, health(0), health(0), health(1), health(0)] as const)
      report.tell(progress);
    report.close();
    expect(output.text).toBe(
      [
        'plan     1 to create, 2 to change, 1 to delete, 1 unchanged',
        '  + ConfigMap a',
        '  ~ Service b',
        '      spec.type: A -> B',
        '      spec.x: 1 (new)',
        '      spec.y: 2 (removed)',
        '  ~ Secret c',
        '      data.password',
        '  - Service e',
        'apply    revision 2',
        'wait     Deployment web: 0 of 2 pods are available',
        'wait     Deployment web: 1 of 2 pods are available',
        'wait     Deployment web: 0 of 2 pods are available',
        '',
      ].join('\n'),
    );
  });

  it('on a terminal is a frame drawn over itself, below the lines that stay', () => {
    const output = recordingOutput(true);
    const report = createReport({ output, color: false, clock: { now: () => 0 } });
    report.tell(health(0));
    report.tell(health(1));
    report.tell({ kind: 'applied', revision: 2 });
    report.close();
    const up = '\u001b[1A\u001b[0J';
    expect(output.text).toBe(
      `  Deployment web: 0 of 2 pods are available\n${up}  Deployment web: 1 of 2 pods are available\n${up}apply    revision 2\n  Deployment web: 1 of 2 pods are available\n`,
    );
  });
});
