/**
 * Kubernetes quantities (`500m`, `1Gi`, `2e3`): parsing, and the one canonical text that two equal quantities share.
 * Needed exactly, because the pod template hash is taken over that text.
 * @see k8s.io/apimachinery pkg/api/resource quantity.go
 */

/** `DecimalSI` counts in thousands (k, M), `BinarySI` in 1024 (Ki, Mi), `DecimalExponent` in `e3`. */
export type QuantityFormat = 'DecimalSI' | 'BinarySI' | 'DecimalExponent';

export type Quantity = {
  /** The value in billionths. Finer parts are rounded away from zero on parsing. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
};

const decimalSuffixes: readonly string[] = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes: readonly string[] = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const nanosPerUnit = 1_000_000_000n;
const unitsMax = 2n ** 63n - 1n;

/** Reads a quantity; `undefined` when the text (or number) is none. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?([a-zA-Z]*)([+-]?\d+)?$/.exec(String(text).trim());
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', letters = '', exponentText] = match;
  if (whole === '' && fraction === '') return undefined;
  const scale = scaleOf(letters, exponentText);
  if (scale === undefined) return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  const tens = scale.tens + 9 - fraction.length;
  const numerator = digits * 2n ** BigInt(scale.twos) * 10n ** BigInt(Math.max(0, tens));
  const nanos = tens < 0 ? divideUp(numerator, 10n ** BigInt(-tens)) : numerator;
  const isShort = scale.format !== 'BinarySI' && whole.length + fraction.length <= 18;
  const capped = !isShort && nanos > unitsMax * nanosPerUnit ? unitsMax * nanosPerUnit : nanos;
  return { nanos: sign === '-' ? -capped : capped, format: scale.format };
}

function scaleOf(letters: string, exponentText: string | undefined): { tens: number; twos: number; format: QuantityFormat } | undefined {
  if (exponentText !== undefined) {
    const exponent = Number(exponentText);
    if (!/^[eE]$/.test(letters) || Math.abs(exponent) > 1000) return undefined;
    return { tens: exponent, twos: 0, format: 'DecimalExponent' };
  }
  const decimal = decimalSuffixes.indexOf(letters);
  if (decimal >= 0) return { tens: (decimal - 3) * 3, twos: 0, format: 'DecimalSI' };
  const binary = binarySuffixes.indexOf(letters);
  return binary > 0 ? { tens: 0, twos: binary * 10, format: 'BinarySI' } : undefined;
}

function divideUp(value: bigint, divisor: bigint): bigint {
  return value % divisor === 0n ? value / divisor : value / divisor + 1n;
}

/**
 * The canonical text: no fraction, the largest suffix that loses nothing.
 *
 * Binary quantities below 1024 or with a fraction of one are written in decimal, as upstream does.
 */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0';
  const size = nanos < 0n ? -nanos : nanos;
  if (format === 'BinarySI' && size >= 1024n * nanosPerUnit && size % nanosPerUnit === 0n) {
    const { value, steps } = strip(nanos / nanosPerUnit, 1024n, binarySuffixes.length - 1);
    return `${value}${binarySuffixes[steps] ?? ''}`;
  }
  if (format === 'DecimalExponent') {
    const { value, steps } = strip(nanos, 1000n, 1000);
    const exponent = steps * 3 - 9;
    return exponent === 0 ? String(value) : `${value}e${exponent}`;
  }
  const { value, steps } = strip(nanos, 1000n, decimalSuffixes.length - 1);
  return `${value}${decimalSuffixes[steps] ?? ''}`;
}

function strip(value: bigint, factor: bigint, stepsMax: number): { value: bigint; steps: number } {
  let steps = 0;
  while (steps < stepsMax && value % factor === 0n) {
    value /= factor;
    steps++;
  }
  return { value, steps };
}

/** Canonical text of a quantity as it stands in an object; text that is no quantity comes back unchanged. */
export function canonicalQuantity(text: string | number): string {
  const quantity = parseQuantity(text);
  return quantity === undefined ? String(text) : formatQuantity(quantity);
}

/** Negative, zero or positive, as `a` is smaller than, equal to or greater than `b`. Formats do not matter. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  return a.nanos < b.nanos ? -1 : a.nanos > b.nanos ? 1 : 0;
}
