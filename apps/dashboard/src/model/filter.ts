/** Which rollouts of the list are shown, and in which order. */
import type { RolloutInfo } from '@sluice/views';
import { compileSearch } from './search.ts';

export const statuses = ['Progressing', 'Degraded', 'Paused', 'Healthy'] as const;

export type Filter = {
  readonly search: string;
  readonly isFavouriteOnly: boolean;
  readonly isAttentionOnly: boolean;
  /** Empty: all. */
  readonly statuses: readonly string[];
};

export const noFilter: Filter = { search: '', isFavouriteOnly: false, isAttentionOnly: false, statuses: [] };

/** Somebody should look: it failed, nobody knows, or it is paused without being told to by a step. */
export function needsAttention({ status, message }: Pick<RolloutInfo, 'status' | 'message'>): boolean {
  return status === 'Unknown' || status === 'Degraded' || (status === 'Paused' && message !== 'CanaryPauseStep');
}

export type Favourites = Readonly<Record<string, boolean>>;

/** Favourites first, then by name. */
export function shownRollouts(all: readonly RolloutInfo[], filter: Filter, favourites: Favourites): readonly RolloutInfo[] {
  const fits = compileSearch(filter.search);
  const isFavourite = ({ objectMeta }: RolloutInfo): boolean => favourites[objectMeta.name ?? ''] === true;
  return all
    .filter((rollout) => fits(rollout.objectMeta))
    .filter((rollout) => !filter.isFavouriteOnly || isFavourite(rollout))
    .filter((rollout) => !filter.isAttentionOnly || needsAttention(rollout))
    .filter(({ status }) => filter.statuses.length === 0 || filter.statuses.includes(status))
    .sort((a, b) => Number(isFavourite(b)) - Number(isFavourite(a)) || byText(a.objectMeta.name ?? '', b.objectMeta.name ?? ''));
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
