/**
 * The server called as a function: the same requests as over HTTP without bytes in between. Objects in answers and watch events are the
 * server's own and shared by all readers, so nobody may change them.
 */
import { type Status, StatusError } from '@sluice/api';
import type { ApiServer, ServerRequest, ServerWatch, UserInfo, WatchFrame } from '@sluice/apiserver';
import type { ApiRequest, ApiResponse, Transport, WatchEvent, WatchStream } from '@sluice/kube';

/**
 * @param user - on whose behalf every call is made; nobody authenticates it again
 * @param userAgent - shown in `metadata.managedFields` where a write names no field manager
 */
export function inProcessTransport(server: Pick<ApiServer, 'handle'>, user: UserInfo, userAgent = 'sluice'): Transport {
  const watches = new Set<WatchStream>();

  const toServer = (request: ApiRequest): ServerRequest => {
    const headers: Record<string, string> = { accept: request.accept ?? 'application/json', 'user-agent': userAgent };
    if (request.body !== undefined) headers['content-type'] = request.contentType ?? 'application/json';
    return {
      method: request.method,
      path: request.path,
      query: new URLSearchParams(request.query),
      headers,
      user,
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(request.signal === undefined ? {} : { signal: request.signal }),
    };
  };

  return {
    async request(request): Promise<ApiResponse> {
      request.signal?.throwIfAborted();
      const answer = await server.handle(toServer(request));
      if (answer.kind === 'watch') {
        answer.stream.close();
        throw new Error(`${request.path} answered with a watch`);
      }
      const headers = answer.headers ?? {};
      if (answer.kind === 'object') return { status: answer.status, headers, body: answer.object };
      const text = (Buffer.isBuffer(answer.bytes) ? answer.bytes : Buffer.concat([...answer.bytes])).toString('utf8');
      const isJson = answer.contentType.startsWith('application/json');
      return { status: answer.status, headers: { ...headers, 'content-type': answer.contentType }, body: isJson ? JSON.parse(text) : text };
    },

    async watch(request): Promise<WatchStream> {
      const answer = await server.handle(toServer({ ...request, query: { ...request.query, watch: 'true' } }));
      if (answer.kind === 'object') throw new StatusError(answer.object as Status);
      if (answer.kind !== 'watch') throw new Error(`${request.path} did not answer with a watch`);
      const stream = new FrameStream(answer.stream, () => watches.delete(stream), request.signal);
      watches.add(stream);
      return stream;
    },

    async close(): Promise<void> {
      for (const stream of [...watches]) stream.close();
    },
  };
}

/** Frames as they are pushed, handed out as they are asked for. */
class FrameStream implements WatchStream {
  readonly #watch: ServerWatch;
  readonly #onClose: () => void;
  readonly #signal: AbortSignal | undefined;
  #frames: WatchFrame[] = [];
  #isOver = false;
  /** From this side: what has not been read is dropped. When the server ends it, it is read to the end first. */
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(watch: ServerWatch, onClose: () => void, signal: AbortSignal | undefined) {
    this.#watch = watch;
    this.#onClose = onClose;
    this.#signal = signal;
    watch.onEvents(
      (events) => {
        if (this.#isOver) return;
        this.#frames.push(...events);
        this.#wakeUp();
      },
      () => this.#end(),
    );
    signal?.addEventListener('abort', this.close, { once: true });
    if (signal?.aborted === true) this.close();
  }

  readonly close = (): void => {
    if (this.#isOver) return;
    this.#isClosed = true;
    this.#frames = [];
    this.#end();
    this.#watch.close();
  };

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent> {
    for (;;) {
      const frames = this.#frames;
      this.#frames = [];
      for (const frame of frames) {
        if (this.#isClosed) return;
        yield { type: frame.type, object: frame.object };
      }
      if (this.#frames.length > 0) continue;
      if (this.#isOver) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#signal?.removeEventListener('abort', this.close);
    this.#onClose();
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
