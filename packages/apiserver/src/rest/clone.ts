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
