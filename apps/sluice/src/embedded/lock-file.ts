/** One process a data folder: a file with the owner's process id, told from a leftover by asking whether that process still runs. */
import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { UserError } from '../exit-codes.ts';

/** @returns how to give the folder free again @throws UserError when another process has it */
export async function takeLock(path: string, folder: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await writeFile(path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return () => rm(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number((await readFile(path, 'utf8').catch(() => '')).trim());
    if (Number.isInteger(owner) && owner > 0 && owner !== process.pid && isRunning(owner)) {
      throw new UserError(`another sluice up (process ${owner}) works on ${folder}`, {
        next: `stop it, or choose another folder with --dir`,
      });
    }
    // Its owner was killed.
    await rm(path, { force: true });
  }
}

/** A process of that id that is a Node program: ids are used again after a restart of the machine. */
function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes('node');
  } catch {
    // No /proc on this system: the id alone must do.
    return true;
  }
}
