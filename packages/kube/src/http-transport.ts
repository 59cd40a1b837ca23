/**
 * Calls over HTTP: one undici pool a cluster for calls, one for watches (each holds a connection of its own), credentials, TLS, the
 * rate limit, `Retry-After`. Knows nothing of objects: that is `rest-client.ts`.
 */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Clock, StatusError } from '@sluice/api';
import type { Dispatcher, Pool } from 'undici';
import { sleep, systemClock } from './clock.ts';
import { type Credential, createCredentials } from './credentials.ts';
import { ConnectionError } from './errors.ts';
import { watchStreamOf } from './http-watch.ts';
import type { ClusterConfig } from './kubeconfig.ts';
import { parseLean } from './lean-json.ts';
import type { Logger } from './log.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { statusOf } from './rest-status.ts';
import type { ApiRequest, ApiResponse, Transport, WatchStream } from './transport.ts';

export type HttpTransportOptions = {
  readonly userAgent: string;
  /** Shared by all transports of one cluster; absent: no limit. */
  readonly limiter?: RateLimiter;
  readonly logger?: Logger;
  /** For `Retry-After` and the expiry of credentials; the machine's clock by default. */
  readonly clock?: Clock;
  /** Connections for calls; 10 by default. */
  readonly connections?: number;
};

/** How long a call may go without a byte of its answer. A server of Kubernetes gives up a call after 60 s. */
const idleMsMax = 65_000;

/** Below the 90 s after which a Go server closes an idle connection, so that we never write into one that is being closed. */
const keepAliveMs = 60_000;

/** client-go waits as often. */
const retriesMax = 10;

type Pools = { readonly calls: Pool; readonly watches: Pool; readonly certificate: string | undefined };

const inflate = promisify(gunzip);

export function httpTransport(config: ClusterConfig, options: HttpTransportOptions): Transport {
  return new HttpTransport(config, options);
}

class HttpTransport implements Transport {
  readonly #config: ClusterConfig;
  readonly #options: HttpTransportOptions;
  readonly #clock: Clock;
  readonly #credentials: ReturnType<typeof createCredentials>;
  readonly #origin: string;
  readonly #prefix: string;
  readonly #acceptsGzip: boolean;
  #pools: Pools | undefined;
  #isClosed = false;

  constructor(config: ClusterConfig, options: HttpTransportOptions) {
    const url = new URL(config.server);
    this.#config = config;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#credentials = createCredentials(config, { clock: this.#clock });
    this.#origin = url.origin;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    // On the same machine compressing costs more than it saves.
    const isLoopback = url.hostname === 'localhost' || url.hostname === '[::1]' || url.hostname.startsWith('127.');
    this.#acceptsGzip = !config.disableCompression && !isLoopback;
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    const answer = await this.#send(request, 'calls', request.timeoutMs ?? idleMsMax);
    try {
      return { status: answer.statusCode, headers: flatHeaders(answer.headers), body: await readBody(answer, request.isLean === true) };
    } catch (error) {
      throw this.#explain(error, request);
    }
  }

  async watch(request: ApiRequest): Promise<WatchStream> {
    const answer = await this.#send(request, 'watches', 0);
    if (answer.statusCode === 200) return watchStreamOf(answer.body, (error) => this.#explain(error, request), request);
    const body = await readBody(answer, false).catch(() => undefined);
    throw new StatusError(statusOf(answer.statusCode, body));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const pools = this.#pools;
    this.#pools = undefined;
    await Promise.all([pools?.calls.destroy(), pools?.watches.destroy()]);
  }

  /** The first answer that is neither a 401 that a fresh credential cures nor a request to come back later. */
  async #send(request: ApiRequest, kind: 'calls' | 'watches', bodyTimeout: number): Promise<Dispatcher.ResponseData> {
    let hasRefreshed = false;
    for (let attempt = 0; ; attempt++) {
      await this.#options.limiter?.acquire(request.lane ?? 'scale', request.signal);
      const credential = await this.#credentials.current();
      let answer: Dispatcher.ResponseData;
      try {
        answer = await this.#dispatch(request, kind, credential, bodyTimeout);
      } catch (error) {
        const explained = this.#explain(error, request);
        if (attempt === 0 && request.method === 'GET' && isBrokenConnection(explained) && !this.#isClosed) continue;
        throw explained;
      }
      if (answer.statusCode === 401 && !hasRefreshed) {
        hasRefreshed = true;
        if (await this.#credentials.refresh(credential)) {
          await answer.body.dump();
          continue;
        }
      }
      const retryAfterMs = answer.statusCode === 429 ? retryAfter(answer) : undefined;
      if (retryAfterMs === undefined || attempt >= retriesMax) return answer;
      await answer.body.dump();
      this.#options.logger?.debug('server asks to come back later', { path: request.path, retryAfterMs });
      await sleep(this.#clock, retryAfterMs, request.signal);
      request.signal?.throwIfAborted();
    }
  }

  async #dispatch(
    request: ApiRequest,
    kind: 'calls' | 'watches',
    credential: Credential,
    bodyTimeout: number,
  ): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string | string[]> = {
      ...credential.headers,
      accept: request.accept ?? 'application/json',
      'user-agent': this.#options.userAgent,
    };
    if (this.#acceptsGzip && kind === 'calls') headers['accept-encoding'] = 'gzip';
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    const pools = this.#poolsOf(credential) ?? (await this.#connect(credential));
    return await pools[kind].request({
      method: request.method,
      path: this.#prefix + request.path + queryText(request.query),
      headers,
      body: request.body === undefined ? null : JSON.stringify(request.body),
      headersTimeout: request.timeoutMs ?? idleMsMax,
      bodyTimeout,
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    });
  }

  /** The pools that speak with this certificate, unless they are still to be made. */
  #poolsOf(credential: Credential): Pools | undefined {
    if (this.#isClosed) throw new Error('the transport is closed');
    return this.#pools?.certificate === credential.clientCertificate ? this.#pools : undefined;
  }

  async #connect(credential: Credential): Promise<Pools> {
    // Loaded with the first call: commands that make none start a tenth of a second sooner.
    const { Pool } = await import('./undici-pool.ts');
    const made = this.#poolsOf(credential);
    if (made !== undefined) return made;
    const before = this.#pools;
    const { certificateAuthority, insecureSkipTlsVerify, tlsServerName } = this.#config;
    const common = {
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      pipelining: 1,
      connect: {
        timeout: 10_000,
        keepAlive: true,
        rejectUnauthorized: !insecureSkipTlsVerify,
        ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
        ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
        ...(credential.clientCertificate === undefined ? {} : { cert: credential.clientCertificate }),
        ...(credential.clientKey === undefined ? {} : { key: credential.clientKey }),
      },
    };
    this.#pools = {
      calls: new Pool(this.#origin, { ...common, connections: this.#options.connections ?? 10 }),
      watches: new Pool(this.#origin, { ...common, connections: null }),
      certificate: credential.clientCertificate,
    };
    if (before !== undefined) void Promise.allSettled([before.calls.close(), before.watches.close()]);
    return this.#pools;
  }

  #explain(error: unknown, request: ApiRequest): Error {
    if (request.signal?.aborted === true) return request.signal.reason as Error;
    if (error instanceof ConnectionError || error instanceof StatusError) return error;
    const isOurs = error instanceof TypeError || error instanceof SyntaxError || this.#isClosed;
    return isOurs && error instanceof Error ? error : new ConnectionError(this.#config.server, error);
  }
}

/** A connection that had worked and broke: asking again can help. A refused one is news for the caller. */
function isBrokenConnection(error: Error): boolean {
  return error instanceof ConnectionError && ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(error.code);
}

function retryAfter(answer: Dispatcher.ResponseData): number | undefined {
  const seconds = Number(answer.headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

function queryText(query: ApiRequest['query']): string {
  if (query === undefined) return '';
  const text = new URLSearchParams(query).toString();
  return text === '' ? '' : `?${text}`;
}

function flatHeaders(headers: Dispatcher.ResponseData['headers']): Record<string, string | undefined> {
  const flat: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  return flat;
}

async function readBody(answer: Dispatcher.ResponseData, isLean: boolean): Promise<unknown> {
  const isGzip = answer.headers['content-encoding'] === 'gzip';
  const text = isGzip ? (await inflate(await answer.body.arrayBuffer())).toString('utf8') : await answer.body.text();
  return String(answer.headers['content-type'] ?? '').includes('json') && text !== ''
    ? isLean
      ? parseLean(text)
      : JSON.parse(text)
    : text;
}
