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

/** Writes come in crowds, and their times are whole seconds. */
let lastTime = { second: Number.NaN, text: '' };

function timeText(now: Instant): string {
  const second = Math.floor(now / 1000);
  if (second !== lastTime.second) lastTime = { second, text: formatTime(now) };
  return lastTime.text;
}

const anyObject: Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };

/** Sets the draft's managed fields. Its parts must be shared with `live` wherever they are equal. */
export function setManagedFields(draft: Draft, live: KubeObject | undefined, { target, write, now }: Ownership): void {
  if (live !== undefined && draft.metadata.managedFields === live.metadata.managedFields) {
    const same = withNewTime(draft as KubeObject, live, target.storage.apiVersion, write, timeText(now));
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
    now: timeText(now),
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
  const index = entries.findIndex(
    (entry) =>
      entry.operation === 'Update' &&
      entry.manager === write.manager &&
      entry.apiVersion === apiVersion &&
      (entry.subresource ?? '') === subresource,
  );
  const mine = entries[index];
  if (mine === undefined) return undefined;
  const [own, others] = [mine.fieldsV1, entries.filter((entry) => entry !== mine).map(({ fieldsV1 }) => fieldsV1)];
  if (!partsChangeOnlyOwn(next, live, own, others, metadataAlone)) return undefined;
  const above = others.map((one) => below(one, 'f:metadata'));
  if (!partsChangeOnlyOwn(next.metadata, live.metadata, below(own, 'f:metadata'), above, untracked)) return undefined;
  if (mine.time === now) return entries;
  // A newer time moves an entry behind the others of its operation.
  const isLast = entries.every((entry, at) => at <= index || entry.operation !== 'Update');
  if (!isLast) return undefined;
  return entries.map((entry) => (entry === mine ? { ...entry, time: now } : entry));
}

const none: ReadonlySet<string> = new Set();
const metadataAlone = new Set(['metadata']);
const untracked = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'name', 'namespace']);

/** The fields of an object or of its metadata, without those that are looked at elsewhere or that nobody owns. */
function partsChangeOnlyOwn(next: object, live: object, mine: Fields, others: readonly Fields[], except: ReadonlySet<string>): boolean {
  const [from, to] = [next as Record<string, unknown>, live as Record<string, unknown>];
  for (const field in to) if (from[field] === undefined && to[field] !== undefined && !except.has(field)) return false;
  for (const field in from) {
    const [value, old] = [from[field], to[field]];
    if (value === old || except.has(field)) continue;
    const element = `f:${field}`;
    if (
      !changesOnlyOwn(
        value,
        old,
        below(mine, element),
        others.map((one) => below(one, element)),
      )
    )
      return false;
  }
  return true;
}

type Fields = Readonly<Record<string, unknown>> | undefined;

function below(fields: Fields, element: string): Fields {
  return fields?.[element] as Fields;
}

/**
 * Whether every difference is a value that was replaced by another of its sort, in a place that is in `mine` and in none of the others.
 * Items of a list are told apart by the keys that the sets of fields themselves name: `k:{"type":"Ready"}`.
 */
function changesOnlyOwn(next: unknown, live: unknown, mine: Fields, others: readonly Fields[]): boolean {
  if (next === live) return true;
  if (mine === undefined || next === undefined || live === undefined || next === null || live === null) return false;
  if (typeof next !== 'object' || typeof live !== 'object')
    return typeof next === typeof live && next !== '' && live !== '' && others.every((one) => one === undefined);
  if (Array.isArray(next)) return Array.isArray(live) && itemsChangeOnlyOwn(next, live, mine, others);
  if (Array.isArray(live)) return false;
  return partsChangeOnlyOwn(next, live, mine, others, none);
}

function itemsChangeOnlyOwn(
  next: readonly unknown[],
  live: readonly unknown[],
  mine: NonNullable<Fields>,
  others: readonly Fields[],
): boolean {
  // Empty lists are owned like whole ones, and get elements with their first item.
  if (next.length === 0 || live.length === 0) return false;
  const elements = Object.keys(mine).filter((element) => element !== '.');
  const [first] = elements;
  // A list without elements of its own is owned as a whole.
  if (first === undefined) return mine['.'] === undefined && others.every((one) => one === undefined);
  if (!first.startsWith('k:') || next.length !== live.length) return false;
  const names = Object.keys(JSON.parse(first.slice(2)) as object);
  return next.every((item, index) => {
    const old = live[index];
    if (item === old) return true;
    const element = elementOf(item, names);
    if (element === undefined || element !== elementOf(old, names)) return false;
    return changesOnlyOwn(
      item,
      old,
      below(mine, element),
      others.map((one) => below(one, element)),
    );
  });
}

function elementOf(item: unknown, names: readonly string[]): string | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const fields = item as Record<string, unknown>;
  return `k:${JSON.stringify(Object.fromEntries(names.map((name) => [name, fields[name]])))}`;
}
