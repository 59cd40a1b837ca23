/**
 * What the garbage collector does about one object, from the state of its owners and its dependents. Pure.
 * Rules of k8s.io/kubernetes pkg/controller/garbagecollector/garbagecollector.go (attemptToDeleteItem, processDeletingDependentsItem,
 * orphanDependents).
 */
import type { KubeObject, OwnerReference, ResourceType } from '@sluice/api';
import { inOrder, nothing, type Plan, type Write } from '../../control/plan.ts';

const foregroundFinalizer = 'foregroundDeletion';
const orphanFinalizer = 'orphan';

/** `waiting`: being deleted in the foreground, and staying until its dependents are gone. */
export type OwnerState = 'solid' | 'absent' | 'waiting';

export type Dependent = { readonly type: ResourceType; readonly object: KubeObject };

export type GarbageFacts = {
  readonly type: ResourceType;
  readonly object: KubeObject;
  readonly owners: readonly { readonly reference: OwnerReference; readonly state: OwnerState }[];
  readonly dependents: readonly Dependent[];
};

export function isDeletingDependents(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && hasFinalizer(object, foregroundFinalizer);
}

export function isOrphaning(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && hasFinalizer(object, orphanFinalizer);
}

/** Whether the object's deletion waits for this dependent. */
function blocks(dependent: KubeObject, owner: KubeObject): boolean {
  return (
    dependent.metadata.ownerReferences?.some(({ uid, blockOwnerDeletion }) => uid === owner.metadata.uid && blockOwnerDeletion === true) ===
    true
  );
}

export function decideGarbage(seen: GarbageFacts): Plan {
  const { object } = seen;
  if (isOrphaning(object)) return orphan(seen);
  if (isDeletingDependents(object)) {
    const waits = seen.dependents.some((dependent) => blocks(dependent.object, object));
    return waits ? nothing('dependents remain') : plan('dependents are gone', withoutFinalizer(seen, foregroundFinalizer));
  }
  if (object.metadata.deletionTimestamp !== undefined) return nothing('being deleted');
  if (seen.owners.length === 0) return nothing('no owners');

  const isSolid = seen.owners.some(({ state }) => state === 'solid');
  const gone = seen.owners.filter(({ state }) => state !== 'solid').map(({ reference }) => reference.uid);
  if (isSolid) return gone.length === 0 ? nothing('owned') : plan('some owners are gone', withoutOwners(seen.type, object, gone));

  const isWaitedFor = seen.owners.some(({ state }) => state === 'waiting');
  if (isWaitedFor && seen.dependents.length > 0) {
    // Two that wait for each other would wait for ever: this one lets go of its owners first.
    const isCircle = seen.dependents.some((dependent) => isDeletingDependents(dependent.object));
    const unblock = isCircle ? unblocked(seen.type, object) : undefined;
    return plan('owner waits for dependents', unblock, remove(seen, 'Foreground', unblock === undefined));
  }
  const policy = hasFinalizer(object, orphanFinalizer) ? 'Orphan' : hasFinalizer(object, foregroundFinalizer) ? 'Foreground' : 'Background';
  return plan('owners are gone', remove(seen, policy, true));
}

function plan(reason: string, ...writes: readonly (Write | undefined)[]): Plan {
  return { steps: inOrder(...writes), notes: [], reason };
}

/** Dependents lose their reference first; only then may the owner go. */
function orphan(seen: GarbageFacts): Plan {
  const writes = seen.dependents.map(({ type, object }) => withoutOwners(type, object, [seen.object.metadata.uid ?? '']));
  return {
    steps: [...(writes.length === 0 ? [] : [{ writes }]), { writes: [withoutFinalizer(seen, orphanFinalizer)] }],
    notes: [],
    reason: 'orphan the dependents',
  };
}

function remove(seen: GarbageFacts, propagationPolicy: 'Background' | 'Foreground' | 'Orphan', guarded: boolean): Write {
  return { verb: 'delete', type: seen.type, object: seen.object, propagationPolicy, guarded };
}

function withoutOwners(type: ResourceType, object: KubeObject, uids: readonly string[]): Write {
  const rest = object.metadata.ownerReferences?.filter(({ uid }) => !uids.includes(uid)) ?? [];
  return { verb: 'patch', type, object, patch: { metadata: { ownerReferences: rest.length === 0 ? null : rest } } };
}

function unblocked(type: ResourceType, object: KubeObject): Write | undefined {
  const references = object.metadata.ownerReferences ?? [];
  if (!references.some((reference) => reference.blockOwnerDeletion === true)) return undefined;
  const next = references.map((reference) => ({ ...reference, blockOwnerDeletion: false }));
  return { verb: 'patch', type, object, patch: { metadata: { ownerReferences: next } } };
}

function withoutFinalizer(seen: GarbageFacts, finalizer: string): Write {
  const rest = seen.object.metadata.finalizers?.filter((candidate) => candidate !== finalizer) ?? [];
  const patch = { metadata: { finalizers: rest.length === 0 ? null : rest } };
  return { verb: 'patch', type: seen.type, object: seen.object, patch };
}

function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) === true;
}
