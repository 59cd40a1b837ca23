/**
 * When is an object ready? The rules of kstatus for built-in kinds, Argo's for Rollouts, one function from an object to an answer.
 * Pure: no clock, no cluster. Troubles of pods, which need a sense of time, are in `pod-trouble.ts`.
 */
import type { Condition, KubeObject, Rollout } from '@sluice/api';
import { failed, progressing, type Readiness, ready } from './answer.ts';
import { rolloutReadiness } from './rollout.ts';

type Fields = Readonly<Record<string, unknown>>;

/** @see kubernetes-sigs/cli-utils pkg/kstatus/status: order of checks and rules per kind; Job as Helm awaits it: until it has completed */
export function readinessOf(object: KubeObject | undefined): Readiness {
  if (object === undefined) return progressing('NotFound', 'does not exist');
  if (object.metadata.deletionTimestamp !== undefined) return progressing('Terminating', 'is being deleted');
  const group = object.apiVersion.split('/')[0];
  if (object.kind === 'Rollout' && group === 'argoproj.io') return rolloutReadiness(object as Rollout);
  const status = fieldsOf(object.status);
  const observed = status.observedGeneration;
  if (typeof observed === 'number' && object.metadata.generation !== undefined && observed !== object.metadata.generation) {
    return progressing('GenerationNotObserved', 'its controller has not seen the new spec');
  }
  const conditions = conditionsOf(object);
  const reconciling = conditions.get('Reconciling');
  if (reconciling?.status === 'True') return progressing(reconciling.reason ?? 'Reconciling', reconciling.message ?? 'is reconciling');
  const stalled = conditions.get('Stalled');
  if (stalled?.status === 'True') return failed(stalled.reason ?? 'Stalled', stalled.message ?? 'is stalled');
  const rule = Object.hasOwn(rules, object.kind) ? rules[object.kind] : undefined;
  return rule !== undefined && builtinGroups.has(object.apiVersion)
    ? rule(fieldsOf(object.spec), status, conditions)
    : byCondition(conditions);
}

/** Kinds whose readiness can change after they exist. Others are ready at once and need no watch. */
export function isAwaited(object: KubeObject): boolean {
  return !(builtinGroups.has(object.apiVersion) && atOnce.has(object.kind));
}

const builtinGroups: ReadonlySet<string> = new Set([
  'v1',
  'apps/v1',
  'batch/v1',
  'policy/v1',
  'autoscaling/v1',
  'autoscaling/v2',
  'networking.k8s.io/v1',
  'rbac.authorization.k8s.io/v1',
  'apiextensions.k8s.io/v1',
  'storage.k8s.io/v1',
  'scheduling.k8s.io/v1',
  'admissionregistration.k8s.io/v1',
]);

const atOnce: ReadonlySet<string> = new Set([
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'Namespace',
  'LimitRange',
  'ResourceQuota',
  'Role',
  'RoleBinding',
  'ClusterRole',
  'ClusterRoleBinding',
  'CronJob',
  'PodDisruptionBudget',
  'HorizontalPodAutoscaler',
  'Ingress',
  'IngressClass',
  'NetworkPolicy',
  'PriorityClass',
  'StorageClass',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
]);

type Rule = (spec: Fields, status: Fields, conditions: ReadonlyMap<string, Condition>) => Readiness;

const rules: Readonly<Record<string, Rule>> = {
  Deployment: (spec, status, conditions) => {
    const deadline = conditions.get('Progressing');
    if (deadline?.reason === 'ProgressDeadlineExceeded')
      return failed('ProgressDeadlineExceeded', deadline.message ?? 'progress deadline exceeded');
    const wanted = count(spec.replicas, 1);
    const updated = count(status.updatedReplicas);
    if (status.observedGeneration === undefined) return progressing('GenerationNotObserved', 'its controller has not seen it yet');
    if (updated < wanted) return progressing('Updating', `${updated} of ${wanted} pods are updated`);
    if (count(status.replicas) > updated)
      return progressing('OldPodsTerminating', `${count(status.replicas) - updated} old pods are still there`);
    if (count(status.availableReplicas) < wanted)
      return progressing('PodsNotAvailable', `${count(status.availableReplicas)} of ${wanted} pods are available`);
    return ready('Available');
  },
  ReplicaSet: replicaSetRule,
  ReplicationController: replicaSetRule,
  StatefulSet: (spec, status) => {
    const strategy = fieldsOf(spec.updateStrategy);
    if (strategy.type === 'OnDelete') return ready('OnDelete');
    const wanted = count(spec.replicas, 1);
    if (status.observedGeneration === undefined) return progressing('GenerationNotObserved', 'its controller has not seen it yet');
    if (count(status.readyReplicas) < wanted)
      return progressing('PodsNotReady', `${count(status.readyReplicas)} of ${wanted} pods are ready`);
    const partition = count(fieldsOf(strategy.rollingUpdate).partition);
    const updated = count(status.updatedReplicas);
    if (partition > 0) {
      const wantedUpdated = Math.max(0, wanted - partition);
      return updated < wantedUpdated
        ? progressing('Updating', `${updated} of ${wantedUpdated} pods are updated`)
        : ready('PartitionUpdated');
    }
    if (count(status.currentReplicas) < wanted && status.currentRevision === status.updateRevision) {
      return progressing('Updating', `${count(status.currentReplicas)} of ${wanted} pods are current`);
    }
    if (status.currentRevision !== status.updateRevision) return progressing('Updating', `${updated} of ${wanted} pods are updated`);
    return ready('AllUpdated');
  },
  DaemonSet: (spec, status) => {
    if (status.observedGeneration === undefined) return progressing('GenerationNotObserved', 'its controller has not seen it yet');
    const wanted = count(status.desiredNumberScheduled);
    const updated = count(status.updatedNumberScheduled);
    if (fieldsOf(spec.updateStrategy).type !== 'OnDelete' && updated < wanted)
      return progressing('Updating', `${updated} of ${wanted} pods are updated`);
    if (count(status.numberAvailable) < wanted)
      return progressing('PodsNotAvailable', `${count(status.numberAvailable)} of ${wanted} pods are available`);
    return count(status.numberReady) < wanted
      ? progressing('PodsNotReady', `${count(status.numberReady)} of ${wanted} pods are ready`)
      : ready('AllScheduled');
  },
  PersistentVolumeClaim: (_spec, status) => {
    if (status.phase === 'Bound') return ready('Bound');
    return status.phase === 'Lost' ? failed('Lost', 'its volume is lost') : progressing('NotBound', 'is not bound to a volume');
  },
  Pod: (_spec, status, conditions) => {
    if (status.phase === 'Succeeded') return ready('Completed');
    if (status.phase === 'Failed') return failed(textOf(status.reason) ?? 'PodFailed', textOf(status.message) ?? 'the pod failed');
    if (conditions.get('Ready')?.status === 'True') return ready('Ready');
    return progressing('PodNotReady', conditions.get('PodScheduled')?.status === 'False' ? 'is not scheduled' : 'is not ready');
  },
  Job: (spec, status, conditions) => {
    const failure = conditions.get('Failed');
    if (failure?.status === 'True') return failed(failure.reason ?? 'JobFailed', failure.message ?? 'the job failed');
    if (conditions.get('Complete')?.status === 'True') return ready('Completed');
    if (spec.suspend === true) return ready('Suspended');
    return progressing('JobRunning', `${count(status.succeeded)} of ${count(spec.completions, 1)} completed`);
  },
  Service: (spec, status) => {
    if (spec.type !== 'LoadBalancer') return ready('Service');
    const ingress = fieldsOf(status.loadBalancer).ingress;
    const hasAddress = (Array.isArray(ingress) && ingress.length > 0) || (Array.isArray(spec.externalIPs) && spec.externalIPs.length > 0);
    return hasAddress || textOf(spec.clusterIP) !== undefined ? ready('Service') : progressing('NoAddress', 'has no address yet');
  },
  CustomResourceDefinition: (_spec, _status, conditions) => {
    const names = conditions.get('NamesAccepted');
    if (names?.status === 'False') return failed(names.reason ?? 'NamesNotAccepted', names.message ?? 'its names are taken');
    return conditions.get('Established')?.status === 'True'
      ? ready('Established')
      : progressing('NotEstablished', 'is not established yet');
  },
};

function replicaSetRule(spec: Fields, status: Fields, conditions: ReadonlyMap<string, Condition>): Readiness {
  const refused = conditions.get('ReplicaFailure');
  if (refused?.status === 'True') return progressing(refused.reason ?? 'ReplicaFailure', refused.message ?? 'pods cannot be created');
  const wanted = count(spec.replicas, 1);
  const available = count(status.availableReplicas);
  return available < wanted ? progressing('PodsNotAvailable', `${available} of ${wanted} pods are available`) : ready('Available');
}

function byCondition(conditions: ReadonlyMap<string, Condition>): Readiness {
  const condition = conditions.get('Ready');
  if (condition === undefined || condition.status === 'True') return ready('Ready');
  return progressing(condition.reason ?? 'NotReady', condition.message ?? 'is not ready');
}

function conditionsOf(object: KubeObject): ReadonlyMap<string, Condition> {
  const list = fieldsOf(object.status).conditions;
  return new Map(Array.isArray(list) ? (list as readonly Condition[]).map((condition) => [condition.type, condition]) : []);
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function count(value: unknown, fallback = 0): number {
  return typeof value === 'number' ? value : fallback;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
