import { request as plainRequest } from 'node:http';
import { request } from 'node:https';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestServer, testServer } from '../testing.ts';

let server: TestServer;
let address: { host: string; port: number; url: string };

beforeEach(async () => {
  server = await testServer();
  address = await server.server.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  await server.server.close();
});

type Received = { readonly status: number; readonly headers: Readonly<Record<string, unknown>>; readonly text: string };

function send(method: string, path: string, body?: string | Buffer, headers: Record<string, string> = {}): Promise<Received> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: address.host,
        port: address.port,
        method,
        path,
        rejectUnauthorized: false,
        agent: false,
        headers: { authorization: `Bearer ${server.server.administratorToken()}`, 'content-type': 'application/json', ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    call.on('error', reject);
    call.end(body);
  });
}

const maps = '/api/v1/namespaces/default/configmaps';
const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { a: 'b' } });

describe('over HTTPS', () => {
  it('answers in the bytes that were stored, in lists without kind and version of built-in items', async () => {
    expect((await send('POST', maps, body)).status).toBe(201);
    const one = await send('GET', `${maps}/a`);
    expect(one.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
    expect(one.text.startsWith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{')).toBe(true);
    const { items } = JSON.parse((await send('GET', maps)).text) as { items: readonly { kind?: string; metadata: { name: string } }[] };
    const item = items.find(({ metadata }) => metadata.name === 'a');
    expect(item).not.toHaveProperty('kind');
    expect({ kind: 'ConfigMap', apiVersion: 'v1', ...item }).toEqual(JSON.parse(one.text));
  });

  it('takes and gives YAML', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\ndata:\n  a: "1"\n';
    const made = await send('POST', maps, yaml, { 'content-type': 'application/yaml', accept: 'application/yaml' });
    expect(made.status).toBe(201);
    expect(made.text).toContain('data:\n  a: "1"');
  });

  it('writes for people what people ask for', async () => {
    await send('POST', maps, body);
    expect((await send('GET', `${maps}/a`, undefined, { 'user-agent': 'curl/8' })).text).toContain('\n  "kind": "ConfigMap",\n');
  });

  it('refuses a body that is too large, and one that is no JSON', async () => {
    const large = await send('POST', maps, Buffer.alloc(3 * 1024 * 1024 + 1, 32));
    expect(JSON.parse(large.text)).toMatchObject({ code: 413, reason: 'RequestEntityTooLarge' });
    const broken = await send('POST', maps, '{bad');
    expect(JSON.parse(broken.text)).toMatchObject({
      code: 400,
      message: expect.stringContaining('the object provided is unrecognized (must be of type ConfigMap)'),
    });
  });

  it('asks for a name', async () => {
    expect((await send('GET', maps, undefined, { authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await send('GET', maps, undefined, { authorization: '' })).status).not.toBe(200);
  });

  it('is well', async () => {
    expect((await send('GET', '/readyz')).text).toBe('ok');
    expect((await send('GET', '/metrics')).text).toContain('apiserver_request_total{method="GET",code="200"} 1');
  });

  it('streams a watch, line by line, until the server closes', async () => {
    const lines: string[] = [];
    const ended = new Promise<void>((resolve) => {
      const call = request(
        {
          host: address.host,
          port: address.port,
          path: `${maps}?watch=true&fieldSelector=metadata.name%3Da`,
          rejectUnauthorized: false,
          headers: { authorization: `Bearer ${server.server.administratorToken()}` },
        },
        (response) => {
          response.on('data', (chunk: Buffer) => lines.push(...chunk.toString('utf8').trimEnd().split('\n')));
          response.on('end', resolve);
          response.on('error', () => resolve());
          void send('POST', maps, body)
            .then(() => send('DELETE', `${maps}/a`))
            .then(() => server.server.close());
        },
      );
      call.on('error', () => resolve());
      call.end();
    });
    await ended;
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(['ADDED', 'DELETED']);
  });
});

describe('an address that cannot be had', () => {
  it.each([
    [() => address.port, 'the port is in use by another program'],
    [() => 70_000, 'the port must be a whole number between 0 and 65535'],
  ])('is named with the reason', async (port, reason) => {
    const other = await testServer();
    await expect(other.server.listen({ host: '127.0.0.1', port: port() })).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port()}: ${reason}`,
    );
    await other.server.close();
  });
});

describe('plain HTTP', () => {
  it('on loopback serves the person at the machine', async () => {
    const { createApiServer } = await import('../server.ts');
    const plain = await createApiServer({
      durability: 'memory',
      clock: server.clock,
      randomBytes: (count) => new Uint8Array(count).fill(7),
      tls: false,
    });
    const { port } = await plain.listen({ host: '127.0.0.1', port: 0 });
    const status = await new Promise<number>((resolve) => {
      plainRequest({ host: '127.0.0.1', port, path: maps, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      }).end();
    });
    expect(status).toBe(200);
    await plain.close();
  });
});
