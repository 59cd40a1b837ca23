/**
 * Writes Events in the background: a queue of its own, merged while they wait, sent in the last lane, repeated until the server has
 * them. `record` never waits and never fails.
 */
import { setMaxListeners } from 'node:events';
import { type Clock, isStatusError, type KubeObject, StatusError } from '@sluice/api';
import { type Backoff, backoffMs } from './backoff.ts';
import { builtinTypes } from './builtin-types.ts';
import type { Writer } from './client.ts';
import { sleep } from './clock.ts';
import { type CorrelatedEvent, EventCorrelator, type EventInput, type EventLimit, type EventSubject } from './event-correlator.ts';
import type { Logger } from './log.ts';

export type EventRecorderOptions = {
  readonly client: Writer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Who speaks: `source.component` and `reportingComponent`. */
  readonly component: string;
  /** Where: `source.host` and `reportingInstance`. */
  readonly host?: string;
  /** Drops what one object says too often, as client-go does with `{ burst: 25, refillMs: 300_000 }`. Absent: nothing is dropped. */
  readonly limit?: EventLimit;
};

const inFlightMax = 4;
const backoff: Backoff = { delayMsMin: 200, delayMsMax: 10_000 };

/** What `stop` gives the queue to get empty. */
const stopMsMax = 5_000;

const rememberedNames = 4096;

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #correlator: EventCorrelator;
  /** By key, in order of their first mention; only the latest state of each is worth sending. */
  #waiting = new Map<string, CorrelatedEvent>();
  /** Objects about which something is on its way: what is said of one object arrives in the order in which it was said. */
  readonly #sending = new Set<string>();
  /** Names of events that the server has. */
  readonly #names = new Map<string, { readonly namespace: string; readonly name: string }>();
  readonly #stopping = new AbortController();
  #failures = 0;
  #isPaused = false;
  #lastNanos = 0n;
  #onEmpty: (() => void)[] = [];

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#correlator = new EventCorrelator(options.limit);
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Says something about an object. */
  record(about: KubeObject | EventSubject, event: EventInput): void {
    if (this.#stopping.signal.aborted) return;
    const correlated = this.#correlator.correlate(subjectOf(about), event, this.#options.clock.now());
    if (correlated === undefined) return;
    this.#waiting.set(correlated.key, correlated);
    this.#pump();
  }

  /** Events that the server does not have yet. */
  get pending(): number {
    return this.#waiting.size + this.#sending.size;
  }

  /** Resolves when the server has everything recorded so far. */
  flush(): Promise<void> {
    return this.pending === 0 ? Promise.resolve() : new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  /** Flushes, for five seconds at most, and takes nothing more. */
  async stop(): Promise<void> {
    const giveUp = new AbortController();
    const cancel = this.#options.clock.after(stopMsMax, () => giveUp.abort());
    await Promise.race([this.flush(), new Promise((resolve) => giveUp.signal.addEventListener('abort', resolve))]);
    cancel();
    if (this.pending > 0) this.#options.logger.warn('events were left unsent', { count: this.pending });
    this.#stopping.abort(new Error('the event recorder was stopped'));
    this.#waiting.clear();
  }

  #pump(): void {
    for (const [key, event] of this.#waiting) {
      if (this.#isPaused || this.#sending.size >= inFlightMax) return;
      const subject = subjectKey(event);
      if (this.#sending.has(subject)) continue;
      this.#waiting.delete(key);
      this.#sending.add(subject);
      void this.#sendOne(event);
    }
  }

  async #sendOne(event: CorrelatedEvent): Promise<void> {
    try {
      await this.#send(event);
      this.#failures = 0;
    } catch (error) {
      if (mayWorkLater(error) && !this.#stopping.signal.aborted) {
        // Back to its place in front of what was said later, with what has been added to it since.
        const latest = this.#waiting.get(event.key) ?? event;
        this.#waiting.delete(event.key);
        this.#waiting = new Map([[event.key, latest], ...this.#waiting]);
        this.#pause(error);
      } else if (!this.#stopping.signal.aborted) {
        const { kind, namespace, name } = event.subject;
        const isExpected = isStatusError(error, 'Forbidden', 'NotFound');
        this.#options.logger[isExpected ? 'debug' : 'warn']('the server refused an event', {
          kind,
          namespace,
          name,
          reason: event.reason,
          error,
        });
      }
    }
    this.#sending.delete(subjectKey(event));
    this.#pump();
    if (this.pending === 0) for (const resolve of this.#onEmpty.splice(0)) resolve();
  }

  #pause(error: unknown): void {
    if (this.#isPaused) return;
    const { clock, random, logger } = this.#options;
    this.#isPaused = true;
    const delayMs = backoffMs(backoff, ++this.#failures, random());
    logger.debug('events wait for the server', { delayMs, error });
    void sleep(clock, delayMs, this.#stopping.signal).then(() => {
      this.#isPaused = false;
      this.#pump();
    });
  }

  async #send(event: CorrelatedEvent): Promise<void> {
    const { client } = this.#options;
    const options = { lane: 'background', signal: this.#stopping.signal } as const;
    const stored = this.#names.get(event.key);
    if (stored !== undefined) {
      const { count, lastTimestamp, message } = event;
      try {
        await client.patch(builtinTypes.events, stored, 'strategic', { count, lastTimestamp, message }, options);
        return;
      } catch (error) {
        // Events expire on the server; the count goes on in a new one.
        if (!isStatusError(error, 'NotFound')) throw error;
      }
    }
    let created: KubeObject;
    try {
      created = await client.create(builtinTypes.events, this.#eventObject(event), options);
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists')) throw error;
      created = await client.create(builtinTypes.events, this.#eventObject(event), options);
    }
    this.#remember(event.key, { namespace: created.metadata.namespace ?? 'default', name: created.metadata.name ?? '' });
  }

  #remember(key: string, at: { readonly namespace: string; readonly name: string }): void {
    this.#names.set(key, at);
    if (this.#names.size <= rememberedNames) return;
    for (const oldest of this.#names.keys()) {
      this.#names.delete(oldest);
      break;
    }
  }

  #eventObject(event: CorrelatedEvent): KubeObject {
    const { component, host } = this.#options;
    const { subject } = event;
    return {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: {
        name: this.#nameFor(subject.name),
        namespace: subject.namespace === undefined || subject.namespace === '' ? 'default' : subject.namespace,
        ...(event.annotations === undefined || event.isCombined ? {} : { annotations: event.annotations }),
      },
      involvedObject: subject,
      reason: event.reason,
      message: event.message,
      source: { component, ...(host === undefined ? {} : { host }) },
      firstTimestamp: event.firstTimestamp,
      lastTimestamp: event.lastTimestamp,
      count: event.count,
      type: event.type,
      eventTime: null,
      // client-go's combined events name no reporter.
      reportingComponent: event.isCombined ? '' : component,
      reportingInstance: event.isCombined ? '' : (host ?? ''),
    };
  }

  /** `<object>.<hex of the time in nanoseconds>`, never the same twice. Our clock has milliseconds: chance fills in the rest. */
  #nameFor(objectName: string): string {
    const { clock, random } = this.#options;
    const nanos = BigInt(Math.floor(clock.now())) * 1_000_000n + BigInt(Math.floor(random() * 1_000_000));
    this.#lastNanos = nanos > this.#lastNanos ? nanos : this.#lastNanos + 1n;
    const suffix = `.${this.#lastNanos.toString(16)}`;
    return objectName.slice(0, 253 - suffix.length).replace(/[-.]+$/, '') + suffix;
  }
}

function subjectOf(about: KubeObject | EventSubject): EventSubject {
  if (!('metadata' in about)) return about as EventSubject;
  const { apiVersion, kind, metadata } = about as KubeObject;
  const { namespace, name = '', uid, resourceVersion } = metadata;
  return {
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
    ...(uid === undefined ? {} : { uid }),
    apiVersion,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
}

function subjectKey({ subject }: CorrelatedEvent): string {
  return [subject.kind, subject.namespace, subject.name, subject.uid].join('\u0000');
}

/** Connections and overload pass; a refusal stays one. */
function mayWorkLater(error: unknown): boolean {
  return !(error instanceof StatusError) || error.code === 429 || error.code >= 500;
}
