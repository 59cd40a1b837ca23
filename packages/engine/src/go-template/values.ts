/**
 * What templates work on. The values are those of the expression language (`../expression/values.ts`): JSON from outside, where numbers are
 * float64, bigints for ints, Go's times. Here is what only templates do with them: truth, emptiness, and the casts of sprig.
 */
import { formatFloat, parseFloatText, truncated, wrapped } from '../expression/go-numbers.ts';
import { GoDuration, GoTime } from '../expression/time.ts';
import { compareTexts } from '../expression/utf8.ts';
import { entriesOf, formatValue, isList, isMap } from '../expression/values.ts';
import type { Run } from './function.ts';
import { refuse } from './problem.ts';

export type Dict = Record<string, unknown>;

/** A map without a prototype, so that any key is an ordinary one. */
export function newDict(entries: Iterable<readonly [string, unknown]> = []): Dict {
  const dict = Object.create(null) as Dict;
  for (const [key, value] of entries) dict[key] = value;
  return dict;
}

/** Deepest nesting of values that are copied. */
const depthMax = 200;

/** The same lists and maps, new: functions such as `set` change what they are given. */
export function copyOf(value: unknown, depth = 0): unknown {
  if (depth > depthMax) return refuse('recursion depth exceeded');
  if (Array.isArray(value)) return value.map((item) => copyOf(item, depth + 1));
  if (!isMap(value)) return value ?? null;
  return newDict(entriesOf(value).map(([key, item]) => [String(key), copyOf(item, depth + 1)] as const));
}

export function sortedKeys(dict: Readonly<Dict>): readonly string[] {
  return Object.keys(dict).sort(compareTexts);
}

/** What `if` takes for true. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) !== 0;
  if (value instanceof GoDuration) return value.nanoseconds !== 0n;
  if (isList(value)) return value.length > 0;
  if (isMap(value)) return entriesOf(value).length > 0;
  return true;
}

/** What `default` and `empty` take for nothing. */
export function isEmpty(value: unknown): boolean {
  return !isTrue(value);
}

/** How functions that take anything as text see it: `%v`. */
export function textOf(value: unknown, run: Run): string {
  return typeof value === 'string' ? value : formatValue(value ?? null, run.budget);
}

/** Texts of a list without its nils; anything else is a list of one. */
export function textsOf(value: unknown, run: Run): readonly string[] {
  if (value === null || value === undefined) return [];
  if (!isList(value)) return [textOf(value, run)];
  return [...(value as readonly unknown[])].filter((item) => item !== null && item !== undefined).map((item) => textOf(item, run));
}

/** @see spf13/cast ToInt64, which sprig uses: what is no number is 0 */
export function toInt64(value: unknown): bigint {
  switch (typeof value) {
    case 'bigint':
      return value;
    case 'number':
      return truncated(value);
    case 'boolean':
      return value ? 1n : 0n;
    case 'string': {
      const text = value.trim() === value ? value : '';
      const match = /^([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9]\d*|0)$/.exec(text.replace(/\.0*$/, ''));
      if (match === null) return 0n;
      const digits = match[2] ?? '0';
      const magnitude = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
      const whole = match[1] === '-' ? -magnitude : magnitude;
      return wrapped(whole) === whole ? whole : 0n;
    }
    default:
      return value instanceof GoDuration ? value.nanoseconds : 0n;
  }
}

/** @see spf13/cast ToFloat64 */
export function toFloat64(value: unknown): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return value instanceof GoDuration ? Number(value.nanoseconds) : 0;
  const parsed = parseFloatText(value);
  return parsed.ok ? parsed.value : 0;
}

/** Compact JSON as `json.Marshal` writes it; `indent` as `MarshalIndent` does. `isRaw` leaves `<`, `>` and `&` as they are. */
export function jsonOf(value: unknown, run: Run, form: { readonly indent?: boolean; readonly isRaw?: boolean } = {}, margin = ''): string {
  if (margin.length > depthMax) return refuse('recursion depth exceeded');
  run.budget.takeSteps(1);
  const text = jsonText(value, run, form, margin);
  run.budget.takeCharacters(text.length);
  return text;
}

function jsonText(value: unknown, run: Run, form: { readonly indent?: boolean; readonly isRaw?: boolean }, margin: string): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return quoted(value, form.isRaw === true);
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) return refuse(`json: unsupported value: ${formatFloat(value)}`);
    return Object.is(value, -0) ? '-0' : JSON.stringify(value);
  }
  const inner = `${margin}  `;
  const [lead, between, end] = form.indent === true ? [`\n${inner}`, `,\n${inner}`, `\n${margin}`] : ['', ',', ''];
  const within = (parts: readonly string[], open: string, close: string): string =>
    parts.length === 0 ? open + close : open + lead + parts.join(between) + end + close;
  if (isList(value))
    return within(
      [...(value as readonly unknown[])].map((item) => jsonOf(item, run, form, inner)),
      '[',
      ']',
    );
  if (value instanceof GoDuration) return value.nanoseconds.toString();
  if (value instanceof GoTime) return quoted(run.formatTime(value, '2006-01-02T15:04:05.999999999Z07:00'), false);
  if (!isMap(value)) return refuse('json: unsupported type');
  const parts = entriesOf(value)
    .map(([key, item]) => [String(key), item] as const)
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([key, item]) => `${quoted(key, form.isRaw === true)}:${form.indent === true ? ' ' : ''}${jsonOf(item, run, form, inner)}`);
  return within(parts, '{', '}');
}

function quoted(text: string, isRaw: boolean): string {
  const escaped = isRaw ? /[\u2028\u2029]/g : /[<>&\u2028\u2029]/g;
  return JSON.stringify(wellFormed(text)).replace(escaped, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Halves of characters become U+FFFD, as they do in Go. */
export function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}
