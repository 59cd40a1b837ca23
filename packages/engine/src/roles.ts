/** Which ReplicaSet of a Rollout plays which part. */
import { labels, type PodTemplateSpec, podTemplateHash, podTemplatesEqual, type ReplicaSet, type Rollout } from '@sluice/api';
import { withoutTerm } from './anti-affinity.ts';
import { recordedMetadata, withoutMetadata } from './ephemeral-metadata.ts';
import type { ReplicaSetRoles } from './replica-sets.ts';
import { createdAt, hashOf, nameOf } from './replica-sets.ts';

/** @param hash - of the present template, as `templateHash` gives it */
export function assignRoles(rollout: Rollout, replicaSets: readonly ReplicaSet[], hash: string): ReplicaSetRoles {
  const all = [...replicaSets].sort(byAge);
  const current = all.find((set) => hashOf(set) === hash) ?? all.find((set) => hasTemplateOf(set, rollout));
  const stableHash = rollout.status?.stableRS ?? '';
  const stable = stableHash === '' ? undefined : all.find((set) => hashOf(set) === stableHash);
  const older = all.filter((set) => set !== current);
  return { current, stable, older, others: older.filter((set) => set !== stable), all };
}

/**
 * Whether a ReplicaSet runs the present template, apart from what a controller put into it. Keeps an old ReplicaSet in use when the hash
 * of an equal template has become another: `undo` brings the API's defaults into the spec, and the label then stays the hash.
 */
export function hasTemplateOf(set: ReplicaSet, rollout: Rollout): boolean {
  const own = set.spec?.template;
  if (own === undefined || rollout.spec.template === undefined) return false;
  const plain = withoutTerm(withoutMetadata(own, recordedMetadata(set)));
  return podTemplatesEqual(withoutHash(plain), withoutHash(rollout.spec.template));
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [labels.podTemplateHash]: _, ...kept } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels: kept } };
}

/** Hash that a ReplicaSet created now would get. */
export function templateHash(rollout: Rollout): string {
  return podTemplateHash(rollout.spec.template ?? {}, rollout.status?.collisionCount);
}

function byAge(a: ReplicaSet, b: ReplicaSet): number {
  return createdAt(a) - createdAt(b) || (nameOf(a) < nameOf(b) ? -1 : 1);
}
