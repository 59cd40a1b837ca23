/** Analysis kinds of `argoproj.io/v1alpha1` in wire spelling: templates, cluster templates and runs. */
import type { KubeObject } from '../meta.ts';
import type { IntOrString } from './workloads.ts';

export type AnalysisPhase = 'Pending' | 'Running' | 'Successful' | 'Failed' | 'Error' | 'Inconclusive';

export type FieldReference = { readonly fieldPath: string };
export type SecretKeyReference = { readonly name: string; readonly key: string };

/** An argument of a template or run. One without value and valueFrom must be supplied by the caller. */
export type AnalysisArgument = {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: SecretKeyReference; readonly fieldRef?: FieldReference };
};

export type DryRunRule = { readonly metricName: string };
export type MeasurementRetentionRule = { readonly metricName: string; readonly limit: number };
export type AnalysisTemplateReference = { readonly templateName?: string; readonly clusterScope?: boolean };

export type Authentication = {
  readonly sigv4?: { readonly region?: string; readonly profile?: string; readonly roleArn?: string };
  readonly oauth2?: {
    readonly tokenUrl?: string;
    readonly clientId?: string;
    readonly clientSecret?: string;
    readonly scopes?: readonly string[];
  };
  readonly basicAuth?: { readonly username?: string; readonly password?: string };
};

export type HeaderPair = { readonly key: string; readonly value: string };

export type PrometheusMetric = {
  readonly address?: string;
  readonly query?: string;
  readonly authentication?: Authentication;
  readonly timeout?: number;
  readonly insecure?: boolean;
  readonly headers?: readonly HeaderPair[];
  readonly rangeQuery?: { readonly start?: string; readonly end?: string; readonly step?: string };
};

export type WebMetric = {
  readonly method?: string;
  readonly url: string;
  readonly headers?: readonly HeaderPair[];
  readonly body?: string;
  readonly jsonBody?: unknown;
  readonly timeoutSeconds?: number;
  readonly jsonPath?: string;
  readonly insecure?: boolean;
  readonly authentication?: Authentication;
};

export type JobMetric = {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
};

export type KayentaMetric = {
  readonly address: string;
  readonly application: string;
  readonly canaryConfigName: string;
  readonly metricsAccountName: string;
  readonly configurationAccountName: string;
  readonly storageAccountName: string;
  readonly threshold: { readonly pass: number; readonly marginal: number };
  readonly scopes: readonly Readonly<Record<string, unknown>>[];
  readonly lookback?: boolean;
};

export type DatadogMetric = {
  readonly apiVersion?: 'v1' | 'v2';
  readonly interval?: string;
  readonly query?: string;
  readonly queries?: Readonly<Record<string, string>>;
  readonly formula?: string;
  readonly aggregator?: string;
  /** How long to wait for an answer; 10s by default. */
  readonly requestTimeout?: string;
  readonly secretRef?: { readonly name?: string; readonly namespaced?: boolean };
};

export type NewRelicMetric = { readonly profile?: string; readonly query: string; readonly timeout?: number };
export type WavefrontMetric = { readonly address?: string; readonly query?: string };
export type GraphiteMetric = { readonly address?: string; readonly query?: string };
export type InfluxdbMetric = { readonly profile?: string; readonly query?: string };
export type SkyWalkingMetric = { readonly address?: string; readonly query?: string; readonly interval?: string };
export type CloudWatchMetric = { readonly interval?: string; readonly metricDataQueries: readonly Readonly<Record<string, unknown>>[] };

/** Exactly one of these is meant to be set. */
export type MetricProvider = {
  readonly prometheus?: PrometheusMetric;
  readonly web?: WebMetric;
  readonly job?: JobMetric;
  readonly kayenta?: KayentaMetric;
  readonly datadog?: DatadogMetric;
  readonly newRelic?: NewRelicMetric;
  readonly wavefront?: WavefrontMetric;
  readonly cloudWatch?: CloudWatchMetric;
  readonly graphite?: GraphiteMetric;
  readonly influxdb?: InfluxdbMetric;
  readonly skywalking?: SkyWalkingMetric;
  readonly plugin?: Readonly<Record<string, unknown>>;
};

/** A metric. Limits are int-or-string because they may hold `{{args.x}}`. */
export type Metric = {
  readonly name: string;
  readonly interval?: string;
  readonly initialDelay?: string;
  readonly count?: IntOrString;
  readonly successCondition?: string;
  readonly failureCondition?: string;
  readonly failureLimit?: IntOrString;
  readonly inconclusiveLimit?: IntOrString;
  readonly consecutiveErrorLimit?: IntOrString;
  readonly consecutiveSuccessLimit?: IntOrString;
  readonly provider: MetricProvider;
};

export type AnalysisTemplateSpec = {
  readonly metrics?: readonly Metric[];
  readonly args?: readonly AnalysisArgument[];
  readonly dryRun?: readonly DryRunRule[];
  readonly measurementRetention?: readonly MeasurementRetentionRule[];
  readonly templates?: readonly AnalysisTemplateReference[];
};

export type AnalysisTemplate = KubeObject & { readonly spec: AnalysisTemplateSpec };
export type ClusterAnalysisTemplate = KubeObject & { readonly spec: AnalysisTemplateSpec };

export type AnalysisRunSpec = {
  readonly metrics: readonly Metric[];
  readonly args?: readonly AnalysisArgument[];
  readonly terminate?: boolean;
  readonly dryRun?: readonly DryRunRule[];
  readonly measurementRetention?: readonly MeasurementRetentionRule[];
  readonly ttlStrategy?: {
    readonly secondsAfterCompletion?: number;
    readonly secondsAfterFailure?: number;
    readonly secondsAfterSuccess?: number;
  };
};

export type Measurement = {
  readonly phase: AnalysisPhase;
  readonly value?: string;
  readonly message?: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly resumeAt?: string;
  readonly metadata?: Readonly<Record<string, string>>;
};

export type MetricResult = {
  readonly name: string;
  readonly phase: AnalysisPhase;
  readonly message?: string;
  readonly count?: number;
  readonly successful?: number;
  readonly failed?: number;
  readonly inconclusive?: number;
  readonly error?: number;
  readonly consecutiveError?: number;
  readonly consecutiveSuccess?: number;
  readonly dryRun?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly measurements?: readonly Measurement[];
};

export type RunSummary = {
  readonly count?: number;
  readonly successful?: number;
  readonly failed?: number;
  readonly inconclusive?: number;
  readonly error?: number;
};

export type AnalysisRunStatus = {
  readonly phase: AnalysisPhase | '';
  readonly message?: string;
  readonly startedAt?: string;
  readonly completedAt?: string;
  readonly metricResults?: readonly MetricResult[];
  readonly runSummary?: RunSummary;
  readonly dryRunSummary?: RunSummary;
};

export type AnalysisRun = KubeObject & { readonly spec: AnalysisRunSpec; readonly status?: AnalysisRunStatus };
