/** What Prometheus answered: the samples, or its error in the words of Go's client library. */

import type { MetricReading } from '@sluice/engine';
import { parseFloatText, plainFloat } from '@sluice/engine';
import type { HttpAnswer } from '../http/http.ts';
import { fieldOf, parseJson } from '../http/json.ts';

/** @throws Error such as `bad_data: invalid parameter "query": ...` or `server_error: server error: 503` */
export function readingOf(answer: HttpAnswer): MetricReading {
  const { status } = answer;
  // Of errors only these two speak the API's own language.
  const isApiError = status === 400 || status === 422;
  if (!isApiError && Math.floor(status / 100) !== 2) throw new Error(statusProblem(status));
  const document = parsed(answer.body);
  const isError = fieldOf(document, 'status') === 'error';
  if (isApiError !== isError) throw new Error('bad_response: inconsistent body for response code');
  if (isError) throw new Error(`${text(fieldOf(document, 'errorType'))}: ${text(fieldOf(document, 'error'))}`);
  const { result, value } = dataOf(fieldOf(document, 'data'));
  const warnings = fieldOf(document, 'warnings');
  const hasWarnings = Array.isArray(warnings) && warnings.length > 0;
  const metadata = hasWarnings ? { warnings: warnings.map((warning) => `"${text(warning)}"`).join(', ') } : undefined;
  return { kind: 'value', result, value, ...(metadata === undefined ? {} : { metadata }) };
}

function statusProblem(status: number): string {
  if (status >= 400 && status < 500) return `client_error: client error: ${status}`;
  if (status >= 500 && status < 600) return `server_error: server error: ${status}`;
  return `bad_response: bad response code ${status}`;
}

function parsed(body: string): unknown {
  try {
    return parseJson(body);
  } catch (error) {
    throw new Error(`bad_response: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A scalar is a float64; samples of a vector, and all of a matrix one behind the other, are []float64. */
function dataOf(data: unknown): { readonly result: number | Float64Array; readonly value: string } {
  const result = fieldOf(data, 'result');
  switch (fieldOf(data, 'resultType')) {
    case 'scalar': {
      const number = sampleOf(result);
      return { result: number, value: plainFloat(number) };
    }
    case 'vector':
      return listOf(items(result).map((series) => sampleOf(fieldOf(series, 'value') ?? [0, '0'])));
    case 'matrix':
      return listOf(items(result).flatMap((series) => items(fieldOf(series, 'values')).map(sampleOf)));
    default:
      throw new Error('Prometheus metric type not supported');
  }
}

function listOf(numbers: readonly number[]): { readonly result: Float64Array; readonly value: string } {
  return { result: Float64Array.from(numbers), value: `[${numbers.map(plainFloat).join(',')}]` };
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `[time, "number"]`. */
function sampleOf(pair: unknown): number {
  const number = Array.isArray(pair) && typeof pair[1] === 'string' ? parseFloatText(pair[1]) : undefined;
  if (number === undefined || !number.ok) throw new Error('bad_response: sample value is no number');
  return number.value;
}
