/**
 * Sprig's functions on regular expressions, which are Go's: no references backwards, no looking ahead, never more than linear time. What a
 * group holds is asked of JavaScript's engine, and only where that cannot take long.
 */
import { GoPattern, PatternError } from '@sluice/api';
import { TextList } from '../expression/values.ts';
import { define, type FunctionTable, type Run } from './function.ts';
import { refuse, TemplateProblem } from './problem.ts';

type Three = readonly [string, string, string];
type Two = readonly [string, string];
type Counted = readonly [string, string, bigint];

function patternOf(text: string, subject: string, run: Run): GoPattern {
  try {
    const pattern = new GoPattern(text);
    run.budget.takeSteps(pattern.cost(subject) / 16);
    return pattern;
  } catch (error) {
    if (error instanceof PatternError) return refuse(error.message);
    throw error;
  }
}

const matches = define('string string', ([pattern, text]: Two, run) => patternOf(pattern, text, run).test(text));
const find = define('string string', ([pattern, text]: Two, run) => patternOf(pattern, text, run).find(text) ?? '');
const findAll = define('string string int', ([pattern, text, count]: Counted, run) =>
  TextList.from(patternOf(pattern, text, run).findAll(text, Number(count))),
);
const replaceAll = define('string string string', ([pattern, text, by]: Three, run) => replaced(pattern, text, by, run));
const replaceLiteral = define('string string string', ([pattern, text, by]: Three, run) =>
  rebuilt(text, patternOf(pattern, text, run).locateAll(text, -1), () => by, run),
);
const split = define('string string int', ([pattern, text, count]: Counted, run) => splitBy(pattern, text, Number(count), run));
const quoteMeta = define('string', ([text]: readonly [string]) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&'));

export const patternFunctions: FunctionTable = {
  // A pattern that cannot be read matches nothing; the other functions refuse it.
  regexMatch: define('string string', ([pattern, text]: Two, run) => {
    try {
      return matches.call([pattern, text], run);
    } catch (error) {
      if (error instanceof TemplateProblem) return false;
      throw error;
    }
  }),
  mustRegexMatch: matches,
  regexFind: find,
  mustRegexFind: find,
  regexFindAll: findAll,
  mustRegexFindAll: findAll,
  regexReplaceAll: replaceAll,
  mustRegexReplaceAll: replaceAll,
  regexReplaceAllLiteral: replaceLiteral,
  mustRegexReplaceAllLiteral: replaceLiteral,
  regexSplit: split,
  mustRegexSplit: split,
  regexQuoteMeta: quoteMeta,
};

type Place = readonly [start: number, end: number];

function rebuilt(text: string, places: readonly Place[], by: (match: Place) => string, run: Run): string {
  let out = '';
  let end = 0;
  for (const place of places) {
    const put = by(place);
    run.budget.takeCharacters(put.length);
    out += text.slice(end, place[0]) + put;
    end = place[1];
  }
  return out + text.slice(end);
}

/** `$1`, `${1}`, `${name}`; `$$` is a dollar. */
const reference = /\$(?:\$|(\w+)|\{(\w+)\})/g;

function replaced(source: string, text: string, by: string, run: Run): string {
  const pattern = patternOf(source, text, run);
  const places = pattern.locateAll(text, -1);
  if (!by.includes('$')) return rebuilt(text, places, () => by, run);
  const needsGroups = [...by.matchAll(reference)].some(([, short, long]) => (short ?? long ?? '0') !== '0');
  const expression = needsGroups ? scriptOf(source) : undefined;
  if (needsGroups && !pattern.canBacktrack(text)) refuse('regular expression is too complex for references to its groups');
  return rebuilt(
    text,
    places,
    ([start, end]) => {
      const match = groupsAt(expression, text, start);
      return by.replace(reference, (whole, short: string | undefined, long: string | undefined) => {
        const name = short ?? long;
        if (name === undefined) return whole === '$$' ? '$' : whole;
        if (name === '0') return text.slice(start, end);
        return (/^\d+$/.test(name) ? match?.[Number(name)] : match?.groups?.[name]) ?? '';
      });
    },
    run,
  );
}

function groupsAt(expression: RegExp | undefined, text: string, start: number): RegExpExecArray | null {
  if (expression === undefined) return null;
  expression.lastIndex = start;
  return expression.exec(text);
}

const classes: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  digit: '0-9',
  lower: 'a-z',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** The same expression in JavaScript's words, for what it holds in groups. */
function scriptOf(source: string): RegExp {
  const [, letters = ''] = /^\(\?([ims]+)\)/.exec(source) ?? [];
  const body = source
    .slice(letters === '' ? 0 : letters.length + 3)
    .replace(/\(\?P</g, '(?<')
    .replace(/\\z/g, '(?![^])')
    .replace(/\\A/g, '(?<![^])')
    .replace(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole);
  try {
    return new RegExp(body, `yu${letters}`);
  } catch {
    return refuse('regular expression is too complex for references to its groups');
  }
}

function splitBy(source: string, text: string, count: number, run: Run): TextList {
  if (count === 0) return TextList.from([]);
  const pattern = patternOf(source, text, run);
  if (source !== '' && text === '') return TextList.from(['']);
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const [start, after] of pattern.locateAll(text, count)) {
    if (count > 0 && parts.length === count - 1) break;
    end = start;
    if (after !== 0) parts.push(text.slice(begin, end));
    begin = after;
  }
  if (end !== text.length) parts.push(text.slice(begin));
  return TextList.from(parts);
}
