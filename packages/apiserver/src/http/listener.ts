/** The HTTP side of the server: sockets, TLS, limits, and answers as bytes. */
import { createServer as createHttp, type ServerResponse as HttpResponse, type IncomingMessage } from 'node:http';
import { createServer as createHttps, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '@sluice/api';
import type { Access, ServerRequest, ServerResponse } from '../ports.ts';
import { failed } from '../rest/answers.ts';
import { unauthorized } from '../rest/errors.ts';

export type Listener = {
  readonly address: { readonly host: string; readonly port: number; readonly url: string };
  close(): Promise<void>;
};

export type ListenOptions = {
  readonly handle: (request: ServerRequest) => Promise<ServerResponse>;
  readonly access: Access;
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
};

export async function listenHttp(options: ListenOptions): Promise<Listener> {
  const { host, port, tls, access } = options;
  const onRequest = (message: IncomingMessage, response: HttpResponse): void => void serve(options, message, response);
  const server = tls ? createHttps(await tlsOptions(access, host), onRequest) : createHttp(onRequest);
  server.keepAliveTimeout = 120_000;
  server.headersTimeout = 125_000;
  server.requestTimeout = 0;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const bound = server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return {
    address: { host, port: bound.port, url: `${tls ? 'https' : 'http'}://${shown}:${bound.port}` },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        (server as Server).closeAllConnections();
      }),
  };
}

async function tlsOptions(access: Access, host: string): Promise<object> {
  const { certificatePem, keyPem, authorityPem } = await access.servingCertificate(host);
  return { cert: certificatePem, key: keyPem, ca: authorityPem, requestCert: true, rejectUnauthorized: false };
}

async function serve(options: ListenOptions, message: IncomingMessage, response: HttpResponse): Promise<void> {
  const answer = await answerTo(options, message).catch(failed);
  if (answer.kind === 'watch') {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    answer.stream.onEvents(
      (events) => response.write(Buffer.concat(events.map((event) => event.bytes()))),
      () => response.end(),
    );
    response.on('close', () => answer.stream.close());
    return;
  }
  if (answer.kind === 'bytes') {
    response.writeHead(answer.status, { 'content-type': answer.contentType, ...answer.headers });
    response.end(Buffer.isBuffer(answer.bytes) ? answer.bytes : Buffer.concat(answer.bytes));
    return;
  }
  response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
  response.end(answer.encode === undefined ? `${JSON.stringify(answer.object)}\n` : Buffer.concat([...answer.encode()]));
}

async function answerTo(options: ListenOptions, message: IncomingMessage): Promise<ServerResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(message.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  const certificate = options.tls ? (message.socket as TLSSocket).getPeerCertificate?.()?.raw : undefined;
  const user = await options.access.authenticator.authenticate({
    headers,
    ...(certificate === undefined ? {} : { clientCertificate: certificate }),
  });
  if (user === undefined) throw unauthorized();
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  return options.handle({
    method: message.method ?? 'GET',
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers,
    ...(chunks.length === 0 ? {} : { body: chunks.length === 1 ? chunks[0] : Buffer.concat(chunks) }),
    user,
  });
}
