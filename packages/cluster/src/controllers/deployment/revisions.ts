/**
 * Which ReplicaSet is the new one, what number its revision has, and the annotations that tie both to `kubectl rollout history`.
 * Rules of k8s.io/kubernetes pkg/controller/deployment/util/deployment_util.go.
 */
import type { KubeObject, Labels } from '@sluice/api';
import { isSemanticallyEqual } from '../../control/equality.ts';
import type { PodTemplate } from '../../shapes/pod.ts';
import type { Deployment, ReplicaSet } from '../../shapes/workloads.ts';
import { desiredReplicas, maxSurge } from './surge.ts';

export const podTemplateHashLabel = 'pod-template-hash';

const revisionKey = 'deployment.kubernetes.io/revision';
const revisionHistoryKey = 'deployment.kubernetes.io/revision-history';
const desiredKey = 'deployment.kubernetes.io/desired-replicas';
const maxKey = 'deployment.kubernetes.io/max-replicas';

const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionKey,
  revisionHistoryKey,
  desiredKey,
  maxKey,
  'deprecated.deployment.rollback.to',
]);

/** About a hundred revisions. */
const historyCharactersMax = 2000;

export function revisionOf(object: KubeObject): number {
  const revision = Number(object.metadata.annotations?.[revisionKey] ?? '0');
  return Number.isInteger(revision) ? revision : 0;
}

export function revisionText(object: KubeObject): string | undefined {
  return object.metadata.annotations?.[revisionKey];
}

export function byCreation(a: KubeObject, b: KubeObject): number {
  const left = a.metadata.creationTimestamp ?? '';
  const right = b.metadata.creationTimestamp ?? '';
  if (left !== right) return left < right ? -1 : 1;
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1;
}

/** The oldest ReplicaSet with the Deployment's template, the hash label left out of the comparison. */
export function findNewReplicaSet(deployment: Deployment, replicaSets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const template = deployment.spec.template;
  return [...replicaSets].sort(byCreation).find((replicaSet) => isSameTemplate(template, replicaSet.spec.template ?? {}));
}

export function isSameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  return isSemanticallyEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplate): PodTemplate {
  const labels = template.metadata?.labels;
  if (labels?.[podTemplateHashLabel] === undefined) return template;
  const { [podTemplateHashLabel]: _, ...rest } = labels;
  return { ...template, metadata: { ...template.metadata, labels: rest } };
}

/**
 * Annotations of the new ReplicaSet: those of the Deployment, the revision (never lowered), and the history of numbers it had before, which
 * grows when a rollback brings an old ReplicaSet back.
 */
export function newReplicaSetAnnotations(deployment: Deployment, before: Labels | undefined, revision: number): Labels {
  const annotations: Record<string, string> = { ...before };
  for (const [key, value] of Object.entries(deployment.metadata.annotations ?? {})) if (!notCopied.has(key)) annotations[key] = value;
  const previous = before?.[revisionKey];
  if (Number(previous ?? '0') < revision) {
    annotations[revisionKey] = String(revision);
    if (previous !== undefined) annotations[revisionHistoryKey] = withHistory(before?.[revisionHistoryKey], previous);
  }
  return annotations;
}

function withHistory(history: string | undefined, revision: string): string {
  if (history === undefined || history === '') return revision;
  const numbers = [...history.split(','), revision];
  while (numbers.join(',').length > historyCharactersMax) numbers.shift();
  return numbers.join(',');
}

/** The annotations that proportional scaling reads: the wished size when the ReplicaSet was last scaled, and the bound above it. */
export function sizeAnnotations(deployment: Deployment): Labels {
  const replicas = desiredReplicas(deployment);
  return { [desiredKey]: String(replicas), [maxKey]: String(replicas + maxSurge(deployment)) };
}

export function annotatedDesiredReplicas(replicaSet: ReplicaSet): number | undefined {
  return countOf(replicaSet.metadata.annotations?.[desiredKey]);
}

export function annotatedMaxReplicas(replicaSet: ReplicaSet): number | undefined {
  return countOf(replicaSet.metadata.annotations?.[maxKey]);
}

function countOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
