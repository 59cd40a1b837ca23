/**
 * The numbers of experiments as plain values: gauges from the cache at the time of asking, counters and histograms from what happened.
 * Their Prometheus names are in upstream's documentation; giving them those is the caller's part.
 */
import { type AnalysisPhase, type Clock, type Experiment, splitKey } from '@sluice/api';
import type { ExperimentAction } from '@sluice/engine';
import type { PassObservation, Store } from '@sluice/kube';
import { forgetAfterMs, type Histogram, passBounds, Series } from '../metrics.ts';

export type ExperimentGauges = {
  readonly namespace: string;
  readonly name: string;
  /** An Experiment that nobody has looked at yet counts as Pending. */
  readonly phase: AnalysisPhase;
};

export type ExperimentMetrics = {
  readonly experiments: readonly ExperimentGauges[];
  readonly passes: readonly { readonly namespace: string; readonly name: string; readonly errors: number; readonly seconds: Histogram }[];
  /** Calls of the API by kind of write, Events not counted. */
  readonly writes: Readonly<Partial<Record<ExperimentAction['kind'], number>>>;
};

/** Phases that the deprecated gauge `experiment_phase` has a series for. Failed is not among them (upstream's omission, kept). */
export const experimentPhaseSeries: readonly AnalysisPhase[] = ['Pending', 'Error', 'Successful', 'Running', 'Inconclusive'];

export class ExperimentMetricsBook {
  readonly #farewells: Set<() => void> = new Set();
  readonly #experiments: Store<Experiment>;
  readonly #passes = new Map<string, { errors: number; readonly seconds: Series }>();
  readonly #writes = new Map<ExperimentAction['kind'], number>();

  constructor(experiments: Store<Experiment>) {
    this.#experiments = experiments;
  }

  observePass({ key, durationMs, outcome }: PassObservation): void {
    let pass = this.#passes.get(key);
    if (pass === undefined) {
      if (this.#experiments.get(key) === undefined) return;
      pass = { errors: 0, seconds: new Series(passBounds) };
      this.#passes.set(key, pass);
    }
    pass.seconds.observe(durationMs / 1000);
    if (outcome === 'failed' || outcome === 'terminal') pass.errors++;
  }

  countWrite(kind: ExperimentAction['kind']): void {
    this.#writes.set(kind, (this.#writes.get(kind) ?? 0) + 1);
  }

  /** Series of a deleted Experiment stay a while, so that the last values are still read once. */
  forget(key: string, clock: Clock): void {
    const cancel = clock.after(forgetAfterMs, () => {
      this.#farewells.delete(cancel);
      if (this.#experiments.get(key) === undefined) this.#passes.delete(key);
    });
    this.#farewells.add(cancel);
  }

  /** Leaves no timer behind. */
  stop(): void {
    for (const cancel of this.#farewells) cancel();
    this.#farewells.clear();
  }

  read(): ExperimentMetrics {
    return {
      experiments: [...this.#experiments.list()].map(({ metadata, status }) => ({
        namespace: metadata.namespace ?? '',
        name: metadata.name ?? '',
        phase: status?.phase ?? 'Pending',
      })),
      passes: [...this.#passes].map(([key, { errors, seconds }]) => {
        const { namespace = '', name } = splitKey(key);
        return { namespace, name, errors, seconds: seconds.read() };
      }),
      writes: Object.fromEntries(this.#writes),
    };
  }
}
