/** Deep copies of JSON at the borders of trust: what callers hand in is never kept, what is stored is never changed. */

/** A deep copy. Values that JSON does not know are left out, as `JSON.stringify` would. */
export function clone<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const array = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index++) array[index] = copy(value[index]) ?? null;
    return array;
  }
  const object: Record<string, unknown> = {};
  for (const key in value) {
    const field = copy((value as Record<string, unknown>)[key]);
    if (field === undefined) continue;
    if (key === '__proto__') Object.defineProperty(object, key, { value: field, enumerable: true, configurable: true, writable: true });
    else object[key] = field;
  }
  return object;
}

/** Structural equality of JSON. Identical references are equal at once. An absent field equals an undefined one. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!equal(a[index], b[index])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  let count = 0;
  for (const key in left) {
    if (left[key] === undefined) continue;
    count++;
    if (!equal(left[key], right[key])) return false;
  }
  for (const key in right) if (right[key] !== undefined) count--;
  return count === 0;
}

/**
 * `next` with every part that equals the same part of `live` being that very part, so that later comparisons end at once and versions of an
 * object share memory. Nothing is changed; where all is equal, `live` itself is the answer.
 */
export function share<T>(next: T, live: unknown): T {
  return shared(next, live) as T;
}

function shared(next: unknown, live: unknown): unknown {
  if (next === live || typeof next !== 'object' || typeof live !== 'object' || next === null || live === null) return next;
  if (Array.isArray(next)) return Array.isArray(live) ? sharedArray(next, live) : next;
  if (Array.isArray(live)) return next;
  return sharedObject(next as Record<string, unknown>, live as Record<string, unknown>);
}

function sharedArray(next: readonly unknown[], live: readonly unknown[]): unknown {
  let isSame = next.length === live.length;
  let copied: unknown[] | undefined;
  for (let index = 0; index < next.length; index++) {
    const item = next[index];
    const kept = index < live.length ? shared(item, live[index]) : item;
    if (kept !== live[index]) isSame = false;
    if (kept !== item && copied === undefined) copied = next.slice();
    if (copied !== undefined) copied[index] = kept;
  }
  return isSame ? live : (copied ?? next);
}

function sharedObject(next: Record<string, unknown>, live: Record<string, unknown>): unknown {
  let isSame = true;
  let count = 0;
  let copied: Record<string, unknown> | undefined;
  for (const key in next) {
    const field = next[key];
    if (field === undefined) continue;
    count++;
    const old = Object.hasOwn(live, key) ? live[key] : undefined;
    const kept = shared(field, old);
    if (kept !== old) isSame = false;
    if (kept === field) continue;
    copied ??= { ...next };
    copied[key] = kept;
  }
  if (isSame) for (const key in live) if (live[key] !== undefined) count--;
  return isSame && count === 0 ? live : (copied ?? next);
}
