/**
 * The functions that templates have without sprig. `and`, `or` and `call` are evaluated by `evaluator.ts`, which sees their arguments unread.
 *
 * @see go text/template, "Functions"
 */
import { GoTime } from '../expression/time.ts';
import { byteLength, compareTexts, encodeUtf8 } from '../expression/utf8.ts';
import { formatValue, isList, isMap, kindName, typeName } from '../expression/values.ts';
import { define, type FunctionTable, type Run } from './function.ts';
import { sprintf } from './printf.ts';
import { refuse } from './problem.ts';
import { type Dict, isTrue, wellFormed } from './values.ts';

type Any = readonly unknown[];

export const builtins: FunctionTable = {
  and: define('any ...any', () => null),
  or: define('any ...any', () => null),
  call: define('any ...any', () => null),
  not: define('any', ([value]: Any) => !isTrue(value)),
  len: define('any', ([value]: Any) => BigInt(lengthOf(value))),
  index: define('any ...any', ([value, ...keys]: Any) => keys.reduce<unknown>(elementOf, value)),
  print: define('...any', (given: Any, run) => print(given, run)),
  println: define('...any', (given: Any, run) => `${given.map((value) => shown(value, run)).join(' ')}\n`),
  printf: define('string ...any', ([format, ...given]: readonly [string, ...Any], run) => sprintf(format, given, run)),
  html: define('...any', (given: Any, run) => escapeHtml(print(given, run))),
  js: define('...any', (given: Any, run) => escapeScript(print(given, run))),
  urlquery: define('...any', (given: Any, run) => escapeQuery(print(given, run))),
  eq: define('any ...any', ([first, ...others]: Any) => {
    if (others.length === 0) return refuse('missing argument for comparison');
    return others.some((other) => isEqual(first, other));
  }),
  ne: define('any any', ([a, b]: Any) => !isEqual(a, b)),
  lt: define('any any', ([a, b]: Any) => isLess(a, b)),
  le: define('any any', ([a, b]: Any) => isLess(a, b) || isEqual(a, b)),
  gt: define('any any', ([a, b]: Any) => !(isLess(a, b) || isEqual(a, b))),
  ge: define('any any', ([a, b]: Any) => !isLess(a, b)),
};

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return byteLength(value);
  if (isList(value)) return value.length;
  if (isMap(value)) return value instanceof Map ? value.size : Object.keys(value).length;
  return refuse(value === null ? 'len of nil pointer' : `len of type ${typeName(value)}`);
}

function elementOf(value: unknown, key: unknown): unknown {
  if (value === null || value === undefined) return refuse('index of untyped nil');
  if (isMap(value)) {
    if (typeof key !== 'string')
      return refuse(key === null ? 'value is nil; should be of type string' : `value has type ${typeName(key)}; should be string`);
    if (value instanceof Map) return value.get(key) ?? null;
    return Object.hasOwn(value, key) ? (value as Dict)[key] : undefined;
  }
  if (typeof value !== 'string' && !isList(value)) return refuse(`can't index item of type ${typeName(value)}`);
  if (typeof key !== 'bigint')
    return refuse(key === null ? 'cannot index slice/array with nil' : `cannot index slice/array with type ${typeName(key)}`);
  const length = lengthOf(value);
  if (key < 0n || key >= BigInt(length)) return refuse(`index out of range: ${key}`);
  if (typeof value === 'string') return BigInt(encodeUtf8(value)[Number(key)] ?? 0);
  return value[Number(key)] ?? null;
}

/** `fmt.Sprint`: a space between operands when neither is a text. */
function print(given: Any, run: Run): string {
  let text = '';
  for (const [at, value] of given.entries()) {
    if (at > 0 && typeof value !== 'string' && typeof given[at - 1] !== 'string') text += ' ';
    text += shown(value, run);
  }
  return text;
}

function shown(value: unknown, run: Run): string {
  return value === null || value === undefined ? '<nil>' : formatValue(value, run.budget);
}

function basicKind(value: unknown): 'bool' | 'int' | 'float' | 'string' | undefined {
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'bigint':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'string';
    default:
      return undefined;
  }
}

function isEqual(a: unknown, b: unknown): boolean {
  const isNil = [a, b].map((value) => value === null || value === undefined);
  const kind = basicKind(a);
  if (kind !== basicKind(b)) return isNil.includes(true) ? false : refuse('incompatible types for comparison');
  if (kind !== undefined) return a === b;
  if (isNil.includes(true)) return isNil[0] === isNil[1];
  if (a instanceof GoTime && b instanceof GoTime) return a.nanoseconds === b.nanoseconds && a.zone.name === b.zone.name;
  if (isList(a) || isMap(a))
    return refuse(typeName(a) === typeName(b) ? `non-comparable type ${typeName(a)}` : 'incompatible types for comparison');
  if (kindName(a) === 'int64' && kindName(b) === 'int64') return String(a) === String(b);
  return a === b;
}

function isLess(a: unknown, b: unknown): boolean {
  const [left, right] = [basicKind(a), basicKind(b)];
  if (left === undefined || right === undefined) return refuse('invalid type for comparison');
  if (left !== right) return refuse('incompatible types for comparison');
  if (left === 'bool') return refuse('invalid type for comparison');
  return left === 'string' ? compareTexts(a as string, b as string) < 0 : (a as number) < (b as number);
}

const entities: Readonly<Record<string, string>> = { '\0': '\ufffd', '"': '&#34;', "'": '&#39;', '&': '&amp;', '<': '&lt;', '>': '&gt;' };

function escapeHtml(text: string): string {
  return text.replace(/[\0"'&<>]/g, (character) => entities[character] ?? character);
}

/** What is not a letter, digit, mark, sign or space in Unicode is written by its number. */
function escapeScript(text: string): string {
  return text.replace(/[\\'"<>&=]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gsu, (character) => {
    if (character === '\\' || character === "'" || character === '"') return `\\${character}`;
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `\\u${code}`;
  });
}

export function escapeQuery(text: string): string {
  return encodeURIComponent(wellFormed(text))
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
