/**
 * A watch answer as events: the body is cut into lines on bytes and each line is decoded once.
 * One connection's worth; resuming is the informer's business.
 */
import type { Readable } from 'node:stream';
import { parseLean } from './lean-json.ts';
import type { ApiRequest, WatchEvent, WatchStream } from './transport.ts';

/**
 * Cuts chunks into lines without copying what arrives whole. A rest without an end of line is what a dead connection cut off: it is
 * never handed out.
 */
class LineSplitter {
  #rest: Buffer[] = [];

  /** Text of each line that this chunk completes; empty lines are left out. */
  *push(chunk: Buffer): Generator<string> {
    let from = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, from)) {
      if (this.#rest.length > 0) {
        this.#rest.push(chunk.subarray(from, end));
        const line = Buffer.concat(this.#rest).toString('utf8');
        this.#rest = [];
        if (line !== '') yield line;
      } else if (end > from) {
        yield chunk.toString('utf8', from, end);
      }
      from = end + 1;
    }
    if (from < chunk.length) this.#rest.push(chunk.subarray(from));
  }
}

/**
 * Events of a body. Iteration ends when the server ends the answer or `close` is called, and throws what `explain` makes of a
 * connection that breaks.
 */
export function watchStreamOf(
  body: Readable,
  explain: (error: unknown) => Error,
  request: Pick<ApiRequest, 'signal' | 'isLean'>,
): WatchStream {
  const { signal } = request;
  const parse = request.isLean === true ? parseLean : JSON.parse;
  let isClosed = false;
  const close = (): void => {
    isClosed = true;
    signal?.removeEventListener('abort', close);
    body.destroy();
  };
  // A body nobody reads any more still tells of its end; without a listener that would end the process.
  body.on('error', () => {});
  signal?.addEventListener('abort', close, { once: true });
  if (signal?.aborted === true) close();

  async function* events(): AsyncGenerator<WatchEvent> {
    const splitter = new LineSplitter();
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        for (const line of splitter.push(chunk)) {
          if (isClosed) return;
          yield parse(line) as WatchEvent;
        }
      }
    } catch (error) {
      if (!isClosed) throw explain(error);
    } finally {
      close();
    }
  }
  const iterator = events();
  return { close, [Symbol.asyncIterator]: () => iterator };
}
