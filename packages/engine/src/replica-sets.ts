/** Reading one ReplicaSet: its hash, size, counts, revision and age; and the parts that a Rollout's ReplicaSets play. */
import { annotations, type Instant, labels, parseTime, type ReplicaSet } from '@sluice/api';

export type ReplicaSetRoles = {
  /** Matches the present template. */
  readonly current: ReplicaSet | undefined;
  /** Its hash is `status.stableRS`. May be the current one. */
  readonly stable: ReplicaSet | undefined;
  /** All but the current one. */
  readonly older: readonly ReplicaSet[];
  /** Neither current nor stable. */
  readonly others: readonly ReplicaSet[];
  /** By age, then name. */
  readonly all: readonly ReplicaSet[];
};

export function hashOf(set: ReplicaSet | undefined): string {
  return set?.metadata.labels?.[labels.podTemplateHash] ?? '';
}

export function nameOf(set: ReplicaSet): string {
  return set.metadata.name ?? '';
}

/** Absent in the spec means 1, as the API defaults it. */
export function sizeOf(set: ReplicaSet | undefined): number {
  return set === undefined ? 0 : (set.spec?.replicas ?? 1);
}

export function availableOf(set: ReplicaSet | undefined): number {
  return set?.status?.availableReplicas ?? 0;
}

export function createdOf(set: ReplicaSet | undefined): number {
  return set?.status?.replicas ?? 0;
}

/** Whether the counts are those of the present size: the ReplicaSet controller has seen the last change. */
export function isObserved(set: ReplicaSet): boolean {
  return (set.metadata.generation ?? 0) <= (set.status?.observedGeneration ?? 0);
}

/** Revision of a ReplicaSet or a Rollout; 0 where the annotation is missing or no number. */
export function revisionOf(object: { readonly metadata: ReplicaSet['metadata'] } | undefined): number {
  const text = object?.metadata.annotations?.[annotations.revision];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : 0;
}

export function desiredAnnotationOf(set: ReplicaSet): number | undefined {
  const text = set.metadata.annotations?.[annotations.desiredReplicas];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

export function createdAt(object: { readonly metadata: ReplicaSet['metadata'] }): Instant {
  return parseTime(object.metadata.creationTimestamp) ?? 0;
}

export function sum(sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number {
  return sets.reduce((total, set) => total + count(set), 0);
}
