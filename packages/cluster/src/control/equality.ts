/** Comparison of JSON values, and the smallest merge patch (RFC 7386) from one to another. An absent field, `undefined` and `null` are the same. */

export function isEqual(a: unknown, b: unknown): boolean {
  if (a === b || ((a ?? undefined) === undefined && (b ?? undefined) === undefined)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!isEqual(left[key], right[key])) return false;
  for (const key in right) if ((left[key] ?? undefined) === undefined && (right[key] ?? undefined) !== undefined) return false;
  return true;
}

/**
 * The same, but absent, `null`, an empty list and an empty object are one thing, as in `apiequality.Semantic`.
 * Used for pod templates, which pass through several writers.
 */
export function isSemanticallyEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (isEmpty(a) && isEmpty(b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, index) => isSemanticallyEqual(item, b[index]));
  }
  const left = a as Record<string, unknown>;
  const right = b as Record<string, unknown>;
  for (const key in left) if (!isSemanticallyEqual(left[key], right[key])) return false;
  for (const key in right) if (left[key] === undefined && !isEmpty(right[key])) return false;
  return true;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  return Array.isArray(value) ? value.length === 0 : Object.keys(value).length === 0;
}

/** The merge patch that turns `before` into `after`; `undefined` when they are equal. Lists are replaced whole. */
export function mergeDifference(before: unknown, after: unknown): unknown {
  if (isEqual(before, after)) return undefined;
  if (!isPlainObject(before) || !isPlainObject(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(before))
    if ((before[key] ?? undefined) !== undefined && (after[key] ?? undefined) === undefined) patch[key] = null;
  for (const key of Object.keys(after)) {
    if ((after[key] ?? undefined) === undefined) continue;
    const difference = mergeDifference(before[key], after[key]);
    if (difference !== undefined) patch[key] = difference;
  }
  return patch;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
