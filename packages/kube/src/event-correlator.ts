/**
 * Which Events become one: the same rules as client-go's correlator (tools/record/events_cache.go), as a state machine without I/O.
 * A repeated event counts up the one that exists; from the tenth different message of an object, type and reason within ten minutes on
 * they share one event. Unlike there nothing is dropped unless a limit is asked for.
 */
import { formatTime, type Instant } from '@sluice/api';

export type EventType = 'Normal' | 'Warning';

/** The object an event is about, as `involvedObject` names it. */
export type EventSubject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
};

export type EventInput = {
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
};

/** An event as it should stand on the server now. */
export type CorrelatedEvent = EventInput & {
  /** Equal keys are the same object on the server. */
  readonly key: string;
  readonly subject: EventSubject;
  /** True from the tenth similar message on. */
  readonly isCombined: boolean;
  readonly count: number;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
};

export type EventLimit = {
  /** Events of one object and type at once; client-go: 25. */
  readonly burst: number;
  /** One more each so many milliseconds; client-go: 300 000. */
  readonly refillMs: number;
};

/** Distinct messages that are still told apart are one fewer. */
const similarMax = 10;
const similarMsMax = 600_000;
const remembered = 4096;

type Similar = { readonly messages: Set<string>; last: Instant };
type Observed = { count: number; firstTimestamp: string };
type Bucket = { tokens: number; filledAt: Instant };

export class EventCorrelator {
  readonly #limit: EventLimit | undefined;
  readonly #similar = new Recent<Similar>();
  readonly #observed = new Recent<Observed>();
  readonly #buckets = new Recent<Bucket>();

  constructor(limit?: EventLimit) {
    this.#limit = limit;
  }

  /** The next state of the event on the server; `undefined` when the limit drops it. */
  correlate(subject: EventSubject, input: EventInput, now: Instant): CorrelatedEvent | undefined {
    const aboutKey = [subject.kind, subject.namespace, subject.name, subject.uid, subject.apiVersion, input.type].join('\u0000');
    const similarKey = `${aboutKey}\u0000${input.reason}`;
    const isCombined = this.#isOneOfMany(similarKey, input.message, now);
    const key = isCombined ? similarKey : `${similarKey}\u0000${input.message}`;
    const lastTimestamp = formatTime(now);
    const before = this.#observed.get(key);
    const count = (before?.count ?? 0) + 1;
    const firstTimestamp = before?.firstTimestamp ?? lastTimestamp;
    this.#observed.set(key, { count, firstTimestamp });
    if (!this.#isWithinLimit(aboutKey, now)) return undefined;
    const message = isCombined ? `(combined from similar events): ${input.message}` : input.message;
    return { ...input, message, key, subject, isCombined, count, firstTimestamp, lastTimestamp };
  }

  #isOneOfMany(key: string, message: string, now: Instant): boolean {
    let similar = this.#similar.get(key);
    if (similar === undefined || now - similar.last > similarMsMax) similar = { messages: new Set(), last: now };
    similar.messages.add(message);
    similar.last = now;
    this.#similar.set(key, similar);
    if (similar.messages.size < similarMax) return false;
    for (const oldest of similar.messages) {
      similar.messages.delete(oldest);
      break;
    }
    return true;
  }

  #isWithinLimit(key: string, now: Instant): boolean {
    if (this.#limit === undefined) return true;
    const { burst, refillMs } = this.#limit;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, filledAt: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.filledAt) / refillMs);
    const isWithin = tokens >= 1;
    this.#buckets.set(key, { tokens: isWithin ? tokens - 1 : tokens, filledAt: now });
    return isWithin;
  }
}

/** The entries that were used last, as many as client-go remembers. */
class Recent<T> {
  readonly #entries = new Map<string, T>();

  get(key: string): T | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: T): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= remembered) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }
}
