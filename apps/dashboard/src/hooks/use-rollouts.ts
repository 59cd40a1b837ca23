/** The rollouts of a namespace as they are now. */
import type { RolloutInfo } from '@sluice/views';
import { useEffect, useState } from 'react';
import { listWatchUrl } from '../server/api.ts';
import { type Connection, watch } from '../server/watch.ts';

type WatchEvent = { readonly type: string; readonly rolloutInfo: RolloutInfo };

export type Rollouts = {
  readonly items: readonly RolloutInfo[];
  readonly connection: Connection;
  /** The first answer has not come yet. */
  readonly isLoading: boolean;
  readonly failure: string;
};

const empty: Rollouts = { items: [], connection: 'connecting', isLoading: true, failure: '' };
/** After this long a new stream has told of everything that exists. */
const completeMs = 600;

export function useRollouts(namespace: string): Rollouts {
  const [state, setState] = useState<Rollouts>(empty);
  useEffect(() => {
    const known = new Map<string, { readonly info: RolloutInfo; readonly stream: number }>();
    let stream = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (change: Partial<Rollouts>): void =>
      setState((before) => ({ ...before, items: [...known.values()].map(({ info }) => info), ...change }));
    setState(empty);
    const end = watch<WatchEvent>(listWatchUrl(namespace), {
      opened: () => {
        stream++;
        clearTimeout(timer);
        timer = setTimeout(() => {
          // What an earlier stream knew and this one does not was deleted in between.
          for (const [name, entry] of known) if (entry.stream < stream) known.delete(name);
          show({ isLoading: false });
        }, completeMs);
        show({ failure: '' });
      },
      values: (events) => {
        for (const { type, rolloutInfo } of events) {
          const name = rolloutInfo.objectMeta.name ?? '';
          if (type === 'Deleted') known.delete(name);
          else known.set(name, { info: rolloutInfo, stream });
        }
        show({ isLoading: false });
      },
      connection: (connection) => show({ connection }),
      failed: (failure) => show({ failure, isLoading: false }),
    });
    return () => {
      clearTimeout(timer);
      end();
    };
  }, [namespace]);
  return state;
}
