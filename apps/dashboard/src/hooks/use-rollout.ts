/** One rollout as it is now. */
import type { RolloutInfo } from '@sluice/views';
import { useEffect, useState } from 'react';
import { rolloutWatchUrl } from '../server/api.ts';
import { type Connection, watch } from '../server/watch.ts';

export type RolloutState = { readonly info: RolloutInfo | undefined; readonly connection: Connection; readonly failure: string };

const empty: RolloutState = { info: undefined, connection: 'connecting', failure: '' };

export function useRollout(namespace: string, name: string): RolloutState {
  const [state, setState] = useState<RolloutState>(empty);
  useEffect(() => {
    const show = (change: Partial<RolloutState>): void => setState((before) => ({ ...before, ...change }));
    setState(empty);
    return watch<RolloutInfo>(rolloutWatchUrl(namespace, name), {
      opened: () => undefined,
      values: (infos) => show({ info: infos.at(-1), failure: '' }),
      connection: (connection) => show({ connection }),
      failed: (failure) => show({ failure, info: undefined }),
    });
  }, [namespace, name]);
  return state;
}
