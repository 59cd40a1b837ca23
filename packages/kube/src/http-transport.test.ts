import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isStatusError } from '@sluice/api';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { builtinTypes } from './builtin-types.ts';
import { virtualClock } from './clock.ts';
import { type HttpTransportOptions, httpTransport } from './http-transport.ts';
import type { ClusterConfig, CredentialSource } from './kubeconfig.ts';
import { createClient } from './rest-client.ts';
import type { Transport, WatchEvent } from './transport.ts';

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function serve(handler: Handler): Promise<{ server: Server; url: string }> {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => handler(request, response, ++count));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanUps.push(() => new Promise((resolve) => server.close(resolve)));
  cleanUps.push(() => server.closeAllConnections());
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function transportTo(server: string, credentials: CredentialSource = {}, options: Partial<HttpTransportOptions> = {}): Transport {
  const config: ClusterConfig = { server, insecureSkipTlsVerify: false, disableCompression: true, credentials, namespace: 'default' };
  const transport = httpTransport(config, { userAgent: 'sluice/test', ...options });
  cleanUps.push(() => transport.close());
  return transport;
}

function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

async function eventsOf(stream: AsyncIterable<WatchEvent>): Promise<string[]> {
  const seen: string[] = [];
  try {
    for await (const { type, object } of stream) seen.push(`${type} ${JSON.stringify(object)}`);
  } catch (error) {
    seen.push((error as Error).message);
  }
  return seen;
}

const folder = mkdtempSync(join(tmpdir(), 'sluice-transport-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('the HTTP transport', () => {
  it('sends path, query, body and who it is, and parses JSON and text', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/prefix/log') response.writeHead(200, { 'content-type': 'text/plain' }).end('line\n');
      else json(response, 200, { url: request.url, agent: request.headers['user-agent'], type: request.headers['content-type'] });
    });
    const transport = transportTo(`${url}/prefix`);
    const answer = await transport.request({
      method: 'PATCH',
      path: '/a',
      query: { x: '1 2' },
      body: {},
      contentType: 'application/merge-patch+json',
    });
    expect(answer.body).toEqual({ url: '/prefix/a?x=1+2', agent: 'sluice/test', type: 'application/merge-patch+json' });
    expect((await transport.request({ method: 'GET', path: '/log' })).body).toBe('line\n');
  });

  it('unpacks gzip', async () => {
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(gzipSync('{"a":1}'));
    });
    expect((await transportTo(url).request({ method: 'GET', path: '/' })).body).toEqual({ a: 1 });
  });

  it('waits as long as Retry-After says, and leaves a 429 without it to the caller', async () => {
    const { url } = await serve((request, response, count) => {
      if (request.url === '/evict') json(response, 429, { kind: 'Status', code: 429, reason: 'TooManyRequests', message: 'budget' });
      else if (count <= 2) json(response, 429, {}, { 'retry-after': '3' });
      else json(response, 200, { count });
    });
    const clock = virtualClock(0);
    const transport = transportTo(url, {}, { clock });
    let answer: unknown;
    void transport.request({ method: 'POST', path: '/', body: {} }).then(({ body }) => {
      answer = body;
    });
    for (let i = 0; i < 200 && answer === undefined; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await clock.advance(clock.nextDeadline() === undefined ? 0 : 3_000);
    }
    expect(answer).toEqual({ count: 3 });
    expect(clock.now()).toBe(6_000);
    expect((await transport.request({ method: 'POST', path: '/evict', body: {} })).status).toBe(429);
  });

  it('reads a rotated token file again after a 401, once for all calls', async () => {
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'old');
    const seen: string[] = [];
    const { url } = await serve((request, response) => {
      seen.push(String(request.headers.authorization));
      if (request.headers.authorization === 'Bearer new') json(response, 200, {});
      else json(response, 401, { kind: 'Status', code: 401, reason: 'Unauthorized', message: 'Unauthorized' });
    });
    const client = createClient(transportTo(url, { tokenFile }), { fieldManager: 'test' });
    const problem = await client.raw({ method: 'GET', path: '/' }).catch((error: unknown) => error);
    expect(isStatusError(problem, 'Unauthorized')).toBe(true);
    expect((problem as Error).message).toContain('does not accept these credentials');
    expect((problem as Error).message).not.toContain('old');
    writeFileSync(tokenFile, 'new\n');
    seen.length = 0;
    await Promise.all([1, 2, 3].map(() => client.raw({ method: 'POST', path: '/', body: {} })));
    expect(seen.filter((token) => token === 'Bearer new').length).toBe(3);
  });

  it('asks a credential plugin once for many calls, and again when the server says 401', async () => {
    const counter = join(folder, 'asked');
    writeFileSync(counter, '');
    const script = `const fs = require('fs'); fs.appendFileSync(${JSON.stringify(counter)}, 'x');
const { apiVersion } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
console.log(JSON.stringify({ kind: 'ExecCredential', apiVersion, status: { token: 't' + fs.readFileSync(${JSON.stringify(counter)}).length } }))`;
    let accepted = 'Bearer t1';
    const { url } = await serve((request, response) => json(response, request.headers.authorization === accepted ? 200 : 401, {}));
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', script],
      env: {},
      provideClusterInfo: false,
      interactiveMode: 'Never',
    } as const;
    const transport = transportTo(url, { exec });
    const call = async (): Promise<number> => (await transport.request({ method: 'GET', path: '/' })).status;
    expect(await Promise.all([call(), call(), call()])).toEqual([200, 200, 200]);
    accepted = 'Bearer t2';
    expect(await Promise.all([call(), call(), call()])).toEqual([200, 200, 200]);
    accepted = 'nothing';
    expect(await call()).toBe(401);
  });

  it('says in one line why a plugin cannot help', async () => {
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: 'sluice-no-such-plugin',
      args: [],
      env: {},
      provideClusterInfo: false,
      interactiveMode: 'Never',
      installHint: 'get it\nthere',
    } as const;
    const missing = transportTo('http://127.0.0.1:1', { exec }).request({ method: 'GET', path: '/' });
    await expect(missing).rejects.toThrow("the credential plugin 'sluice-no-such-plugin' is not installed: get it there");
    const failing = {
      ...exec,
      command: process.execPath,
      args: ['-e', "console.error('not logged in'); console.log('secret'); process.exit(4)"],
    };
    const failed = transportTo('http://127.0.0.1:1', { exec: failing }).request({ method: 'GET', path: '/' });
    await expect(failed).rejects.toThrow(/failed with exit code 4: not logged in$/);
  });

  it('names the server and the reason when there is no connection', async () => {
    const call = transportTo('https://127.0.0.1:1').request({ method: 'GET', path: '/' });
    await expect(call).rejects.toThrow('the server https://127.0.0.1:1 cannot be reached: connection refused');
    const { url } = await serve((_, response) => json(response, 200, {}));
    const mistaken = transportTo(url.replace('http:', 'https:')).request({ method: 'GET', path: '/' });
    await expect(mistaken).rejects.toThrow(/cannot be reached: it does not speak TLS/);
  });

  it('repeats a read whose connection broke, and never a write', async () => {
    const { url } = await serve((_, response, count) => {
      if (count % 2 === 1) response.destroy();
      else json(response, 200, { count });
    });
    const transport = transportTo(url);
    expect((await transport.request({ method: 'GET', path: '/' })).body).toEqual({ count: 2 });
    await expect(transport.request({ method: 'POST', path: '/', body: {} })).rejects.toThrow(/cannot be reached: connection/);
  });

  it('puts watch events together from any cut of the bytes, and never hands out half a line', async () => {
    const lines = ['{"type":"ADDED","object":{"a":"ä€😀"}}', '{"type":"MODIFIED","object":{}}', '{"type":"DELETED","object":{"b":2}}'];
    const bytes = Buffer.from(`${lines.join('\n')}\n{"type":"ADDED","obj`);
    const { url } = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = (from: number): void => {
        if (from >= bytes.length) response.destroy();
        else response.write(bytes.subarray(from, from + 7), () => setImmediate(() => write(from + 7)));
      };
      write(0);
    });
    const stream = await transportTo(url).watch({ method: 'GET', path: '/watch' });
    const seen = await eventsOf(stream);
    expect(seen.slice(0, 3)).toEqual(['ADDED {"a":"ä€😀"}', 'MODIFIED {}', 'DELETED {"b":2}']);
    expect(seen[3]).toMatch(/cannot be reached: connection (closed|reset)/);
  });

  it('ends a watch quietly when the server ends it or when it is closed here', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"type":"ADDED","object":{}}\n');
      if (request.url === '/short') response.end();
    });
    const transport = transportTo(url);
    expect(await eventsOf(await transport.watch({ method: 'GET', path: '/short' }))).toEqual(['ADDED {}']);
    const stream = await transport.watch({ method: 'GET', path: '/long' });
    const seen: string[] = [];
    for await (const { type } of stream) {
      seen.push(type);
      stream.close();
    }
    expect(seen).toEqual(['ADDED']);
  });

  it('turns a refused watch into a StatusError, whatever the body', async () => {
    const { url } = await serve((request, response) => {
      if (request.url?.startsWith('/api') === true)
        json(response, 410, { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' });
      else response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    });
    const client = createClient(transportTo(url), { fieldManager: 'test' });
    await expect(client.watch(builtinTypes.pods, { resourceVersion: '1' })).rejects.toMatchObject({ reason: 'Expired', code: 410 });
    await expect(client.raw({ method: 'GET', path: '/' })).rejects.toMatchObject({
      code: 502,
      message: expect.stringContaining('Bad gateway'),
    });
  });
});

describe('the client', () => {
  it('reads lists in pages, and everything at once when the pages expire half way', async () => {
    const { url } = await serve((request, response) => {
      const query = new URL(request.url ?? '', url).searchParams;
      if (query.has('continue')) json(response, 410, { kind: 'Status', code: 410, reason: 'Expired', message: 'gone' });
      else if (query.has('limit'))
        json(response, 200, { metadata: { resourceVersion: '7', continue: 'next' }, items: [{ metadata: { name: 'a' } }] });
      else json(response, 200, { metadata: { resourceVersion: '8' }, items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }] });
    });
    const client = createClient(transportTo(url), { fieldManager: 'test' });
    expect(await client.list(builtinTypes.pods)).toEqual({
      resourceVersion: '8',
      items: [
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } },
        { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'b' } },
      ],
    });
  });

  it('finds kinds by discovery, asks again for one that is missing, and passes warnings on', async () => {
    const asked: string[] = [];
    const { url } = await serve((request, response) => {
      asked.push(request.url ?? '');
      const resources = [
        { name: 'widgets', kind: 'Widget', namespaced: true },
        { name: 'widgets/status', kind: 'Widget', namespaced: true },
      ];
      if (asked.length > 1) resources.push({ name: 'gadgets', kind: 'Gadget', namespaced: false });
      json(response, 200, { resources }, { warning: '299 - "old \\"kind\\"", 299 - "second"' });
    });
    const warnings: string[] = [];
    const client = createClient(transportTo(url), { fieldManager: 'test', onWarning: (text) => warnings.push(text) });
    expect(await client.resolve('x.io/v1', 'Widget')).toMatchObject({ group: 'x.io', resource: 'widgets', namespaced: true });
    expect(await client.resolve('x.io/v1', 'Gadget')).toMatchObject({ resource: 'gadgets', namespaced: false });
    await client.resolve('x.io/v1', 'Widget');
    expect(asked).toEqual(['/apis/x.io/v1', '/apis/x.io/v1']);
    expect(warnings.slice(0, 2)).toEqual(['old "kind"', 'second']);
  });
});
