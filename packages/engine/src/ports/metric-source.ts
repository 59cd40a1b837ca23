/**
 * The port behind which every metric provider lies. A source measures; what a measurement means (conditions, limits, phases of metrics and
 * runs) is decided here and nowhere else.
 */
import type { AnalysisPhase, AnalysisRun, Instant, Measurement, Metric } from '@sluice/api';

/**
 * What a source found. `value` is judged by the metric's conditions; `verdict` is the source's own judgement (a Job that ended, Kayenta,
 * a plugin), to which conditions do not apply. A verdict of `Running` is looked at again at `resumeAt`.
 */
export type MetricReading =
  | {
      readonly kind: 'value';
      /** What the conditions see as `result`: JSON, or numbers that are NaN or infinite. */
      readonly result: unknown;
      /** What people see in `measurements[].value`. */
      readonly value: string;
      readonly metadata?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'verdict';
      readonly phase: AnalysisPhase;
      readonly value?: string;
      readonly message?: string;
      readonly resumeAt?: Instant;
      readonly metadata?: Readonly<Record<string, string>>;
    };

/** What is measured, for whom, and when. `metric` has its arguments filled in, values of Secrets included: never log or store it. */
export type MetricQuestion = { readonly run: AnalysisRun; readonly metric: Metric; readonly now: Instant };

/**
 * One kind of provider. A failure of any kind is thrown, and becomes a measurement in phase `Error` with the message: it must say what
 * upstream's would and must never hold a secret.
 */
export interface MetricSource {
  /** As upstream's metrics name it: `Prometheus`, `Web`, `Job`, ... */
  readonly type: string;
  /** Written once into the metric's result, such as the resolved query. */
  metadata?(question: MetricQuestion): Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
  /** Takes one measurement, or begins one. Ends by itself in bounded time. */
  measure(question: MetricQuestion): Promise<MetricReading>;
  /** Looks at a measurement that a former call left `Running`. Absent: measurements of this source end at once. */
  resume?(question: MetricQuestion, measurement: Measurement): Promise<MetricReading>;
  /** Ends a running measurement before its time. */
  terminate?(question: MetricQuestion, measurement: Measurement): Promise<MetricReading>;
  /** Drops what more than `keep` measurements left behind. */
  collectGarbage?(question: MetricQuestion, keep: number): Promise<void>;
}
