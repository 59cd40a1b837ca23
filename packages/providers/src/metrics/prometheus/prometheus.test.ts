import type { PrometheusMetric } from '@sluice/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metricSourceFor } from '../registry.ts';
import { Bench, now } from '../testing/bench.ts';
import { json } from '../testing/fake-service.ts';

const bench = new Bench();
beforeAll(() => bench.start());
afterAll(() => bench.stop());
beforeEach(() => {
  bench.environment = {};
  bench.service.asked.length = 0;
  bench.service.answer = () => data('scalar', [1, '1']);
});

const data = (resultType: string, result: unknown, more: object = {}): ReturnType<typeof json> =>
  json({ status: 'success', data: { resultType, result }, ...more });
const provider = (more: Partial<PrometheusMetric> = {}): { prometheus: PrometheusMetric } => ({
  prometheus: { address: bench.service.address, query: 'up', ...more },
});
const vector = (...values: readonly string[]): unknown => values.map((value) => ({ metric: { a: 'b' }, value: [1767323045.123, value] }));

describe('what Prometheus answers', () => {
  it.each([
    ['scalar', [1, '0.5'], 0.5, '0.5'],
    ['scalar', [1, 'NaN'], Number.NaN, 'NaN'],
    ['scalar', [1, '+Inf'], Number.POSITIVE_INFINITY, '+Inf'],
    ['scalar', [1, '1e-07'], 1e-7, '0.0000001'],
    ['scalar', [1, '1e+21'], 1e21, '1000000000000000000000'],
    ['vector', vector(), Float64Array.of(), '[]'],
    ['vector', vector('1', 'NaN', '-Inf'), Float64Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY), '[1,NaN,-Inf]'],
    [
      'matrix',
      [
        {
          metric: {},
          values: [
            [1, '1'],
            [2, '2'],
          ],
        },
        { metric: {}, values: [[1, '3']] },
      ],
      Float64Array.of(1, 2, 3),
      '[1,2,3]',
    ],
  ])('a %s of %j', async (type, result, read, value) => {
    bench.service.answer = () => data(type, result);
    expect(await bench.measure(provider())).toEqual({ kind: 'value', result: read, value });
  });

  it.each([
    [data('string', [1, 'x']), 'Prometheus metric type not supported'],
    [json({ status: 'success', data: {} }), 'Prometheus metric type not supported'],
    [data('scalar', [1, 'x']), 'bad_response: sample value is no number'],
    [json({ status: 'error', errorType: 'bad_data', error: 'parse error' }, 400), 'bad_data: parse error'],
    [json({ status: 'error', errorType: 'execution', error: 'too many samples' }, 422), 'execution: too many samples'],
    [json({ status: 'error', errorType: 'x', error: 'y' }, 200), 'bad_response: inconsistent body for response code'],
    [json({ status: 'success' }, 400), 'bad_response: inconsistent body for response code'],
    [{ status: 503, body: 'down' }, 'server_error: server error: 503'],
    [{ status: 404, body: 'no' }, 'client_error: client error: 404'],
    [{ body: '<html>' }, "bad_response: invalid character '<' looking for beginning of value"],
    [{ body: '' }, 'bad_response: unexpected end of JSON input'],
  ])('is an error: %j', async (answer, problem) => {
    bench.service.answer = () => answer;
    expect(await bench.problem(provider())).toBe(problem);
  });

  it('tells warnings', async () => {
    bench.service.answer = () => data('vector', vector('1'), { warnings: ['one', 'two'] });
    expect(await bench.measure(provider())).toMatchObject({ metadata: { warnings: '"one", "two"' } });
  });
});

describe('what Prometheus is asked', () => {
  it('an instant query, by POST', async () => {
    await bench.measure(provider({ headers: [{ key: 'X-Scope-OrgID', value: 'shop' }], timeout: 7 }));
    const [asked] = bench.service.asked;
    expect([asked?.method, asked?.path]).toEqual(['POST', '/api/v1/query']);
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({ query: 'up', time: String(now / 1000), timeout: '7s' });
    expect(asked?.headers['x-scope-orgid']).toBe('shop');
  });

  it('by GET where POST is not taken', async () => {
    bench.service.answer = ({ method }) => (method === 'POST' ? { status: 405, body: '' } : data('scalar', [1, '3']));
    expect(await bench.measure(provider())).toMatchObject({ result: 3 });
    expect(bench.service.asked.map(({ method, query }) => [method, query.get('query')])).toEqual([
      ['POST', null],
      ['GET', 'up'],
    ]);
  });

  it('a range query', async () => {
    await bench.measure(provider({ rangeQuery: { start: 'now() - duration("1h")', end: 'now()', step: '1m30s' } }));
    const [asked] = bench.service.asked;
    expect(asked?.path).toBe('/api/v1/query_range');
    const form = Object.fromEntries(new URLSearchParams(asked?.body));
    expect(form).toMatchObject({ query: 'up', start: String(now / 1000 - 3600), end: String(now / 1000), step: '90' });
  });

  it.each([
    [{ rangeQuery: { start: '5', end: 'now()', step: '1m' } }, 'failed to parse rangeQuery.start as time: expected time.Time, but got int'],
    [{ rangeQuery: { start: 'now()', end: 'later', step: '1m' } }, 'failed to parse rangeQuery.end as time: unknown name later'],
    [
      { rangeQuery: { start: 'now()', end: 'now()', step: 'x' } },
      'failed to parse rangeQuery.step as duration: time: invalid duration "x"',
    ],
    [{ timeout: -1 }, 'prometheus timeout should not be negative'],
    [{ address: 'prometheus:9090/x' }, 'prometheus address is not is url format'],
    [{ address: '' }, 'prometheus address is not configured'],
    [{ authentication: { oauth2: { tokenUrl: 'http://a', clientId: 'b' } } }, 'missing mandatory parameter in metric for OAuth2 setup'],
  ])('nothing, when it is written wrong: %j', async (more, problem) => {
    expect(await bench.problem(provider(more))).toBe(problem);
    expect(bench.service.asked).toEqual([]);
  });

  it('at the address of the environment where the metric names none', async () => {
    bench.environment = { ARGO_ROLLOUTS_PROMETHEUS_ADDRESS: `${bench.service.address}/prefix/` };
    await bench.measure({ prometheus: { query: 'up' } });
    expect(bench.service.asked[0]?.path).toBe('/prefix/api/v1/query');
  });

  it('keeps the query as metadata', () => {
    const source = metricSourceFor(provider(), bench.dependencies);
    expect(source.metadata?.(bench.question(provider()))).toEqual({ ResolvedPrometheusQuery: 'up' });
  });

  it('signs for Amazon, and for nobody else', async () => {
    const questions: unknown[] = [];
    bench.aws = {
      ...bench.aws,
      sign: (request, service, question) => {
        questions.push([service, question, request.method, request.body.startsWith('query=up')]);
        return Promise.resolve({ ...request.headers, authorization: 'AWS4-HMAC-SHA256 signed' });
      },
    };
    const sigv4 = { region: 'eu-central-1', roleArn: 'arn:aws:iam::1:role/x' };
    await bench.measure(provider({ address: `${bench.service.address}/aps-workspaces/ws-1`, authentication: { sigv4 } }));
    await bench.measure(provider({ authentication: { sigv4 } }));
    expect(questions).toEqual([['aps', sigv4, 'POST', true]]);
    expect(bench.service.asked.map(({ headers }) => headers['authorization'])).toEqual(['AWS4-HMAC-SHA256 signed', undefined]);
  });

  it('with a signature that the official library made', async () => {
    const { sign } = await import('../aws/aws.ts').then(({ awsPort }) => awsPort());
    const variables = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI', AWS_SESSION_TOKEN: undefined };
    const before = { ...process.env };
    Object.assign(process.env, variables);
    delete process.env['AWS_SESSION_TOKEN'];
    try {
      const request = {
        method: 'POST',
        url: 'https://aps-workspaces.eu-central-1.amazonaws.com/w/api/v1/query',
        headers: {},
        body: 'query=up',
      };
      const headers = await sign(request, 'aps', { region: 'eu-central-1' });
      expect(headers['authorization']).toMatch(
        /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/aps\/aws4_request, SignedHeaders=host;.*Signature=[0-9a-f]{64}$/,
      );
      expect(JSON.stringify(headers)).not.toContain('wJalrXUtnFEMI');
      await expect(sign(request, 'aps', {})).rejects.toThrow('region not configured in sigv4 or in default credentials chain');
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
      Object.assign(process.env, before);
    }
  });
});
