/** Creating the ReplicaSet of a template, numbering versions, and carrying the numbers and the Rollout's annotations onto ReplicaSets. */
import { annotations, formatTime, labels, type PodTemplateSpec, type ReplicaSet, type Rollout } from '@sluice/api';
import { affinityWithTerm, termNamesAnotherStable } from './anti-affinity.ts';
import { conditionOf, findCondition, progressOf, setCondition } from './conditions.ts';
import { desiredReplicas } from './defaults.ts';
import { exchangedMetadata, firstMetadata, metadataNote } from './ephemeral-metadata.ts';
import { notes } from './events.ts';
import { addReplicaSet, because, type Pass, replaceReplicaSet, replaceRollout } from './pass.ts';
import { nameOf, revisionOf } from './replica-sets.ts';

/** Annotations of a Rollout that its ReplicaSets do not get. */
const notCopied: ReadonlySet<string> = new Set([
  annotations.lastApplied,
  annotations.revision,
  annotations.revisionHistory,
  annotations.desiredReplicas,
  annotations.notified,
]);

/**
 * The ReplicaSet for the present template, without pods. Whoever carries the plan out may find that it exists: that is this version's when
 * it is ours and has the same template, and a collision of hashes otherwise.
 */
export function createReplicaSet(pass: Pass): void {
  const { rollout } = pass.world;
  const revision = nextRevision(pass);
  const set = newReplicaSet(rollout, pass.hash, revision, pass);
  addReplicaSet(pass, set);
  because(pass, `replicaset/${nameOf(set)}`, `the template is new, revision ${revision}`);
  const numbered = withRevision(rollout, revision);
  const conditions = setCondition(rollout.status?.conditions ?? [], progressOf.created(nameOf(set)), pass.now);
  replaceRollout(pass, numbered);
  because(pass, 'rollout', `revision ${revision}`, notes.updated(revision));
  because(pass, `replicaset/${nameOf(set)}`, '', notes.replicaSetCreated(nameOf(set), revision));
  pass.status = { ...rollout.status, conditions };
}

function newReplicaSet(rollout: Rollout, hash: string, revision: number, pass: Pass): ReplicaSet {
  const { name = '', namespace, uid = '' } = rollout.metadata;
  const template = rollout.spec.template ?? {};
  const setLabels = { ...template.metadata?.labels, [labels.podTemplateHash]: hash };
  const metadata = firstMetadata(rollout, pass.roles.stable);
  const note = metadataNote(metadata);
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      ...(namespace === undefined ? {} : { namespace }),
      creationTimestamp: formatTime(pass.now),
      generation: 1,
      labels: setLabels,
      annotations: {
        ...copiedAnnotations(rollout),
        [annotations.desiredReplicas]: String(desiredReplicas(rollout.spec)),
        [annotations.revision]: String(revision),
        ...(note === undefined ? {} : { [annotations.ephemeralMetadata]: note }),
      },
      ownerReferences: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    spec: {
      replicas: 0,
      ...((rollout.spec.minReadySeconds ?? 0) === 0 ? {} : { minReadySeconds: rollout.spec.minReadySeconds ?? 0 }),
      selector: {
        ...rollout.spec.selector,
        matchLabels: { ...rollout.spec.selector?.matchLabels, [labels.podTemplateHash]: hash },
      },
      template: withAffinity(
        { ...template, metadata: exchangedMetadata({ ...template.metadata, labels: setLabels }, {}, metadata) },
        rollout,
        hash,
      ),
    },
  };
}

function withAffinity(template: PodTemplateSpec, rollout: Rollout, hash: string): PodTemplateSpec {
  const affinity = affinityWithTerm(rollout, hash);
  if (affinity === undefined || template.spec === undefined) return template;
  return { ...template, spec: { ...template.spec, containers: template.spec.containers, affinity } };
}

/**
 * Raises the new ReplicaSet's revision above all older ones, copies annotations onto it, and gives the Rollout the same number. A version
 * gone back to keeps its earlier number in `revision-history`.
 */
export function syncRevision(pass: Pass): void {
  const { current } = pass.roles;
  if (current === undefined) return;
  const { rollout } = pass.world;
  const synced = withSyncedAnnotations(rollout, current, nextRevision(pass));
  const minReadySeconds = rollout.spec.minReadySeconds ?? 0;
  const isReadinessOld = (current.spec?.minReadySeconds ?? 0) !== minReadySeconds;
  const isTermOld = termNamesAnotherStable(rollout, pass.roles);
  let set = current;
  if (synced !== current.metadata.annotations || isReadinessOld || isTermOld) {
    const template = current.spec?.template ?? {};
    set = {
      ...current,
      metadata: { ...current.metadata, ...(synced === undefined ? {} : { annotations: synced }) },
      spec: { ...current.spec, minReadySeconds, template: isTermOld ? withAffinity(template, rollout, pass.hash) : template },
    };
    replaceReplicaSet(pass, current, set);
    pass.hasActed = true;
    because(pass, `replicaset/${nameOf(set)}`, 'it takes over revision, annotations and readiness of the Rollout');
  }
  const revision = revisionOf(set);
  if (revisionOf(rollout) !== revision && revision !== 0) {
    replaceRollout(pass, withRevision(rollout, revision));
    because(pass, 'rollout', `revision ${revision}`, notes.updated(revision));
    pass.hasActed = true;
  }
  const { status = {} } = pass.world.rollout;
  if (findCondition(status.conditions, 'Progressing') === undefined) {
    const conditions = setCondition(status.conditions ?? [], progressOf.found(nameOf(set)), pass.now);
    replaceRollout(pass, { ...pass.world.rollout, status: { ...status, conditions } });
  }
}

/** One more than the highest of all other ReplicaSets. */
function nextRevision({ roles }: Pass): number {
  return 1 + roles.older.reduce((highest, set) => Math.max(highest, revisionOf(set)), 0);
}

function withRevision(rollout: Rollout, revision: number): Rollout {
  const changed = { ...rollout.metadata.annotations, [annotations.revision]: String(revision) };
  return { ...rollout, metadata: { ...rollout.metadata, annotations: changed } };
}

function copiedAnnotations(rollout: Rollout): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(rollout.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key)));
}

/** The very same object when nothing changes. */
function withSyncedAnnotations(rollout: Rollout, set: ReplicaSet, revision: number): Readonly<Record<string, string>> | undefined {
  const present = set.metadata.annotations;
  const old = revisionOf(set);
  const copied = Object.entries(copiedAnnotations(rollout)).filter(([key, value]) => present?.[key] !== value);
  if (copied.length === 0 && old >= revision) return present;
  const raised = Math.max(old, revision);
  const history = present?.[annotations.revisionHistory];
  return {
    ...present,
    ...Object.fromEntries(copied),
    [annotations.revision]: String(raised),
    // The number is noted again by each copy of annotations, even when it does not change (as upstream).
    ...(old === 0 ? {} : { [annotations.revisionHistory]: history === undefined || history === '' ? String(old) : `${history},${old}` }),
  };
}

/** Status of a pass that could not create the ReplicaSet: the problem is shown until the next try succeeds. */
export function withCreateError(rollout: Rollout, name: string, problem: string, now: number): Rollout {
  const conditions = setCondition(rollout.status?.conditions ?? [], progressOf.createError(name, problem), now);
  return { ...rollout, status: { ...rollout.status, conditions } };
}

/** The condition for a spec that cannot be carried out. A changed message replaces it. */
export function withInvalidSpec(rollout: Rollout, problem: string, now: number): Rollout {
  const present = rollout.status?.conditions ?? [];
  const message = `The Rollout "${rollout.metadata.name ?? ''}" is invalid: ${problem}`;
  const old = findCondition(present, 'InvalidSpec');
  const base = old !== undefined && old.message !== message ? present.filter((condition) => condition !== old) : present;
  return { ...rollout, status: { ...rollout.status, conditions: setCondition(base, conditionOf.invalidSpec(message), now) } };
}
