/** The Prometheus provider: an instant or a range query over the HTTP API, with headers, basic authentication, OAuth2 or AWS signatures. */
import type { Instant, PrometheusMetric } from '@sluice/api';
import { parseGoDuration } from '@sluice/api';
import { evaluateInstant, type MetricSource, plainFloat } from '@sluice/engine';
import type { MetricDependencies } from '../dependencies.ts';
import { type HttpAnswer, HttpError, type HttpRequest, isUrl } from '../http/http.ts';
import { checkOauth2 } from '../http/oauth2.ts';
import { readingOf } from './answer.ts';

const timeoutSecondsDefault = 30;

/** @throws Error for a metric that cannot be asked */
export function prometheusSource(prometheus: PrometheusMetric, dependencies: MetricDependencies): MetricSource {
  const address = addressOf(prometheus, dependencies.environment.ARGO_ROLLOUTS_PROMETHEUS_ADDRESS);
  checkOauth2(prometheus.authentication?.oauth2);
  const seconds = prometheus.timeout ?? timeoutSecondsDefault;
  if (seconds < 0) throw new Error('prometheus timeout should not be negative');
  const { query = '' } = prometheus;
  return {
    type: 'Prometheus',
    metadata: () => (query === '' ? {} : { ResolvedPrometheusQuery: query }),
    async measure({ now }) {
      const [path, form] = formOf(prometheus, now);
      form.set('timeout', `${seconds}s`);
      return readingOf(await ask(`${address.replace(/\/+$/, '')}${path}`, form, seconds, prometheus, dependencies));
    },
  };
}

function addressOf({ address = '' }: PrometheusMetric, fromEnvironment = ''): string {
  const found = address === '' ? fromEnvironment : address;
  if (found === '') throw new Error('prometheus address is not configured');
  if (!isUrl(found)) throw new Error('prometheus address is not is url format');
  return found;
}

function formOf({ query = '', rangeQuery }: PrometheusMetric, now: Instant): readonly [string, URLSearchParams] {
  if (rangeQuery === undefined) return ['/api/v1/query', new URLSearchParams({ query, time: secondsOf(now) })];
  const moment = (name: 'start' | 'end'): string => {
    const found = evaluateInstant(rangeQuery[name] ?? '', now);
    if (!found.ok) throw new Error(`failed to parse rangeQuery.${name} as time: ${found.problem}`);
    return secondsOf(found.instant);
  };
  const [start, end] = [moment('start'), moment('end')];
  const step = parseGoDuration(rangeQuery.step ?? '');
  if (!step.ok) throw new Error(`failed to parse rangeQuery.step as duration: ${step.problem}`);
  return ['/api/v1/query_range', new URLSearchParams({ query, start, end, step: secondsOf(step.milliseconds) })];
}

function secondsOf(milliseconds: number): string {
  return plainFloat(milliseconds / 1000);
}

/** POST, and GET where the server does not take it. */
async function ask(
  url: string,
  form: URLSearchParams,
  seconds: number,
  prometheus: PrometheusMetric,
  dependencies: MetricDependencies,
): Promise<HttpAnswer> {
  const base = { timeoutMs: seconds * 1000, isInsecure: prometheus.insecure === true, headers: headersOf(prometheus) };
  const body = form.toString();
  const post = await send(
    { ...base, method: 'POST', url, body, headers: { ...base.headers, 'content-type': 'application/x-www-form-urlencoded' } },
    prometheus,
    dependencies,
  );
  if (post.status !== 405 && post.status !== 501) return post;
  return await send({ ...base, method: 'GET', url: `${url}?${body}` }, prometheus, dependencies);
}

function headersOf({ headers = [], authentication }: PrometheusMetric): Readonly<Record<string, string>> {
  const all: Record<string, string> = {};
  const { username = '', password = '' } = authentication?.basicAuth ?? {};
  if (username !== '') all.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  for (const { key, value } of headers) all[key.toLowerCase()] = value;
  return all;
}

async function send(request: HttpRequest, prometheus: PrometheusMetric, { http, tokens, aws }: MetricDependencies): Promise<HttpAnswer> {
  const { oauth2, sigv4 } = prometheus.authentication ?? {};
  let ready = await tokens.authorize(request, oauth2);
  const isSigned = request.url.includes('aps-workspaces') && Object.values(sigv4 ?? {}).some((value) => value !== '');
  if (isSigned && sigv4 !== undefined) {
    const { method = 'GET', url, headers = {}, body = '' } = ready;
    ready = { ...ready, headers: await aws.sign({ method, url, headers, body }, 'aps', sigv4) };
  }
  const answer = await http(ready).catch((error: unknown) => {
    // A query has a deadline, not a client with a time limit: the words differ.
    if (!(error instanceof HttpError) || !error.reason.startsWith('context deadline exceeded')) throw error;
    throw error.phase === 'body' ? new Error('context deadline exceeded') : new HttpError(request, 'headers', 'context deadline exceeded');
  });
  if (answer.status === 401) tokens.forget(oauth2);
  return answer;
}
