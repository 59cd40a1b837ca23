/** Processes of the bench: bundled once as the program is, so that neither the loader's time nor its memory is measured. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const names = ['api-server', 'informer', 'decode', 'rollouts-controller', 'whole-system'] as const;
export type ProcessName = (typeof names)[number];

const running = new Set<ChildProcess>();

/** Bundles every process into `folder`. */
export async function bundleProcesses(folder: string): Promise<void> {
  await build({
    entryPoints: names.map((name) => fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url))),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    loader: { '.data.json': 'json' },
    logLevel: 'warning',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
}

/** A process that answers messages. */
export type Child = {
  /** Its next message, after `question` was sent where one is given. */
  ask<T>(question?: unknown): Promise<T>;
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
};

export function start(folder: string, name: ProcessName, args: readonly string[]): Child {
  const child = fork(`${folder}/${name}.mjs`, [...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: profiling() });
  running.add(child);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void ended.then(() => running.delete(child));
  return {
    ask: (question) =>
      new Promise((resolve, reject) => {
        child.once('message', (message) => {
          child.off('exit', fail);
          resolve(message as never);
        });
        const fail = (code: number | null): void => reject(new Error(`the process ${name} ended with ${code}`));
        child.once('exit', fail);
        if (question !== undefined) child.send(question as never);
      }),
    stop: async () => {
      if (child.connected) child.disconnect();
      if (process.env.SLUICE_BENCH_PROFILE === undefined) child.kill('SIGTERM');
      await ended;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** SLUICE_BENCH_PROFILE=folder: every process leaves a CPU profile there. */
function profiling(): string[] {
  const folder = process.env.SLUICE_BENCH_PROFILE;
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

/** For an end that nobody planned. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}
