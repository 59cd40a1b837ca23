/** The first message of each thread that was begun, by recipient and grouping key. Known to this process only, as upstream's. */

export type SlackMessage = { readonly ts: string; readonly channel: string };

/** Threads that are remembered; the one that was begun first is forgotten first. */
const threadsMax = 5_000;

export class SlackThreads {
  readonly #threads = new Map<string, SlackMessage>();

  get(recipient: string, groupingKey: string): SlackMessage | undefined {
    return this.#threads.get(JSON.stringify([recipient, groupingKey]));
  }

  set(recipient: string, groupingKey: string, message: SlackMessage): void {
    this.#threads.set(JSON.stringify([recipient, groupingKey]), message);
    for (const oldest of this.#threads.keys()) {
      if (this.#threads.size <= threadsMax) break;
      this.#threads.delete(oldest);
    }
  }
}
