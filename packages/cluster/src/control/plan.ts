/**
 * What a decision wants done, as data. `decide` functions build plans out of these words; `Actor` carries them out.
 * A plan is safe to carry out late or twice: creates have fixed names or are counted from the cache, patches are guarded by the
 * resource version they were decided on, deletes by the uid.
 */
import { apiVersionOf, type KubeObject, type OwnerReference, type ResourceType } from '@sluice/api';
import { mergeDifference } from './equality.ts';

/** An Event to record. `{name}` in a message stands for the name of the object that the write concerned, `{error}` for its failure. */
export type Note = {
  readonly about: KubeObject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Part of the object: `spec.containers{web}`. */
  readonly fieldPath?: string;
};

type Notes = {
  /** Recorded when the write went through. */
  readonly note?: Note | undefined;
  /** Recorded when the server refused it. */
  readonly failureNote?: Note | undefined;
};

export type Write = Notes &
  (
    | {
        readonly verb: 'create';
        readonly type: ResourceType;
        readonly object: KubeObject;
        readonly subresource?: string;
        readonly of?: string;
      }
    | {
        readonly verb: 'patch';
        readonly type: ResourceType;
        /** The object as it was seen. */
        readonly object: KubeObject;
        /** Merge patch, without the guard. */
        readonly patch: Readonly<Record<string, unknown>>;
        readonly subresource?: 'status' | 'scale' | undefined;
        /** False: not guarded by the resource version, only by the uid. True when absent. */
        readonly guarded?: boolean | undefined;
      }
    | {
        readonly verb: 'delete';
        readonly type: ResourceType;
        readonly object: KubeObject;
        readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
        readonly gracePeriodSeconds?: number | undefined;
        /** Refused by the server when the object has changed since it was seen. */
        readonly guarded?: boolean | undefined;
      }
  );

/** Writes that may be in flight together. A slow start sends 1, then 2, 4, ... of them and stops at the first that fails. */
export type Step = { readonly writes: readonly Write[]; readonly isSlowStart?: boolean };

export type Plan = {
  readonly steps: readonly Step[];
  readonly notes: readonly Note[];
  /** Absent: wait for a change. */
  readonly requeueAfterMs?: number | undefined;
  /** Why, in one line, for logs and tests. */
  readonly reason: string;
};

export function nothing(reason: string, requeueAfterMs?: number): Plan {
  return { steps: [], notes: [], reason, requeueAfterMs };
}

/** The earlier of two wishes. */
export function earliest(...delays: readonly (number | undefined)[]): number | undefined {
  const known = delays.filter((delay): delay is number => delay !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** One step per write, in order; writes that are absent drop out. */
export function inOrder(...writes: readonly (Write | undefined)[]): readonly Step[] {
  return writes.flatMap((write) => (write === undefined ? [] : [{ writes: [write] }]));
}

/** A patch of the status to `next`; `undefined` when it would change nothing. */
export function statusWrite<T extends KubeObject & { readonly status?: unknown }>(
  type: ResourceType,
  object: T,
  next: NonNullable<T['status']>,
): Write | undefined {
  const difference = mergeDifference(object.status ?? {}, next);
  return difference === undefined ? undefined : { verb: 'patch', type, object, patch: { status: difference }, subresource: 'status' };
}

export function controllerReference(type: ResourceType, owner: KubeObject): OwnerReference {
  return { ...ownerReference(type, owner), controller: true, blockOwnerDeletion: true };
}

export function ownerReference(type: ResourceType, owner: KubeObject): OwnerReference {
  return { apiVersion: apiVersionOf(type), kind: type.kind, name: owner.metadata.name ?? '', uid: owner.metadata.uid ?? '' };
}

/** Merge patches of the same object become one, at the place of the first. */
export function combinePatches(writes: readonly Write[]): readonly Write[] {
  const combined: Write[] = [];
  for (const write of writes) {
    const at = combined.findIndex(
      (other) =>
        other.verb === 'patch' && write.verb === 'patch' && other.object === write.object && other.subresource === write.subresource,
    );
    const other = combined[at];
    if (other?.verb !== 'patch' || write.verb !== 'patch') combined.push(write);
    else combined[at] = { ...other, ...write, note: write.note ?? other.note, patch: overlaid(other.patch, write.patch) };
  }
  return combined;
}

function overlaid(below: Readonly<Record<string, unknown>>, above: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    const areObjects = [under, value].every((part) => typeof part === 'object' && part !== null && !Array.isArray(part));
    merged[key] = areObjects ? overlaid(under as Record<string, unknown>, value as Record<string, unknown>) : value;
  }
  return merged;
}
