/** Ages as kubectl prints them. */
import { annotations, formatHumanDuration, type Instant, type KubeObject, parseTime } from '@sluice/api';

/** Time since creation: `26s`, `5m30s`, `7d`; `<unknown>` for an object without a time. */
export function ageOf(object: Pick<KubeObject, 'metadata'>, now: Instant): string {
  return ageSince(object.metadata.creationTimestamp, now);
}

export function ageSince(time: string | undefined, now: Instant): string {
  const instant = parseTime(time);
  return instant === undefined ? '<unknown>' : formatHumanDuration(now - instant);
}

/** Whether one of the owners (of any kind) has one of these uids. */
export function ownerAmong(object: Pick<KubeObject, 'metadata'>, uids: ReadonlySet<string>): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => uids.has(owner.uid))?.uid;
}

/** The revision annotation as a number, 0 when there is none. */
export function revisionAnnotation(object: Pick<KubeObject, 'metadata'>): number {
  const text = object.metadata.annotations?.[annotations.revision] ?? '';
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0;
}
