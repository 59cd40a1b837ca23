/**
 * Labels and annotations that pods carry only while they play a role (canary, stable). The ReplicaSet's template holds them, with a note
 * of what was added, so that they can be taken away again; running pods are changed in place.
 */
import {
  annotations,
  type ExtraMetadata,
  type ObjectMeta,
  type Pod,
  type PodTemplateSpec,
  type ReplicaSet,
  type Rollout,
} from '@sluice/api';
import { nameOf, type ReplicaSetRoles, sizeOf } from './replica-sets.ts';

export type RoleMetadata = { readonly replicaSet: ReplicaSet; readonly metadata: ExtraMetadata | undefined };

/**
 * What each ReplicaSet's pods are to carry now. Empty where the strategy names no metadata at all: what was injected earlier then stays
 * (upstream's behaviour, kept).
 */
export function roleMetadata(rollout: Rollout, roles: ReplicaSetRoles): readonly RoleMetadata[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  const update = canary?.canaryMetadata ?? blueGreen?.previewMetadata;
  const steady = canary?.stableMetadata ?? blueGreen?.activeMetadata;
  if (update === undefined && steady === undefined) return [];
  const { current, stable, others } = roles;
  const isRolledOut = stable === undefined || stable === current;
  const result: RoleMetadata[] = [];
  if (current !== undefined) result.push({ replicaSet: current, metadata: isRolledOut ? steady : update });
  if (!isRolledOut) result.push({ replicaSet: stable, metadata: steady });
  return [...result, ...others.map((replicaSet) => ({ replicaSet, metadata: undefined }))];
}

/** The metadata with which a new ReplicaSet starts. */
export function firstMetadata(rollout: Rollout, stable: ReplicaSet | undefined): ExtraMetadata | undefined {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  return stable === undefined
    ? (canary?.stableMetadata ?? blueGreen?.activeMetadata)
    : (canary?.canaryMetadata ?? blueGreen?.previewMetadata);
}

/** What a ReplicaSet says it has injected. */
export function recordedMetadata(replicaSet: ReplicaSet): ExtraMetadata {
  const text = replicaSet.metadata.annotations?.[annotations.ephemeralMetadata];
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as ExtraMetadata) : {};
  } catch {
    return {};
  }
}

/** The text of the annotation: labels before annotations, empty parts left out. `undefined` for nothing to note. */
export function metadataNote(metadata: ExtraMetadata | undefined): string | undefined {
  const kept = {
    ...(hasEntries(metadata?.labels) ? { labels: sorted(metadata.labels) } : {}),
    ...(hasEntries(metadata?.annotations) ? { annotations: sorted(metadata.annotations) } : {}),
  };
  return Object.keys(kept).length === 0 ? undefined : JSON.stringify(kept);
}

/** Whether the template already carries exactly this. */
export function carriesMetadata(replicaSet: ReplicaSet, metadata: ExtraMetadata | undefined): boolean {
  return replicaSet.metadata.annotations?.[annotations.ephemeralMetadata] === metadataNote(metadata);
}

/** Pod or template metadata with the recorded keys taken off and the wanted ones put on. */
export function exchangedMetadata(present: ObjectMeta | undefined, recorded: ExtraMetadata, wanted: ExtraMetadata | undefined): ObjectMeta {
  const exchange = (
    map: Readonly<Record<string, string>> | undefined,
    off: Readonly<Record<string, string>> | undefined,
    on: Readonly<Record<string, string>> | undefined,
  ): Readonly<Record<string, string>> =>
    Object.fromEntries([...Object.entries(map ?? {}).filter(([key]) => !Object.hasOwn(off ?? {}, key)), ...Object.entries(on ?? {})]);
  const labels = exchange(present?.labels, recorded.labels, wanted?.labels);
  const notes = exchange(present?.annotations, recorded.annotations, wanted?.annotations);
  const { annotations: _, ...rest } = present ?? {};
  return { ...rest, labels, ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }) };
}

/** The template as it was before anything was injected. */
export function withoutMetadata(template: PodTemplateSpec, recorded: ExtraMetadata): PodTemplateSpec {
  if (recorded.labels === undefined && recorded.annotations === undefined) return template;
  return { ...template, metadata: exchangedMetadata(template.metadata, recorded, undefined) };
}

/** Merge patch of a pod's metadata, `undefined` when it is right already. */
export function podPatch(
  pod: Pod,
  recorded: ExtraMetadata,
  wanted: ExtraMetadata | undefined,
): Readonly<Record<string, unknown>> | undefined {
  const part = (
    present: Readonly<Record<string, string>> | undefined,
    off: Readonly<Record<string, string>> | undefined,
    on: Readonly<Record<string, string>> | undefined,
  ): Readonly<Record<string, string | null>> => {
    const change: Record<string, string | null> = {};
    for (const key of Object.keys(off ?? {})) {
      if (!Object.hasOwn(on ?? {}, key) && Object.hasOwn(present ?? {}, key)) change[key] = null;
    }
    for (const [key, value] of Object.entries(on ?? {})) if (present?.[key] !== value) change[key] = value;
    return change;
  };
  const labels = part(pod.metadata.labels, recorded.labels, wanted?.labels);
  const notes = part(pod.metadata.annotations, recorded.annotations, wanted?.annotations);
  if (Object.keys(labels).length === 0 && Object.keys(notes).length === 0) return undefined;
  return {
    metadata: {
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }),
    },
  };
}

/** Names a ReplicaSet together with what its pods should carry, for `podMetadataChecked`. */
export function metadataKey(replicaSet: ReplicaSet, metadata: ExtraMetadata | undefined): string {
  return `${replicaSet.metadata.uid ?? nameOf(replicaSet)} ${metadataNote(metadata) ?? ''}`;
}

/** ReplicaSets without pods need no look at pods. */
export function hasPods(replicaSet: ReplicaSet): boolean {
  return sizeOf(replicaSet) > 0;
}

function hasEntries(map: Readonly<Record<string, string>> | undefined): map is Readonly<Record<string, string>> {
  return map !== undefined && Object.keys(map).length > 0;
}

function sorted(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}
