/**
 * Strategic merge patch: lists are merged by the key their schema names instead of being replaced. The rules, directives and the order
 * of merged lists are those of apimachinery's `strategicpatch`; unlike there, nothing handed in is changed.
 */
import { getKey, jsonEqual, setKey } from './copy-on-write.ts';
import { PatchError } from './patch-error.ts';
import { isObject, type JsonObject, type Schema } from './schema.ts';

const directiveKey = '$patch';
const retainKeysKey = '$retainKeys';
const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/**
 * @param schema - of the kind, for patch strategies and merge keys
 * @throws PatchError `BadRequest` if the patch cannot be read, and with the code of a real server if it breaks the rules of its
 *   directives (`Internal` for most)
 */
export function strategicMergePatch(schema: Schema, document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) throw new PatchError('BadRequest', 'invalid JSON document');
  return mergeObject(isObject(document) ? document : {}, patch, schema);
}

type Field = { readonly schema: Schema; readonly strategy: string; readonly mergeKey: string };

function fieldOf(schema: Schema | undefined, key: string): Field {
  const named = schema?.properties;
  const known = named !== undefined && Object.hasOwn(named, key) ? named[key] : undefined;
  const additional = schema?.additionalProperties;
  const child = known ?? (typeof additional === 'object' ? additional : {});
  const strategies = (child['x-kubernetes-patch-strategy'] ?? '').split(',');
  return {
    schema: child,
    strategy: strategies.find((one) => one !== 'retainKeys') ?? '',
    mergeKey: child['x-kubernetes-patch-merge-key'] ?? '',
  };
}

function mergeObject(original: JsonObject, patch: JsonObject, schema: Schema | undefined): JsonObject {
  const directive = getKey(patch, directiveKey);
  if (directive !== undefined) {
    if (directive === 'replace') return without(patch, directiveKey);
    if (directive === 'delete') return {};
    throw new PatchError('Internal', `unknown patch type: ${String(directive)} in map: ${goText(patch)}`);
  }
  const out: Record<string, unknown> = { ...original };
  const done = new Set<string>([retainKeysKey]);
  if (Object.hasOwn(patch, retainKeysKey)) retainKeys(out, patch);
  for (const key of Object.keys(patch)) {
    if (key.startsWith(orderPrefix)) {
      done.add(key);
      mergeOrdered(out, patch, key.slice(orderPrefix.length), patch[key], schema, done);
    }
  }
  for (const key of Object.keys(patch)) {
    if (!done.has(key)) mergeField(out, key, patch[key], schema);
  }
  return isSame(original, out) ? original : out;
}

function mergeField(out: Record<string, unknown>, patchKey: string, value: unknown, schema: Schema | undefined): void {
  const isDeletion = patchKey.startsWith(deletePrefix);
  const key = isDeletion ? patchKey.slice(deletePrefix.length) : patchKey;
  if (value === null) {
    delete out[key];
    return;
  }
  const current = getKey(out, key);
  const field = fieldOf(schema, key);
  if (isDeletion) {
    if (Array.isArray(current) && Array.isArray(value)) setKey(out, key, mergeList(current, value, field, true));
    return;
  }
  let next: unknown;
  if (isObject(current) && isObject(value)) {
    next = field.strategy === 'replace' ? value : mergeObject(current, value, field.schema);
  } else if (Array.isArray(current) && Array.isArray(value)) {
    next = field.strategy === 'merge' ? mergeList(current, value, field, false) : value;
  } else {
    next = withoutDirectives(withoutNulls(value));
  }
  if (next === removed) delete out[key];
  else setKey(out, key, next);
}

/** Keeps only the keys that `$retainKeys` names; the patch may not set any other. */
function retainKeys(out: Record<string, unknown>, patch: JsonObject): void {
  const kept = patch[retainKeysKey];
  const wrong = new PatchError('BadRequest', 'invalid patch format of retainKeys');
  if (!Array.isArray(kept)) throw wrong;
  for (const key of Object.keys(patch)) {
    if (key === retainKeysKey || patch[key] === null || key.startsWith(deletePrefix) || key.startsWith(orderPrefix)) continue;
    if (!kept.includes(key)) throw wrong;
  }
  for (const key of Object.keys(out)) if (!kept.includes(key)) delete out[key];
}

/** Merges the list `key` and puts it in the order that `$setElementOrder/key` asks for. */
function mergeOrdered(
  out: Record<string, unknown>,
  patch: JsonObject,
  key: string,
  order: unknown,
  schema: Schema | undefined,
  done: Set<string>,
): void {
  const field = fieldOf(schema, key);
  const original = getKey(out, key);
  const change = getKey(patch, key);
  for (const list of [order, original ?? [], change ?? []]) {
    if (!Array.isArray(list)) throw new PatchError('Internal', `expected a []interface {}, but received a ${goTypeName(list)}`);
  }
  const wanted = order as readonly unknown[];
  const changes = (change ?? []) as readonly unknown[];
  checkOrder(changes, wanted, field.mergeKey);
  if (original === undefined && change === undefined) return;
  done.add(key);
  const live = (original ?? []) as readonly unknown[];
  const listChange = change === undefined ? undefined : changes;
  let merged: readonly unknown[];
  if (listChange === undefined) merged = live;
  else if (original === undefined) merged = listChange.map(withoutDirectives).filter((item) => item !== removed);
  else merged = field.strategy === 'merge' ? mergeList(live, listChange, field, false) : listChange;
  setKey(out, key, reorder(merged, wanted, live, field.mergeKey));
}

/** Items of the patch must come in the order of the order list; deletions do not count. */
function checkOrder(changes: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (changes.length === 0 || order.length === 0) return;
  const kept = changes.filter((item) => !(isObject(item) && Object.hasOwn(item, directiveKey)));
  let at = 0;
  for (const one of order) {
    if (at < kept.length && sameItem(kept[at], one, mergeKey)) at++;
  }
  if (at < kept.length) {
    throw new PatchError(
      'Internal',
      `The order in patch list:\n${goText(changes)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
    );
  }
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], field: Field, isDeletion: boolean): readonly unknown[] {
  if (original.length === 0 && patch.length === 0) return original;
  const first = original[0] ?? patch[0];
  if (Array.isArray(first)) throw new PatchError('Invalid', 'lists of lists are not supported');
  const areObjects = isObject(first);
  if ([...original, ...patch].some((item) => isObject(item) !== areObjects)) {
    throw new PatchError('Internal', `list element types are not identical: ${goText([original, patch])}`);
  }
  if (!areObjects) {
    if (isDeletion) return original.filter((item) => !patch.includes(item));
    return reorder([...new Set([...original, ...patch])], patch, original, '');
  }
  const { mergeKey } = field;
  if (mergeKey === '') throw new PatchError('Internal', 'cannot merge lists without merge key');
  const items = patch as readonly JsonObject[];
  let live = original as readonly JsonObject[];
  const changes: JsonObject[] = [];
  let isReplaced = false;
  for (const item of items) {
    const directive = getKey(item, directiveKey);
    if (directive === undefined) changes.push(item);
    else if (directive === 'replace') isReplaced = true;
    else if (directive === 'delete') {
      const key = keyOf(item, mergeKey);
      live = live.filter((other) => !jsonEqual(getKey(other, mergeKey), key));
    } else if (directive === 'merge') throw new PatchError('Internal', 'merging lists cannot yet be specified in the patch');
    else throw new PatchError('Internal', `unknown patch type: ${String(directive)} in map: ${goText(item)}`);
  }
  if (isReplaced) return changes;
  const merged: JsonObject[] = [...live];
  for (const item of changes) {
    const key = keyOf(item, mergeKey);
    const index = merged.findIndex((other) => jsonEqual(getKey(other, mergeKey), key));
    const found = merged[index];
    if (found === undefined) merged.push(item);
    else merged[index] = mergeObject(found, item, field.schema.items);
  }
  return reorder(merged, changes, live, mergeKey);
}

/**
 * The items that `order` names in its order, merged with the rest in theirs: an item of the rest goes first only where the live list
 * had it before the next named one.
 */
function reorder(merged: readonly unknown[], order: readonly unknown[], live: readonly unknown[], mergeKey: string): readonly unknown[] {
  const named = merged.filter((item) => position(order, item, mergeKey) >= 0);
  const rest = merged.filter((item) => position(order, item, mergeKey) < 0);
  const byPosition = (list: readonly unknown[], within: readonly unknown[]): readonly unknown[] =>
    list.length < 2
      ? list
      : list
          .map((item, index) => ({ item, index, at: position(within, item, mergeKey) }))
          .sort((a, b) => a.at - b.at || a.index - b.index)
          .map(({ item }) => item);
  const left = byPosition(rest, live);
  const right = byPosition(named, order);
  const out: unknown[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (j >= right.length) out.push(left[i++]);
    else if (i >= left.length) out.push(right[j++]);
    else {
      const leftAt = position(live, left[i], mergeKey);
      const rightAt = position(live, right[j], mergeKey);
      out.push(leftAt >= 0 && rightAt >= 0 && leftAt < rightAt ? left[i++] : right[j++]);
    }
  }
  return out;
}

function position(list: readonly unknown[], item: unknown, mergeKey: string): number {
  return list.findIndex((other) => sameItem(item, other, mergeKey));
}

function sameItem(a: unknown, b: unknown, mergeKey: string): boolean {
  if (mergeKey === '') return jsonEqual(a, b);
  return isObject(a) && isObject(b) && jsonEqual(keyOf(a, mergeKey), keyOf(b, mergeKey));
}

function keyOf(item: JsonObject, mergeKey: string): unknown {
  if (!Object.hasOwn(item, mergeKey)) {
    throw new PatchError('Internal', `map: ${goText(item)} does not contain declared merge key: ${mergeKey}`);
  }
  return item[mergeKey];
}

const removed: unique symbol = Symbol('removed');

/** What is left of a value that is taken over whole: an object with a directive vanishes. */
function withoutDirectives(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDirectives).filter((item) => item !== removed);
  if (!isObject(value)) return value;
  if (Object.hasOwn(value, directiveKey)) return removed;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const child = withoutDirectives(value[key]);
    if (child !== removed) setKey(out, key, child);
  }
  return out;
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(value)) if (value[key] !== null) setKey(out, key, withoutNulls(value[key]));
  return out;
}

function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = object;
  return rest;
}

function isSame(a: JsonObject, b: JsonObject): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

function goTypeName(value: unknown): string {
  if (isObject(value)) return 'map[string]interface {}';
  return typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'bool' : 'float64';
}

/** `%v` of a value: `[map[a:1 b:2] x]`. */
function goText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goText).join(' ')}]`;
  if (!isObject(value)) return value === null ? '<nil>' : String(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${key}:${goText(value[key])}`);
  return `map[${entries.join(' ')}]`;
}
