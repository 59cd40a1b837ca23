/**
 * Storage that is there as soon as it is asked for: a StorageClass `standard`, and for every claim a volume that is bound to it at once.
 * Volumes go with their claims; a claim that a pod uses goes after the pod. No bytes are kept anywhere.
 */
import { formatTime, type Instant, isStatusError, type KubeObject, keyOf } from '@sluice/api';
import { builtinTypes, type Client } from '@sluice/kube';
import { inOrder, nothing, type Plan, statusWrite, type Write } from '../control/plan.ts';
import { type ClusterController, createShell, enqueueItself, follow, type Surroundings, together } from '../control/shell.ts';
import type { Pod } from '../shapes/pod.ts';
import { hasPodEnded } from '../shapes/pod-conditions.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../shapes/services.ts';

const provisioner = 'sluice.dev/simulated';
const defaultClassKey = 'storageclass.kubernetes.io/is-default-class';
const claimProtection = 'kubernetes.io/pvc-protection';
const volumeProtection = 'kubernetes.io/pv-protection';
const noProvisioner = 'kubernetes.io/no-provisioner';

function standardClass(): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'standard', annotations: { [defaultClassKey]: 'true' } },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
  };
}

export async function ensureStorageClass(client: Client): Promise<void> {
  const { items } = await client.list<StorageClass>(builtinTypes.storageClasses);
  if (items.length > 0) return;
  try {
    await client.create(builtinTypes.storageClasses, standardClass());
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
}

type ClaimFacts = {
  readonly claim: PersistentVolumeClaim;
  readonly classes: readonly StorageClass[];
  /** The volume that the claim names, or the one that was made for it. */
  readonly volume: PersistentVolume | undefined;
  readonly isUsed: boolean;
};

function volumeName(claim: PersistentVolumeClaim): string {
  return claim.spec.volumeName ?? `pvc-${claim.metadata.uid ?? ''}`;
}

export function decideClaim(seen: ClaimFacts, now: Instant): Plan {
  const { claim, volume } = seen;
  if (claim.metadata.deletionTimestamp !== undefined) {
    const isHeld = claim.metadata.finalizers?.includes(claimProtection) === true;
    if (!isHeld || seen.isUsed) return nothing('being deleted');
    return { steps: inOrder(withoutFinalizer(builtinTypes.persistentVolumeClaims, claim, claimProtection)), notes: [], reason: 'unused' };
  }
  if (claim.status?.phase === 'Bound') return nothing('bound');
  const className = claim.spec.storageClassName ?? defaultClass(seen.classes)?.metadata.name;
  const storageClass = seen.classes.find(({ metadata }) => metadata.name === className);
  if (volume === undefined) {
    if (claim.spec.volumeName !== undefined) return nothing('the named volume is not there');
    if (storageClass === undefined || storageClass.provisioner === noProvisioner) return unprovisioned(claim, className);
    const write: Write = {
      verb: 'create',
      type: builtinTypes.persistentVolumes,
      object: volumeFor(claim, storageClass),
      note: {
        about: claim,
        type: 'Normal',
        reason: 'ProvisioningSucceeded',
        message: `Successfully provisioned volume ${volumeName(claim)}`,
      },
    };
    return { steps: inOrder(write), notes: [], reason: 'no volume yet' };
  }
  const patch = {
    metadata: {
      annotations: {
        'pv.kubernetes.io/bind-completed': 'yes',
        'pv.kubernetes.io/bound-by-controller': 'yes',
        ...(storageClass === undefined
          ? {}
          : {
              'volume.beta.kubernetes.io/storage-provisioner': storageClass.provisioner,
              'volume.kubernetes.io/storage-provisioner': storageClass.provisioner,
            }),
      },
    },
    spec: {
      volumeName: volume.metadata.name,
      ...(claim.spec.storageClassName === undefined && className !== undefined ? { storageClassName: className } : {}),
    },
  };
  const bindVolume =
    volume.spec.claimRef?.uid === claim.metadata.uid
      ? undefined
      : ({
          verb: 'patch',
          type: builtinTypes.persistentVolumes,
          object: volume,
          patch: { spec: { claimRef: claimReference(claim) } },
        } as const);
  const status = { phase: 'Bound', accessModes: volume.spec.accessModes ?? [], capacity: volume.spec.capacity ?? {} };
  const isNamed =
    claim.spec.volumeName === volume.metadata.name && claim.metadata.annotations?.['pv.kubernetes.io/bind-completed'] === 'yes';
  return {
    steps: inOrder(
      bindVolume,
      isNamed ? undefined : { verb: 'patch', type: builtinTypes.persistentVolumeClaims, object: claim, patch },
      volume.status?.phase === 'Bound'
        ? undefined
        : statusWrite(builtinTypes.persistentVolumes, volume, { phase: 'Bound', lastPhaseTransitionTime: formatTime(now) }),
      statusWrite(builtinTypes.persistentVolumeClaims, claim, status),
    ),
    notes: [],
    reason: 'bind',
  };
}

function defaultClass(classes: readonly StorageClass[]): StorageClass | undefined {
  return classes.find(({ metadata }) => metadata.annotations?.[defaultClassKey] === 'true');
}

function unprovisioned(claim: PersistentVolumeClaim, className: string | undefined): Plan {
  if (className === undefined || className === '') {
    const message = 'no persistent volumes available for this claim and no storage class is set';
    return { steps: [], notes: [{ about: claim, type: 'Normal', reason: 'FailedBinding', message }], reason: 'no class' };
  }
  const message = `storageclass.storage.k8s.io "${className}" not found`;
  return { steps: [], notes: [{ about: claim, type: 'Warning', reason: 'ProvisioningFailed', message }], reason: 'unknown class' };
}

function claimReference(claim: PersistentVolumeClaim): NonNullable<PersistentVolume['spec']['claimRef']> {
  const { namespace = '', name = '', uid = '', resourceVersion = '' } = claim.metadata;
  return { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name, uid, resourceVersion };
}

function volumeFor(claim: PersistentVolumeClaim, storageClass: StorageClass): PersistentVolume {
  const name = volumeName(claim);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { 'pv.kubernetes.io/provisioned-by': storageClass.provisioner },
      finalizers: [volumeProtection],
    },
    spec: {
      accessModes: claim.spec.accessModes ?? ['ReadWriteOnce'],
      capacity: { storage: claim.spec.resources?.requests?.storage ?? '1Gi' },
      claimRef: claimReference(claim),
      hostPath: { path: `/var/lib/sluice/volumes/${name}`, type: 'DirectoryOrCreate' },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata.name ?? '',
      volumeMode: claim.spec.volumeMode ?? 'Filesystem',
    },
  };
}

/** A volume whose claim is gone is released, and deleted where its policy says so. */
export function decideVolume(volume: PersistentVolume, claim: PersistentVolumeClaim | undefined, now: Instant): Plan {
  const reference = volume.spec.claimRef;
  if (volume.metadata.deletionTimestamp !== undefined) {
    const isHeld = volume.metadata.finalizers?.includes(volumeProtection) === true;
    const isFree = volume.status?.phase !== 'Bound' || claim === undefined;
    return isHeld && isFree
      ? { steps: inOrder(withoutFinalizer(builtinTypes.persistentVolumes, volume, volumeProtection)), notes: [], reason: 'unbound' }
      : nothing('being deleted');
  }
  if (reference?.uid === undefined) {
    const write =
      volume.status?.phase === 'Available'
        ? undefined
        : statusWrite(builtinTypes.persistentVolumes, volume, { phase: 'Available', lastPhaseTransitionTime: formatTime(now) });
    return { steps: inOrder(write), notes: [], reason: 'available' };
  }
  if (claim?.metadata.uid === reference.uid) return nothing('in use');
  if (volume.spec.persistentVolumeReclaimPolicy === 'Delete') {
    return { steps: inOrder({ verb: 'delete', type: builtinTypes.persistentVolumes, object: volume }), notes: [], reason: 'claim is gone' };
  }
  const released = statusWrite(builtinTypes.persistentVolumes, volume, { phase: 'Released', lastPhaseTransitionTime: formatTime(now) });
  return { steps: inOrder(volume.status?.phase === 'Released' ? undefined : released), notes: [], reason: 'claim is gone' };
}

function withoutFinalizer(type: (typeof builtinTypes)['persistentVolumes'], object: KubeObject, finalizer: string): Write {
  const rest = object.metadata.finalizers?.filter((candidate) => candidate !== finalizer) ?? [];
  return { verb: 'patch', type, object, patch: { metadata: { finalizers: rest.length === 0 ? null : rest } } };
}

const byClaim = 'claim';

export function volumeController(around: Surroundings): ClusterController {
  const { caches, clock } = around;
  const claims = caches.of<PersistentVolumeClaim>(builtinTypes.persistentVolumeClaims);
  const volumes = caches.of<PersistentVolume>(builtinTypes.persistentVolumes);
  const classes = caches.of<StorageClass>(builtinTypes.storageClasses);
  const pods = caches.of<Pod>(builtinTypes.pods);
  const claimsOfPod = (pod: Pod): readonly string[] =>
    (pod.spec.volumes ?? []).flatMap((volume) =>
      volume.persistentVolumeClaim === undefined ? [] : [`${pod.metadata.namespace}/${volume.persistentVolumeClaim.claimName}`],
    );
  pods.addIndex(byClaim, claimsOfPod);

  const claimShell = createShell(around, 'persistentvolume-controller', async (key, actor) => {
    const claim = claims.get(key);
    if (claim === undefined) return undefined;
    const seen: ClaimFacts = {
      claim,
      classes: [...classes.list()],
      volume: volumes.get(volumeName(claim)),
      isUsed: pods.byIndex(byClaim, key).some((pod) => !hasPodEnded(pod)),
    };
    return follow(actor, decideClaim(seen, clock.now()));
  });
  const volumeShell = createShell(around, 'persistentvolume-controller', async (key, actor) => {
    const volume = volumes.get(key);
    if (volume === undefined) return undefined;
    const { namespace = '', name = '' } = volume.spec.claimRef ?? {};
    const claim = claims.get(`${namespace}/${name}`);
    return follow(actor, decideVolume(volume, claim?.metadata.uid === volume.spec.claimRef?.uid ? claim : undefined, clock.now()));
  });

  enqueueItself(claims, claimShell.loop);
  enqueueItself(volumes, volumeShell.loop);
  const wakeClaim = ({ spec: { claimRef } }: PersistentVolume): void => {
    if (claimRef !== undefined) claimShell.loop.enqueue(`${claimRef.namespace}/${claimRef.name}`);
  };
  volumes.addHandler({ added: wakeClaim, updated: wakeClaim });
  claims.addHandler({ deleted: (claim) => volumeShell.loop.enqueue(volumeName(claim)) });
  const wakeClaims = (): void => {
    for (const claim of claims.list()) if (claim.status?.phase !== 'Bound') claimShell.loop.enqueue(keyOf(claim));
  };
  classes.addHandler({ added: wakeClaims, updated: wakeClaims });
  const wakeUnused = (pod: Pod): void => {
    for (const key of claimsOfPod(pod)) if (claims.get(key)?.metadata.deletionTimestamp !== undefined) claimShell.loop.enqueue(key);
  };
  pods.addHandler({ updated: wakeUnused, deleted: wakeUnused });
  return together(claimShell.loop, volumeShell.loop);
}
