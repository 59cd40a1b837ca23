/**
 * The append-only log with group commit: while one write runs, what arrives is collected, and then written in one call.
 * `durable` opens the file so that a write ends when the disk has its data (`O_DSYNC`: a write and an fdatasync in one trip to the
 * kernel) and answers then; `relaxed` answers at once and syncs each 100 ms.
 */
import { close, constants, fdatasync, ftruncateSync, openSync, write } from 'node:fs';
import type { Clock } from '@sluice/api';
import { encodeRecord } from './log-record.ts';
import type { Journal, JournalEntry } from './store.ts';

const relaxedSyncMs = 100;

type Waiting = { readonly pieces: readonly Buffer[]; readonly done: (error: Error | undefined) => void };

export type LogFileOptions = {
  readonly path: string;
  readonly isRelaxed: boolean;
  readonly clock: Clock;
  /** Called when nothing is in flight, with the bytes written to this file: may answer the path of the file to go on in. */
  readonly onIdle: (bytes: number) => string | undefined;
};

function flagsOf({ isRelaxed }: LogFileOptions): number {
  const { O_APPEND, O_CREAT, O_DSYNC, O_WRONLY } = constants;
  return O_APPEND | O_CREAT | O_WRONLY | (isRelaxed ? 0 : O_DSYNC);
}

export class LogFile implements Journal {
  readonly #options: LogFileOptions;
  #file: number;
  #bytes: number;
  #waiting: Waiting[] = [];
  #isBusy = false;
  #isScheduled = false;
  #failure: Error | undefined;
  #isDirty = false;
  #cancelSync: (() => void) | undefined;
  #onDrained: (() => void)[] = [];

  /** Opens for appending. @param bytes - how much of the file is whole */
  constructor(options: LogFileOptions, bytes: number) {
    this.#options = options;
    this.#file = openSync(options.path, flagsOf(options), 0o600);
    this.#bytes = bytes;
  }

  append(entry: () => JournalEntry, done: (error: Error | undefined) => void): void {
    if (this.#failure !== undefined) {
      done(this.#failure);
      return;
    }
    const pieces = encodeRecord(entry());
    if (this.#options.isRelaxed) {
      this.#waiting.push({ pieces, done: () => {} });
      done(undefined);
    } else {
      this.#waiting.push({ pieces, done });
    }
    this.#schedule();
  }

  async close(): Promise<void> {
    if (this.#isBusy || this.#waiting.length > 0) await new Promise<void>((resolve) => this.#onDrained.push(resolve));
    this.#cancelSync?.();
    if (this.#isDirty) await new Promise<void>((resolve) => fdatasync(this.#file, () => resolve()));
    await new Promise<void>((resolve) => close(this.#file, () => resolve()));
  }

  #schedule(): void {
    if (this.#isBusy || this.#isScheduled) return;
    this.#isScheduled = true;
    // Whatever else came in with this turn of the loop goes into the same write.
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isBusy) this.#flush();
    });
  }

  #flush(): void {
    const batch = this.#waiting;
    if (batch.length === 0) {
      for (const resolve of this.#onDrained.splice(0)) resolve();
      return;
    }
    this.#waiting = [];
    this.#isBusy = true;
    const bytes = Buffer.concat(batch.flatMap(({ pieces }) => pieces));
    this.#write(bytes, 0, (error) => {
      if (error !== undefined) {
        this.#failed(batch, error);
        return;
      }
      this.#bytes += bytes.length;
      if (this.#options.isRelaxed) this.#syncLater();
      this.#settled(batch);
    });
  }

  #write(bytes: Buffer, from: number, done: (error: Error | undefined) => void): void {
    write(this.#file, bytes, from, bytes.length - from, null, (error, count) => {
      if (error !== null) done(error);
      else if (from + count < bytes.length) this.#write(bytes, from + count, done);
      else done(undefined);
    });
  }

  #settled(batch: readonly Waiting[]): void {
    for (const { done } of batch) done(undefined);
    const next = this.#options.onIdle(this.#bytes);
    if (next !== undefined) this.#goOnIn(next);
    this.#isBusy = false;
    this.#flush();
  }

  #goOnIn(path: string): void {
    const old = this.#file;
    this.#file = openSync(path, flagsOf(this.#options), 0o600);
    this.#bytes = 0;
    fdatasync(old, () => close(old, () => {}));
  }

  /** What could not be kept must not be half there: the file is cut back to what was whole, and everybody waiting is told. */
  #failed(batch: readonly Waiting[], error: Error): void {
    const failure = new Error(`write ${this.#options.path}: ${error.message}`, { cause: error });
    try {
      ftruncateSync(this.#file, this.#bytes);
    } catch {
      this.#failure = failure;
    }
    const all = [...batch, ...this.#waiting];
    this.#waiting = [];
    this.#isBusy = false;
    // Those that wait build on the failed ones.
    for (const { done } of all) done(failure);
    if (this.#options.isRelaxed) this.#failure = failure;
    this.#flush();
  }

  #syncLater(): void {
    this.#isDirty = true;
    if (this.#cancelSync !== undefined) return;
    this.#cancelSync = this.#options.clock.after(relaxedSyncMs, () => {
      this.#cancelSync = undefined;
      this.#isDirty = false;
      fdatasync(this.#file, () => {});
    });
  }
}
