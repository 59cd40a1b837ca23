/**
 * Who owns which field after a write. Both ways of writing end here: `serverSideApply` merges a configuration and settles conflicts;
 * `trackUpdate` notes what a create, update or patch has changed.
 */
import type { KubeObject, ManagedFieldsEntry } from '@sluice/api';
import { jsonEqual } from './copy-on-write.ts';
import { FieldSet, type PathElement, pathText } from './field-set.ts';
import { toGoJson } from './go-text.ts';
import { capManagers, decodeManagers, encodeManagers, type Manager, type Managers, managerKey, managerText } from './managers.ts';
import { type MergeType, resourceType } from './merge-type.ts';
import { PatchError } from './patch-error.ts';
import type { Schema } from './schema.ts';
import { typeErrors } from './type-errors.ts';
import {
  type Comparison,
  compareValues,
  fieldsOf,
  mergeValues,
  removeItems,
  TypedValueError,
  withNamedFields,
  withoutHoles,
  withZeros,
} from './typed-value.ts';

export type Conflict = { readonly manager: string; readonly field: string; readonly message: string };

/** Others own fields that the configuration wants to change. The message is the server's; each conflict is one cause of its status. */
export class ApplyConflict extends Error {
  readonly conflicts: readonly Conflict[];

  constructor(message: string, conflicts: readonly Conflict[]) {
    super(message);
    this.name = 'ApplyConflict';
    this.conflicts = conflicts;
  }
}

export type ApplyInput = {
  readonly schema: Schema;
  /** Absent: the object is created. */
  readonly live: KubeObject | undefined;
  readonly applied: KubeObject;
  readonly manager: string;
  readonly force: boolean;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  /** Fields that the kind does not let this request change, such as `status`. */
  readonly resetFields?: readonly (readonly string[])[];
};

const lastAppliedKey = 'kubectl.kubernetes.io/last-applied-configuration';

/** Fields that nobody owns: who and where an object is, and what the server writes. */
const untracked: FieldSet = (() => {
  const set = new FieldSet();
  for (const path of ['apiVersion', 'kind', 'metadata']) set.insert([`f:${path}`]);
  const meta = 'name namespace creationTimestamp selfLink uid clusterName generation managedFields resourceVersion';
  for (const name of meta.split(' ')) set.insert(['f:metadata', `f:${name}`]);
  return set;
})();

/**
 * Server-side apply: merges `applied` into `live`, removes what the same manager applied before and no longer wants (unless someone else
 * owns it), and records who owns what.
 *
 * @returns the merged object with `metadata.managedFields`; parts that did not change are shared with `live`
 * @throws ApplyConflict if another manager owns a field that would change, unless `force`
 * @throws PatchError if the configuration does not fit the schema or carries `managedFields`
 */
export function serverSideApply(input: ApplyInput): KubeObject {
  if (input.applied.metadata.managedFields !== undefined && input.applied.metadata.managedFields !== null) {
    throw new PatchError('BadRequest', 'metadata.managedFields must be nil');
  }
  const type = resourceType(input.schema);
  const errors = typeErrors(type, input.applied);
  if (errors.length > 0) throw new PatchError('Internal', `failed to create typed patch object (${nameOf(input)}): ${joined(errors)}`);
  try {
    return applyAsKubectl(input, type);
  } catch (error) {
    if (error instanceof TypedValueError) throw new PatchError('Internal', error.message, { cause: error });
    throw error;
  }
}

function nameOf({ applied }: ApplyInput): string {
  const { name = '', namespace = '' } = applied.metadata;
  const version = applied.apiVersion.includes('/') ? applied.apiVersion : `/${applied.apiVersion}`;
  return `${namespace}/${name}; ${version}, Kind=${applied.kind}`;
}

function joined(errors: readonly string[]): string {
  return errors.length === 1 ? (errors[0] ?? '') : ['errors:', ...errors.map((error) => `  ${error}`)].join('\n');
}

/**
 * kubectl's own manager may take over what kubectl applied from the client's side: conflicts about fields that still have the value of
 * the last-applied annotation do not count, and the annotation is kept up to date.
 */
function applyAsKubectl(input: ApplyInput, type: MergeType): KubeObject {
  if (input.manager !== 'kubectl') return applyOnce(input, type);
  let result: KubeObject;
  try {
    result = applyOnce(input, type);
  } catch (error) {
    const isMigration = error instanceof ConflictsFound && input.live !== undefined;
    if (!isMigration) throw error;
    const allowed = lastAppliedFields(input.live, input.apiVersion, type);
    if (allowed === undefined) throw error;
    const left = error.found.filter(({ path }) => !allowed.has(path));
    if (left.length > 0) throw conflictError(left);
    result = applyOnce({ ...input, force: true }, type);
  }
  const { annotations } = result.metadata;
  if (annotations === undefined || (annotations[lastAppliedKey] ?? '') === '') return result;
  const text = `${lastAppliedText(input.applied)}\n`;
  return { ...result, metadata: { ...result.metadata, annotations: { ...annotations, [lastAppliedKey]: text } } };
}

/** Fields of the last-applied annotation that the live object still has as they were. */
function lastAppliedFields(live: KubeObject | undefined, apiVersion: string, type: MergeType): FieldSet | undefined {
  const text = live?.metadata.annotations?.[lastAppliedKey] ?? '';
  if (text === '') return undefined;
  try {
    const last = JSON.parse(text) as KubeObject;
    if (last.apiVersion !== apiVersion || typeErrors(type, last).length > 0) return undefined;
    const { modified, added, removed } = compareValues(type, last, withZeros(type, live, false));
    return fieldsOf(type, last).difference(modified).difference(added).difference(removed);
  } catch {
    return undefined;
  }
}

function lastAppliedText(applied: KubeObject): string {
  const { annotations, ...metadata } = applied.metadata;
  const { [lastAppliedKey]: _, ...others } = annotations ?? {};
  const hasOthers = Object.keys(others).length > 0;
  return toGoJson({ ...applied, metadata: hasOthers ? { ...metadata, annotations: others } : metadata });
}

function applyOnce(input: ApplyInput, type: MergeType): KubeObject {
  const { applied, apiVersion, now } = input;
  const subresource = input.subresource ?? '';
  const live = input.live === undefined ? undefined : without(input.live);
  const base = withZeros(type, live ?? { apiVersion: applied.apiVersion, kind: applied.kind, metadata: {} }, false);
  const managers = decodeManagers(input.live?.metadata.managedFields);
  const reset = resetSet(input.resetFields);
  if (managers.size === 0 && live !== undefined) {
    const owner: Manager = { name: 'before-first-apply', operation: 'Update', apiVersion, subresource, time: now, fields: new FieldSet() };
    ownAll(managers, owner, without(compareValues(type, withZeros(type, {}, false), base), reset));
  }

  const self: Manager = { name: input.manager, operation: 'Apply', apiVersion, subresource, time: now, fields: new FieldSet() };
  const key = managerKey(self);
  const last = managers.get(key);
  const wanted = fieldsOf(type, applied).recursiveDifference(reset);
  managers.set(key, { ...self, fields: wanted });

  let merged = mergeValues(type, base, applied);
  if (last !== undefined && !last.fields.isEmpty()) merged = prune(type, merged, managers, last.fields);
  settle(managers, key, without(compareValues(type, base, merged), reset), input.force);
  const hasChanged = !jsonEqual(base, merged);
  const mine = managers.get(key);
  if (mine !== undefined) {
    const fields = mine.fields.difference(untracked);
    if (fields.isEmpty()) managers.delete(key);
    else managers.set(key, { ...mine, fields, time: hasChanged ? now : (last?.time ?? undefined) });
  }
  const result = hasChanged || live === undefined ? (withoutHoles(type, merged, applied, base) as KubeObject) : live;
  return withManagers(result, encodeManagers(managers));
}

/** An object that was written before anyone tracked it belongs to `before-first-apply`. */
function ownAll(managers: Managers, owner: Manager, changes: Comparison): void {
  const fields = ownedBy(changes).difference(untracked);
  if (!fields.isEmpty()) managers.set(managerKey(owner), { ...owner, fields });
}

function ownedBy({ modified, added }: Comparison): FieldSet {
  return modified.union(added);
}

/**
 * Takes out what the manager applied before: all of it, then back comes what anyone owns now, then what was not its own to remove. The
 * detour keeps containers that still hold something of others.
 */
function prune(type: MergeType, merged: unknown, managers: Managers, last: FieldSet): unknown {
  const named = (set: FieldSet): FieldSet => withNamedFields(type, set);
  const mergedFields = named(fieldsOf(type, merged));
  let owned = new FieldSet();
  for (const manager of managers.values()) owned = owned.union(manager.fields);
  const stripped = removeItems(type, merged, named(last));
  const kept = named(fieldsOf(type, stripped)).union(named(owned));
  const withOwned = removeItems(type, merged, mergedFields.difference(kept));
  const gone = mergedFields.difference(named(fieldsOf(type, withOwned)));
  return removeItems(type, merged, gone.intersection(named(last)));
}

/** Takes changed and removed fields away from the other managers. */
function settle(managers: Managers, self: string, changes: Comparison, force: boolean): void {
  const changed = ownedBy(changes);
  const found: FoundConflict[] = [];
  for (const [key, manager] of managers) {
    if (key === self) continue;
    if (force) continue;
    for (const path of manager.fields.intersection(changed).paths()) found.push({ manager, path });
  }
  if (found.length > 0) throw conflictError(found);
  for (const [key, manager] of managers) {
    if (key === self) continue;
    const fields = manager.fields.difference(changed).difference(changes.removed);
    if (fields.isEmpty()) managers.delete(key);
    else if (fields !== manager.fields) managers.set(key, { ...manager, fields });
  }
}

type FoundConflict = { readonly manager: Manager; readonly path: readonly PathElement[] };

class ConflictsFound extends ApplyConflict {
  readonly found: readonly FoundConflict[];

  constructor(message: string, conflicts: readonly Conflict[], found: readonly FoundConflict[]) {
    super(message, conflicts);
    this.found = found;
  }
}

function conflictError(found: readonly FoundConflict[]): ConflictsFound {
  const sorted = [...found].sort((a, b) =>
    managerKey(a.manager) < managerKey(b.manager) ? -1 : managerKey(a.manager) > managerKey(b.manager) ? 1 : 0,
  );
  const conflicts = sorted.map(({ manager, path }) => ({
    manager: managerText(manager),
    field: pathText(path),
    message: `conflict with ${managerText(manager)}`,
  }));
  const [first] = conflicts;
  if (conflicts.length === 1 && first !== undefined) {
    return new ConflictsFound(`Apply failed with 1 conflict: ${first.message}: ${first.field}`, conflicts, sorted);
  }
  const lines: string[] = [];
  let heading = '';
  for (const { manager, field } of conflicts) {
    if (manager !== heading) lines.push(`conflicts with ${manager}:`);
    heading = manager;
    lines.push(`- ${field}`);
  }
  return new ConflictsFound(`Apply failed with ${conflicts.length} conflicts: ${lines.join('\n')}`, conflicts, sorted);
}

export type TrackInput = {
  readonly schema: Schema;
  /** Absent: the object is created. */
  readonly live: KubeObject | undefined;
  readonly next: KubeObject;
  readonly manager: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  /** Fields that the kind does not let this request change, such as `status`. */
  readonly resetFields?: readonly (readonly string[])[];
};

/**
 * `metadata.managedFields` after a create, update or patch: the manager gets what really changed, others lose it, and the time moves
 * only if something changed. Entries that `next` brings along replace the live ones, and an empty list (or one empty entry) forgets
 * everybody; an object that nobody tracks stays untracked.
 */
export function trackUpdate(input: TrackInput): readonly ManagedFieldsEntry[] {
  const { live, next, apiVersion, now } = input;
  const subresource = input.subresource ?? '';
  const given = next.metadata.managedFields;
  if (subresource === '' && isReset(given)) {
    if (live !== undefined) return [];
  }
  let managers = subresource === '' && !isReset(given) ? decodeManagers(given) : new Map<string, Manager>();
  if (managers.size === 0 && !(subresource === '' && isReset(given))) managers = decodeManagers(live?.metadata.managedFields);
  if (managers.size === 0 && live !== undefined) return [];

  const type = resourceType(input.schema);
  const reset = resetSet(input.resetFields);
  let changes: Comparison;
  try {
    changes = without(compareValues(type, live === undefined ? {} : without(live), without(next), true), reset);
  } catch (error) {
    // An object that its own schema cannot read is not tracked; the write itself goes on, as on a real server.
    if (error instanceof TypedValueError) return [];
    throw error;
  }
  settle(managers, '', changes, true);
  const fields = ownedBy(changes).difference(untracked);
  if (!fields.isEmpty()) {
    const self: Manager = {
      name: input.manager === '' ? 'unknown' : input.manager,
      operation: 'Update',
      apiVersion,
      subresource,
      time: now,
      fields,
    };
    const key = managerKey(self);
    const previous = managers.get(key);
    managers.set(key, previous === undefined ? self : { ...self, fields: fields.union(previous.fields) });
  }
  capManagers(managers);
  return encodeManagers(managers);
}

function isReset(entries: readonly ManagedFieldsEntry[] | undefined | null): boolean {
  if (entries === undefined || entries === null) return false;
  return entries.length === 0 || (entries.length === 1 && Object.keys(entries[0] ?? {}).length === 0);
}

function resetSet(paths: readonly (readonly string[])[] | undefined): FieldSet {
  const set = new FieldSet();
  for (const path of paths ?? []) set.insert(path.map((name) => `f:${name}`));
  return set;
}

function withManagers(object: KubeObject, managedFields: readonly ManagedFieldsEntry[]): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
}

function without(object: KubeObject): KubeObject;
function without(changes: Comparison, reset: FieldSet): Comparison;
function without(value: KubeObject | Comparison, reset?: FieldSet): KubeObject | Comparison {
  if (reset === undefined) return withManagers(value as KubeObject, []);
  const { removed, modified, added } = value as Comparison;
  return {
    removed: removed.recursiveDifference(reset),
    modified: modified.recursiveDifference(reset),
    added: added.recursiveDifference(reset),
  };
}
