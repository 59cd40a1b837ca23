/**
 * What a Deployment needs next. Pure: `(seen, now) -> Plan`, the same pass again is harmless.
 * Behaves as the deployment controller of Kubernetes 1.34, in fewer writes: a pass has one status patch at its end.
 */
import type { Condition, Instant } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { conditionOf, withCondition } from '../../control/conditions.ts';
import { mergeDifference } from '../../control/equality.ts';
import { combinePatches, controllerReference, inOrder, type Note, nothing, type Plan, type Write } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import { hasPodEnded } from '../../shapes/pod-conditions.ts';
import type { Deployment, DeploymentStatus, ReplicaSet } from '../../shapes/workloads.ts';
import {
  findNewReplicaSet,
  isSameTemplate,
  newReplicaSetAnnotations,
  podTemplateHashLabel,
  revisionOf,
  revisionText,
  sizeAnnotations,
} from './revisions.ts';
import { isScalingEvent, newReplicaSetSize, type Resize, rollingUpdateStep, scaleSizes, sizeOf } from './sizes.ts';
import { countedStatus, deploymentCondition, hasProgressDeadline, isComplete, progressCheckMs, rolloutStatus } from './status.ts';
import { desiredReplicas, isRollingUpdate } from './surge.ts';

export type DeploymentFacts = {
  readonly deployment: Deployment;
  /** Those it controls. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Pods of its ReplicaSets; only read by the strategy Recreate. */
  readonly pods: readonly Pod[];
  /** Any ReplicaSet of that name in the namespace, its own or not. */
  readonly replicaSetNamed: (name: string) => ReplicaSet | undefined;
  readonly podTemplateHash: (deployment: Deployment) => string;
};

export function decideDeployment(seen: DeploymentFacts, now: Instant): Plan {
  const { deployment, replicaSets } = seen;
  const selector = deployment.spec.selector;
  if (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0) return selectsAll(deployment);

  const newest = findNewReplicaSet(deployment, replicaSets);
  const old = replicaSets.filter((replicaSet) => replicaSet !== newest);
  const pass: Pass = { seen, now, newest, old, conditions: pausedCondition(deployment, now) };
  const annotate = newest === undefined ? undefined : annotateNewest(pass, newest);

  if (deployment.metadata.deletionTimestamp !== undefined)
    return finish(pass, { reason: 'being deleted', status: countedStatus(view(pass), now) });
  if (deployment.spec.paused === true) {
    const resizes = scaleSizes(deployment, newest, old);
    const writes = [annotate, ...resizeWrites(pass, resizes), ...cleanUp(deployment, old)];
    return finish(pass, { reason: 'paused', writes, status: countedStatus(view(pass, resizes), now) });
  }
  if (isScalingEvent(deployment, replicaSets)) {
    const resizes = scaleSizes(deployment, newest, old);
    const writes = [annotate, ...resizeWrites(pass, resizes)];
    return finish(pass, { reason: 'scaled', writes, status: countedStatus(view(pass, resizes), now) });
  }
  return isRollingUpdate(deployment) ? rollingUpdate(pass, annotate) : recreate(pass, annotate);
}

type Pass = {
  readonly seen: DeploymentFacts;
  readonly now: Instant;
  readonly newest: ReplicaSet | undefined;
  readonly old: readonly ReplicaSet[];
  readonly conditions: readonly Condition[];
};

/** What the status is computed from: the ReplicaSets with the sizes that this pass gives them, so that no later pass has to correct it. */
function view(pass: Pass, resizes: readonly Resize[] = []): Parameters<typeof countedStatus>[0] {
  const sized = (replicaSet: ReplicaSet): ReplicaSet => {
    const resize = resizes.find((candidate) => candidate.replicaSet === replicaSet);
    return resize === undefined ? replicaSet : { ...replicaSet, spec: { ...replicaSet.spec, replicas: resize.to } };
  };
  const newest = pass.newest === undefined ? undefined : sized(pass.newest);
  const all = [...pass.old.map(sized), ...(newest === undefined ? [] : [newest])];
  return { deployment: pass.seen.deployment, newest, all, conditions: foundCondition(pass) };
}

function rollingUpdate(pass: Pass, annotate: Write | undefined): Plan {
  const { seen, now, newest, old } = pass;
  if (newest === undefined) return createNewest(pass);
  const resizes = rollingUpdateStep(seen.deployment, newest, old);
  const status = rolloutStatus(view(pass, resizes), now);
  const isDone = resizes.length === 0 && isComplete(seen.deployment, seen.deployment.status ?? {});
  const writes = [annotate, ...resizeWrites(pass, resizes), ...(isDone ? cleanUp(seen.deployment, old) : [])];
  return finish(pass, { reason: isDone ? 'complete' : 'rolling update', writes, status });
}

/** Old pods must be gone, not only their ReplicaSets at 0, before the first new one is made. */
function recreate(pass: Pass, annotate: Write | undefined): Plan {
  const { seen, now, newest, old } = pass;
  const active = old.filter((replicaSet) => sizeOf(replicaSet) > 0);
  if (active.length > 0) {
    const resizes = active.map((replicaSet) => ({ replicaSet, to: 0 }));
    const writes = [annotate, ...resizeWrites(pass, resizes)];
    return finish(pass, { reason: 'scale old down', writes, status: rolloutStatus(view(pass, resizes), now) });
  }
  const hasOldPods =
    old.some((replicaSet) => (replicaSet.status?.replicas ?? 0) > 0) ||
    seen.pods.some((pod) => !hasPodEnded(pod) && !isOwnedBy(pod, newest));
  if (hasOldPods) return finish(pass, { reason: 'old pods still run', writes: [annotate], status: rolloutStatus(view(pass), now) });
  if (newest === undefined) return createNewest(pass);
  const desired = desiredReplicas(seen.deployment);
  const resizes = sizeOf(newest) === desired ? [] : [{ replicaSet: newest, to: desired }];
  const isDone = resizes.length === 0 && isComplete(seen.deployment, seen.deployment.status ?? {});
  const writes = [annotate, ...resizeWrites(pass, resizes), ...(isDone ? cleanUp(seen.deployment, old) : [])];
  return finish(pass, { reason: isDone ? 'complete' : 'recreate', writes, status: rolloutStatus(view(pass, resizes), now) });
}

function isOwnedBy(pod: Pod, replicaSet: ReplicaSet | undefined): boolean {
  return replicaSet !== undefined && pod.metadata.ownerReferences?.some((owner) => owner.uid === replicaSet.metadata.uid) === true;
}

/** The new ReplicaSet at its first size. Its name says its template, so a second create of it is refused and nothing is made twice. */
function createNewest(pass: Pass): Plan {
  const { seen, now, old } = pass;
  const { deployment } = seen;
  const hash = seen.podTemplateHash(deployment);
  const name = replicaSetName(deployment.metadata.name ?? '', hash);
  const taken = seen.replicaSetNamed(name);
  if (taken !== undefined) return resolveCollision(pass, taken);

  const size = newReplicaSetSize(deployment, old, 0);
  const revision = Math.max(0, ...old.map(revisionOf)) + 1;
  const labels = { ...deployment.spec.template.metadata?.labels, [podTemplateHashLabel]: hash };
  const replicaSet: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: { ...newReplicaSetAnnotations(deployment, undefined, revision), ...sizeAnnotations(deployment) },
      ownerReferences: [controllerReference(builtinTypes.deployments, deployment)],
    },
    spec: {
      replicas: size,
      ...(deployment.spec.minReadySeconds === undefined ? {} : { minReadySeconds: deployment.spec.minReadySeconds }),
      selector: { ...deployment.spec.selector, matchLabels: { ...deployment.spec.selector.matchLabels, [podTemplateHashLabel]: hash } },
      template: { ...deployment.spec.template, metadata: { ...deployment.spec.template.metadata, labels } },
    },
  };
  const create: Write = {
    verb: 'create',
    type: builtinTypes.replicaSets,
    object: replicaSet,
    note: size > 0 ? scalingNote(deployment, name, 0, size) : undefined,
    failureNote: failureNote(deployment, name),
  };
  const created = deploymentCondition('Progressing', 'True', 'NewReplicaSetCreated', `Created new replica set "${name}"`, now);
  const conditions = hasProgressDeadline(deployment) ? withCondition(pass.conditions, created) : pass.conditions;
  const status = rolloutStatus({ deployment, newest: replicaSet, all: [...old, replicaSet], conditions }, now);
  return finish(pass, { reason: 'create ReplicaSet', writes: [create], status, revision: String(revision) });
}

function failureNote(deployment: Deployment, name: string): Note {
  return {
    about: deployment,
    type: 'Warning',
    reason: 'ReplicaSetCreateError',
    message: `Failed to create new replica set "${name}": {error}`,
  };
}

/** The status of a Deployment whose ReplicaSet the server refused, with the reason where `kubectl describe` shows it. */
export function decideCreateFailure(seen: DeploymentFacts, error: string, now: Instant): Plan {
  const { deployment } = seen;
  if (!hasProgressDeadline(deployment)) return nothing('no progress deadline');
  const name = replicaSetName(deployment.metadata.name ?? '', seen.podTemplateHash(deployment));
  const message = `Failed to create new replica set "${name}": ${error}`;
  const condition = deploymentCondition('Progressing', 'False', 'ReplicaSetCreateError', message, now);
  const conditions = withCondition(deployment.status?.conditions ?? [], condition);
  const pass: Pass = { seen, now, newest: undefined, old: [], conditions };
  return finish(pass, { reason: 'ReplicaSet refused', status: { ...deployment.status, conditions } });
}

/** A ReplicaSet of that name exists. With our template it only left the cache's view of ours; otherwise the hash collided: count up. */
function resolveCollision(pass: Pass, taken: ReplicaSet): Plan {
  const { deployment } = pass.seen;
  const isOurs =
    taken.metadata.ownerReferences?.some((owner) => owner.controller === true && owner.uid === deployment.metadata.uid) === true &&
    isSameTemplate(deployment.spec.template, taken.spec.template ?? {});
  if (isOurs) return nothing('ReplicaSet exists');
  const status: DeploymentStatus = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
  return finish(pass, { reason: 'hash collision', status });
}

/** Annotations, revision and minReadySeconds of the new ReplicaSet, in one patch. */
function annotateNewest(pass: Pass, newest: ReplicaSet): Write | undefined {
  const { deployment } = pass.seen;
  const revision = Math.max(0, ...pass.old.map(revisionOf)) + 1;
  const annotations = newReplicaSetAnnotations(deployment, newest.metadata.annotations, revision);
  const difference = mergeDifference(newest.metadata.annotations ?? {}, annotations);
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  const isBehind = (newest.spec.minReadySeconds ?? 0) !== minReadySeconds;
  if (difference === undefined && !isBehind) return undefined;
  const patch = {
    ...(difference === undefined ? {} : { metadata: { annotations: difference } }),
    ...(isBehind ? { spec: { minReadySeconds } } : {}),
  };
  return { verb: 'patch', type: builtinTypes.replicaSets, object: newest, patch };
}

function resizeWrites(pass: Pass, resizes: readonly Resize[]): readonly Write[] {
  const { deployment } = pass.seen;
  return resizes.flatMap(({ replicaSet, to }): readonly Write[] => {
    const from = sizeOf(replicaSet);
    const annotations = mergeDifference(replicaSet.metadata.annotations ?? {}, {
      ...replicaSet.metadata.annotations,
      ...sizeAnnotations(deployment),
    });
    if (from === to && annotations === undefined) return [];
    const patch = {
      ...(annotations === undefined ? {} : { metadata: { annotations } }),
      ...(from === to ? {} : { spec: { replicas: to } }),
    };
    const note = from === to ? undefined : scalingNote(deployment, replicaSet.metadata.name ?? '', from, to);
    return [{ verb: 'patch', type: builtinTypes.replicaSets, object: replicaSet, patch, note }];
  });
}

function scalingNote(deployment: Deployment, name: string, from: number, to: number): Note {
  const direction = from < to ? 'up' : 'down';
  const message = `Scaled ${direction} replica set ${name} from ${from} to ${to}`;
  return { about: deployment, type: 'Normal', reason: 'ScalingReplicaSet', message };
}

/** Old ReplicaSets above the history limit, lowest revision first, if they are empty and their controller has caught up. */
function cleanUp(deployment: Deployment, old: readonly ReplicaSet[]): readonly Write[] {
  const limit = deployment.spec.revisionHistoryLimit ?? 10;
  const alive = old.filter((replicaSet) => replicaSet.metadata.deletionTimestamp === undefined);
  const surplus = alive.length - limit;
  if (limit === 2 ** 31 - 1 || surplus <= 0) return [];
  return [...alive]
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, surplus)
    .filter(
      (replicaSet) =>
        (replicaSet.status?.replicas ?? 0) === 0 &&
        sizeOf(replicaSet) === 0 &&
        (replicaSet.metadata.generation ?? 0) <= (replicaSet.status?.observedGeneration ?? 0),
    )
    .map((replicaSet) => ({ verb: 'delete', type: builtinTypes.replicaSets, object: replicaSet }));
}

/** Paused and resumed show in Progressing, so that the deadline does not run while paused. A deadline passed before stays visible. */
function pausedCondition(deployment: Deployment, now: Instant): readonly Condition[] {
  const conditions = deployment.status?.conditions ?? [];
  if (!hasProgressDeadline(deployment) || deployment.metadata.deletionTimestamp !== undefined) return conditions;
  const current = conditionOf(conditions, 'Progressing');
  if (current?.reason === 'ProgressDeadlineExceeded') return conditions;
  const wasPaused = current?.reason === 'DeploymentPaused';
  const isPaused = deployment.spec.paused === true;
  if (isPaused && !wasPaused) {
    return withCondition(conditions, deploymentCondition('Progressing', 'Unknown', 'DeploymentPaused', 'Deployment is paused', now));
  }
  if (!isPaused && wasPaused) {
    return withCondition(conditions, deploymentCondition('Progressing', 'Unknown', 'DeploymentResumed', 'Deployment is resumed', now));
  }
  return conditions;
}

/** A Deployment that finds its ReplicaSet made already (adopted, or made before there was a deadline) starts counting from now. */
function foundCondition(pass: Pass): readonly Condition[] {
  const { newest, conditions, now } = pass;
  if (newest === undefined || !hasProgressDeadline(pass.seen.deployment) || conditionOf(conditions, 'Progressing') !== undefined)
    return conditions;
  const message = `Found new replica set "${newest.metadata.name}"`;
  return withCondition(conditions, deploymentCondition('Progressing', 'True', 'FoundNewReplicaSet', message, now));
}

function selectsAll(deployment: Deployment): Plan {
  const observedGeneration = deployment.metadata.generation ?? 0;
  if ((deployment.status?.observedGeneration ?? 0) >= observedGeneration) return nothing('selects all pods');
  const message = 'This deployment is selecting all pods. A non-empty selector is required.';
  return {
    reason: 'selects all pods',
    steps: inOrder({
      verb: 'patch',
      type: builtinTypes.deployments,
      object: deployment,
      subresource: 'status',
      patch: { status: { observedGeneration } },
    }),
    notes: [{ about: deployment, type: 'Warning', reason: 'SelectingAll', message }],
  };
}

/** Writes to ReplicaSets first, then one patch with status and the revision annotation, which the real controller writes with the status too. */
function finish(
  pass: Pass,
  next: { reason: string; writes?: readonly (Write | undefined)[]; status: DeploymentStatus; revision?: string },
): Plan {
  const { deployment } = pass.seen;
  const writes = combinePatches((next.writes ?? []).filter((write) => write !== undefined));
  const status = mergeDifference(deployment.status ?? {}, next.status);
  const revision = next.revision ?? annotatedRevision(pass);
  const isRevisionBehind = revision !== undefined && revisionText(deployment) !== revision;
  const patch = {
    ...(isRevisionBehind ? { metadata: { annotations: { 'deployment.kubernetes.io/revision': revision } } } : {}),
    ...(status === undefined ? {} : { status }),
  };
  const isChanged = status !== undefined || isRevisionBehind;
  return {
    reason: next.reason,
    steps: inOrder(
      ...writes,
      isChanged ? { verb: 'patch', type: builtinTypes.deployments, object: deployment, subresource: 'status', patch } : undefined,
    ),
    notes: [],
    requeueAfterMs: progressCheckMs(deployment, next.status, pass.now),
  };
}

/** The number that the new ReplicaSet has, or gets in this pass. */
function annotatedRevision(pass: Pass): string | undefined {
  if (pass.newest === undefined) return undefined;
  const revision = Math.max(0, ...pass.old.map(revisionOf)) + 1;
  return String(Math.max(revisionOf(pass.newest), revision));
}

function replicaSetName(deployment: string, hash: string): string {
  return `${deployment.slice(0, 253 - 1 - hash.length)}-${hash}`;
}
