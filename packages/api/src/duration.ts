/** Durations as Go writes them (`1h30m`, `1.5s`), and ages as kubectl prints them (`7d`, `5m30s`). Milliseconds in and out. */

const unitNanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

export type DurationResult =
  | { readonly ok: true; readonly milliseconds: number }
  /** The text of Go's `time.ParseDuration`. */
  | { readonly ok: false; readonly problem: string };

/** Reads Go's `time.ParseDuration` syntax: signed sequence of decimal numbers with units ns, us, ms, s, m, h. No days. */
export function parseGoDuration(text: string): DurationResult {
  const quoted = JSON.stringify(text);
  const sign = text.startsWith('-') ? -1 : 1;
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return { ok: true, milliseconds: 0 };
  if (body === '') return { ok: false, problem: `time: invalid duration ${quoted}` };
  let rest = body;
  let nanoseconds = 0;
  while (rest !== '') {
    const number = /^(\d+\.?\d*|\.\d+)/.exec(rest)?.[0];
    if (number === undefined) return { ok: false, problem: `time: invalid duration ${quoted}` };
    rest = rest.slice(number.length);
    const unit = /^[^.\d]+/.exec(rest)?.[0];
    if (unit === undefined) return { ok: false, problem: `time: missing unit in duration ${quoted}` };
    const factor = unitNanoseconds[unit];
    if (factor === undefined) return { ok: false, problem: `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}` };
    nanoseconds += Number(number) * factor;
    rest = rest.slice(unit.length);
  }
  if (nanoseconds >= 2 ** 63) return { ok: false, problem: `time: invalid duration ${quoted}` };
  return { ok: true, milliseconds: (sign * Math.trunc(nanoseconds)) / 1e6 };
}

/** Go's `Duration.String()`: `1h0m0s`, `1.5s`, `100ms`, `0s`. Precise to whole microseconds. */
export function formatGoDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  if (milliseconds < 0) return `-${formatGoDuration(-milliseconds)}`;
  if (milliseconds < 1) {
    const microseconds = milliseconds * 1000;
    return microseconds < 1 ? `${Math.round(microseconds * 1000)}ns` : `${decimal(microseconds)}µs`;
  }
  if (milliseconds < 1000) return `${decimal(milliseconds)}ms`;
  const totalSeconds = milliseconds / 1000;
  const hours = Math.floor(totalSeconds / 3600);
  const minutes = Math.floor((totalSeconds % 3600) / 60);
  const seconds = decimal((milliseconds % 60_000) / 1000);
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** At most nine digits after the point, without closing zeros. */
function decimal(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '');
}

/**
 * `duration.HumanDuration` of apimachinery, as kubectl prints ages: two units for small values, one for large ones.
 * Slightly negative is `0s`, clearly negative `<invalid>`.
 *
 * @example 90 s is `90s`, 5.5 min is `5m30s`, 3 h 5 min is `3h5m`, 49 h is `2d1h`, 3 years is `3y`
 */
export function formatHumanDuration(milliseconds: number): string {
  const seconds = Math.trunc(milliseconds / 1000);
  if (seconds < -1) return '<invalid>';
  if (seconds < 0) return '0s';
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.trunc(milliseconds / 60_000);
  if (minutes < 10) return withRemainder(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.trunc(milliseconds / 3_600_000);
  if (hours < 8) return withRemainder(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (hours < 24 * 8) return withRemainder(Math.trunc(hours / 24), 'd', hours % 24, 'h');
  if (hours < 24 * 365 * 2) return `${Math.trunc(hours / 24)}d`;
  const days = Math.trunc(hours / 24);
  if (hours < 24 * 365 * 8) return withRemainder(Math.trunc(days / 365), 'y', days % 365, 'd');
  return `${Math.trunc(days / 365)}y`;
}

function withRemainder(value: number, unit: string, remainder: number, remainderUnit: string): string {
  return remainder === 0 ? `${value}${unit}` : `${value}${unit}${remainder}${remainderUnit}`;
}
