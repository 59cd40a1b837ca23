/** `intstr.IntOrString` of Kubernetes: a number, or text that each field reads in its own way. */
import type { IntOrString } from './types/workloads.ts';

/** Go's `IntValue()`: the number itself, or text read as a decimal integer; other text counts as 0. */
export function intValue(value: IntOrString): number {
  if (typeof value === 'number') return Math.trunc(value);
  return /^[+-]?\d+$/.test(value) ? Number(value) : 0;
}

/** The number before a closing `%`, or `undefined` when the text is not `<integer>%`. */
export function percentOf(value: IntOrString): number | undefined {
  if (typeof value === 'number' || !/^[+-]?\d+%$/.test(value)) return undefined;
  return Number(value.slice(0, -1));
}

/**
 * A count from an absolute number or a percentage of `total`.
 *
 * Text without `%` is a percentage too, as upstream reads `maxSurge` and `maxUnavailable`: `"3"` means 3 %.
 * Text that is no integer counts as 0.
 *
 * @param roundUp - whether a fraction of one counts as one (surge) or as none (unavailable)
 */
export function scaledValue(value: IntOrString, total: number, roundUp: boolean): number {
  if (typeof value === 'number') return Math.trunc(value);
  const percent = percentOf(value) ?? intValue(value);
  const exact = (percent * total) / 100;
  return roundUp ? Math.ceil(exact) : Math.floor(exact);
}
