/** Makes a folder and its missing parents, one by one. Node's own recursive form never returns below /proc. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** New folders belong to the user alone. @throws the system's error */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
  }
}
