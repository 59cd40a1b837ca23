/** Answers of every verb: stored objects in the form that was asked for, warnings as headers, failures as Status. */
import { failure, type KubeObject, StatusError } from '@sluice/api';
import type { ServerRequest, ServerResponse } from '../ports.ts';
import { StoredObject } from '../store/stored-object.ts';
import type { RestContext, Target } from './context.ts';
import type { Write, Written } from './object-writer.ts';
import type { WriteOptions } from './options.ts';
import { type Accepted, representationOf, tableOf, tableQuery } from './representation.ts';
import type { RequestInfo } from './request-info.ts';

/** One request with everything that was found out about it. */
export type Call = {
  readonly context: RestContext;
  readonly request: ServerRequest;
  readonly info: RequestInfo;
  readonly target: Target;
  readonly accepted: Accepted;
};

/** Who writes, and under which manager's name. */
export function writeOf(call: Call, options: WriteOptions, subresource?: string): Write {
  const { request } = call;
  return {
    user: request.user,
    manager: options.fieldManager ?? managerOf(request.headers['user-agent']),
    dryRun: options.dryRun,
    ...(request.body instanceof Uint8Array ? { bodyBytes: request.body.byteLength } : {}),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** The user agent up to its first slash. @see apiserver managerOrUserAgent */
function managerOf(userAgent: string | undefined): string {
  const name = (userAgent ?? '').split('/')[0] ?? '';
  return name === '' ? 'unknown' : name.slice(0, 128);
}

export function answerWritten(call: Call, written: Written, status: number, warnings: readonly string[]): ServerResponse {
  const response = written.stored === undefined ? answerObject(call, written.object, status) : answer(call, written.stored, status);
  return withWarnings(response, warnings);
}

/** The same answer with `Warning` headers. */
export function withWarnings(response: ServerResponse, warnings: readonly string[]): ServerResponse {
  if (warnings.length === 0 || response.kind === 'watch') return response;
  const texts = warnings.map((text) => `299 - ${JSON.stringify(text)}`);
  const before = response.headers?.warning;
  return withHeader(response, 'warning', (before === undefined ? texts : [before, ...texts]).join(', '));
}

/** Runs what follows decoding: a write that fails is answered with the warnings of its body too. */
export async function warning(warnings: readonly string[], run: () => Promise<ServerResponse>): Promise<ServerResponse> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return withWarnings(failed(error), warnings);
  }
}

function withHeader(response: Exclude<ServerResponse, { kind: 'watch' }>, name: string, value: string): ServerResponse {
  const headers = { ...response.headers, [name]: value };
  if (response.kind === 'bytes') return { ...response, headers };
  const { encode } = response;
  return {
    kind: 'object',
    status: response.status,
    headers,
    // Lists make their object when it is asked for: a copy must not ask.
    get object() {
      return response.object;
    },
    ...(encode === undefined ? {} : { encode: () => encode.call(response) }),
  };
}

/** A stored object in the form asked for. */
export function answer(call: Call, stored: StoredObject, status: number): ServerResponse {
  const { accepted, target } = call;
  if (accepted.form === 'table') return answerTable(call, representationOf(target.served, target.storage, accepted).object(stored), status);
  const representation = representationOf(target.served, target.storage, accepted);
  return { kind: 'object', status, object: representation.object(stored), encode: () => [representation.bytes(stored)] };
}

/** An object that is not in the store, such as the result of a dry run; it is in the storage version. */
export function answerObject(call: Call, object: KubeObject, status: number): ServerResponse {
  return answer(call, StoredObject.of(0, object), status);
}

function answerTable(call: Call, object: KubeObject, status: number): ServerResponse {
  const { context, target, request, accepted } = call;
  const { resourceVersion } = object.metadata;
  const table = tableOf(context.tables, target.served, [object], {
    ...tableQuery(request.query),
    metaVersion: accepted.metaVersion,
    metadata: resourceVersion === undefined ? {} : { resourceVersion },
    withColumns: true,
  });
  return { kind: 'object', status, object: table };
}

export function pathNotFound(): ServerResponse {
  return { kind: 'bytes', status: 404, contentType: 'text/plain; charset=utf-8', bytes: Buffer.from('404 page not found\n') };
}

/** Any failure as an answer. What nobody expected is a 500 without its details. */
export function failed(error: unknown): ServerResponse {
  if (error instanceof StatusError) {
    const retry = error.status.details?.retryAfterSeconds;
    return {
      kind: 'object',
      status: error.code,
      object: error.status,
      ...(retry === undefined ? {} : { headers: { 'retry-after': String(retry) } }),
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: 'object',
    status: 500,
    object: failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }),
  };
}
