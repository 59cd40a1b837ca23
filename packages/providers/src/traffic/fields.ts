/**
 * Reading and changing JSON whose shape is only loosely known: the objects of routers belong to other people's kinds. Nothing here changes
 * its argument, unknown fields stay, and a value of another type than expected reads as absent.
 */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '@sluice/api';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** The value at a path of fields; `undefined` where one of them is missing or holds no fields. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (!isFields(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

/** A copy with another value at a path; `undefined` removes the field. What is no object on the way is replaced by one. */
export function withField<T extends object>(value: T, path: readonly string[], next: unknown): T {
  const [name, ...rest] = path;
  if (name === undefined) return value;
  const fields = value as Fields;
  if (rest.length > 0) return { ...fields, [name]: withField(fieldsOf(fieldAt(fields, name)), rest, next) } as T;
  if (next !== undefined) return { ...fields, [name]: next } as T;
  const { [name]: _, ...others } = fields;
  return others as T;
}

/** Whether two pieces of JSON say the same, whatever the order of their fields. */
export function isSame(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}

export function annotationsOf(object: KubeObject): Readonly<Record<string, string>> {
  return fieldsOf(object.metadata.annotations) as Readonly<Record<string, string>>;
}

/** A copy with these annotations set, or removed where the value is `undefined`. The last one takes the map with it. */
export function withAnnotations(object: KubeObject, values: Readonly<Record<string, string | undefined>>): KubeObject {
  return withEntries(object, 'annotations', values);
}

/** As `withAnnotations`, for labels. */
export function withLabels(object: KubeObject, values: Readonly<Record<string, string | undefined>>): KubeObject {
  return withEntries(object, 'labels', values);
}

function withEntries(object: KubeObject, map: 'annotations' | 'labels', values: Readonly<Record<string, string | undefined>>): KubeObject {
  let next = fieldsOf(object.metadata[map]);
  for (const [key, value] of Object.entries(values)) {
    if (fieldAt(next, key) !== value) next = withField(next, [key], value);
  }
  if (next === object.metadata[map]) return object;
  const isEmpty = Object.keys(next).length === 0;
  if (isEmpty && object.metadata[map] === undefined) return object;
  return withField(object, ['metadata', map], isEmpty ? undefined : next);
}
