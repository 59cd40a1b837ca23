import type { ReplicaSetInfo } from '@sluice/views';
import type { JSX } from 'react';
import { Pods } from '../parts/pods.tsx';
import { Roles } from '../parts/roles.tsx';
import { Status } from '../parts/status.tsx';

export function ReplicaSetRow({ set, now }: { readonly set: ReplicaSetInfo; readonly now: number }): JSX.Element {
  const deadline = Date.parse(set.scaleDownDeadline);
  const left = Math.ceil((deadline - now) / 1000);
  return (
    <div className="replica-set">
      <div className="replica-set-head">
        <span className="replica-set-name">{set.objectMeta.name}</span>
        <Roles set={set} />
        <Status status={set.status} />
        <span className="quiet">
          {set.replicas === 0 ? '' : `${set.available}/${set.replicas} available`}
          {Number.isNaN(deadline) || set.replicas === 0 || left <= 0 ? '' : ` · scales down in ${left}s`}
        </span>
      </div>
      <Pods pods={set.pods} now={now} />
    </div>
  );
}
