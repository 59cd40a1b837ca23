import { type Experiment, type ExperimentStatus, parseTime, type ReplicaSet } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideExperiment } from './decide.ts';
import type { ExperimentFacts, ExperimentPlan, ExperimentRefusal } from './plan.ts';
import { analysisTemplate, ExperimentWorld, experimentOf, foreignSet, templateOf } from './testing/experiment-world.ts';

const now = parseTime('2026-01-01T00:00:00Z') ?? 0;

function factsOf(experiment: Experiment, more: Partial<ExperimentFacts> = {}): ExperimentFacts {
  return { ...new ExperimentWorld({ experiment, start: now, templates: [analysisTemplate('ok')] }).facts(), ...more };
}

function decide(experiment: Experiment, more: Partial<ExperimentFacts> = {}): ExperimentPlan {
  return decideExperiment(factsOf(experiment, more), now);
}

const running: ExperimentStatus = {
  phase: 'Running',
  availableAt: '2025-12-31T23:59:50Z',
  templateStatuses: [
    {
      name: 'a',
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      status: 'Running',
      lastTransitionTime: '2025-12-31T23:59:50Z',
    },
  ],
};

function ownSet(more: Partial<ReplicaSet['metadata']> = {}, size = 1): ReplicaSet {
  const set = foreignSet('ex-a', now);
  return {
    ...set,
    metadata: {
      ...set.metadata,
      annotations: { 'experiment.argoproj.io/name': 'ex', 'experiment.argoproj.io/template-name': 'a' },
      ownerReferences: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Experiment', name: 'ex', uid: 'experiment-uid', controller: true }],
      ...more,
    },
    spec: { ...set.spec, replicas: size },
    status: { replicas: 1, readyReplicas: 1, availableReplicas: 1 },
  };
}

describe('a spec that is wrong is said so, and nothing else is done', () => {
  const withTemplate = (change: object): Experiment => experimentOf({ templates: [{ ...templateOf('a'), ...change }] });

  it.each<[string, Experiment, string]>([
    ['no selector', withTemplate({ selector: undefined }), "Rollout has missing field '.Spec.Templates[0].Selector'"],
    ['null for a selector', withTemplate({ selector: null }), "Rollout has missing field '.Spec.Templates[0].Selector'"],
    [
      'an empty selector',
      withTemplate({ selector: {} }),
      'This experiment is selecting all pods at index 0. A non-empty selector is required.',
    ],
    [
      'an empty list in it',
      withTemplate({ selector: { matchExpressions: [] } }),
      'This experiment is selecting all pods at index 0. A non-empty selector is required.',
    ],
    [
      'longer to be ready than there is time',
      withTemplate({ minReadySeconds: 601 }),
      'MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index 0',
    ],
    ['no name', withTemplate({ name: '' }), 'Experiment ex has empty template name at index 0'],
    ['a name twice', experimentOf({ names: ['a', 'b', 'a'] }), "Experiment ex has repeated template name 'a' in templates"],
  ])('%s', (_, experiment, message) => {
    const { actions, status, notes } = decide(experiment);
    expect(status).toEqual({
      conditions: [
        {
          type: 'InvalidSpec',
          status: 'True',
          reason: 'InvalidSpec',
          message,
          lastTransitionTime: '2026-01-01T00:00:00Z',
          lastUpdateTime: '2026-01-01T00:00:00Z',
        },
      ],
    });
    expect(actions).toMatchObject([{ kind: 'WriteStatus' }]);
    expect(notes).toEqual([]);
    expect(decide({ ...experiment, status }).actions).toEqual([]);
  });

  it('a changed finding replaces the old one', () => {
    const { status } = decide(withTemplate({ name: '' }));
    expect(decide({ ...withTemplate({ selector: {} }), status }).status.conditions).toMatchObject([
      { message: 'This experiment is selecting all pods at index 0. A non-empty selector is required.' },
    ]);
  });

  it('as long to be ready as there is time is not wrong', () => {
    expect(decide(withTemplate({ minReadySeconds: 600 })).status.phase).toBe('Pending');
  });
});

describe('what the API refused', () => {
  const refused = (
    refusals: readonly ExperimentRefusal[],
    experiment = experimentOf(),
    more: Partial<ExperimentFacts> = {},
  ): ExperimentPlan => decide(experiment, { refusals, ...more });

  it('is an error of the template when its ReplicaSet cannot be created', () => {
    const plan = refused([{ write: 'create-replica-set', of: 'a', message: 'exceeded quota' }]);
    const message = "Failed to create ReplicaSet for template 'a': exceeded quota";
    expect(plan.status).toMatchObject({ phase: 'Error', message, templateStatuses: [{ name: 'a', status: 'Error', message }] });
    expect(plan.actions.map(({ kind }) => kind)).toEqual(['WriteStatus']);
    expect(plan.notes.map(({ type, reason, message: text }) => `${type} ${reason} ${text}`)).toEqual([
      'Normal ReplicaSetCreateError Failed to create new replica set "ex-a": exceeded quota',
      `Warning TemplateError Template 'a' transitioned from  -> Error: ${message}`,
      'Normal ExperimentPending Experiment transitioned from  -> Pending',
      'Warning ExperimentError Experiment transitioned from Pending -> Error',
    ]);
  });

  it('is one when its size cannot be changed, and the pods that are there may go later', () => {
    const experiment = { ...experimentOf({ templates: [templateOf('a', { replicas: 3 })] }), status: running };
    const plan = refused([{ write: 'scale', of: 'a', size: 3, message: 'no' }], experiment, { replicaSets: [ownSet()] });
    const message = "Unable to scale ReplicaSet for template 'a' to desired replica count '3': no";
    expect(plan.status).toMatchObject({ phase: 'Error', message });
    expect(plan.notes[0]).toMatchObject({ type: 'Warning', reason: 'ReplicaSetUpdateError', message: 'Failed to scale ex-a up: no' });
    expect(plan.actions.filter(({ kind }) => kind === 'PatchReplicaSet')).toMatchObject([
      { patch: { metadata: { annotations: { 'scale-down-deadline': '2026-01-01T00:00:30Z' } } } },
    ]);
  });

  it('is one when its Service cannot be created or deleted', () => {
    const experiment = experimentOf({ templates: [templateOf('a', { service: {} })] });
    const created = refused([{ write: 'create-service', of: 'a', message: 'no' }], experiment);
    expect(created.status.message).toBe("Failed to create Service ex-a for template 'a': no");
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { ...ownSet().metadata } };
    const over = { ...experiment, spec: { ...experiment.spec, terminate: true }, status: running };
    const idle = { ...ownSet({}, 0), status: { replicas: 0 } };
    const deleted = refused([{ write: 'delete-service', of: 'a', message: 'no' }], over, { replicaSets: [idle], services: [service] });
    expect(deleted.status.templateStatuses).toMatchObject([{ status: 'Error', message: "Failed to delete Service for template 'a': no" }]);
  });

  it('is one of the analysis when its run cannot be created or ended', () => {
    const experiment = { ...experimentOf({ analyses: [{ name: 'x', templateName: 'ok' }] }), status: running };
    const created = refused([{ write: 'create-run', of: 'x', message: 'no' }], experiment, { replicaSets: [ownSet()] });
    expect(created.status).toMatchObject({ phase: 'Error', message: "Failed to create AnalysisRun for analysis 'x': no" });
    const entry = { name: 'x', analysisRun: 'ex-x', phase: 'Running' } as const;
    const over = { ...experiment, spec: { ...experiment.spec, terminate: true }, status: { ...running, analysisRuns: [entry] } };
    const run = {
      apiVersion: '',
      kind: 'AnalysisRun',
      metadata: { name: 'ex-x' },
      spec: { metrics: [] },
      status: { phase: 'Running' },
    } as const;
    const ended = refused([{ write: 'terminate-run', of: 'x', message: 'no' }], over, { replicaSets: [ownSet()], analysisRuns: [run] });
    expect(ended.status.analysisRuns).toEqual([{ ...entry, phase: 'Error', message: 'no' }]);
    expect(ended.actions.some(({ kind }) => kind === 'TerminateAnalysisRun')).toBe(false);
  });
});

describe('an experiment', () => {
  it('that is being deleted is left alone', () => {
    const experiment = experimentOf();
    const plan = decide({ ...experiment, metadata: { ...experiment.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } });
    expect(plan).toMatchObject({ actions: [], notes: [] });
  });

  it('whose template two ReplicaSets claim waits for somebody', () => {
    const plan = decide(experimentOf(), { replicaSets: [ownSet(), ownSet({ name: 'other' })] });
    expect(plan).toMatchObject({ actions: [], problem: 'multiple ReplicaSets match single experiment template: a' });
  });

  it('takes no ReplicaSet of somebody else, nor one of another template', () => {
    const theirs = ownSet({ name: 'x', ownerReferences: [] });
    const other = ownSet({ name: 'y', annotations: { 'experiment.argoproj.io/name': 'ex', 'experiment.argoproj.io/template-name': 'z' } });
    expect(decide(experimentOf(), { replicaSets: [theirs, other] }).actions[0]).toMatchObject({ kind: 'CreateReplicaSet' });
  });

  it('whose pods get lost goes back to Progressing', () => {
    const lost = { ...ownSet(), status: { replicas: 1 } };
    const plan = decide({ ...experimentOf(), status: running }, { replicaSets: [lost] });
    expect(plan.status).toMatchObject({ phase: 'Pending', templateStatuses: [{ status: 'Progressing', availableReplicas: 0 }] });
    expect(plan.requeueAfterMs).toBe(600_000);
  });

  it('keeps what the status says about templates that the spec no longer has', () => {
    const [entry] = running.templateStatuses ?? [];
    const status = { ...running, templateStatuses: [...(entry === undefined ? [] : [{ ...entry, name: 'old' }, entry])] };
    expect(decide({ ...experimentOf(), status }, { replicaSets: [ownSet()] }).status.templateStatuses?.map(({ name }) => name)).toEqual([
      'old',
      'a',
    ]);
  });

  it('with a duration that cannot be read runs on', () => {
    const plan = decide({ ...experimentOf({ duration: 'ages' }), status: running }, { replicaSets: [ownSet()] });
    expect(plan.status.phase).toBe('Running');
    expect(plan.requeueAfterMs).toBeUndefined();
  });

  it('is decided on whatever its status says, and asking again changes nothing more', () => {
    const word = fc.constantFrom('Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive', 'Progressing', '', 'odd');
    const time = fc.constantFrom('2025-12-31T23:00:00Z', '2026-01-01T00:00:00Z', 'never', '');
    const count = fc.integer({ min: 0, max: 3 });
    const entry = fc.record({
      name: fc.constantFrom('a', 'b', 'gone'),
      replicas: count,
      updatedReplicas: count,
      readyReplicas: count,
      availableReplicas: count,
      status: word,
      lastTransitionTime: time,
    });
    const status = fc.record(
      {
        phase: word,
        message: fc.string(),
        availableAt: time,
        templateStatuses: fc.uniqueArray(entry, { selector: ({ name }) => name }),
        analysisRuns: fc.uniqueArray(
          fc.record({ name: fc.constantFrom('x', 'y'), analysisRun: fc.constantFrom('', 'ex-x', 'gone'), phase: word }),
          {
            selector: ({ name }) => name,
          },
        ),
      },
      { requiredKeys: [] },
    );
    const spec = fc.record(
      {
        names: fc.subarray(['a', 'b']),
        duration: fc.constantFrom('1s', '5m', 'x', '-3s'),
        terminate: fc.boolean(),
        scaleDownDelaySeconds: fc.integer({ min: 0, max: 60 }),
        analyses: fc.subarray([
          { name: 'x', templateName: 'ok', requiredForCompletion: true },
          { name: 'y', templateName: 'none', args: [{ name: 'q', value: '{{' }] },
        ]),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(spec, status, fc.boolean(), (drawn, before, hasSet) => {
        const world = new ExperimentWorld({
          experiment: { ...experimentOf(drawn), status: before as ExperimentStatus },
          start: now,
          templates: [analysisTemplate('ok')],
          replicaSets: hasSet ? [ownSet()] : [],
        });
        let plan = decideExperiment(world.facts(), now);
        for (let turn = 0; turn < 6 && plan.actions.length > 0; turn++) {
          for (const action of plan.actions) world.carryOut(action, world.experiment);
          plan = decideExperiment(world.facts(), now);
        }
        expect(plan.actions).toEqual([]);
        expect(plan.requeueAfterMs ?? 1).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });
});
