/** The little that is remembered of a Rollout between passes. Losing it on a restart costs a write or a look at pods, never a decision. */
import type { Instant } from '@sluice/api';
import type { RolloutPlan, SpecReading } from '@sluice/engine';

export type RolloutMemory = {
  countsWaitSince: Instant | undefined;
  readonly podMetadataChecked: Set<string>;
  specReading: SpecReading | undefined;
  /** Uids of ReplicaSets that were deleted; the cache may still have them for a moment. */
  readonly deletedReplicaSets: Set<string>;
  /** `kind/name` of AnalysisRuns and Experiments whose name somebody else has. */
  readonly takenNames: Set<string>;
  /** Generation about which it was said that a part is not carried out. */
  unsupportedSaid: number | undefined;
};

export function newMemory(): RolloutMemory {
  return {
    countsWaitSince: undefined,
    specReading: undefined,
    podMetadataChecked: new Set(),
    deletedReplicaSets: new Set(),
    takenNames: new Set(),
    unsupportedSaid: undefined,
  };
}

/** To be called once a plan is carried out. */
export function remember(memory: RolloutMemory, plan: RolloutPlan, now: Instant): void {
  memory.countsWaitSince = plan.holdsCounts === true ? (memory.countsWaitSince ?? now) : undefined;
  memory.specReading = plan.specReading ?? memory.specReading;
  for (const key of plan.checks ?? []) memory.podMetadataChecked.add(key);
}
