import { describe, expect, it } from 'vitest';
import { evaluateConditions, evaluateInstant } from './metric-conditions.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const noData = 'metric result is nil or empty: no data returned from the metric provider';

type Row = readonly [name: string, result: unknown, success: string | undefined, failure: string | undefined, answer: string];

describe('the conditions of a metric', () => {
  it.each<Row>([
    ['without conditions anything is a success', { a: 1 }, undefined, undefined, 'Successful'],
    ['empty conditions are none', 5, '', '', 'Successful'],
    ['only success, and it holds', 5, 'result == 5', undefined, 'Successful'],
    ['only success, and it does not hold', 5, 'result > 5', undefined, 'Failed'],
    ['only failure, and it holds', 5, undefined, 'result > 4', 'Failed'],
    ['only failure, and it does not hold', 5, undefined, 'result > 5', 'Successful'],
    ['failure goes before success', 5, 'true', 'true', 'Failed'],
    ['success of both', 5, 'result > 4', 'result > 9', 'Successful'],
    ['neither of both', 5, 'result > 8', 'result < 2', 'Inconclusive'],
    ['a number of JSON is in a list of integers', 5, 'result in [5, 6]', undefined, 'Successful'],
    ['floats of Prometheus', Float64Array.of(0.96), 'result[0] >= 0.95', undefined, 'Successful'],
    ['no number from Prometheus', Float64Array.of(Number.NaN), 'isNaN(result[0]) || result[0] > 1', undefined, 'Successful'],
    ['an empty list that is asked for', Float64Array.of(), 'len(result) == 0 || result[0] > 1', undefined, 'Successful'],
    ['default() looks at the result whatever it is given', { a: null }, 'default(result.a, 7) == 7', undefined, 'Failed'],
    ['default() of no result', null, 'default(result, 0) == 0', undefined, 'Successful'],
    ['isNil() of no result', null, 'isNil(result)', undefined, 'Successful'],
    ['text that is a number', '12', 'asInt(result) == 12 && asFloat(result) == 12.0', undefined, 'Successful'],
    [
      'an unknown field of an unknown field',
      {},
      'result.foo.bar > 1',
      undefined,
      'could not evaluate successCondition "result.foo.bar > 1": cannot fetch bar from <nil>',
    ],
    [
      'a number as condition',
      5,
      'result + 1',
      undefined,
      'could not evaluate successCondition "result + 1": expected bool, but got float64',
    ],
    ['an int64', 5, 'asInt(result)', undefined, 'could not evaluate successCondition "asInt(result)": expected bool, but got int64'],
    ['nil', { a: null }, 'result.a', undefined, 'could not evaluate successCondition "result.a": expected bool, but got <nil>'],
    [
      'the failure condition is named',
      5,
      'true',
      'result < "a"',
      'could not evaluate failureCondition "result < "a"": invalid operation: < (mismatched types float64 and string)',
    ],
    [
      'a list of floats is no number',
      Float64Array.of(1),
      'result > 0',
      undefined,
      'could not evaluate successCondition "result > 0": invalid operation: > (mismatched types []float64 and int)',
    ],
    ['nothing came back', null, 'result > 0', undefined, `could not evaluate successCondition "result > 0": ${noData}`],
    [
      'an empty list came back',
      Float64Array.of(),
      'result[0] > 0',
      undefined,
      `could not evaluate successCondition "result[0] > 0": ${noData}`,
    ],
    ['an empty list of JSON', [], 'result[0] > 0', undefined, `could not evaluate successCondition "result[0] > 0": ${noData}`],
    [
      'outside of a list',
      [1],
      'result[3] > 0',
      undefined,
      'could not evaluate successCondition "result[3] > 0": index out of range: 3 (array length is 1)',
    ],
  ])('%s', (_, result, successCondition, failureCondition, answer) => {
    const conditions = {
      ...(successCondition === undefined ? {} : { successCondition }),
      ...(failureCondition === undefined ? {} : { failureCondition }),
    };
    const found = evaluateConditions({ result, ...conditions }, now);
    expect(found.ok ? found.phase : found.problem).toBe(answer);
  });
});

describe('a moment', () => {
  it.each([
    ['now()', '2026-01-02T03:04:05.000Z'],
    ['now() - duration("1h30m")', '2026-01-02T01:34:05.000Z'],
    ['date("2026-01-01")', '2026-01-01T00:00:00.000Z'],
    ['now().Truncate(duration("24h"))', '2026-01-02T00:00:00.000Z'],
    ['5', 'expected time.Time, but got int'],
    ['nil', 'expected time.Time, but got <nil>'],
    ['', 'unexpected token EOF'],
    ['result', 'unknown name result'],
    ['isNaN(1.5) ? now() : now() + duration("1s")', '2026-01-02T03:04:06.000Z'],
  ])('%s', (expression, answer) => {
    const found = evaluateInstant(expression, now);
    expect(found.ok ? new Date(found.instant).toISOString() : found.problem).toBe(answer);
  });
});
