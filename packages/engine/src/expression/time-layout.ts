/** Go's time layouts, which show how the moment Mon Jan 2 15:04:05 MST 2006 is to look: formatting and parsing by example. */

import { quote } from './go-numbers.ts';
import { fail } from './problem.ts';
import {
  type Civil,
  civilOf,
  daysFromCivil,
  fixedZone,
  type GoTime,
  months,
  offsetText,
  timeOf,
  utc,
  weekdays,
  type Zone,
} from './time.ts';

/** Elements of layouts, longest first where one begins another. */
const element =
  /January|Jan|Monday|Mon|MST|2006|Z07:00:00|Z07:00|Z0700|Z07|-07:00:00|-07:00|-0700|-07|002|__2|_2|01|02|03|04|05|06|15|PM|pm|[.,]0+(?!\d)|[.,]9+(?!\d)|1|2|3|4|5/g;

type Piece = { readonly literal: string } | { readonly element: string };

function pieces(layout: string): readonly Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of layout.matchAll(element)) {
    // `Jan` and `Mon` inside a longer word are not elements.
    if ((match[0] === 'Jan' || match[0] === 'Mon') && /^[a-z]/.test(layout.slice(match.index + 3))) continue;
    if (match.index > end) found.push({ literal: layout.slice(end, match.index) });
    found.push({ element: match[0] });
    end = match.index + match[0].length;
  }
  if (end < layout.length) found.push({ literal: layout.slice(end) });
  return found;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `Time.Format`. */
export function formatTimeAs(time: GoTime, layout: string): string {
  const civil = civilOf(time);
  return pieces(layout)
    .map((piece) => ('literal' in piece ? piece.literal : formatElement(piece.element, civil)))
    .join('');
}

function formatElement(name: string, civil: ReturnType<typeof civilOf>): string {
  const hour12 = civil.hour % 12 === 0 ? 12 : civil.hour % 12;
  switch (name) {
    case 'January':
      return months[civil.month - 1] ?? '';
    case 'Jan':
      return (months[civil.month - 1] ?? '').slice(0, 3);
    case 'Monday':
      return weekdays[civil.weekday] ?? '';
    case 'Mon':
      return (weekdays[civil.weekday] ?? '').slice(0, 3);
    case 'MST':
      return civil.abbreviation;
    case '2006':
      return civil.year < 0 ? `-${String(-civil.year).padStart(4, '0')}` : String(civil.year).padStart(4, '0');
    case '06':
      return two(((civil.year % 100) + 100) % 100);
    case '01':
      return two(civil.month);
    case '1':
      return String(civil.month);
    case '02':
      return two(civil.day);
    case '_2':
      return String(civil.day).padStart(2);
    case '2':
      return String(civil.day);
    case '002':
      return String(civil.yearDay).padStart(3, '0');
    case '__2':
      return String(civil.yearDay).padStart(3);
    case '15':
      return two(civil.hour);
    case '03':
      return two(hour12);
    case '3':
      return String(hour12);
    case '04':
      return two(civil.minute);
    case '4':
      return String(civil.minute);
    case '05':
      return two(civil.second);
    case '5':
      return String(civil.second);
    case 'PM':
      return civil.hour >= 12 ? 'PM' : 'AM';
    case 'pm':
      return civil.hour >= 12 ? 'pm' : 'am';
    default:
      return name.startsWith('.') || name.startsWith(',') ? formatFraction(name, civil.nanosecond) : formatOffset(name, civil.offset);
  }
}

function formatFraction(name: string, nanosecond: number): string {
  const digits = String(nanosecond)
    .padStart(9, '0')
    .slice(0, name.length - 1);
  if (name[1] === '0') return name[0] + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : name[0] + short;
}

function formatOffset(name: string, offset: number): string {
  if (name.startsWith('Z') && offset === 0) return 'Z';
  if (name.endsWith(':00:00')) return `${offsetText(offset, ':')}:${two(Math.abs(offset) % 60)}`;
  return offsetText(offset, name.includes(':') ? ':' : name.endsWith('00') ? '' : undefined);
}

type Reading = { -readonly [Key in keyof Civil]: number } & { isAfternoon?: boolean; zone?: Zone; yearDay?: number };

/**
 * `time.ParseInLocation`.
 *
 * @throws ExpressionProblem with Go's words
 */
export function parseTimeAs(layout: string, text: string, zone: Zone = utc): GoTime {
  const reading: Reading = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0, nanosecond: 0 };
  let rest = text;
  const refuse = (what: string): never =>
    fail(`parsing time ${quote(text)} as ${quote(layout)}: cannot parse ${quote(rest)} as ${quote(what)}`);
  for (const piece of pieces(layout)) {
    if ('literal' in piece) {
      const literal = piece.literal.trimStart() === '' ? '' : piece.literal;
      if (literal === '') rest = rest.replace(/^ +/, '');
      else if (rest.startsWith(literal)) rest = rest.slice(literal.length);
      else refuse(literal);
      continue;
    }
    const length = parseElement(piece.element, rest, reading, zone);
    if (length === undefined) refuse(piece.element);
    rest = rest.slice(length);
    // A fraction of seconds may follow them unasked.
    if (piece.element === '05' || piece.element === '5') {
      const fraction = /^[.,]\d+/.exec(rest)?.[0];
      if (fraction !== undefined && !/[.,][09]/.test(layout)) {
        reading.nanosecond = nanosecondsOf(fraction);
        rest = rest.slice(fraction.length);
      }
    }
  }
  if (rest !== '') fail(`parsing time ${quote(text)}: extra text: ${quote(rest)}`);
  return momentOf(reading, text, zone);
}

function momentOf(reading: Reading, text: string, zone: Zone): GoTime {
  const outOfRange = (what: string): never => fail(`parsing time ${quote(text)}: ${what} out of range`);
  const { year, month } = reading;
  if (month < 1 || month > 12) outOfRange('month');
  const daysOfMonth = daysFromCivil(month === 12 ? year + 1 : year, (month % 12) + 1, 1) - daysFromCivil(year, month, 1);
  if (reading.day < 1 || reading.day > daysOfMonth) outOfRange('day');
  if (reading.hour > 23) outOfRange('hour');
  if (reading.minute > 59) outOfRange('minute');
  if (reading.second > 59) outOfRange('second');
  let { hour } = reading;
  if (reading.isAfternoon === true && hour < 12) hour += 12;
  if (reading.isAfternoon === false && hour === 12) hour = 0;
  const date = reading.yearDay === undefined ? { month, day: reading.day } : { month: 1, day: reading.yearDay };
  return timeOf({ ...reading, ...date, hour }, reading.zone ?? zone);
}

function nanosecondsOf(fraction: string): number {
  return Number(fraction.slice(1, 10).padEnd(9, '0'));
}

/** Reads one element off the text: how long it was, or `undefined`. */
function parseElement(name: string, text: string, into: Reading, zone: Zone): number | undefined {
  const number = (pattern: RegExp, field: keyof Civil): number | undefined => {
    const match = pattern.exec(text)?.[0];
    if (match !== undefined) into[field] = Number(match);
    return match?.length;
  };
  switch (name) {
    case '2006':
      return number(/^\d{4}/, 'year');
    case '06': {
      const length = number(/^\d{2}/, 'year');
      if (length !== undefined) into.year += into.year >= 69 ? 1900 : 2000;
      return length;
    }
    case 'January':
    case 'Jan':
      return word(months, name === 'Jan', text, (index) => {
        into.month = index + 1;
      });
    case 'Monday':
    case 'Mon':
      return word(weekdays, name === 'Mon', text, () => {});
    case '01':
      return number(/^\d{2}/, 'month');
    case '1':
      return number(/^\d{1,2}/, 'month');
    case '02':
      return number(/^\d{2}/, 'day');
    case '2':
      return number(/^\d{1,2}/, 'day');
    case '_2':
      return number(/^ ?\d{1,2}/, 'day');
    case '002':
    case '__2': {
      const match = /^[ \d]{2}\d/.exec(text)?.[0];
      if (match !== undefined) into.yearDay = Number(match);
      return match?.length;
    }
    case '15':
      return number(/^\d{1,2}/, 'hour');
    case '03':
      return number(/^\d{2}/, 'hour');
    case '3':
      return number(/^\d{1,2}/, 'hour');
    case '04':
      return number(/^\d{2}/, 'minute');
    case '4':
      return number(/^\d{1,2}/, 'minute');
    case '05':
      return number(/^\d{2}/, 'second');
    case '5':
      return number(/^\d{1,2}/, 'second');
    case 'PM':
    case 'pm': {
      const half = (name === 'PM' ? /^[AP]M/ : /^[ap]m/).exec(text)?.[0];
      if (half !== undefined) into.isAfternoon = half.toLowerCase() === 'pm';
      return half?.length;
    }
    case 'MST':
      return parseAbbreviation(text, into, zone);
    default:
      return name.startsWith('.') || name.startsWith(',') ? parseFraction(name, text, into) : parseOffset(name, text, into);
  }
}

function word(words: readonly string[], isShort: boolean, text: string, take: (index: number) => void): number | undefined {
  const names = isShort ? words.map((name) => name.slice(0, 3)) : words;
  const index = names.findIndex((name) => text.slice(0, name.length).toLowerCase() === name.toLowerCase());
  if (index < 0) return undefined;
  take(index);
  return names[index]?.length;
}

/** Names of zones say little: `UTC` is known, others count as no shift, as Go has it outside their own zone. */
function parseAbbreviation(text: string, into: Reading, zone: Zone): number | undefined {
  const name = /^(?:UTC|GMT[+-]\d{1,2}|[A-Z]{3,5})/.exec(text)?.[0];
  if (name === undefined) return undefined;
  const hours = /^GMT([+-]\d+)$/.exec(name)?.[1];
  if (name === 'UTC') into.zone = utc;
  else if (hours !== undefined) into.zone = fixedZone(Number(hours) * 3600, name);
  else if (zone === utc) into.zone = fixedZone(0, name);
  return name.length;
}

function parseFraction(name: string, text: string, into: Reading): number | undefined {
  const pattern = name[1] === '0' ? new RegExp(`^[.,]\\d{${name.length - 1}}`) : /^(?:[.,]\d+)?/;
  const match = pattern.exec(text)?.[0];
  if (match !== undefined && match !== '') into.nanosecond = nanosecondsOf(match);
  return match?.length;
}

function parseOffset(name: string, text: string, into: Reading): number | undefined {
  if (name.startsWith('Z') && text.startsWith('Z')) {
    into.zone = utc;
    return 1;
  }
  const pattern = name.endsWith(':00:00')
    ? /^([+-])(\d\d):(\d\d):(\d\d)/
    : name.includes(':')
      ? /^([+-])(\d\d):(\d\d)/
      : name.endsWith('00')
        ? /^([+-])(\d\d)(\d\d)/
        : /^([+-])(\d\d)/;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  const offset = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * (sign === '-' ? -1 : 1);
  into.zone = offset === 0 ? utc : fixedZone(offset, '');
  return match[0].length;
}
