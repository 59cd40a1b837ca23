/**
 * What server-side apply does with values and their types: which fields a value has, how two values differ, how one is merged into
 * another, and how items are taken out. Absent is `undefined`; null is a value. Follows structured-merge-diff v6.
 */
import { jsonEqual, setKey } from './copy-on-write.ts';
import { FieldSet, fieldElement, fieldName, keyElement, type PathElement, valueElement } from './field-set.ts';
import type { ListShape, MapShape, MergeType, Scalar } from './merge-type.ts';
import { isObject, type JsonObject } from './schema.ts';

/** An object that cannot be applied, with the words of a real server. */
export class TypedValueError extends Error {}

export type Atom = { readonly map?: MapShape | undefined; readonly scalar?: Scalar | undefined; readonly list?: ListShape | undefined };

/** The shape that a value has among those its type allows. */
export function atomOf(type: MergeType, value: unknown): Atom {
  if (value !== undefined && value !== null) {
    if (Array.isArray(value)) {
      if (type.list !== undefined) return { list: type.list };
    } else if (typeof value === 'object') {
      if (type.map !== undefined) return { map: type.map };
    } else if (type.scalar !== undefined) return { scalar: type.scalar };
  }
  if (type.map !== undefined) return { map: type.map };
  if (type.scalar !== undefined) return { scalar: type.scalar };
  return { list: type.list };
}

/** The element of a list item: by its keys, missing ones filled with their defaults, or by its value in a set. */
export function itemElement(list: ListShape, item: unknown): PathElement {
  if (list.keys.length === 0) {
    if (item === null) throw new TypedValueError("associative list without keys has an element that's an explicit null");
    if (Array.isArray(item)) throw new TypedValueError('not supported: associative list with lists as elements');
    if (isObject(item)) throw new TypedValueError("associative list without keys has an element that's a map type");
    return valueElement(item);
  }
  if (item === null) throw new TypedValueError('associative list with keys may not have a null element');
  if (!isObject(item)) throw new TypedValueError('associative list with keys may not have non-map elements');
  const keys: Record<string, unknown> = {};
  let count = 0;
  for (const key of list.keys) {
    const value = Object.hasOwn(item, key) ? item[key] : list.element.map?.field(key)?.keyDefault;
    if (value === undefined || value === null) continue;
    setKey(keys, key, value);
    count++;
  }
  if (count === 0) {
    const names = list.keys.map((key) => JSON.stringify(key)).join(' ');
    throw new TypedValueError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(keys);
}

export function fieldType(map: MapShape, key: string): MergeType | undefined {
  return map.field(key) ?? map.element;
}

/**
 * Fills in what Go has even where nobody set it: structs held by value, and null for required lists and maps. With `scalars`, zero
 * values too: those tell what changed, but must not reach an object whose required fields are still to be checked.
 */
export function withZeros(type: MergeType, value: unknown, scalars: boolean): unknown {
  if (Array.isArray(value)) {
    const element = type.list?.element;
    if (element === undefined) return value;
    const items = value.map((item) => withZeros(element, item, scalars));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const { map } = type;
  if (!isObject(value) || map === undefined) return value;
  const filled = withOwnZeros(type, value, scalars) as JsonObject;
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(filled)) {
    const child = filled[key];
    if (typeof child !== 'object' || child === null) continue;
    const childType = fieldType(map, key);
    const next = childType === undefined ? child : withZeros(childType, child, scalars);
    if (next === child) continue;
    out ??= { ...filled };
    setKey(out, key, next);
  }
  return out ?? filled;
}

/** The same for the fields of one map, and not for what is below them. */
function withOwnZeros(type: MergeType, value: unknown, scalars: boolean): unknown {
  if (type.zeros.length === 0 || !isObject(value) || type.map === undefined) return value;
  let out: Record<string, unknown> | undefined;
  for (const [key, zero] of type.zeros) {
    if (value[key] !== undefined || (!scalars && zero !== null && typeof zero !== 'object')) continue;
    out ??= { ...value };
    out[key] = zero;
  }
  return out ?? value;
}

/** Every leaf and every item that a value mentions. */
export function fieldsOf(type: MergeType, value: unknown): FieldSet {
  const set = new FieldSet();
  collect(type, value, set, undefined);
  return set;
}

/** Adds what is at `element` (the root if undefined) to its parent's set. */
function collect(type: MergeType, value: unknown, parent: FieldSet, element: PathElement | undefined): void {
  const atom = atomOf(type, value);
  const addSelf = (): void => {
    if (element !== undefined) parent.members.add(element);
  };
  const isWhole = atom.scalar !== undefined || atom.map?.isAtomic === true || atom.list?.isAtomic === true;
  if (isWhole) {
    addSelf();
    return;
  }
  const own = element === undefined ? parent : new FieldSet();
  if (atom.map !== undefined && isObject(value)) {
    for (const key of Object.keys(value)) {
      const child = value[key];
      const childElement = fieldElement(key);
      const named = atom.map.field(key);
      const childType = named ?? atom.map.element;
      if (childType !== undefined) collect(childType, child, own, childElement);
      const isEmpty = child === null || (isObject(child) && Object.keys(child).length === 0);
      if (isEmpty || named === undefined) own.members.add(childElement);
    }
  } else if (atom.list !== undefined && Array.isArray(value)) {
    const { list } = atom;
    const elements = value.map((item) => itemElement(list, item));
    for (const [index, item] of value.entries()) {
      const itemAt = elements[index] ?? '';
      const isTwin = elements.indexOf(itemAt) !== elements.lastIndexOf(itemAt);
      if (!isTwin) collect(list.element, item, own, itemAt);
      own.members.add(itemAt);
    }
  }
  if (element !== undefined) parent.attach(element, own);
}

export type Comparison = { readonly removed: FieldSet; readonly modified: FieldSet; readonly added: FieldSet };

type Comparing = Comparison & { readonly addsZeros: boolean };

/**
 * How `right` differs from `left`. Containers that come or go are members too. With `addsZeros` both are compared as `withZeros` would
 * make them, scalars included, but only where they differ: parts that both share cost nothing.
 */
export function compareValues(type: MergeType, left: unknown, right: unknown, addsZeros: boolean = false): Comparison {
  const comparing = { removed: new FieldSet(), modified: new FieldSet(), added: new FieldSet(), addsZeros };
  compare(type, left, right, [], comparing);
  return comparing;
}

function compare(type: MergeType, sharedLeft: unknown, sharedRight: unknown, path: PathElement[], out: Comparing): void {
  if (sharedLeft === sharedRight && sharedLeft !== undefined) return;
  const left = out.addsZeros ? withOwnZeros(type, sharedLeft, true) : sharedLeft;
  const right = out.addsZeros ? withOwnZeros(type, sharedRight, true) : sharedRight;
  const leftAtom = atomOf(type, left);
  const rightAtom = atomOf(type, right);
  let isLeaf: boolean;
  if (right === undefined) isLeaf = compareAtom(type, leftAtom, left, right, path, out);
  else if (left === undefined || sameAtom(leftAtom, rightAtom)) isLeaf = compareAtom(type, rightAtom, left, right, path, out);
  else {
    compareAtom(type, leftAtom, left, right, path, out);
    isLeaf = compareAtom(type, rightAtom, left, right, path, out);
  }
  if (isLeaf) return;
  if (left === undefined) out.added.insert(path);
  else if (right === undefined) out.removed.insert(path);
}

function sameAtom(a: Atom, b: Atom): boolean {
  return a.map === b.map && a.scalar === b.scalar && a.list === b.list;
}

/** @returns whether the value was compared as a whole */
function compareAtom(type: MergeType, atom: Atom, left: unknown, right: unknown, path: PathElement[], out: Comparing): boolean {
  const isEmptyPair = isEmptyContainer(atom, left) && isEmptyContainer(atom, right);
  if (atom.scalar !== undefined || atom.map?.isAtomic === true || atom.list?.isAtomic === true || isEmptyPair) {
    if (left === undefined) out.added.insert(path);
    else if (right === undefined) out.removed.insert(path);
    else if (!isSame(type, left, right, out)) out.modified.insert(path);
    return true;
  }
  if (atom.map !== undefined) {
    const leftMap = isObject(left) ? left : {};
    const rightMap = isObject(right) ? right : {};
    for (const key of Object.keys(leftMap)) compareField(atom.map, key, leftMap, rightMap, path, out);
    for (const key of Object.keys(rightMap)) {
      if (!Object.hasOwn(leftMap, key)) compareField(atom.map, key, leftMap, rightMap, path, out);
    }
  } else if (atom.list !== undefined) {
    compareItems(atom.list, Array.isArray(left) ? left : [], Array.isArray(right) ? right : [], path, out);
  }
  return false;
}

/** Whether values that are compared as a whole are equal. */
function isSame(type: MergeType, left: unknown, right: unknown, { addsZeros }: Comparing): boolean {
  return jsonEqual(left, right) || (addsZeros && jsonEqual(withZeros(type, left, true), withZeros(type, right, true)));
}

function isEmptyContainer(atom: Atom, value: unknown): boolean {
  if (atom.map !== undefined) return !isObject(value) || Object.keys(value).length === 0;
  return !Array.isArray(value) || value.length === 0;
}

function compareField(map: MapShape, key: string, left: JsonObject, right: JsonObject, path: PathElement[], out: Comparing): void {
  const type = fieldType(map, key);
  if (type === undefined) return;
  path.push(fieldElement(key));
  compare(type, Object.hasOwn(left, key) ? left[key] : undefined, Object.hasOwn(right, key) ? right[key] : undefined, path, out);
  path.pop();
}

function compareItems(list: ListShape, left: readonly unknown[], right: readonly unknown[], path: PathElement[], out: Comparing): void {
  const leftItems = groupItems(list, left, out.addsZeros);
  const rightItems = groupItems(list, right, out.addsZeros);
  for (const element of new Set([...leftItems.keys(), ...rightItems.keys()])) {
    const before = leftItems.get(element) ?? [];
    const after = rightItems.get(element) ?? [];
    path.push(element);
    if (before.length <= 1 && after.length <= 1) compare(list.element, before[0], after[0], path, out);
    else if (before.length >= 2 && after.length >= 2) {
      const areSame = before.length === after.length && before.every((item, index) => isSame(list.element, item, after[index], out));
      if (!areSame) out.modified.insert(path);
    } else if (before.length >= 2) {
      if (after.length > 0) compare(list.element, undefined, after[0], path, out);
      out.removed.insert(path);
    } else {
      if (before.length > 0) compare(list.element, before[0], undefined, path, out);
      out.added.insert(path);
    }
    path.pop();
  }
}

function groupItems(list: ListShape, items: readonly unknown[], addsZeros: boolean): Map<PathElement, unknown[]> {
  const groups = new Map<PathElement, unknown[]>();
  for (const item of items) {
    const element = itemElement(list, addsZeros ? withOwnZeros(list.element, item, true) : item);
    const group = groups.get(element);
    if (group === undefined) groups.set(element, [item]);
    else group.push(item);
  }
  return groups;
}

/** `config` laid over `live`: nothing is removed, lists keep their order unless the configuration reorders them. */
export function mergeValues(type: MergeType, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const atom = atomOf(type, config);
  if (!sameAtom(atomOf(type, live), atom)) return config;
  const isEmptyPair = isEmptyContainer(atom, live) && isEmptyContainer(atom, config);
  if (atom.scalar !== undefined || atom.map?.isAtomic === true || atom.list?.isAtomic === true || isEmptyPair) {
    return jsonEqual(live, config) ? live : config;
  }
  if (atom.map !== undefined) return mergeMaps(atom.map, isObject(live) ? live : {}, isObject(config) ? config : {});
  if (atom.list !== undefined) return mergeItems(atom.list, Array.isArray(live) ? live : [], Array.isArray(config) ? config : []);
  return config;
}

function mergeMaps(map: MapShape, live: JsonObject, config: JsonObject): JsonObject {
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(config)) {
    const current = Object.hasOwn(live, key) ? live[key] : undefined;
    const type = fieldType(map, key);
    const next = type === undefined ? config[key] : mergeValues(type, current, config[key]);
    if (next === current && Object.hasOwn(live, key)) continue;
    out ??= { ...live };
    setKey(out, key, next);
  }
  return out ?? live;
}

/** Shared items come in the order of the configuration; items of the live list alone stay where they were among them. */
function mergeItems(list: ListShape, live: readonly unknown[], config: readonly unknown[]): readonly unknown[] {
  const liveElements = live.map((item) => itemElement(list, item));
  const configElements = config.map((item) => itemElement(list, item));
  const liveItems = new Map<PathElement, unknown>();
  for (const [index, element] of liveElements.entries()) {
    // Twins are not merged: the configuration's item takes the place of all.
    liveItems.set(element, liveItems.has(element) ? undefined : live[index]);
  }
  const inConfig = new Set(configElements);
  const shared = configElements.filter((element) => liveItems.has(element));
  let nextShared = shared.shift();
  const merged = new Set<PathElement>();
  const out: unknown[] = [];
  const take = (index: number): void => {
    const element = configElements[index] ?? '';
    merged.add(element);
    out.push(mergeValues(list.element, liveItems.get(element), config[index]));
  };
  let i = 0;
  let j = 0;
  while (i < live.length || j < config.length) {
    const liveElement = liveElements[i] ?? '';
    const configElement = configElements[j] ?? '';
    if (i < live.length && j < config.length) {
      if (liveElement === configElement) {
        take(j);
        i++;
        j++;
        nextShared = shared.shift();
        continue;
      }
      if (inConfig.has(liveElement) && nextShared !== undefined && nextShared !== liveElement) {
        i++;
        continue;
      }
    }
    if (i < live.length) {
      if (!inConfig.has(liveElement)) {
        out.push(live[i]);
        i++;
        continue;
      }
      if (merged.has(liveElement)) i++;
    }
    if (j < config.length) {
      if (nextShared === configElement) nextShared = shared.shift();
      take(j);
      j++;
    }
  }
  return out.length === live.length && out.every((item, index) => item === live[index]) ? live : out;
}

/** The value without the named fields and items; containers that become empty vanish with them. */
export function removeItems(type: MergeType, value: unknown, items: FieldSet): unknown {
  const atom = atomOf(type, value);
  if (atom.scalar !== undefined) return value;
  if (atom.list !== undefined) {
    if (!Array.isArray(value) || value.length === 0 || atom.list.isAtomic) return null;
    const kept: unknown[] = [];
    for (const item of value) {
      const element = itemElement(atom.list, item);
      if (items.members.has(element)) continue;
      const below = items.children.get(element);
      kept.push(below === undefined || below.isEmpty() ? item : removeItems(atom.list.element, item, below));
    }
    return kept.length > 0 ? kept : null;
  }
  if (atom.map === undefined || !isObject(value) || atom.map.isAtomic) return null;
  const out: Record<string, unknown> = {};
  let count = 0;
  for (const key of Object.keys(value)) {
    const element = fieldElement(key);
    if (items.members.has(element)) continue;
    const below = items.children.get(element);
    const childType = fieldType(atom.map, key);
    const child = value[key];
    setKey(out, key, below === undefined || below.isEmpty() || childType === undefined ? child : removeItems(childType, child, below));
    count++;
  }
  return count > 0 ? out : null;
}

/**
 * Containers that `removeItems` has emptied are null. They vanish, but a map that the configuration names is empty. (A real server leaves
 * the null, and refuses it where a custom kind does not allow one.)
 */
export function withoutHoles(type: MergeType | undefined, merged: unknown, applied: unknown, live: unknown): unknown {
  if (Array.isArray(merged)) {
    const list = type?.list;
    if (list === undefined || list.isAtomic) return merged;
    const twin = (items: unknown, element: PathElement): unknown =>
      Array.isArray(items) ? items.find((item) => itemElement(list, item) === element) : undefined;
    const items = merged.map((item) => {
      if (!isObject(item)) return item;
      const element = itemElement(list, item);
      return withoutHoles(list.element, item, twin(applied, element), twin(live, element));
    });
    return items.every((item, index) => item === merged[index]) ? merged : items;
  }
  if (!isObject(merged)) return merged;
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(merged)) {
    const value = merged[key];
    const wanted = isObject(applied) && Object.hasOwn(applied, key) ? applied[key] : undefined;
    const before = isObject(live) && Object.hasOwn(live, key) ? live[key] : undefined;
    const isHole = value === null && wanted !== null && before !== null;
    const childType = type?.map === undefined ? undefined : fieldType(type.map, key);
    const next = isHole ? (isObject(wanted) ? {} : undefined) : withoutHoles(childType, value, wanted, before);
    if (next === value) continue;
    out ??= { ...merged };
    if (next === undefined) delete out[key];
    else setKey(out, key, next);
  }
  return out ?? merged;
}

/** The set and all named fields on the way to its members: `a.b.c` brings `a` if it is a field, but not the key of a map. */
export function withNamedFields(type: MergeType | undefined, set: FieldSet): FieldSet {
  const out = new FieldSet();
  for (const element of set.members) out.members.add(element);
  for (const [element, child] of set.children) {
    const name = fieldName(element);
    let childType: MergeType | undefined;
    if (name !== undefined && type?.map !== undefined) {
      const named = type.map.field(name);
      if (named !== undefined) out.members.add(element);
      childType = named ?? type.map.element;
    } else if (element.startsWith('k:')) childType = type?.list?.element;
    out.children.set(element, withNamedFields(childType, child));
  }
  return out;
}
