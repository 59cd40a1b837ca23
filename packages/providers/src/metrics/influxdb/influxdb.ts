/** The InfluxDB provider: a Flux query, whose records' values are the result. Address, token and organisation come from a Secret. */
import type { InfluxdbMetric } from '@sluice/api';
import { formatFloat, type MetricSource } from '@sluice/engine';
import { type MetricDependencies, readSecret } from '../dependencies.ts';
import { isSuccess, isUrl } from '../http/http.ts';
import { fieldOf } from '../http/json.ts';
import { valuesOf } from './annotated-csv.ts';

const timeoutMs = 30_000;

export function influxdbSource(
  { profile = '', query = '' }: InfluxdbMetric,
  { kube, controllerNamespace, http }: MetricDependencies,
): MetricSource {
  return {
    type: 'Influxdb',
    async measure() {
      const secret = await readSecret(kube, controllerNamespace, profile === '' ? 'influxdb' : profile);
      const [address = '', token = '', org = ''] = [secret.get('address'), secret.get('authToken'), secret.get('org')];
      if (address === '' || token === '' || org === '') throw new Error('authToken, org, or address not found');
      if (!isUrl(address)) throw new Error('influxdb address is not a URL');
      const answer = await http({
        method: 'POST',
        url: `${address.replace(/\/+$/, '')}/api/v2/query?${new URLSearchParams({ org }).toString()}`,
        headers: { authorization: `Token ${token}`, 'content-type': 'application/json', accept: 'text/csv' },
        body: JSON.stringify({
          query,
          type: 'flux',
          dialect: { annotations: ['datatype', 'group', 'default'], delimiter: ',', header: true },
        }),
        timeoutMs,
      });
      if (!isSuccess(answer)) throw new Error(problemOf(answer.status, answer.body).replaceAll(token, '*****'));
      const values = valuesOf(answer.body);
      if (values.length === 0) throw new Error('no results returned from flux query');
      return { kind: 'value', result: values, value: `[${values.map(printed).join(' ')}]` };
    },
  };
}

/** `invalid: compilation failed ...`, or the status where the answer does not say. */
function problemOf(status: number, body: string): string {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    document = undefined;
  }
  const [code, message] = [fieldOf(document, 'code'), fieldOf(document, 'message')];
  return typeof code === 'string' && typeof message === 'string' ? `${code}: ${message}` : `unexpected response code: ${status}`;
}

function printed(value: unknown): string {
  return typeof value === 'number' ? formatFloat(value) : value === null ? '<nil>' : String(value);
}
