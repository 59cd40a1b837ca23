/** Rows of volumes, claims and their classes. */
import type { KubeObject } from '@sluice/api';
import { age } from './cells.ts';
import { type Printers, printer } from './printer.ts';

type Resources = Readonly<Record<string, string>>;

type Claim = {
  readonly spec: {
    readonly volumeName?: string;
    readonly volumeMode?: string;
    readonly storageClassName?: string;
    readonly volumeAttributesClassName?: string;
  };
  readonly status: { readonly phase?: string; readonly accessModes?: readonly string[]; readonly capacity?: Resources };
};

type Volume = {
  readonly spec: {
    readonly capacity?: Resources;
    readonly accessModes?: readonly string[];
    readonly persistentVolumeReclaimPolicy?: string;
    readonly claimRef?: { readonly namespace?: string; readonly name?: string };
    readonly storageClassName?: string;
    readonly volumeAttributesClassName?: string;
    readonly volumeMode?: string;
  };
  readonly status: { readonly phase?: string; readonly reason?: string };
};

type StorageClass = {
  readonly provisioner: string;
  readonly reclaimPolicy: string;
  readonly volumeBindingMode: string;
  readonly allowVolumeExpansion: boolean;
};

const classAnnotation = 'volume.beta.kubernetes.io/storage-class';
const defaultAnnotations = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'];

export const storagePrinters: Printers = {
  '/persistentvolumeclaims': printer<Claim>(
    'Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode!',
    (claim, now) => {
      const { spec = {}, status = {} } = claim;
      const isBound = (spec.volumeName ?? '') !== '';
      return [
        claim.metadata.name,
        phase(claim, status.phase),
        spec.volumeName ?? '',
        isBound ? (status.capacity?.storage ?? '0') : '',
        isBound ? accessModes(status.accessModes) : '',
        claim.metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? '',
        spec.volumeAttributesClassName ?? '<unset>',
        age(claim, now),
        spec.volumeMode ?? '<unset>',
      ];
    },
  ),
  '/persistentvolumes': printer<Volume>(
    'Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|VolumeMode!',
    (volume, now) => {
      const { spec = {}, status = {} } = volume;
      return [
        volume.metadata.name,
        spec.capacity?.storage ?? '0',
        accessModes(spec.accessModes),
        spec.persistentVolumeReclaimPolicy ?? '',
        phase(volume, status.phase),
        spec.claimRef === undefined ? '' : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
        volume.metadata.annotations?.[classAnnotation] ?? spec.storageClassName ?? '',
        spec.volumeAttributesClassName ?? '<unset>',
        status.reason ?? '',
        age(volume, now),
        spec.volumeMode ?? '<unset>',
      ];
    },
  ),
  'storage.k8s.io/storageclasses': printer<StorageClass>(
    'Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age',
    (storageClass, now) => {
      const isDefault = defaultAnnotations.some((key) => storageClass.metadata.annotations?.[key] === 'true');
      return [
        isDefault ? `${storageClass.metadata.name} (default)` : storageClass.metadata.name,
        storageClass.provisioner ?? '',
        storageClass.reclaimPolicy ?? 'Delete',
        storageClass.volumeBindingMode ?? 'Immediate',
        storageClass.allowVolumeExpansion ?? false,
        age(storageClass, now),
      ];
    },
  ),
};

function phase(object: KubeObject, word: string | undefined): string {
  return object.metadata.deletionTimestamp === undefined ? (word ?? '') : 'Terminating';
}

const modeLetters = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const;

function accessModes(modes: readonly string[] | undefined): string {
  return modeLetters.flatMap(([mode, letters]) => (modes?.includes(mode) === true ? [letters] : [])).join(',');
}
