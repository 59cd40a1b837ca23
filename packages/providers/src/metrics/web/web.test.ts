import type { WebMetric } from '@sluice/api';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bench } from '../testing/bench.ts';
import { json } from '../testing/fake-service.ts';

const bench = new Bench();
beforeAll(() => bench.start());
afterAll(() => bench.stop());
beforeEach(() => {
  bench.service.asked.length = 0;
  bench.service.answer = () => json({ rate: 0.5, z: 1, a: { y: '<', x: null } });
});

const provider = (more: Partial<WebMetric> = {}): { web: WebMetric } => ({ web: { url: `${bench.service.address}/rate`, ...more } });

describe('the answer of a web metric', () => {
  it.each<readonly [Partial<WebMetric>, unknown, string]>([
    [{}, { rate: 0.5, z: 1, a: { y: '<', x: null } }, '{"a":{"x":null,"y":"\\u003c"},"rate":0.5,"z":1}'],
    [{ jsonPath: '' }, { rate: 0.5, z: 1, a: { y: '<', x: null } }, '{"a":{"x":null,"y":"\\u003c"},"rate":0.5,"z":1}'],
    [{ jsonPath: '{$.rate}' }, 0.5, '0.5'],
    [{ jsonPath: '{$.a.x}' }, null, 'null'],
    [{ jsonPath: '{$.a.y}' }, '<', '"\\u003c"'],
    [{ jsonPath: '{$.a["y","x"]}' }, '<', '"\\u003c"'],
  ])('%j', async (more, result, value) => {
    expect(await bench.measure(provider(more))).toEqual({ kind: 'value', result, value });
  });

  it('that is no JSON is judged as text', async () => {
    bench.service.answer = () => ({ body: 'OK\n' });
    expect(await bench.measure(provider())).toEqual({ kind: 'value', result: 'OK\n', value: 'OK\n' });
  });

  it.each<readonly [Partial<WebMetric>, string]>([
    [{ jsonPath: '{$.foo}' }, 'Could not find JSONPath in body: foo is not found'],
    [{ jsonPath: '{$.a[?(@.x==1)]}' }, 'result of web metric produced no value'],
    [{ jsonPath: '{$.foo' }, 'unclosed action'],
    [{ body: 'a', jsonBody: {} }, 'use either Body or JSONBody; both cannot exists for WebMetric payload'],
    [{ body: 'a' }, 'Body/JSONBody can only be used with POST or PUT WebMetric Method types'],
    [{ jsonBody: {}, method: 'GET' }, 'Body/JSONBody can only be used with POST or PUT WebMetric Method types'],
    [{ url: 'ftp://x/' }, 'Get "ftp://x/": unsupported protocol scheme "ftp"'],
    [{ url: 'http://me:s3cret@127.0.0.1:1/' }, 'Get "http://me:***@127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused'],
    [{ url: 'http://nobody.invalid/' }, 'Get "http://nobody.invalid/": dial tcp: lookup nobody.invalid: no such host'],
  ])('%j is an error: %s', async (more, problem) => {
    // Some resolvers do not say that a name does not exist, but that they cannot tell.
    expect((await bench.problem(provider(more))).replace('server misbehaving', 'no such host')).toBe(problem);
  });

  it('tells the status and not the body', async () => {
    bench.service.answer = () => ({ status: 418, body: 'short and stout' });
    expect(await bench.problem(provider())).toBe('received non 2xx response code: 418');
  });
});

describe('the request of a web metric', () => {
  it.each<readonly [Partial<WebMetric>, string, string, string | undefined]>([
    [{}, 'GET', '', undefined],
    [{ method: 'POST', body: 'a=1' }, 'POST', 'a=1', undefined],
    [{ method: 'PUT', jsonBody: { b: [1] } }, 'PUT', '{"b":[1]}', 'application/json'],
    [{ method: 'POST' }, 'POST', '', undefined],
  ])('%j', async (more, method, body, type) => {
    await bench.measure(provider({ ...more, headers: [{ key: 'X-Test', value: 'yes' }] }));
    const [asked] = bench.service.asked;
    expect([asked?.method, asked?.body, asked?.headers['content-type'], asked?.headers['x-test']]).toEqual([method, body, type, 'yes']);
  });

  it('with userinfo in the URL is authenticated', async () => {
    await bench.measure(provider({ url: `${bench.service.address.replace('//', '//me:s3cret@')}/rate` }));
    expect(bench.service.asked[0]?.headers['authorization']).toBe(`Basic ${Buffer.from('me:s3cret').toString('base64')}`);
  });
});

describe('redirects', () => {
  const elsewhere = new Bench();
  beforeAll(() => elsewhere.start());
  afterAll(() => elsewhere.stop());

  it('to another host leave credentials behind', async () => {
    const other = elsewhere.service.address.replace('127.0.0.1', 'localhost');
    bench.service.answer = () => ({ status: 302, headers: { location: `${other}/there` }, body: '' });
    elsewhere.service.answer = () => json({ rate: 1 });
    const headers = [
      { key: 'Authorization', value: 'Bearer s3cret' },
      { key: 'Cookie', value: 's=1' },
      { key: 'X-Api-Key', value: 'k3y' },
      { key: 'X-Test', value: 'yes' },
    ];
    await bench.measure(provider({ method: 'POST', body: 'a', headers }));
    const [asked] = elsewhere.service.asked;
    expect([asked?.method, asked?.path, asked?.body]).toEqual(['GET', '/there', '']);
    expect(asked?.headers).toMatchObject({ 'x-test': 'yes' });
    expect(JSON.stringify(asked?.headers)).not.toMatch(/s3cret|s=1|k3y/);
  });

  it('on the same host keep them, and 307 keeps the body', async () => {
    bench.service.answer = ({ path }) =>
      path === '/rate' ? { status: 307, headers: { location: '/there' }, body: '' } : json({ rate: 1 });
    await bench.measure(provider({ method: 'POST', body: 'a', headers: [{ key: 'Authorization', value: 'Bearer s3cret' }] }));
    const asked = bench.service.asked.at(-1);
    expect([asked?.method, asked?.path, asked?.body, asked?.headers['authorization']]).toEqual(['POST', '/there', 'a', 'Bearer s3cret']);
  });
});

describe('OAuth2', () => {
  const credentials = (): NonNullable<WebMetric['authentication']> => ({
    oauth2: { tokenUrl: `${bench.service.address}/token`, clientId: 'me', clientSecret: 's3cret', scopes: ['a', 'b'] },
  });
  const asked = (): readonly string[] => bench.service.asked.map(({ method, path }) => `${method} ${path}`);

  it('fetches a token once until shortly before it expires, and again after it was refused', async () => {
    let token = 0;
    let isRefused = false;
    bench.service.answer = ({ path }) => {
      if (path === '/token') return json({ access_token: `t${++token}`, expires_in: 60, token_type: 'bearer' });
      return isRefused ? { status: 401, body: '' } : json({ rate: 1 });
    };
    await bench.measure(provider({ authentication: credentials() }));
    await bench.measure(provider({ authentication: credentials() }));
    expect(asked()).toEqual(['POST /token', 'GET /rate', 'GET /rate']);
    expect(bench.service.asked[2]?.headers['authorization']).toBe('Bearer t1');
    expect(Object.fromEntries(new URLSearchParams(bench.service.asked[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
    });
    await bench.clock.advance(51_000);
    await bench.measure(provider({ authentication: credentials() }));
    expect(bench.service.asked.at(-1)?.headers['authorization']).toBe('Bearer t2');
    isRefused = true;
    expect(await bench.problem(provider({ authentication: credentials() }))).toBe('received non 2xx response code: 401');
    isRefused = false;
    await bench.measure(provider({ authentication: credentials() }));
    expect(bench.service.asked.at(-1)?.headers['authorization']).toBe('Bearer t3');
  });

  it('tells the secret in the form where the header is refused', async () => {
    const authentication = { oauth2: { ...credentials().oauth2, clientId: 'form' } };
    bench.service.answer = ({ path, body }) => {
      if (path !== '/token') return json({ rate: 1 });
      return body.includes('client_secret=s3cret') ? json({ access_token: 'f' }) : { status: 401, body: '' };
    };
    await bench.measure(provider({ authentication }));
    expect(asked()).toEqual(['POST /token', 'POST /token', 'GET /rate']);
  });

  it.each([
    [{ status: 403, body: 's3cret' }, 'oauth2: cannot fetch token: 403'],
    [{ body: '<html>s3cret' }, 'oauth2: cannot parse json'],
    [json({ token: 's3cret' }), 'oauth2: server response missing access_token'],
  ])('says why there is no token, without the secret: %j', async (answer, why) => {
    const authentication = { oauth2: { ...credentials().oauth2, clientId: why } };
    bench.service.answer = () => answer;
    const problem = await bench.problem(provider({ authentication }));
    expect(problem).toBe(`Get "${bench.service.address}/rate": ${why}`);
  });
});
