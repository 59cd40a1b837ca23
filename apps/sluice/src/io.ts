/** What a command may touch of the outside: two texts, the environment, the clock, and the signal that ends it. Commands take nothing from `process`. */
import type { Clock } from '@sluice/api';

export interface TextOutput {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal; 80 where it is none. */
  readonly columns: number;
}

export type Io = {
  /** Data. */
  readonly out: TextOutput;
  /** Everything else. */
  readonly err: TextOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly workingDir: string;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** The whole of standard input. */
  readonly readInput: () => Promise<string>;
  /** A command says how it ended; 0 when it says nothing. See `exit-codes.ts`. */
  exitCode: number;
};

/** Colour: on a terminal, unless `NO_COLOR` is set or the user turned it off. */
export function usesColor(io: Pick<Io, 'env'>, output: TextOutput, isTurnedOff = false): boolean {
  return output.isTerminal && !isTurnedOff && (io.env.NO_COLOR === undefined || io.env.NO_COLOR === '') && io.env.TERM !== 'dumb';
}
