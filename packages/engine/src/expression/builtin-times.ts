/** Builtins on times. The clock is not read: `now()` is the moment that the run was given. */
import { type Builtin, typed } from './builtin.ts';
import { type Nature, ofType } from './nature.ts';
import { ExpressionProblem, fail } from './problem.ts';
import { GoLocation, GoTime, loadZone, parseDuration, utc, type Zone } from './time.ts';
import { parseTimeAs } from './time-layout.ts';
import { asText } from './values.ts';

/** Layouts that `date` tries in turn: days, clock times, RFC 3339, 822, 850 and 1123. */
const layouts = [
  '2006-01-02',
  '15:04:05',
  '2006-01-02 15:04:05',
  '2006-01-02T15:04:05Z07:00',
  '02 Jan 06 15:04 MST',
  'Monday, 02-Jan-06 15:04:05 MST',
  'Mon, 02 Jan 2006 15:04:05 MST',
];

function date(given: readonly unknown[]): GoTime {
  const [first, ...rest] = given;
  const zone: Zone = first instanceof GoLocation ? first.zone : utc;
  const [text, layout, name] = first instanceof GoLocation ? rest : given;
  if (name !== undefined) return parseTimeAs(asText(layout), asText(text), loadZone(asText(name)));
  if (layout !== undefined) return parseTimeAs(asText(layout), asText(text), zone);
  const value = asText(text ?? null);
  for (const known of layouts) {
    try {
      return parseTimeAs(known, value, zone);
    } catch (error) {
      if (!(error instanceof ExpressionProblem)) throw error;
    }
  }
  return fail(`invalid date ${value}`);
}

function validateDate(given: readonly Nature[]): Nature {
  if (given.length < 1) fail(`invalid number of arguments (expected at least 1, got ${given.length})`);
  const count = given[0]?.type === '*time.Location' ? given.length - 1 : given.length;
  if (count > 3) fail(`invalid number of arguments (expected at most 3, got ${count})`);
  return ofType('time.Time');
}

export const timeBuiltins: readonly (readonly [string, Builtin])[] = [
  [
    'now',
    {
      validate: (given) => {
        if (given.length > 1 || (given.length === 1 && given[0]?.type !== '*time.Location')) {
          fail(`invalid number of arguments (expected 0, got ${given.length})`);
        }
        return ofType('time.Time');
      },
      call: ([location], run) =>
        new GoTime(BigInt(Math.round(run.now * 1000)) * 1000n, location instanceof GoLocation ? location.zone : utc),
    },
  ],
  ['duration', typed('string: time.Duration', ([text]) => parseDuration(asText(text)))],
  ['date', { validate: validateDate, call: date }],
  ['timezone', typed('string: *time.Location', ([name]) => new GoLocation(loadZone(asText(name))))],
];
