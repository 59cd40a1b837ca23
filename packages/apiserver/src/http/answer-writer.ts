/** Answers as bytes: JSON or YAML, whole when small, in pieces with back-pressure when large, compressed where that helps. */
import type { ServerResponse as HttpResponse, IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { toYaml } from '@sluice/schema';
import type { ServerResponse } from '../ports.ts';
import { negotiate } from '../rest/representation.ts';

const compress = promisify(gzip);
const compressFromBytes = 128 * 1024;

type Answer = Exclude<ServerResponse, { kind: 'watch' }>;

export async function writeAnswer(answer: Answer, message: IncomingMessage, response: HttpResponse, query: URLSearchParams): Promise<void> {
  const headers: Record<string, string> = { 'cache-control': 'no-cache, private', ...answer.headers };
  const isHead = message.method === 'HEAD';
  if (answer.kind === 'bytes') {
    headers['content-type'] = answer.contentType;
    await end(response, answer.status, headers, Buffer.isBuffer(answer.bytes) ? answer.bytes : Buffer.concat(answer.bytes), isHead);
    return;
  }
  const { accept, 'user-agent': agent } = message.headers;
  if (answer.status < 400 && accept?.includes('yaml') === true && negotiate(accept).isYaml) {
    headers['content-type'] = 'application/yaml';
    await end(response, answer.status, headers, Buffer.from(toYaml(answer.object), 'utf8'), isHead);
    return;
  }
  headers['content-type'] = 'application/json';
  if (isPretty(query, agent)) {
    await end(response, answer.status, headers, Buffer.from(`${JSON.stringify(answer.object, null, 2)}\n`, 'utf8'), isHead);
    return;
  }
  if (answer.encode === undefined) {
    const bytes = Buffer.from(`${JSON.stringify(answer.object)}\n`, 'utf8');
    await end(response, answer.status, headers, await perhapsCompressed(bytes, message, headers), isHead);
    return;
  }
  await writePieces(answer.encode(), answer.status, message, response, headers, isHead);
}

/** People read with these. */
function isPretty(query: URLSearchParams, agent: string | undefined): boolean {
  const asked = query.get('pretty');
  if (asked !== null) return asked === 'true' || asked === '1' || asked === '';
  return /^(curl|Wget|Mozilla)\//.test(agent ?? '');
}

async function writePieces(
  pieces: Iterable<Buffer>,
  status: number,
  message: IncomingMessage,
  response: HttpResponse,
  headers: Record<string, string>,
  isHead: boolean,
): Promise<void> {
  const iterator = pieces[Symbol.iterator]();
  const first = iterator.next();
  const second = first.done === true ? first : iterator.next();
  if (second.done === true) {
    const bytes = first.done === true ? Buffer.alloc(0) : first.value;
    await end(response, status, headers, await perhapsCompressed(bytes, message, headers), isHead);
    return;
  }
  if (mayCompress(message)) {
    // Somebody far away: bytes cost more than the wait.
    const rest = [first.value as Buffer, second.value];
    for (let piece = iterator.next(); piece.done !== true; piece = iterator.next()) {
      rest.push(piece.value);
      await nextTurn();
    }
    await end(response, status, headers, await perhapsCompressed(Buffer.concat(rest), message, headers), isHead);
    return;
  }
  response.writeHead(status, headers);
  if (isHead) {
    response.end();
    return;
  }
  response.write(first.value);
  let piece: IteratorResult<Buffer> = second;
  while (piece.done !== true) {
    if (!response.write(piece.value)) await drained(response);
    // Others get their turn between pieces.
    else await nextTurn();
    if (response.destroyed) return;
    piece = iterator.next();
  }
  response.end();
}

function drained(response: HttpResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    if (response.destroyed || !response.writableNeedDrain) resolve();
    else response.on('drain', done).on('close', done);
  });
}

async function end(response: HttpResponse, status: number, headers: Record<string, string>, bytes: Buffer, isHead: boolean): Promise<void> {
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(isHead ? undefined : bytes);
}

function mayCompress(message: IncomingMessage): boolean {
  const peer = message.socket.remoteAddress ?? '';
  // On the same machine the wire is free and the processor is not.
  if (peer === '::1' || peer.replace('::ffff:', '').startsWith('127.')) return false;
  return /\bgzip\b/.test(String(message.headers['accept-encoding'] ?? ''));
}

async function perhapsCompressed(bytes: Buffer, message: IncomingMessage, headers: Record<string, string>): Promise<Buffer> {
  if (bytes.length < compressFromBytes || !mayCompress(message)) return bytes;
  headers['content-encoding'] = 'gzip';
  headers.vary = 'Accept-Encoding';
  return compress(bytes, { level: 1 });
}
