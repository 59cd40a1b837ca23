import type { RolloutInfo } from '@sluice/views';
import type { Favourites } from '../model/filter.ts';

export type RolloutListProps = {
  readonly rollouts: readonly RolloutInfo[];
  readonly favourites: Favourites;
  readonly now: number;
  onFavourite(name: string): void;
};
