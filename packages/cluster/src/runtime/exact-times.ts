/**
 * Times in objects are whole seconds; this remembers the exact instants behind those that this process wrote or saw first, so that a
 * delay of 1.2 s takes 1.2 s. After a restart the whole seconds have to do.
 */
import { type Instant, parseTime } from '@sluice/api';

export class ExactTimes {
  /** Per pod uid, the instants of interest, in order. */
  readonly #instants = new Map<string, Instant[]>();

  remember(uid: string, instant: Instant): void {
    const known = this.#instants.get(uid);
    if (known === undefined) this.#instants.set(uid, [instant]);
    else if (known.at(-1) !== instant) {
      known.push(instant);
      if (known.length > 16) known.shift();
    }
  }

  /** The last instant remembered within that second, else the second itself; `undefined` for a text that is no time. */
  instantOf(uid: string, time: string | null | undefined): Instant | undefined {
    const second = parseTime(time);
    if (second === undefined) return undefined;
    return this.#instants.get(uid)?.findLast((instant) => instant >= second && instant < second + 1000) ?? second;
  }

  forget(uid: string): void {
    this.#instants.delete(uid);
  }
}
