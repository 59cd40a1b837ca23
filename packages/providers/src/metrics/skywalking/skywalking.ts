/** The SkyWalking provider: a GraphQL query that is given the span up to now as `$duration`. */
import type { Instant, SkyWalkingMetric } from '@sluice/api';
import { parseGoDuration } from '@sluice/api';
import type { MetricSource } from '@sluice/engine';
import type { MetricDependencies } from '../dependencies.ts';
import { isSuccess } from '../http/http.ts';
import { fieldOf, parseJson, sortedJson } from '../http/json.ts';

const timeoutMs = 30_000;
const intervalDefault = '5m';

/** @throws Error for an interval that cannot be read */
export function skywalkingSource(
  { address = '', query = '', interval = '' }: SkyWalkingMetric,
  { http }: MetricDependencies,
): MetricSource {
  const span = parseGoDuration(interval === '' ? intervalDefault : interval);
  if (!span.ok) throw new Error(span.problem);
  return {
    type: 'skywalking',
    async measure({ now }) {
      const duration = { start: minuteOf(now - span.milliseconds), end: minuteOf(now), step: 'MINUTE' };
      const answer = await http({
        method: 'POST',
        url: `${address}/graphql`,
        headers: { 'content-type': 'application/json; charset=utf-8', accept: 'application/json; charset=utf-8' },
        body: JSON.stringify({ query, variables: { duration } }),
        timeoutMs,
      });
      if (!isSuccess(answer)) throw new Error(`graphql: server returned a non-200 status code: ${answer.status}`);
      let document: unknown;
      try {
        document = parseJson(answer.body);
      } catch (error) {
        throw new Error(`decoding response: ${error instanceof Error ? error.message : String(error)}`);
      }
      const errors = fieldOf(document, 'errors');
      if (Array.isArray(errors) && errors.length > 0) throw new Error(`graphql: ${String(fieldOf(errors[0], 'message') ?? '')}`);
      const result = fieldOf(document, 'data') ?? null;
      if (result === null) throw new Error('no results returned from SkyWalking query');
      return { kind: 'value', result, value: sortedJson(result) };
    },
  };
}

/** `2006-01-02 1504`, in UTC as the controller's containers run. */
function minuteOf(instant: Instant): string {
  const text = new Date(instant).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 13)}${text.slice(14, 16)}`;
}
