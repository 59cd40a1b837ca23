/**
 * What expressions work on, and how Go names and prints it. Plain data comes from outside: JSON, where numbers are float64. Inside, integers
 * are bigints, lists of one type carry it (`Float64Array` is []float64), and maps made by an expression are `Map`s. Objects are only ever
 * asked for own properties, so `constructor` and `__proto__` are ordinary keys.
 */
import type { Budget } from './budget.ts';
import { formatFloat } from './go-numbers.ts';
import { fail } from './problem.ts';
import { formatDuration, GoDuration, GoLocation, GoNamedNumber, GoTime } from './time.ts';
import { formatTimeAs } from './time-layout.ts';
import { compareTexts } from './utf8.ts';

/** A list of texts that a builtin made: []string. */
export class TextList extends Array<string> {}

/** A map whose keys are of any type: of `fromPairs`, and of `groupBy`, where the values are lists. */
export class AnyKeyMap extends Map<unknown, unknown> {
  readonly type: 'map[interface {}]interface {}' | 'map[interface {}][]interface {}';
  constructor(type: AnyKeyMap['type']) {
    super();
    this.type = type;
  }
}

/** A type of a function's parameter or answer. */
export type GoType = 'any' | 'bool' | 'int' | 'int64' | 'float64' | 'string' | 'time.Time' | 'time.Duration';

/** A function of the environment. What `call` is given has been checked against `parameters`. */
export class GoFunction {
  readonly parameters: readonly GoType[];
  readonly returns: GoType;
  readonly call: (...given: readonly unknown[]) => unknown;
  constructor(parameters: readonly GoType[], returns: GoType, call: (...given: readonly unknown[]) => unknown) {
    this.parameters = parameters;
    this.returns = returns;
    this.call = call;
  }
  get type(): string {
    return `func(${this.parameters.map(goTypeName).join(', ')}) ${goTypeName(this.returns)}`;
  }
}

export function goTypeName(type: GoType): string {
  return type === 'any' ? 'interface {}' : type;
}

/** Deepest nesting of data that is compared or printed. */
const depthMax = 1_000;

export function checkDepth(depth: number): void {
  if (depth > depthMax) fail('recursion depth exceeded');
}

export type List = readonly unknown[] | Float64Array | BigInt64Array;

export function isList(value: unknown): value is List {
  return Array.isArray(value) || value instanceof Float64Array || value instanceof BigInt64Array;
}

function isPlainMap(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown> {
  return value instanceof Map || isPlainMap(value);
}

export function entriesOf(
  map: Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown>,
): readonly (readonly [unknown, unknown])[] {
  return map instanceof Map ? [...map] : Object.entries(map);
}

/** `%T`. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float64';
    case 'string':
      return 'string';
    default:
  }
  if (value instanceof TextList) return '[]string';
  if (value instanceof Float64Array) return '[]float64';
  if (value instanceof BigInt64Array) return '[]int';
  if (Array.isArray(value)) return '[]interface {}';
  if (value instanceof AnyKeyMap || value instanceof GoNamedNumber || value instanceof GoFunction) return value.type;
  if (value instanceof GoTime) return 'time.Time';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoLocation) return '*time.Location';
  return isMap(value) ? 'map[string]interface {}' : 'struct {}';
}

/** Go's kind of a value, which messages of builtins use: `slice`, `map`, `float64`. */
export function kindName(value: unknown): string {
  if (value === null || value === undefined) return 'invalid';
  if (isList(value)) return 'slice';
  if (isMap(value)) return 'map';
  if (value instanceof GoTime) return 'struct';
  if (value instanceof GoDuration) return 'int64';
  if (value instanceof GoNamedNumber) return 'int';
  if (value instanceof GoLocation) return 'ptr';
  if (value instanceof GoFunction) return 'func';
  return typeName(value);
}

export const timeLayout = '2006-01-02 15:04:05.999999999 -0700 MST';

/** `%v`. */
export function formatValue(value: unknown, budget: Budget, depth = 0): string {
  checkDepth(depth);
  budget.takeSteps(1);
  const text = valueText(value, budget, depth);
  budget.takeCharacters(text.length);
  return text;
}

function valueText(value: unknown, budget: Budget, depth: number): string {
  if (typeof value === 'number') return formatFloat(value);
  if (typeof value === 'string' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (isList(value)) {
    const parts: string[] = [];
    for (const item of value) parts.push(formatValue(item, budget, depth + 1));
    return `[${parts.join(' ')}]`;
  }
  if (value instanceof GoTime) return formatTimeAs(value, timeLayout);
  if (value instanceof GoDuration) return formatDuration(value);
  if (value instanceof GoNamedNumber) return value.text;
  if (value instanceof GoLocation) return value.zone.name;
  if (value instanceof GoFunction) return value.type;
  if (isMap(value)) {
    const parts = entriesOf(value).map(
      ([key, item]) => [formatValue(key, budget, depth + 1), formatValue(item, budget, depth + 1)] as const,
    );
    return `map[${parts
      .sort(([a], [b]) => compareTexts(a, b))
      .map(([key, item]) => `${key}:${item}`)
      .join(' ')}]`;
  }
  return '<nil>';
}

/** `json.MarshalIndent(value, "", "  ")`. @throws ExpressionProblem for what JSON has no words for */
export function toJson(value: unknown, budget: Budget, indent = '', depth = 0): string {
  checkDepth(depth);
  budget.takeSteps(1);
  const text = valueJson(value, budget, indent, depth);
  budget.takeCharacters(text.length);
  return text;
}

function valueJson(value: unknown, budget: Budget, indent: string, depth: number): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return Number.isFinite(value) ? jsonNumber(value) : fail(`json: unsupported value: ${formatFloat(value)}`);
  if (typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return jsonText(value);
  const inner = `${indent}  `;
  if (isList(value)) {
    const parts: string[] = [];
    for (const item of value) parts.push(inner + toJson(item, budget, inner, depth + 1));
    return parts.length === 0 ? '[]' : `[\n${parts.join(',\n')}\n${indent}]`;
  }
  if (value instanceof GoTime) return jsonText(formatTimeAs(value, '2006-01-02T15:04:05.999999999Z07:00'));
  if (value instanceof GoDuration) return value.nanoseconds.toString();
  if (value instanceof GoNamedNumber) return String(value.value);
  if (value instanceof AnyKeyMap) return fail(`json: unsupported type: ${value.type}`);
  if (isMap(value)) {
    const parts = entriesOf(value)
      .map(([key, item]) => [String(key), item] as const)
      .sort(([a], [b]) => compareTexts(a, b))
      .map(([key, item]) => `${inner}${jsonText(key)}: ${toJson(item, budget, inner, depth + 1)}`);
    return parts.length === 0 ? '{}' : `{\n${parts.join(',\n')}\n${indent}}`;
  }
  if (value instanceof GoLocation) return '{}';
  return fail(`json: unsupported type: ${typeName(value)}`);
}

function jsonNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : JSON.stringify(value);
}

function jsonText(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** `runtime.Equal` of expr-lang: numbers by value, lists by their elements where one of them holds any type, else by type and content. */
export function equal(a: unknown, b: unknown, budget: Budget, depth = 0): boolean {
  checkDepth(depth);
  budget.takeSteps(1);
  if (isNumber(a) && isNumber(b)) return typeof a === typeof b ? a === b : Number(a) === Number(b);
  if (isList(a) && isList(b)) {
    const isComparable = typeName(a) === typeName(b) || isAnyList(a) || isAnyList(b);
    if (!isComparable || a.length !== b.length) return false;
    for (let at = 0; at < a.length; at++) if (!equal(a[at], b[at], budget, depth + 1)) return false;
    return true;
  }
  return sameDeeply(a, b, budget, depth);
}

function isAnyList(list: List): boolean {
  return typeName(list) === '[]interface {}';
}

/** `reflect.DeepEqual`: the number 1 and the float 1 differ. */
function sameDeeply(a: unknown, b: unknown, budget: Budget, depth: number): boolean {
  checkDepth(depth);
  budget.takeSteps(1);
  if (typeName(a) !== typeName(b)) return false;
  if (a instanceof GoTime && b instanceof GoTime) return a.nanoseconds === b.nanoseconds;
  if (a instanceof GoDuration && b instanceof GoDuration) return a.nanoseconds === b.nanoseconds;
  if (a instanceof GoNamedNumber && b instanceof GoNamedNumber) return a.value === b.value;
  if (a instanceof GoLocation && b instanceof GoLocation) return a.zone.name === b.zone.name;
  if (isList(a) && isList(b)) {
    if (a.length !== b.length) return false;
    for (let at = 0; at < a.length; at++) if (!sameDeeply(a[at], b[at], budget, depth + 1)) return false;
    return true;
  }
  if (isMap(a) && isMap(b)) {
    const left = entriesOf(a);
    const right = new Map(entriesOf(b));
    return (
      left.length === right.size && left.every(([key, value]) => right.has(key) && sameDeeply(value, right.get(key), budget, depth + 1))
    );
  }
  return (a ?? null) === (b ?? null);
}

export function isNumber(value: unknown): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** `runtime.ToInt`. */
export function toInteger(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return BigInt(Number.isFinite(value) ? Math.trunc(value) : -(2 ** 63));
  return fail(`invalid operation: int(${typeName(value)})`);
}

/** A type assertion, with the panic's words. */
export function asBool(value: unknown): boolean {
  return typeof value === 'boolean' ? value : fail(`interface conversion: interface {} is ${assertedName(value)}, not bool`);
}

/** A type assertion, with the panic's words. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : fail(`interface conversion: interface {} is ${assertedName(value)}, not string`);
}

/** A type as failed assertions name it. */
export function assertedName(value: unknown): string {
  return value === null || value === undefined ? 'nil' : typeName(value);
}
