import { describeHttpSource, type HttpSubject } from './testing/conformance.ts';
import { json } from './testing/fake-service.ts';

const secret = 'c0rrect-horse';
const other = 'battery-st4ple';

const subjects: readonly HttpSubject[] = [
  {
    name: 'web',
    provider: (address) => ({
      web: { url: `${address}/rate`, jsonPath: '{$.rate}', headers: [{ key: 'Authorization', value: `Bearer ${secret}` }] },
    }),
    secrets: [secret],
    happy: json({ rate: 0.99 }),
    reading: { kind: 'value', result: 0.99, value: '0.99' },
    takesText: true,
  },
  {
    name: 'prometheus',
    provider: (address) => ({
      prometheus: { address, query: 'up', authentication: { basicAuth: { username: 'me', password: secret } } },
    }),
    secrets: [secret, Buffer.from(`me:${secret}`).toString('base64')],
    happy: json({ status: 'success', data: { resultType: 'vector', result: [{ metric: {}, value: [1, '0.5'] }] } }),
    reading: { kind: 'value', result: Float64Array.of(0.5), value: '[0.5]' },
  },
  {
    name: 'datadog v1',
    provider: () => ({ datadog: { query: 'avg:errors{*}' } }),
    secrets: [secret, other],
    happy: json({
      series: [
        {
          pointlist: [
            [1, 2],
            [2, 0.25],
          ],
        },
      ],
    }),
    reading: { kind: 'value', result: 0.25, value: '0.25' },
    withoutCredentials: 'failed to find the credentials for datadog metrics provider',
  },
  {
    name: 'datadog v2',
    provider: () => ({ datadog: { apiVersion: 'v2', queries: { a: 'avg:errors{*}', b: 'avg:all{*}' }, formula: 'a/b' } }),
    secrets: [secret, other],
    happy: json({ data: { attributes: { columns: [{ type: 'number', values: [0.25] }] } } }),
    reading: { kind: 'value', result: 0.25, value: '0.25' },
    withoutCredentials: 'failed to find the credentials for datadog metrics provider',
  },
  {
    name: 'newRelic',
    provider: () => ({ newRelic: { query: 'SELECT count(*) FROM Transaction' } }),
    secrets: [secret],
    happy: json({ data: { actor: { account: { nrql: { results: [{ count: 5 }] } } } } }),
    reading: { kind: 'value', result: { count: 5 }, value: '{"count":5}' },
    withoutCredentials: 'secrets "newrelic" not found',
  },
  {
    name: 'wavefront',
    provider: (address) => ({ wavefront: { address, query: 'ts(errors)' } }),
    secrets: [secret],
    happy: json({ timeseries: [{ data: [[1767323040, 0.125]] }] }),
    reading: { kind: 'value', result: 0.125, value: '0.12' },
    withoutCredentials: 'secrets "wavefront-api-tokens" not found',
  },
  {
    name: 'graphite',
    provider: (address) => ({ graphite: { address, query: 'target=errors & from=-5min' } }),
    secrets: [],
    happy: json([
      {
        target: 'errors',
        datapoints: [
          [0.5, 1],
          [null, 2],
          ['1.5', 3],
        ],
      },
    ]),
    reading: { kind: 'value', result: Float64Array.of(0.5, 1.5), value: '[0.500000,1.500000]' },
  },
  {
    name: 'influxdb',
    provider: () => ({ influxdb: { query: 'from(bucket: "b")' } }),
    secrets: [secret],
    happy: {
      headers: { 'content-type': 'text/csv' },
      body: '#datatype,string,long,double\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,1.5\r\n,,0,2\r\n\r\n',
    },
    reading: { kind: 'value', result: [1.5, 2], value: '[1.5 2]' },
    withoutCredentials: 'secrets "influxdb" not found',
  },
  {
    name: 'skywalking',
    provider: (address) => ({ skywalking: { address, query: 'query($duration: Duration!) { x }', interval: '3m' } }),
    secrets: [],
    happy: json({ data: { b: 1, a: [2] } }),
    reading: { kind: 'value', result: { b: 1, a: [2] }, value: '{"a":[2],"b":1}' },
  },
];

for (const subject of subjects) {
  describeHttpSource({
    ...subject,
    prepare: (bench, address) => {
      bench.cluster.secret('argo-rollouts', 'datadog', { 'api-key': secret, 'app-key': other, address });
      bench.cluster.secret('argo-rollouts', 'newrelic', {
        'personal-api-key': secret,
        'account-id': '7',
        'base-url-nerdgraph': `${address}/graphql`,
      });
      bench.cluster.secret('argo-rollouts', 'influxdb', { address, authToken: secret, org: 'shop' });
      bench.cluster.secret('argo-rollouts', 'wavefront-api-tokens', { [address]: secret });
    },
  });
}
