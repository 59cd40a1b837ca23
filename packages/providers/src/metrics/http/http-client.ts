/**
 * HTTP over undici as Go's client does it where that can be told: ten redirects, of which 301 to 303 become GET, credentials that are not
 * taken to another host, proxies from the environment. The time limit runs on the clock that is given.
 */
import type { Clock } from '@sluice/api';
import type { Dispatcher } from 'undici';
import { type Http, type HttpAnswer, HttpError, type HttpPhase, type HttpRequest } from './http.ts';

export type HttpClientOptions = {
  readonly clock: Clock;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` are read from here, in either case. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Largest body of an answer; 16 MiB by default. */
  readonly bytesMax?: number;
};

export type HttpClient = { readonly request: Http; close(): Promise<void> };

const bytesMaxDefault = 16 * 1024 * 1024;
const redirectsMax = 10;

/** What Go's client leaves behind when a redirect goes to another host, and the keys of the services that we call. */
const credentialHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'www-authenticate',
  'cookie',
  'cookie2',
  'proxy-authorization',
  'proxy-authenticate',
  'api-key',
  'x-api-key',
  'dd-api-key',
  'dd-application-key',
]);

export function httpClient(options: HttpClientOptions): HttpClient {
  const agents = new Map<boolean, Promise<Dispatcher>>();
  const agentFor = (isInsecure: boolean): Promise<Dispatcher> => {
    const known = agents.get(isInsecure) ?? createAgent(isInsecure, options.environment ?? {});
    agents.set(isInsecure, known);
    return known;
  };
  return {
    request: (request) => send(request, options, agentFor),
    async close() {
      await Promise.all([...agents.values()].map(async (agent) => (await agent).destroy()));
      agents.clear();
    },
  };
}

async function createAgent(isInsecure: boolean, environment: Readonly<Record<string, string | undefined>>): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('./undici-agents.ts');
  const connect = { timeout: 30_000, rejectUnauthorized: !isInsecure };
  const variable = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const [httpProxy, httpsProxy] = [variable('HTTP_PROXY'), variable('HTTPS_PROXY')];
  // The time limit is ours; undici's own would end slow answers with other words.
  const limits = { headersTimeout: 0, bodyTimeout: 0 };
  if (httpProxy === '' && httpsProxy === '') return new Agent({ connect, ...limits });
  return new EnvHttpProxyAgent({
    connect,
    requestTls: { rejectUnauthorized: !isInsecure },
    ...limits,
    ...(httpProxy === '' ? {} : { httpProxy }),
    ...(httpsProxy === '' ? {} : { httpsProxy }),
    noProxy: variable('NO_PROXY'),
  });
}

type AgentFor = (isInsecure: boolean) => Promise<Dispatcher>;

async function send(first: HttpRequest, options: HttpClientOptions, agentFor: AgentFor): Promise<HttpAnswer> {
  const ending = new AbortController();
  const cancel = options.clock.after(first.timeoutMs, () => ending.abort());
  try {
    const origin = parseUrl(first);
    let request = first;
    for (let redirects = 0; ; redirects++) {
      const answer = await exchange(request, options, await agentFor(first.isInsecure === true), ending.signal);
      const location = answer.headers.location;
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      if (redirects === redirectsMax) throw new HttpError(request, 'headers', `stopped after ${redirectsMax} redirects`);
      request = redirected(request, answer.status, location, origin);
    }
  } finally {
    cancel();
  }
}

function parseUrl(request: HttpRequest): URL {
  const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  if (url === undefined) throw new HttpError(request, 'headers', 'invalid URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new HttpError(request, 'headers', `unsupported protocol scheme ${JSON.stringify(url.protocol.slice(0, -1))}`);
  }
  return url;
}

/** @see go net/http redirectBehavior, shouldCopyHeaderOnRedirect */
function redirected(request: HttpRequest, status: number, location: string, origin: URL): HttpRequest {
  const target = URL.canParse(location, request.url) ? new URL(location, request.url) : undefined;
  if (target === undefined) throw new HttpError(request, 'headers', 'failed to parse Location header');
  const keepsBody = status === 307 || status === 308;
  const isSameSite = target.hostname === origin.hostname || target.hostname.endsWith(`.${origin.hostname}`);
  const headers = Object.entries(request.headers ?? {}).filter(
    ([name]) => (isSameSite || !credentialHeaders.has(name.toLowerCase())) && (keepsBody || !/^content-(type|length)$/i.test(name)),
  );
  const { body, method, ...rest } = request;
  return {
    ...rest,
    url: target.href,
    headers: Object.fromEntries(headers),
    ...(keepsBody ? { ...(method === undefined ? {} : { method }), ...(body === undefined ? {} : { body }) } : {}),
  };
}

async function exchange(request: HttpRequest, options: HttpClientOptions, agent: Dispatcher, signal: AbortSignal): Promise<HttpAnswer> {
  const url = parseUrl(request);
  const headers: Record<string, string> = { 'user-agent': 'sluice' };
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name.toLowerCase()] = value;
  if (url.username !== '' || url.password !== '') {
    const userinfo = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization ??= `Basic ${Buffer.from(userinfo).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  let phase: HttpPhase = 'headers';
  try {
    const undici = await import('./undici-agents.ts');
    const answer = await undici.request(url, {
      method: request.method ?? 'GET',
      headers,
      dispatcher: agent,
      signal,
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    phase = 'body';
    const bytesMax = options.bytesMax ?? bytesMaxDefault;
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of answer.body) {
      chunks.push(chunk as Uint8Array);
      bytes += (chunk as Uint8Array).length;
      // Leaving the loop destroys the stream, and the connection with it.
      if (bytes > bytesMax) throw new BodyTooLarge(bytesMax);
    }
    return { status: answer.statusCode, headers: flatHeaders(answer.headers), body: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    throw new HttpError(request, phase, reasonOf(error, phase, signal, url), error);
  }
}

class BodyTooLarge extends Error {
  constructor(bytes: number) {
    super(`response body is larger than ${Math.floor(bytes / 1024)} KiB`);
  }
}

function flatHeaders(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}

/** In Go's words where it has some for it. */
function reasonOf(error: unknown, phase: HttpPhase, signal: AbortSignal, url: URL): string {
  if (signal.aborted) {
    const detail =
      phase === 'headers' ? 'Client.Timeout exceeded while awaiting headers' : 'Client.Timeout or context cancellation while reading body';
    return `context deadline exceeded (${detail})`;
  }
  if (error instanceof BodyTooLarge) return error.message;
  const cause = causeOf(error);
  const at = `${url.hostname}:${url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port}`;
  switch (cause.code) {
    case 'ECONNREFUSED':
      return `dial tcp ${cause.address ?? at}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${cause.address ?? at}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${cause.address ?? at}: connect: network is unreachable`;
    case 'ENOTFOUND':
    case 'EAI_NODATA':
      return `dial tcp: lookup ${url.hostname}: no such host`;
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}: server misbehaving`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `dial tcp ${at}: i/o timeout`;
    case 'ECONNRESET':
      return 'read: connection reset by peer';
    case 'UND_ERR_SOCKET':
      return phase === 'body' ? 'unexpected EOF' : 'EOF';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority';
    case 'CERT_HAS_EXPIRED':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is not valid for ${url.hostname}`;
    default:
      // Nothing of the request is in messages of sockets and of the parser; that of an argument may quote a header.
      return cause.code?.startsWith('UND_ERR_INVALID_ARG') === true ? 'invalid header or body' : (cause.code ?? 'malformed HTTP response');
  }
}

function causeOf(error: unknown): { readonly code: string | undefined; readonly address: string | undefined } {
  let at: unknown = error;
  // Of several addresses tried, the first that failed speaks for all.
  if (at instanceof AggregateError) at = at.errors[0];
  const { code, address, port, cause } = (at ?? {}) as { code?: unknown; address?: unknown; port?: unknown; cause?: unknown };
  if (typeof code !== 'string' && cause !== undefined) return causeOf(cause);
  const host = typeof address === 'string' && address.includes(':') ? `[${address}]` : address;
  return {
    code: typeof code === 'string' ? code : undefined,
    address: typeof host === 'string' ? `${host}:${String(port)}` : undefined,
  };
}
