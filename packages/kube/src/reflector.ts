/**
 * Follows one kind on the server: list in pages, watch, resume from the last version seen, list again on 410, for ever.
 * Hands what it learns to a sink and knows nothing of caches. Begin with `WatchState` and `#step`.
 */
import { setMaxListeners } from 'node:events';
import { type Clock, isStatusError, type KubeObject, type ResourceType, type Status, StatusError } from '@sluice/api';
import { type Backoff, backoffMs } from './backoff.ts';
import type { Reader } from './client.ts';
import { sleep } from './clock.ts';
import type { Logger } from './log.ts';
import { isStatus } from './rest-status.ts';
import type { WatchEvent, WatchStream } from './transport.ts';

type ReflectorSink = {
  /** Everything the server had as of `resourceVersion`. */
  replaced(objects: readonly KubeObject[], resourceVersion: string): void;
  /** One event of the watch as it came, in the order of versions. */
  changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject, resourceVersion: string): void;
  /** Nothing of this kind has changed up to this version. */
  passed(resourceVersion: string): void;
};

export type ReflectorOptions = {
  readonly client: Reader;
  readonly type: ResourceType;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Get the first state as a watch with `sendInitialEvents`; lists where the server refuses that. */
  readonly initialEvents?: boolean | undefined;
  /** Runs for each object of a list on its arrival, so that a page's weight is gone before the next one comes. */
  readonly shrink: (object: KubeObject) => KubeObject | undefined;
  readonly sink: ReflectorSink;
};

type WatchState =
  /** Nothing is known, or what was known is too old to go on from. */
  | { readonly kind: 'Empty' }
  | { readonly kind: 'Listing'; readonly resourceVersion?: string; readonly continue?: string; readonly pending: readonly KubeObject[] }
  /** A watch from here on sees everything. */
  | { readonly kind: 'Listed'; readonly resourceVersion: string }
  /** With `pending`: the initial events of this stream have not ended yet. */
  | { readonly kind: 'Watching'; readonly resourceVersion: string; readonly stream: WatchStream; readonly pending?: KubeObject[] };

const pageSize = 500;
const backoff: Backoff = { delayMsMin: 200, delayMsMax: 30_000 };

/** Bookmarks come about once a minute, so this silence means a connection that died without telling. */
const silenceMsMax = 150_000;

/** A watch that ends sooner counts as a failure, so that a server which closes each one at once is not asked in a tight loop. */
const livedMsMin = 1_000;

const initialEventsEnd = 'k8s.io/initial-events-end';

export class Reflector {
  readonly #options: ReflectorOptions;
  readonly #stopping = new AbortController();
  #failures = 0;
  #usesInitialEvents: boolean;

  constructor(options: ReflectorOptions) {
    this.#options = options;
    this.#usesInitialEvents = options.initialEvents ?? false;
    setMaxListeners(0, this.#stopping.signal);
  }

  /** Runs until `stop`. Never rejects. */
  async run(): Promise<void> {
    let state: WatchState = { kind: 'Empty' };
    while (!this.#stopping.signal.aborted) {
      const before: WatchState = state;
      try {
        state = await this.#step(before);
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        state = this.#fallBack(before, error);
        await this.#waitAfterFailure();
      }
    }
  }

  stop(): void {
    this.#stopping.abort(new Error('the informer was stopped'));
  }

  async #step(state: WatchState): Promise<WatchState> {
    const { sink } = this.#options;
    switch (state.kind) {
      case 'Empty':
        if (!this.#usesInitialEvents) return { kind: 'Listing', pending: [] };
        return { kind: 'Watching', resourceVersion: '', stream: await this.#openWatch(undefined), pending: [] };
      case 'Listing': {
        const page = await this.#options.client.list(this.#options.type, {
          ...this.#scope(),
          limit: pageSize,
          ...(state.continue === undefined ? {} : { continue: state.continue }),
        });
        const pending = [...state.pending, ...this.#shrunk(page.items)];
        // The pages of a chain show one moment. If a server should not hold to that, the first one's version misses nothing.
        const resourceVersion = state.resourceVersion ?? page.resourceVersion;
        if (page.continue !== undefined) return { kind: 'Listing', resourceVersion, continue: page.continue, pending };
        sink.replaced(pending, resourceVersion);
        return { kind: 'Listed', resourceVersion };
      }
      case 'Listed':
        return { kind: 'Watching', resourceVersion: state.resourceVersion, stream: await this.#openWatch(state.resourceVersion) };
      case 'Watching':
        return this.#follow(state);
    }
  }

  /** The state to go on from after a failure. */
  #fallBack(state: WatchState, error: unknown): WatchState {
    const isExpired = isStatusError(error, 'Expired', 'Gone') || (error instanceof StatusError && error.code === 410);
    this.#failures++;
    this.#options.logger
      .with({ state: state.kind, attempt: this.#failures })
      [this.#failures > 2 && !isExpired ? 'warn' : 'debug']('following the server was interrupted', {
        resource: this.#options.type.resource,
        error,
      });
    switch (state.kind) {
      case 'Empty':
        // 400 and 422 are how servers without streaming lists answer.
        if (isStatusError(error, 'Invalid', 'BadRequest')) this.#usesInitialEvents = false;
        return state;
      case 'Listing':
        return isExpired ? { kind: 'Empty' } : state;
      case 'Listed':
        return isExpired ? { kind: 'Empty' } : state;
      case 'Watching':
        return { kind: 'Empty' };
    }
  }

  #waitAfterFailure(): Promise<void> {
    const { clock, random } = this.#options;
    return sleep(clock, backoffMs(backoff, Math.max(1, this.#failures), random()), this.#stopping.signal);
  }

  /** Reads a stream to its end, whatever end that is, and says from where to go on. */
  async #follow(state: WatchState & { kind: 'Watching' }): Promise<WatchState> {
    const { clock, logger, type } = this.#options;
    const openedAt = clock.now();
    const watchdog = this.#watchdog(state.stream);
    let { resourceVersion, pending } = state;
    let problem: unknown;
    try {
      for await (const event of state.stream) {
        watchdog.heard();
        if (event.type === 'ERROR') {
          problem = new StatusError(isStatus(event.object) ? event.object : unreadable(event));
          break;
        }
        this.#failures = 0;
        const object = event.object as KubeObject;
        const version = object.metadata.resourceVersion;
        if (version !== undefined && version !== '') resourceVersion = version;
        if (pending !== undefined) {
          if (event.type !== 'BOOKMARK') pending.push(...this.#shrunk([object]));
          else if (object.metadata.annotations?.[initialEventsEnd] === 'true') {
            this.#options.sink.replaced(pending, resourceVersion);
            pending = undefined;
          }
        } else if (event.type === 'BOOKMARK') this.#options.sink.passed(resourceVersion);
        else this.#options.sink.changed(event.type, object, resourceVersion);
      }
    } catch (error) {
      problem = error;
    } finally {
      watchdog.cancel();
      state.stream.close();
    }
    const next: WatchState = pending === undefined ? { kind: 'Listed', resourceVersion } : { kind: 'Empty' };
    if (isStatusError(problem, 'Expired', 'Gone') || (problem instanceof StatusError && problem.code === 410)) {
      logger.debug('the version is too old to resume from: listing again', { resource: type.resource, resourceVersion });
      if (this.#failures++ > 0) await this.#waitAfterFailure();
      return { kind: 'Empty' };
    }
    if (problem !== undefined || clock.now() - openedAt < livedMsMin) {
      this.#failures++;
      if (problem !== undefined) logger.debug('the watch broke', { resource: type.resource, error: problem });
      await this.#waitAfterFailure();
    }
    return next;
  }

  #openWatch(resourceVersion: string | undefined): Promise<WatchStream> {
    const { client, type, random } = this.#options;
    return client.watch(type, {
      ...this.#scope(),
      bookmarks: true,
      timeoutSeconds: 300 + Math.floor(random() * 300),
      ...(resourceVersion === undefined ? { sendInitialEvents: true } : { resourceVersion }),
    });
  }

  #scope(): Parameters<Reader['list']>[1] & object {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      isLean: true,
      signal: this.#stopping.signal,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === undefined ? {} : { labelSelector }),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
    };
  }

  #shrunk(objects: readonly KubeObject[]): readonly KubeObject[] {
    return objects.flatMap((object) => this.#options.shrink(object) ?? []);
  }

  /** Closes a stream that says nothing for too long. One timer that re-arms itself: hearing costs a clock read, not a timer. */
  #watchdog(stream: WatchStream): { heard(): void; cancel(): void } {
    const { clock, logger, type } = this.#options;
    let heardAt = clock.now();
    let cancel = (): void => {};
    const arm = (delayMs: number): void => {
      cancel = clock.after(delayMs, () => {
        const restMs = heardAt + silenceMsMax - clock.now();
        if (restMs > 0) return arm(restMs);
        logger.debug('the watch is silent: connecting anew', { resource: type.resource });
        stream.close();
      });
    };
    arm(silenceMsMax);
    return {
      heard: () => {
        heardAt = clock.now();
      },
      cancel: () => cancel(),
    };
  }
}

function unreadable(event: WatchEvent): Status {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `the watch ended with an error: ${JSON.stringify(event.object).slice(0, 200)}`,
    code: 500,
  };
}
