/**
 * The numbers of the rollouts side, as plain values: gauges from the cache at the time of asking, counters and histograms from what
 * happened. Their Prometheus names are in upstream's documentation; giving them those is the caller's part.
 */
import { keyOf, parseTime, type Rollout, type RolloutStatus, splitKey } from '@sluice/api';
import { type Action, desiredReplicas, type Note, rolloutPhase } from '@sluice/engine';
import type { Store } from '@sluice/kube';
import { type Histogram, PassBook, type PassCounts, Series } from './pass-book.ts';

export type RolloutGauges = {
  readonly namespace: string;
  readonly name: string;
  readonly strategy: 'none' | 'blueGreen' | 'canary';
  /** The last of those set: ALB, Ambassador, Istio, Nginx, SMI, AppMesh; empty for none. */
  readonly trafficRouter: string;
  readonly phase: string;
  /** The coarser word of the deprecated gauge: Completed, Progressing, Paused, Timeout, Error, Abort, InvalidSpec. */
  readonly progress: string;
  readonly desired: number;
  readonly available: number;
  readonly unavailable: number;
  readonly updated: number;
};

export type RolloutMetrics = {
  readonly rollouts: readonly RolloutGauges[];
  readonly events: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly type: string;
    readonly reason: string;
    readonly count: number;
  }[];
  readonly passes: readonly PassCounts[];
  /** By how the update ended. */
  readonly durations: readonly {
    readonly completion: string;
    readonly total: Histogram;
    readonly progression: Histogram;
    readonly manualPause: Histogram;
  }[];
  /** Calls of the API by kind of write, Events not counted. */
  readonly writes: Readonly<Partial<Record<Action['kind'], number>>>;
};

const totalBounds = [30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800];
const progressionBounds = [30, 60, 120, 300, 600, 900, 1800, 3600];
const manualPauseBounds = [0, 60, 300, 600, 1800, 3600, 7200, 14400, 28800];

type Ended = { readonly total: Series; readonly progression: Series; readonly manualPause: Series };

export class RolloutMetricsBook {
  readonly #rollouts: Store<Rollout>;
  readonly passes: PassBook;
  readonly #events = new Map<string, Map<string, { readonly type: string; readonly reason: string; count: number }>>();
  readonly #durations = new Map<string, Ended>();
  readonly #writes = new Map<Action['kind'], number>();

  constructor(rollouts: Store<Rollout>) {
    this.#rollouts = rollouts;
    this.passes = new PassBook(rollouts, (key) => this.#events.delete(key));
  }

  countEvent(rollout: Rollout, { type, reason }: Note): void {
    const key = keyOf(rollout);
    const own = this.#events.get(key) ?? new Map<string, { readonly type: string; readonly reason: string; count: number }>();
    this.#events.set(key, own);
    const counter = own.get(`${type} ${reason}`) ?? { type, reason, count: 0 };
    counter.count++;
    own.set(`${type} ${reason}`, counter);
  }

  countWrite(kind: Action['kind']): void {
    this.#writes.set(kind, (this.#writes.get(kind) ?? 0) + 1);
  }

  /** Counts an update that a status write has just ended. */
  observeDuration(before: RolloutStatus | undefined, after: RolloutStatus | undefined): void {
    const ended = after?.duration;
    if (ended?.finishedAt === undefined || before?.duration?.finishedAt === ended.finishedAt) return;
    const total = ((parseTime(ended.finishedAt) ?? 0) - (parseTime(ended.rolloutStartedAt) ?? 0)) / 1000;
    const paused = ended.totalManualPauseDurationSeconds ?? 0;
    const completion = ended.completionStatus ?? '';
    const series: Ended = this.#durations.get(completion) ?? {
      total: new Series(totalBounds),
      progression: new Series(progressionBounds),
      manualPause: new Series(manualPauseBounds),
    };
    this.#durations.set(completion, series);
    series.total.observe(total);
    series.progression.observe(total - paused);
    series.manualPause.observe(paused);
  }

  read(): RolloutMetrics {
    return {
      rollouts: [...this.#rollouts.list()].map(gaugesOf),
      events: [...this.#events].flatMap(([key, own]) => [...own.values()].map((counter) => ({ ...named(key), ...counter }))),
      passes: this.passes.read(),
      durations: [...this.#durations].map(([completion, { total, progression, manualPause }]) => ({
        completion,
        total: total.read(),
        progression: progression.read(),
        manualPause: manualPause.read(),
      })),
      writes: Object.fromEntries(this.#writes),
    };
  }
}

function named(key: string): { readonly namespace: string; readonly name: string } {
  const { namespace = '', name } = splitKey(key);
  return { namespace, name };
}

function gaugesOf(rollout: Rollout): RolloutGauges {
  const { spec, status = {} } = rollout;
  const { canary, blueGreen } = spec.strategy ?? {};
  const available = status.availableReplicas ?? 0;
  return {
    namespace: rollout.metadata.namespace ?? '',
    name: rollout.metadata.name ?? '',
    strategy: blueGreen !== undefined ? 'blueGreen' : canary === undefined ? 'none' : 'canary',
    trafficRouter: routerOf(rollout),
    phase: rolloutPhase(rollout).phase,
    progress: progressOf(status),
    desired: desiredReplicas(spec),
    available,
    unavailable: (status.replicas ?? 0) - available,
    updated: status.updatedReplicas ?? 0,
  };
}

function routerOf({ spec }: Rollout): string {
  const routing = spec.strategy?.canary?.trafficRouting;
  const known = [
    ['ALB', routing?.alb],
    ['Ambassador', routing?.ambassador],
    ['Istio', routing?.istio],
    ['Nginx', routing?.nginx],
    ['SMI', routing?.smi],
    ['AppMesh', routing?.appMesh],
  ] as const;
  return known.findLast(([, set]) => set !== undefined)?.[0] ?? '';
}

const progressWords: Readonly<Record<string, string>> = {
  NewReplicaSetAvailable: 'Completed',
  RolloutPaused: 'Paused',
  ReplicaSetCreateError: 'Error',
  ProgressDeadlineExceeded: 'Timeout',
  RolloutAborted: 'Abort',
};

function progressOf(status: RolloutStatus): string {
  const conditions = status.conditions ?? [];
  if (conditions.some(({ type }) => type === 'InvalidSpec')) return 'InvalidSpec';
  return progressWords[conditions.find(({ type }) => type === 'Progressing')?.reason ?? ''] ?? 'Progressing';
}
