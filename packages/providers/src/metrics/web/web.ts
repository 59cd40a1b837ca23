/** The web provider: one HTTP request, and a JSONPath into its answer. */
import type { WebMetric } from '@sluice/api';
import type { MetricReading, MetricSource } from '@sluice/engine';
import type { MetricDependencies } from '../dependencies.ts';
import { HttpError, type HttpRequest, isSuccess } from '../http/http.ts';
import { sortedJson } from '../http/json.ts';
import { checkOauth2 } from '../http/oauth2.ts';
import { compileTemplate, type JsonPath } from '../json-path.ts';

const timeoutSecondsDefault = 10;

/** @throws Error for a metric that cannot be asked */
export function webSource(web: WebMetric, { http, tokens }: MetricDependencies): MetricSource {
  const oauth2 = web.authentication?.oauth2;
  checkOauth2(oauth2);
  const path = compileTemplate(web.jsonPath === undefined || web.jsonPath === '' ? '{$}' : web.jsonPath);
  return {
    type: 'Web',
    async measure() {
      const request = await tokens.authorize(requestOf(web), oauth2);
      const answer = await http(request).catch((error: unknown) => {
        if (error instanceof HttpError && error.phase === 'body') throw new Error(`Received no bytes in response: ${error.reason}`);
        throw error;
      });
      if (answer.status === 401) tokens.forget(oauth2);
      if (!isSuccess(answer)) throw new Error(`received non 2xx response code: ${answer.status}`);
      return readingOf(answer.body, path);
    },
  };
}

function requestOf(web: WebMetric): HttpRequest {
  const method = web.method === undefined || web.method === '' ? 'GET' : web.method;
  const hasText = web.body !== undefined && web.body !== '';
  const hasJson = web.jsonBody !== undefined && web.jsonBody !== null;
  if (hasText && hasJson) throw new Error('use either Body or JSONBody; both cannot exists for WebMetric payload');
  if ((hasText || hasJson) && method === 'GET') {
    throw new Error('Body/JSONBody can only be used with POST or PUT WebMetric Method types');
  }
  if (method !== 'GET' && method !== 'POST' && method !== 'PUT') throw new Error(`net/http: invalid method ${JSON.stringify(method)}`);
  const headers: Record<string, string> = {};
  for (const { key, value } of web.headers ?? []) headers[key.toLowerCase()] = value;
  if (hasJson) headers['content-type'] = 'application/json';
  const seconds = web.timeoutSeconds ?? 0;
  const body = hasText ? web.body : hasJson ? JSON.stringify(web.jsonBody) : undefined;
  return {
    method,
    url: web.url,
    headers,
    timeoutMs: (seconds > 0 ? seconds : timeoutSecondsDefault) * 1000,
    isInsecure: web.insecure === true,
    ...(body === undefined ? {} : { body }),
  };
}

/** What is no JSON is judged as the text that it is. */
function readingOf(body: string, path: JsonPath): MetricReading {
  let document: unknown;
  try {
    document = JSON.parse(body);
  } catch {
    return { kind: 'value', result: body, value: body };
  }
  let results: readonly unknown[];
  try {
    results = path(document);
  } catch (error) {
    throw new Error(`Could not find JSONPath in body: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (results.length === 0) throw new Error('result of web metric produced no value');
  const result = results[0] ?? null;
  return { kind: 'value', result, value: sortedJson(result) };
}
