/** Fields that hold a number or a percentage of something, as `intstr.GetScaledValueFromIntOrPercent` reads them. */
import type { IntOrString } from './pod.ts';

/** `25%` of `total` rounded as told, or the number itself. Text without a percent sign counts as 0, as the server's validation refuses it. */
export function scaledValue(value: IntOrString | undefined, total: number, rounding: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value ?? '');
  if (percent === null) return 0;
  const exact = (Number(percent[1]) * total) / 100;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
