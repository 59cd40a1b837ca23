/** The CloudWatch provider: GetMetricData over a span up to now, with the credentials that the AWS libraries find. */
import type { CloudWatchMetric } from '@sluice/api';
import { parseGoDuration } from '@sluice/api';
import { formatFloat, type MetricSource } from '@sluice/engine';
import type { MetricDataResult } from '../aws/aws.ts';
import type { MetricDependencies } from '../dependencies.ts';
import { isRecord } from '../http/json.ts';

const intervalDefault = '5m';

export function cloudWatchSource({ interval = '', metricDataQueries }: CloudWatchMetric, { aws }: MetricDependencies): MetricSource {
  return {
    type: 'CloudWatch',
    async measure({ now }) {
      const span = parseGoDuration(interval === '' ? intervalDefault : interval);
      if (!span.ok) throw new Error(span.problem);
      const queries = metricDataQueries.map((query) => withCapitals(query));
      const { results, messages } = await aws.metricData(queries, new Date(now - span.milliseconds), new Date(now));
      const told = messages.map(({ Code = '', Value = '' }) => `{Code:${Code} Value:${Value}}`).join(' ');
      return {
        kind: 'value',
        result: results.map(plain),
        value: `[${results.map(({ Values = [] }) => `[${Values.map(formatFloat).join(' ')}]`).join(' ')}]`,
        ...(messages.length === 0 ? {} : { metadata: { messages: `[${told}]` } }),
      };
    },
  };
}

/** Fields of a metric begin with a small letter, those of the API with a capital. Periods may be written as text. */
function withCapitals(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withCapitals);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name.charAt(0).toUpperCase() + name.slice(1),
      name === 'period' && typeof field === 'string' ? Number(field) : withCapitals(field),
    ]),
  );
}

/** With the fields that conditions know, absent ones nil. Times are seconds since the epoch. */
function plain({ Id, Label, StatusCode, Timestamps = [], Values = [], Messages = [] }: MetricDataResult): unknown {
  return {
    Id: Id ?? null,
    Label: Label ?? null,
    StatusCode: StatusCode ?? '',
    Timestamps: Timestamps.map((time) => time.getTime() / 1000),
    Values: Float64Array.from(Values),
    Messages: Messages.map(({ Code = null, Value = null }) => ({ Code, Value })),
  };
}
