/** Reads what plugins answer: the few types of Argo Rollouts that come back, from values that a gob stream gave. */
import type { Instant } from '@sluice/api';
import { decodeGoTime } from './gob/time.ts';
import { GobError, type GobStruct, type GobValue } from './gob/types.ts';

/** The fields of a struct. Absent fields are zero, as gob leaves them out. */
export function structOf(value: GobValue, what: string): GobStruct {
  if (typeof value !== 'object' || value instanceof Uint8Array || Array.isArray(value) || value instanceof Map) {
    throw new GobError(`${what} is no struct`);
  }
  return value as GobStruct;
}

export function textOf(value: GobValue): string {
  return typeof value === 'string' ? value : '';
}

export function instantOf(value: GobValue): Instant | undefined {
  return value instanceof Uint8Array ? decodeGoTime(value) : undefined;
}

/** A `time.Duration`, in nanoseconds on the wire. */
export function durationMs(value: GobValue): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) / 1e6 : 0;
}

export function textMap(value: GobValue): Readonly<Record<string, string>> {
  if (!(value instanceof Map)) return {};
  return Object.fromEntries([...value].filter((entry): entry is [string, string] => entry.every((part) => typeof part === 'string')));
}

/** JSON as bytes. `undefined` where there are none; throws for what is no JSON, without repeating it. */
export function jsonOf(value: GobValue): unknown {
  if (!(value instanceof Uint8Array) || value.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.from(value).toString('utf8')) as unknown;
  } catch {
    throw new GobError('its status is no JSON');
  }
}

/** The text of upstream's `RpcError`; empty: none. */
export function errorTextOf(value: GobValue): string {
  return textOf(structOf(value, 'an error').ErrorString);
}
