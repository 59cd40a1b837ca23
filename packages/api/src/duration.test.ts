import { describe, expect, it } from 'vitest';
import { formatGoDuration, formatHumanDuration, parseGoDuration } from './duration.ts';

describe('parseGoDuration', () => {
  it.each([
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['-2m', -120_000],
    ['100ms', 100],
    ['.5h', 1_800_000],
    ['0', 0],
    ['1µs', 0.001],
  ])('reads %s', (text, milliseconds) => {
    expect(parseGoDuration(text)).toEqual({ ok: true, milliseconds });
  });

  it.each([
    ['', 'time: invalid duration ""'],
    ['abc', 'time: invalid duration "abc"'],
    ['10', 'time: missing unit in duration "10"'],
    ['1d', 'time: unknown unit "d" in duration "1d"'],
    ['1h x', 'time: unknown unit "h x" in duration "1h x"'],
  ])('refuses %j as Go does', (text, problem) => {
    expect(parseGoDuration(text)).toEqual({ ok: false, problem });
  });
});

describe('formatGoDuration', () => {
  it.each([
    [0, '0s'],
    [100, '100ms'],
    [1500, '1.5s'],
    [60_000, '1m0s'],
    [3_600_000, '1h0m0s'],
    [5_405_250, '1h30m5.25s'],
    [-90_000, '-1m30s'],
    [0.5, '500µs'],
  ])('writes %d ms', (milliseconds, text) => {
    expect(formatGoDuration(milliseconds)).toBe(text);
  });
});

describe('formatHumanDuration', () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  it.each([
    [-5 * second, '<invalid>'],
    [-1.5 * second, '0s'],
    [0, '0s'],
    [119 * second, '119s'],
    [2 * minute, '2m'],
    [5 * minute + 30 * second, '5m30s'],
    [59 * minute, '59m'],
    [179 * minute, '179m'],
    [3 * hour, '3h'],
    [3 * hour + 5 * minute, '3h5m'],
    [8 * hour + 5 * minute, '8h'],
    [49 * hour, '2d1h'],
    [8 * day + hour, '8d'],
    [729 * day, '729d'],
    [3 * 365 * day + 4 * day, '3y4d'],
    [9 * 365 * day + 4 * day, '9y'],
  ])('writes an age of %d ms', (milliseconds, text) => {
    expect(formatHumanDuration(milliseconds)).toBe(text);
  });
});
