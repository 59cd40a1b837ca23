/**
 * JSON Patch (RFC 6902) as an API server applies it: copy-on-write, all or nothing. Negative indexes count from the end, and errors
 * have the words of the library the server uses (evanphx/json-patch v4).
 */
import { getKey, jsonEqual, setKey } from './copy-on-write.ts';
import { goJsonKind } from './go-text.ts';
import { PatchError } from './patch-error.ts';
import { isObject, type JsonObject } from './schema.ts';

/** How many operations a server takes in one patch. */
const operationsMax = 10_000;

/**
 * @throws PatchError `BadRequest` if `operations` is no list of operations, `Invalid` if one of them does not apply
 */
export function jsonPatch(document: unknown, operations: unknown): unknown {
  if (!Array.isArray(operations)) throw unreadable(operations, '[]handlers.jsonPatchOp');
  if (operations.length > operationsMax) {
    throw new PatchError('BadRequest', `The allowed maximum operations in a JSON patch is ${operationsMax}, got ${operations.length}`);
  }
  let result = document;
  for (const operation of operations) {
    if (!isObject(operation)) throw unreadable(operation, 'handlers.jsonPatchOp');
    result = applyOperation(result, operation);
  }
  return result;
}

function unreadable(value: unknown, wanted: string): PatchError {
  return new PatchError('BadRequest', `error decoding patch: json: cannot unmarshal ${goJsonKind(value)} into Go value of type ${wanted}`);
}

function applyOperation(document: unknown, operation: JsonObject): unknown {
  switch (operation.op) {
    case 'add':
      return add(document, pathOf(operation, 'add'), valueIn(operation), 'add');
    case 'remove':
      return remove(document, pathOf(operation, 'remove'), 'remove');
    case 'replace':
      return replace(document, pathOf(operation, 'replace'), valueIn(operation));
    case 'move': {
      const from = fromOf(operation, 'move');
      const value = read(document, from, 'move');
      return add(remove(document, from, 'move'), pathOf(operation, 'move'), value, 'move');
    }
    case 'copy':
      return add(document, pathOf(operation, 'copy'), read(document, fromOf(operation, 'copy'), 'copy'), 'copy');
    case 'test':
      test(document, pathOf(operation, 'test'), operation);
      return document;
    default:
      throw new PatchError('Invalid', `Unexpected kind: ${typeof operation.op === 'string' ? operation.op : 'unknown'}`);
  }
}

type Pointer = { readonly text: string; readonly parents: readonly string[]; readonly key: string; readonly isRoot: boolean };

function pointer(text: string): Pointer {
  const parts = text
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return { text, parents: parts.slice(0, -1), key: parts.at(-1) ?? '', isRoot: parts.length === 0 };
}

function pathOf(operation: JsonObject, name: string): Pointer {
  if (typeof operation.path !== 'string') throw new PatchError('Invalid', `${name} operation failed to decode path: missing value`);
  return pointer(operation.path);
}

function fromOf(operation: JsonObject, name: string): Pointer {
  if (typeof operation.from !== 'string') throw new PatchError('Invalid', `${name} operation failed to decode from: missing value`);
  return pointer(operation.from);
}

function valueIn(operation: JsonObject): unknown {
  return operation.value === undefined ? null : operation.value;
}

/** The container that holds the pointer's last key, or `undefined` if the way there is missing. */
function containerOf(document: unknown, at: Pointer): JsonObject | readonly unknown[] | undefined {
  if (at.isRoot) return undefined;
  let current = document;
  for (const part of at.parents) {
    if (Array.isArray(current)) {
      const index = indexIn(part, current.length);
      current = typeof index === 'number' && index < current.length ? current[index] : undefined;
    } else if (isObject(current)) current = getKey(current, part);
    else return undefined;
  }
  return Array.isArray(current) || isObject(current) ? current : undefined;
}

/** An index, or the words of what is wrong with it. */
function indexIn(key: string, length: number): number | string {
  if (!/^[+-]?\d+$/.test(key)) return `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
  const index = Number(key);
  if (index < -length || index > length) return `Unable to access invalid index: ${index}: invalid index referenced`;
  return index < 0 ? index + length : index;
}

function add(document: unknown, at: Pointer, value: unknown, name: string): unknown {
  const container = containerOf(document, at);
  const missing = name === 'add' ? `doc is missing path: "${at.text}"` : `doc is missing destination path: ${at.text}`;
  if (container === undefined) throw new PatchError('Invalid', `${name} operation does not apply: ${missing}: missing value`);
  return rewrite(document, at.parents, 0, (target) => {
    if (!Array.isArray(target)) {
      const copy = { ...(target as JsonObject) };
      setKey(copy, at.key, value);
      return copy;
    }
    if (at.key === '-') return [...target, value];
    const index = indexIn(at.key, target.length);
    if (typeof index === 'string') {
      const cause = index.startsWith('strconv') ? `value was not a proper array index: '${at.key}': ${index}` : index;
      throw new PatchError('Invalid', `error in ${name} for path: '${at.text}': ${cause}`);
    }
    // `-1` adds at the end: the server counts from the list as it will be.
    const position = at.key.startsWith('-') ? index + 1 : index;
    return [...target.slice(0, position), value, ...target.slice(position)];
  });
}

function remove(document: unknown, at: Pointer, name: string): unknown {
  if (containerOf(document, at) === undefined) {
    const missing = name === 'move' ? `doc is missing from path: ${at.text}` : `doc is missing path: "${at.text}"`;
    throw new PatchError('Invalid', `${name} operation does not apply: ${missing}: missing value`);
  }
  return rewrite(document, at.parents, 0, (target) => {
    if (Array.isArray(target)) {
      const index = existingIndex(target, at, name);
      return [...target.slice(0, index), ...target.slice(index + 1)];
    }
    if (!Object.hasOwn(target as JsonObject, at.key)) {
      throw new PatchError(
        'Invalid',
        `error in ${name} for path: '${at.text}': Unable to remove nonexistent key: ${at.key}: missing value`,
      );
    }
    const copy = { ...(target as JsonObject) } as Record<string, unknown>;
    delete copy[at.key];
    return copy;
  });
}

function replace(document: unknown, at: Pointer, value: unknown): unknown {
  if (at.isRoot) {
    if (typeof value !== 'object' || value === null) {
      throw new PatchError('Invalid', 'replace operation value must be object or array');
    }
    return value;
  }
  const container = containerOf(document, at);
  if (container === undefined) {
    throw new PatchError('Invalid', `replace operation does not apply: doc is missing path: ${at.text}: missing value`);
  }
  // The server's library sets a key of an object even where it is missing; only list indexes must exist.
  if (Array.isArray(container)) {
    const index = indexIn(at.key, container.length);
    if (typeof index === 'string' || index >= container.length) {
      throw new PatchError('Invalid', `replace operation does not apply: doc is missing key: ${at.text}: missing value`);
    }
  }
  return rewrite(document, at.parents, 0, (target) => {
    if (Array.isArray(target)) {
      const copy = [...target];
      copy[existingIndex(target, at, 'replace')] = value;
      return copy;
    }
    const copy = { ...(target as JsonObject) };
    setKey(copy, at.key, value);
    return copy;
  });
}

function read(document: unknown, at: Pointer, name: string): unknown {
  const container = containerOf(document, at);
  if (container === undefined) {
    throw new PatchError('Invalid', `${name} operation does not apply: doc is missing from path: ${at.text}: missing value`);
  }
  if (Array.isArray(container)) return container[existingIndex(container, at, name)];
  return getKey(container as JsonObject, at.key) ?? null;
}

function test(document: unknown, at: Pointer, operation: JsonObject): void {
  const expected = valueIn(operation);
  let actual: unknown = document;
  if (!at.isRoot) {
    const container = containerOf(document, at);
    if (container === undefined) {
      throw new PatchError('Invalid', `test operation does not apply: is missing path: ${at.text}: missing value`);
    }
    actual = Array.isArray(container) ? container[existingIndex(container, at, 'test')] : getKey(container as JsonObject, at.key);
  }
  if (!jsonEqual(actual ?? null, expected)) throw new PatchError('Invalid', `testing value ${at.text} failed: test failed`);
}

function existingIndex(list: readonly unknown[], at: Pointer, name: string): number {
  const index = indexIn(at.key, list.length);
  if (typeof index === 'number' && index < list.length) return index;
  const cause = typeof index === 'string' ? index : `Unable to access invalid index: ${index}: invalid index referenced`;
  throw new PatchError('Invalid', `error in ${name} for path: '${at.text}': ${cause}`);
}

/** Copies the containers along `parents` and lets `change` make the last one anew. The way is known to exist. */
function rewrite(current: unknown, parents: readonly string[], depth: number, change: (target: unknown) => unknown): unknown {
  const part = parents[depth];
  if (part === undefined) return change(current);
  if (Array.isArray(current)) {
    const copy = [...current];
    const index = indexIn(part, current.length);
    if (typeof index === 'number') copy[index] = rewrite(current[index], parents, depth + 1, change);
    return copy;
  }
  const copy = { ...(current as JsonObject) };
  setKey(copy, part, rewrite(getKey(copy, part), parents, depth + 1, change));
  return copy;
}
