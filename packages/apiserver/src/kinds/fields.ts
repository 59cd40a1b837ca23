/** Reading and filling fields of objects that have passed their schema but are not typed here. */
import { clone } from '../rest/clone.ts';

export type Fields = Record<string, unknown>;

/** The value as an object with fields; an empty one for anything else. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The object's field as an object, made when it is not there. */
export function ensured(object: Fields, field: string): Fields {
  const value = object[field];
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  const made: Fields = {};
  object[field] = made;
  return made;
}

/** The object's field as a private deep copy: what came from a stored object must not be changed in place. Made when it is not there. */
export function own(object: Fields, field: string): Fields {
  const made = clone(fieldsOf(object[field]));
  object[field] = made;
  return made;
}

/** The same for a list; an absent one stays absent. */
export function ownItems(object: Fields, field: string): Fields[] {
  if (!Array.isArray(object[field])) return [];
  const made = clone(object[field] as Fields[]);
  object[field] = made;
  return made;
}

export function itemsOf(value: unknown): Fields[] {
  return Array.isArray(value) ? (value as Fields[]) : [];
}

/** Sets a field that is absent, or empty text. */
export function fill(object: Fields, field: string, value: unknown): void {
  const present = object[field];
  if (present === undefined || present === null || present === '') object[field] = value;
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
