/** Waiting together with the signal that ends the process. */

/** Resolves when the process is told to stop. */
export function untilStopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** The process was told to stop before it had begun. */
class CancelledError extends Error {
  constructor() {
    super('cancelled');
    this.name = 'CancelledError';
  }
}

/** The work, or a CancelledError as soon as the process is told to stop: a start that hangs must not hold Ctrl-C up. */
export function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = untilStopped(signal).then(() => {
    throw new CancelledError();
  });
  return Promise.race([work, stopped]);
}
