/** Methods of times, durations, months and days of the week, as far as they make sense in a condition. */
import { wrapped } from './go-numbers.ts';
import { civilOf, formatDuration, GoDuration, GoLocation, GoNamedNumber, GoTime, timeOf, unixSeconds, utc } from './time.ts';
import { formatTimeAs } from './time-layout.ts';
import { type GoType, timeLayout } from './values.ts';

export type Method = {
  readonly parameters: readonly GoType[];
  readonly returns: GoType;
  /** Go's name of what it returns, where `returns` has none. */
  readonly returnsName?: string;
  call(self: unknown, given: readonly unknown[]): unknown;
};

function method<S>(
  parameters: readonly GoType[],
  returns: GoType,
  call: (self: S, ...given: never[]) => unknown,
  returnsName?: string,
): Method {
  const run = call as (self: unknown, ...given: unknown[]) => unknown;
  return { parameters, returns, call: (self, given) => run(self, ...given), ...(returnsName === undefined ? {} : { returnsName }) };
}

const integerOfTime = (read: (time: GoTime) => number): Method => method<GoTime>([], 'int', (self) => BigInt(read(self)));
const int64OfTime = (read: (time: GoTime) => bigint): Method => method<GoTime>([], 'int64', (self) => read(self));
const floor = (value: bigint, unit: bigint): bigint => (value - (((value % unit) + unit) % unit)) / unit;

const ofTime: Readonly<Record<string, Method>> = {
  Year: integerOfTime((time) => civilOf(time).year),
  Month: method<GoTime>([], 'any', (self) => new GoNamedNumber('time.Month', civilOf(self).month), 'time.Month'),
  Day: integerOfTime((time) => civilOf(time).day),
  Hour: integerOfTime((time) => civilOf(time).hour),
  Minute: integerOfTime((time) => civilOf(time).minute),
  Second: integerOfTime((time) => civilOf(time).second),
  Nanosecond: integerOfTime((time) => civilOf(time).nanosecond),
  Weekday: method<GoTime>([], 'any', (self) => new GoNamedNumber('time.Weekday', civilOf(self).weekday), 'time.Weekday'),
  YearDay: integerOfTime((time) => civilOf(time).yearDay),
  Unix: int64OfTime((time) => BigInt(unixSeconds(time))),
  UnixMilli: int64OfTime((time) => floor(time.nanoseconds, 1_000_000n)),
  UnixMicro: int64OfTime((time) => floor(time.nanoseconds, 1_000n)),
  UnixNano: int64OfTime((time) => wrapped(time.nanoseconds)),
  Add: method(
    ['time.Duration'],
    'time.Time',
    (self: GoTime, span: GoDuration) => new GoTime(self.nanoseconds + span.nanoseconds, self.zone),
  ),
  Sub: method(['time.Time'], 'time.Duration', (self: GoTime, other: GoTime) => new GoDuration(self.nanoseconds - other.nanoseconds)),
  AddDate: method(['int', 'int', 'int'], 'time.Time', (self: GoTime, years: bigint, months: bigint, days: bigint) => {
    const civil = civilOf(self);
    return timeOf(
      { ...civil, year: civil.year + Number(years), month: civil.month + Number(months), day: civil.day + Number(days) },
      self.zone,
    );
  }),
  Before: method(['time.Time'], 'bool', (self: GoTime, other: GoTime) => self.nanoseconds < other.nanoseconds),
  After: method(['time.Time'], 'bool', (self: GoTime, other: GoTime) => self.nanoseconds > other.nanoseconds),
  Equal: method(['time.Time'], 'bool', (self: GoTime, other: GoTime) => self.nanoseconds === other.nanoseconds),
  Compare: method(['time.Time'], 'int', (self: GoTime, other: GoTime) =>
    self.nanoseconds < other.nanoseconds ? -1n : self.nanoseconds > other.nanoseconds ? 1n : 0n,
  ),
  IsZero: method<GoTime>([], 'bool', (self) => self.nanoseconds === zeroTime),
  Truncate: method(['time.Duration'], 'time.Time', (self: GoTime, unit: GoDuration) =>
    unit.nanoseconds <= 0n
      ? self
      : new GoTime(zeroTime + floor(self.nanoseconds - zeroTime, unit.nanoseconds) * unit.nanoseconds, self.zone),
  ),
  Format: method(['string'], 'string', (self: GoTime, layout: string) => formatTimeAs(self, layout)),
  String: method<GoTime>([], 'string', (self) => formatTimeAs(self, timeLayout)),
  UTC: method<GoTime>([], 'time.Time', (self) => new GoTime(self.nanoseconds, utc)),
  In: method(['any'], 'time.Time', (self: GoTime, location: unknown) =>
    location instanceof GoLocation ? new GoTime(self.nanoseconds, location.zone) : self,
  ),
};

/** Go's zero time, the first of January of the year 1. */
const zeroTime = -62_135_596_800n * 1_000_000_000n;

const floatOfDuration = (unit: number): Method => method<GoDuration>([], 'float64', (self) => Number(self.nanoseconds) / unit);

const ofDuration: Readonly<Record<string, Method>> = {
  Hours: floatOfDuration(3600e9),
  Minutes: floatOfDuration(60e9),
  Seconds: floatOfDuration(1e9),
  Milliseconds: method<GoDuration>([], 'int64', (self) => self.nanoseconds / 1_000_000n),
  Microseconds: method<GoDuration>([], 'int64', (self) => self.nanoseconds / 1_000n),
  Nanoseconds: method<GoDuration>([], 'int64', (self) => self.nanoseconds),
  Abs: method<GoDuration>([], 'time.Duration', (self) => (self.nanoseconds < 0n ? new GoDuration(-self.nanoseconds) : self)),
  Truncate: method(['time.Duration'], 'time.Duration', (self: GoDuration, unit: GoDuration) =>
    unit.nanoseconds <= 0n ? self : new GoDuration(self.nanoseconds - (self.nanoseconds % unit.nanoseconds)),
  ),
  String: method<GoDuration>([], 'string', (self) => formatDuration(self)),
};

const ofNamed: Readonly<Record<string, Method>> = { String: method<GoNamedNumber>([], 'string', (self) => self.text) };
const ofLocation: Readonly<Record<string, Method>> = { String: method<GoLocation>([], 'string', (self) => self.zone.name) };

const byType: ReadonlyMap<string, Readonly<Record<string, Method>>> = new Map([
  ['time.Time', ofTime],
  ['time.Duration', ofDuration],
  ['time.Month', ofNamed],
  ['time.Weekday', ofNamed],
  ['*time.Location', ofLocation],
]);

export function methodOfType(type: string, name: string): Method | undefined {
  const methods = byType.get(type);
  return methods !== undefined && Object.hasOwn(methods, name) ? methods[name] : undefined;
}

export function methodOf(value: unknown, name: string): Method | undefined {
  if (value instanceof GoTime) return methodOfType('time.Time', name);
  if (value instanceof GoDuration) return methodOfType('time.Duration', name);
  if (value instanceof GoNamedNumber) return methodOfType(value.type, name);
  return value instanceof GoLocation ? methodOfType('*time.Location', name) : undefined;
}
