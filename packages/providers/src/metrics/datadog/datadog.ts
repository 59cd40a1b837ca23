/** The Datadog provider: a query over a span up to now, by version 1 of the API or by version 2 with formulas. */
import type { DatadogMetric, Instant } from '@sluice/api';
import { parseGoDuration } from '@sluice/api';
import { type MetricReading, type MetricSource, plainFloat } from '@sluice/engine';
import { findSecret, type MetricDependencies } from '../dependencies.ts';
import { type HttpAnswer, type HttpRequest, isUrl } from '../http/http.ts';
import { fieldOf, isRecord, parseJson } from '../http/json.ts';

type Credentials = { readonly address: string; readonly apiKey: string; readonly appKey: string };

const requestTimeoutDefault = '10s';
const intervalDefault = '5m';
/** Groups told in the measurement's metadata: half of them the lowest, half the highest. */
const groupsMax = 100;

/** @throws Error for a metric that cannot be asked */
export function datadogSource(datadog: DatadogMetric, dependencies: MetricDependencies): MetricSource {
  const isV2 = datadog.apiVersion === 'v2';
  return {
    type: 'Datadog',
    async measure({ run, now }) {
      const credentials = await findCredentials(datadog, run.metadata.namespace ?? '', dependencies);
      checkProperties(datadog);
      const request = requestOf(datadog, credentials, now, isV2);
      const answer = await dependencies.http(request);
      checkStatus(answer, credentials);
      let document: unknown;
      try {
        document = parseJson(answer.body);
      } catch (error) {
        throw new Error(`Could not parse JSON body: ${error instanceof Error ? error.message : String(error)}`);
      }
      return isV2 ? readingOfV2(document) : readingOfV1(document);
    },
  };
}

/** @throws Error in upstream's words for properties that do not go together */
function checkProperties({ apiVersion = 'v1', query = '', queries = {}, formula = '', aggregator = '' }: DatadogMetric): void {
  const count = Object.keys(queries).length;
  if (query === '' && count === 0) throw new Error('Must have either a query or queries. Please review the Analysis Template.');
  if (query !== '' && count > 0) throw new Error('Cannot have both a query and queries. Please review the Analysis Template.');
  if (apiVersion === 'v1' && query === '') {
    throw new Error('Query is empty. API Version v1 only supports using the query parameter in your Analysis Template.');
  }
  if (formula !== '' && count === 0) throw new Error('Formula are only valid when queries are set. Please review the Analysis Template.');
  if (formula === '' && count > 1) throw new Error('When multiple queries are provided you must include a formula.');
  if (apiVersion === 'v1' && aggregator !== '') throw new Error('Aggregator is not supported in v1. Please review the Analysis Template.');
}

/** From the Secret that is named, else from the environment if all three variables are there, else from the Secret `datadog`. */
async function findCredentials({ secretRef }: DatadogMetric, runNamespace: string, dependencies: MetricDependencies): Promise<Credentials> {
  const { name = '', namespaced = false } = secretRef ?? {};
  if (namespaced && name === '') throw new Error('secret name is required for namespaced credentials');
  const { kube, controllerNamespace, environment } = dependencies;
  if (name === '') {
    const { DD_API_KEY: apiKey, DD_APP_KEY: appKey, DD_ADDRESS: address } = environment;
    if (apiKey && appKey && address !== undefined) return { apiKey, appKey, address };
  }
  const secret = await findSecret(kube, namespaced ? runNamespace : controllerNamespace, name === '' ? 'datadog' : name);
  const [apiKey = '', appKey = ''] = [secret?.get('api-key'), secret?.get('app-key')];
  if (apiKey === '' || appKey === '') throw new Error('failed to find the credentials for datadog metrics provider');
  return { apiKey, appKey, address: secret?.get('address') ?? '' };
}

function durationOf(text: string): number {
  const duration = parseGoDuration(text);
  if (!duration.ok) throw new Error(duration.problem);
  return duration.milliseconds;
}

function requestOf(datadog: DatadogMetric, { address, apiKey, appKey }: Credentials, now: Instant, isV2: boolean): HttpRequest {
  const endpoint = address === '' ? 'https://api.datadoghq.com' : address.replace(/\/+$/, '');
  if (!isUrl(endpoint)) throw new Error('datadog address is not a URL');
  const to = Math.floor(now / 1000);
  const from = to - Math.floor(durationOf(datadog.interval || intervalDefault) / 1000);
  const base = {
    headers: { 'content-type': 'application/json', 'dd-api-key': apiKey, 'dd-application-key': appKey },
    timeoutMs: durationOf(datadog.requestTimeout || requestTimeoutDefault),
  };
  const { query = '', queries = {}, formula = '', aggregator = '' } = datadog;
  if (!isV2) {
    const parameters = new URLSearchParams({ from: String(from), query, to: String(to) });
    return { ...base, url: `${endpoint}/api/v1/query?${parameters.toString()}` };
  }
  const asked = query === '' ? queries : { query };
  const attributes = {
    from: from * 1000,
    to: to * 1000,
    queries: Object.entries(asked).map(([name, text]) => ({
      aggregator: aggregator === '' ? 'last' : aggregator,
      data_source: 'metrics',
      name,
      query: text,
    })),
    formulas: formula === '' ? [] : [{ formula }],
  };
  const body = JSON.stringify({ data: { attributes, type: 'scalar_request' } });
  return { ...base, method: 'POST', url: `${endpoint}/api/v2/query/scalar`, body };
}

/** The body tells why; should it repeat a key, the key is cut out. */
function checkStatus({ status, body }: HttpAnswer, { apiKey, appKey }: Credentials): void {
  if (status === 200) return;
  const told = body.replaceAll(apiKey, '*****').replaceAll(appKey, '*****').slice(0, 4096);
  if (status === 401 || status === 403) throw new Error(`received authentication error response code: ${status} ${told}`);
  throw new Error(`received non 2xx response code: ${status} ${told}`);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The last point of the first series. */
function readingOfV1(document: unknown): MetricReading {
  const series = fieldOf(document, 'series');
  const points = listOf(fieldOf(listOf(series)[0], 'pointlist'));
  if (points.length === 0) return { kind: 'value', result: null, value: emptySeries(series) };
  const point = points.at(-1);
  if (!Array.isArray(point) || point.length !== 2) throw new Error('Datapoint does not have 2 values');
  // A gap at the end is a null, which Go decodes as zero.
  const value = typeof point[1] === 'number' ? point[1] : 0;
  return { kind: 'value', result: value, value: plainFloat(value) };
}

/** As Go prints the decoded series, of which only the points are known. */
function emptySeries(series: unknown): string {
  if (!Array.isArray(series)) return 'null';
  return JSON.stringify(series.map((each) => ({ Pointlist: fieldOf(each, 'pointlist') ?? null })));
}

/** The number column: its one value, or all of them where the answer is grouped. */
function readingOfV2(document: unknown): MetricReading {
  const errors = fieldOf(document, 'data', 'errors') ?? fieldOf(document, 'errors');
  if (typeof errors === 'string' && errors !== '') throw new Error(`There were errors in your query: ${errors}`);
  const columns = listOf(fieldOf(document, 'data', 'attributes', 'columns'));
  const isGroup = (column: unknown): boolean => fieldOf(column, 'type') === 'group';
  const numbers = columns.find((column) => !isGroup(column));
  const values = listOf(fieldOf(numbers, 'values'));
  const groups = columns.filter(isGroup);
  if (groups.length > 0) {
    const found = values.flatMap((value, row) => (typeof value === 'number' ? [{ name: groupName(groups, row), value }] : []));
    if (found.length > 0) return groupedReading(found);
  }
  const [first] = values;
  if (typeof first !== 'number') return { kind: 'value', result: null, value: '[]' };
  return { kind: 'value', result: first, value: plainFloat(first) };
}

type Group = { readonly name: string; readonly value: number };

function groupName(groups: readonly unknown[], row: number): string {
  return groups
    .flatMap((column) => {
      const cell = listOf(fieldOf(column, 'values'))[row];
      return listOf(cell).map((tag) => (typeof tag === 'string' ? tag : isRecord(tag) ? JSON.stringify(tag) : String(tag)));
    })
    .join(',');
}

function groupedReading(found: readonly Group[]): MetricReading {
  const isCut = found.length > groupsMax;
  const ordered = [...found].sort((a, b) => a.value - b.value);
  const told = isCut ? [...ordered.slice(0, groupsMax / 2), ...ordered.slice(-groupsMax / 2)] : found;
  return {
    kind: 'value',
    result: Float64Array.from(found, ({ value }) => value),
    value: `[${found.map(({ value }) => plainFloat(value)).join(',')}]`,
    metadata: { groups: JSON.stringify(told), ...(isCut ? { groups_truncated: 'true' } : {}) },
  };
}
