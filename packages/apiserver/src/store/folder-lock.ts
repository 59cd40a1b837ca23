/** One process a data folder. The lock names its holder, so that the lock of a process that died is taken over. */
import { closeSync, openSync, readFileSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type FolderLock = { release(): void };

type Holder = { readonly pid: number; readonly started: string };

/**
 * Takes the lock of a folder.
 *
 * @throws Error when a living process holds it
 */
export function lockFolder(folder: string, pid: number = process.pid): FolderLock {
  const path = join(folder, 'lock');
  const text = `${JSON.stringify({ pid, started: startOf(pid) ?? '' } satisfies Holder)}\n`;
  for (let attempt = 0; attempt < 10; attempt++) {
    if (create(path, text)) return { release: () => releaseOwn(path, text) };
    const holder = readHolder(path);
    if (holder === undefined) continue;
    if (isAlive(holder.value)) throw new Error(`data folder ${folder} is in use by process ${holder.value.pid}`);
    setAside(path, holder.text, pid);
  }
  throw new Error(`data folder ${folder} could not be locked: ${path} comes and goes`);
}

function create(path: string, text: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeSync(file, text);
  closeSync(file);
  return true;
}

function readHolder(path: string): { readonly value: Holder; readonly text: string } | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
  try {
    return { value: JSON.parse(text) as Holder, text };
  } catch {
    // Cut off in the middle of a write: whoever wrote it is gone.
    return { value: { pid: 0, started: '' }, text };
  }
}

/** A process that started at another time than the holder only has its number. */
function isAlive(holder: Holder): boolean {
  if (!Number.isInteger(holder.pid) || holder.pid <= 0) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const started = startOf(holder.pid);
  return started === undefined || holder.started === '' || started === holder.started;
}

/** When a process started, in the kernel's ticks; `undefined` where the kernel does not say. */
function startOf(pid: number): string | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Two processes may find the same stale lock: only the one that moves exactly that file away goes on. */
function setAside(path: string, seen: string, pid: number): void {
  const aside = `${path}.stale.${pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readFileSync(aside, 'utf8');
  if (moved === seen) {
    unlinkSync(aside);
    return;
  }
  // It was somebody's fresh lock: put it back.
  renameSync(aside, path);
}

function releaseOwn(path: string, text: string): void {
  try {
    if (readFileSync(path, 'utf8') === text) unlinkSync(path);
  } catch {
    // Gone already.
  }
}
