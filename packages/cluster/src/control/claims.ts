/**
 * Which objects belong to a controller: those it controls and still selects, plus orphans that it selects. A controller that is being
 * deleted claims nothing new. Rules of k8s.io/kubernetes pkg/controller/controller_ref_manager.go.
 */
import { controllerOf, type KubeObject, type LabelSelector, matches, type ResourceType, requirementsOf } from '@sluice/api';
import { controllerReference, type Write } from './plan.ts';

export type Claims<T extends KubeObject> = {
  /** Controlled and selected, and those that the writes adopt. */
  readonly claimed: readonly T[];
  /** Adoptions and releases. */
  readonly writes: readonly Write[];
};

export function claim<T extends KubeObject>(input: {
  readonly ownerType: ResourceType;
  readonly owner: KubeObject;
  readonly selector: LabelSelector | undefined;
  readonly type: ResourceType;
  readonly candidates: Iterable<T>;
}): Claims<T> {
  const { owner, ownerType, type } = input;
  const requirements = input.selector === undefined ? undefined : requirementsOf(input.selector);
  const isOwnerAlive = owner.metadata.deletionTimestamp === undefined;
  const claimed: T[] = [];
  const writes: Write[] = [];
  for (const object of input.candidates) {
    const isSelected = requirements !== undefined && matches(requirements, object.metadata.labels);
    const controller = controllerOf(object);
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue;
      if (isSelected) claimed.push(object);
      else if (isOwnerAlive) writes.push(release(type, object, owner));
      continue;
    }
    if (!isOwnerAlive || !isSelected || object.metadata.deletionTimestamp !== undefined) continue;
    claimed.push(object);
    writes.push({
      verb: 'patch',
      type,
      object,
      patch: { metadata: { ownerReferences: [...(object.metadata.ownerReferences ?? []), controllerReference(ownerType, owner)] } },
    });
  }
  return { claimed, writes };
}

function release(type: ResourceType, object: KubeObject, owner: KubeObject): Write {
  const rest = object.metadata.ownerReferences?.filter((reference) => reference.uid !== owner.metadata.uid) ?? [];
  return { verb: 'patch', type, object, patch: { metadata: { ownerReferences: rest.length === 0 ? null : rest } } };
}
