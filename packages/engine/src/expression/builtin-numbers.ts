/** Builtins on numbers: rounding, conversion, the statistics of lists, bits. */
import { argumentType, type Builtin, isOfKinds, ofKinds, type Run, typed } from './builtin.ts';
import { parseFloatText, parseInteger, truncated, wrapped } from './go-numbers.ts';
import type { Kind, Nature } from './nature.ts';
import { any } from './nature.ts';
import { compare } from './operators.ts';
import { fail } from './problem.ts';
import { GoDuration, GoNamedNumber } from './time.ts';
import { checkDepth, isList, isNumber, typeName } from './values.ts';

const numeric: readonly Kind[] = ['int', 'int64', 'float64'];

function rounding(name: string, round: (value: number) => number): Builtin {
  return ofKinds(
    numeric,
    (type) => `invalid argument for ${name} (type ${type})`,
    'float64',
    ([value]) => (isNumber(value) ? round(Number(value)) : fail(`invalid argument for ${name} (type ${typeName(value)})`)),
  );
}

/** Halves go away from zero, not up as ours do. */
function roundHalfAway(value: number): number {
  const whole = Math.trunc(value);
  return Math.abs(value - whole) >= 0.5 ? whole + Math.sign(value) : whole;
}

function toInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return truncated(value);
  if (value instanceof GoDuration) return value.nanoseconds;
  if (value instanceof GoNamedNumber) return BigInt(value.value);
  if (value === null || value === undefined) return fail('reflect: call of reflect.Value.Type on zero Value');
  if (typeof value !== 'string') return fail(`invalid operation: int(${typeName(value)})`);
  const parsed = parseInteger(value, 'Atoi');
  return parsed.ok ? parsed.value : fail(`invalid operation: int(${value})`);
}

function toFloat(value: unknown): number {
  if (isNumber(value)) return Number(value);
  if (typeof value !== 'string') return fail(`invalid operation: float(${typeName(value)})`);
  const parsed = parseFloatText(value);
  return parsed.ok ? parsed.value : fail(`invalid operation: float(${value})`);
}

function absolute(value: unknown): unknown {
  if (typeof value === 'bigint') return value < 0n ? wrapped(-value) : value;
  return typeof value === 'number' ? (value < 0 ? -value : value) : fail(`invalid argument for abs (type ${typeName(value)})`);
}

function aggregate(name: string, call: (given: readonly unknown[], run: Run) => unknown): Builtin {
  return {
    validate: (given) => {
      const [first] = given;
      if (first === undefined) return fail(`not enough arguments to call ${name}`);
      for (const nature of given) {
        if (isOfKinds(nature, ['slice'])) return any;
        if (!isOfKinds(nature, numeric)) fail(`invalid argument for ${name} (type ${argumentType(nature)})`);
      }
      return first satisfies Nature;
    },
    call,
  };
}

/** All numbers of the arguments, lists within lists included. */
function numbersOf(name: string, given: Iterable<unknown>, run: Run, into: (number | bigint)[] = [], depth = 0): (number | bigint)[] {
  checkDepth(depth);
  for (const value of given) {
    run.budget.takeSteps(1);
    if (isNumber(value)) into.push(value);
    else if (isList(value)) numbersOf(name, value, run, into, depth + 1);
    else fail(`invalid argument for ${name} (type ${typeName(value)})`);
  }
  return into;
}

function extreme(name: string, isBetter: (order: number) => boolean): Builtin {
  return aggregate(name, (given, run) => {
    // Alone and no number, an argument comes back as it is.
    if (given.length === 1 && !isList(given[0]) && !isNumber(given[0])) return given[0];
    let best: number | bigint | null = null;
    for (const value of numbersOf(name, given, run)) if (best === null || isBetter(compare('<', best, value))) best = value;
    return best;
  });
}

function mean(given: readonly unknown[], run: Run): number {
  const numbers = numbersOf('mean', given, run);
  return numbers.length === 0 ? 0 : numbers.reduce((sum: number, value) => sum + Number(value), 0) / numbers.length;
}

function median(given: readonly unknown[], run: Run): number {
  const numbers = numbersOf('median', given, run).map(Number);
  // Not-a-number comes first, as Go sorts floats.
  numbers.sort((a, b) => (Number.isNaN(a) ? (Number.isNaN(b) ? 0 : -1) : Number.isNaN(b) ? 1 : a - b));
  const middle = Math.floor(numbers.length / 2);
  const upper = numbers[middle] ?? 0;
  return numbers.length % 2 === 1 || numbers.length === 0 ? upper : ((numbers[middle - 1] ?? 0) + upper) / 2;
}

function bits(name: string, call: (x: bigint, y: bigint) => bigint): readonly [string, Builtin] {
  return [
    name,
    typed('int, int: int', ([x, y]) => {
      for (const value of [x, y]) {
        if (typeof value !== 'bigint') fail(`cannot use ${typeName(value)} as argument (type int) to call ${name}`);
      }
      return wrapped(call(x as bigint, y as bigint));
    }),
  ];
}

function shift(name: string, call: (x: bigint, y: bigint) => bigint): readonly [string, Builtin] {
  return bits(name, (x, y) => {
    if (y < 0n) fail(`invalid operation: negative shift count ${y} (type int)`);
    return call(x, y > 64n ? 64n : y);
  });
}

export const numberBuiltins: readonly (readonly [string, Builtin])[] = [
  [
    'abs',
    ofKinds(
      numeric,
      (type) => `invalid argument for abs (type ${type})`,
      undefined,
      ([value]) => absolute(value),
    ),
  ],
  ['ceil', rounding('ceil', Math.ceil)],
  ['floor', rounding('floor', Math.floor)],
  ['round', rounding('round', roundHalfAway)],
  [
    'int',
    ofKinds(
      [...numeric, 'string'],
      (type) => `invalid argument for int (type ${type})`,
      'int',
      ([value]) => toInt(value),
    ),
  ],
  [
    'float',
    ofKinds(
      [...numeric, 'string'],
      (type) => `invalid argument for float (type ${type})`,
      'float64',
      ([value]) => toFloat(value),
    ),
  ],
  ['max', extreme('max', (order) => order < 0)],
  ['min', extreme('min', (order) => order > 0)],
  ['mean', aggregate('mean', mean)],
  ['median', aggregate('median', median)],
  bits('bitand', (x, y) => x & y),
  bits('bitor', (x, y) => x | y),
  bits('bitxor', (x, y) => x ^ y),
  bits('bitnand', (x, y) => x & ~y),
  shift('bitshl', (x, y) => x << y),
  shift('bitshr', (x, y) => x >> y),
  shift('bitushr', (x, y) => BigInt.asUintN(64, x) >> y),
  [
    'bitnot',
    typed('int: int', ([x]) => (typeof x === 'bigint' ? ~x : fail(`cannot use ${typeName(x)} as argument (type int) to call bitnot`))),
  ],
];
