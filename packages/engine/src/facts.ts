/**
 * What a decision about a Rollout looks at: the objects as the cache has them, and little else. Parts that most passes do not need are
 * optional; a plan that needs one says so in `needs`, and the shell looks again with it.
 */
import type { AnalysisRun, Experiment, Instant, KubeObject, Pod, ReplicaSet, Rollout, Service } from '@sluice/api';
import type { TemplateLookup } from './analysis/run-spec.ts';
import type { StepPluginAnswer } from './ports/step-plugin.ts';
import type { TrafficRouter } from './ports/traffic-router.ts';

export type RolloutFacts = {
  readonly rollout: Rollout;
  /** Those the Rollout controls, in any order. */
  readonly replicaSets: readonly ReplicaSet[];
  /** The services that the spec names, as far as they exist, by name. */
  readonly services?: ReadonlyMap<string, Service>;
  /** Those that the Rollout controls, and those that its status names. */
  readonly analysisRuns?: readonly AnalysisRun[];
  readonly experiments?: readonly Experiment[];
  readonly templates?: TemplateLookup;
  /** The routers that the Rollout uses, in the order in which they are served. */
  readonly routers?: readonly TrafficRouter[];
  /** The objects that these routers refer to, as far as they exist, by `objectKey`. */
  readonly routed?: ReadonlyMap<string, KubeObject>;
  /** What `spec.workloadRef` names; text says why it cannot be had. */
  readonly workload?: KubeObject | string;
  /** What an asked router last said of the weights. */
  readonly verification?: WeightVerification;
  /** Whether a configured step plugin is to be passed over. Absent: no plugins are served, and a Rollout with one is left alone. */
  readonly isStepPluginDisabled?: (name: string) => boolean;
  /** Answers to the calls of step plugins that former plans of this look asked for, in their order. */
  readonly stepPluginAnswers?: readonly StepPluginAnswer[];
  /** Names of AnalysisRuns and Experiments that a creation found taken by something that is not ours. */
  readonly takenNames?: ReadonlySet<string>;
  /** Pods that match the selector, in the order of the API's list. Only where a plan asked for them. */
  readonly pods?: readonly Pod[];
  /** Since when a change of counts alone waits to be written. Absent: none waits. */
  readonly countsWaitSince?: Instant;
  /** How much longer than usual it may wait, because the API is slow. */
  readonly countsWaitMoreMs?: number;
  /**
   * ReplicaSets whose pods are known to carry the metadata that the template names, as `metadataKey` gives it. Lost on a restart of the
   * process, which costs one look at the pods.
   */
  readonly podMetadataChecked?: ReadonlySet<string>;
  /** What an earlier plan worked out about the spec; used as long as the spec is the same. */
  readonly specReading?: SpecReading;
};

/**
 * Whether the load balancer has taken over a weight, for routers that can tell. About another weight or version than the present ones it
 * says nothing.
 */
export type WeightVerification = { readonly weight: number; readonly canaryHash: string; readonly isVerified: boolean };

/** What follows from a spec alone. It costs more than the rest of an idle pass, and is worth keeping between passes. */
export type SpecReading = {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly collisionCount: number | undefined;
  /** Names the state of the referenced workload; empty without one. */
  readonly workload: string;
  readonly templateHash: string;
  readonly stepHash: string;
  /** The first finding of the validation. */
  readonly problem: string | undefined;
};
