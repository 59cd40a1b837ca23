/** The Rollout kind of `argoproj.io/v1alpha1` in wire spelling. Absent means unset; the API never delivers null here. */
import type { Condition, KubeObject } from '../meta.ts';
import type { LabelSelector } from '../selector.ts';
import type { AnalysisPhase, AnalysisTemplateReference, DryRunRule, MeasurementRetentionRule } from './analysis.ts';
import type { ExtraMetadata } from './experiment.ts';
import type { IntOrString, PodTemplateSpec } from './workloads.ts';

export type WorkloadReference = {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly name?: string;
  /** `never` when absent. */
  readonly scaleDown?: 'never' | 'onsuccess' | 'progressively' | (string & {});
};

export type RolloutSpec = {
  /** 1 when absent; the controller writes that 1. */
  readonly replicas?: number;
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
  readonly workloadRef?: WorkloadReference;
  readonly minReadySeconds?: number;
  readonly strategy?: RolloutStrategy;
  /** 10 when absent. */
  readonly revisionHistoryLimit?: number;
  readonly paused?: boolean;
  /** 600 when absent. */
  readonly progressDeadlineSeconds?: number;
  readonly progressDeadlineAbort?: boolean;
  readonly restartAt?: string;
  readonly rollbackWindow?: { readonly revisions?: number };
  readonly analysis?: { readonly successfulRunHistoryLimit?: number; readonly unsuccessfulRunHistoryLimit?: number };
};

/** Exactly one of the two is meant to be set. */
export type RolloutStrategy = { readonly canary?: CanaryStrategy; readonly blueGreen?: BlueGreenStrategy };

export type AntiAffinity = {
  readonly preferredDuringSchedulingIgnoredDuringExecution?: { readonly weight: number };
  readonly requiredDuringSchedulingIgnoredDuringExecution?: Readonly<Record<string, never>>;
};

export type BlueGreenStrategy = {
  readonly activeService?: string;
  readonly previewService?: string;
  readonly previewReplicaCount?: number;
  readonly autoPromotionEnabled?: boolean;
  readonly autoPromotionSeconds?: number;
  readonly maxUnavailable?: IntOrString;
  readonly scaleDownDelaySeconds?: number;
  readonly scaleDownDelayRevisionLimit?: number;
  readonly prePromotionAnalysis?: RolloutAnalysis;
  readonly postPromotionAnalysis?: RolloutAnalysis;
  readonly antiAffinity?: AntiAffinity;
  readonly previewMetadata?: ExtraMetadata;
  readonly activeMetadata?: ExtraMetadata;
  readonly abortScaleDownDelaySeconds?: number;
};

export type CanaryStrategy = {
  readonly canaryService?: string;
  readonly stableService?: string;
  readonly steps?: readonly CanaryStep[];
  readonly trafficRouting?: TrafficRouting;
  readonly maxSurge?: IntOrString;
  readonly maxUnavailable?: IntOrString;
  readonly analysis?: BackgroundAnalysis;
  readonly antiAffinity?: AntiAffinity;
  readonly canaryMetadata?: ExtraMetadata;
  readonly stableMetadata?: ExtraMetadata;
  readonly scaleDownDelaySeconds?: number;
  readonly scaleDownDelayRevisionLimit?: number;
  readonly abortScaleDownDelaySeconds?: number;
  readonly dynamicStableScale?: boolean;
  readonly pingPong?: { readonly pingService: string; readonly pongService: string };
  readonly minPodsPerReplicaSet?: number;
  readonly replicaProgressThreshold?: { readonly type: 'Percent' | 'Pods' | (string & {}); readonly value: number };
};

export type RolloutAnalysisArgument = {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly podTemplateHashValue?: 'Stable' | 'Latest' | (string & {});
    readonly fieldRef?: { readonly fieldPath: string };
  };
};

export type RolloutAnalysis = {
  readonly templates?: readonly AnalysisTemplateReference[];
  readonly args?: readonly RolloutAnalysisArgument[];
  readonly dryRun?: readonly DryRunRule[];
  readonly measurementRetention?: readonly MeasurementRetentionRule[];
  readonly analysisRunMetadata?: ExtraMetadata;
};

export type BackgroundAnalysis = RolloutAnalysis & { readonly startingStep?: number };

/** One key is meant to be set. */
export type CanaryStep = {
  readonly setWeight?: number;
  readonly pause?: { readonly duration?: IntOrString };
  readonly experiment?: ExperimentStep;
  readonly analysis?: RolloutAnalysis;
  readonly setCanaryScale?: SetCanaryScale;
  readonly setHeaderRoute?: SetHeaderRoute;
  readonly setMirrorRoute?: SetMirrorRoute;
  readonly plugin?: { readonly name: string; readonly config?: unknown };
};

export type SetCanaryScale = { readonly weight?: number; readonly replicas?: number; readonly matchTrafficWeight?: boolean };

/** Exactly one is meant to be set. */
export type StringMatch = { readonly exact?: string; readonly prefix?: string; readonly regex?: string };

export type SetHeaderRoute = {
  readonly name?: string;
  /** Empty or absent removes the route. */
  readonly match?: readonly { readonly headerName: string; readonly headerValue: StringMatch }[];
};

export type SetMirrorRoute = {
  readonly name: string;
  /** Empty or absent removes the route. */
  readonly match?: readonly {
    readonly method?: StringMatch;
    readonly path?: StringMatch;
    readonly headers?: Readonly<Record<string, StringMatch>>;
  }[];
  /** 100 when absent. */
  readonly percentage?: number;
};

export type ExperimentStepTemplate = {
  readonly name: string;
  readonly specRef: 'canary' | 'stable' | (string & {});
  readonly replicas?: number;
  readonly metadata?: ExtraMetadata;
  readonly selector?: LabelSelector;
  readonly weight?: number;
  readonly service?: { readonly name?: string };
};

export type ExperimentStepAnalysis = {
  readonly name: string;
  readonly templateName: string;
  readonly clusterScope?: boolean;
  readonly args?: readonly RolloutAnalysisArgument[];
  readonly requiredForCompletion?: boolean;
};

export type ExperimentStep = {
  readonly templates?: readonly ExperimentStepTemplate[];
  readonly duration?: string;
  readonly analyses?: readonly ExperimentStepAnalysis[];
  readonly dryRun?: readonly DryRunRule[];
  readonly analysisRunMetadata?: ExtraMetadata;
  readonly scaleDownDelaySeconds?: number;
};

export type IstioVirtualService = {
  readonly name: string;
  readonly routes?: readonly string[];
  readonly tlsRoutes?: readonly { readonly port?: number; readonly sniHosts?: readonly string[] }[];
  readonly tcpRoutes?: readonly { readonly port?: number }[];
};

/** Several routers may be set together; they are served in the order istio, nginx, alb, smi, ambassador, appMesh, traefik, apisix, plugins. */
export type TrafficRouting = {
  readonly istio?: {
    readonly virtualService?: IstioVirtualService;
    readonly virtualServices?: readonly IstioVirtualService[];
    readonly destinationRule?: {
      readonly name: string;
      readonly canarySubsetName: string;
      readonly stableSubsetName: string;
      readonly additionalSubsetNames?: readonly string[];
    };
  };
  readonly nginx?: {
    readonly annotationPrefix?: string;
    readonly stableIngress?: string;
    readonly stableIngresses?: readonly string[];
    readonly additionalIngressAnnotations?: Readonly<Record<string, string>>;
    readonly canaryIngressAnnotations?: Readonly<Record<string, string>>;
  };
  readonly alb?: {
    readonly ingress?: string;
    readonly ingresses?: readonly string[];
    readonly servicePort: number;
    readonly rootService?: string;
    readonly annotationPrefix?: string;
    readonly stickinessConfig?: { readonly enabled: boolean; readonly durationSeconds: number };
  };
  readonly smi?: { readonly rootService?: string; readonly trafficSplitName?: string };
  readonly ambassador?: { readonly mappings: readonly string[] };
  readonly appMesh?: {
    readonly virtualService?: { readonly name: string; readonly routes?: readonly string[] };
    readonly virtualNodeGroup?: {
      readonly canaryVirtualNodeRef?: { readonly name: string };
      readonly stableVirtualNodeRef?: { readonly name: string };
    };
  };
  readonly traefik?: { readonly weightedTraefikServiceName: string };
  readonly apisix?: { readonly route?: { readonly name: string; readonly rules?: readonly string[] } };
  readonly managedRoutes?: readonly { readonly name: string }[];
  readonly plugins?: Readonly<Record<string, unknown>>;
  /** 100 when absent. */
  readonly maxTrafficWeight?: number;
};

export type RolloutPhase = 'Healthy' | 'Progressing' | 'Paused' | 'Degraded';

export type PauseReason = 'CanaryPauseStep' | 'BlueGreenPause' | 'InconclusiveAnalysisRun' | 'InconclusiveExperiment';

export type PauseCondition = { readonly reason: PauseReason | (string & {}); readonly startTime: string };

export type RolloutConditionType =
  | 'InvalidSpec'
  | 'Available'
  | 'Progressing'
  | 'ReplicaFailure'
  | 'Paused'
  | 'Completed'
  | 'Healthy'
  | (string & {});

export type RolloutCondition = Condition & { readonly type: RolloutConditionType };

/** The run a strategy looks at. A run just created is recorded with status `""`. */
export type RolloutAnalysisRunStatus = { readonly name: string; readonly status: AnalysisPhase | ''; readonly message?: string };

export type WeightDestination = { readonly weight: number; readonly serviceName?: string; readonly podTemplateHash?: string };

export type TrafficWeights = {
  readonly canary: WeightDestination;
  readonly stable: WeightDestination;
  readonly additional?: readonly WeightDestination[];
  readonly verified?: boolean;
};

export type StepPluginStatus = {
  readonly index: number;
  readonly name: string;
  readonly operation: 'Run' | 'Terminate' | 'Abort' | (string & {});
  readonly phase?: 'Running' | 'Successful' | 'Failed' | 'Error' | (string & {});
  readonly message?: string;
  readonly startedAt?: string;
  readonly updatedAt?: string;
  readonly finishedAt?: string;
  readonly backoff?: string;
  readonly executions?: number;
  readonly disabled?: boolean;
  readonly status?: unknown;
};

export type CanaryStatus = {
  readonly currentStepAnalysisRunStatus?: RolloutAnalysisRunStatus;
  readonly currentBackgroundAnalysisRunStatus?: RolloutAnalysisRunStatus;
  readonly currentExperiment?: string;
  readonly weights?: TrafficWeights;
  readonly stablePingPong?: 'ping' | 'pong' | (string & {});
  readonly stepPluginStatuses?: readonly StepPluginStatus[];
};

export type BlueGreenStatus = {
  readonly activeSelector?: string;
  readonly previewSelector?: string;
  readonly scaleUpPreviewCheckPoint?: boolean;
  readonly prePromotionAnalysisRunStatus?: RolloutAnalysisRunStatus;
  readonly postPromotionAnalysisRunStatus?: RolloutAnalysisRunStatus;
};

export type AlbTargetGroup = { readonly name: string; readonly arn: string; readonly fullName?: string };
export type AlbStatus = {
  readonly loadBalancer?: { readonly name: string; readonly arn: string; readonly fullName?: string };
  readonly canaryTargetGroup?: AlbTargetGroup;
  readonly stableTargetGroup?: AlbTargetGroup;
  readonly ingress?: string;
};

export type CompletionStatus = 'Promoted' | 'FastPromoted' | 'Aborted' | 'Superseded' | 'RolledBack' | 'FastRolledBack';

export type RolloutDuration = {
  readonly rolloutStartedAt?: string;
  readonly manualPauseStartedAt?: string;
  readonly totalManualPauseDurationSeconds?: number;
  readonly finishedAt?: string;
  readonly completionStatus?: CompletionStatus;
};

export type RolloutStatus = {
  readonly abort?: boolean;
  readonly abortedAt?: string;
  readonly pauseConditions?: readonly PauseCondition[];
  readonly controllerPause?: boolean;
  readonly currentPodHash?: string;
  readonly currentStepHash?: string;
  /** Absent without steps; the number of steps when all are done. */
  readonly currentStepIndex?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly HPAReplicas?: number;
  readonly selector?: string;
  readonly collisionCount?: number;
  /** Text, not a number. */
  readonly observedGeneration?: string;
  readonly conditions?: readonly RolloutCondition[];
  readonly stableRS?: string;
  readonly canary?: CanaryStatus;
  readonly blueGreen?: BlueGreenStatus;
  readonly restartedAt?: string;
  readonly promoteFull?: boolean;
  readonly phase?: RolloutPhase;
  readonly message?: string;
  readonly workloadObservedGeneration?: string;
  readonly alb?: AlbStatus;
  readonly albs?: readonly AlbStatus[];
  readonly duration?: RolloutDuration;
};

export type Rollout = KubeObject & { readonly spec: RolloutSpec; readonly status?: RolloutStatus };
