/**
 * The numbers of experiments as plain values: gauges from the cache at the time of asking, counters and histograms from what happened.
 * Their Prometheus names are in upstream's documentation; giving them those is the caller's part.
 */
import type { AnalysisPhase, Experiment } from '@sluice/api';
import type { ExperimentAction } from '@sluice/engine';
import type { Store } from '@sluice/kube';
import { PassBook, type PassCounts } from '../pass-book.ts';

export type ExperimentGauges = {
  readonly namespace: string;
  readonly name: string;
  /** An Experiment that nobody has looked at yet counts as Pending. */
  readonly phase: AnalysisPhase;
};

export type ExperimentMetrics = {
  readonly experiments: readonly ExperimentGauges[];
  readonly passes: readonly PassCounts[];
  /** Calls of the API by kind of write, Events not counted. */
  readonly writes: Readonly<Partial<Record<ExperimentAction['kind'], number>>>;
};

/** Phases that the deprecated gauge `experiment_phase` has a series for. Failed is not among them (upstream's omission, kept). */
export const experimentPhaseSeries: readonly AnalysisPhase[] = ['Pending', 'Error', 'Successful', 'Running', 'Inconclusive'];

export class ExperimentMetricsBook {
  readonly #experiments: Store<Experiment>;
  readonly passes: PassBook;
  readonly #writes = new Map<ExperimentAction['kind'], number>();

  constructor(experiments: Store<Experiment>) {
    this.#experiments = experiments;
    this.passes = new PassBook(this.#experiments);
  }

  countWrite(kind: ExperimentAction['kind']): void {
    this.#writes.set(kind, (this.#writes.get(kind) ?? 0) + 1);
  }

  read(): ExperimentMetrics {
    return {
      experiments: [...this.#experiments.list()].map(({ metadata, status }) => ({
        namespace: metadata.namespace ?? '',
        name: metadata.name ?? '',
        phase: status?.phase ?? 'Pending',
      })),
      passes: this.passes.read(),
      writes: Object.fromEntries(this.#writes),
    };
  }
}
