/** The plugins in Go under `tests/plugins/go`, built once for all tests that need them. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const source = join(import.meta.dirname, '../plugins/go');

/** Whether there is a Go that is new enough; told once, since the lane is skipped without it. */
export async function hasGo(): Promise<boolean> {
  try {
    const { stdout } = await run('go', ['env', 'GOVERSION'], { cwd: source });
    const [, major = '0', minor = '0'] = /^go(\d+)\.(\d+)/.exec(stdout.trim()) ?? [];
    if (Number(major) > 1 || Number(minor) >= 24) return true;
    process.stderr.write(`plugins in Go are not tried: ${stdout.trim()} is older than 1.24\n`);
  } catch {
    process.stderr.write('plugins in Go are not tried: there is no go on this machine\n');
  }
  return false;
}

/** Builds one test plugin and gives the path of its program. Fetches Go modules the first time. */
export async function buildGoPlugin(name: 'metric' | 'traffic' | 'step', folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await run('go', ['build', '-o', path, `./${name}`], { cwd: source });
  return path;
}

/** What one of the programs beside the plugins prints. */
export async function goOutput(name: 'shapes'): Promise<string> {
  const { stdout } = await run('go', ['run', `./${name}`], { cwd: source, maxBuffer: 16 * 1024 * 1024 });
  return stdout;
}
