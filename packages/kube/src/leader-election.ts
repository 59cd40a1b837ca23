/**
 * One of several processes leads: whoever holds a Lease and renews it, with the fields and the rules of client-go
 * (tools/leaderelection), so that both can stand by for each other. Times of other machines are never compared with ours: what counts
 * is how long *we* have seen a record stand still.
 */
import { type Clock, formatMicroTime, type Instant, isStatusError, type KubeObject } from '@sluice/api';
import { builtinTypes } from './builtin-types.ts';
import type { Client } from './client.ts';
import { sleep } from './clock.ts';
import type { Logger } from './log.ts';

export type LeaderElectionOptions = {
  readonly client: Client;
  readonly namespace: string;
  readonly name: string;
  /** Differs between processes: the pod's name and something random. */
  readonly identity: string;
  /** After so long without a renewal others may take over; 15 s by default, whole seconds. */
  readonly leaseDurationMs?: number;
  /** A leader that could not renew for so long steps down; 10 s by default. */
  readonly renewDeadlineMs?: number;
  /** Between two attempts; 2 s by default. */
  readonly retryPeriodMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: () => number;
  /** Leads until the signal is aborted; the lease is given back only after this has resolved. */
  onStarted(signal: AbortSignal): Promise<void>;
  /** Leadership went away without our asking; not called at a stop. */
  onLost(): void;
  /** Told when another one is seen to hold the lease. */
  onNewLeader?(identity: string): void;
};

type LeaseSpec = {
  readonly holderIdentity?: string | null;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
};

type Lease = KubeObject & { readonly spec?: LeaseSpec };

/** One time of leading, from its start to its end. */
type Term = { hasEnded: boolean; failure: unknown; ended: Promise<void> };

export function leaderElection(options: LeaderElectionOptions): {
  /** Stands by, leads, and resolves after leadership was lost, or given back because the signal was aborted. Rejects with what `onStarted` throws. */
  run(signal: AbortSignal): Promise<void>;
} {
  return { run: (signal) => new LeaderElector(options).run(signal) };
}

class LeaderElector {
  readonly #options: LeaderElectionOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  #seen: Lease | undefined;
  #seenAt: Instant = 0;
  #leaderTold: string | undefined;
  /** What we hold is renewed without reading it first; after a failure the lease is read again before it is written. */
  #isFastPathOpen = false;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (!(this.#leaseDurationMs > this.#renewDeadlineMs && this.#renewDeadlineMs > this.#retryPeriodMs * 1.2)) {
      throw new RangeError('leader election: the lease must outlast the renew deadline, and that 1.2 retry periods');
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, logger, identity } = this.#options;
    while (!(await this.#tryToHold(signal, this.#renewDeadlineMs))) {
      // Standbys spread out as client-go's do: 1 to 2.2 periods.
      await sleep(clock, this.#retryPeriodMs * (1 + 1.2 * (this.#options.random?.() ?? 0)), signal);
      if (signal.aborted) return;
    }
    if (signal.aborted) return this.#release();
    logger.info('leading', { identity });
    const leading = new AbortController();
    const stopWork = (): void => leading.abort(new Error('leadership ends'));
    signal.addEventListener('abort', stopWork, { once: true });
    const term = this.#lead(leading.signal);
    const isStillHeld = await this.#renewUntil(term);
    signal.removeEventListener('abort', stopWork);
    if (!isStillHeld) {
      logger.error('leadership was lost', { identity });
      stopWork();
      this.#options.onLost();
    }
    await term.ended;
    if (isStillHeld) await this.#release();
    if (term.failure !== undefined) throw term.failure;
  }

  /** The work of a leader: over when it fails, or when it was asked to end and has. */
  #lead(signal: AbortSignal): Term {
    const term: Term = { hasEnded: false, failure: undefined, ended: Promise.resolve() };
    const lead = async (): Promise<void> => {
      try {
        await this.#options.onStarted(signal);
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      } catch (error) {
        term.failure = error ?? new Error('leading failed without saying why');
      }
      term.hasEnded = true;
    };
    term.ended = lead();
    return term;
  }

  /** Renews until the work has ended (true) or no renewal succeeded for too long (false). A stop alone does not end it. */
  async #renewUntil(term: Term): Promise<boolean> {
    const { clock } = this.#options;
    let renewedAt = clock.now();
    while (!term.hasEnded) {
      const pause = new AbortController();
      void term.ended.then(() => pause.abort());
      await sleep(clock, this.#retryPeriodMs, pause.signal);
      if (term.hasEnded) return true;
      const restMs = renewedAt + this.#renewDeadlineMs - clock.now();
      if (restMs > 0 && (await this.#tryToHold(undefined, restMs))) renewedAt = clock.now();
      else if (clock.now() - renewedAt >= this.#renewDeadlineMs) return term.hasEnded;
    }
    return true;
  }

  /** One attempt to take or renew the lease. Never rejects; a call that takes longer than `timeoutMs` counts as failed. */
  async #tryToHold(signal: AbortSignal | undefined, timeoutMs: number): Promise<boolean> {
    const { clock, logger, name } = this.#options;
    const giveUp = new AbortController();
    const abort = (): void => giveUp.abort(new Error('the lease could not be renewed in time'));
    const cancel = clock.after(timeoutMs, abort);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await this.#hold(giveUp.signal);
    } catch (error) {
      // Conflict and its like: somebody else was faster, and the next look will show who.
      const isLostRace = isStatusError(error, 'Conflict', 'AlreadyExists', 'NotFound');
      if (!isLostRace && signal?.aborted !== true) logger.warn('the lease could not be held', { lease: name, error });
      this.#isFastPathOpen = false;
      return false;
    } finally {
      cancel();
      signal?.removeEventListener('abort', abort);
    }
  }

  async #hold(signal: AbortSignal): Promise<boolean> {
    const { client, clock, namespace, name, identity } = this.#options;
    const write = { lane: 'lease', signal } as const;
    const isOurs = this.#seen?.spec?.holderIdentity === identity;
    if (!(this.#isFastPathOpen && isOurs)) {
      let lease: Lease;
      try {
        lease = (await client.raw({ method: 'GET', path: leasePath(namespace, name), ...write })) as Lease;
      } catch (error) {
        if (!isStatusError(error, 'NotFound')) throw error;
        const spec = this.#specFor(undefined);
        const fresh: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name }, spec };
        this.#see(await client.create<Lease>(builtinTypes.leases, fresh, write));
        this.#isFastPathOpen = true;
        return true;
      }
      this.#see(lease);
    }
    const seen = this.#seen;
    if (seen === undefined) return false;
    const holder = seen.spec?.holderIdentity ?? '';
    const validMs = (seen.spec?.leaseDurationSeconds ?? 0) * 1000;
    if (holder !== '' && holder !== identity && this.#seenAt + validMs > clock.now()) return false;
    this.#see(await client.update<Lease>(builtinTypes.leases, { ...seen, spec: { ...seen.spec, ...this.#specFor(seen.spec) } }, write));
    this.#isFastPathOpen = true;
    return true;
  }

  #specFor(before: LeaseSpec | undefined): LeaseSpec {
    const { clock, identity } = this.#options;
    const now = formatMicroTime(clock.now());
    const isOurs = before?.holderIdentity === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.round(this.#leaseDurationMs / 1000),
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: before === undefined ? 0 : (before.leaseTransitions ?? 0) + (isOurs ? 0 : 1),
    };
  }

  #see(lease: Lease): void {
    const before = this.#seen;
    this.#seen = lease;
    if (before === undefined || before.metadata.resourceVersion !== lease.metadata.resourceVersion)
      this.#seenAt = this.#options.clock.now();
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder === '' || holder === this.#leaderTold) return;
    this.#leaderTold = holder;
    if (holder !== this.#options.identity) this.#options.logger.info('standing by', { leader: holder });
    this.#options.onNewLeader?.(holder);
  }

  /** Leaves the lease free, so that the next one need not wait for it to run out. */
  async #release(): Promise<void> {
    const { client, clock, logger, identity } = this.#options;
    const seen = this.#seen;
    if (seen?.spec?.holderIdentity !== identity) return;
    const now = formatMicroTime(clock.now());
    const spec: LeaseSpec = { ...seen.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
    const giveUp = new AbortController();
    const cancel = clock.after(this.#retryPeriodMs, () => giveUp.abort(new Error('the lease could not be given back in time')));
    try {
      await client.update<Lease>(builtinTypes.leases, { ...seen, spec }, { lane: 'lease', signal: giveUp.signal });
      logger.info('gave the lease back', { identity });
    } catch (error) {
      logger.warn('the lease could not be given back', { error });
    } finally {
      cancel();
    }
  }
}

function leasePath(namespace: string, name: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
}
