/**
 * What a decision about a Rollout looks at: the objects as the cache has them, and little else. Parts that most passes do not need are
 * optional; a plan that needs one says so in `needs`, and the shell looks again with it.
 */
import type { Instant, Pod, ReplicaSet, Rollout, Service } from '@sluice/api';

export type RolloutFacts = {
  readonly rollout: Rollout;
  /** Those the Rollout controls, in any order. */
  readonly replicaSets: readonly ReplicaSet[];
  /** The services that the spec names, as far as they exist, by name. */
  readonly services?: ReadonlyMap<string, Service>;
  /** Pods that match the selector, in the order of the API's list. Only where a plan asked for them. */
  readonly pods?: readonly Pod[];
  /** Since when a change of counts alone waits to be written. Absent: none waits. */
  readonly countsWaitSince?: Instant;
  /**
   * ReplicaSets whose pods are known to carry the metadata that the template names, as `metadataKey` gives it. Lost on a restart of the
   * process, which costs one look at the pods.
   */
  readonly podMetadataChecked?: ReadonlySet<string>;
  /** What an earlier plan worked out about the spec; used as long as the spec is the same. */
  readonly specReading?: SpecReading;
};

/** What follows from a spec alone. It costs more than the rest of an idle pass, and is worth keeping between passes. */
export type SpecReading = {
  readonly uid: string | undefined;
  readonly generation: number | undefined;
  readonly collisionCount: number | undefined;
  readonly templateHash: string;
  readonly stepHash: string;
  /** The first finding of the validation. */
  readonly problem: string | undefined;
};

/** How far ahead a wake-up is worth asking for; a resync of the shell covers what is later. Upstream's `--rollout-resync`. */
export const resyncMs: number = 15 * 60 * 1000;
