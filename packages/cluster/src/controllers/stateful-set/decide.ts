/**
 * What a StatefulSet needs next: pods by ordinal, one after another or all at once, updates from the highest ordinal down, then its status.
 * Pure. Behaves as the statefulset controller of Kubernetes 1.34 (stateful_set_control.go).
 */
import type { Instant } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { surplusRevisions } from '../../control/history.ts';
import { inOrder, type Note, nothing, type Plan, type Step, statusWrite, type Write } from '../../control/plan.ts';
import { scaledValue } from '../../shapes/int-or-percent.ts';
import type { Pod } from '../../shapes/pod.ts';
import { hasPodEnded, isPodAvailable, nextAvailabilityMs } from '../../shapes/pod-conditions.ts';
import type { PersistentVolumeClaim } from '../../shapes/services.ts';
import type { ControllerRevision, StatefulSet, StatefulSetStatus } from '../../shapes/workloads.ts';
import {
  claimsOf,
  firstOrdinal,
  isRunningAndAvailable,
  isRunningAndReady,
  ordinalOf,
  revisionNameOf,
  scaledAwayOwner,
  statefulPod,
} from './pods.ts';

export type StatefulSetFacts = {
  readonly set: StatefulSet;
  /** Claimed, those that have ended or are being deleted included. */
  readonly pods: readonly Pod[];
  readonly revisions: readonly ControllerRevision[];
  /** That of the present template. */
  readonly update: ControllerRevision;
  readonly claim: (name: string) => PersistentVolumeClaim | undefined;
};

export function decideStatefulPods(seen: StatefulSetFacts, now: Instant): Plan {
  const { set, pods } = seen;
  if (set.metadata.deletionTimestamp !== undefined) return nothing('being deleted');
  const first = firstOrdinal(set);
  const end = first + (set.spec.replicas ?? 1);
  const byOrdinal = new Map<number, Pod>();
  const condemned: { ordinal: number; pod: Pod }[] = [];
  for (const pod of pods) {
    const ordinal = ordinalOf(set, pod);
    if (ordinal === undefined) continue;
    if (ordinal >= first && ordinal < end) byOrdinal.set(ordinal, pod);
    else condemned.push({ ordinal, pod });
  }
  condemned.sort((a, b) => b.ordinal - a.ordinal);
  const isOrdered = (set.spec.podManagementPolicy ?? 'OrderedReady') === 'OrderedReady';

  const steps: Step[] = [];
  for (let ordinal = first; ordinal < end; ordinal++) {
    const pod = byOrdinal.get(ordinal);
    const writes = pod === undefined ? creation(seen, ordinal) : hasPodEnded(pod) && !isGoing(pod) ? [removal(set, pod)] : [];
    for (const write of writes) steps.push({ writes: [write] });
    if (!isOrdered) continue;
    if (writes.length > 0) return { steps, notes: [], reason: `pod ${ordinal} is not there` };
    if (pod !== undefined && (isGoing(pod) || !isRunningAndAvailable(set, pod, now))) {
      return nothing(`wait for pod ${ordinal}`, nextAvailabilityMs([pod], set.spec.minReadySeconds ?? 0, now));
    }
  }
  if (isOrdered) {
    const scaleDown = removeCondemned(seen, condemned, [...byOrdinal.values()]);
    if (scaleDown !== undefined) return scaleDown;
  } else {
    for (const { pod } of condemned) if (!isGoing(pod)) steps.push(...condemn(seen, pod));
  }
  return steps.length > 0 ? { steps, notes: [], reason: 'pods are missing or too many' } : updatePods(seen, byOrdinal, now);
}

function isGoing(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

/** Claims first, so that the pod finds them. */
function creation(seen: StatefulSetFacts, ordinal: number): readonly Write[] {
  const { set } = seen;
  const revision = isOldRevisionNeeded(set, ordinal) ? currentRevision(seen) : seen.update;
  const pod = statefulPod(set, ordinal, revision);
  const name = pod.metadata.name ?? '';
  const claims = claimsOf(set, ordinal)
    .filter((claim) => seen.claim(claim.metadata.name ?? '') === undefined)
    .map((claim): Write => {
      const subject = `create Claim ${claim.metadata.name} Pod ${name} in StatefulSet ${set.metadata.name}`;
      return {
        verb: 'create',
        type: builtinTypes.persistentVolumeClaims,
        object: claim,
        note: note(set, 'Normal', 'SuccessfulCreate', `${subject} success`),
        failureNote: note(set, 'Warning', 'FailedCreate', `${subject} failed error: {error}`),
      };
    });
  const subject = `create Pod ${name} in StatefulSet ${set.metadata.name}`;
  return [
    ...claims,
    {
      verb: 'create',
      type: builtinTypes.pods,
      object: pod,
      note: note(set, 'Normal', 'SuccessfulCreate', `${subject} successful`),
      failureNote: note(set, 'Warning', 'FailedCreate', `${subject} failed error: {error}`),
    },
  ];
}

function removal(set: StatefulSet, pod: Pod): Write {
  const subject = `delete Pod ${pod.metadata.name} in StatefulSet ${set.metadata.name}`;
  return {
    verb: 'delete',
    type: builtinTypes.pods,
    object: pod,
    note: note(set, 'Normal', 'SuccessfulDelete', `${subject} successful`),
    failureNote: note(set, 'Warning', 'FailedDelete', `${subject} failed error: {error}`),
  };
}

function note(about: StatefulSet, type: Note['type'], reason: string, message: string): Note {
  return { about, type, reason, message };
}

/** Below the partition pods keep the revision that was current; without one, as many as were current when the update began. */
function isOldRevisionNeeded(set: StatefulSet, ordinal: number): boolean {
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return false;
  const kept = rollingUpdate?.partition ?? set.status?.currentReplicas ?? 0;
  return ordinal < firstOrdinal(set) + kept;
}

function currentRevision(seen: StatefulSetFacts): ControllerRevision {
  return seen.revisions.find((revision) => revision.metadata.name === seen.set.status?.currentRevision) ?? seen.update;
}

/** The highest ordinal goes first, and only while everything below it is well; one pod that is ill already may go before. */
function removeCondemned(
  seen: StatefulSetFacts,
  condemned: readonly { ordinal: number; pod: Pod }[],
  kept: readonly Pod[],
): Plan | undefined {
  const [highest] = condemned;
  if (highest === undefined) return undefined;
  const { pod } = highest;
  if (isGoing(pod)) return nothing(`wait for pod ${highest.ordinal} to go`);
  const below = [...kept, ...condemned.slice(1).map((other) => other.pod)];
  const hasIllBelow = below.some((other) => !isRunningAndReady(other) || isGoing(other));
  if (!isRunningAndReady(pod) && hasIllBelow) return nothing('wait for pods below');
  return { steps: condemn(seen, pod), notes: [], reason: `pod ${highest.ordinal} is too many` };
}

function condemn(seen: StatefulSetFacts, pod: Pod): readonly Step[] {
  const { set } = seen;
  const ordinal = ordinalOf(set, pod) ?? 0;
  const goWithPod = set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled === 'Delete';
  const claims = goWithPod ? claimsOf(set, ordinal).flatMap((claim) => seen.claim(claim.metadata.name ?? '') ?? []) : [];
  const bind = claims.map((object): Write => {
    const ownerReferences = [...(object.metadata.ownerReferences ?? []), scaledAwayOwner(pod)];
    return { verb: 'patch', type: builtinTypes.persistentVolumeClaims, object, patch: { metadata: { ownerReferences } } };
  });
  return inOrder(...bind, removal(set, pod));
}

/** From the highest ordinal down to the partition: delete what has the old template, wait for what has the new one. */
function updatePods(seen: StatefulSetFacts, byOrdinal: ReadonlyMap<number, Pod>, now: Instant): Plan {
  const { set, update } = seen;
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return nothing('updated on delete');
  const lowest = firstOrdinal(set) + (rollingUpdate?.partition ?? 0);
  const unavailableMax = Math.max(1, scaledValue(rollingUpdate?.maxUnavailable ?? 1, set.spec.replicas ?? 1, 'up'));
  const targets = [...byOrdinal].filter(([ordinal]) => ordinal >= lowest).sort(([a], [b]) => b - a);
  let unavailable = 0;
  const writes: Write[] = [];
  for (const [, pod] of targets) {
    if (unavailable >= unavailableMax) break;
    if (revisionNameOf(pod) !== update.metadata.name && !isGoing(pod)) {
      writes.push(removal(set, pod));
      unavailable++;
    } else if (isGoing(pod) || !isRunningAndAvailable(set, pod, now)) unavailable++;
  }
  const wait = nextAvailabilityMs([...byOrdinal.values()], set.spec.minReadySeconds ?? 0, now);
  if (writes.length === 0) return nothing('pods are as they should be', wait);
  return { steps: [{ writes }], notes: [], reason: 'pods have an old template' };
}

export function decideStatefulStatus(seen: StatefulSetFacts, now: Instant): Plan {
  const { set, pods, update } = seen;
  const before = set.status ?? {};
  const current = currentRevision(seen).metadata.name ?? '';
  const updated = update.metadata.name ?? '';
  const isCreated = (pod: Pod): boolean => (pod.status?.phase ?? '') !== '';
  const created = pods.filter((pod) => isCreated(pod) && ordinalOf(set, pod) !== undefined);
  const staying = created.filter((pod) => !isGoing(pod));
  const ready = created.filter(isRunningAndReady);
  const counts = {
    replicas: created.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now)).length,
    currentReplicas: staying.filter((pod) => revisionNameOf(pod) === current).length,
    updatedReplicas: staying.filter((pod) => revisionNameOf(pod) === updated).length,
  };
  const isRolling = (set.spec.updateStrategy?.type ?? 'RollingUpdate') === 'RollingUpdate';
  const isComplete =
    isRolling &&
    counts.updatedReplicas === counts.replicas &&
    counts.readyReplicas === counts.replicas &&
    counts.replicas === (set.spec.replicas ?? 1);
  const status: StatefulSetStatus = {
    ...before,
    observedGeneration: set.metadata.generation ?? 0,
    replicas: counts.replicas,
    availableReplicas: counts.availableReplicas,
    ...nonZero('readyReplicas', counts.readyReplicas),
    ...nonZero('currentReplicas', isComplete ? counts.updatedReplicas : counts.currentReplicas),
    ...nonZero('updatedReplicas', counts.updatedReplicas),
    currentRevision: isComplete ? updated : current,
    updateRevision: updated,
    collisionCount: before.collisionCount ?? 0,
  };
  const write = statusWrite(builtinTypes.statefulSets, set, withoutMissing(status, counts, isComplete));
  const live = new Set([current, updated, ...pods.map(revisionNameOf)]);
  const cleanUp = surplusRevisions(seen.revisions, live, set.spec.revisionHistoryLimit ?? 10);
  return {
    steps: [...inOrder(write), ...(cleanUp.length === 0 ? [] : [{ writes: cleanUp }])],
    notes: [],
    reason: 'status',
    requeueAfterMs: nextAvailabilityMs(pods, set.spec.minReadySeconds ?? 0, now),
  };
}

type Counts = { readonly readyReplicas: number; readonly currentReplicas: number; readonly updatedReplicas: number };

/** Counts that the wire form leaves out at zero must not stay behind from the status before. */
function withoutMissing(status: StatefulSetStatus, counts: Counts, isComplete: boolean): StatefulSetStatus {
  const gone = (['readyReplicas', 'currentReplicas', 'updatedReplicas'] as const).filter(
    (field) => (isComplete && field === 'currentReplicas' ? counts.updatedReplicas : counts[field]) === 0,
  );
  return Object.fromEntries(Object.entries(status).filter(([field]) => !gone.includes(field as keyof Counts))) as StatefulSetStatus;
}

function nonZero<K extends keyof Counts>(field: K, count: number): { [field in K]?: number } {
  return count === 0 ? {} : ({ [field]: count } as { [field in K]?: number });
}
