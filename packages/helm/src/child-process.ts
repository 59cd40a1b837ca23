/**
 * Runs another program to its end: arguments as a list, output collected, cancelled by a signal.
 * Secrets never go through here as arguments: callers write them to files that only the user can read.
 */
import { spawn } from 'node:child_process';

export type Execution = {
  /** `undefined` when a signal ended the program. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  readonly wasCancelled: boolean;
};

export type ExecuteOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** How long a cancelled program may tidy up before it is killed; 10 s by default. */
  readonly graceMs?: number;
};

/**
 * Starts `file` in a process group of its own, so that Ctrl-C on the terminal reaches only us and we pass it on once, as SIGTERM.
 *
 * @throws when the program cannot be started
 */
export function execute(file: string, args: readonly string[], options: ExecuteOptions): Promise<Execution> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) {
      resolve({ exitCode: undefined, stdout: '', stderr: '', wasCancelled: true });
      return;
    }
    const child = spawn(file, args, {
      env: options.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    let wasCancelled = false;
    let killTimer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      wasCancelled = true;
      child.kill('SIGTERM');
      killTimer = setTimeout(() => child.kill('SIGKILL'), options.graceMs ?? 10_000);
    };
    options.signal?.addEventListener('abort', cancel, { once: true });
    const settle = (): void => {
      clearTimeout(killTimer);
      options.signal?.removeEventListener('abort', cancel);
    };
    child.on('error', (error) => {
      settle();
      reject(error);
    });
    child.on('close', (code) => {
      settle();
      resolve({
        exitCode: code ?? undefined,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
        wasCancelled,
      });
    });
  });
}
