/**
 * The numbers of notifications as plain values. Their Prometheus names are upstream's: `notification_send_success`,
 * `notification_send_error`, `notification_send`.
 */
import { type Clock, splitKey } from '@sluice/api';
import { forgetAfterMs, type Histogram, passBounds, Series } from '../pass-book.ts';

export type NotificationMetrics = {
  /** Messages by the object of the event, and by the event's type and reason. */
  readonly sent: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly type: string;
    readonly reason: string;
    readonly successes: number;
    readonly errors: number;
  }[];
  /** From the event until it was told, tries included. */
  readonly durations: readonly { readonly namespace: string; readonly name: string; readonly seconds: Histogram }[];
};

type Counter = { readonly type: string; readonly reason: string; successes: number; errors: number };

/** Objects that are remembered; beyond it the one heard of first goes first. */
const objectsMax = 20_000;

export class NotificationMetricsBook {
  readonly #objects = new Map<string, { readonly counters: Map<string, Counter>; readonly seconds: Series }>();
  readonly #farewells: Set<() => void> = new Set();

  count(key: string, { type, reason }: { readonly type: string; readonly reason: string }, outcome: 'successes' | 'errors'): void {
    const { counters } = this.#of(key);
    const counter = counters.get(`${type} ${reason}`) ?? { type, reason, successes: 0, errors: 0 };
    counter[outcome]++;
    counters.set(`${type} ${reason}`, counter);
  }

  observe(key: string, durationMs: number): void {
    this.#of(key).seconds.observe(durationMs / 1000);
  }

  #of(key: string): { readonly counters: Map<string, Counter>; readonly seconds: Series } {
    const known = this.#objects.get(key) ?? { counters: new Map<string, Counter>(), seconds: new Series(passBounds) };
    this.#objects.set(key, known);
    for (const oldest of this.#objects.keys()) {
      if (this.#objects.size <= objectsMax) break;
      this.#objects.delete(oldest);
    }
    return known;
  }

  /** Series of a deleted object stay a while, so that the last values are still read once. */
  forget(key: string, clock: Clock): void {
    const cancel = clock.after(forgetAfterMs, () => {
      this.#farewells.delete(cancel);
      this.#objects.delete(key);
    });
    this.#farewells.add(cancel);
  }

  /** Leaves no timer behind. */
  stop(): void {
    for (const cancel of this.#farewells) cancel();
    this.#farewells.clear();
  }

  read(): NotificationMetrics {
    const named = (key: string): { readonly namespace: string; readonly name: string } => {
      const { namespace = '', name } = splitKey(key);
      return { namespace, name };
    };
    const objects = [...this.#objects];
    return {
      sent: objects.flatMap(([key, { counters }]) => [...counters.values()].map((counter) => ({ ...named(key), ...counter }))),
      durations: objects
        .filter(([, { seconds }]) => seconds.read().count > 0)
        .map(([key, { seconds }]) => ({ ...named(key), seconds: seconds.read() })),
    };
  }
}
