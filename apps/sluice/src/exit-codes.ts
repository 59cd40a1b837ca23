/** How the program ends, and errors that know it. `rollouts ...` keeps upstream's codes instead. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** Wrong usage, or the question could not be decided: no cluster, no tool, unreadable input. */
  usage: 2,
  /** Only a person can go on. */
  waitsForPerson: 3,
  cancelled: 130,
} as const;

/** One line for the user, the next thing to try, and the exit code. */
export class UserError extends Error {
  readonly next: string | undefined;
  readonly exitCode: number;

  constructor(message: string, options: { readonly next?: string | undefined; readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'UserError';
    this.next = options.next;
    this.exitCode = options.exitCode ?? exitCodes.usage;
  }
}
