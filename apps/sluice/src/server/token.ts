/** The token of this machine's user: random, made once, in a file that only they can read. */
import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeFolder } from '../make-folder.ts';

/** Reads the token, or makes it. The file's mode is set right again if somebody loosened it. */
export async function loadToken(path: string): Promise<string> {
  const existing = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (existing !== undefined && existing.trim() !== '') {
    await chmod(path, 0o600);
    return existing.trim();
  }
  await makeFolder(dirname(path));
  const token = randomBytes(32).toString('base64url');
  await writeFile(path, `${token}\n`, { mode: 0o600 });
  return token;
}
