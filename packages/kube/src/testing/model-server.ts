/**
 * The smallest Kubernetes API that a client can be tried against, as a transport in this process: objects by path, one counter of
 * versions, list pages, watches from any version that is still remembered. Its faults are switched by the test.
 */
import { compareResourceVersions, failure, type KubeObject, StatusError } from '@sluice/api';
import type { ApiRequest, ApiResponse, Transport, WatchEvent, WatchStream } from '../transport.ts';

type Change = { readonly collection: string; readonly version: number; readonly event: WatchEvent };

class ModelStream implements WatchStream {
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly #queue: WatchEvent[] = [];
  #wake: (() => void) | undefined;
  #end: 'no' | 'closed' | Error = 'no';
  /** A connection that is dead without anyone knowing. */
  isStalled: boolean = false;

  constructor(collection: string, namespace: string | undefined) {
    this.collection = collection;
    this.namespace = namespace;
  }

  push(event: WatchEvent): void {
    if (this.isStalled || this.#end !== 'no') return;
    this.#queue.push(event);
    this.#wake?.();
  }

  end(error?: Error): void {
    if (this.#end === 'no') this.#end = error ?? 'closed';
    this.#wake?.();
  }

  close(): void {
    this.#queue.length = 0;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<WatchEvent> {
    for (;;) {
      const next = this.#queue.shift();
      if (next !== undefined) yield next;
      else if (this.#end === 'closed') return;
      else if (this.#end !== 'no') throw this.#end;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

export class ModelServer implements Transport {
  readonly objects: Map<string, KubeObject> = new Map();
  readonly requests: ApiRequest[] = [];
  #version = 100;
  #compacted = 0;
  #history: Change[] = [];
  readonly #chains = new Map<string, { readonly version: number; readonly objects: readonly KubeObject[] }>();
  readonly #streams = new Set<ModelStream>();
  /** Every request fails while this is set. */
  isDown: boolean = false;
  /** Called before each request is answered; may throw. */
  onRequest: ((request: ApiRequest) => void | Promise<void>) | undefined = undefined;

  get version(): string {
    return String(this.#version);
  }

  get watchCount(): number {
    return this.#streams.size;
  }

  /** Breaks all watches: cut off, or ended in good order. */
  disconnect(how: 'cut' | 'end'): void {
    for (const stream of this.#streams) stream.end(how === 'cut' ? new Error('connection reset') : undefined);
    this.#streams.clear();
  }

  /** Watches stay open and say nothing any more. */
  stall(): void {
    for (const stream of this.#streams) stream.isStalled = true;
    this.#streams.clear();
  }

  /** Forgets history: resuming from before is 410, and page chains too. */
  compact(): void {
    this.#compacted = this.#version;
    this.#history = [];
    this.#chains.clear();
  }

  bookmark(): void {
    for (const stream of this.#streams) {
      stream.push({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'X', metadata: { resourceVersion: this.version } } });
    }
  }

  /** An ERROR event on all watches, after which they end. */
  expireWatches(): void {
    const status = failure(410, 'Expired', 'too old resource version');
    for (const stream of this.#streams) {
      stream.push({ type: 'ERROR', object: status });
      stream.end();
    }
    this.#streams.clear();
  }

  async request(request: ApiRequest): Promise<ApiResponse> {
    request.signal?.throwIfAborted();
    this.requests.push(request);
    await this.onRequest?.(request);
    if (this.isDown) throw new Error('connection refused');
    try {
      return { status: request.method === 'POST' ? 201 : 200, headers: {}, body: this.#answer(request) };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { status: error.code, headers: {}, body: error.status };
    }
  }

  async watch(request: ApiRequest): Promise<WatchStream> {
    this.requests.push(request);
    await this.onRequest?.(request);
    if (this.isDown) throw new Error('connection refused');
    const { collection, namespace } = collectionOf(request.path);
    const stream = new ModelStream(collection, namespace);
    const from = Number(request.query?.resourceVersion ?? 0);
    if (request.query?.sendInitialEvents === 'true') {
      for (const object of this.#list(collection, namespace)) stream.push({ type: 'ADDED', object });
      const metadata = { resourceVersion: this.version, annotations: { 'k8s.io/initial-events-end': 'true' } };
      stream.push({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'X', metadata } });
    } else if (from < this.#compacted) {
      throw new StatusError(failure(410, 'Expired', 'too old resource version'));
    } else {
      for (const { collection: of, version, event } of this.#history) {
        if (of === collection && version > from && isInNamespace(event, namespace)) stream.push(event);
      }
    }
    this.#streams.add(stream);
    request.signal?.addEventListener('abort', () => stream.close(), { once: true });
    return stream;
  }

  async close(): Promise<void> {
    this.disconnect('end');
  }

  #answer(request: ApiRequest): unknown {
    const { collection, namespace, name } = collectionOf(request.path);
    if (name === undefined && request.method === 'GET') return this.#page(request, collection, namespace);
    const key = `${collection}|${namespace ?? ''}|${name ?? (request.body as KubeObject).metadata.name}`;
    const held = this.objects.get(key);
    if (request.method === 'POST') {
      if (held !== undefined) throw new StatusError(failure(409, 'AlreadyExists', 'already exists'));
      const object = request.body as KubeObject;
      const metadata = { ...object.metadata, ...(namespace === undefined ? {} : { namespace }), uid: `uid-${this.#version}` };
      return this.#store(key, collection, 'ADDED', { ...object, metadata });
    }
    if (held === undefined) throw new StatusError(failure(404, 'NotFound', 'not found'));
    switch (request.method) {
      case 'GET':
        return held;
      case 'PUT': {
        const object = request.body as KubeObject;
        const wanted = object.metadata.resourceVersion;
        if (wanted !== undefined && wanted !== held.metadata.resourceVersion) throw new StatusError(failure(409, 'Conflict', 'conflict'));
        return this.#store(key, collection, 'MODIFIED', { ...object, metadata: { ...object.metadata, ...identity(held) } });
      }
      case 'PATCH':
        return this.#store(key, collection, 'MODIFIED', { ...held, ...(request.body as object), metadata: held.metadata });
      case 'DELETE':
        return this.#store(key, collection, 'DELETED', held);
    }
  }

  #page(request: ApiRequest, collection: string, namespace: string | undefined): unknown {
    const { limit, continue: token } = request.query ?? {};
    const [chain = '', after = ''] = token === undefined ? [] : token.split('|');
    // The pages of a chain show the moment of the first one.
    const moment = token === undefined ? { version: this.#version, objects: this.#list(collection, namespace) } : this.#chains.get(chain);
    if (moment === undefined) throw new StatusError(failure(410, 'Expired', 'the continue token is too old'));
    const rest = moment.objects.filter((object) => `${object.metadata.name}` > after);
    const items = limit === undefined ? rest : rest.slice(0, Number(limit));
    const last = items.at(-1);
    const metadata: Record<string, string> = { resourceVersion: String(moment.version) };
    if (items.length < rest.length && last !== undefined) {
      const name = chain === '' ? String(this.requests.length) : chain;
      this.#chains.set(name, moment);
      metadata.continue = `${name}|${last.metadata.name}`;
    }
    return { metadata, items };
  }

  #list(collection: string, namespace: string | undefined): readonly KubeObject[] {
    const found = [...this.objects].filter(([key]) => key.startsWith(`${collection}|${namespace === undefined ? '' : `${namespace}|`}`));
    return found.map(([, object]) => object).sort((a, b) => (`${a.metadata.name}` < `${b.metadata.name}` ? -1 : 1));
  }

  #store(key: string, collection: string, type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): KubeObject {
    const version = ++this.#version;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === 'DELETED') this.objects.delete(key);
    else this.objects.set(key, stored);
    const change: Change = { collection, version, event: { type, object: stored } };
    this.#history.push(change);
    for (const stream of this.#streams) {
      if (stream.collection === collection && isInNamespace(change.event, stream.namespace)) stream.push(change.event);
    }
    return stored;
  }
}

/** Names and versions, for comparing a cache with the server. */
export function versionsOf(objects: Iterable<KubeObject>): readonly string[] {
  return [...objects]
    .map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}@${metadata.resourceVersion}`)
    .sort((a, b) => compareResourceVersions(a, b));
}

function identity(held: KubeObject): { uid: string; resourceVersion: string } {
  return { uid: held.metadata.uid ?? '', resourceVersion: held.metadata.resourceVersion ?? '' };
}

function isInNamespace(event: WatchEvent, namespace: string | undefined): boolean {
  return namespace === undefined || (event.object as KubeObject).metadata.namespace === namespace;
}

function collectionOf(path: string): { collection: string; namespace: string | undefined; name: string | undefined } {
  const match =
    /^(?<root>\/api\/v1|\/apis\/[^/]+\/[^/]+)(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<resource>[^/]+)(?:\/(?<name>[^/]+))?/.exec(path);
  const { root, namespace, resource, name } = match?.groups ?? {};
  return { collection: `${root}/${resource}`, namespace, name };
}
