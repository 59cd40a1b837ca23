/** Sprig's functions on numbers. Integers are int64 and wrap around; what is no number counts as 0. */
import { wrapped } from '../expression/go-numbers.ts';
import { define, type FunctionTable, type Run } from './function.ts';
import { refuse } from './problem.ts';
import { toFloat64, toInt64 } from './values.ts';

type Any = readonly unknown[];

const integers = (fold: (a: bigint, b: bigint) => bigint): FunctionTable[string] =>
  define('any any', ([a, b]: Any) => wrapped(fold(toInt64(a), toInt64(b))));
const folded = (signature: string, fold: (a: bigint, b: bigint) => bigint): FunctionTable[string] =>
  define(signature, (given: Any) => given.map(toInt64).reduce((a, b) => wrapped(fold(a, b))));
const floats = (fold: (a: number, b: number) => number): FunctionTable[string] =>
  define('any ...any', (given: Any) => given.map(toFloat64).reduce((a, b) => fold(a, b)));

const divided = (a: bigint, b: bigint): bigint => (b === 0n ? refuse('runtime error: integer divide by zero') : a / b);
const rest = (a: bigint, b: bigint): bigint => (b === 0n ? refuse('runtime error: integer divide by zero') : a % b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

export const numberFunctions: FunctionTable = {
  add: define('...any', (given: Any) => given.map(toInt64).reduce((a, b) => wrapped(a + b), 0n)),
  add1: define('any', ([value]: Any) => wrapped(toInt64(value) + 1n)),
  sub: integers((a, b) => a - b),
  mul: folded('any ...any', (a, b) => a * b),
  div: integers(divided),
  mod: integers(rest),
  max: folded('any ...any', larger),
  biggest: folded('any ...any', larger),
  min: folded('any ...any', smaller),
  add1f: define('any', ([value]: Any) => decimal(toFloat64(value), 1, (a, b) => a + b)),
  addf: define('...any', (given: Any) => given.map(toFloat64).reduce((a, b) => decimal(a, b, (x, y) => x + y), 0)),
  subf: floats((a, b) => decimal(a, b, (x, y) => x - y)),
  mulf: floats((a, b) => decimal(a, b, (x, y) => x * y)),
  divf: floats((a, b) => (b === 0 ? refuse('decimal division by 0') : decimal(a, b, (x, y) => x / y))),
  maxf: floats((a, b) => Math.max(a, b)),
  minf: floats((a, b) => Math.min(a, b)),
  ceil: define('any', ([value]: Any) => Math.ceil(toFloat64(value))),
  floor: define('any', ([value]: Any) => Math.floor(toFloat64(value))),
  round: define('any int ...float64', ([value, places, ...from]: readonly [unknown, bigint, ...number[]]) => {
    const on = from[0] ?? 0.5;
    const shift = 10 ** Number(places);
    const scaled = toFloat64(value) * shift;
    const fraction = scaled - Math.trunc(scaled);
    const whole = Math.trunc(scaled);
    if (scaled >= 0) return (fraction >= on ? whole + 1 : whole) / shift;
    return (fraction <= on ? Math.floor(scaled) : Math.ceil(scaled)) / shift;
  }),
  int: define('any', ([value]: Any) => toInt64(value)),
  int64: define('any', ([value]: Any) => toInt64(value)),
  float64: define('any', ([value]: Any) => toFloat64(value)),
  atoi: define('string', ([text]: readonly [string]) => (/^[+-]?\d{1,18}$/.test(text) ? BigInt(text.replace('+', '')) : 0n)),
  toDecimal: define('any', ([value]: Any) => {
    const text = String(value);
    return /^[0-7]{1,21}$/.test(text) ? wrapped(BigInt(`0o${text}`)) : 0n;
  }),
  until: define('int', ([count]: readonly [bigint], run) => counted(0n, count, count < 0n ? -1n : 1n, run)),
  untilStep: define('int int int', ([from, to, step]: readonly [bigint, bigint, bigint], run) => counted(from, to, step, run)),
  seq: define('...int', (given: readonly bigint[], run) => sequence(given, run).join(' ')),
};

/** Sums of decimals as people write them: 0.1 and 0.2 are 0.3. */
function decimal(a: number, b: number, fold: (a: number, b: number) => number): number {
  const exact = fold(a, b);
  return Number.isFinite(exact) ? Number(exact.toPrecision(16)) : exact;
}

function counted(from: bigint, to: bigint, step: bigint, run: Run): readonly bigint[] {
  if (step === 0n || (to < from ? step > 0n : step < 0n)) return [];
  const distance = to > from ? to - from : from - to;
  const count = (distance + (step < 0n ? -step : step) - 1n) / (step < 0n ? -step : step);
  run.budget.takeElements(Number(count));
  return Array.from({ length: Number(count) }, (_, at) => from + BigInt(at) * step);
}

function sequence(given: readonly bigint[], run: Run): readonly bigint[] {
  const [a = 0n, b = 0n, c = 0n] = given;
  const upTo = (from: bigint, to: bigint, step: bigint): readonly bigint[] => counted(from, to + (step > 0n ? 1n : -1n), step, run);
  switch (given.length) {
    case 1:
      return upTo(1n, a, a < 1n ? -1n : 1n);
    case 2:
      return upTo(a, b, b < a ? -1n : 1n);
    case 3:
      if ((c < a && b > 0n) || (c > a && b < 0n)) return [];
      return b === 0n ? [] : upTo(a, c, b);
    default:
      return [];
  }
}
