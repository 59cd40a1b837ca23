/** The loop around a reconcile function: a queue of keys, never the same key twice at once, back-off only for failures. */

/** What a reconcile wants next. Nothing: wait for a change. */
export type Result = { readonly requeueAfterMs?: number };

/** Thrown by a reconcile to say that trying again cannot help until something changes. Logged and counted, not retried. */
export class TerminalError extends Error {}

export type ReconcileFunction = (key: string, signal: AbortSignal) => Promise<Result | undefined>;

export type ControllerOptions = {
  readonly name: string;
  readonly reconcile: ReconcileFunction;
  /** Calls in flight; 10 by default. */
  readonly concurrency?: number;
};

export interface Controller {
  /** Marks a key dirty: one more pass follows. Ordinary adds are not rate limited. */
  enqueue(key: string): void;
  /** A pass not later than `delayMs` from now; the earliest wish wins. */
  enqueueAfter(key: string, delayMs: number): void;
  start(): void;
  /** Takes no new keys and resolves when passes in flight have ended. */
  stop(): Promise<void>;
}
