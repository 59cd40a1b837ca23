/** Lists and sets in rules: Kubernetes' list library and cel-go's `ext.Sets`. */
import type { Environment } from '@marcbachmann/cel-js';
import { compareText } from '../go-text.ts';

class SetsNamespace {}

type List = readonly unknown[];

export function registerLists(env: Environment): void {
  env.registerFunction('list<dyn>.isSorted(): bool', (list: List) =>
    list.every((item, index) => index === 0 || compare(list[index - 1], item) <= 0),
  );
  env.registerFunction('list<dyn>.sum(): dyn', sum);
  env.registerFunction('list<dyn>.min(): dyn', (list: List) => extreme(list, 'min', -1));
  env.registerFunction('list<dyn>.max(): dyn', (list: List) => extreme(list, 'max', 1));
  env.registerFunction('list<dyn>.indexOf(dyn): int', (list: List, item: unknown) => BigInt(list.findIndex((one) => celEqual(one, item))));
  env.registerFunction('list<dyn>.lastIndexOf(dyn): int', (list: List, item: unknown) =>
    BigInt(list.findLastIndex((one) => celEqual(one, item))),
  );
  env.registerType('SetsNamespace', { ctor: SetsNamespace, fields: {} });
  env.registerConstant('sets', 'SetsNamespace', new SetsNamespace());
  env.registerFunction('SetsNamespace.contains(list<dyn>, list<dyn>): bool', (_: unknown, list: List, part: List) => contains(list, part));
  env.registerFunction(
    'SetsNamespace.equivalent(list<dyn>, list<dyn>): bool',
    (_: unknown, a: List, b: List) => contains(a, b) && contains(b, a),
  );
  env.registerFunction('SetsNamespace.intersects(list<dyn>, list<dyn>): bool', (_: unknown, a: List, b: List) =>
    a.some((item) => b.some((other) => celEqual(item, other))),
  );
}

function contains(list: List, part: List): boolean {
  return part.every((item) => list.some((one) => celEqual(one, item)));
}

function extreme(list: List, name: string, sign: number): unknown {
  if (list.length === 0) throw new Error(`${name} called on empty list`);
  return list.reduce((best, item) => (compare(item, best) * sign > 0 ? item : best));
}

function sum(list: List): unknown {
  if (list.every((item) => typeof item === 'bigint')) return list.reduce((total: bigint, item) => total + item, 0n);
  if (list.every((item) => typeof item === 'number')) return list.reduce((total: number, item) => total + item, 0);
  throw new Error('no such overload');
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  const isComparable = (value: unknown): value is number | bigint | boolean | Date =>
    typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean' || value instanceof Object;
  if (!isComparable(a) || !isComparable(b)) throw new Error('no such overload');
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Equality of values of rules: numbers by value whatever their type, maps and objects by content. */
export function celEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  const isNumber = (value: unknown): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';
  // biome-ignore lint/suspicious/noDoubleEquals: an int and a double are equal when their values are
  if (isNumber(a) && isNumber(b)) return a == b;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, index) => celEqual(item, b[index]));
  if (a instanceof Map) {
    return b instanceof Map && a.size === b.size && [...a].every(([key, value]) => b.has(key) && celEqual(value, b.get(key)));
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== null) return a.constructor === b.constructor && a.valueOf() === b.valueOf();
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => celEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
