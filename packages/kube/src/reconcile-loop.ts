/**
 * The one implementation of `Controller`: keys from the queue, passes in flight, back-off for failures, a guard against loops that
 * wake themselves. Whether to try again is decided here and nowhere else.
 */
import { setMaxListeners } from 'node:events';
import { type Clock, isStatusError } from '@sluice/api';
import { type Backoff, backoffMs } from './backoff.ts';
import { type Controller, type ControllerOptions, type Result, TerminalError } from './controller.ts';
import type { Logger } from './log.ts';
import { type TakenKey, WorkQueue } from './work-queue.ts';

/** One pass, for metrics. */
export type PassObservation = {
  readonly controller: string;
  readonly key: string;
  readonly outcome: 'done' | 'requeued' | 'failed' | 'terminal';
  readonly durationMs: number;
  /** How long the key was ready before its pass began. */
  readonly waitedMs: number;
  /** The pass woke itself and wanted to do so again at once; it was held back. Should stay 0. */
  readonly isHot: boolean;
  readonly error?: unknown;
};

export type CreateControllerOptions = ControllerOptions & {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly onPass?: (observation: PassObservation) => void;
};

const concurrencyDefault = 10;
const backoff: Backoff = { delayMsMin: 5, delayMsMax: 10_000 };

/** A pass that nobody but itself asked for may not ask for the next one sooner. */
const selfWakeMsMin = 1_000;

/** What a stopping controller gives passes in flight before it aborts their signal. */
const stopGraceMs = 5_000;

export function createController(options: CreateControllerOptions): Controller {
  return new ReconcileLoop(options);
}

class ReconcileLoop implements Controller {
  readonly #options: CreateControllerOptions;
  readonly #queue: WorkQueue;
  readonly #aborting = new AbortController();
  readonly #failures = new Map<string, number>();
  #inFlight = 0;
  #state: 'new' | 'running' | 'stopped' = 'new';
  #onIdle: (() => void)[] = [];

  constructor(options: CreateControllerOptions) {
    this.#options = options;
    // Every call of every pass in flight listens to it.
    setMaxListeners(0, this.#aborting.signal);
    this.#queue = new WorkQueue({ clock: options.clock, onReady: () => this.#pump() });
  }

  enqueue(key: string): void {
    if (this.#state !== 'stopped') this.#queue.add(key);
  }

  enqueueAfter(key: string, delayMs: number): void {
    if (this.#state !== 'stopped') this.#queue.addAfter(key, delayMs);
  }

  start(): void {
    if (this.#state !== 'new') throw new Error(`controller ${this.#options.name} was started before`);
    this.#state = 'running';
    this.#pump();
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#queue.clear();
    if (this.#inFlight === 0) return;
    const cancel = this.#options.clock.after(stopGraceMs, () =>
      this.#aborting.abort(new Error(`controller ${this.#options.name} is stopping`)),
    );
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    cancel();
  }

  #pump(): void {
    const concurrency = this.#options.concurrency ?? concurrencyDefault;
    while (this.#state === 'running' && this.#inFlight < concurrency) {
      const taken = this.#queue.take();
      if (taken === undefined) return;
      this.#inFlight++;
      void this.#pass(taken);
    }
  }

  async #pass(taken: TakenKey): Promise<void> {
    const { name, clock, reconcile } = this.#options;
    const startedAt = clock.now();
    let result: Result | undefined;
    let error: unknown;
    try {
      // Not in the turn of whoever called `enqueue`, which may be a handler with more to do.
      await undefined;
      result = await reconcile(taken.key, this.#aborting.signal);
    } catch (thrown) {
      error = thrown ?? new Error('the pass failed without saying why');
    }
    const outcome = error === undefined ? this.#succeeded(taken, result) : this.#failed(taken, error);
    this.#options.onPass?.({
      controller: name,
      key: taken.key,
      durationMs: clock.now() - startedAt,
      waitedMs: taken.waitedMs,
      ...outcome,
      ...(error === undefined ? {} : { error }),
    });
    this.#inFlight--;
    this.#queue.done(taken.key);
    this.#pump();
    if (this.#inFlight === 0) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #succeeded(taken: TakenKey, result: Result | undefined): Pick<PassObservation, 'outcome' | 'isHot'> {
    this.#failures.delete(taken.key);
    const wishMs = result?.requeueAfterMs;
    if (wishMs === undefined) return { outcome: 'done', isHot: false };
    const isHot = wishMs < selfWakeMsMin && !taken.isAsked && !this.#queue.isAskedAgain(taken.key);
    this.enqueueAfter(taken.key, isHot ? selfWakeMsMin : wishMs);
    return { outcome: 'requeued', isHot };
  }

  #failed(taken: TakenKey, error: unknown): Pick<PassObservation, 'outcome' | 'isHot'> {
    const { logger, random, name } = this.#options;
    if (error instanceof TerminalError) {
      this.#failures.delete(taken.key);
      logger.error('a pass failed for good', { controller: name, key: taken.key, error });
      return { outcome: 'terminal', isHot: false };
    }
    const failures = (this.#failures.get(taken.key) ?? 0) + 1;
    this.#failures.set(taken.key, failures);
    const delayMs = backoffMs(backoff, failures, random());
    // A conflict says "look again": news only when it goes on.
    const level = isStatusError(error, 'Conflict') && failures < 5 ? 'debug' : 'warn';
    if (this.#state === 'running')
      logger[level]('a pass failed and will be repeated', { controller: name, key: taken.key, failures, delayMs, error });
    this.enqueueAfter(taken.key, delayMs);
    return { outcome: 'failed', isHot: false };
  }
}
