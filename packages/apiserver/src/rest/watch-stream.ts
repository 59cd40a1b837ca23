/**
 * One running watch: frames in order, handed over together once a turn, bounded when nobody takes them.
 * It knows nothing of kinds or selectors; `watches.ts` feeds it.
 */
import type { ServerWatch, WatchFrame } from '../ports.ts';

const backlogMax = 10_000;

export class WatchStream implements ServerWatch {
  #push: ((events: readonly WatchFrame[]) => void) | undefined;
  #end: (() => void) | undefined;
  #queue: WatchFrame[] = [];
  #isScheduled = false;
  #isOver = false;
  readonly #closers: (() => void)[] = [];

  onEvents(push: (events: readonly WatchFrame[]) => void, end: () => void): void {
    this.#push = push;
    this.#end = end;
    if (this.#queue.length > 0) this.#schedule();
    if (this.#isOver && this.#queue.length === 0) this.#finish();
  }

  /** Called once when the watch ends, from whichever side. */
  onClose(closer: () => void): void {
    if (this.#isOver) closer();
    else this.#closers.push(closer);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  send(frame: WatchFrame): void {
    if (this.#isOver) return;
    this.#queue.push(frame);
    if (this.#queue.length > backlogMax && this.#push === undefined) this.close();
    else this.#schedule();
  }

  /** Ends after what is queued has been handed over. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const closer of this.#closers.splice(0)) closer();
    if (this.#push !== undefined) this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#push === undefined) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      const events = this.#queue;
      this.#queue = [];
      if (events.length > 0) this.#push?.(events);
      if (this.#isOver && this.#queue.length === 0) this.#finish();
    });
  }

  #finish(): void {
    const end = this.#end;
    this.#end = undefined;
    this.#push = undefined;
    end?.();
  }
}
