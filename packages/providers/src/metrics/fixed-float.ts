/** Floats with a set number of decimals, as Go's `%.2f` prints them: exact halves go to the even digit, and there is never an exponent. */
import { plainFloat } from '@sluice/engine';

/** @example fixedFloat(0.125, 2) is `0.12`, fixedFloat(0.375, 2) is `0.38` */
export function fixedFloat(value: number, places: number): string {
  if (!Number.isFinite(value)) return plainFloat(value);
  if (Math.abs(value) >= 1e21) return `${plainFloat(value)}.${'0'.repeat(places)}`;
  const factor = 10 ** places;
  const scaled = value * factor;
  const isTie = Math.abs(scaled % 1) === 0.5 && scaled / factor === value && Math.abs(scaled) < 2 ** 52;
  if (!isTie) return value.toFixed(places);
  const below = Math.floor(scaled);
  return ((below % 2 === 0 ? below : below + 1) / factor).toFixed(places);
}
