/** Operators on values that are known only when an expression runs. Go's rules: `/` is float, `%` is whole, a text is never a number. */
import type { Budget } from './budget.ts';
import { wrapped } from './go-numbers.ts';
import { methodOf } from './methods.ts';
import { fail } from './problem.ts';
import { GoDuration, GoTime } from './time.ts';
import { byteLength, compareTexts, encodeUtf8, sliceBytes } from './utf8.ts';
import { AnyKeyMap, entriesOf, equal, formatValue, GoFunction, isList, isMap, isNumber, type List, toInteger, typeName } from './values.ts';

function mismatch(operator: string, a: unknown, b: unknown): never {
  return fail(`invalid operation: ${typeName(a)} ${operator} ${typeName(b)}`);
}

/** Below, equal or above zero, NaN for a NaN, as `<` and its like want it; texts, times and durations have their order too. */
export function compare(operator: string, a: unknown, b: unknown): number {
  if (isNumber(a) && isNumber(b)) {
    if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0;
    const [left, right] = [Number(a), Number(b)];
    return left < right ? -1 : left > right ? 1 : left === right ? 0 : Number.NaN;
  }
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if ((a instanceof GoTime && b instanceof GoTime) || (a instanceof GoDuration && b instanceof GoDuration)) {
    return a.nanoseconds < b.nanoseconds ? -1 : a.nanoseconds > b.nanoseconds ? 1 : 0;
  }
  return mismatch(operator, a, b);
}

export function add(a: unknown, b: unknown, budget: Budget): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') return wrapped(a + b);
  if (isNumber(a) && isNumber(b)) return Number(a) + Number(b);
  if (typeof a === 'string' && typeof b === 'string') {
    budget.takeCharacters(a.length + b.length);
    return a + b;
  }
  if (a instanceof GoTime && b instanceof GoDuration) return new GoTime(a.nanoseconds + b.nanoseconds, a.zone);
  if (a instanceof GoDuration && b instanceof GoTime) return new GoTime(a.nanoseconds + b.nanoseconds, b.zone);
  if (a instanceof GoDuration && b instanceof GoDuration) return new GoDuration(a.nanoseconds + b.nanoseconds);
  return mismatch('+', a, b);
}

export function subtract(a: unknown, b: unknown): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') return wrapped(a - b);
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  if (a instanceof GoTime && b instanceof GoTime) return new GoDuration(a.nanoseconds - b.nanoseconds);
  if (a instanceof GoTime && b instanceof GoDuration) return new GoTime(a.nanoseconds - b.nanoseconds, a.zone);
  if (a instanceof GoDuration && b instanceof GoDuration) return new GoDuration(a.nanoseconds - b.nanoseconds);
  return mismatch('-', a, b);
}

/** A duration times a float is a float, as upstream has it; times an integer it stays a duration. */
export function multiply(a: unknown, b: unknown): unknown {
  if (typeof a === 'bigint' && typeof b === 'bigint') return wrapped(a * b);
  if (isNumber(a) && isNumber(b)) return Number(a) * Number(b);
  const left = a instanceof GoDuration ? a.nanoseconds : a;
  const right = b instanceof GoDuration ? b.nanoseconds : b;
  if (isNumber(left) && isNumber(right)) {
    return typeof left === 'bigint' && typeof right === 'bigint' ? new GoDuration(left * right) : Number(left) * Number(right);
  }
  return mismatch('*', a, b);
}

export function divide(a: unknown, b: unknown): number {
  return isNumber(a) && isNumber(b) ? Number(a) / Number(b) : mismatch('/', a, b);
}

export function modulo(a: unknown, b: unknown): bigint {
  if (typeof a !== 'bigint' || typeof b !== 'bigint') return mismatch('%', a, b);
  return b === 0n ? fail('runtime error: integer divide by zero') : wrapped(a % b);
}

/** Go's `math.Pow`, which differs from ours where a base of one meets NaN or infinity. */
export function power(a: unknown, b: unknown): number {
  const [base, exponent] = [toFloat(a), toFloat(b)];
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

function toFloat(value: unknown): number {
  return isNumber(value) ? Number(value) : fail(`invalid operation: float(${typeName(value)})`);
}

export function negate(value: unknown): unknown {
  if (typeof value === 'bigint') return wrapped(-value);
  return typeof value === 'number' ? -value : fail(`invalid operation: - ${typeName(value)}`);
}

export function range(a: unknown, b: unknown, budget: Budget): BigInt64Array {
  const [from, to] = [toInteger(a), toInteger(b)];
  const size = to - from + 1n;
  if (size <= 0n) return new BigInt64Array(0);
  budget.takeElements(Number(size));
  return BigInt64Array.from({ length: Number(size) }, (_, index) => from + BigInt(index));
}

/** What a map holds under a key, or `undefined`. A key of another type than the map's is an error, as reflection has it. */
export function lookUp(map: Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown>, key: unknown): unknown {
  if (map instanceof AnyKeyMap) return map.get(key);
  const name = key === null || key === undefined ? '' : key;
  if (typeof name !== 'string') {
    return fail(`reflect.Value.MapIndex: value of type ${typeName(key)} is not assignable to type string`);
  }
  if (map instanceof Map) return map.get(name);
  return Object.hasOwn(map, name) ? (map as Readonly<Record<string, unknown>>)[name] : undefined;
}

/** `target[key]` and `target.key`. @throws ExpressionProblem `cannot fetch x from <nil>` */
export function memberOf(target: unknown, key: unknown, budget: Budget): unknown {
  const refuse = (): never => fail(`cannot fetch ${formatValue(key, budget)} from ${typeName(target)}`);
  if (target === null || target === undefined) return refuse();
  if (typeof key === 'string') {
    const method = methodOf(target, key);
    if (method !== undefined) return new GoFunction(method.parameters, method.returns, (...given) => method.call(target, given));
  }
  if (isList(target) || typeof target === 'string') {
    const length = typeof target === 'string' ? byteLength(target) : target.length;
    const given = toInteger(key);
    const index = given < 0n ? given + BigInt(length) : given;
    if (index < 0n || index >= BigInt(length)) fail(`index out of range: ${index} (array length is ${length})`);
    return elementAt(target, Number(index));
  }
  if (!isMap(target)) return refuse();
  const found = lookUp(target, key);
  return found === undefined ? (target instanceof AnyKeyMap && target.type.endsWith('[]interface {}') ? [] : null) : found;
}

export function elementAt(target: List | string, index: number): unknown {
  if (typeof target === 'string') return BigInt(encodeUtf8(target)[index] ?? 0);
  return target[index] ?? null;
}

export function slice(target: unknown, from: unknown, to: unknown, budget: Budget): unknown {
  if (!isList(target) && typeof target !== 'string') {
    // Upstream asks for the length first where no end is given, and then names the start in place of what cannot be cut.
    if (to === undefined && !isMap(target)) fail(`invalid argument for len (type ${typeName(target)})`);
    return fail(`cannot slice ${from === undefined ? 0 : formatValue(from, budget)}`);
  }
  const length = typeof target === 'string' ? byteLength(target) : target.length;
  const place = (given: unknown, otherwise: number): number => {
    if (given === undefined) return otherwise;
    const index = Number(toInteger(given));
    return Math.min(length, Math.max(0, index < 0 ? length + index : index));
  };
  const end = place(to, length);
  const start = Math.min(place(from, 0), end);
  budget.takeSteps((end - start) / 8);
  return typeof target === 'string' ? sliceBytes(target, start, end) : target.slice(start, end);
}

export function isIn(needle: unknown, container: unknown, budget: Budget): boolean {
  if (container === null || container === undefined) return false;
  if (isList(container)) {
    for (const item of container) if (equal(item, needle, budget)) return true;
    return false;
  }
  if (!isMap(container)) return fail(`operator "in" not defined on ${typeName(container)}`);
  if (container instanceof AnyKeyMap) return container.has(needle);
  return lookUp(container, needle) !== undefined || (typeof needle === 'string' && entriesOf(container).some(([key]) => key === needle));
}
