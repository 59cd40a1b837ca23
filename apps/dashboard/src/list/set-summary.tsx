import type { ReplicaSetInfo, RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';
import { Pods } from '../parts/pods.tsx';
import { Roles } from '../parts/roles.tsx';

/** The ReplicaSets that have pods, newest first: revision, part, pods. */
export function SetSummary({ info, now }: { readonly info: RolloutInfo; readonly now: number }): JSX.Element {
  const alive = info.replicaSets.filter(({ pods, replicas }) => pods.length > 0 || replicas > 0);
  if (alive.length === 0) return <span className="quiet">none</span>;
  return (
    <ul className="sets">
      {alive.map((set) => (
        <li key={set.objectMeta.uid} className="set-line">
          <span className="revision-number">#{set.revision}</span>
          <Roles set={set} />
          {set.pods.length > podsMax ? <Count set={set} /> : <Pods pods={set.pods} now={now} />}
        </li>
      ))}
    </ul>
  );
}

/** More squares than this say less than a number. */
const podsMax = 24;

function Count({ set }: { readonly set: ReplicaSetInfo }): JSX.Element {
  return (
    <span>
      {set.available}/{set.replicas} pods
    </span>
  );
}
