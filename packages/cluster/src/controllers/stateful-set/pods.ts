/** Names, labels and volumes that give each pod of a StatefulSet its identity. */
import { builtinTypes } from '@sluice/kube';
import { revisionHashLabel, templateOf } from '../../control/history.ts';
import { controllerReference, ownerReference } from '../../control/plan.ts';
import { podFromTemplate } from '../../control/pod-template.ts';
import type { Pod } from '../../shapes/pod.ts';
import { isPodAvailable, isPodReady } from '../../shapes/pod-conditions.ts';
import type { PersistentVolumeClaim } from '../../shapes/services.ts';
import type { ControllerRevision, StatefulSet } from '../../shapes/workloads.ts';

const podNameLabel = 'statefulset.kubernetes.io/pod-name';
const podIndexLabel = 'apps.kubernetes.io/pod-index';

export function firstOrdinal(set: StatefulSet): number {
  return set.spec.ordinals?.start ?? 0;
}

export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const match = /^(.*)-(\d+)$/.exec(pod.metadata.name ?? '');
  return match?.[1] === set.metadata.name ? Number(match?.[2]) : undefined;
}

export function revisionNameOf(pod: Pod): string {
  return pod.metadata.labels?.[revisionHashLabel] ?? '';
}

export function isRunningAndReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod);
}

export function isRunningAndAvailable(set: StatefulSet, pod: Pod, now: number): boolean {
  return pod.status?.phase === 'Running' && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);
}

function claimName(set: StatefulSet, template: PersistentVolumeClaim, ordinal: number): string {
  return `${template.metadata.name}-${set.metadata.name}-${ordinal}`;
}

export function statefulPod(set: StatefulSet, ordinal: number, revision: ControllerRevision): Pod {
  const name = `${set.metadata.name}-${ordinal}`;
  const pod = podFromTemplate(templateOf(revision), builtinTypes.statefulSets, set, name);
  const claims = set.spec.volumeClaimTemplates ?? [];
  const claimed = claims.map((template) => ({
    name: template.metadata.name ?? '',
    persistentVolumeClaim: { claimName: claimName(set, template, ordinal) },
  }));
  const own = (pod.spec.volumes ?? []).filter((volume) => !claimed.some(({ name: taken }) => taken === volume.name));
  const volumes = [...claimed, ...own];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        [podNameLabel]: name,
        [podIndexLabel]: String(ordinal),
        [revisionHashLabel]: revision.metadata.name ?? '',
      },
    },
    spec: {
      ...pod.spec,
      hostname: name,
      ...(set.spec.serviceName === undefined ? {} : { subdomain: set.spec.serviceName }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  };
}

/** The claims of one pod. Owned by the set where they go with it; else by nobody, so that data outlives both. */
export function claimsOf(set: StatefulSet, ordinal: number): readonly PersistentVolumeClaim[] {
  const goesWithSet = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === 'Delete';
  return (set.spec.volumeClaimTemplates ?? []).map((template) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName(set, template, ordinal),
      namespace: set.metadata.namespace ?? '',
      labels: { ...template.metadata.labels, ...set.spec.selector.matchLabels },
      ...(template.metadata.annotations === undefined ? {} : { annotations: template.metadata.annotations }),
      ...(goesWithSet ? { ownerReferences: [controllerReference(builtinTypes.statefulSets, set)] } : {}),
    },
    spec: template.spec,
  }));
}

/** What ties a claim to a pod that is scaled away, so that it is collected with it. */
export function scaledAwayOwner(pod: Pod): ReturnType<typeof ownerReference> {
  return ownerReference(builtinTypes.pods, pod);
}
