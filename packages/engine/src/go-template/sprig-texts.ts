/** Sprig's functions on texts. */
import { quote } from '../expression/go-numbers.ts';
import { byteLength, compareTexts, sliceBytes } from '../expression/utf8.ts';
import { isList, TextList } from '../expression/values.ts';
import { define, type FunctionTable, type Run } from './function.ts';
import { refuse } from './problem.ts';
import { newDict, textOf, textsOf } from './values.ts';

type Any = readonly unknown[];
type Texts = readonly string[];

/** A function of texts alone. */
const ofTexts = (count: number, call: (...texts: Texts) => unknown): FunctionTable[string] =>
  define(Array.from({ length: count }, () => 'string').join(' '), (given: Texts) => call(...given));

export const textFunctions: FunctionTable = {
  upper: ofTexts(1, (text = '') => text.toUpperCase()),
  lower: ofTexts(1, (text = '') => text.toLowerCase()),
  title: ofTexts(1, (text = '') => text.replace(/(?<![\p{L}\p{Nd}_]|[^\p{ASCII}\s])\p{L}/gu, (letter) => letter.toUpperCase())),
  untitle: ofTexts(1, (text = '') => text.replace(/(?<=^|\s)\S/gu, (letter) => letter.toLowerCase())),
  swapcase: ofTexts(1, (text = '') => swapCase(text)),
  trim: ofTexts(1, (text = '') => trimmed(text, isSpace)),
  trimAll: ofTexts(2, (cut = '', text = '') => trimmed(text, (character) => cut.includes(character))),
  trimall: ofTexts(2, (cut = '', text = '') => trimmed(text, (character) => cut.includes(character))),
  trimPrefix: ofTexts(2, (prefix = '', text = '') => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimSuffix: ofTexts(2, (suffix = '', text = '') => (text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text)),
  nospace: ofTexts(1, (text = '') => text.replace(/\s/gu, '')),
  initials: ofTexts(1, (text = '') => [...text.matchAll(/(?<=^|\s)\S/gu)].map(([letter]) => letter).join('')),
  contains: ofTexts(2, (part = '', text = '') => text.includes(part)),
  hasPrefix: ofTexts(2, (prefix = '', text = '') => text.startsWith(prefix)),
  hasSuffix: ofTexts(2, (suffix = '', text = '') => text.endsWith(suffix)),
  replace: define('string string string', ([old, by, text]: Texts, run) => replaceAll(text ?? '', old ?? '', by ?? '', run)),
  repeat: define('int string', ([count, text]: readonly [bigint, string], run) => repeated(text, count, run)),
  substr: define('int int string', ([from, to, text]: readonly [bigint, bigint, string]) => substring(Number(from), Number(to), text)),
  trunc: define('int string', ([count, text]: readonly [bigint, string]) => truncated(Number(count), text)),
  abbrev: define('int string', ([width, text]: readonly [bigint, string]) => (width < 4n ? text : abbreviated(text, 0, Number(width)))),
  abbrevboth: define('int int string', ([left, right, text]: readonly [bigint, bigint, string]) =>
    right < 4n || (left > 0n && right < 7n) ? text : abbreviated(text, Number(left), Number(right)),
  ),
  wrap: define('int string', ([width, text]: readonly [bigint, string], run) => wrapped(text, Number(width), '\n', false, run)),
  wrapWith: define('int string string', ([width, between, text]: readonly [bigint, string, string], run) =>
    wrapped(text, Number(width), between, true, run),
  ),
  indent: define('int string', ([width, text]: readonly [bigint, string], run) => indented(text, width, run)),
  nindent: define('int string', ([width, text]: readonly [bigint, string], run) => `\n${indented(text, width, run)}`),
  quote: define('...any', (given: Any, run) =>
    present(given)
      .map((value) => quote(textOf(value, run)))
      .join(' '),
  ),
  squote: define('...any', (given: Any, run) =>
    present(given)
      .map((value) => `'${textOf(value, run)}'`)
      .join(' '),
  ),
  cat: define('...any', (given: Any, run) =>
    present(given)
      .map((value) => textOf(value, run))
      .join(' '),
  ),
  plural: define('string string int', ([one, many, count]: readonly [string, string, bigint]) => (count === 1n ? one : many)),
  toString: define('any', ([value]: Any, run) => textOf(value, run)),
  toStrings: define('any', ([value]: Any, run) => TextList.from(textsOf(value, run))),
  join: define('string any', ([between, value]: readonly [string, unknown], run) => joined(textsOf(value, run), between, run)),
  split: define('string string', ([between, text]: Texts) => numbered((text ?? '').split(between ?? ''))),
  splitList: define('string string', ([between, text]: Texts) => TextList.from(split(text ?? '', between ?? ''))),
  splitn: define('string int string', ([between, count, text]: readonly [string, bigint, string]) =>
    numbered(splitAtMost(text, between, Number(count))),
  ),
  sortAlpha: define('any', ([value]: Any, run) =>
    TextList.from(isList(value) ? [...textsOf(value, run)].sort(compareTexts) : [textOf(value, run)]),
  ),
  camelcase: ofTexts(1, (text = '') => camelCase(text)),
  snakecase: ofTexts(1, (text = '') => separated(text, '_')),
  kebabcase: ofTexts(1, (text = '') => separated(text, '-')),
};

function present(given: Any): Any {
  return given.filter((value) => value !== null && value !== undefined);
}

function isSpace(character: string): boolean {
  return /^[\s\u0085]$/u.test(character) && character !== '\ufeff';
}

function trimmed(text: string, isCut: (character: string) => boolean): string {
  const characters = [...text];
  let [from, to] = [0, characters.length];
  while (from < to && isCut(characters[from] ?? '')) from++;
  while (to > from && isCut(characters[to - 1] ?? '')) to--;
  return characters.slice(from, to).join('');
}

function swapCase(text: string): string {
  return [...text].map((letter) => (/\p{Ll}/u.test(letter) ? letter.toUpperCase() : letter.toLowerCase())).join('');
}

function replaceAll(text: string, old: string, by: string, run: Run): string {
  run.budget.takeSteps(text.length / 8);
  const count = old === '' ? text.length + 1 : text.split(old).length - 1;
  run.budget.takeCharacters(text.length + count * by.length);
  return old === '' ? ['', ...text, ''].join(by) : text.replaceAll(old, () => by);
}

function repeated(text: string, count: bigint, run: Run): string {
  if (count < 0n) return refuse('strings: negative Repeat count');
  run.budget.takeCharacters(text.length * Number(count));
  return text.repeat(Number(count));
}

function substring(from: number, to: number, text: string): string {
  const length = byteLength(text);
  if (from < 0) return sliceBytes(text, 0, within(to, 0, length));
  if (to < 0 || to > length) return sliceBytes(text, within(from, 0, length), length);
  return sliceBytes(text, within(from, 0, to), to);
}

function within(at: number, from: number, to: number): number {
  return at >= from && at <= to ? at : refuse(`slice bounds out of range [${at}]`);
}

function truncated(count: number, text: string): string {
  const length = byteLength(text);
  if (count < 0 && length + count > 0) return sliceBytes(text, length + count, length);
  return count >= 0 && length > count ? sliceBytes(text, 0, count) : text;
}

/** @see Masterminds/goutils AbbreviateFull */
function abbreviated(text: string, offset: number, width: number): string {
  const characters = [...text];
  const { length } = characters;
  const slice = (from: number, to: number): string => characters.slice(from, to).join('');
  if (length <= width) return text;
  let from = Math.min(offset, length);
  if (length - from < width - 3) from = length - (width - 3);
  if (from <= 4) return `${slice(0, width - 3)}...`;
  if (from + width - 3 < length) return `...${abbreviated(slice(from, length), 0, width - 3)}`;
  return `...${slice(length - (width - 3), length)}`;
}

/** @see Masterminds/goutils WrapCustom */
function wrapped(text: string, width: number, between: string, breaksWords: boolean, run: Run): string {
  const size = Math.max(1, width);
  run.budget.takeCharacters(text.length + Math.ceil(text.length / size) * (between === '' ? 1 : between.length));
  const lineEnd = between === '' ? '\n' : between;
  let out = '';
  let at = 0;
  while (text.length - at > size) {
    if (text[at] === ' ') {
      at++;
      continue;
    }
    const space = text.lastIndexOf(' ', at + size);
    if (space >= at) {
      out += text.slice(at, space) + lineEnd;
      at = space + 1;
    } else if (breaksWords) {
      out += text.slice(at, at + size) + lineEnd;
      at += size;
    } else {
      const next = text.indexOf(' ', at + size);
      if (next < 0) break;
      out += text.slice(at, next) + lineEnd;
      at = next + 1;
    }
  }
  return out + text.slice(at);
}

function indented(text: string, width: bigint, run: Run): string {
  const margin = repeated(' ', width, run);
  run.budget.takeCharacters(text.split('\n').length * margin.length);
  return margin + text.replaceAll('\n', `\n${margin}`);
}

function joined(texts: Texts, between: string, run: Run): string {
  run.budget.takeCharacters(texts.reduce((sum, text) => sum + text.length + between.length, 0));
  return texts.join(between);
}

function split(text: string, between: string): Texts {
  return between === '' ? [...text] : text.split(between);
}

function splitAtMost(text: string, between: string, count: number): Texts {
  if (count === 0) return [];
  const parts = split(text, between);
  if (count < 0 || parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(between)];
}

function numbered(parts: Texts): unknown {
  return newDict(parts.map((part, at) => [`_${at}`, part] as const));
}

/** @see huandu/xstrings ToPascalCase: what stands between words goes, and each word begins with a capital */
function camelCase(text: string): string {
  const isBetween = (character: string): boolean => /[_\s-]/u.test(character);
  const characters = [...text];
  const start = characters.findIndex((character) => !isBetween(character));
  if (start < 0) return text;
  let out = characters.slice(0, start).join('');
  let end = characters.length;
  while (end > start && isBetween(characters[end - 1] ?? '')) end--;
  let isBeginning = true;
  // Of capitals with which a word begins, the first stays one: `FOO_BAR` is `FooBar`.
  let isLowering = false;
  for (const character of characters.slice(start, end)) {
    if (isBetween(character)) {
      isBeginning = true;
      continue;
    }
    const isCapital = /\p{Lu}/u.test(character);
    isLowering = isCapital && (isBeginning || isLowering);
    out += isBeginning ? character.toUpperCase() : isLowering ? character.toLowerCase() : character;
    isBeginning = false;
  }
  return out + characters.slice(end).join('');
}

/** Words of a name in mixed case: `HTTP2Server` is `HTTP2` and `Server`, `v1beta` is `v` and `1beta`. */
const nameWord =
  /\p{Lu}+(?!\p{Ll})(?:\p{Nd}+(?![\p{Ll}\p{Nd}]))?|\p{Lu}?\p{Ll}+(?:\p{Nd}+(?![\p{Ll}\p{Nd}]))?|\p{Nd}[\p{Ll}\p{Nd}]*|\p{L}/gu;

/** @see huandu/xstrings ToSnakeCase, ToKebabCase */
function separated(text: string, between: string): string {
  return text
    .replace(/[\p{L}\p{Nd}]+/gu, (run) => [...run.matchAll(nameWord)].map(([word]) => word.toLowerCase()).join(between))
    .replace(/[_\s-]/gu, between);
}
