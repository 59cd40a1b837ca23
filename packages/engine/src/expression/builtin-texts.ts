/** Builtins on texts and their encodings. */
import { type Builtin, ofKinds, type Run, typed } from './builtin.ts';
import { quote } from './go-numbers.ts';
import { fail } from './problem.ts';
import { GoDuration, GoLocation, GoNamedNumber, GoTime } from './time.ts';
import { byteIndex, decodeBase64, encodeBase64 } from './utf8.ts';
import { asText, checkDepth, formatValue, GoFunction, isList, isMap, TextList, toInteger, toJson, typeName } from './values.ts';

type Texts = (texts: readonly string[], run: Run, given: readonly unknown[]) => unknown;

/** A builtin whose first arguments are texts, all of them unless `texts` says how many. */
function onTexts(signatures: string, call: Texts, texts: number = Number.POSITIVE_INFINITY): Builtin {
  return typed(signatures, (given, run) => {
    const found = given.slice(0, texts).map(asText);
    run.budget.takeSteps(found.reduce((sum, text) => sum + text.length, 0) / 16);
    return call(found, run, given);
  });
}

const textOf = (run: Run, text: string): string => {
  run.budget.takeCharacters(text.length);
  return text;
};

/** Case by characters, as Go has it: one that would become two stays as it is. */
function mapped(text: string, change: (character: string) => string): string {
  const changed = change(text);
  if (changed.length === text.length) return changed;
  return [...text]
    .map((character) => {
      const other = change(character);
      return [...other].length === 1 ? other : character;
    })
    .join('');
}

/** White space as Go's `unicode.IsSpace`. */
const space = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/u;

function trimAll(text: string, isCut: (character: string) => boolean): string {
  const characters = [...text];
  let from = 0;
  let to = characters.length;
  while (from < to && isCut(characters[from] ?? '')) from++;
  while (to > from && isCut(characters[to - 1] ?? '')) to--;
  return characters.slice(from, to).join('');
}

/** Pieces between separators, at most `limit` of them (negative: all); with `isAfter` each keeps the separator behind it. */
function split(text: string, separator: string, limit: number, isAfter: boolean, run: Run): TextList {
  const parts = new TextList();
  if (limit === 0) return parts;
  const pieces = separator === '' ? [...text] : text.split(separator);
  run.budget.takeElements(pieces.length);
  const kept = limit < 0 || pieces.length <= limit ? pieces : [...pieces.slice(0, limit - 1), pieces.slice(limit - 1).join(separator)];
  for (const [index, piece] of kept.entries()) parts.push(isAfter && index < kept.length - 1 ? piece + separator : piece);
  return parts;
}

function replace(text: string, from: string, to: string, limit: number, run: Run): string {
  const pieces = from === '' ? ['', ...text, ''] : text.split(from);
  const count = limit < 0 ? pieces.length - 1 : Math.min(limit, pieces.length - 1);
  run.budget.takeCharacters(text.length + count * to.length);
  const rest = pieces.slice(count).join(from);
  return [...pieces.slice(0, count), rest].join(to);
}

function repeat(text: string, count: bigint, run: Run): string {
  if (count < 0n) fail(`invalid argument for repeat (expected positive integer, got ${count})`);
  if (count > 1_000_000n) fail('memory budget exceeded');
  run.budget.takeElements(text.length * Number(count));
  run.budget.takeCharacters(text.length * Number(count));
  return text.repeat(Number(count));
}

function join(list: unknown, glue: string, run: Run): string {
  if (!isList(list) || list instanceof Float64Array || list instanceof BigInt64Array) {
    return fail(`invalid argument for join (type ${list === null ? '%!s(<nil>)' : typeName(list)})`);
  }
  const parts = list.map(asText);
  run.budget.takeCharacters(parts.reduce((sum, part) => sum + part.length + glue.length, 0));
  return parts.join(glue);
}

function fromJson(text: string, run: Run): unknown {
  run.budget.takeCharacters(text.length);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const [first = ''] = text.replace(/^[ \t\r\n]+/, '');
    if (first === '') return fail('unexpected end of JSON input');
    if (!/^["{[\d\-tfn]$/.test(first)) return fail(`invalid character '${first}' looking for beginning of value`);
    return fail(`invalid JSON ${quote(text.slice(0, 40))}`);
  }
  checkNesting(value, 0);
  return value;
}

function checkNesting(value: unknown, depth: number): void {
  checkDepth(depth);
  if (typeof value !== 'object' || value === null) return;
  for (const item of Object.values(value)) checkNesting(item, depth + 1);
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'nil';
  if (value instanceof GoTime) return 'time.Time';
  if (value instanceof GoDuration) return 'time.Duration';
  if (value instanceof GoNamedNumber) return value.type;
  if (value instanceof GoLocation) return 'unknown';
  if (value instanceof GoFunction) return 'func';
  if (isList(value)) return 'array';
  if (isMap(value)) return 'map';
  return { bigint: 'int', number: 'float', string: 'string', boolean: 'bool' }[typeof value as string] ?? 'unknown';
}

export const textBuiltins: readonly (readonly [string, Builtin])[] = [
  [
    'len',
    ofKinds(
      ['slice', 'map', 'string'],
      (type) => `invalid argument for len (type ${type})`,
      'int',
      ([value], run) => {
        if (typeof value === 'string') {
          run.budget.takeSteps(value.length / 16);
          return BigInt([...value].length);
        }
        if (isList(value)) return BigInt(value.length);
        if (isMap(value)) return BigInt(value instanceof Map ? value.size : Object.keys(value).length);
        return fail(`invalid argument for len (type ${typeName(value)})`);
      },
    ),
  ],
  ['type', typed('any: string', ([value]) => typeOf(value))],
  ['string', typed('any: string', ([value], run) => formatValue(value, run.budget))],
  [
    'trim',
    onTexts('string: string | string, string: string', ([text = '', cut]) =>
      trimAll(text, (character) => (cut === undefined ? space.test(character) : cut.includes(character))),
    ),
  ],
  [
    'trimPrefix',
    onTexts('string, string: string | string: string', ([text = '', prefix = ' ']) =>
      text.startsWith(prefix) ? text.slice(prefix.length) : text,
    ),
  ],
  [
    'trimSuffix',
    onTexts('string, string: string | string: string', ([text = '', suffix = ' ']) =>
      suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
    ),
  ],
  [
    'upper',
    onTexts('string: string', ([text = ''], run) =>
      textOf(
        run,
        mapped(text, (character) => character.toUpperCase()),
      ),
    ),
  ],
  [
    'lower',
    onTexts('string: string', ([text = ''], run) =>
      textOf(
        run,
        mapped(text, (character) => character.toLowerCase()),
      ),
    ),
  ],
  [
    'split',
    onTexts(
      'string, string: []string | string, string, int: []string',
      ([text = '', separator = ''], run, given) => split(text, separator, given.length > 2 ? Number(toInteger(given[2])) : -1, false, run),
      2,
    ),
  ],
  [
    'splitAfter',
    onTexts(
      'string, string: []string | string, string, int: []string',
      ([text = '', separator = ''], run, given) => split(text, separator, given.length > 2 ? Number(toInteger(given[2])) : -1, true, run),
      2,
    ),
  ],
  [
    'replace',
    onTexts(
      'string, string, string, int: string | string, string, string: string',
      ([text = '', from = '', to = ''], run, given) => replace(text, from, to, given.length > 3 ? Number(toInteger(given[3])) : -1, run),
      3,
    ),
  ],
  ['repeat', typed('string, int: string', ([text, count], run) => repeat(asText(text), toInteger(count), run))],
  [
    'join',
    typed('[]string, string: string | []any, string: string | []any: string | []string, string: string | []string: string', (given, run) =>
      join(given[0] ?? null, given.length > 1 ? asText(given[1]) : '', run),
    ),
  ],
  ['indexOf', onTexts('string, string: int', ([text = '', part = '']) => BigInt(byteIndex(text, text.indexOf(part))))],
  ['lastIndexOf', onTexts('string, string: int', ([text = '', part = '']) => BigInt(byteIndex(text, text.lastIndexOf(part))))],
  ['hasPrefix', onTexts('string, string: bool', ([text = '', part = '']) => text.startsWith(part))],
  ['hasSuffix', onTexts('string, string: bool', ([text = '', part = '']) => text.endsWith(part))],
  ['toJSON', typed('any: string', ([value], run) => toJson(value, run.budget))],
  ['fromJSON', onTexts('string: any', ([text = ''], run) => fromJson(text, run))],
  ['toBase64', onTexts('string: string', ([text = ''], run) => textOf(run, encodeBase64(text)))],
  [
    'fromBase64',
    onTexts('string: string', ([text = ''], run) => {
      const decoded = decodeBase64(text);
      return 'text' in decoded ? textOf(run, decoded.text) : fail(`illegal base64 data at input byte ${decoded.badAt}`);
    }),
  ],
];
