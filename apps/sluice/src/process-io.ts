/** The process as an `Io`: streams, environment, clock, and Ctrl-C as an abort signal. The only file of the program that reads `process`. */
import { setMaxListeners } from 'node:events';
import { homedir } from 'node:os';
import { exitCodes } from './exit-codes.ts';
import type { Io, TextOutput } from './io.ts';

/** Call once: it installs handlers for signals and for readers of our pipes that go away. */
export function createProcessIo(): Io {
  const stop = new AbortController();
  // Every call in flight listens; that is no leak.
  setMaxListeners(0, stop.signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Who asks twice does not want to wait.
      if (stop.signal.aborted) process.exit(exitCodes.cancelled);
      stop.abort();
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader of our pipe has gone: nobody is left to tell.
      if (error.code === 'EPIPE') process.exit(exitCodes.done);
      throw error;
    });
  }
  return {
    out: textOutput(process.stdout),
    err: textOutput(process.stderr),
    env: process.env,
    homeDir: homedir(),
    workingDir: process.cwd(),
    clock: { now: () => Date.now(), after: startTimer },
    random: Math.random,
    signal: stop.signal,
    readInput,
    exitCode: exitCodes.done,
  };
}

function startTimer(delayMs: number, run: () => void): () => void {
  const handle = setTimeout(run, delayMs);
  return () => clearTimeout(handle);
}

function textOutput(stream: NodeJS.WriteStream): TextOutput {
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns(): number {
      return stream.columns ?? 80;
    },
  };
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString('utf8');
}
