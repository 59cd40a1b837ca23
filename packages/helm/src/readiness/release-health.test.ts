import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { type Health, type HealthFacts, type HealthMemory, judgeHealth, refOf, startHealth } from './release-health.ts';

const rules = { timeoutMs: 300_000, graceMs: 60_000 };

const owned = (kind: string, name: string, owner: string, fields: Record<string, unknown>): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    name,
    namespace: 'x',
    uid: `uid-${name}`,
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'X', name: owner, uid: `uid-${owner}`, controller: true }],
    ...(fields.metadata as object),
  },
  status: fields.status,
});

const deployment = (available: number): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'x', uid: 'uid-web', generation: 1, annotations: { 'deployment.kubernetes.io/revision': '2' } },
  spec: { replicas: 1 },
  status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: available },
});

const replicaSet = (name: string, revision: string, status: object = {}): KubeObject =>
  owned('ReplicaSet', name, 'web', { metadata: { annotations: { 'deployment.kubernetes.io/revision': revision } }, status });

const pullError = {
  containerStatuses: [{ name: 'app', ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } }],
};
const crashing = {
  containerStatuses: [{ name: 'app', ready: false, restartCount: 3, state: {}, lastState: { terminated: { exitCode: 1 } } }],
};

const rollout = (phase: string, extra: object = {}): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'api', namespace: 'x', uid: 'uid-api', generation: 1 },
  spec: { strategy: { canary: { steps: [{ pause: {} }] } } },
  status: { observedGeneration: '1', phase, currentPodHash: 'h2', stableRS: 'h1', currentStepIndex: 0, ...extra },
});
const paused = { controllerPause: true, pauseConditions: [{ reason: 'CanaryPauseStep' }] };

const facts = (objects: readonly KubeObject[], replicaSets: readonly KubeObject[] = [], pods: readonly KubeObject[] = []): HealthFacts => ({
  objects: objects.map((live) => ({ ref: refOf(live), live })),
  replicaSets,
  pods,
});

/** Looks at each fact at its second and gives the last answer. */
function judge(...looks: readonly (readonly [second: number, facts: HealthFacts])[]): Health {
  let memory: HealthMemory = startHealth(0);
  let health: Health | undefined;
  for (const [second, seen] of looks) {
    health = judgeHealth(seen, memory, second * 1000, rules);
    memory = health.memory;
  }
  if (health === undefined) throw new Error('no look');
  return health;
}

describe('the health of a release', () => {
  const newSet = replicaSet('web-new', '2');
  const stuck = facts([deployment(0)], [newSet], [owned('Pod', 'web-1', 'web-new', { status: pullError })]);

  it('tells of a pod in trouble at once and fails after the grace time, not at the deadline', () => {
    const early = judge([0, facts([deployment(0)])], [10, stuck]);
    expect(early.verdict).toBe('progressing');
    expect(early.objects[0]?.readiness.message).toBe('0 of 1 pods are available; pod web-1, container app: ImagePullBackOff: not found');
    expect(early.wakeAt).toBe(70_000);
    const late = judge([10, stuck], [70, stuck]);
    expect(late.verdict).toBe('failed');
    expect(late.objects[0]?.readiness).toMatchObject({
      reason: 'ImagePullBackOff',
      message: 'pod web-1, container app: ImagePullBackOff: not found',
    });
  });

  it('starts the grace time anew when the trouble went away in between', () => {
    expect(judge([0, stuck], [50, facts([deployment(0)], [newSet])], [55, stuck], [100, stuck]).verdict).toBe('progressing');
  });

  it('counts a container that comes up and dies again as one trouble', () => {
    const up = facts([deployment(0)], [newSet], [owned('Pod', 'web-1', 'web-new', { status: crashing })]);
    const health = judge([0, up], [30, up], [60, up]);
    expect(health.objects[0]?.readiness.message).toBe('pod web-1, container app: keeps crashing: restarted 3 times, last exit code 1');
    expect(health.verdict).toBe('failed');
  });

  it('does not blame a new version for pods of the old one', () => {
    const old = facts([deployment(0)], [newSet, replicaSet('web-old', '1')], [owned('Pod', 'web-0', 'web-old', { status: pullError })]);
    expect(judge([0, old], [100, old]).verdict).toBe('progressing');
  });

  it('fails when quota or admission refuses the pods for the grace time', () => {
    const refused = facts(
      [deployment(0)],
      [
        replicaSet('web-new', '2', {
          conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: 'exceeded quota' }],
        }),
      ],
    );
    expect(judge([0, refused], [60, refused]).objects[0]?.readiness).toEqual({
      state: 'failed',
      reason: 'FailedCreate',
      message: 'exceeded quota',
    });
  });

  it('leaves a Rollout with troubled pods to its own deadline', () => {
    const set = owned('ReplicaSet', 'api-h2', 'api', { metadata: { labels: { 'rollouts-pod-template-hash': 'h2' } }, status: {} });
    const seen = facts([rollout('Progressing', { message: 'waiting' })], [set], [owned('Pod', 'api-1', 'api-h2', { status: pullError })]);
    const health = judge([0, seen], [200, seen]);
    expect(health.verdict).toBe('progressing');
    expect(health.objects[0]?.readiness.message).toContain('ImagePullBackOff');
  });

  it('does not count the time that a person takes', () => {
    const waits = facts([rollout('Paused', paused)]);
    const goesOn = facts([rollout('Progressing')]);
    expect(judge([0, goesOn], [100, waits], [10_000, waits]).verdict).toBe('waiting');
    // 100 s before the pause and 150 s after it: 250 of 300.
    expect(judge([0, goesOn], [100, waits], [10_000, goesOn], [10_150, goesOn]).verdict).toBe('progressing');
    expect(judge([0, goesOn], [100, waits], [10_000, goesOn], [10_200, goesOn]).verdict).toBe('timed-out');
  });

  it('asks the person only when nothing else is left to wait for', () => {
    expect(judge([0, facts([rollout('Paused', paused), deployment(0)])]).verdict).toBe('progressing');
    expect(judge([0, facts([rollout('Paused', paused), deployment(1)])]).verdict).toBe('waiting');
  });

  it('remembers since when an object has been in its state', () => {
    const seen = facts([deployment(0)]);
    expect(judge([0, seen], [30, seen]).objects[0]?.since).toBe(0);
    expect(judge([0, seen], [30, facts([deployment(1)])]).objects[0]?.since).toBe(30_000);
  });
});
