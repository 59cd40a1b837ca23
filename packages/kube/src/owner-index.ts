/** The index that finds what an object owns: `informer.byIndex('owner', uid)`. */
import type { KubeObject } from '@sluice/api';

/** Name under which informers keep `ownerIndex`. */
export const ownerIndexName = 'owner';

/** Uids of all owners of an object, the controlling one or not. */
export function ownerIndex(object: KubeObject): readonly string[] {
  return object.metadata.ownerReferences?.map((reference) => reference.uid) ?? [];
}
