/**
 * An answer that goes on: a JSON value a line, the rollouts of a namespace as they change. A reader that is slow gets fewer states, the
 * last of each rollout, and costs no memory.
 */
import type { ServerResponse } from 'node:http';
import { failures, streamFailure } from './answers.ts';
import type { Lease } from './follower-pool.ts';

/** Sends all rollouts, then each that changed. Ends with the connection, which gives the lease back. */
export function streamList(response: ServerResponse, { follower, release }: Lease): void {
  const sent = new Map<string, string>();
  const line = (name: string): string | undefined => {
    const info = follower.json(name, 'shallow');
    const before = sent.get(name);
    if (info === before) return undefined;
    if (info === undefined) {
      sent.delete(name);
      return `{"result":{"type":"Deleted","rolloutInfo":${before}}}`;
    }
    sent.set(name, info);
    return `{"result":{"type":"Updated","rolloutInfo":${info}}}`;
  };
  const lines = new LineWriter(response, line);
  lines.offer(follower.names());
  const unsubscribe = follower.subscribe((names) => lines.offer(names));
  response.once('close', () => {
    unsubscribe();
    release();
  });
}

/** Sends one rollout whenever it changes. When it is deleted the stream ends and says so. */
export function streamRollout(response: ServerResponse, { follower, release }: Lease, name: string): void {
  let sent: string | undefined;
  const line = (): string | undefined => {
    const info = follower.json(name, 'whole');
    if (info === sent) return undefined;
    sent = info;
    if (info !== undefined) return `{"result":${info}}`;
    response.end(`${JSON.stringify(streamFailure(failures.notFound(`rollout.argoproj.io "${name}" not found`)))}\n`);
    return undefined;
  };
  const lines = new LineWriter(response, line);
  lines.offer([name]);
  const unsubscribe = follower.subscribe((names) => {
    if (names.has(name)) lines.offer([name]);
  });
  response.once('close', () => {
    unsubscribe();
    release();
  });
}

/** Writes as much as the connection takes, and remembers what changed meanwhile by name only. */
class LineWriter {
  readonly #response: ServerResponse;
  readonly #line: (name: string) => string | undefined;
  readonly #waiting = new Set<string>();
  #isBlocked = false;

  constructor(response: ServerResponse, line: (name: string) => string | undefined) {
    this.#response = response;
    this.#line = line;
    response.on('drain', () => {
      this.#isBlocked = false;
      this.#write();
    });
  }

  offer(names: Iterable<string>): void {
    for (const name of names) this.#waiting.add(name);
    this.#write();
  }

  #write(): void {
    for (const name of this.#waiting) {
      if (this.#isBlocked || this.#response.writableEnded) return;
      this.#waiting.delete(name);
      const text = this.#line(name);
      if (text !== undefined) this.#isBlocked = !this.#response.write(`${text}\n`);
    }
  }
}
