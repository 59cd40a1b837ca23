/**
 * `metadata.managedFields` as a table of managers. An applier is known by its name and subresource, an updater by its version as well;
 * the entries are sorted, timed and capped as a real server does it.
 */
import type { ManagedFieldsEntry } from '@sluice/api';
import { FieldSet } from './field-set.ts';
import { compareText, goQuote } from './go-text.ts';

export type Manager = {
  readonly name: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
};

/** By identity, see `managerKey`. */
export type Managers = Map<string, Manager>;

/** Above this many updaters the oldest are thrown together. */
const updatersMax = 10;
const ancientName = 'ancient-changes';

/** Who a manager is: not when or what. The order of the parts is the order in which a server compares identities. */
export function managerKey(manager: Pick<Manager, 'name' | 'operation' | 'apiVersion' | 'subresource'>): string {
  return JSON.stringify({
    ...(manager.name === '' ? {} : { manager: manager.name }),
    operation: manager.operation,
    ...(manager.operation === 'Apply' ? {} : { apiVersion: manager.apiVersion }),
    ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
  });
}

type Known = readonly [key: string, manager: Manager];

/** Entries are never changed, and most of them go from version to version of an object as they are. */
const managerOfEntry = new WeakMap<ManagedFieldsEntry, Known>();
const entryOfManager = new WeakMap<Manager, ManagedFieldsEntry>();

/** @returns an empty table if an entry cannot be read, as the server does */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  for (const entry of entries ?? []) {
    const known = managerOfEntry.get(entry);
    if (known !== undefined) {
      managers.set(...known);
      continue;
    }
    const isKnown = entry.operation === 'Apply' || entry.operation === 'Update';
    if (!isKnown || entry.apiVersion === undefined || entry.apiVersion === '' || entry.fieldsType !== 'FieldsV1') return new Map();
    const manager: Manager = {
      name: entry.manager ?? '',
      operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
      apiVersion: entry.apiVersion,
      subresource: entry.subresource ?? '',
      time: entry.time,
      fields: FieldSet.of(entry.fieldsV1),
    };
    managers.set(managerKey(manager), manager);
  }
  return managers;
}

/** Managers that did not change keep the entries that were written of them. */
export function encodeManagers(managers: Managers): readonly ManagedFieldsEntry[] {
  return [...managers.values()].sort(compareManagers).map((manager) => {
    let entry = entryOfManager.get(manager);
    if (entry === undefined) {
      entry = entryOf(manager);
      entryOfManager.set(manager, entry);
      managerOfEntry.set(entry, [managerKey(manager), manager]);
    }
    return entry;
  });
}

function entryOf(manager: Manager): ManagedFieldsEntry {
  return {
    ...(manager.name === '' ? {} : { manager: manager.name }),
    operation: manager.operation,
    apiVersion: manager.apiVersion,
    ...(manager.time === undefined ? {} : { time: manager.time }),
    fieldsType: 'FieldsV1' as const,
    fieldsV1: manager.fields.text(),
    ...(manager.subresource === '' ? {} : { subresource: manager.subresource }),
  };
}

/** Appliers first, then by time, name, version, subresource. */
function compareManagers(a: Manager, b: Manager): number {
  return (
    compareText(a.operation, b.operation) ||
    seconds(a.time) - seconds(b.time) ||
    compareText(a.name, b.name) ||
    compareText(a.apiVersion, b.apiVersion) ||
    compareText(a.subresource, b.subresource)
  );
}

function seconds(time: string | undefined): number {
  return time === undefined ? 0 : Math.floor(Date.parse(time) / 1000);
}

/** Throws the oldest updaters of a version together until no more than ten are left. */
export function capManagers(managers: Managers): void {
  if (managers.size <= updatersMax) return;
  const updaters = [...managers]
    .filter(([, manager]) => manager.operation === 'Update')
    .sort(([aKey, a], [bKey, b]) => seconds(a.time) - seconds(b.time) || compareText(aKey, bKey));
  let count = updaters.length;
  const firstOfVersion = new Map<string, string>();
  for (const [key, manager] of updaters) {
    if (count <= updatersMax) return;
    const first = firstOfVersion.get(manager.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(manager.apiVersion, key);
      continue;
    }
    const bucket: Manager = { ...manager, name: ancientName, subresource: '' };
    const bucketKey = managerKey(bucket);
    const before = managers.get(bucketKey) ?? managers.get(first);
    managers.delete(first);
    managers.delete(key);
    managers.set(bucketKey, { ...bucket, fields: before === undefined ? manager.fields : manager.fields.union(before.fields) });
    count--;
  }
}

/** `"kubectl-edit" with subresource "status" using apps/v1`: how conflicts name a manager. Appliers have no version. */
export function managerText(manager: Manager): string {
  const name = goQuote(manager.name) + (manager.subresource === '' ? '' : ` with subresource ${goQuote(manager.subresource)}`);
  return manager.operation === 'Apply' ? name : `${name} using ${manager.apiVersion}`;
}
