/** Documents as the bytes that go over the wire: made when first asked for, gzipped and hashed once, dropped when the registry changes. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { ResourceRegistry, ServerRequest, ServerResponse } from '../ports.ts';

export type Document = { readonly contentType: string; readonly bytes: Buffer; readonly etag: string; gzipped?: Buffer };

/** Below this a gzip costs more than it saves; the same bound as a real server's. */
const gzipFromBytes = 128 * 1024;

export class DocumentCache {
  readonly #registry: ResourceRegistry;
  #generation = -1;
  readonly #documents: Map<string, Document> = new Map();

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /** The document of that key, made now if need be. */
  get(key: string, contentType: string, make: () => unknown): Document {
    let document = this.peek(key);
    if (document === undefined) {
      document = toDocument(contentType, Buffer.from(JSON.stringify(make())));
      this.keep(key, document);
    }
    return document;
  }

  peek(key: string): Document | undefined {
    if (this.#generation !== this.#registry.generation) {
      this.#documents.clear();
      this.#generation = this.#registry.generation;
    }
    return this.#documents.get(key);
  }

  keep(key: string, document: Document): void {
    this.#documents.set(key, document);
  }
}

export function toDocument(contentType: string, bytes: Buffer): Document {
  return { contentType, bytes, etag: createHash('sha512').update(bytes).digest('hex').toUpperCase() };
}

/** Answers with a document, as 304 when the client has it, gzipped when it is large and the client takes that. */
export function answer(request: ServerRequest, document: Document, headers: Readonly<Record<string, string>> = {}): ServerResponse {
  const etag = `"${document.etag}"`;
  const common = { ...headers, etag, vary: 'Accept' };
  const known = request.headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (known?.includes(etag) === true) {
    return { kind: 'bytes', status: 304, contentType: document.contentType, headers: common, bytes: Buffer.alloc(0) };
  }
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  if (!takesGzip || document.bytes.length < gzipFromBytes) {
    return { kind: 'bytes', status: 200, contentType: document.contentType, headers: common, bytes: document.bytes };
  }
  document.gzipped ??= gzipSync(document.bytes, { level: 4 });
  return {
    kind: 'bytes',
    status: 200,
    contentType: document.contentType,
    headers: { ...common, 'content-encoding': 'gzip' },
    bytes: document.gzipped,
  };
}
