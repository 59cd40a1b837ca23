/** Numbers as Go's strconv reads and fmt prints them. Integers are bigints (Go's `int`, 64 bits), floats are numbers. */

const integerMin: bigint = -(2n ** 63n);
const integerMax: bigint = 2n ** 63n - 1n;

/** What arithmetic on 64 bits leaves of a result. */
export function wrapped(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** Go's conversion of a float64 to int64: cut; what does not fit (and NaN) is the smallest integer, as on amd64. */
export function truncated(value: number): bigint {
  if (!Number.isFinite(value)) return integerMin;
  const integer = BigInt(Math.trunc(value));
  return integer < integerMin || integer > integerMax ? integerMin : integer;
}

export type NumberResult<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** `strconv.ParseInt(text, 10, 64)`; `name` is what the message calls it. */
export function parseInteger(text: string, name = 'ParseInt'): NumberResult<bigint> {
  if (!/^[+-]?\d+$/.test(text)) return { ok: false, problem: `strconv.${name}: parsing ${quote(text)}: invalid syntax` };
  const digits = text.replace(/^[+-]/, '').replace(/^0+(?=\d)/, '');
  const value = digits.length > 19 ? integerMax + 1n : BigInt(digits) * (text.startsWith('-') ? -1n : 1n);
  if (value < integerMin || value > integerMax) {
    return { ok: false, problem: `strconv.${name}: parsing ${quote(text)}: value out of range` };
  }
  return { ok: true, value };
}

/** `strconv.ParseFloat(text, 64)`. Hexadecimal floats are read as far as they are whole numbers with an exponent. */
export function parseFloatText(text: string): NumberResult<number> {
  const word = /^([+-]?)(inf|infinity|nan)$/i.exec(text);
  if (word !== null) {
    if (word[2]?.toLowerCase() === 'nan') {
      return word[1] === '' ? { ok: true, value: Number.NaN } : { ok: false, problem: invalidFloat(text) };
    }
    return { ok: true, value: word[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY };
  }
  const hexadecimal = /^([+-]?)0[xX]([0-9a-fA-F]{1,13})[pP]([+-]?\d{1,4})$/.exec(text);
  if (hexadecimal !== null) {
    const value = Number.parseInt(hexadecimal[2] ?? '', 16) * 2 ** Number(hexadecimal[3]);
    return { ok: true, value: hexadecimal[1] === '-' ? -value : value };
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return { ok: false, problem: invalidFloat(text) };
  const value = Number(text);
  if (!Number.isFinite(value)) return { ok: false, problem: `strconv.ParseFloat: parsing ${quote(text)}: value out of range` };
  return { ok: true, value };
}

function invalidFloat(text: string): string {
  return `strconv.ParseFloat: parsing ${quote(text)}: invalid syntax`;
}

/** `%v` of a float64: shortest digits, with an exponent below 1e-4 and from 1e+06, as format `g` of `strconv` has it. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) return withExponent(digits, exponent);
  return plainFloat(value);
}

function withExponent(digits: string, exponent: number): string {
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** `strconv.FormatFloat(value, 'f', -1, 64)`: never an exponent. Prometheus' sample values are printed so. */
export function plainFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponentText = '0'] = value.toExponential().split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  const point = Number(exponentText) + 1;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** `strconv.Quote`. */
export function quote(text: string): string {
  return JSON.stringify(text)
    .replace(/\\u00([01][0-9a-f])/g, (_, code: string) => (code === '07' ? '\\a' : code === '0b' ? '\\v' : `\\x${code}`))
    .replace(/\u007f/g, '\\x7f');
}
