/**
 * `fmt.Sprintf` for the values of templates.
 *
 * @see go fmt, "Printing"
 */
import { formatFloat, quote } from '../expression/go-numbers.ts';
import { formatDuration, GoDuration, GoNamedNumber, GoTime } from '../expression/time.ts';
import { encodeUtf8 } from '../expression/utf8.ts';
import { entriesOf, formatValue, isList, isMap, type List, typeName } from '../expression/values.ts';
import type { Run } from './function.ts';
import { refuse } from './problem.ts';
import { newDict, sortedKeys } from './values.ts';

type Form = {
  readonly flags: string;
  readonly width: number | undefined;
  readonly precision: number | undefined;
};

/** Widest field and most digits; wider ones are refused rather than made. */
const widthMax = 10_000;
const precisionMax = 100;

export function sprintf(format: string, given: readonly unknown[], run: Run): string {
  let used = 0;
  let isReordered = false;
  const text = format.replace(
    /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(?:\[(\d{1,4})\])?(.?)/gsu,
    (_, flags: string, width?: string, precision?: string, index?: string, verb = '') => {
      if (verb === '') return '%!(NOVERB)';
      if (verb === '%') return '%';
      const number = (part: string | undefined): number | undefined =>
        part === undefined ? undefined : Number(part === '*' ? given[used++] : part);
      // The plus of `%+v` is about structs.
      const form: Form = { flags: verb === 'v' ? flags.replaceAll('+', '') : flags, width: number(width), precision: number(precision) };
      if ((form.width ?? 0) > widthMax || (form.precision ?? 0) > precisionMax) return refuse('width or precision is too large');
      if (index !== undefined) {
        isReordered = true;
        used = Number(index) - 1;
        if (used < 0 || used >= given.length) return `%!${verb}(BADINDEX)`;
      }
      if (used >= given.length) return `%!${verb}(MISSING)`;
      const shown = formatted(verb, given[used++], form, run);
      run.budget.takeCharacters(shown.length);
      return shown;
    },
  );
  if (used >= given.length || isReordered) return text;
  const extra = given.slice(used).map((value) => (isNil(value) ? '<nil>' : `${typeName(value)}=${formatValue(value, run.budget)}`));
  return `${text}%!(EXTRA ${extra.join(', ')})`;
}

function isNil(value: unknown): boolean {
  return value === null || value === undefined;
}

function formatted(verb: string, value: unknown, form: Form, run: Run, isInside = false): string {
  run.budget.takeSteps(1);
  if (verb === 'T') return padded(typeName(value), form);
  if (isNil(value)) return verb === 'v' || isInside ? padded('<nil>', form) : `%!${verb}(<nil>)`;
  if (isList(value) && !(verb === 's' && value instanceof Uint8Array)) {
    return `[${[...(value as List as readonly unknown[])].map((item) => formatted(verb, item, form, run, true)).join(' ')}]`;
  }
  if (isMap(value)) {
    const dict = newDict(entriesOf(value).map(([key, item]) => [String(key), item] as const));
    return `map[${sortedKeys(dict)
      .map((key) => `${formatted(verb, key, form, run)}:${formatted(verb, dict[key], form, run, true)}`)
      .join(' ')}]`;
  }
  return scalar(verb, value, form, run) ?? `%!${verb}(${typeName(value)}=${formatValue(value, run.budget)})`;
}

/** `undefined` for a verb that this type has not. */
function scalar(verb: string, value: unknown, form: Form, run: Run): string | undefined {
  if (typeof value === 'string') return textAs(verb, value, form);
  if (typeof value === 'boolean') return verb === 't' || verb === 'v' ? padded(String(value), form) : undefined;
  if (typeof value === 'bigint') return integerAs(verb, value, form);
  if (typeof value === 'number') return floatAs(verb, value, form);
  if (verb === 'v' || verb === 's' || verb === 'q') return textAs(verb, formatValue(value, run.budget), form);
  if (value instanceof GoDuration) return integerAs(verb, value.nanoseconds, form);
  if (value instanceof GoNamedNumber) return integerAs(verb, BigInt(value.value), form);
  return value instanceof GoTime ? undefined : padded(formatDuration(new GoDuration(0n)), form);
}

function textAs(verb: string, value: string, form: Form): string | undefined {
  const text = form.precision === undefined ? value : [...value].slice(0, form.precision).join('');
  const hexadecimal = (): string =>
    encodeUtf8(text)
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
  switch (verb) {
    case 's':
      return padded(text, form);
    case 'v':
      return padded(form.flags.includes('#') ? quote(text) : text, form);
    case 'q':
      return padded(form.flags.includes('#') && !text.includes('`') ? `\`${text}\`` : quote(text), form);
    case 'x':
      return padded(hexadecimal(), form);
    case 'X':
      return padded(hexadecimal().toUpperCase(), form);
    default:
      return undefined;
  }
}

function integerAs(verb: string, value: bigint, form: Form): string | undefined {
  const magnitude = value < 0n ? -value : value;
  const signed = (digits: string, prefix = ''): string => {
    const sign = value < 0n ? '-' : form.flags.includes('+') ? '+' : form.flags.includes(' ') ? ' ' : '';
    const enough = digits.padStart(form.precision ?? 0, '0');
    return paddedNumber(sign + (form.flags.includes('#') ? prefix : ''), enough, form, form.precision === undefined);
  };
  switch (verb) {
    case 'd':
    case 'v':
      return signed(magnitude.toString());
    case 'b':
      return signed(magnitude.toString(2), '0b');
    case 'o':
      return signed(magnitude.toString(8), '0');
    case 'O':
      return signed(`0o${magnitude.toString(8)}`);
    case 'x':
      return signed(magnitude.toString(16), '0x');
    case 'X':
      return signed(magnitude.toString(16).toUpperCase(), '0X');
    case 'c':
      return padded(characterOf(value), form);
    case 'q':
      return padded(`'${characterOf(value)}'`, form);
    case 'U':
      return padded(`U+${magnitude.toString(16).toUpperCase().padStart(4, '0')}`, form);
    default:
      return undefined;
  }
}

function characterOf(code: bigint): string {
  const isCharacter = code >= 0n && code <= 0x10ffffn && !(code >= 0xd800n && code <= 0xdfffn);
  return isCharacter ? String.fromCodePoint(Number(code)) : '\ufffd';
}

function floatAs(verb: string, value: number, form: Form): string | undefined {
  const { precision } = form;
  if (!'vgGfFeE'.includes(verb)) return undefined;
  const isNegative = value < 0 || Object.is(value, -0);
  const sign = isNegative ? '-' : form.flags.includes('+') ? '+' : form.flags.includes(' ') ? ' ' : '';
  const magnitude = Math.abs(value);
  if (!Number.isFinite(value)) {
    const word = Number.isNaN(value) ? 'NaN' : `${sign === '' ? '+' : sign}Inf`;
    return padded(word, { ...form, flags: form.flags.replaceAll('0', '') });
  }
  let digits: string;
  if (verb === 'f' || verb === 'F') digits = fixed(magnitude, precision ?? 6);
  else if (verb === 'e' || verb === 'E') digits = exponential(magnitude, precision ?? 6);
  else digits = precision === undefined ? formatFloat(magnitude) : general(magnitude, precision);
  return paddedNumber(sign, verb === 'E' || verb === 'G' ? digits.toUpperCase() : digits, form, true);
}

/** Decimal places of a float, rounded half to even on its exact value. */
function fixed(value: number, places: number): string {
  let numerator = value;
  let shift = 0n;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    shift++;
  }
  const scaled = BigInt(numerator) * 10n ** BigInt(places);
  const rest = scaled & ((1n << shift) - 1n);
  let whole = scaled >> shift;
  const half = shift === 0n ? 1n : 1n << (shift - 1n);
  if (shift > 0n && (rest > half || (rest === half && (whole & 1n) === 1n))) whole++;
  const digits = whole.toString().padStart(places + 1, '0');
  return places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function exponential(value: number, places: number): string {
  const [digits = '', exponent = '+0'] = value.toExponential(places).split('e');
  return `${digits}e${exponent.slice(0, 1)}${exponent.slice(1).padStart(2, '0')}`;
}

function general(value: number, precision: number): string {
  const significant = Math.max(1, precision);
  const [digits = '', exponentText = '0'] = value.toExponential(significant - 1).split('e');
  const exponent = Number(exponentText);
  const trimmed = (text: string): string => (text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  if (exponent < -4 || exponent >= significant) {
    return `${trimmed(digits)}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  }
  return trimmed(fixed(value, Math.max(0, significant - 1 - exponent)));
}

function paddedNumber(sign: string, digits: string, form: Form, mayFill: boolean): string {
  const isFilled = mayFill && form.flags.includes('0') && !form.flags.includes('-');
  if (!isFilled) return padded(sign + digits, { ...form, flags: form.flags.replaceAll('0', '') });
  return sign + digits.padStart((form.width ?? 0) - sign.length, '0');
}

function padded(text: string, { flags, width = 0 }: Form): string {
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  return (flags.includes('0') ? '0' : ' ').repeat(missing) + text;
}
