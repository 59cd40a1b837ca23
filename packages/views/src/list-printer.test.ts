import type { Experiment, Rollout } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { printExperimentList, printRolloutList, printRolloutRows } from './list-printer.ts';

const now = Date.parse('2026-01-01T00:10:00Z');

const rollout = (name: string, spec: Rollout['spec'], status: Rollout['status'] = {}): Rollout => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name, namespace: 'shop' },
  spec,
  status,
});

const web = rollout(
  'web',
  { replicas: 10, strategy: { canary: { steps: [{ setWeight: 20 }, { pause: {} }] } } },
  {
    phase: 'Paused',
    currentStepIndex: 1,
    stableRS: 'a',
    currentPodHash: 'b',
    readyReplicas: 9,
    replicas: 10,
    updatedReplicas: 2,
    availableReplicas: 9,
  },
);
const shop = rollout('a-rather-long-name', { strategy: { blueGreen: { activeService: 'a' } } }, { phase: 'Healthy' });

describe('printRolloutList', () => {
  it('is a table with room for what is usual', () => {
    expect(printRolloutList([web, shop], {}, now)).toBe(
      [
        'NAME                STRATEGY   STATUS        STEP  SET-WEIGHT  READY  DESIRED  UP-TO-DATE  AVAILABLE',
        'web                 Canary     Paused        1/2   20          9/10   10       2           9        ',
        'a-rather-long-name  BlueGreen  Healthy       -     -           0/0    1        0           0        ',
        '',
      ].join('\n'),
    );
  });

  it('puts time and namespace in front', () => {
    expect(printRolloutRows([web], { allNamespaces: true, timestamps: true }, now)).toBe(
      '2026-01-01T00:10:00Z  shop       web         Canary     Paused        1/2   20          9/10   10       2           9        \n',
    );
  });
});

describe('printExperimentList', () => {
  const experiment = (status: Experiment['status']): Experiment => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'trial', namespace: 'shop', creationTimestamp: '2026-01-01T00:05:00Z' },
    spec: { templates: [], duration: '10m' },
    ...(status === undefined ? {} : { status }),
  });

  it('shows how long an experiment still runs', () => {
    expect(printExperimentList([experiment({ phase: 'Running', availableAt: '2026-01-01T00:06:00Z' })], {}, now)).toBe(
      ['NAME        STATUS   DURATION  REMAINING  AGE', 'trial       Running  10m       6m         5m ', ''].join('\n'),
    );
  });

  it('shows a dash for what is not known: no duration, not available yet, over, too late', () => {
    const named = (name: string, one: Experiment, spec: Partial<Experiment['spec']> = {}): Experiment => ({
      ...one,
      metadata: { ...one.metadata, name },
      spec: { ...one.spec, ...spec },
    });
    const available = { phase: 'Running', availableAt: '2026-01-01T00:06:00Z' } as const;
    const { duration: _, ...endless } = experiment(available).spec;
    const rows = [
      named('fresh', experiment(undefined)),
      named('waits', experiment({ phase: 'Pending' })),
      { ...named('endless', experiment(available)), spec: endless },
      named('odd', experiment(available), { duration: 'ages' }),
      named('done', experiment({ ...available, phase: 'Successful' })),
      named('late', experiment({ ...available, availableAt: '2025-12-31T23:00:00Z' })),
    ];
    expect(printExperimentList(rows, { allNamespaces: true }, now)).toBe(
      [
        'NAMESPACE  NAME        STATUS      DURATION  REMAINING  AGE',
        'shop       fresh                   10m       -          5m ',
        'shop       waits       Pending     10m       -          5m ',
        'shop       endless     Running     -         -          5m ',
        'shop       odd         Running     -         -          5m ',
        'shop       done        Successful  10m       -          5m ',
        'shop       late        Running     10m       -          5m ',
        '',
      ].join('\n'),
    );
  });
});
