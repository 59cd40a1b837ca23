/**
 * One HTTP listener for everything the program offers to browsers and other programs. Each request passes the same layer: who are you,
 * may you, and one audit line; routes are added by the parts that own them.
 */
import { randomUUID } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, formatTime } from '@sluice/api';
import type { Authentication, Caller, RequiredAccess } from './authentication.ts';

type RouteRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly caller: Caller | undefined;
};

type RouteAnswer = { readonly status: number; readonly body: unknown };

export type Route = {
  readonly method: string;
  readonly path: string;
  readonly access: RequiredAccess;
  handle(request: RouteRequest): Promise<RouteAnswer> | RouteAnswer;
};

/** One line a request. Never a header, a query or a body: they may hold secrets. */
export type AuditLine = {
  readonly time: string;
  readonly id: string;
  readonly user: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly milliseconds: number;
  readonly from: string;
};

export type HttpServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined;
  readonly authentication: Authentication;
  readonly routes: readonly Route[];
  readonly clock: Clock;
  readonly audit: (line: AuditLine) => void;
};

export type RunningServer = { readonly url: string; close(): Promise<void> };

const pathMax = 300;

/** @throws the system's error when the address cannot be had */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningServer> {
  const listener: RequestListener = (request, response) => void serve(options, request, response);
  const { tls } = options;
  const server: Server =
    tls === undefined ? createHttpServer(listener) : createHttpsServer({ cert: tls.certificate, key: tls.key }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(options: HttpServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { audit, clock } = options;
  const startedAt = clock.now();
  const id = randomUUID();
  const method = request.method ?? 'GET';
  const url = new URL(request.url ?? '/', 'http://sluice');
  let caller: Caller | undefined;
  let answer: RouteAnswer;
  try {
    caller = await options.authentication.identify(request.headers.authorization);
    answer = await answerFor(options, { method, path: url.pathname, query: url.searchParams, caller });
  } catch {
    answer = { status: 502, body: { error: 'the cluster could not be asked' } };
  }
  const text = typeof answer.body === 'string' ? answer.body : `${JSON.stringify(answer.body)}\n`;
  response.writeHead(answer.status, {
    'content-type': typeof answer.body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': id,
    ...(answer.status === 401 ? { 'www-authenticate': 'Bearer realm="sluice"' } : {}),
  });
  response.end(method === 'HEAD' ? undefined : text);
  audit({
    time: formatTime(startedAt),
    id,
    user: caller?.name ?? '-',
    method,
    path: url.pathname.slice(0, pathMax),
    status: answer.status,
    milliseconds: Math.round(clock.now() - startedAt),
    from: request.socket.remoteAddress ?? '-',
  });
}

async function answerFor({ routes, authentication }: HttpServerOptions, request: RouteRequest): Promise<RouteAnswer> {
  const atPath = routes.filter((route) => route.path === request.path);
  const route = atPath.find(({ method }) => method === request.method || (method === 'GET' && request.method === 'HEAD'));
  if (route?.access.kind === 'public') return route.handle(request);
  // Strangers do not learn which paths exist.
  if (request.caller === undefined) return { status: 401, body: { error: 'a bearer token is needed' } };
  if (atPath.length === 0) return { status: 404, body: { error: `there is nothing at ${request.path}` } };
  if (route === undefined) return { status: 405, body: { error: `${request.method} is not possible at ${request.path}` } };
  if (!(await authentication.permits(request.caller, route.access)))
    return { status: 403, body: { error: `${request.caller.name} may not do this` } };
  return route.handle(request);
}
