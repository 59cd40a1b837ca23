export { type Clock, formatMicroTime, formatTime, type Instant, parseTime } from './clock.ts';
export { crds } from './crds.ts';
export { type DurationResult, formatGoDuration, formatHumanDuration, parseGoDuration } from './duration.ts';
export { type FieldError, type FieldErrorType, formatFieldError, formatFieldErrorBody } from './field-error.ts';
export { type GoShape, goEncoder, goRawJson, goString } from './go-json.ts';
export { GoPattern, PatternError } from './go-pattern.ts';
export { intValue, percentOf, scaledValue } from './int-or-string.ts';
export {
  analysisRunType,
  analysisTemplateType,
  annotations,
  clusterAnalysisTemplateType,
  experimentType,
  labels,
  rolloutType,
} from './kinds.ts';
export { validateLabelSelector } from './label-validation.ts';
export {
  apiVersionOf,
  type Condition,
  compareResourceVersions,
  controllerOf,
  type Json,
  type KubeObject,
  keyOf,
  type ManagedFieldsEntry,
  type ObjectMeta,
  type OwnerReference,
  parseApiVersion,
  type ResourceType,
  resourcePath,
  splitKey,
} from './meta.ts';
export { metadataField } from './metadata-field.ts';
export { pauseDurationSeconds } from './pause-duration.ts';
export { defaultPodTemplate, podTemplatesEqual } from './pod-defaults.ts';
export { fnv1a, podTemplateHash, safeEncode } from './pod-template-hash.ts';
export { podTemplateJson } from './pod-template-shape.ts';
export { validatePodSpec, validatePodTemplate } from './pod-template-validation.ts';
export { canonicalQuantity, compareQuantities, formatQuantity, parseQuantity, type Quantity, type QuantityFormat } from './quantity.ts';
export { type RolloutValidationOptions, validateRollout } from './rollout-validation.ts';
export {
  type FieldRequirement,
  formatLabelSelector,
  type LabelSelector,
  type LabelSelectorRequirement,
  type Labels,
  matches,
  parseFieldSelector,
  parseLabelSelector,
  type Requirement,
  requirementsOf,
  SelectorError,
} from './selector.ts';
export { failure, isStatusError, type Status, type StatusCause, StatusError, type StatusReason } from './status.ts';
export { canaryStepHash } from './step-hash.ts';
export type {
  AnalysisArgument,
  AnalysisPhase,
  AnalysisRun,
  AnalysisRunSpec,
  AnalysisRunStatus,
  AnalysisTemplate,
  AnalysisTemplateReference,
  AnalysisTemplateSpec,
  Authentication,
  CloudWatchMetric,
  ClusterAnalysisTemplate,
  DatadogMetric,
  DryRunRule,
  FieldReference,
  GraphiteMetric,
  HeaderPair,
  InfluxdbMetric,
  JobMetric,
  KayentaMetric,
  Measurement,
  MeasurementRetentionRule,
  Metric,
  MetricProvider,
  MetricResult,
  NewRelicMetric,
  PrometheusMetric,
  RunSummary,
  SecretKeyReference,
  SkyWalkingMetric,
  WavefrontMetric,
  WebMetric,
} from './types/analysis.ts';
export type {
  Experiment,
  ExperimentAnalysis,
  ExperimentAnalysisRunStatus,
  ExperimentSpec,
  ExperimentStatus,
  ExperimentTemplate,
  ExperimentTemplateStatus,
  ExtraMetadata,
  TemplateStatusCode,
} from './types/experiment.ts';
export type {
  AlbStatus,
  AlbTargetGroup,
  AntiAffinity,
  BackgroundAnalysis,
  BlueGreenStatus,
  BlueGreenStrategy,
  CanaryStatus,
  CanaryStep,
  CanaryStrategy,
  CompletionStatus,
  ExperimentStep,
  ExperimentStepAnalysis,
  ExperimentStepTemplate,
  IstioVirtualService,
  PauseCondition,
  PauseReason,
  Rollout,
  RolloutAnalysis,
  RolloutAnalysisArgument,
  RolloutAnalysisRunStatus,
  RolloutCondition,
  RolloutConditionType,
  RolloutDuration,
  RolloutPhase,
  RolloutSpec,
  RolloutStatus,
  RolloutStrategy,
  SetCanaryScale,
  SetHeaderRoute,
  SetMirrorRoute,
  StepPluginStatus,
  StringMatch,
  TrafficRouting,
  TrafficWeights,
  WeightDestination,
  WorkloadReference,
} from './types/rollout.ts';
export type {
  Affinity,
  Container,
  ContainerPort,
  ContainerState,
  ContainerStatus,
  Deployment,
  IntOrString,
  Job,
  LabelSelectorTerm,
  Pod,
  PodAffinityRules,
  PodSpec,
  PodStatus,
  PodTemplate,
  PodTemplateSpec,
  ReplicaSet,
  ReplicaSetSpec,
  ReplicaSetStatus,
  ResourceList,
  Service,
  ServicePort,
} from './types/workloads.ts';
