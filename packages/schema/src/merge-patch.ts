/** JSON Merge Patch (RFC 7386), copy-on-write: a patch that changes nothing gives the same reference back. */
import { jsonEqual, setKey } from './copy-on-write.ts';
import { goJsonKind } from './go-text.ts';
import { PatchError } from './patch-error.ts';
import { isObject, type JsonObject } from './schema.ts';

/**
 * Merges `patch` into `document`; null removes. Parts that the patch does not touch are shared with `document`.
 *
 * @throws PatchError `BadRequest` if the patch is not an object
 */
export function mergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) {
    const words = `json: cannot unmarshal ${goJsonKind(patch)} into Go value of type map[string]interface {}`;
    throw new PatchError('BadRequest', `error decoding patch: ${words}`);
  }
  return merge(document, patch);
}

function merge(target: unknown, patch: JsonObject): JsonObject {
  if (!isObject(target)) return withoutNulls(patch);
  let out: Record<string, unknown> | undefined;
  for (const key of Object.keys(patch)) {
    const change = patch[key];
    const isThere = Object.hasOwn(target, key);
    const current = isThere ? target[key] : undefined;
    if (change === null) {
      if (!isThere) continue;
      out ??= { ...target };
      delete out[key];
      continue;
    }
    const next = isObject(change) ? merge(current, change) : change;
    if (isThere && (next === current || (typeof next === 'object' && jsonEqual(next, current)))) continue;
    out ??= { ...target };
    setKey(out, key, next);
  }
  return out ?? target;
}

function withoutNulls(patch: JsonObject): JsonObject {
  const out: Record<string, unknown> = {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value !== null) setKey(out, key, isObject(value) ? withoutNulls(value) : value);
  }
  return out;
}
