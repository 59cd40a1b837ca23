/**
 * The numbers of analyses as plain values: gauges from the caches at the time of asking, counters and histograms from what happened.
 * Their Prometheus names are in upstream's documentation; giving them those is the caller's part.
 */
import type { AnalysisPhase, AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate, Metric, MetricProvider } from '@sluice/api';
import type { Store } from '@sluice/kube';
import { PassBook, type PassCounts } from '../pass-book.ts';

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
  readonly passes: readonly PassCounts[];
};

/** `namespace` is empty for templates of the cluster. */
export type AnalysisTemplateGauges = {
  readonly namespace: string;
  readonly name: string;
  readonly metrics: readonly { readonly name: string; readonly type: string }[];
};

export class AnalysisMetricsBook {
  readonly #runs: Store<AnalysisRun>;
  readonly passes: PassBook;

  constructor(runs: Store<AnalysisRun>) {
    this.#runs = runs;
    this.passes = new PassBook(this.#runs);
  }

  read(): AnalysisMetrics {
    return {
      runs: [...this.#runs.list()].map(gaugesOfRun),
      passes: this.passes.read(),
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
