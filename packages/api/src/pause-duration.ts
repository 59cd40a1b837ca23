/** How long a pause step lasts. The field takes a number of seconds, the same as text, or a Go duration. */
import { parseGoDuration } from './duration.ts';
import type { CanaryStep } from './types/rollout.ts';

/**
 * Seconds of a pause step: 0 when it has no duration, -1 when the text cannot be read; fractions are cut.
 *
 * Whether a pause without duration ends is not said here: look at `pause.duration` itself.
 */
export function pauseDurationSeconds(pause: NonNullable<CanaryStep['pause']>): number {
  const { duration } = pause;
  if (duration === undefined) return 0;
  if (typeof duration === 'number') return duration;
  if (/^[+-]?\d+$/.test(duration) && Math.abs(Number(duration)) < 2 ** 31) return Number(duration);
  const parsed = parseGoDuration(duration);
  return parsed.ok ? Math.trunc(parsed.milliseconds / 1000) : -1;
}
