/** `status`: the phase of a rollout, once or until it is decided. */
import { parseGoDuration, type Rollout } from '@sluice/api';
import { rolloutPhase } from '@sluice/engine';
import { followRolloutAlone, NotFoundError, readRollout } from './objects.ts';
import type { Session } from './session.ts';

export type StatusOptions = {
  readonly watch: boolean;
  /** A Go duration; `0s` waits for ever. */
  readonly timeout: string;
};

/** @throws Error when the rollout is degraded, or when the time is over before it is healthy */
export async function showStatus(session: Session, name: string, options: StatusOptions): Promise<void> {
  const timeout = parseGoDuration(options.timeout);
  if (!timeout.ok) throw new Error(`invalid argument ${JSON.stringify(options.timeout)} for "-t, --timeout" flag: ${timeout.problem}`);
  const rollout = options.watch ? await watchStatus(session, name, timeout.milliseconds) : await readRollout(session, name);
  const { phase, message } = rolloutPhase(rollout);
  if (!options.watch) session.io.out.write(isDecided(phase) ? `${phase}\n` : `${phase} - ${message}\n`);
  if (phase === 'Degraded') throw new Error(`The rollout is in a degraded state with message: ${message}`);
  if (options.watch && phase !== 'Healthy') throw new Error('Rollout status watch exceeded timeout');
}

function isDecided(phase: string): boolean {
  return phase === 'Healthy' || phase === 'Degraded';
}

/** Prints each change of phase or message once. Resolves to the last state seen. */
async function watchStatus(session: Session, name: string, timeoutMs: number): Promise<Rollout> {
  const { io } = session;
  // What cannot be read is told at once; a watch would try for ever.
  await readRollout(session, name);
  let look = (): void => undefined;
  const following = await followRolloutAlone(session, name, () => look());
  try {
    let last = following.read();
    if (last === undefined) throw new NotFoundError('rollout', name);
    let printed = '';
    await new Promise<void>((resolve) => {
      const cancelTimeout = timeoutMs > 0 ? io.clock.after(timeoutMs, () => resolve()) : (): void => undefined;
      const end = (): void => {
        cancelTimeout();
        resolve();
      };
      look = () => {
        last = following.read() ?? last;
        if (last === undefined) return;
        const { phase, message } = rolloutPhase(last);
        const line = message === '' ? phase : `${phase} - ${message}`;
        if (line !== printed) io.out.write(`${line}\n`);
        printed = line;
        if (isDecided(phase)) end();
      };
      io.signal.addEventListener('abort', end, { once: true });
      look();
    });
    look = () => undefined;
    return last;
  } finally {
    following.stop();
  }
}
