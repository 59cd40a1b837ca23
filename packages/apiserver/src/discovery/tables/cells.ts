/** Texts that many kinds' cells share: durations, selectors, lists. */
import { type Instant, parseTime } from '@sluice/api';

/** Time since a timestamp, `<unknown>` without one. */
export function age(timestamp: string | null | undefined, now: Instant): string {
  const then = parseTime(timestamp);
  return then === undefined ? '<unknown>' : humanDuration(now - then);
}

/**
 * Two numbers at most, the coarser the longer: `2m5s`, `17m`, `4h12m`, `3d7h`, `26d`, `2y34d`.
 *
 * @see k8s.io/apimachinery/pkg/util/duration HumanDuration
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  if (days < 365 * 8) return pair(years, 'y', days % 365, 'd');
  return `${years}y`;
}

function pair(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first}${firstUnit}` : `${first}${firstUnit}${second}${secondUnit}`;
}
