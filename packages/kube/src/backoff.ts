/** Waits that double up to a limit, with jitter so that many clients do not come back together. */

export type Backoff = { readonly delayMsMin: number; readonly delayMsMax: number };

/**
 * Wait before attempt `failures + 1`: between half and all of `delayMsMin * 2^(failures - 1)`, at most `delayMsMax`.
 *
 * @param failures - failures in a row so far, 1 or more
 * @param random - from 0 up to 1
 */
export function backoffMs({ delayMsMin, delayMsMax }: Backoff, failures: number, random: number): number {
  const full = Math.min(delayMsMax, delayMsMin * 2 ** Math.min(30, failures - 1));
  return Math.max(Math.min(delayMsMin, full), full * (0.5 + random / 2));
}
