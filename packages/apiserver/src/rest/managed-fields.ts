/**
 * Who owns which field after a create, update or patch. What is the very same part before and after cannot have changed hands, so only the
 * branches that differ are compared.
 */
import { formatTime, type Instant, type KubeObject } from '@sluice/api';
import { type Schema, trackUpdate } from '@sluice/schema';
import type { Draft } from '../store/store.ts';
import type { Target } from './context.ts';

export type Ownership = {
  readonly target: Target;
  readonly write: { readonly manager: string; readonly subresource?: string };
  readonly now: Instant;
};

const anyObject: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Sets the draft's managed fields. Its parts must be shared with `live` wherever they are equal. */
export function setManagedFields(draft: Draft, live: KubeObject | undefined, { target, write, now }: Ownership): void {
  if (live !== undefined && draft.metadata.managedFields === live.metadata.managedFields) {
    const same = withNewTime(draft as KubeObject, live, target.storage.apiVersion, write, formatTime(now));
    if (same !== undefined) {
      draft.metadata.managedFields = same;
      return;
    }
  }
  const [next, before] = live === undefined ? [draft as KubeObject, undefined] : differing(draft as KubeObject, live);
  const entries = trackUpdate({
    schema: target.served.schema ?? anyObject,
    live: before,
    next,
    manager: write.manager,
    now: formatTime(now),
    apiVersion: target.storage.apiVersion,
    ...(write.subresource === undefined ? {} : { subresource: write.subresource }),
  });
  if (entries.length === 0) delete draft.metadata.managedFields;
  else draft.metadata.managedFields = entries;
}

/** Both objects without the branches that are identical in them; managed fields always stay. */
function differing(next: KubeObject, live: KubeObject): readonly [KubeObject, KubeObject] {
  const [left, right] = pruned(next, live) as [KubeObject, KubeObject];
  const { managedFields: given } = next.metadata;
  const { managedFields: known } = live.metadata;
  return [
    { ...left, metadata: { ...left.metadata, ...(given === undefined ? {} : { managedFields: given }) } },
    { ...right, metadata: { ...right.metadata, ...(known === undefined ? {} : { managedFields: known }) } },
  ];
}

/** Scalars stay even where they are equal: they may be the keys of a list's items. */
function pruned(next: unknown, live: unknown): readonly [unknown, unknown] {
  if (typeof next !== 'object' || typeof live !== 'object' || next === null || live === null) return [next, live];
  if (Array.isArray(next)) return Array.isArray(live) ? prunedArray(next, live) : [next, live];
  if (Array.isArray(live)) return [next, live];
  const left: Record<string, unknown> = {};
  const right: Record<string, unknown> = {};
  const [from, to] = [next as Record<string, unknown>, live as Record<string, unknown>];
  for (const key in from) {
    const value = from[key];
    const old = to[key];
    if (value === old && typeof value === 'object' && value !== null) continue;
    if (old === undefined) left[key] = value;
    else [left[key], right[key]] = pruned(value, old);
  }
  for (const key in to) if (from[key] === undefined) right[key] = to[key];
  return [left, right];
}

/** Items that are objects and stand unchanged in the same place are left out on both sides; lists of scalars stay whole. */
function prunedArray(next: readonly unknown[], live: readonly unknown[]): readonly [unknown, unknown] {
  if (next.length !== live.length) return [next, live];
  const left: unknown[] = [];
  const right: unknown[] = [];
  for (const [index, item] of next.entries()) {
    const old = live[index];
    if (item === old && typeof item === 'object' && item !== null) continue;
    const [a, b] = pruned(item, old);
    left.push(a);
    right.push(b);
  }
  return [left, right];
}

type Entries = NonNullable<KubeObject['metadata']['managedFields']>;

/**
 * The most frequent write of all: a controller sets values that it has set before, and nobody else has. Then nothing but its time changes,
 * and the sets of fields need not be read. `undefined` when it takes a closer look.
 */
function withNewTime(next: KubeObject, live: KubeObject, apiVersion: string, write: Ownership['write'], now: string): Entries | undefined {
  const entries = live.metadata.managedFields;
  if (entries === undefined) return undefined;
  const subresource = write.subresource ?? '';
  const own = entries.findIndex(
    (entry) =>
      entry.operation === 'Update' &&
      entry.manager === write.manager &&
      entry.apiVersion === apiVersion &&
      (entry.subresource ?? '') === subresource,
  );
  const mine = entries[own];
  if (mine === undefined) return undefined;
  const paths: string[][] = [];
  if (!changedLeaves(next, live, [], paths)) return undefined;
  for (const path of paths) {
    if (!owns(mine.fieldsV1, path)) return undefined;
    if (entries.some((entry) => entry !== mine && owns(entry.fieldsV1, path))) return undefined;
  }
  if (mine.time === now || paths.length === 0) return entries;
  // A newer time moves an entry behind the others of its operation.
  const isLast = entries.every((entry, index) => index <= own || entry.operation !== 'Update');
  if (!isLast) return undefined;
  return entries.map((entry) => (entry === mine ? { ...entry, time: now } : entry));
}

const untracked = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'name', 'namespace']);

/** Collects the paths of values that were replaced by others of the same sort; false when anything came, went, or lies in a list. */
function changedLeaves(next: unknown, live: unknown, path: readonly string[], paths: string[][]): boolean {
  if (next === live) return true;
  if (typeof next !== 'object' || typeof live !== 'object' || next === null || live === null) {
    const isValue = typeof next === typeof live && typeof next !== 'object' && next !== undefined;
    if (isValue && next !== '' && live !== '') paths.push([...path]);
    return isValue && next !== '' && live !== '';
  }
  if (Array.isArray(next) || Array.isArray(live)) return false;
  const [from, to] = [next as Record<string, unknown>, live as Record<string, unknown>];
  const isMetadata = path.length === 1 && path[0] === 'metadata';
  for (const key in from) {
    if (isMetadata && untracked.has(key)) continue;
    if (!changedLeaves(from[key], to[key], [...path, key], paths)) return false;
  }
  for (const key in to) if (from[key] === undefined && to[key] !== undefined && !(isMetadata && untracked.has(key))) return false;
  return true;
}

function owns(fields: Readonly<Record<string, unknown>> | undefined, path: readonly string[]): boolean {
  let at: unknown = fields;
  for (const segment of path) {
    if (typeof at !== 'object' || at === null) return false;
    at = (at as Record<string, unknown>)[`f:${segment}`];
  }
  return typeof at === 'object' && at !== null;
}
