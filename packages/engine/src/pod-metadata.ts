/** Keeping the pods of each ReplicaSet in the labels and annotations of the part that it plays. */
import { annotations, type ExtraMetadata, labels, type ReplicaSet } from '@sluice/api';
import {
  carriesMetadata,
  exchangedMetadata,
  hasPods,
  metadataKey,
  metadataNote,
  podPatch,
  recordedMetadata,
  roleMetadata,
} from './ephemeral-metadata.ts';
import { because, type Pass, replaceReplicaSet } from './pass.ts';
import { hashOf, nameOf } from './replica-sets.ts';
import { ownedPods } from './restart.ts';

/** Templates first, so that new pods are right, then the pods that are there. Those are looked at once for each ReplicaSet and metadata. */
export function reconcileMetadata(pass: Pass): void {
  const wanted = roleMetadata(pass.world.rollout, pass.roles);
  for (const { replicaSet, metadata } of wanted) {
    const recorded = recordedMetadata(replicaSet);
    let set = replicaSet;
    if (!carriesMetadata(replicaSet, metadata)) {
      set = withMetadata(replicaSet, metadata);
      replaceReplicaSet(pass, replicaSet, set);
      pass.hasActed = true;
      because(pass, `replicaset/${nameOf(set)}`, 'its pods play another part now');
    }
    const key = metadataKey(set, metadata);
    if (!hasPods(set) || pass.podMetadataChecked.has(key)) continue;
    if (metadata === undefined && recorded.labels === undefined && recorded.annotations === undefined) continue;
    if (pass.world.pods === undefined) {
      pass.needsPods = true;
      return;
    }
    const others = wanted.flatMap((other) => (other.metadata === undefined || other.metadata === metadata ? [] : [other.metadata]));
    for (const pod of ownedPods(pass)) {
      if (pod.metadata.labels?.[labels.podTemplateHash] !== hashOf(set) || pod.metadata.deletionTimestamp !== undefined) continue;
      // What another role put there and this template does not have is taken off too: the note of it is gone after a kill in between.
      const stale = others
        .flatMap((other) => Object.entries(other.labels ?? {}))
        .filter(([name, value]) => pod.metadata.labels?.[name] === value && set.spec?.template?.metadata?.labels?.[name] !== value);
      const off = { labels: { ...Object.fromEntries(stale), ...recorded.labels }, annotations: recorded.annotations ?? {} };
      const patch = podPatch(pod, off, metadata);
      if (patch === undefined) continue;
      pass.actions.push({ kind: 'PatchPod', name: pod.metadata.name ?? '', patch, reason: `role of ReplicaSet ${nameOf(set)}` });
      pass.hasActed = true;
    }
    pass.checks.push(key);
  }
}

function withMetadata(set: ReplicaSet, metadata: ExtraMetadata | undefined): ReplicaSet {
  const { [annotations.ephemeralMetadata]: _, ...kept } = set.metadata.annotations ?? {};
  const note = metadataNote(metadata);
  const template = set.spec?.template ?? {};
  return {
    ...set,
    metadata: { ...set.metadata, annotations: { ...kept, ...(note === undefined ? {} : { [annotations.ephemeralMetadata]: note }) } },
    spec: { ...set.spec, template: { ...template, metadata: exchangedMetadata(template.metadata, recordedMetadata(set), metadata) } },
  };
}
