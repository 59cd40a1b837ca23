/** What is to be done about a Rollout: writes in an order in which any of them may be the last, and why. */
import type { KubeObject, ReplicaSet, ResourceType, Rollout, RolloutStatus } from '@sluice/api';
import type { SpecReading } from './facts.ts';
import type { StepPluginCall } from './ports/step-plugin.ts';

/** Becomes an Event on the Rollout. */
export type Note = { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };

/** Names a write of a plan: `status`, `rollout`, `replicaset/NAME`, `size/NAME`, `service/NAME`, `pod/NAME`, `object/RESOURCE/NAMESPACE/NAME`. */
export type WriteKey = string;

/** A note that is true once a write is done. Without one it is true at once. */
export type PlannedNote = Note & { readonly write?: WriteKey };

/** RFC 7386. Whoever carries it out guards it with the resource version that the decision saw, or that an earlier write of the plan left. */
export type MergePatch = Readonly<Record<string, unknown>>;

export type Action =
  | {
      readonly kind: 'CreateReplicaSet';
      readonly replicaSet: ReplicaSet;
      /** False: the surge leaves no room for all of its pods before another shrinks, and a change of size follows. */
      readonly isFullSize: boolean;
      readonly reason: string;
    }
  | {
      /** Several of these side by side in a plan's `scale` are safe in any order. */
      readonly kind: 'PatchReplicaSet';
      /** Sizes are written after the status that asks for them, everything else before it. */
      readonly of: 'identity' | 'size';
      readonly name: string;
      /** Absent for one that the same plan creates. */
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
  /** AnalysisRuns, Experiments, objects of traffic routers, the referenced Deployment. */
  | {
      readonly kind: 'CreateObject';
      readonly type: ResourceType;
      readonly object: KubeObject;
      readonly reason: string;
      /** What to tell when the API refuses, from what it says. */
      readonly onFailure?: ((error: string) => Note) | undefined;
    }
  | {
      readonly kind: 'PatchObject';
      readonly type: ResourceType;
      readonly namespace: string;
      readonly name: string;
      /** Absent: whatever it is now, such as the end of a run. */
      readonly resourceVersion: string | undefined;
      readonly patch: MergePatch;
      readonly reason: string;
      readonly onFailure?: ((error: string) => Note) | undefined;
    }
  | {
      readonly kind: 'DeleteObject';
      readonly type: ResourceType;
      readonly namespace: string;
      readonly name: string;
      readonly uid: string | undefined;
      readonly reason: string;
      readonly onFailure?: ((error: string) => Note) | undefined;
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
  /** In the order in which they are to be told. One whose write failed is not told: the next plan has it again. */
  readonly notes: readonly PlannedNote[];
  /** 0: at once. Absent: wait for a change. */
  readonly requeueAfterMs?: number;
  /** A change of counts alone is kept back until `requeueAfterMs`; remember since when. */
  readonly holdsCounts?: boolean;
  /** What must be looked at before anything can be decided; everything else of the plan is empty then. */
  readonly needs?: readonly 'pods'[];
  /** A step plugin that must be called before anything can be decided; everything else of the plan is empty then. */
  readonly asks?: StepPluginCall;
  /** Keys for `podMetadataChecked`, true once the actions are done. */
  readonly checks?: readonly string[];
  /** Why the decision could not be carried to its end: told as an error and tried again with back-off, once the actions are done. */
  readonly problem?: string;
  /** A part of the spec that this version does not carry out. Nothing is written. */
  readonly unsupported?: string;
  /** For `RolloutFacts.specReading` of the next pass. */
  readonly specReading?: SpecReading;
  /** One line for people: why there is this plan. */
  readonly reason: string;
};

export function objectWrite(type: ResourceType, namespace: string, name: string): WriteKey {
  return `object/${type.resource}/${namespace}/${name}`;
}

/** The writes that an action is. `Together` is those of its parts. */
export function writeKeys(action: Action): readonly WriteKey[] {
  switch (action.kind) {
    case 'CreateReplicaSet': {
      const name = action.replicaSet.metadata.name ?? '';
      return action.isFullSize ? [`replicaset/${name}`, `size/${name}`] : [`replicaset/${name}`];
    }
    case 'PatchReplicaSet':
      return [action.of === 'size' ? `size/${action.name}` : `replicaset/${action.name}`];
    case 'DeleteReplicaSet':
      return [`replicaset/${action.name}`];
    case 'PatchRollout':
      return ['rollout'];
    case 'PatchService':
      return [`service/${action.name}`];
    case 'PatchPod':
    case 'EvictPod':
      return [`pod/${action.name}`];
    case 'CreateObject':
      return [objectWrite(action.type, action.object.metadata.namespace ?? '', action.object.metadata.name ?? '')];
    case 'PatchObject':
    case 'DeleteObject':
      return [objectWrite(action.type, action.namespace, action.name)];
    case 'WriteStatus':
      return ['status'];
    case 'Together':
      return action.actions.flatMap(writeKeys);
  }
}
