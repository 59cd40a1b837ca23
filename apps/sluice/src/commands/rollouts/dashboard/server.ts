/**
 * The dashboard's HTTP listener: upstream's API under `/ROOT/api/v1/`, the pages under `/ROOT/`. It acts as whoever started it, so it
 * listens on 127.0.0.1 only. Begin at `answer`.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Rollout, rolloutType } from '@sluice/api';
import { version } from '../../../version.ts';
import type { Session } from '../session.ts';
import { type ActionCall, perform } from './actions.ts';
import { type Failure, failureBody, failureOf, failures } from './answers.ts';
import { FollowerPool, TooManyNamespacesError } from './follower-pool.ts';
import { refusal, securityHeaders } from './guard.ts';
import type { Pages } from './pages.ts';
import { type Call, route } from './routes.ts';
import { streamList, streamRollout } from './watch-stream.ts';

export type DashboardOptions = {
  readonly session: Session;
  /** 0 takes a free one. */
  readonly port: number;
  /** Without slashes at its ends; may be empty. */
  readonly rootPath: string;
  readonly pages: Pages;
};

export type Dashboard = { readonly port: number; close(): Promise<void> };

const host = '127.0.0.1';
const bodyMax = 64 * 1024;
/** Namespaces are looked for again after this long. */
const namespacesMs = 10_000;
const streamsMax = 256;

/** @throws the system's error when the address cannot be had */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { session } = options;
  const pool = new FollowerPool({ client: await session.watchingClient(), clock: session.io.clock, random: session.io.random });
  const handler = new Handler(options, pool);
  const server = createServer((request, response) => void handler.handle(request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      pool.stop();
    },
  };
}

class Handler {
  readonly #session: Session;
  readonly #pool: FollowerPool;
  readonly #pages: Pages;
  readonly #base: string;
  #streams = 0;
  #namespaces: { readonly at: number; readonly names: Promise<readonly string[]> } | undefined;

  constructor({ session, pages, rootPath }: DashboardOptions, pool: FollowerPool) {
    this.#session = session;
    this.#pool = pool;
    this.#pages = pages;
    this.#base = rootPath === '' ? '/' : `/${rootPath}/`;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    response.on('error', () => undefined);
    try {
      await this.#answer(request, response);
    } catch (error) {
      const failure = error instanceof TooManyNamespacesError ? failures.unavailable(error.message) : failureOf(error);
      if (response.headersSent) response.destroy();
      else fail(response, failure);
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET';
    const [path = '/'] = (request.url ?? '/').split('?');
    const refused = refusal(method, request.headers);
    if (refused !== undefined) return fail(response, failures.forbidden(refused));
    const api = `${this.#base}api/v1/`;
    if (path.startsWith(api)) return this.#api(request, response, method, path.slice(api.length));
    if (path.startsWith(`${this.#base}api/`)) return fail(response, failures.notFound('Not Found'));
    if (method !== 'GET' && method !== 'HEAD') return fail(response, failures.method('Method Not Allowed'));
    if (path.startsWith(this.#base)) return this.#page(request, response, path.slice(this.#base.length));
    if (path === '/' || `${path}/` === this.#base) return redirect(response, this.#base);
    fail(response, failures.notFound('Not Found'));
  }

  async #api(request: IncomingMessage, response: ServerResponse, method: string, path: string): Promise<void> {
    const routed = route(method, path);
    if (!routed.ok) {
      const make = routed.reason === 'not-found' ? failures.notFound : routed.reason === 'method' ? failures.method : failures.invalid;
      return fail(response, make(routed.message));
    }
    const { call } = routed;
    switch (call.kind) {
      case 'version':
        return send(response, 200, JSON.stringify({ rolloutsVersion: `v${version}+sluice` }));
      case 'namespace':
        return send(response, 200, JSON.stringify(await this.#namespaceInfo()));
      case 'list':
      case 'info':
        return this.#read(response, call, method === 'HEAD');
      default:
        return this.#act(request, response, call);
    }
  }

  async #read(response: ServerResponse, call: Extract<Call, { kind: 'list' | 'info' }>, isHead: boolean): Promise<void> {
    const lease = await this.#pool.lease(call.namespace);
    const { follower } = lease;
    const found = call.kind === 'info' ? follower.json(call.name, 'whole') : undefined;
    if (call.kind === 'info' && found === undefined) {
      lease.release();
      return fail(response, failures.notFound(`rollout.argoproj.io "${call.name}" not found`));
    }
    if (call.isWatch && !isHead) {
      if (this.#streams >= streamsMax) {
        lease.release();
        return fail(response, failures.unavailable(`${streamsMax} pages are looking already`));
      }
      // Gone while the namespace was read: `close` will not come again.
      if (response.destroyed) return lease.release();
      this.#streams++;
      response.once('close', () => {
        this.#streams--;
      });
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.flushHeaders();
      return call.kind === 'info' ? streamRollout(response, lease, call.name) : streamList(response, lease);
    }
    const text =
      found ??
      `{"rollouts":[${follower
        .names()
        .flatMap((name) => follower.json(name, 'shallow') ?? [])
        .join(',')}]}`;
    lease.release();
    send(response, 200, text);
  }

  async #act(request: IncomingMessage, response: ServerResponse, call: ActionCall): Promise<void> {
    const body = await readJson(request);
    if (body === undefined) return fail(response, failures.invalid('the body is not a JSON object'));
    const rollout = await perform(this.#session, call, body.full === true);
    send(response, 200, JSON.stringify(rollout));
  }

  async #namespaceInfo(): Promise<{ readonly namespace: string; readonly availableNamespaces: readonly string[] }> {
    const now = this.#session.io.clock.now();
    if (this.#namespaces === undefined || now - this.#namespaces.at > namespacesMs) {
      this.#namespaces = { at: now, names: namespacesWithRollouts(this.#session) };
    }
    return { namespace: this.#session.namespace, availableNamespaces: await this.#namespaces.names };
  }

  #page(request: IncomingMessage, response: ServerResponse, path: string): void {
    const { contentType, etag, body } = this.#pages.file(path);
    const headers = { 'content-type': contentType, etag, 'cache-control': 'no-cache' };
    if (request.headers['if-none-match'] === etag) return void response.writeHead(304, headers).end();
    response.writeHead(200, { ...headers, 'content-length': body.length });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}

/** Namespaces that have rollouts; none when the caller may not look into all of them. */
async function namespacesWithRollouts({ client }: Session): Promise<readonly string[]> {
  try {
    const { items } = await client.list<Rollout>(rolloutType, { isLean: true });
    return [...new Set(items.map(({ metadata }) => metadata.namespace ?? ''))].sort();
  } catch {
    return [];
  }
}

/** The body as an object, empty where there is none; undefined when it is something else or too long. */
async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>> | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > bodyMax) return undefined;
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString('utf8').trim();
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}

function fail(response: ServerResponse, failure: Failure): void {
  send(response, failure.httpStatus, JSON.stringify(failureBody(failure)));
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location, 'content-length': 0 });
  response.end();
}
