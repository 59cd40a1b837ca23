/** Texts that the cells of many kinds share: durations, labels, containers, lists cut short. */
import { formatHumanDuration, type Instant, type KubeObject, parseTime } from '@sluice/api';

/** Time since a timestamp, `<unknown>` without one. */
export function since(timestamp: string | null | undefined, now: Instant): string {
  const then = parseTime(timestamp);
  return then === undefined ? '<unknown>' : formatHumanDuration(now - then);
}

export function age(object: KubeObject, now: Instant): string {
  return since(object.metadata.creationTimestamp, now);
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
