/** `get rollout` and `get experiment`: facts and tree, once or repainted as they change. */
import { experimentView, printExperiment, printRollout, rolloutView } from '@sluice/views';
import { usesColor } from '../../io.ts';
import {
  type Following,
  followExperiment,
  followRollout,
  NotFoundError,
  readExperimentObjects,
  readRollout,
  readRolloutObjects,
} from './objects.ts';
import type { Session } from './session.ts';

export type GetOptions = { readonly watch: boolean; readonly isColorOff: boolean; readonly timeoutSeconds: number };

export async function getRollout(session: Session, name: string, options: GetOptions): Promise<void> {
  const { io } = session;
  const color = usesColor(io, io.out, options.isColorOff);
  const print = (objects: Awaited<ReturnType<typeof readRolloutObjects>>): string =>
    printRollout(rolloutView(objects, io.clock.now()), { color });
  if (!options.watch) return void io.out.write(print(await readRolloutObjects(session, name)));
  // What cannot be read is told at once; a watch would try for ever.
  await readRollout(session, name);
  await repaint(session, 'rollout', name, (changed) => followRollout(session, name, changed), print, options.timeoutSeconds);
}

export async function getExperiment(session: Session, name: string, options: GetOptions): Promise<void> {
  const { io } = session;
  const color = usesColor(io, io.out, options.isColorOff);
  const print = (objects: Awaited<ReturnType<typeof readExperimentObjects>>): string =>
    printExperiment(experimentView(objects, io.clock.now()), { color });
  if (!options.watch) return void io.out.write(print(await readExperimentObjects(session, name)));
  await readExperimentObjects(session, name);
  await repaint(session, 'experiment', name, (changed) => followExperiment(session, name, changed), print, options.timeoutSeconds);
}

const clearScreen = '\u001b[H\u001b[2J\u001b[0;0H';
const paintMsMin = 200;
const paintMsMax = 1000;

/** Paints at each change, five times a second at most, and each second for the ages. Ends with the signal or after the time given. */
async function repaint<T>(
  { io }: Session,
  kind: 'rollout' | 'experiment',
  name: string,
  follow: (changed: () => void) => Promise<Following<T>>,
  print: (objects: T) => string,
  timeoutSeconds: number,
): Promise<void> {
  let paintSoon = (): void => undefined;
  const following = await follow(() => paintSoon());
  try {
    if (following.read() === undefined) throw new NotFoundError(kind, name);
    await new Promise<void>((resolve) => {
      let paintedAt = Number.NEGATIVE_INFINITY;
      let cancelNext = (): void => undefined;
      const paint = (): void => {
        cancelNext();
        const objects = following.read();
        // Deleted meanwhile: the last picture stays.
        if (objects !== undefined) io.out.write(clearScreen + print(objects));
        paintedAt = io.clock.now();
        cancelNext = io.clock.after(paintMsMax, paint);
      };
      const cancelTimeout = timeoutSeconds > 0 ? io.clock.after(timeoutSeconds * 1000, () => end()) : (): void => undefined;
      const end = (): void => {
        cancelNext();
        cancelTimeout();
        paintSoon = () => undefined;
        resolve();
      };
      paintSoon = () => {
        cancelNext();
        cancelNext = io.clock.after(Math.max(0, paintedAt + paintMsMin - io.clock.now()), paint);
      };
      io.signal.addEventListener('abort', end, { once: true });
      if (io.signal.aborted) end();
      else paint();
    });
  } finally {
    following.stop();
  }
}
