/** One HTTP request from its first byte to its last: limits, body, who asks, the request path, and the answer's form. */
import type { ServerResponse as HttpResponse, IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { failure, StatusError } from '@sluice/api';
import type { Access, ServerRequest, ServerResponse, UserInfo } from '../ports.ts';
import { failed } from '../rest/answers.ts';
import { unauthorized } from '../rest/errors.ts';
import { writeAnswer } from './answer-writer.ts';
import type { Limits } from './limits.ts';
import type { ServerMetrics } from './metrics.ts';
import { writeWatch } from './watch-writer.ts';

export type ServeOptions = {
  readonly handle: (request: ServerRequest) => Promise<ServerResponse>;
  readonly access: Access;
  readonly isSecure: boolean;
  /** Whom a request without credentials stands for; absent: the authenticator decides. */
  readonly localUser?: UserInfo;
  readonly limits: Limits;
  readonly metrics: ServerMetrics;
};

const bodyBytesMax = 3 * 1024 * 1024;

export async function serve(options: ServeOptions, message: IncomingMessage, response: HttpResponse): Promise<void> {
  const url = message.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  const method = message.method ?? 'GET';
  const leave = options.limits.enter(method, query);
  try {
    const answer = leave === undefined ? failed(options.limits.refusal()) : await answerTo(options, message, method, path, query);
    options.metrics.count(method, answer.status);
    if (answer.kind === 'watch') writeWatch(answer.stream, response);
    else await writeAnswer(answer, message, response, query);
  } catch {
    // The connection is gone, or its answer can no longer be written.
    response.destroy();
  } finally {
    leave?.();
  }
}

async function answerTo(
  options: ServeOptions,
  message: IncomingMessage,
  method: string,
  path: string,
  query: URLSearchParams,
): Promise<ServerResponse> {
  try {
    const headers = message.headers as Record<string, string | undefined>;
    const certificate = options.isSecure ? peerCertificate(message.socket as TLSSocket) : undefined;
    const isNameless = options.localUser !== undefined && headers.authorization === undefined;
    const user = isNameless
      ? options.localUser
      : await options.access.authenticator.authenticate({
          headers,
          ...(certificate === undefined ? {} : { clientCertificate: certificate }),
        });
    if (user === undefined) throw unauthorized();
    const body = method === 'GET' || method === 'HEAD' ? undefined : await readBody(message);
    return await options.handle({ method, path, query, headers, user, ...(body === undefined ? {} : { body }) });
  } catch (error) {
    return failed(error);
  }
}

const certificates: WeakMap<TLSSocket, { readonly raw: Uint8Array | undefined }> = new WeakMap();

/** Asked once a connection: it cannot change, and asking is slow. */
function peerCertificate(socket: TLSSocket): Uint8Array | undefined {
  let known = certificates.get(socket);
  if (known === undefined) {
    known = { raw: socket.getPeerCertificate().raw };
    certificates.set(socket, known);
  }
  return known.raw;
}

function readBody(message: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyBytesMax) chunks.push(chunk);
    });
    message.on('end', () => {
      if (size > bodyBytesMax) reject(tooLarge());
      else resolve(size === 0 ? undefined : chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    message.on('error', reject);
    message.on('aborted', () => reject(new Error('the request was cut off')));
  });
}

function tooLarge(): StatusError {
  return new StatusError(failure(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${bodyBytesMax}`));
}
