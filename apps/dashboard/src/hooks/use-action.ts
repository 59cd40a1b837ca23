/** Does something to a rollout and says how it went. */
import { useCallback, useState } from 'react';
import { type Action, perform } from '../server/api.ts';
import { useMessages } from './use-messages.tsx';

const done: Readonly<Record<Action['kind'], string>> = {
  restart: 'restarts its pods',
  retry: 'is tried again',
  abort: 'aborted',
  promote: 'promoted',
  'promote-full': 'fully promoted',
  undo: 'goes back',
  'set-image': 'has a new image',
};

export type Act = { readonly isBusy: boolean; run(action: Action): Promise<boolean> };

export function useAction(namespace: string, name: string): Act {
  const say = useMessages();
  const [isBusy, setIsBusy] = useState(false);
  const run = useCallback(
    async (action: Action) => {
      setIsBusy(true);
      try {
        await perform(namespace, name, action);
        say('done', `${name} ${done[action.kind]}`);
        return true;
      } catch (error) {
        say('failed', `${name}: ${error instanceof Error ? error.message : String(error)}`);
        return false;
      } finally {
        setIsBusy(false);
      }
    },
    [namespace, name, say],
  );
  return { isBusy, run };
}
