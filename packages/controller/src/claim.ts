/**
 * Whose ReplicaSets are whose: a Rollout adopts matching ones that nobody controls and lets go of its own that stop matching.
 *
 * @see kubernetes pkg/controller/controller_ref_manager.go (same rules, same checks before an adoption)
 */
import {
  isStatusError,
  type LabelSelector,
  matches,
  type ReplicaSet,
  type Requirement,
  type Rollout,
  requirementsOf,
  rolloutType,
  SelectorError,
} from '@sluice/api';
import { builtinTypes, type Client, type Informer, ownerIndexName } from '@sluice/kube';
import { orphanIndex } from './observe.ts';

/** ReplicaSets that the Rollout controls after this call, as the cache has them or as the API answered. */
export async function claimReplicaSets(
  rollout: Rollout,
  replicaSets: Informer<ReplicaSet>,
  client: Client,
): Promise<readonly ReplicaSet[]> {
  const { uid = '', namespace = '' } = rollout.metadata;
  const { selector } = rollout.spec;
  const own = replicaSets.byIndex(ownerIndexName, uid).filter((set) => controls(uid, set));
  const requirements = readSelector(selector);
  if (requirements === undefined) return own;
  const isMeant = (set: ReplicaSet): boolean => requirements.length > 0 && matches(requirements, set.metadata.labels);
  const claimed: ReplicaSet[] = [];
  for (const set of own) {
    if (isMeant(set)) claimed.push(set);
    else await release(rollout, set, replicaSets, client);
  }
  const orphans = replicaSets
    .byIndex(orphanIndex, namespace)
    .filter((set) => set.metadata.deletionTimestamp === undefined && set.metadata.namespace === namespace && isMeant(set));
  if (orphans.length > 0 && (await mayAdopt(rollout, client))) {
    for (const set of orphans) claimed.push(...(await adopt(rollout, set, replicaSets, client)));
  }
  return claimed;
}

/** `undefined` for a selector that is missing or cannot be read: the decision will say so. */
function readSelector(selector: LabelSelector | undefined): readonly Requirement[] | undefined {
  if (selector === undefined) return undefined;
  try {
    return requirementsOf(selector);
  } catch (error) {
    if (error instanceof SelectorError) return undefined;
    throw error;
  }
}

function controls(uid: string, set: ReplicaSet): boolean {
  return set.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === uid) === true;
}

/** The cache may not know yet that the Rollout is gone or another one of the same name. */
async function mayAdopt(rollout: Rollout, client: Client): Promise<boolean> {
  const { namespace, name = '', uid } = rollout.metadata;
  try {
    const fresh = await client.get(rolloutType, { namespace, name });
    return fresh.metadata.uid === uid && fresh.metadata.deletionTimestamp === undefined;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return false;
    throw error;
  }
}

async function adopt(rollout: Rollout, set: ReplicaSet, replicaSets: Informer<ReplicaSet>, client: Client): Promise<readonly ReplicaSet[]> {
  const { name = '', uid = '' } = rollout.metadata;
  const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true, blockOwnerDeletion: true };
  const ownerReferences = [...(set.metadata.ownerReferences ?? []), owner];
  return patchOwners(set, ownerReferences, replicaSets, client);
}

async function release(rollout: Rollout, set: ReplicaSet, replicaSets: Informer<ReplicaSet>, client: Client): Promise<void> {
  const kept = (set.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== rollout.metadata.uid);
  await patchOwners(set, kept, replicaSets, client);
}

/** Guarded by uid and resource version, so the list of owners is the one that was seen. */
async function patchOwners(
  set: ReplicaSet,
  ownerReferences: NonNullable<ReplicaSet['metadata']['ownerReferences']>,
  replicaSets: Informer<ReplicaSet>,
  client: Client,
): Promise<readonly ReplicaSet[]> {
  const { namespace, name = '', uid, resourceVersion } = set.metadata;
  const patch = { metadata: { uid, resourceVersion, ownerReferences: ownerReferences.length === 0 ? null : ownerReferences } };
  try {
    const answer = await client.patch<ReplicaSet>(builtinTypes.replicaSets, { namespace, name }, 'merge', patch, { lane: 'background' });
    replicaSets.overlay(answer);
    return [answer];
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return [];
    throw error;
  }
}
