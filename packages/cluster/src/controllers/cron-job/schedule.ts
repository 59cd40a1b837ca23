/**
 * Cron schedules: the five fields, names, ranges, steps, lists, and the words `@hourly` and the like, as `cron.ParseStandard` of
 * robfig/cron v3 reads them, since that is what the real server validates with. Seconds and years do not exist here.
 */
import type { Instant } from '@sluice/api';
import { instantOfWallTime, wallTimeAt } from './zoned-time.ts';

export type Schedule =
  | {
      readonly kind: 'fields';
      readonly minutes: ReadonlySet<number>;
      readonly hours: ReadonlySet<number>;
      readonly days: ReadonlySet<number>;
      readonly months: ReadonlySet<number>;
      readonly weekdays: ReadonlySet<number>;
      /** Where both are restricted, a day that matches either counts. */
      readonly isDayFree: boolean;
      readonly isWeekdayFree: boolean;
    }
  | { readonly kind: 'every'; readonly periodMs: number };

export type ScheduleResult = { readonly ok: true; readonly schedule: Schedule } | { readonly ok: false; readonly problem: string };

type Field = { readonly name: string; readonly min: number; readonly max: number; readonly names?: readonly string[] };

const minute: Field = { name: 'minute', min: 0, max: 59 };
const hour: Field = { name: 'hour', min: 0, max: 23 };
const day: Field = { name: 'day of month', min: 1, max: 31 };
const month: Field = {
  name: 'month',
  min: 1,
  max: 12,
  names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
};
const weekday: Field = { name: 'day of week', min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] };

const words: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

class ScheduleProblem extends Error {}

export function parseSchedule(text: string): ScheduleResult {
  try {
    return { ok: true, schedule: parse(text.trim()) };
  } catch (error) {
    if (error instanceof ScheduleProblem) return { ok: false, problem: error.message };
    throw error;
  }
}

function parse(text: string): Schedule {
  if (text === '') throw new ScheduleProblem('empty spec string');
  if (text.startsWith('@every ')) return { kind: 'every', periodMs: everyMs(text.slice('@every '.length)) };
  if (text.startsWith('@')) {
    const fields = words[text];
    if (fields === undefined) throw new ScheduleProblem(`unrecognized descriptor: ${text}`);
    return parse(fields);
  }
  const fields = text.split(/\s+/);
  if (fields.length !== 5) throw new ScheduleProblem(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minutes = '', hours = '', days = '', months = '', weekdays = ''] = fields;
  return {
    kind: 'fields',
    minutes: numbers(minutes, minute),
    hours: numbers(hours, hour),
    days: numbers(days, day),
    months: numbers(months, month),
    weekdays: numbers(weekdays, weekday),
    isDayFree: isFree(days),
    isWeekdayFree: isFree(weekdays),
  };
}

function everyMs(text: string): number {
  const units: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000 };
  if (!/^(\d+(\.\d+)?[hms])+$/.test(text)) throw new ScheduleProblem(`failed to parse duration @every ${text}`);
  let total = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)([hms])/g)) total += Number(number) * (units[unit ?? ''] ?? 0);
  return Math.max(1000, Math.floor(total / 1000) * 1000);
}

/** Only a whole star leaves a field free; one with a step does too, as robfig/cron has it. */
function isFree(text: string): boolean {
  return text.split(',').some((part) => /^[*?]/.test(part));
}

function numbers(text: string, field: Field): ReadonlySet<number> {
  const found = new Set<number>();
  for (const part of text.split(',')) for (const number of range(part, field)) found.add(number);
  return found;
}

function* range(text: string, field: Field): Generator<number> {
  const [span = '', stepText, ...more] = text.split('/');
  if (more.length > 0) throw new ScheduleProblem(`too many slashes: ${text}`);
  const [fromText = '', toText, ...rest] = span.split('-');
  if (rest.length > 0) throw new ScheduleProblem(`too many hyphens: ${text}`);
  const isStar = span === '*' || span === '?';
  const from = isStar ? field.min : number(fromText, field);
  const step = stepText === undefined ? 1 : plainNumber(stepText, text);
  // A number with a step goes on to the end: `5/15` is 5, 20, 35, 50.
  const to = isStar || (toText === undefined && stepText !== undefined) ? field.max : toText === undefined ? from : number(toText, field);
  if (from < field.min) throw new ScheduleProblem(`beginning of range (${from}) below minimum (${field.min}): ${text}`);
  if (to > field.max) throw new ScheduleProblem(`end of range (${to}) above maximum (${field.max}): ${text}`);
  if (from > to) throw new ScheduleProblem(`beginning of range (${from}) beyond end of range (${to}): ${text}`);
  if (step === 0) throw new ScheduleProblem(`step of range should be a positive number: ${text}`);
  for (let value = from; value <= to; value += step) yield value;
}

function number(text: string, field: Field): number {
  const named = field.names?.indexOf(text.toLowerCase()) ?? -1;
  return named >= 0 ? named + field.min : plainNumber(text, text);
}

function plainNumber(text: string, context: string): number {
  if (!/^\d+$/.test(text))
    throw new ScheduleProblem(`failed to parse int from ${context}: strconv.Atoi: parsing "${text}": invalid syntax`);
  return Number(text);
}

/** Upstream gives up after five years, too: `0 0 30 2 *` never comes. */
const daysMax = 5 * 366;

/** The first time of the schedule after an instant; `undefined` when there is none within five years. */
export function nextTime(schedule: Schedule, after: Instant, zone: string): Instant | undefined {
  if (schedule.kind === 'every') return Math.floor(after / 1000) * 1000 + schedule.periodMs;
  const start = wallTimeAt(after, zone);
  // A calendar day is walked as a day of UTC, which knows no change of the clocks.
  let date = Date.UTC(start.year, start.month - 1, start.day);
  const hours = [...schedule.hours].sort((a, b) => a - b);
  const minutes = [...schedule.minutes].sort((a, b) => a - b);
  for (let walked = 0; walked <= daysMax; walked++, date += 86_400_000) {
    const calendar = new Date(date);
    if (!isDay(schedule, calendar)) continue;
    const base = { year: calendar.getUTCFullYear(), month: calendar.getUTCMonth() + 1, day: calendar.getUTCDate(), second: 0 };
    const isFirst = walked === 0;
    for (const hourOfDay of hours) {
      if (isFirst && hourOfDay < start.hour - 1) continue;
      for (const minuteOfHour of minutes) {
        const instant = instantOfWallTime({ ...base, hour: hourOfDay, minute: minuteOfHour }, zone);
        if (instant !== undefined && instant > after) return instant;
      }
    }
  }
  return undefined;
}

function isDay(schedule: Schedule & { kind: 'fields' }, date: Date): boolean {
  if (!schedule.months.has(date.getUTCMonth() + 1)) return false;
  const isByDay = schedule.days.has(date.getUTCDate());
  const isByWeekday = schedule.weekdays.has(date.getUTCDay());
  return schedule.isDayFree || schedule.isWeekdayFree ? isByDay && isByWeekday : isByDay || isByWeekday;
}
