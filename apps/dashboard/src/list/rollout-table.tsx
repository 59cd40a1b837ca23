import type { RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';
import { Link } from '../hooks/use-place.tsx';
import { Actions } from '../parts/actions.tsx';
import { Status } from '../parts/status.tsx';
import { WeightBar } from '../parts/weight-bar.tsx';
import { FavouriteButton } from './favourite-button.tsx';
import type { RolloutListProps } from './list-props.ts';
import { SetSummary } from './set-summary.tsx';

export function RolloutTable({ rollouts, favourites, now, onFavourite }: RolloutListProps): JSX.Element {
  return (
    <div className="panel table-panel">
      <table className="rollouts">
        <thead>
          <tr>
            <th>
              <span className="hidden">Favourite</span>
            </th>
            <th>Name</th>
            <th>Strategy</th>
            <th>Step</th>
            <th>Weight</th>
            <th>ReplicaSets</th>
            <th>Status</th>
            <th>Actions</th>
          </tr>
        </thead>
        <tbody>
          {rollouts.map((info) => (
            <Row
              key={info.objectMeta.uid}
              info={info}
              isFavourite={favourites[info.objectMeta.name ?? ''] === true}
              now={now}
              onFavourite={onFavourite}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the new version has: of a finished one everything, as the field says. */
function newShare({ view, actualWeight }: RolloutInfo): number | string {
  return view.isDeploying ? (view.weights.find(({ role }) => role === 'canary')?.weight ?? actualWeight) : actualWeight;
}

type RowProps = { readonly info: RolloutInfo; readonly isFavourite: boolean; readonly now: number; onFavourite(name: string): void };

function Row({ info, isFavourite, now, onFavourite }: RowProps): JSX.Element {
  const { name = '', namespace } = info.objectMeta;
  return (
    <tr>
      <td className="cell-star">
        <FavouriteButton name={name} isOn={isFavourite} onToggle={onFavourite} />
      </td>
      <td className="cell-name">
        <Link to={{ kind: 'rollout', namespace, name }} data-rollout-link>
          {name}
        </Link>
      </td>
      <td data-label="Strategy" className="cell-strategy">
        {info.strategy === 'BlueGreen' ? 'Blue-green' : info.strategy}
      </td>
      <td data-label="Step">{info.step === '' ? '–' : info.step}</td>
      <td data-label="Weight" className="cell-weight">
        {info.setWeight === '' ? '–' : <WeightBar info={info} />}
        {info.setWeight === '' ? null : <span className="weight-number">{newShare(info)}</span>}
      </td>
      <td data-label="ReplicaSets" className="cell-sets">
        <SetSummary info={info} now={now} />
      </td>
      <td data-label="Status" className="cell-status">
        <Status status={info.status} />
        {info.message === '' ? null : (
          <span className="status-message" title={info.message}>
            {info.message}
          </span>
        )}
      </td>
      <td data-label="Actions" className="cell-actions">
        <Actions info={info} isCompact />
      </td>
    </tr>
  );
}
