/**
 * Runs the built program and the real tools as a user would: child processes, their text and their exit codes.
 * Start with `startSluice`: it gives a cluster of its own to a test file.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../../', import.meta.url));
const program = join(root, 'apps/sluice/bin/sluice');

export type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

export type RunOptions = {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  readonly cwd?: string;
  readonly timeoutMs?: number;
};

/** Runs a command to its end; never rejects for an exit code. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: options.cwd ?? root, env: { ...process.env, ...options.env }, stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 60_000);
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Runs `sluice ...`. */
export function sluice(args: readonly string[], options?: RunOptions): Promise<Ended> {
  return run(process.execPath, [program, ...args], options);
}

export type Sluice = {
  readonly dir: string;
  readonly kubeconfig: string;
  readonly port: number;
  /** Runs kubectl against this cluster; rejects when it fails, with what it said. */
  kubectl(args: readonly string[] | string, options?: RunOptions): Promise<string>;
  /** The same without judging the exit code. */
  tryKubectl(args: readonly string[] | string, options?: RunOptions): Promise<Ended>;
  sluice(args: readonly string[] | string, options?: RunOptions): Promise<Ended>;
  /** `kill -9`; the data stays. */
  kill(): Promise<void>;
  /** Starts again on the same data and port. */
  restart(): Promise<void>;
  stop(): Promise<void>;
};

/**
 * Starts `sluice up` in a temporary folder and waits until it answers.
 *
 * @param options.args - flags for `sluice up` besides folder and port
 */
export async function startSluice(options: { readonly kubectl?: string; readonly args?: readonly string[] } = {}): Promise<Sluice> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
  const port = await freePort();
  const kubeconfig = join(dir, 'kubeconfig');
  const env = { KUBECONFIG: kubeconfig };
  let child: ReturnType<typeof spawn> | undefined;
  let isEnding = false;

  const start = async (): Promise<void> => {
    const args = [program, 'up', '--dir', dir, '--port', String(port), ...(options.args ?? [])];
    const started = spawn(process.execPath, args, { cwd: root, stdio: 'pipe' });
    child = started;
    let said = '';
    started.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    started.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    // A program that ends by itself in the middle of a test has something to say about it.
    started.once('exit', (code, signal) => {
      if (!isEnding) process.stderr.write(`sluice up ended by itself with ${code ?? signal}:\n${said.slice(-4000)}\n`);
    });
    for (let attempt = 0; attempt < 400; attempt++) {
      if (started.exitCode !== null) throw new Error(`sluice up ended with ${started.exitCode}:\n${said}`);
      if (existsSync(kubeconfig) && said.includes('kubectl')) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`sluice up did not become ready:\n${said}`);
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const closed = new Promise((resolve) => running.once('close', resolve));
    isEnding = true;
    running.kill(signal);
    await closed;
    isEnding = false;
  };
  const words = (args: readonly string[] | string): readonly string[] => (typeof args === 'string' ? args.split(' ') : args);
  const tryKubectl = (args: readonly string[] | string, runOptions: RunOptions = {}): Promise<Ended> =>
    run(options.kubectl ?? 'kubectl', words(args), { ...runOptions, env: { ...env, ...runOptions.env } });

  await start();
  return {
    dir,
    kubeconfig,
    port,
    tryKubectl,
    kubectl: async (args, options) => {
      const ended = await tryKubectl(args, options);
      if (ended.code !== 0) throw new Error(`kubectl ${words(args).join(' ')} ended with ${ended.code}\n${ended.stderr}${ended.stdout}`);
      return ended.stdout;
    },
    sluice: (args, options = {}) => sluice(words(args), { ...options, env: { ...env, ...options.env } }),
    kill: () => end('SIGKILL'),
    restart: start,
    stop: async () => {
      await end('SIGTERM');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Waits until `probe` gives a value; fails with what was last seen. */
export async function until<T>(what: string, probe: () => Promise<T | undefined>, timeoutMs = 30_000): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const value = await probe();
      if (value !== undefined) return value;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not happen in ${timeoutMs} ms`, { cause: last });
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
