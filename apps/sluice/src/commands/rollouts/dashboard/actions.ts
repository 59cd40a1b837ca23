/** What the pages may do: the work of the commands, with the same patches, and the Rollout as answer. */
import { type Rollout, rolloutType } from '@sluice/api';
import { publicObject } from '@sluice/views';
import { act } from '../act.ts';
import type { Session } from '../session.ts';
import { setImage } from '../set-image.ts';
import { undo } from '../undo.ts';
import type { Call } from './routes.ts';

export type ActionCall = Extract<Call, { kind: 'restart' | 'promote' | 'abort' | 'retry' | 'undo' | 'set-image' }>;

/**
 * @param isFull - for promote: all that is left at once
 * @returns the Rollout as it is afterwards, without what is nobody's to see
 * @throws what the commands throw
 */
export async function perform(session: Session, call: ActionCall, isFull: boolean): Promise<Rollout> {
  const { namespace, name } = call;
  const quiet: Session = { ...session, namespace, io: { ...session.io, out: { ...session.io.out, write: () => undefined } } };
  const read = (): Promise<Rollout> => session.client.get<Rollout>(rolloutType, { namespace, name });
  switch (call.kind) {
    case 'undo':
      await undo(quiet, name, call.revision);
      break;
    case 'set-image':
      await setImage(quiet, name, call.container, call.image);
      break;
    case 'restart':
      await act(quiet, await read(), { kind: 'restart', at: session.io.clock.now() });
      break;
    case 'promote':
      await act(quiet, await read(), { kind: 'promote', full: isFull });
      break;
    case 'abort':
    case 'retry':
      await act(quiet, await read(), { kind: call.kind });
      break;
  }
  return publicObject(await read());
}
