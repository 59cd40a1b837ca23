/**
 * A store that lives in a folder: `snapshot-N` is the state at the beginning of `log-N`. A start reads the newest snapshot and the logs from
 * there on; when a log has grown, the next one is begun and a snapshot is written beside the work, in small slices.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '@sluice/api';
import { lockFolder } from './folder-lock.ts';
import { LogFile } from './log-file.ts';
import { encodeRecord, readRecords } from './log-record.ts';
import type { Journal, Store } from './store.ts';

export type DataFolderOptions = {
  readonly folder: string;
  readonly durability: 'durable' | 'relaxed';
  readonly clock: Clock;
  /** A log that is longer, and twice as long as the last snapshot, is followed by a snapshot. 32 MiB by default. */
  readonly snapshotAfterBytes?: number;
};

const snapshotAfterBytesDefault = 32 * 1024 * 1024;
const sliceObjects = 64;
const sliceBytes = 256 * 1024;
const endMark = 'end';

/** Makes the folder if need be. @throws Error that names the folder and what is wrong with it */
export function prepareFolder(folder: string): void {
  try {
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      EACCES: 'permission denied',
      EROFS: 'the file system is read-only',
      EEXIST: 'it is not a folder',
      ENOTDIR: 'part of its path is not a folder',
      ENOENT: 'it cannot be made there',
      ENOSPC: 'no space left on the device',
    };
    throw new Error(`cannot use data folder ${folder}: ${reasons[code ?? ''] ?? message}`, { cause: error });
  }
}

/** One level after the other: the recursive mkdir of Node 20 never ends where the file system answers ENOENT for a new name. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(folder).isDirectory()) return;
    const parent = dirname(folder);
    if (code !== 'ENOENT' || parent === folder || existsSync(parent)) throw error;
    makeFolder(parent);
    mkdirSync(folder, { mode: 0o700 });
  }
}

/**
 * Fills an empty store from a folder and lets it go on there.
 *
 * @throws Error for a folder that is in use, cannot be written, or holds a damaged log
 */
export function openDataFolder(store: Store, options: DataFolderOptions): void {
  const { folder } = options;
  prepareFolder(folder);
  const lock = lockFolder(folder);
  try {
    const recovered = recover(store, folder);
    const journal = new FolderJournal(store, options, recovered, () => lock.release());
    store.resume(recovered.revision, recovered.floor, journal);
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Recovered = {
  readonly revision: number;
  readonly floor: number;
  readonly number: number;
  readonly logBytes: number;
  readonly snapshotBytes: number;
};

function recover(store: Store, folder: string): Recovered {
  const names = readdirSync(folder);
  for (const name of names) if (name.endsWith('.new')) unlinkSync(join(folder, name));
  const snapshots = numbersOf(names, 'snapshot');
  const logs = numbersOf(names, 'log');
  const base = snapshots.at(-1) ?? 0;
  let revision = 1;
  let snapshotBytes = 0;
  if (base > 0) {
    const file = readFileSync(join(folder, fileName('snapshot', base)));
    snapshotBytes = file.length;
    let isWhole = false;
    readRecords(file, (record) => {
      revision = Math.max(revision, record.revision);
      if (record.kind === '') isWhole = record.key === endMark;
      else store.kind(record.kind).placeBytes(record.key, record.revision, record.bytes);
    });
    if (!isWhole) throw new Error(`${join(folder, fileName('snapshot', base))} is damaged: its end is missing`);
  }
  const floor = revision;
  store.resumeFrom(floor);
  const newer = logs.filter((number) => number >= base);
  let logBytes = 0;
  for (const [index, number] of newer.entries()) {
    const path = join(folder, fileName('log', number));
    const file = readFileSync(path);
    logBytes = readRecords(file, (record) => {
      revision = Math.max(revision, record.revision);
      store.recover(store.kind(record.kind), record.key, record.revision, record.bytes);
    });
    if (logBytes === file.length) continue;
    if (index < newer.length - 1) throw new Error(`${path} is damaged at byte ${logBytes}`);
    // The last write was cut off by a crash; nobody was told that it had happened.
    truncateSync(path, logBytes);
  }
  for (const number of [...snapshots, ...logs]) if (number < base) removeGeneration(folder, number);
  return { revision, floor, number: newer.at(-1) ?? Math.max(base, 1), logBytes, snapshotBytes };
}

/** The log of a folder, with a snapshot now and then. */
class FolderJournal implements Journal {
  readonly #store: Store;
  readonly #folder: string;
  readonly #log: LogFile;
  readonly #release: () => void;
  readonly #afterBytes: number;
  #number: number;
  #snapshotBytes: number;
  #snapshot: Promise<void> | undefined;
  #isClosing = false;

  constructor(store: Store, options: DataFolderOptions, recovered: Recovered, release: () => void) {
    this.#store = store;
    this.#folder = options.folder;
    this.#release = release;
    this.#number = recovered.number;
    this.#snapshotBytes = recovered.snapshotBytes;
    this.#afterBytes = options.snapshotAfterBytes ?? snapshotAfterBytesDefault;
    this.#log = new LogFile(
      {
        path: join(options.folder, fileName('log', recovered.number)),
        isRelaxed: options.durability === 'relaxed',
        clock: options.clock,
        onIdle: (bytes) => this.#rotated(bytes),
      },
      recovered.logBytes,
    );
    syncFolder(options.folder);
  }

  append: Journal['append'] = (entry, done) => this.#log.append(entry, done);

  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#snapshot;
    await this.#log.close();
    this.#release();
  }

  #rotated(bytes: number): string | undefined {
    if (this.#isClosing || this.#snapshot !== undefined) return undefined;
    if (bytes < this.#afterBytes || bytes < 2 * this.#snapshotBytes) return undefined;
    this.#number++;
    // Everything in the old log is published now, and nothing else is: these pointers are the state between the two logs.
    const entries = [...this.#store.kinds()].flatMap((kind) => [...kind.entries].map(([key, stored]) => ({ kind: kind.id, key, stored })));
    this.#snapshot = this.#write(entries, this.#store.revision, this.#number)
      // The logs are all still there: the next rotation tries again.
      .catch(() => undefined)
      .finally(() => {
        this.#snapshot = undefined;
      });
    return join(this.#folder, fileName('log', this.#number));
  }

  async #write(
    entries: readonly {
      readonly kind: string;
      readonly key: string;
      readonly stored: { readonly revision: number; readonly bytes: Buffer };
    }[],
    revision: number,
    number: number,
  ): Promise<void> {
    const path = join(this.#folder, fileName('snapshot', number));
    const file = await open(`${path}.new`, 'w', 0o600);
    let total = 0;
    try {
      let pieces: Buffer[] = [];
      let size = 0;
      let count = 0;
      const flush = async (): Promise<void> => {
        const slice = Buffer.concat(pieces);
        pieces = [];
        size = 0;
        count = 0;
        total += slice.length;
        await file.writeFile(slice);
      };
      for (const { kind, key, stored } of entries) {
        for (const piece of encodeRecord({ revision: stored.revision, kind, key, bytes: stored.bytes })) {
          pieces.push(piece);
          size += piece.length;
        }
        if (++count < sliceObjects && size < sliceBytes) continue;
        await flush();
        if (this.#isClosing) return;
      }
      pieces.push(...encodeRecord({ revision, kind: '', key: endMark, bytes: undefined }));
      await flush();
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(`${path}.new`, path);
    syncFolder(this.#folder);
    this.#snapshotBytes = total;
    const names = readdirSync(this.#folder);
    for (const old of [...numbersOf(names, 'snapshot'), ...numbersOf(names, 'log')]) if (old < number) removeGeneration(this.#folder, old);
  }
}

function fileName(sort: 'log' | 'snapshot', number: number): string {
  return `${sort}-${String(number).padStart(8, '0')}`;
}

function numbersOf(names: readonly string[], sort: 'log' | 'snapshot'): readonly number[] {
  return names
    .flatMap((name) => {
      const match = /^(log|snapshot)-(\d{8,})$/.exec(name);
      return match?.[1] === sort ? [Number(match[2])] : [];
    })
    .sort((a, b) => a - b);
}

function removeGeneration(folder: string, number: number): void {
  for (const sort of ['snapshot', 'log'] as const) {
    try {
      unlinkSync(join(folder, fileName(sort, number)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** Makes new names in a folder durable. */
function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
