/** Whether a configuration fits the type that it is applied to, in the words of structured-merge-diff. */
import { elementText, fieldElement, type PathElement, pathText } from './field-set.ts';
import type { MergeType, Scalar } from './merge-type.ts';
import { isObject } from './schema.ts';
import { atomOf, fieldType, itemElement } from './typed-value.ts';

/**
 * Checks an applied configuration against its type.
 *
 * @returns one line for each problem, such as `.spec.foo: field not declared in schema`
 */
export function typeErrors(type: MergeType, value: unknown, path: readonly PathElement[] = []): readonly string[] {
  const atom = atomOf(type, value);
  const at = pathText(path);
  const wrong = (text: string): readonly string[] => [at === '' ? text : `${at}: ${text}`];
  if (value === null) return [];
  if (atom.map !== undefined) {
    const { map } = atom;
    if (!isObject(value)) return wrong(`expected map, got ${goValue(value)}`);
    return Object.keys(value).flatMap((key) => {
      const child = fieldType(map, key);
      return child === undefined
        ? [`${at}.${key}: field not declared in schema`]
        : typeErrors(child, value[key], [...path, fieldElement(key)]);
    });
  }
  if (atom.scalar !== undefined) {
    if (isScalar(atom.scalar, value)) return [];
    if (atom.scalar === 'numeric') return wrong(`expected numeric (int or float), got ${goTypeName(value)}`);
    if (atom.scalar === 'untyped') return wrong(`expected any scalar, got ${goValue(value)}`);
    return wrong(`expected ${atom.scalar}, got ${atom.scalar === 'string' ? `&${goReflected(value)}` : goValue(value)}`);
  }
  const { list } = atom;
  if (list === undefined) return [];
  if (!Array.isArray(value)) return wrong(`expected list, got ${goValue(value)}`);
  const errors: string[] = [];
  const seen = new Set<PathElement>();
  for (const [index, item] of value.entries()) {
    let element: PathElement = `i:${index}`;
    if (!list.isAtomic) {
      try {
        element = itemElement(list, item);
      } catch (error) {
        return [...errors, ...wrong(`element ${index}: ${error instanceof Error ? error.message : String(error)}`)];
      }
      if (seen.has(element)) errors.push(...wrong(`duplicate entries for key ${elementText(element)}`));
      seen.add(element);
    }
    errors.push(...typeErrors(list.element, item, [...path, element]));
  }
  return errors;
}

function isScalar(scalar: Scalar, value: unknown): boolean {
  switch (scalar) {
    case 'numeric':
      return typeof value === 'number';
    case 'string':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'untyped':
      return typeof value !== 'object';
  }
}

function goTypeName(value: unknown): string {
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'object') return 'map[string]interface {}';
  return typeof value === 'boolean' ? 'bool' : typeof value === 'number' ? (Number.isInteger(value) ? 'int64' : 'float64') : 'string';
}

function goValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goValue).join(' ')}]`;
  if (isObject(value))
    return `&{map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${goValue(value[key])}`)
      .join(' ')}]}`;
  return `&{${String(value)}}`;
}

function goReflected(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return `value.valueUnstructured{Value:${text}}`;
}
