/** From objects as they are and objects as they are to be: the writes between them, in an order in which any may be the last. */
import {
  analysisRunType,
  annotations,
  experimentType,
  type KubeObject,
  type ReplicaSet,
  type ResourceType,
  type Rollout,
} from '@sluice/api';
import { desiredReplicas, fenceposts, isBasicCanary } from './defaults.ts';
import type { Pass, World } from './pass.ts';
import { type Action, type MergePatch, objectWrite, type WriteKey } from './plan.ts';
import { nameOf, sizeOf, sum } from './replica-sets.ts';
import { servicePatch } from './services.ts';
import { isSame } from './status.ts';
import { workloadTypeOf } from './workload.ts';

/** The difference between the objects as they are and as they are to be, as writes on either side of the status. */
export function collectWrites(
  start: World,
  end: World,
  passes: readonly Pass[],
  reasonOf: (write: WriteKey) => string,
): { readonly before: readonly Action[]; readonly after: readonly Action[] } {
  const before: Action[] = [];
  const sizes: Action[] = [];
  const known = new Map(start.replicaSets.map((set) => [nameOf(set), set]));
  for (const set of end.replicaSets) {
    const old = known.get(nameOf(set));
    const reason = reasonOf(`replicaset/${nameOf(set)}`);
    const sizeReason = reasonOf(`size/${nameOf(set)}`);
    if (old === undefined) {
      const size = Math.min(sizeOf(set), roomFor(start));
      const created: ReplicaSet = { ...set, spec: { ...set.spec, replicas: size } };
      const isFullSize = size === sizeOf(set);
      before.push({ kind: 'CreateReplicaSet', replicaSet: created, isFullSize, reason });
      if (!isFullSize) sizes.push(replicaSetAction('size', created, { spec: { replicas: sizeOf(set) } }, sizeReason));
      continue;
    }
    const identity = identityPatch(old, set);
    if (identity !== undefined) before.push(replicaSetAction('identity', old, identity, reason));
    const size = sizePatch(old, set);
    if (size !== undefined) sizes.push(replicaSetAction('size', old, size, sizeReason));
  }
  const rolloutPatch = revisionPatch(start.rollout, end.rollout);
  if (rolloutPatch !== undefined) before.push({ kind: 'PatchRollout', patch: rolloutPatch, reason: reasonOf('rollout') });
  for (const [name, service] of end.services) {
    const old = start.services.get(name);
    const patch = old === undefined ? undefined : servicePatch(old, service);
    if (patch === undefined) continue;
    const reason = reasonOf(`service/${name}`);
    before.push({ kind: 'PatchService', name, resourceVersion: service.metadata.resourceVersion, patch, reason });
  }
  before.push(...routedActions(start, end, passes, reasonOf));
  before.push(...ownedActions(analysisRunType, start.analysisRuns, end.analysisRuns, reasonOf));
  before.push(...ownedActions(experimentType, start.experiments, end.experiments, reasonOf));
  const workload = workloadAction(start, end, reasonOf);
  const other = passes.flatMap((pass) => pass.actions);
  before.push(...other.filter(({ kind }) => kind === 'PatchPod'));
  return { before, after: [...orderSizes(start, end, sizes), ...workload, ...other.filter(({ kind }) => kind !== 'PatchPod')] };
}

/** Objects of traffic routers: made, changed where they differ, taken away. */
function routedActions(start: World, end: World, passes: readonly Pass[], reasonOf: (write: WriteKey) => string): readonly Action[] {
  if (start.routed === end.routed) return [];
  const actions: Action[] = [];
  for (const [key, { type, namespace, name, onFailure }] of new Map(passes.flatMap((pass) => [...pass.routedRefs]))) {
    const old = start.routed.get(key);
    const next = end.routed.get(key);
    const reason = reasonOf(objectWrite(type, namespace, name));
    if (old === undefined && next !== undefined) actions.push({ kind: 'CreateObject', type, object: next, reason, onFailure });
    else if (old !== undefined && next === undefined)
      actions.push({ kind: 'DeleteObject', type, namespace, name, uid: old.metadata.uid, reason, onFailure });
    else if (old !== undefined && next !== undefined) {
      const patch = mapPatch(old, next);
      if (patch === undefined) continue;
      actions.push({ kind: 'PatchObject', type, namespace, name, resourceVersion: old.metadata.resourceVersion, patch, reason, onFailure });
    }
  }
  return actions;
}

/** AnalysisRuns and Experiments are created, or asked to end; deletions are actions of a pass. */
function ownedActions(
  type: ResourceType,
  start: readonly KubeObject[],
  end: readonly KubeObject[],
  reasonOf: (write: WriteKey) => string,
): readonly Action[] {
  if (start === end) return [];
  const known = new Map(start.map((object) => [object.metadata.name, object]));
  return end.flatMap((object): readonly Action[] => {
    const { name = '', namespace = '' } = object.metadata;
    const old = known.get(name);
    const reason = reasonOf(objectWrite(type, namespace, name));
    if (old === undefined) return [{ kind: 'CreateObject', type, object, reason }];
    if (old === object) return [];
    return [{ kind: 'PatchObject', type, namespace, name, resourceVersion: undefined, patch: { spec: { terminate: true } }, reason }];
  });
}

function workloadAction(start: World, end: World, reasonOf: (write: WriteKey) => string): readonly Action[] {
  const { workload: old } = start;
  const { workload: next } = end;
  if (old === undefined || next === undefined || old === next) return [];
  const patch = mapPatch(old, next);
  const type = workloadTypeOf(next);
  if (patch === undefined || type === undefined) return [];
  const { name = '', namespace = '', resourceVersion } = old.metadata;
  return [{ kind: 'PatchObject', type, namespace, name, resourceVersion, patch, reason: reasonOf(objectWrite(type, namespace, name)) }];
}

/** Pods that a new ReplicaSet may have before any other shrinks. Only where sizes are the traffic is there such a bound. */
function roomFor({ rollout, replicaSets }: World): number {
  if (!isBasicCanary(rollout.spec)) return Number.POSITIVE_INFINITY;
  return Math.max(0, desiredReplicas(rollout.spec) + fenceposts(rollout.spec).surge - sum(replicaSets, sizeOf));
}

/**
 * Shrinking comes before growing where together they would exceed the surge for a moment; otherwise both may be sent at once.
 * Shrinking is always bounded by pods that are available already, so it never has to wait for growth.
 */
function orderSizes(start: World, end: World, sizes: readonly Action[]): readonly Action[] {
  if (sizes.length < 2) return sizes;
  const sizeBefore = new Map(start.replicaSets.map((set) => [nameOf(set), sizeOf(set)]));
  const sizeAfter = new Map(end.replicaSets.map((set) => [nameOf(set), sizeOf(set)]));
  const names = new Set([...sizeBefore.keys(), ...sizeAfter.keys()]);
  const atMost = [...names].reduce((total, name) => total + Math.max(sizeBefore.get(name) ?? 0, sizeAfter.get(name) ?? 0), 0);
  const { spec } = end.rollout;
  const bound = isBasicCanary(spec) ? desiredReplicas(spec) + fenceposts(spec).surge : Number.POSITIVE_INFINITY;
  const nowTotal = [...sizeBefore.values()].reduce((total, size) => total + size, 0);
  const isCreation = sizes.some((action) => action.kind === 'PatchReplicaSet' && !sizeBefore.has(action.name));
  if (!isCreation && atMost <= Math.max(bound, nowTotal)) {
    return [{ kind: 'Together', actions: sizes, reason: 'safe in any order' }];
  }
  const grows = (action: Action): boolean =>
    action.kind === 'PatchReplicaSet' && (sizeAfter.get(action.name) ?? 0) > (sizeBefore.get(action.name) ?? -1);
  return [...sizes.filter((action) => !grows(action)), ...sizes.filter(grows)];
}

function replicaSetAction(of: 'identity' | 'size', set: ReplicaSet, patch: MergePatch, reason: string): Action {
  return { kind: 'PatchReplicaSet', of, name: nameOf(set), resourceVersion: set.metadata.resourceVersion, patch, reason };
}

/** Annotations that belong to a size. */
const sizeAnnotations: ReadonlySet<string> = new Set([annotations.desiredReplicas, annotations.scaleDownDeadline]);

function identityPatch(old: ReplicaSet, set: ReplicaSet): MergePatch | undefined {
  const notes = annotationPatch(old, set, (key) => !sizeAnnotations.has(key));
  const isReady = (old.spec?.minReadySeconds ?? 0) === (set.spec?.minReadySeconds ?? 0);
  const template = old.spec?.template === set.spec?.template ? undefined : mapPatch(old.spec?.template ?? {}, set.spec?.template ?? {});
  if (notes === undefined && isReady && template === undefined) return undefined;
  const spec = { ...(isReady ? {} : { minReadySeconds: set.spec?.minReadySeconds ?? 0 }), ...(template === undefined ? {} : { template }) };
  return {
    ...(notes === undefined ? {} : { metadata: { annotations: notes } }),
    ...(Object.keys(spec).length === 0 ? {} : { spec }),
  };
}

function sizePatch(old: ReplicaSet, set: ReplicaSet): MergePatch | undefined {
  const notes = annotationPatch(old, set, (key) => sizeAnnotations.has(key));
  const isSized = sizeOf(old) === sizeOf(set);
  if (notes === undefined && isSized) return undefined;
  return {
    ...(notes === undefined ? {} : { metadata: { annotations: notes } }),
    ...(isSized ? {} : { spec: { replicas: sizeOf(set) } }),
  };
}

function annotationPatch(old: ReplicaSet, set: ReplicaSet, isMeant: (key: string) => boolean): MergePatch | undefined {
  const only = (map: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> =>
    Object.fromEntries(Object.entries(map ?? {}).filter(([key]) => isMeant(key)));
  return mapPatch(only(old.metadata.annotations), only(set.metadata.annotations));
}

/** Merge patch between two JSON objects; lists are replaced whole. */
function mapPatch(old: object, next: object): MergePatch | undefined {
  const before = old as Readonly<Record<string, unknown>>;
  const after = next as Readonly<Record<string, unknown>>;
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(after)) {
    const was = before[key];
    if (isSame(was, value)) continue;
    const isNested = [was, value].every((side) => typeof side === 'object' && side !== null && !Array.isArray(side));
    patch[key] = isNested ? mapPatch(was as object, value as object) : value;
  }
  for (const key of Object.keys(before)) if (after[key] === undefined) patch[key] = null;
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function revisionPatch(old: Rollout, next: Rollout): MergePatch | undefined {
  const changed = [annotations.revision, annotations.workloadGeneration].filter(
    (key) => next.metadata.annotations?.[key] !== undefined && old.metadata.annotations?.[key] !== next.metadata.annotations[key],
  );
  if (changed.length === 0) return undefined;
  return { metadata: { annotations: Object.fromEntries(changed.map((key) => [key, next.metadata.annotations?.[key]])) } };
}
