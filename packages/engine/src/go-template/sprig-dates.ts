/** Sprig's functions on dates. The clock is not read: `now` is the moment of the run. The local zone is UTC, as in a controller's container. */

import { ExpressionProblem } from '../expression/problem.ts';
import { formatDuration, GoDuration, GoTime, loadZone, parseDuration, unixSeconds, utc, type Zone } from '../expression/time.ts';
import { formatTimeAs, parseTimeAs } from '../expression/time-layout.ts';
import { define, type FunctionTable, type Run } from './function.ts';
import { toInt64 } from './values.ts';

type Any = readonly unknown[];

const second = 1_000_000_000n;
/** Go's zero time. */
const zero = new GoTime(-62_135_596_800n * second, utc);

function nowOf(run: Run): GoTime {
  return new GoTime(BigInt(Math.round(run.now * 1000)) * 1000n, utc);
}

/** Times are themselves, integers are seconds since 1970, anything else is now. */
function timeOf(value: unknown, run: Run): GoTime {
  if (value instanceof GoTime) return value;
  return typeof value === 'bigint' ? new GoTime(value * second, utc) : nowOf(run);
}

function inZone(layout: string, value: unknown, zone: string, run: Run): string {
  return formatTimeAs(
    new GoTime(
      timeOf(value, run).nanoseconds,
      attempt(() => loadZone(zone), utc),
    ),
    layout,
  );
}

function attempt<T>(run: () => T, otherwise: T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof ExpressionProblem) return otherwise;
    throw error;
  }
}

const modified = (change: string, value: GoTime): GoTime => new GoTime(value.nanoseconds + parseDuration(change).nanoseconds, value.zone);
const dateInZone = define('string any string', ([layout, value, zone]: readonly [string, unknown, string], run) =>
  inZone(layout, value, zone, run),
);
const dateModify = define('string time', ([change, value]: readonly [string, GoTime]) => attempt(() => modified(change, value), value));
const mustDateModify = define('string time', ([change, value]: readonly [string, GoTime]) => modified(change, value));
const local: Zone = { name: 'Local', at: utc.at };

export const dateFunctions: FunctionTable = {
  now: define('', (_, run) => nowOf(run)),
  date: define('string any', ([layout, value]: readonly [string, unknown], run) => inZone(layout, value, 'UTC', run)),
  dateInZone,
  date_in_zone: dateInZone,
  htmlDate: define('any', ([value]: Any, run) => inZone('2006-01-02', value, 'UTC', run)),
  htmlDateInZone: define('any string', ([value, zone]: readonly [unknown, string], run) => inZone('2006-01-02', value, zone, run)),
  dateModify,
  date_modify: dateModify,
  mustDateModify,
  must_date_modify: mustDateModify,
  toDate: define('string string', ([layout, text]: readonly [string, string]) => attempt(() => parseTimeAs(layout, text, local), zero)),
  mustToDate: define('string string', ([layout, text]: readonly [string, string]) => parseTimeAs(layout, text, local)),
  unixEpoch: define('time', ([value]: readonly [GoTime]) => String(unixSeconds(value))),
  ago: define('any', ([value]: Any, run) => {
    const elapsed = nowOf(run).nanoseconds - timeOf(value, run).nanoseconds;
    return formatDuration(new GoDuration(rounded(elapsed, second)));
  }),
  duration: define('any', ([value]: Any) =>
    formatDuration(new GoDuration((typeof value === 'string' || typeof value === 'bigint' ? toInt64(value) : 0n) * second)),
  ),
  durationRound: define('any', ([value]: Any, run) => coarse(durationOf(value, run))),
};

/** Half away from zero, as `Duration.Round`. */
function rounded(value: bigint, unit: bigint): bigint {
  const magnitude = value < 0n ? -value : value;
  const whole = ((magnitude + unit / 2n) / unit) * unit;
  return value < 0n ? -whole : whole;
}

function durationOf(value: unknown, run: Run): bigint {
  if (typeof value === 'string') return attempt(() => parseDuration(value).nanoseconds, 0n);
  if (typeof value === 'bigint') return value;
  if (value instanceof GoDuration) return 0n;
  return value instanceof GoTime ? nowOf(run).nanoseconds - value.nanoseconds : 0n;
}

const units: readonly (readonly [string, bigint])[] = [
  ['y', 31_536_000n],
  ['mo', 2_592_000n],
  ['d', 86_400n],
  ['h', 3600n],
  ['m', 60n],
  ['s', 1n],
];

/** The largest unit that fits, rounded down: `2h`. */
function coarse(nanoseconds: bigint): string {
  const magnitude = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  for (const [name, seconds] of units) if (magnitude > seconds * second) return `${magnitude / (seconds * second)}${name}`;
  return '0s';
}
