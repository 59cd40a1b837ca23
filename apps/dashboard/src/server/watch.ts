/**
 * A stream of the server, followed for as long as somebody looks: connected again when it breaks, let go while the page is hidden (a
 * browser has only six connections for all of its tabs).
 */
import { failureText } from './api.ts';

export type Connection = 'connecting' | 'live' | 'lost';

export type WatchHandlers<T> = {
  /** A new stream has begun: what follows is everything from the start. */
  opened(): void;
  values(values: readonly T[]): void;
  connection(state: Connection): void;
  /** The server said no, in its words. It is asked again later. */
  failed(message: string): void;
};

const retryMsMin = 500;
const retryMsMax = 10_000;
const hiddenMs = 10_000;

/** Returns a function that ends it. */
export function watch<T>(url: string, handlers: WatchHandlers<T>): () => void {
  let stream: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let retryMs = retryMsMin;
  let isEnded = false;

  async function follow(): Promise<void> {
    const own = new AbortController();
    stream = own;
    try {
      const answer = await fetch(url, { signal: own.signal });
      if (answer.ok && answer.body !== null) {
        handlers.opened();
        handlers.connection('live');
        retryMs = retryMsMin;
        await readLines(answer.body, (lines) => deliver(lines));
      } else {
        handlers.failed(await failureText(answer));
      }
    } catch {
      // The network; what matters is told below.
    }
    if (own.signal.aborted || isEnded) return;
    handlers.connection('lost');
    timer = setTimeout(() => void follow(), retryMs);
    retryMs = Math.min(retryMs * 2, retryMsMax);
  }

  function deliver(lines: readonly string[]): void {
    const values: T[] = [];
    for (const line of lines) {
      const { result, error } = JSON.parse(line) as { readonly result?: T; readonly error?: { readonly message?: string } };
      if (error !== undefined) handlers.failed(error.message ?? 'the stream ended');
      else if (result !== undefined) values.push(result);
    }
    if (values.length > 0) handlers.values(values);
  }

  function letGo(): void {
    clearTimeout(timer);
    stream?.abort();
    stream = undefined;
  }

  function visibilityChanged(): void {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(letGo, hiddenMs);
    else if (stream === undefined || stream.signal.aborted) void follow();
    else if (retryMs > retryMsMin) {
      retryMs = retryMsMin;
      letGo();
      void follow();
    }
  }

  document.addEventListener('visibilitychange', visibilityChanged);
  handlers.connection('connecting');
  void follow();
  return () => {
    isEnded = true;
    document.removeEventListener('visibilitychange', visibilityChanged);
    letGo();
  };
}

async function readLines(body: ReadableStream<Uint8Array>, take: (lines: readonly string[]) => void): Promise<void> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    const whole = lines.filter((line) => line !== '');
    if (whole.length > 0) take(whole);
  }
}
