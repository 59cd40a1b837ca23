import type { JSX } from 'react';
import type { Connection as ConnectionState } from '../server/watch.ts';

const words: Readonly<Record<ConnectionState, string>> = { connecting: 'connecting', live: 'live', lost: 'reconnecting' };

/** Whether what is shown is what is. */
export function Connection({ state }: { readonly state: ConnectionState }): JSX.Element {
  return (
    <span
      className="connection"
      data-state={state}
      role="status"
      title={state === 'lost' ? 'The connection was lost; what you see may be old.' : undefined}
    >
      {words[state]}
    </span>
  );
}
