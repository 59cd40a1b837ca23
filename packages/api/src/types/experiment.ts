/** The Experiment kind of `argoproj.io/v1alpha1` in wire spelling. */
import type { Condition, KubeObject } from '../meta.ts';
import type { LabelSelector } from '../selector.ts';
import type { AnalysisArgument, AnalysisPhase, DryRunRule, MeasurementRetentionRule } from './analysis.ts';
import type { PodTemplateSpec } from './workloads.ts';

/** Labels and annotations that a strategy or run adds to what it creates. */
export type ExtraMetadata = {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
};

export type ExperimentTemplate = {
  readonly name: string;
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly service?: { readonly name?: string };
};

export type ExperimentAnalysis = {
  readonly name: string;
  readonly templateName: string;
  readonly clusterScope?: boolean;
  readonly args?: readonly AnalysisArgument[];
  readonly requiredForCompletion?: boolean;
};

export type ExperimentSpec = {
  readonly templates: readonly ExperimentTemplate[];
  readonly duration?: string;
  readonly progressDeadlineSeconds?: number;
  readonly terminate?: boolean;
  readonly analyses?: readonly ExperimentAnalysis[];
  readonly scaleDownDelaySeconds?: number;
  readonly dryRun?: readonly DryRunRule[];
  readonly measurementRetention?: readonly MeasurementRetentionRule[];
  readonly analysisRunMetadata?: ExtraMetadata;
};

export type TemplateStatusCode = 'Progressing' | 'Running' | 'Successful' | 'Failed' | 'Error';

export type ExperimentTemplateStatus = {
  readonly name: string;
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly collisionCount?: number;
  readonly status?: TemplateStatusCode;
  readonly message?: string;
  readonly lastTransitionTime?: string;
  readonly serviceName?: string;
  readonly podTemplateHash?: string;
};

export type ExperimentAnalysisRunStatus = {
  readonly name: string;
  readonly analysisRun: string;
  readonly phase: AnalysisPhase;
  readonly message?: string;
};

export type ExperimentStatus = {
  readonly phase?: AnalysisPhase;
  readonly message?: string;
  readonly templateStatuses?: readonly ExperimentTemplateStatus[];
  readonly availableAt?: string;
  readonly conditions?: readonly Condition[];
  readonly analysisRuns?: readonly ExperimentAnalysisRunStatus[];
};

export type Experiment = KubeObject & { readonly spec: ExperimentSpec; readonly status?: ExperimentStatus };
