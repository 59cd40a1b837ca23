/** Objects for tests: a name and what matters to the test, the rest as the API would have it. */
import type { Condition } from '@sluice/api';
import type { Container, Pod, PodStatus, PodTemplate } from '../shapes/pod.ts';
import type { Deployment, DeploymentStatus, Job, JobSpec, JobStatus, ReplicaSet, ReplicaSetStatus } from '../shapes/workloads.ts';

export const testTime: number = Date.parse('2026-01-05T10:00:00Z');

/** RFC 3339 of so many seconds after `testTime`. */
export function at(seconds: number): string {
  return new Date(testTime + seconds * 1000).toISOString().replace('.000Z', 'Z');
}

export function template(image = 'web:1', container: Partial<Container> = {}): PodTemplate {
  return { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image, ...container }] } };
}

export function deployment(
  spec: Partial<Deployment['spec']> = {},
  status?: DeploymentStatus,
  metadata: Deployment['metadata'] = {},
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: 'web',
      namespace: 'default',
      uid: 'uid-web',
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: at(0),
      ...metadata,
    },
    spec: {
      replicas: 10,
      selector: { matchLabels: { app: 'web' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: template(),
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}

export type ReplicaSetWish = {
  readonly name?: string;
  readonly image?: string;
  readonly size: number;
  readonly available?: number;
  readonly revision?: number;
  readonly age?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly conditions?: readonly Condition[];
};

/** A ReplicaSet of the Deployment `web`; all its pods are available unless told otherwise. */
export function replicaSet(wish: ReplicaSetWish): ReplicaSet {
  const { size, available = size, revision = 1, age = 0, image = 'web:1' } = wish;
  const hash = image.replace(/\W/g, '');
  const name = wish.name ?? `web-${hash}`;
  const status: ReplicaSetStatus = {
    replicas: size,
    readyReplicas: available,
    availableReplicas: available,
    observedGeneration: 1,
    ...(wish.conditions === undefined ? {} : { conditions: wish.conditions }),
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: at(-age),
      labels: { app: 'web', 'pod-template-hash': hash },
      annotations: { 'deployment.kubernetes.io/revision': String(revision), ...wish.annotations },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid-web', controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      replicas: size,
      selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
      template: { ...template(image), metadata: { labels: { app: 'web', 'pod-template-hash': hash } } },
    },
    status,
  };
}

export type PodWish = {
  readonly name?: string;
  readonly node?: string;
  readonly phase?: PodStatus['phase'];
  /** Seconds after `testTime`; absent: not ready. */
  readonly readyAt?: number;
  readonly createdAt?: number;
  readonly restarts?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly deletedAt?: number;
  readonly finalizers?: readonly string[];
  readonly spec?: Partial<Pod['spec']>;
  readonly status?: Partial<PodStatus>;
  readonly owner?: { readonly kind: string; readonly name: string; readonly uid: string };
};

/** A running pod on a node. */
export function pod(wish: PodWish = {}): Pod {
  const { name = 'web-1', node = 'node-1', phase = 'Running', restarts = 0 } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: at(wish.createdAt ?? -60),
      labels: wish.labels ?? { app: 'web' },
      ...(wish.annotations === undefined ? {} : { annotations: wish.annotations }),
      ...(wish.finalizers === undefined ? {} : { finalizers: wish.finalizers }),
      ...(wish.deletedAt === undefined ? {} : { deletionTimestamp: at(wish.deletedAt), deletionGracePeriodSeconds: 30 }),
      ...(wish.owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', ...wish.owner, controller: true, blockOwnerDeletion: true }] }),
    },
    spec: {
      ...(node === '' ? {} : { nodeName: node }),
      containers: [{ name: 'web', image: 'web:1' }],
      restartPolicy: 'Always',
      ...wish.spec,
    },
    status: {
      phase,
      conditions: [
        wish.readyAt === undefined
          ? { type: 'Ready', status: 'False', lastTransitionTime: at(-60) }
          : { type: 'Ready', status: 'True', lastTransitionTime: at(wish.readyAt) },
      ],
      containerStatuses: [
        { name: 'web', image: 'web:1', imageID: 'x', ready: wish.readyAt !== undefined, restartCount: restarts, state: {}, lastState: {} },
      ],
      ...wish.status,
    },
  };
}

export function job(spec: Partial<JobSpec> = {}, status?: JobStatus): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'work', namespace: 'default', uid: 'uid-work', resourceVersion: '1', generation: 1, creationTimestamp: at(0) },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
      ...spec,
    },
    ...(status === undefined ? {} : { status }),
  };
}
