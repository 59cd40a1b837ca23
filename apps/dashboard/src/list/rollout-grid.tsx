import type { RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';
import { Link } from '../hooks/use-place.tsx';
import { Actions } from '../parts/actions.tsx';
import { Status } from '../parts/status.tsx';
import { WeightBar } from '../parts/weight-bar.tsx';
import { FavouriteButton } from './favourite-button.tsx';
import type { RolloutListProps } from './list-props.ts';
import { SetSummary } from './set-summary.tsx';

export function RolloutGrid({ rollouts, favourites, now, onFavourite }: RolloutListProps): JSX.Element {
  return (
    <ul className="grid">
      {rollouts.map((info) => (
        <Card
          key={info.objectMeta.uid}
          info={info}
          isFavourite={favourites[info.objectMeta.name ?? ''] === true}
          now={now}
          onFavourite={onFavourite}
        />
      ))}
    </ul>
  );
}

type CardProps = { readonly info: RolloutInfo; readonly isFavourite: boolean; readonly now: number; onFavourite(name: string): void };

function Card({ info, isFavourite, now, onFavourite }: CardProps): JSX.Element {
  const { name = '', namespace } = info.objectMeta;
  return (
    <li className="panel card">
      <div className="card-head">
        <Link to={{ kind: 'rollout', namespace, name }} data-rollout-link>
          {name}
        </Link>
        <FavouriteButton name={name} isOn={isFavourite} onToggle={onFavourite} />
      </div>
      <div className="card-facts">
        <Status status={info.status} />
        <span className="quiet">
          {info.strategy === 'BlueGreen' ? 'Blue-green' : info.strategy}
          {info.step === '' ? '' : ` · step ${info.step}`}
          {info.setWeight === '' ? '' : ` · weight ${info.actualWeight}`}
        </span>
      </div>
      {info.message === '' ? null : <p className="card-message">{info.message}</p>}
      <WeightBar info={info} />
      <SetSummary info={info} now={now} />
      <Actions info={info} isCompact />
    </li>
  );
}
