/** Texts that the cells of many kinds share: durations, labels, containers, lists cut short. */
import { type Instant, type KubeObject, parseTime } from '@sluice/api';

/** Time since a timestamp, `<unknown>` without one. */
export function since(timestamp: string | null | undefined, now: Instant): string {
  const then = parseTime(timestamp);
  return then === undefined ? '<unknown>' : humanDuration(now - then);
}

export function age(object: KubeObject, now: Instant): string {
  return since(object.metadata.creationTimestamp, now);
}

/**
 * Two numbers at most, the coarser the longer: `2m5s`, `17m`, `4h12m`, `3d7h`, `26d`, `2y34d`.
 *
 * @see k8s.io/apimachinery/pkg/util/duration HumanDuration
 */
export function humanDuration(durationMs: number): string {
  const seconds = Math.trunc(durationMs / 1000);
  if (seconds < -1) return '<invalid>';
  if (durationMs < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(minutes / 60);
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.trunc(hours / 24);
  if (days < 8) return pair(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.trunc(days / 365);
  return days < 365 * 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`;
}

function pair(first: number, firstUnit: string, second: number, secondUnit: string): string {
  return second === 0 ? `${first}${firstUnit}` : `${first}${firstUnit}${second}${secondUnit}`;
}

/** `a=b,c=d` by key, `<none>` for nothing. */
export function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  const parts = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return parts.length === 0 ? '<none>' : parts.sort().join(',');
}

export type PodTemplate = {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: { readonly containers?: readonly { readonly name: string; readonly image?: string }[] };
};

/** The cells of the wide columns `Containers` and `Images`. */
export function containerCells(template: PodTemplate | undefined): readonly [string, string] {
  const containers = template?.spec?.containers ?? [];
  return [containers.map(({ name }) => name).join(','), containers.map(({ image }) => image ?? '').join(',')];
}

/** The first three, then how many more: `a,b,c + 2 more...`; `empty` for none. */
export function firstThree(items: readonly string[], empty: string): string {
  if (items.length === 0) return empty;
  const shown = items.slice(0, 3).join(',');
  return items.length > 3 ? `${shown} + ${items.length - 3} more...` : shown;
}

export function orNone(text: string | undefined | null): string {
  return text === undefined || text === null || text === '' ? '<none>' : text;
}

/** Number of entries of a map or list that may be absent. */
export function sizeOf(value: object | undefined | null): number {
  return value === undefined || value === null ? 0 : Object.keys(value).length;
}
