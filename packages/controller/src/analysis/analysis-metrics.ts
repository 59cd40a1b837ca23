/**
 * The numbers of analyses as plain values: gauges from the caches at the time of asking, counters and histograms from what happened.
 * Their Prometheus names are in upstream's documentation; giving them those is the caller's part.
 */
import {
  type AnalysisPhase,
  type AnalysisRun,
  type AnalysisTemplate,
  type Clock,
  type ClusterAnalysisTemplate,
  type Metric,
  type MetricProvider,
  splitKey,
} from '@sluice/api';
import type { PassObservation, Store } from '@sluice/kube';
import { forgetAfterMs, type Histogram, passBounds, Series } from '../metrics.ts';

export type AnalysisRunGauges = {
  readonly namespace: string;
  readonly name: string;
  /** A run without a phase counts as Pending. */
  readonly phase: AnalysisPhase;
  readonly metrics: readonly {
    readonly name: string;
    readonly type: string;
    readonly isDryRun: boolean;
    /** Pending before its first measurement. */
    readonly phase: AnalysisPhase;
  }[];
};

export type AnalysisMetrics = {
  readonly runs: readonly AnalysisRunGauges[];
  readonly passes: readonly { readonly namespace: string; readonly name: string; readonly errors: number; readonly seconds: Histogram }[];
};

/** `namespace` is empty for templates of the cluster. */
export type AnalysisTemplateGauges = {
  readonly namespace: string;
  readonly name: string;
  readonly metrics: readonly { readonly name: string; readonly type: string }[];
};

export class AnalysisMetricsBook {
  readonly #farewells: Set<() => void> = new Set();
  readonly #runs: Store<AnalysisRun>;
  readonly #passes = new Map<string, { errors: number; readonly seconds: Series }>();

  constructor(runs: Store<AnalysisRun>) {
    this.#runs = runs;
  }

  observePass({ key, durationMs, outcome }: PassObservation): void {
    let pass = this.#passes.get(key);
    if (pass === undefined) {
      if (this.#runs.get(key) === undefined) return;
      pass = { errors: 0, seconds: new Series(passBounds) };
      this.#passes.set(key, pass);
    }
    pass.seconds.observe(durationMs / 1000);
    if (outcome === 'failed' || outcome === 'terminal') pass.errors++;
  }

  /** Series of a deleted run stay a while, so that the last values are still read once. */
  forget(key: string, clock: Clock): void {
    const cancel = clock.after(forgetAfterMs, () => {
      this.#farewells.delete(cancel);
      if (this.#runs.get(key) === undefined) this.#passes.delete(key);
    });
    this.#farewells.add(cancel);
  }

  /** Leaves no timer behind. */
  stop(): void {
    for (const cancel of this.#farewells) cancel();
    this.#farewells.clear();
  }

  read(): AnalysisMetrics {
    return {
      runs: [...this.#runs.list()].map(gaugesOfRun),
      passes: [...this.#passes].map(([key, { errors, seconds }]) => {
        const { namespace = '', name } = splitKey(key);
        return { namespace, name, errors, seconds: seconds.read() };
      }),
    };
  }
}

function gaugesOfRun({ metadata, spec, status }: AnalysisRun): AnalysisRunGauges {
  const results = new Map((status?.metricResults ?? []).map((result) => [result.name, result]));
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name ?? '',
    phase: phaseOr(status?.phase),
    metrics: (spec.metrics ?? []).map((metric) => {
      const result = results.get(metric.name);
      return { ...typed(metric), isDryRun: result?.dryRun === true, phase: phaseOr(result?.phase) };
    }),
  };
}

/** The gauges of templates, of a namespace or of the cluster. */
export function templateGauges({ metadata, spec }: AnalysisTemplate | ClusterAnalysisTemplate): AnalysisTemplateGauges {
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '', metrics: (spec?.metrics ?? []).map(typed) };
}

function typed({ name, provider }: Metric): { readonly name: string; readonly type: string } {
  return { name, type: providerType(provider) };
}

function phaseOr(phase: AnalysisPhase | '' | undefined): AnalysisPhase {
  return phase === undefined || phase === '' ? 'Pending' : phase;
}

/** In the order in which upstream chooses among several. */
const providerTypes: readonly (readonly [keyof MetricProvider, string])[] = [
  ['prometheus', 'Prometheus'],
  ['job', 'Job'],
  ['kayenta', 'Kayenta'],
  ['web', 'Web'],
  ['datadog', 'Datadog'],
  ['wavefront', 'Wavefront'],
  ['newRelic', 'NewRelic'],
  ['cloudWatch', 'CloudWatch'],
  ['graphite', 'Graphite'],
  ['influxdb', 'Influxdb'],
  ['skywalking', 'skywalking'],
  ['plugin', 'RPCPlugin'],
];

function providerType(provider: MetricProvider | undefined): string {
  return providerTypes.find(([field]) => provider?.[field] !== undefined)?.[1] ?? 'Unknown Provider';
}
