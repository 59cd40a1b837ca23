import type { AnalysisPhase, DatadogMetric, KayentaMetric, MetricProvider } from '@sluice/api';
import { evaluateConditions } from '@sluice/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { valuesOf } from './influxdb/annotated-csv.ts';
import { metricSourceFor } from './registry.ts';
import { Bench, now, run } from './testing/bench.ts';
import { json } from './testing/fake-service.ts';

const bench = new Bench();
beforeAll(() => bench.start());
afterAll(() => bench.stop());
beforeEach(() => {
  bench.environment = {};
  bench.service.asked.length = 0;
  bench.cluster.objects.clear();
  const { address } = bench.service;
  bench.cluster.secret('argo-rollouts', 'datadog', { 'api-key': 'k', 'app-key': 'a', address });
  bench.cluster.secret('argo-rollouts', 'newrelic', { 'personal-api-key': 'k', 'account-id': '7', 'base-url-nerdgraph': address });
  bench.cluster.secret('argo-rollouts', 'influxdb', { address, authToken: 'tok-3n', org: 'shop & co' });
  bench.cluster.secret('argo-rollouts', 'wavefront-api-tokens', { [address]: 't' });
});

const seconds = now / 1000;

describe('Datadog', () => {
  const ask = (datadog: DatadogMetric): Promise<unknown> => bench.measure({ datadog });

  it('by version 1 reads the last point of the first series', async () => {
    bench.service.answer = () =>
      json({
        series: [
          {
            pointlist: [
              [1, 9],
              [2, 0.5],
            ],
          },
          { pointlist: [[1, 7]] },
        ],
      });
    expect(await ask({ query: 'avg:x{*}', interval: '10m' })).toEqual({ kind: 'value', result: 0.5, value: '0.5' });
    const [asked] = bench.service.asked;
    expect([asked?.method, asked?.path, asked?.headers['dd-api-key'], asked?.headers['dd-application-key']]).toEqual([
      'GET',
      '/api/v1/query',
      'k',
      'a',
    ]);
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({ query: 'avg:x{*}', from: String(seconds - 600), to: String(seconds) });
  });

  it('by version 2 sends queries and a formula', async () => {
    bench.service.answer = () => json({ data: { attributes: { columns: [{ type: 'number', values: [0.25] }] } } });
    expect(await ask({ apiVersion: 'v2', queries: { a: 'x', b: 'y' }, formula: 'a/b', aggregator: 'sum' })).toMatchObject({ result: 0.25 });
    expect(JSON.parse(bench.service.asked[0]?.body ?? '')).toEqual({
      data: {
        type: 'scalar_request',
        attributes: {
          from: (seconds - 300) * 1000,
          to: seconds * 1000,
          queries: ['a', 'b'].map((name, index) => ({ aggregator: 'sum', data_source: 'metrics', name, query: 'xy'.charAt(index) })),
          formulas: [{ formula: 'a/b' }],
        },
      },
    });
  });

  it.each<readonly [DatadogMetric, unknown, unknown, string]>([
    [{ query: 'x' }, { series: [] }, null, '[]'],
    [{ query: 'x' }, {}, null, 'null'],
    [{ query: 'x' }, { series: [{ pointlist: [] }] }, null, '[{"Pointlist":[]}]'],
    [{ apiVersion: 'v2', query: 'x' }, { data: { attributes: { columns: [] } } }, null, '[]'],
    [{ apiVersion: 'v2', query: 'x' }, { data: { attributes: { columns: [{ type: 'number', values: [null] }] } } }, null, '[]'],
    [
      { apiVersion: 'v2', query: 'x' },
      {
        data: {
          attributes: {
            columns: [
              { type: 'group', values: [['a'], ['b']] },
              { type: 'number', values: [2, 1] },
            ],
          },
        },
      },
      Float64Array.of(2, 1),
      '[2,1]',
    ],
  ])('reads %j from %j', async (datadog, answer, result, value) => {
    bench.service.answer = () => json(answer);
    expect(await ask(datadog)).toMatchObject({ kind: 'value', result, value });
  });

  it('tells groups, of many the fifty lowest and highest', async () => {
    const values = Array.from({ length: 150 }, (_, index) => 150 - index);
    const columns = [
      { type: 'group', values: values.map((value) => [`host:${value}`]) },
      { type: 'number', values },
    ];
    bench.service.answer = () => json({ data: { attributes: { columns } } });
    const reading = (await ask({ apiVersion: 'v2', query: 'x' })) as { metadata: Record<string, string> };
    const groups = JSON.parse(reading.metadata['groups'] ?? '') as readonly { name: string; value: number }[];
    expect([
      groups.length,
      groups[0],
      groups[49]?.value,
      groups[50]?.value,
      groups[99]?.value,
      reading.metadata['groups_truncated'],
    ]).toEqual([100, { name: 'host:1', value: 1 }, 50, 101, 150, 'true']);
  });

  it.each<readonly [DatadogMetric, string]>([
    [{}, 'Must have either a query or queries. Please review the Analysis Template.'],
    [{ query: 'x', queries: { a: 'y' } }, 'Cannot have both a query and queries. Please review the Analysis Template.'],
    [{ queries: { a: 'y' } }, 'Query is empty. API Version v1 only supports using the query parameter in your Analysis Template.'],
    [{ apiVersion: 'v2', query: 'x', formula: 'a' }, 'Formula are only valid when queries are set. Please review the Analysis Template.'],
    [{ apiVersion: 'v2', queries: { a: 'x', b: 'y' } }, 'When multiple queries are provided you must include a formula.'],
    [{ query: 'x', aggregator: 'sum' }, 'Aggregator is not supported in v1. Please review the Analysis Template.'],
    [{ query: 'x', secretRef: { namespaced: true } }, 'secret name is required for namespaced credentials'],
    [{ query: 'x', secretRef: { name: 'nope' } }, 'failed to find the credentials for datadog metrics provider'],
    [{ query: 'x', interval: 'soon' }, 'time: invalid duration "soon"'],
  ])('refuses %j', async (datadog, problem) => {
    expect(await bench.problem({ datadog })).toBe(problem);
  });

  it.each([
    [401, 'received authentication error response code: 401 key ***** is bad'],
    [403, 'received authentication error response code: 403 key ***** is bad'],
    [500, 'received non 2xx response code: 500 key ***** is bad'],
  ])('tells the answer of status %i, without the key', async (status, problem) => {
    bench.cluster.secret('argo-rollouts', 'datadog', { 'api-key': 'k3y-k3y', 'app-key': 'a99-a99', address: bench.service.address });
    bench.service.answer = ({ headers }) => ({ status, body: `key ${String(headers['dd-api-key'])} is bad` });
    expect(await bench.problem({ datadog: { query: 'x' } })).toBe(problem);
  });

  it('takes credentials from the environment if all three are there, and from the namespace of the run if told', async () => {
    bench.service.answer = () => json({ series: [] });
    bench.environment = { DD_API_KEY: 'e', DD_APP_KEY: 'f' };
    await ask({ query: 'x' });
    bench.environment = { DD_API_KEY: 'e', DD_APP_KEY: 'f', DD_ADDRESS: bench.service.address };
    await ask({ query: 'x' });
    bench.cluster.secret('shop', 'own', { 'api-key': 'n', 'app-key': 'm', address: bench.service.address });
    await ask({ query: 'x', secretRef: { name: 'own', namespaced: true } });
    expect(bench.service.asked.map(({ headers }) => headers['dd-api-key'])).toEqual(['k', 'e', 'n']);
  });
});

describe('New Relic', () => {
  const rows = (results: unknown): ReturnType<typeof json> => json({ data: { actor: { account: { nrql: { results } } } } });

  it.each([
    [[{ b: 1, a: 2 }], { b: 1, a: 2 }, '{"a":2,"b":1}'],
    [[{ a: 1 }, { a: 2 }], [{ a: 1 }, { a: 2 }], '[{"a":1},{"a":2}]'],
  ])('reads %j', async (results, result, value) => {
    bench.service.answer = () => rows(results);
    expect(await bench.measure({ newRelic: { query: 'SELECT 1', timeout: 9 } })).toEqual({ kind: 'value', result, value });
    const [asked] = bench.service.asked;
    expect(asked?.headers['api-key']).toBe('k');
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({ variables: { accountId: 7, query: 'SELECT 1', timeout: 9 } });
  });

  it.each([
    [rows([]), 'no results returned from NRQL query'],
    [rows([{}]), 'no results returned from NRQL query'],
    [rows(null), 'no results returned from NRQL query'],
    [json({ errors: [{ message: 'NRQL Syntax Error' }, { message: 'k too' }] }), 'NRQL Syntax Error, ***** too'],
  ])('fails at %j', async (answer, problem) => {
    bench.service.answer = () => answer;
    expect(await bench.problem({ newRelic: { query: 'x' } })).toBe(problem.replace('NRQL Syntax', 'NRQL Syntax'));
  });

  it.each([
    [{ 'personal-api-key': 'k' }, 'account ID or personal API key not found'],
    [{ 'personal-api-key': 'k', 'account-id': 'seven' }, 'could not parse account ID: the account-id of the profile is no number'],
    [{ 'personal-api-key': 'k', 'account-id': '7', region: 'mars' }, 'unknown New Relic region "mars"'],
  ])('refuses the profile %j', async (entries, problem) => {
    bench.cluster.secret('argo-rollouts', 'mine', entries as Record<string, string>);
    expect(await bench.problem({ newRelic: { query: 'x', profile: 'mine' } })).toBe(problem);
  });
});

describe('Wavefront', () => {
  it('reads the point next in time, of several series each', async () => {
    bench.service.answer = () =>
      json({
        warnings: 'slow',
        timeseries: [
          {
            data: [
              [seconds - 60, 1],
              [seconds - 10, 0.125],
              [seconds + 30, 3],
            ],
          },
          { data: [[seconds + 5, 2.5]] },
        ],
      });
    expect(await bench.measure({ wavefront: { address: bench.service.address, query: 'ts(x)' } })).toEqual({
      kind: 'value',
      result: Float64Array.of(0.125, 2.5),
      value: '[0.12,2.50]',
      metadata: { timestamps: `[${seconds - 10},${seconds + 5}]`, drift: '[-10,5]', warnings: 'slow' },
    });
    const [asked] = bench.service.asked;
    expect(Object.fromEntries(asked?.query ?? [])).toMatchObject({ q: 'ts(x)', s: String(now), e: String(now), g: 's', p: '1' });
    expect(asked?.headers['authorization']).toBe('Bearer t');
  });

  it('fails without series and without a token for the address', async () => {
    bench.service.answer = () => json({ timeseries: [] });
    expect(await bench.problem({ wavefront: { address: bench.service.address } })).toBe('No TimeSeries found in response from Wavefront');
    expect(await bench.problem({ wavefront: { address: 'example.wavefront.com' } })).toBe('API token not found');
  });
});

describe('Graphite', () => {
  it('takes white space out of the query and keeps the path of the address', async () => {
    bench.service.answer = () => json([{ datapoints: [[1, 1]] }]);
    await bench.measure({ graphite: { address: `${bench.service.address}/g/`, query: ' target=sum( a.b , c ) \n &from=-5min' } });
    const [asked] = bench.service.asked;
    expect(asked?.path).toBe('/g/render');
    expect(Object.fromEntries(asked?.query ?? [])).toEqual({ target: 'sum(a.b,c)', from: '-5min', format: 'json' });
  });

  it.each([
    [json([]), 'no values found'],
    [json([{ datapoints: [] }]), 'no values found'],
    [json([{ datapoints: [[1]] }]), 'error unmarshaling data point'],
    [{ status: 400, body: 'bad target' }, 'error response: bad target'],
  ])('fails at %j', async (answer, problem) => {
    bench.service.answer = () => answer;
    expect(await bench.problem({ graphite: { address: bench.service.address, query: 'target=x' } })).toBe(problem);
  });

  it('with nothing but gaps gives an empty list', async () => {
    bench.service.answer = () => json([{ datapoints: [[null, 1]] }]);
    const reading = await bench.measure({ graphite: { address: bench.service.address, query: 'target=x' } });
    expect(reading).toMatchObject({ result: Float64Array.of(), value: '[]' });
  });
});

describe('InfluxDB', () => {
  it('asks the organisation with its token', async () => {
    bench.service.answer = () => ({ body: '#datatype,string,long,long\n,result,table,_value\n,,0,9007199254740993\n' });
    expect(await bench.measure({ influxdb: { query: 'from()' } })).toEqual({
      kind: 'value',
      result: [9007199254740993n],
      value: '[9007199254740993]',
    });
    const [asked] = bench.service.asked;
    expect([asked?.path, asked?.query.get('org'), asked?.headers['authorization']]).toEqual(['/api/v2/query', 'shop & co', 'Token tok-3n']);
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({ query: 'from()', type: 'flux' });
  });

  it.each([
    [{ body: '' }, 'no results returned from flux query'],
    [json({ code: 'invalid', message: 'compilation failed' }, 400), 'invalid: compilation failed'],
    [{ status: 502, body: '<html>' }, 'unexpected response code: 502'],
    [{ body: '#datatype,string,string\n,error,reference\n,out of memory,1\n' }, 'out of memory'],
  ])('fails at %j', async (answer, problem) => {
    bench.service.answer = () => answer;
    expect(await bench.problem({ influxdb: { query: 'x' } })).toBe(problem);
  });

  it('reads every type of value, quotes and several tables', () => {
    const text = [
      '#datatype,string,long,double,string',
      '#default,_result,,,',
      ',result,table,_value,note',
      ',,0,1.5,"a ""b"", c',
      'd"',
      ',,0,NaN,',
      ',,0,,',
      '',
      '#datatype,string,long,boolean',
      ',result,table,_value',
      ',,1,true',
      ',,1,false',
      '',
      '#datatype,string,long,string',
      ',result,table,_value',
      ',,2,"x,y"',
    ].join('\r\n');
    expect(valuesOf(text)).toEqual([1.5, Number.NaN, null, true, false, 'x,y']);
  });
});

describe('SkyWalking', () => {
  it('gives the span up to now', async () => {
    bench.service.answer = () => json({ data: { x: 1 } });
    await bench.measure({ skywalking: { address: bench.service.address, query: 'q', interval: '90m' } });
    const [asked] = bench.service.asked;
    expect([asked?.method, asked?.path]).toEqual(['POST', '/graphql']);
    expect(JSON.parse(asked?.body ?? '')).toEqual({
      query: 'q',
      variables: { duration: { start: '2026-01-02 0134', end: '2026-01-02 0304', step: 'MINUTE' } },
    });
  });

  it.each([
    [json({ data: null }), 'no results returned from SkyWalking query'],
    [json({ errors: [{ message: 'no such metric' }] }), 'graphql: no such metric'],
    [{ body: 'x' }, "decoding response: invalid character 'x' looking for beginning of value"],
  ])('fails at %j', async (answer, problem) => {
    bench.service.answer = () => answer;
    expect(await bench.problem({ skywalking: { address: bench.service.address, query: 'q', interval: '5m' } })).toBe(problem);
  });
});

describe('CloudWatch', () => {
  it('asks for the span and gives what conditions know', async () => {
    const calls: unknown[] = [];
    bench.aws = {
      ...bench.aws,
      metricData: (queries, start, end) => {
        calls.push([queries, start.toISOString(), end.toISOString()]);
        return Promise.resolve({
          results: [
            { Id: 'rate', Label: 'Rate', StatusCode: 'Complete', Timestamps: [new Date(now)], Values: [1, 2.5] },
            { Id: 'empty', Values: [] },
          ],
          messages: [{ Code: 'A', Value: 'late' }],
        });
      },
    };
    const metricDataQueries = [
      { id: 'rate', metricStat: { metric: { namespace: 'app', dimensions: [{ name: 'a', value: 'b' }] }, period: '300', stat: 'p99' } },
      { id: 'e', expression: 'rate * 2', returnData: false, period: 60 },
    ];
    const reading = await bench.measure({ cloudWatch: { interval: '30m', metricDataQueries } });
    expect(calls).toEqual([
      [
        [
          { Id: 'rate', MetricStat: { Metric: { Namespace: 'app', Dimensions: [{ Name: 'a', Value: 'b' }] }, Period: 300, Stat: 'p99' } },
          { Id: 'e', Expression: 'rate * 2', ReturnData: false, Period: 60 },
        ],
        '2026-01-02T02:34:05.000Z',
        '2026-01-02T03:04:05.000Z',
      ],
    ]);
    expect(reading).toMatchObject({ value: '[[1 2.5] []]', metadata: { messages: '[{Code:A Value:late}]' } });
    const result: unknown = reading.kind === 'value' ? reading.result : undefined;
    expect(evaluateConditions({ result, successCondition: 'result[0].Values[1] == 2.5 and len(result[1].Values) == 0' }, now)).toEqual({
      ok: true,
      phase: 'Successful',
    });
  });

  it('tells what AWS said', async () => {
    bench.aws = { ...bench.aws, metricData: () => Promise.reject(new Error('Could not load credentials from any providers')) };
    expect(await bench.problem({ cloudWatch: { metricDataQueries: [] } })).toBe('Could not load credentials from any providers');
  });
});

describe('Kayenta', () => {
  const kayenta = (): KayentaMetric => ({
    address: bench.service.address,
    application: 'guest book',
    canaryConfigName: 'my-test',
    metricsAccountName: 'm',
    configurationAccountName: 'c',
    storageAccountName: 's',
    threshold: { pass: 90, marginal: 75 },
    scopes: [
      {
        name: 'default',
        controlScope: { scope: 'app=a', region: 'eu', step: 60, start: '', end: '' },
        experimentScope: { scope: 'app=b', region: 'eu', step: 60, start: '', end: '' },
      },
    ],
  });

  it('starts a judgement of the config with that name', async () => {
    bench.service.answer = ({ path }) =>
      path === '/canaryConfig'
        ? json([
            { id: 'x', name: 'no' },
            { id: 'i d', name: 'my-test' },
          ])
        : json({ canaryExecutionId: 'e1' });
    expect(await bench.measure({ kayenta: kayenta() })).toEqual({
      kind: 'verdict',
      phase: 'Running',
      resumeAt: now + 15_000,
      metadata: { canaryExecutionId: 'e1' },
    });
    const [config, canary] = bench.service.asked;
    expect(Object.fromEntries(config?.query ?? [])).toEqual({ application: 'guest book', configurationAccountName: 's' });
    expect([canary?.method, canary?.path, canary?.query.get('configurationAccountName')]).toEqual(['POST', '/canary/i%20d', 'c']);
    const scope = (app: string): unknown => ({
      scope: app,
      location: 'eu',
      step: 60,
      start: '2026-01-02T03:03:05Z',
      end: '2026-01-02T03:04:05Z',
    });
    expect(JSON.parse(canary?.body ?? '')).toEqual({
      scopes: { default: { controlScope: scope('app=a'), experimentScope: scope('app=b') } },
      thresholds: { pass: 90, marginal: 75 },
    });
  });

  const score = (value: number): unknown => ({ complete: true, result: { judgeResult: { score: { score: value } } } });
  it.each<readonly [unknown, AnalysisPhase | string, string | undefined]>([
    [{ complete: false }, 'Running', undefined],
    [score(90), 'Successful', '90'],
    [score(89.9), 'Inconclusive', '89'],
    [score(75), 'Inconclusive', '75'],
    [score(74.9), 'Failed', '74'],
    [{}, 'Missing Complete Status', undefined],
    [{ complete: true, result: {} }, 'Missing Score', undefined],
  ])('reads %j as %s', async (answer, phase, value) => {
    bench.service.answer = () => json(answer);
    const source = metricSourceFor({ kayenta: kayenta() }, bench.dependencies);
    const measurement = { phase: 'Running' as const, metadata: { canaryExecutionId: 'e1' } };
    const found = await source.resume?.(bench.question({ kayenta: kayenta() }), measurement).catch((error: Error) => error.message);
    if (typeof found === 'string') expect(found).toBe(phase);
    else expect([found?.kind === 'verdict' && found.phase, found?.value]).toEqual([phase, value]);
    expect(bench.service.asked[0]?.path).toBe('/canary/e1');
  });

  it('looks back to the start of the run, and wants both starts or none', async () => {
    bench.service.answer = ({ path }) =>
      path === '/canaryConfig' ? json([{ id: 'x', name: 'my-test' }]) : json({ canaryExecutionId: 'e1' });
    const provider = { kayenta: { ...kayenta(), lookback: true } };
    const started = { ...run, status: { phase: 'Running' as const, startedAt: '2026-01-02T01:00:00Z' } };
    await metricSourceFor(provider, bench.dependencies).measure(bench.question(provider, started));
    expect(bench.service.asked[1]?.body).toContain('"start":"2026-01-02T01:00:00Z"');
    const scopes = [{ name: 'd', controlScope: { start: '2026-01-01T00:00:00Z' }, experimentScope: {} }];
    expect(await bench.problem({ kayenta: { ...kayenta(), scopes } })).toBe(
      'controlScope.start and experimentScope.start must both be set or be empty',
    );
  });
});

describe('the registry', () => {
  it('takes the first of several providers in upstream’s order', () => {
    const { address } = bench.service;
    const all: MetricProvider = {
      skywalking: { address },
      influxdb: {},
      graphite: { address },
      cloudWatch: { metricDataQueries: [] },
      newRelic: { query: 'x' },
      wavefront: {},
      datadog: {},
      web: { url: address },
      kayenta: {} as never,
      job: { spec: {} },
      prometheus: { address },
    };
    const order: string[] = [];
    const left: Record<string, unknown> = { ...all };
    for (const name of Object.keys(all).reverse()) {
      order.push(metricSourceFor(left as MetricProvider, bench.dependencies).type);
      delete left[name];
    }
    const types = [
      'Prometheus',
      'Job',
      'Kayenta',
      'Web',
      'Datadog',
      'Wavefront',
      'NewRelic',
      'CloudWatch',
      'Graphite',
      'Influxdb',
      'skywalking',
    ];
    expect(order).toEqual(types);
  });

  it.each([
    [{}, 'no valid provider in metric'],
    [{ plugin: { 'a/b': {} } }, 'failed to create plugin: metric plugin a/b is not supported'],
  ])('refuses %j', (provider, problem) => {
    expect(() => metricSourceFor(provider, bench.dependencies)).toThrow(problem);
  });
});
