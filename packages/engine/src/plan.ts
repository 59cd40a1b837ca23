/** What is to be done about a Rollout: writes in an order in which any of them may be the last, and why. */
import type { ReplicaSet, Rollout, RolloutStatus } from '@sluice/api';

/** Becomes an Event on the Rollout. */
export type Note = { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };

/** RFC 7386; guarded by the resource version that the decision saw. */
export type MergePatch = Readonly<Record<string, unknown>>;

export type Action =
  | { readonly kind: 'CreateReplicaSet'; readonly replicaSet: ReplicaSet; readonly reason: string }
  | {
      /** Several of these side by side in a plan's `scale` are safe in any order. */
      readonly kind: 'PatchReplicaSet';
      readonly name: string;
      readonly resourceVersion: string | undefined;
      readonly patch: MergePatch;
      readonly reason: string;
    }
  | {
      readonly kind: 'DeleteReplicaSet';
      readonly name: string;
      readonly uid: string | undefined;
      readonly resourceVersion: string | undefined;
      readonly reason: string;
    }
  | { readonly kind: 'PatchRollout'; readonly patch: MergePatch; readonly reason: string }
  | {
      readonly kind: 'PatchService';
      readonly name: string;
      readonly resourceVersion: string | undefined;
      readonly patch: MergePatch;
      readonly reason: string;
    }
  | { readonly kind: 'PatchPod'; readonly name: string; readonly patch: MergePatch; readonly reason: string }
  | { readonly kind: 'EvictPod'; readonly name: string; readonly reason: string }
  | { readonly kind: 'WriteStatus'; readonly patch: MergePatch; readonly reason: string }
  /** Writes that are safe in any order among themselves. */
  | { readonly kind: 'Together'; readonly actions: readonly Action[]; readonly reason: string };

export type RolloutPlan = {
  /** In the order in which they are safe. A kill between any two leaves a state from which the next pass, ours or upstream's, goes on. */
  readonly actions: readonly Action[];
  /** The complete next status, whether or not it differs from the present one. Absent: the status is none of our business now. */
  readonly status?: RolloutStatus;
  /** The Rollout as it will be when everything is carried out. */
  readonly rollout: Rollout;
  readonly notes: readonly Note[];
  /** 0: at once. Absent: wait for a change. */
  readonly requeueAfterMs?: number;
  /** A change of counts alone is kept back until `requeueAfterMs`; remember since when. */
  readonly holdsCounts?: boolean;
  /** What must be looked at before anything can be decided; everything else of the plan is empty then. */
  readonly needs?: readonly 'pods'[];
  /** Keys for `podMetadataChecked`, true once the actions are done. */
  readonly checks?: readonly string[];
  /** The pass failed in a way that may heal by itself: look again with back-off. */
  readonly failure?: string;
  /** A part of the spec that this version does not carry out. Nothing is written. */
  readonly unsupported?: string;
  /** One line for people: why there is this plan. */
  readonly reason: string;
};
