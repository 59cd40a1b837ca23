/**
 * Times, durations and time zones of expressions: Go's `time.Time`, `time.Duration` and `*time.Location` as far as conditions use them.
 * Nanoseconds are bigints. The rules of zones come from the machine's own time zone data.
 */
import { parseGoDuration } from '@sluice/api';
import { fail } from './problem.ts';

export type Zone = {
  readonly name: string;
  /** Seconds east of UTC and the zone's short name at a moment. */
  at(unixSeconds: number): { readonly offset: number; readonly abbreviation: string };
};

export const utc: Zone = { name: 'UTC', at: () => ({ offset: 0, abbreviation: 'UTC' }) };

export class GoTime {
  /** Nanoseconds since the epoch. */
  readonly nanoseconds: bigint;
  readonly zone: Zone;
  constructor(nanoseconds: bigint, zone: Zone) {
    this.nanoseconds = nanoseconds;
    this.zone = zone;
  }
}

export class GoDuration {
  readonly nanoseconds: bigint;
  constructor(nanoseconds: bigint) {
    this.nanoseconds = BigInt.asIntN(64, nanoseconds);
  }
}

/** A month or a day of the week: integers with names and a type of their own. */
export class GoNamedNumber {
  readonly type: 'time.Month' | 'time.Weekday';
  readonly value: number;
  constructor(type: 'time.Month' | 'time.Weekday', value: number) {
    this.type = type;
    this.value = value;
  }
  get text(): string {
    return (this.type === 'time.Month' ? months[this.value - 1] : weekdays[this.value]) ?? '';
  }
}

export class GoLocation {
  readonly zone: Zone;
  constructor(zone: Zone) {
    this.zone = zone;
  }
}

export const months: readonly string[] = 'January February March April May June July August September October November December'.split(' ');
export const weekdays: readonly string[] = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

export type Civil = {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanosecond: number;
};

/** Days from 1970-01-01 in the Gregorian calendar carried on in both directions. @see Howard Hinnant, "chrono-compatible low-level date algorithms" */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

function civilFromDays(days: number): { year: number; month: number; day: number } {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1 };
}

export function unixSeconds(time: GoTime): number {
  return Number((time.nanoseconds - (((time.nanoseconds % billion) + billion) % billion)) / billion);
}

const billion = 1_000_000_000n;

/** The clock on the wall of the time's zone. */
export function civilOf(
  time: GoTime,
): Civil & { readonly offset: number; readonly abbreviation: string; readonly weekday: number; readonly yearDay: number } {
  const seconds = unixSeconds(time);
  const { offset, abbreviation } = time.zone.at(seconds);
  const local = seconds + offset;
  const days = Math.floor(local / 86_400);
  const ofDay = local - days * 86_400;
  const date = civilFromDays(days);
  return {
    ...date,
    hour: Math.floor(ofDay / 3600),
    minute: Math.floor((ofDay % 3600) / 60),
    second: ofDay % 60,
    nanosecond: Number(((time.nanoseconds % billion) + billion) % billion),
    offset,
    abbreviation,
    weekday: (((days + 4) % 7) + 7) % 7,
    yearDay: days - daysFromCivil(date.year, 1, 1) + 1,
  };
}

/** The moment at which the wall of a zone shows this. Months and days past their ends run over into the next. */
export function timeOf(civil: Civil, zone: Zone): GoTime {
  const year = civil.year + Math.floor((civil.month - 1) / 12);
  const month = ((((civil.month - 1) % 12) + 12) % 12) + 1;
  const wall = (daysFromCivil(year, month, 1) + civil.day - 1) * 86_400 + civil.hour * 3600 + civil.minute * 60 + civil.second;
  const guess = zone.at(wall - zone.at(wall).offset).offset;
  return new GoTime(BigInt(wall - guess) * billion + BigInt(civil.nanosecond), zone);
}

/** @throws ExpressionProblem with Go's words */
export function parseDuration(text: string): GoDuration {
  const parsed = parseGoDuration(text);
  return parsed.ok ? new GoDuration(BigInt(Math.round(parsed.milliseconds * 1e6))) : fail(parsed.problem);
}

/** `Duration.String()`. */
export function formatDuration({ nanoseconds }: GoDuration): string {
  if (nanoseconds === 0n) return '0s';
  if (nanoseconds < 0n) return `-${formatDuration(new GoDuration(-nanoseconds))}`;
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 3)}µs`;
  if (nanoseconds < billion) return `${decimal(nanoseconds, 6)}ms`;
  const minutes = nanoseconds / (60n * billion);
  const seconds = `${decimal(nanoseconds % (60n * billion), 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(-places).replace(/0+$/, '');
  return digits.slice(0, -places) + (fraction === '' ? '' : `.${fraction}`);
}

/** @throws ExpressionProblem `unknown time zone X` */
export function loadZone(name: string): Zone {
  if (name === '' || name === 'UTC') return utc;
  if (name === 'Local') return { name: 'Local', at: utc.at };
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return fail(`unknown time zone ${name}`);
  let format: Intl.DateTimeFormat;
  try {
    const part = 'numeric';
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: part,
      month: part,
      day: part,
      hour: part,
      minute: part,
      second: part,
      timeZoneName: 'short',
    });
  } catch {
    return fail(`unknown time zone ${name}`);
  }
  return { name, at: (seconds) => zoneAt(format, seconds) };
}

function zoneAt(format: Intl.DateTimeFormat, seconds: number): { readonly offset: number; readonly abbreviation: string } {
  const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const local =
    daysFromCivil(part('year'), part('month'), part('day')) * 86_400 + part('hour') * 3600 + part('minute') * 60 + part('second');
  const offset = local - seconds;
  const name = parts.get('timeZoneName') ?? '';
  return { offset, abbreviation: /^[A-Z]{3,5}$/.test(name) && name !== 'GMT' ? name : offsetText(offset, '') };
}

/** `+0130`, `+01:30` with a colon between, `+01` when minutes are left out. */
export function offsetText(offset: number, between: string | undefined): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const hours = String(Math.floor(minutes / 60)).padStart(2, '0');
  const rest = between === undefined ? '' : between + String(minutes % 60).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${hours}${rest}`;
}

/** A zone that stays where it is. */
export function fixedZone(offset: number, abbreviation: string): Zone {
  return { name: abbreviation, at: () => ({ offset, abbreviation: abbreviation === '' ? offsetText(offset, '') : abbreviation }) };
}
