/** Claims, volumes and storage classes. */
import { type FieldError, formatTime, type KubeObject, parseQuantity } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { forbiddenField, invalidValue, notSupported, required } from '../rest/errors.ts';
import type { Draft } from '../store/store.ts';
import { ensured, type Fields, fieldsOf, fill, own, textOf } from './fields.ts';
import { canonicalResources } from './quantities.ts';
import type { KindStrategy } from './strategy.ts';

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const claimFinalizer = 'kubernetes.io/pvc-protection';
const volumeFinalizer = 'kubernetes.io/pv-protection';

/** Whoever is in use does not go: a controller takes the finalizer away when it may. */
function protect(draft: Draft, finalizer: string): void {
  const finalizers = draft.metadata.finalizers ?? [];
  if (!finalizers.includes(finalizer)) draft.metadata.finalizers = [...finalizers, finalizer];
}

/** Defaults of a claim's spec, also inside a StatefulSet. */
export function defaultClaim(spec: Fields): void {
  fill(spec, 'volumeMode', 'Filesystem');
  const resources = ensured(spec, 'resources');
  canonicalResources(resources, 'requests');
  canonicalResources(resources, 'limits');
}

export const claimStrategy: KindStrategy = {
  hasStatus: true,
  returnsDeleted: true,
  initialStatus: () => ({ phase: 'Pending' }),
  defaults: (draft) => defaultClaim(own(draft, 'spec')),
  prepareCreate: (draft, context) => {
    protect(draft, claimFinalizer);
    const spec = fieldsOf(draft.spec);
    if (spec.storageClassName !== undefined) return;
    const usual = context.heads
      .list('storage.k8s.io', 'storageclasses')
      .find((one) => one.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true');
    if (usual !== undefined) spec.storageClassName = usual.metadata.name;
  },
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    const problems: FieldError[] = [];
    const modes = (spec.accessModes as readonly string[] | undefined) ?? [];
    if (modes.length === 0) problems.push(required('spec.accessModes', 'at least 1 access mode is required'));
    for (const mode of modes) if (!accessModes.includes(mode)) problems.push(notSupported('spec.accessModes', mode, accessModes));
    const asked = fieldsOf(fieldsOf(spec.resources).requests).storage;
    if (asked === undefined) problems.push(required('spec.resources[storage]'));
    else if ((parseQuantity(String(asked))?.nanos ?? 0n) <= 0n)
      problems.push(invalidValue('spec.resources[storage]', String(asked), 'must be greater than zero'));
    return problems;
  },
  validateUpdate: (next, live) => {
    const masked = (object: KubeObject): Fields => {
      const { resources: _resources, volumeName: _volume, volumeAttributesClassName: _attributes, ...rest } = fieldsOf(object.spec);
      if (fieldsOf(live.spec).storageClassName === undefined) delete (rest as Fields).storageClassName;
      return rest;
    };
    return equal(masked(next), masked(live))
      ? []
      : [
          forbiddenField(
            'spec',
            'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
          ),
        ];
  },
};

export const volumeStrategy: KindStrategy = {
  hasStatus: true,
  returnsDeleted: true,
  initialStatus: () => ({ phase: 'Pending' }),
  prepareCreate: (draft, context) => {
    protect(draft, volumeFinalizer);
    draft.status = { ...fieldsOf(draft.status), lastPhaseTransitionTime: formatTime(context.clock.now()) };
  },
  defaults: (draft) => {
    const spec = own(draft, 'spec');
    fill(spec, 'persistentVolumeReclaimPolicy', 'Retain');
    fill(spec, 'volumeMode', 'Filesystem');
    if (spec.hostPath !== undefined) ensured(spec, 'hostPath').type ??= '';
    canonicalResources(spec, 'capacity');
  },
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    const problems: FieldError[] = [];
    const modes = (spec.accessModes as readonly string[] | undefined) ?? [];
    if (modes.length === 0) problems.push(required('spec.accessModes'));
    for (const mode of modes) if (!accessModes.includes(mode)) problems.push(notSupported('spec.accessModes', mode, accessModes));
    if (fieldsOf(spec.capacity).storage === undefined) problems.push(notSupported('spec.capacity', spec.capacity ?? null, ['storage']));
    return problems;
  },
};

export const storageClassStrategy: KindStrategy = {
  returnsDeleted: true,
  defaults: (draft) => {
    fill(draft, 'reclaimPolicy', 'Delete');
    fill(draft, 'volumeBindingMode', 'Immediate');
  },
  validate: (object) => (textOf(object.provisioner) === '' ? [required('provisioner')] : []),
  validateUpdate: (next, live) =>
    ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'].flatMap((field) =>
      equal(next[field], live[field])
        ? []
        : [
            field === 'parameters'
              ? forbiddenField(field, 'updates to parameters are forbidden.')
              : field === 'provisioner'
                ? forbiddenField(field, 'updates to provisioner are forbidden.')
                : invalidValue(field, next[field], 'field is immutable'),
          ],
    ),
};
