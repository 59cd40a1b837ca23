import { describe, expect, it } from 'vitest';
import type { Plan, Write } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../shapes/workloads.ts';
import { at, deployment, pod, replicaSet, template, testTime } from '../../testing/builders.ts';
import { decideDeployment } from './decide.ts';

function decide(
  web: Deployment,
  replicaSets: readonly ReplicaSet[],
  options: { taken?: ReplicaSet; pods?: readonly Pod[]; seconds?: number } = {},
): Plan {
  return decideDeployment(
    {
      deployment: web,
      replicaSets,
      pods: options.pods ?? [],
      replicaSetNamed: (name) =>
        options.taken?.metadata.name === name ? options.taken : replicaSets.find((set) => set.metadata.name === name),
      podTemplateHash: ({ status }) => `hash${status?.collisionCount ?? ''}`,
    },
    testTime + (options.seconds ?? 0) * 1000,
  );
}

function writes(plan: Plan): readonly Write[] {
  return plan.steps.flatMap((step) => step.writes);
}

function statusOf(plan: Plan): DeploymentStatus {
  const write = writes(plan).find((candidate) => candidate.verb === 'patch' && candidate.subresource === 'status');
  return (write?.verb === 'patch' ? write.patch.status : {}) as DeploymentStatus;
}

function reasons(status: DeploymentStatus): Record<string, string> {
  return Object.fromEntries((status.conditions ?? []).map(({ type, status: value, reason }) => [type, `${value} ${reason}`]));
}

const complete = (): DeploymentStatus => ({
  observedGeneration: 1,
  replicas: 10,
  updatedReplicas: 10,
  readyReplicas: 10,
  availableReplicas: 10,
  conditions: [
    {
      type: 'Available',
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
      lastUpdateTime: at(-9),
      lastTransitionTime: at(-9),
    },
    {
      type: 'Progressing',
      status: 'True',
      reason: 'NewReplicaSetAvailable',
      message: 'ReplicaSet "web-web1" has successfully progressed.',
      lastUpdateTime: at(-9),
      lastTransitionTime: at(-9),
    },
  ],
});
const sized = { 'deployment.kubernetes.io/desired-replicas': '10', 'deployment.kubernetes.io/max-replicas': '13' };

describe('a new Deployment', () => {
  const plan = decide(deployment(), []);

  it('makes its ReplicaSet at full size and says so, in two writes', () => {
    const [create] = writes(plan);
    expect(writes(plan)).toHaveLength(2);
    expect(create?.object).toMatchObject({
      metadata: {
        name: 'web-hash',
        labels: { app: 'web', 'pod-template-hash': 'hash' },
        annotations: { 'deployment.kubernetes.io/revision': '1', ...sized },
        ownerReferences: [{ kind: 'Deployment', name: 'web', controller: true, blockOwnerDeletion: true }],
      },
      spec: { replicas: 10, selector: { matchLabels: { app: 'web', 'pod-template-hash': 'hash' } } },
    });
    expect(create?.note?.message).toBe('Scaled up replica set web-hash from 0 to 10');
  });

  it('writes revision, counts and both conditions in one patch', () => {
    const patch = writes(plan)[1];
    expect(patch?.verb === 'patch' && patch.patch.metadata).toEqual({ annotations: { 'deployment.kubernetes.io/revision': '1' } });
    expect(statusOf(plan)).toMatchObject({ observedGeneration: 1, unavailableReplicas: 10 });
    expect(reasons(statusOf(plan))).toEqual({ Progressing: 'True NewReplicaSetCreated', Available: 'False MinimumReplicasUnavailable' });
  });
});

describe('a Deployment that is done', () => {
  const web = deployment({}, complete(), { annotations: { 'deployment.kubernetes.io/revision': '1' } });

  it('costs no write', () => {
    expect(writes(decide(web, [replicaSet({ size: 10, annotations: sized })]))).toEqual([]);
  });

  it('lets old ReplicaSets above the limit go, lowest revision first, but none that has pods or is not caught up with', () => {
    const limited = { ...web, spec: { ...web.spec, revisionHistoryLimit: 1 } };
    const old = [4, 2, 3].map((revision) => replicaSet({ name: `old-${revision}`, image: `old:${revision}`, size: 0, revision }));
    const busy = replicaSet({ name: 'busy', image: 'old:1', size: 0, revision: 1 });
    const newest = replicaSet({ size: 10, annotations: sized, revision: 5 });
    const behind = { ...busy, metadata: { ...busy.metadata, generation: 2 } };
    const plan = decide({ ...limited, metadata: { ...limited.metadata, annotations: { 'deployment.kubernetes.io/revision': '5' } } }, [
      ...old,
      behind,
      newest,
    ]);
    expect(writes(plan).map(({ verb, object }) => `${verb} ${object.metadata.name}`)).toEqual(['delete old-2', 'delete old-3']);
  });
});

describe('progress', () => {
  const stuck: DeploymentStatus = {
    observedGeneration: 1,
    replicas: 10,
    updatedReplicas: 10,
    unavailableReplicas: 10,
    conditions: [
      {
        type: 'Progressing',
        status: 'True',
        reason: 'ReplicaSetUpdated',
        message: 'ReplicaSet "web-web1" is progressing.',
        lastUpdateTime: at(0),
        lastTransitionTime: at(0),
      },
      {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
        lastUpdateTime: at(0),
        lastTransitionTime: at(0),
      },
    ],
  };
  const web = deployment({ progressDeadlineSeconds: 60 }, stuck, { annotations: { 'deployment.kubernetes.io/revision': '1' } });
  const waiting = [replicaSet({ size: 10, available: 0, annotations: sized })];

  it('waits for the deadline and a second more, writing nothing', () => {
    const plan = decide(web, waiting, { seconds: 20 });
    expect([writes(plan), plan.requeueAfterMs]).toEqual([[], 41_000]);
  });

  it('is given up after the deadline', () => {
    expect(reasons(statusOf(decide(web, waiting, { seconds: 61 })))).toMatchObject({ Progressing: 'False ProgressDeadlineExceeded' });
  });

  it('moves the time of the condition on with each pod that becomes available, and keeps the time of its transition', () => {
    const status = statusOf(decide(web, [replicaSet({ size: 10, available: 3, annotations: sized })], { seconds: 30 }));
    expect(status.conditions?.find(({ type }) => type === 'Progressing')).toMatchObject({
      reason: 'ReplicaSetUpdated',
      lastUpdateTime: at(30),
      lastTransitionTime: at(0),
    });
  });

  it('ends with the last one', () => {
    const status = statusOf(decide(web, [replicaSet({ size: 10, annotations: sized })], { seconds: 30 }));
    expect(reasons(status)).toEqual({ Available: 'True MinimumReplicasAvailable', Progressing: 'True NewReplicaSetAvailable' });
  });

  it('shows a pod that the server refused', () => {
    const failure = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: 'quota',
      lastTransitionTime: at(1),
    } as const;
    const status = statusOf(
      decide(web, [replicaSet({ size: 10, available: 0, annotations: sized, conditions: [failure] })], { seconds: 10 }),
    );
    expect(reasons(status)).toMatchObject({ ReplicaFailure: 'True FailedCreate' });
  });
});

describe('a change of template', () => {
  it('brings an old ReplicaSet back under a new number that remembers the old one', () => {
    const web = deployment({}, complete(), { annotations: { 'deployment.kubernetes.io/revision': '2' } });
    const first = replicaSet({ size: 0, revision: 1, age: 100 });
    const second = replicaSet({ name: 'web-web2', image: 'web:2', size: 10, revision: 2, annotations: sized });
    const patch = writes(decide(web, [first, second]))[0];
    expect(patch?.verb === 'patch' && patch.patch).toEqual({
      metadata: {
        annotations: {
          'deployment.kubernetes.io/revision': '3',
          'deployment.kubernetes.io/revision-history': '1',
          'deployment.kubernetes.io/desired-replicas': '10',
          'deployment.kubernetes.io/max-replicas': '13',
        },
      },
      spec: { replicas: 3 },
    });
  });

  it('copies annotations of the Deployment but its own bookkeeping', () => {
    const annotations = { 'kubernetes.io/change-cause': 'because', 'kubectl.kubernetes.io/last-applied-configuration': '{}' };
    const create = writes(decide(deployment({}, undefined, { annotations }), []))[0];
    expect(create?.object.metadata.annotations).toEqual({
      'kubernetes.io/change-cause': 'because',
      'deployment.kubernetes.io/revision': '1',
      ...sized,
    });
  });

  it('counts up when the name is taken by another template', () => {
    const taken = replicaSet({ name: 'web-hash', image: 'other:1', size: 1 });
    expect(statusOf(decide(deployment(), [], { taken })).collisionCount).toBe(1);
  });

  it('while paused is only noted, and neither made nor scaled', () => {
    const web = deployment({ paused: true, template: template('web:2') }, complete(), {
      annotations: { 'deployment.kubernetes.io/revision': '1' },
    });
    const plan = decide(web, [replicaSet({ size: 10, annotations: sized })]);
    expect(writes(plan)).toHaveLength(1);
    expect(reasons(statusOf(plan))).toMatchObject({ Progressing: 'Unknown DeploymentPaused' });
  });
});

describe('the strategy Recreate', () => {
  const web = deployment({ strategy: { type: 'Recreate' }, template: template('web:2') }, complete());
  const old = (size: number): ReplicaSet => replicaSet({ size, annotations: { ...sized, 'deployment.kubernetes.io/max-replicas': '10' } });

  it('takes everything away first', () => {
    expect(writes(decide(web, [old(10)]))[0]?.note?.message).toBe('Scaled down replica set web-web1 from 10 to 0');
  });

  it('waits for the last old pod', () => {
    const plan = decide(web, [old(0)], {
      pods: [pod({ owner: { kind: 'ReplicaSet', name: 'web-web1', uid: 'uid-web-web1' }, deletedAt: 5 })],
    });
    expect(writes(plan).filter(({ verb }) => verb === 'create')).toEqual([]);
  });

  it('then makes all new pods at once', () => {
    expect(writes(decide(web, [old(0)]))[0]?.note?.message).toBe('Scaled up replica set web-hash from 0 to 10');
  });
});
