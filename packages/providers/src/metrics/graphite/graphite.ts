/** The Graphite provider: the points of the first target of a render query. */
import type { GraphiteMetric } from '@sluice/api';
import { type MetricReading, type MetricSource, parseFloatText } from '@sluice/engine';
import type { MetricDependencies } from '../dependencies.ts';
import { fixedFloat } from '../fixed-float.ts';
import { isUrl } from '../http/http.ts';
import { fieldOf, parseJson } from '../http/json.ts';

const timeoutMs = 10_000;

/** @throws Error for an address that is none */
export function graphiteSource({ address = '', query = '' }: GraphiteMetric, { http }: MetricDependencies): MetricSource {
  if (!isUrl(address)) throw new Error(`${address} is not a valid Graphite URL`);
  return {
    type: 'Graphite',
    async measure() {
      const url = new URL(address);
      const parameters = new URLSearchParams(query.replaceAll(/\s+/g, ''));
      parameters.set('format', 'json');
      parameters.sort();
      url.pathname = `${url.pathname.replace(/\/+$/, '')}/render`;
      url.search = parameters.toString();
      const answer = await http({ url: url.href, timeoutMs });
      if (answer.status >= 400) throw new Error(`error response: ${answer.body.slice(0, 4096)}`);
      return readingOf(parseJson(answer.body));
    },
  };
}

function readingOf(document: unknown): MetricReading {
  const points = fieldOf(Array.isArray(document) ? document[0] : undefined, 'datapoints');
  if (!Array.isArray(points) || points.length === 0) throw new Error('no values found');
  const numbers = points.flatMap((point) => numberOf(point));
  return {
    kind: 'value',
    result: Float64Array.from(numbers),
    value: `[${numbers.map((number) => fixedFloat(number, 6)).join(',')}]`,
  };
}

/** `[value, time]`; a null value is a gap. */
function numberOf(point: unknown): readonly number[] {
  if (!Array.isArray(point) || point.length !== 2) throw new Error('error unmarshaling data point');
  const [value] = point as readonly unknown[];
  if (value === null) return [];
  if (typeof value === 'number') return [value];
  if (typeof value !== 'string') throw new Error('error unmarshaling value');
  const parsed = parseFloatText(value);
  if (!parsed.ok) throw new Error(parsed.problem);
  return [parsed.value];
}
