/** Reading one ReplicaSet: its hash, size, counts, revision and age; and the parts that a Rollout's ReplicaSets play. */
import { annotations, type Instant, labels, parseTime, type ReplicaSet, type RolloutSpec } from '@sluice/api';
import { desiredReplicas } from './defaults.ts';

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

/**
 * Available pods that can be counted on. While a change of size has not been answered, pods may be counted that are about to go: then none.
 * (Upstream counts them, and may for a moment leave traffic to pods that are not there.)
 */
export function reliablyAvailableOf(set: ReplicaSet | undefined): number {
  return set !== undefined && isObserved(set) ? availableOf(set) : 0;
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

/** The ReplicaSet of a hash; `undefined` for an empty one. */
export function withHash(sets: readonly ReplicaSet[], hash: string | undefined): ReplicaSet | undefined {
  return hash === undefined || hash === '' ? undefined : sets.find((set) => hashOf(set) === hash);
}

/** Whether a version has every pod that the Rollout wants: its size, the size it was last told, and available pods all say so. */
export function isSaturated(spec: RolloutSpec, set: ReplicaSet | undefined): boolean {
  const desired = desiredReplicas(spec);
  return set !== undefined && sizeOf(set) === desired && desiredAnnotationOf(set) === desired && availableOf(set) === desired;
}

/** When a ReplicaSet that is no longer used may be scaled to 0; `undefined` while it has no such deadline. */
export function deadlineOf(set: ReplicaSet): Instant | undefined {
  return parseTime(set.metadata.annotations?.[annotations.scaleDownDeadline]);
}
