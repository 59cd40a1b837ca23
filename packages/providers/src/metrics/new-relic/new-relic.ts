/** The New Relic provider: NRQL over NerdGraph. The account and its key come from a Secret of the controller's namespace. */
import type { NewRelicMetric } from '@sluice/api';
import type { MetricReading, MetricSource } from '@sluice/engine';
import { type MetricDependencies, readSecret } from '../dependencies.ts';
import { isSuccess } from '../http/http.ts';
import { fieldOf, isRecord, parseJson, sortedJson } from '../http/json.ts';

const timeoutSecondsDefault = 5;
/** What the service may take beyond the time that the query has. */
const graceSeconds = 5;

const endpoints: Readonly<Record<string, string>> = {
  us: 'https://api.newrelic.com/graphql',
  eu: 'https://api.eu.newrelic.com/graphql',
  staging: 'https://staging-api.newrelic.com/graphql',
};

const document =
  'query($query: Nrql!, $accountId: Int!, $timeout: Seconds!) { actor { account(id: $accountId) { nrql(query: $query, timeout: $timeout) { results } } } }';

export function newRelicSource(newRelic: NewRelicMetric, { kube, controllerNamespace, http }: MetricDependencies): MetricSource {
  const { query, profile = '', timeout = timeoutSecondsDefault } = newRelic;
  return {
    type: 'NewRelic',
    metadata: () => (query === '' ? {} : { ResolvedNewRelicQuery: query }),
    async measure() {
      const secret = await readSecret(kube, controllerNamespace, profile === '' ? 'newrelic' : profile);
      const [apiKey = '', account = ''] = [secret.get('personal-api-key'), secret.get('account-id')];
      if (apiKey === '' || account === '') throw new Error('account ID or personal API key not found');
      if (!/^[+-]?\d+$/.test(account)) throw new Error('could not parse account ID: the account-id of the profile is no number');
      if (timeout < 0) throw new Error('timeout value needs to be a positive value');
      const region = (secret.get('region') ?? 'us').toLowerCase();
      const url = secret.get('base-url-nerdgraph') ?? (Object.hasOwn(endpoints, region) ? endpoints[region] : undefined);
      if (url === undefined) throw new Error(`unknown New Relic region ${JSON.stringify(region)}`);
      const answer = await http({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', 'api-key': apiKey },
        body: JSON.stringify({ query: document, variables: { accountId: Number(account), query, timeout } }),
        timeoutMs: (timeout + graceSeconds) * 1000,
      });
      if (!isSuccess(answer)) throw new Error(`${answer.status} response returned`);
      return readingOf(parseJson(answer.body), apiKey);
    },
  };
}

function readingOf(answer: unknown, apiKey: string): MetricReading {
  const errors = fieldOf(answer, 'errors');
  if (Array.isArray(errors) && errors.length > 0) {
    const messages = errors.map((error) => String(fieldOf(error, 'message') ?? 'unknown error'));
    throw new Error(messages.join(', ').replaceAll(apiKey, '*****'));
  }
  const rows = fieldOf(answer, 'data', 'actor', 'account', 'nrql', 'results');
  const [first] = Array.isArray(rows) ? rows : [];
  const isNothing = !Array.isArray(rows) || rows.length === 0 || (rows.length === 1 && isRecord(first) && Object.keys(first).length === 0);
  if (isNothing || first === null) throw new Error('no results returned from NRQL query');
  const result: unknown = rows.length === 1 ? first : rows;
  return { kind: 'value', result, value: sortedJson(result) };
}
