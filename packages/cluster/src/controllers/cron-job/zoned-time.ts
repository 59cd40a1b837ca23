/** Wall-clock time in a time zone of the IANA database, with nothing but `Intl`. */
import type { Instant } from '@sluice/api';

/** Fields of a wall clock; month from 1, weekday from 0 for Sunday. */
export type WallTime = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
};

const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

export function isTimeZone(zone: string): boolean {
  try {
    formatFor(zone);
    return true;
  } catch {
    return false;
  }
}

export function wallTimeAt(instant: Instant, zone: string): WallTime {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatFor(zone).formatToParts(instant)) if (type !== 'literal') parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return { year, month, day, hour, minute, second };
}

/** Milliseconds by which the zone's wall clock is ahead of UTC at that instant. */
export function offsetMs(instant: Instant, zone: string): number {
  const wall = wallTimeAt(instant, zone);
  return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second) - Math.floor(instant / 1000) * 1000;
}

/** The first instant at which a wall clock shows that time; `undefined` for a time that a change of the clocks leaves out. */
export function instantOfWallTime(wall: WallTime, zone: string): Instant | undefined {
  const asUtc = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
  const offsets = new Set([offsetMs(asUtc - 86_400_000, zone), offsetMs(asUtc + 86_400_000, zone)]);
  const candidates = [...offsets].map((offset) => asUtc - offset).filter((instant) => instant + offsetMs(instant, zone) === asUtc);
  return candidates.length === 0 ? undefined : Math.min(...candidates);
}
