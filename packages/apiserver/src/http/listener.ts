/** The HTTP side of the server: sockets and TLS. What is behind a request it leaves to `serve.ts`. */
import { createServer as createHttp, type ServerResponse as HttpResponse, type IncomingMessage } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Access, UserInfo } from '../ports.ts';
import { type ServeOptions, serve } from './serve.ts';

export type Listener = {
  readonly address: { readonly host: string; readonly port: number; readonly url: string };
  /** Ends every connection. */
  close(): Promise<void>;
};

export type ListenOptions = ServeOptions & { readonly host: string; readonly port: number };

/** Go clients keep idle connections for 90 s; the server must not be the first to hang up. */
const keepAliveMs = 120_000;
const headersMs = keepAliveMs + 5_000;
const requestMs = headersMs + 5_000;

/** @throws Error that says which address cannot be had and why */
export async function listenHttp(options: ListenOptions): Promise<Listener> {
  const { host, port, isSecure, access } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`cannot listen on ${host}:${port}: the port must be a whole number between 0 and 65535`);
  // Over plain HTTP no client sends its credentials, so it is only of use to the person at this machine.
  const serving = isSecure || !isLoopback(host) ? options : { ...options, localUser: administrator };
  const onRequest = (message: IncomingMessage, response: HttpResponse): void => void serve(serving, message, response);
  const common = { noDelay: true, keepAliveTimeout: keepAliveMs, headersTimeout: headersMs, requestTimeout: requestMs };
  const server = isSecure ? createHttps({ ...common, ...(await tlsOptions(access, host)) }, onRequest) : createHttp(common, onRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new Error(`cannot listen on ${host}:${port}: ${reasonOf(error)}`, { cause: error })));
    server.listen({ host, port }, resolve);
  });
  const bound = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    address: { host, port: bound.port, url: `${isSecure ? 'https' : 'http'}://${shown}:${bound.port}` },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const administrator: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

async function tlsOptions(access: Access, host: string): Promise<object> {
  const { certificatePem, keyPem, authorityPem } = await access.servingCertificate(host);
  // Certificates of clients are asked for and judged by the authenticator, which knows the words for a bad one.
  return { cert: certificatePem, key: keyPem, ca: authorityPem, requestCert: true, rejectUnauthorized: false };
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use by another program',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
};

function reasonOf(error: Error): string {
  return reasons[(error as NodeJS.ErrnoException).code ?? ''] ?? error.message;
}
