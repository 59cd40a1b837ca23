/** The dashboard's API over HTTP, on an API server in this process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crds, labels, type ReplicaSet, type Rollout, rolloutType } from '@sluice/api';
import { createApiServer } from '@sluice/apiserver';
import { inProcessTransport } from '@sluice/cluster';
import { builtinTypes, type Client, createClient, systemClock, type Transport } from '@sluice/kube';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Io } from '../../../io.ts';
import type { Session } from '../session.ts';
import { loadPages } from './pages.ts';
import { type Dashboard, startDashboard } from './server.ts';

let client: Client;
let closeServer: () => Promise<void>;
let dashboard: Dashboard;
let watches = 0;
let lists = 0;
const pagesFolder = mkdtempSync(join(tmpdir(), 'sluice-pages-'));

beforeAll(async () => {
  const server = await createApiServer({ durability: 'memory', clock: systemClock, randomBytes: counterBytes(), tls: false });
  const real = inProcessTransport(server, { name: 'test', groups: ['system:masters'] });
  const counted: Transport = {
    request: (asked) => {
      if (asked.method === 'GET' && asked.path.endsWith('/pods')) lists++;
      return real.request(asked);
    },
    watch: (asked) => {
      watches++;
      return real.watch(asked);
    },
    close: () => real.close(),
  };
  client = createClient(counted, { fieldManager: 'test' });
  for (const definition of crds()) await client.create(builtinTypes.customResourceDefinitions, definition);
  closeServer = () => server.close();
  writeFileSync(join(pagesFolder, 'index.html'), '<!doctype html><base href="/"><title>page</title>');
  writeFileSync(join(pagesFolder, 'app.js'), 'void 0;');
});

function counterBytes(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => next++ % 256);
}

beforeEach(async () => {
  watches = 0;
  lists = 0;
  const silent = { write: () => undefined, isTerminal: false, columns: 80 };
  const io: Io = {
    out: silent,
    err: silent,
    env: {},
    homeDir: '/',
    workingDir: '/',
    clock: systemClock,
    random: () => 0.5,
    signal: new AbortController().signal,
    readInput: () => Promise.resolve(''),
    exitCode: 0,
  };
  const session: Session = {
    client,
    namespace: 'default',
    io,
    watchingClient: () => Promise.resolve(client),
    close: () => Promise.resolve(),
  };
  dashboard = await startDashboard({ session, port: 0, rootPath: 'rollouts', pages: loadPages('/rollouts/', pagesFolder) });
});

afterEach(async () => {
  await dashboard.close();
  for (const type of [rolloutType, builtinTypes.replicaSets]) {
    for (const { metadata } of (await client.list(type)).items) {
      await client.delete(type, { namespace: metadata.namespace, name: metadata.name ?? '' });
    }
  }
});

afterAll(async () => {
  rmSync(pagesFolder, { recursive: true, force: true });
  await closeServer();
});

function rollout(name: string, namespace = 'default'): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: { containers: [{ name: 'main', image: 'app:1', env: [{ name: 'PASSWORD', value: 'hunter2' }] } as never] },
      },
      strategy: { canary: { steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 80 }] } },
    },
  };
}

type Answer = { readonly status: number; readonly text: string; readonly headers: Readonly<Record<string, unknown>> };

/** Node's own client, since `fetch` does not let a Host be chosen. */
function ask(method: string, path: string, options: { body?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port: dashboard.port, method, path, headers: options.headers ?? {} }, (answer) => {
      let text = '';
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
    });
    call.on('error', reject);
    call.end(options.body);
  });
}

const api = '/rollouts/api/v1';
const get = async (path: string): Promise<unknown> => JSON.parse((await ask('GET', api + path)).text);

type Line = { readonly result?: { readonly type?: string; readonly rolloutInfo?: { objectMeta: { name: string }; setWeight: string } } };

/** Reads a stream line by line. */
async function follow(path: string): Promise<{ next(): Promise<Line | undefined>; stop(): void }> {
  const abort = new AbortController();
  const answer = await fetch(`http://127.0.0.1:${dashboard.port}${api}${path}`, { signal: abort.signal });
  expect(answer.status).toBe(200);
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let rest = '';
  return {
    next: async () => {
      while (!rest.includes('\n')) {
        const { value, done } = await reader.read();
        if (done) return undefined;
        rest += decoder.decode(value, { stream: true });
      }
      const end = rest.indexOf('\n');
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      return JSON.parse(line) as Line;
    },
    stop: () => abort.abort(),
  };
}

describe('what can be read', () => {
  it('is version and namespaces, those with rollouts', async () => {
    await client.create(builtinTypes.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    await client.create(rolloutType, rollout('web', 'shop'));
    expect(await get('/version')).toEqual({ rolloutsVersion: expect.stringMatching(/^v\d+\.\d+\.\d+\+sluice$/) });
    expect(await get('/namespace')).toEqual({ namespace: 'default', availableNamespaces: ['shop'] });
  });

  it('is one rollout and all of a namespace, without secrets', async () => {
    await client.create(rolloutType, rollout('web'));
    await client.create(rolloutType, rollout('api'));
    const { text } = await ask('GET', `${api}/rollouts/default/info`);
    expect(
      (JSON.parse(text) as { rollouts: { objectMeta: { name: string } }[] }).rollouts.map(({ objectMeta }) => objectMeta.name),
    ).toEqual(['api', 'web']);
    expect(text).not.toContain('hunter2');
    expect(await get('/rollouts/default/web/info')).toMatchObject({
      objectMeta: { name: 'web' },
      strategy: 'Canary',
      steps: [{ setWeight: 50 }, { pause: {} }, { setWeight: 80 }],
      containers: [{ name: 'main', image: 'app:1' }],
    });
    expect(await get('/rollouts/default/nothing/info')).toEqual({
      error: 'rollout.argoproj.io "nothing" not found',
      message: 'rollout.argoproj.io "nothing" not found',
      code: 5,
    });
  });

  it('is a stream of a namespace: what there is, what changes, what goes', async () => {
    await client.create(rolloutType, rollout('web'));
    const stream = await follow('/rollouts/default/info/watch');
    expect(await stream.next()).toMatchObject({ result: { type: 'Updated', rolloutInfo: { objectMeta: { name: 'web' } } } });
    await client.create(rolloutType, rollout('api'));
    expect(await stream.next()).toMatchObject({ result: { type: 'Updated', rolloutInfo: { objectMeta: { name: 'api' } } } });
    await client.delete(rolloutType, { namespace: 'default', name: 'web' });
    expect(await stream.next()).toMatchObject({ result: { type: 'Deleted', rolloutInfo: { objectMeta: { name: 'web' } } } });
    stream.stop();
  });

  it('is a stream of one rollout, in which its ReplicaSets appear, and which ends with it', async () => {
    const { metadata } = await client.create(rolloutType, rollout('web'));
    const stream = await follow('/rollouts/default/web/info/watch');
    expect(await stream.next()).toMatchObject({ result: { objectMeta: { name: 'web' }, replicaSets: [] } });
    await client.create(builtinTypes.replicaSets, replicaSetOf('web', metadata.uid ?? '', '1', 'app:1'));
    expect(await stream.next()).toMatchObject({ result: { replicaSets: [{ objectMeta: { name: 'web-1' }, revision: 1 }] } });
    await client.delete(rolloutType, { namespace: 'default', name: 'web' });
    expect(await stream.next()).toMatchObject({ error: { grpc_code: 5, http_code: 404 } });
    expect(await stream.next()).toBeUndefined();
  });

  it('costs one watch a kind however many look, and no list a request', async () => {
    await client.create(rolloutType, rollout('web'));
    const first = await follow('/rollouts/default/info/watch');
    await first.next();
    const before = { watches, lists };
    const more = await Promise.all([1, 2, 3].map(() => follow('/rollouts/default/web/info/watch')));
    await Promise.all(more.map((stream) => stream.next()));
    await Promise.all([1, 2, 3, 4].map(() => get('/rollouts/default/info')));
    expect({ watches, lists }).toEqual(before);
    expect(before.watches).toBeLessThanOrEqual(5);
    for (const stream of [first, ...more]) stream.stop();
  });
});

function replicaSetOf(name: string, uid: string, revision: string, image: string): ReplicaSet {
  const podLabels = { app: name, [labels.podTemplateHash]: revision };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${revision}`,
      namespace: 'default',
      labels: podLabels,
      annotations: { 'rollout.argoproj.io/revision': revision },
      ownerReferences: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true }],
    },
    spec: {
      replicas: 0,
      selector: { matchLabels: podLabels },
      template: { metadata: { labels: podLabels }, spec: { containers: [{ name: 'main', image }] } },
    },
  } as ReplicaSet;
}

describe('what can be done', () => {
  const put = (path: string, body?: string): Promise<Answer> =>
    ask('PUT', `${api}/rollouts/default/web${path}`, body === undefined ? {} : { body });
  const read = (): Promise<Rollout> => client.get<Rollout>(rolloutType, { namespace: 'default', name: 'web' });

  it('has the effect of the commands, and answers with the Rollout, without secrets', async () => {
    await client.create(rolloutType, rollout('web'));
    const aborted = await put('/abort', '{}');
    expect(aborted.status).toBe(200);
    expect(JSON.parse(aborted.text)).toMatchObject({ kind: 'Rollout', metadata: { name: 'web' }, status: { abort: true } });
    expect(aborted.text).not.toContain('hunter2');
    expect(aborted.text).not.toContain('managedFields');
    await put('/retry');
    expect((await read()).status?.abort).toBe(false);
    await put('/restart', '{}');
    expect((await read()).spec.restartAt).toMatch(/^\d{4}-/);
    await client.patch(rolloutType, { namespace: 'default', name: 'web' }, 'merge', { spec: { paused: true } });
    await put('/promote', '{}');
    expect((await read()).spec.paused).toBe(false);
    await client.patch(
      rolloutType,
      { namespace: 'default', name: 'web' },
      'merge',
      { status: { stableRS: 'a', currentPodHash: 'b' } },
      { subresource: 'status' },
    );
    await put('/promote', '{"name":"web","namespace":"default","full":true}');
    expect((await read()).status?.promoteFull).toBe(true);
  });

  it('sets images with slashes, escaped or not, and goes back to a revision', async () => {
    const { metadata } = await client.create(rolloutType, rollout('web'));
    await client.create(builtinTypes.replicaSets, replicaSetOf('web', metadata.uid ?? '', '1', 'app:old'));
    await client.create(builtinTypes.replicaSets, replicaSetOf('web', metadata.uid ?? '', '2', 'app:1'));
    expect((await put('/set/main/registry.example.com%2Fteam%2Fapp/2')).status).toBe(200);
    expect((await read()).spec.template?.spec?.containers[0]?.image).toBe('registry.example.com/team/app:2');
    expect((await put('/undo/1')).status).toBe(200);
    expect((await read()).spec.template?.spec?.containers[0]?.image).toBe('app:old');
    expect(await put('/undo/7')).toMatchObject({
      status: 400,
      text: expect.stringContaining('unable to find specified revision 7 in history'),
    });
    expect((await put('/set/nobody/app/2')).text).toContain('unable to find container named');
  });

  it('says what is wrong and changes nothing', async () => {
    expect((await put('/abort')).status).toBe(404);
    await client.create(rolloutType, rollout('web'));
    const before = (await read()).metadata.resourceVersion;
    expect((await put('/promote', '{')).status).toBe(400);
    expect((await put('/promote', '[]')).status).toBe(400);
    expect((await put('/promote', `{"x":"${'y'.repeat(70_000)}"}`)).status).toBe(400);
    expect((await put('/delete')).status).toBe(404);
    expect((await ask('POST', `${api}/rollouts/default/web/abort`)).status).toBe(405);
    expect((await read()).metadata.resourceVersion).toBe(before);
  });
});

describe('other sites', () => {
  it('neither read nor write, whatever name they give this machine', async () => {
    await client.create(rolloutType, rollout('web'));
    const path = `${api}/rollouts/default/web`;
    expect((await ask('GET', `${path}/info`, { headers: { host: 'evil.example.com' } })).status).toBe(403);
    expect((await ask('PUT', `${path}/abort`, { headers: { origin: 'https://evil.example.com' } })).status).toBe(403);
    expect((await ask('GET', '/rollouts/', { headers: { host: 'evil.example.com' } })).status).toBe(403);
    const preflight = await ask('OPTIONS', `${path}/abort`, { headers: { origin: 'https://evil.example.com' } });
    expect(preflight.status).toBe(403);
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
    expect((await client.get<Rollout>(rolloutType, { namespace: 'default', name: 'web' })).status?.abort).toBeUndefined();
  });
});

describe('the pages', () => {
  it('are served under the root path, and every path that is no file is the page', async () => {
    for (const path of ['/rollouts/', '/rollouts/shop', '/rollouts/rollout/shop/web', '/rollouts/../../etc/passwd']) {
      const page = await ask('GET', path);
      expect(page.status).toBe(200);
      expect(page.text).toContain('<base href="/rollouts/">');
      expect(page.headers['content-security-policy']).toContain("script-src 'self'");
      expect(page.headers['x-frame-options']).toBe('DENY');
    }
    expect(await ask('GET', '/rollouts/app.js')).toMatchObject({ status: 200, text: 'void 0;' });
    expect(await ask('GET', '/')).toMatchObject({ status: 302, headers: { location: '/rollouts/' } });
    expect((await ask('GET', '/elsewhere')).status).toBe(404);
    expect((await ask('GET', '/rollouts/api/v2/version')).status).toBe(404);
  });

  it('are not sent again while they are the same', async () => {
    const { headers } = await ask('GET', '/rollouts/app.js');
    const again = await ask('GET', '/rollouts/app.js', { headers: { 'if-none-match': String(headers.etag) } });
    expect(again).toMatchObject({ status: 304, text: '' });
  });
});
