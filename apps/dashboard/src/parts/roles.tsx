import type { ReplicaSetInfo } from '@sluice/views';
import type { JSX } from 'react';

const roles = ['stable', 'canary', 'active', 'preview', 'ping', 'pong'] as const;

/** What part a ReplicaSet plays: stable, canary, active, ... */
export function Roles({ set }: { readonly set: ReplicaSetInfo }): JSX.Element {
  return (
    <>
      {roles
        .filter((role) => set[role])
        .map((role) => (
          <span key={role} className="role" data-role={role}>
            {role}
          </span>
        ))}
    </>
  );
}
