/** What a decision about an Experiment looks at, and what comes of it: writes in an order in which any of them may be the last, and why. */
import type { AnalysisRun, Experiment, ExperimentStatus, ReplicaSet, Service } from '@sluice/api';
import type { TemplateLookup } from '../analysis/run-spec.ts';
import type { MergePatch, PlannedNote, WriteKey } from '../plan.ts';

export type ExperimentFacts = {
  readonly experiment: Experiment;
  /** Those the Experiment controls, and any others that bear a name which it wants to give. In any order. */
  readonly replicaSets: readonly ReplicaSet[];
  /** Likewise. */
  readonly services: readonly Service[];
  /** Likewise. */
  readonly analysisRuns: readonly AnalysisRun[];
  readonly templates: TemplateLookup;
  /** Writes of an earlier plan about the same objects that the API refused. What was refused is shown in the status, not tried again. */
  readonly refusals?: readonly ExperimentRefusal[];
};

/** A write that the API refused for good. */
export type ExperimentRefusal = {
  readonly write: 'create-replica-set' | 'scale' | 'create-service' | 'delete-service' | 'create-run' | 'terminate-run';
  /** Name of the template or analysis. */
  readonly of: string;
  /** Of `scale`: the size that was refused. */
  readonly size?: number;
  /** The API's. */
  readonly message: string;
};

/** Becomes an Event on the Experiment. */
export type ExperimentNote = PlannedNote & {
  /** Becomes one on the Rollout that owns the Experiment too, and there always as a warning (upstream's behaviour, kept). */
  readonly isForRollout?: true;
};

/** `of` is the template or analysis that the write is for. */
export type ExperimentAction =
  | { readonly kind: 'CreateReplicaSet'; readonly of: string; readonly replicaSet: ReplicaSet; readonly reason: string }
  | {
      readonly kind: 'PatchReplicaSet';
      readonly of: string;
      readonly name: string;
      readonly resourceVersion: string | undefined;
      readonly patch: MergePatch;
      /** Absent: only annotations change. */
      readonly size?: number;
      readonly reason: string;
    }
  | { readonly kind: 'CreateService'; readonly of: string; readonly service: Service; readonly reason: string }
  | {
      readonly kind: 'DeleteService';
      readonly of: string;
      readonly name: string;
      readonly uid: string | undefined;
      readonly reason: string;
    }
  | { readonly kind: 'CreateAnalysisRun'; readonly of: string; readonly run: AnalysisRun; readonly reason: string }
  | {
      readonly kind: 'TerminateAnalysisRun';
      readonly of: string;
      readonly name: string;
      readonly patch: MergePatch;
      readonly reason: string;
    }
  /** Of the Experiment itself: the kind has no status subresource. */
  | { readonly kind: 'WriteStatus'; readonly patch: MergePatch; readonly reason: string };

export type ExperimentPlan = {
  /** In the order in which they are safe. A kill between any two leaves a state from which the next pass, ours or upstream's, goes on. */
  readonly actions: readonly ExperimentAction[];
  /** The complete next status, whether or not it differs from the present one. */
  readonly status: ExperimentStatus;
  /** In the order in which they are to be told. One whose write failed is not told: the next plan has it again. */
  readonly notes: readonly ExperimentNote[];
  /** 0: at once. Absent: wait for a change. */
  readonly requeueAfterMs?: number;
  /** Nothing can be decided until somebody mends the objects. */
  readonly problem?: string;
  /** One line for people: why there is this plan. */
  readonly reason: string;
};

/** Names a write: `status`, `replicaset/NAME`, `size/NAME`, `service/NAME`, `run/NAME`. A ReplicaSet is created with its size. */
export function experimentWriteKeys(action: ExperimentAction): readonly WriteKey[] {
  switch (action.kind) {
    case 'CreateReplicaSet':
      return [`replicaset/${action.replicaSet.metadata.name ?? ''}`, `size/${action.replicaSet.metadata.name ?? ''}`];
    case 'PatchReplicaSet':
      return [`size/${action.name}`];
    case 'CreateService':
      return [`service/${action.service.metadata.name ?? ''}`];
    case 'DeleteService':
      return [`service/${action.name}`];
    case 'CreateAnalysisRun':
      return [`run/${action.run.metadata.name ?? ''}`];
    case 'TerminateAnalysisRun':
      return [`run/${action.name}`];
    case 'WriteStatus':
      return ['status'];
  }
}
