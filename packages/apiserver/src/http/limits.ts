/** How many requests may be in flight at once, as a real server limits them. Watches are not counted: they stay. */
import type { StatusError } from '@sluice/api';
import { tooManyRequests } from '../rest/errors.ts';
import { isTrue } from '../rest/options.ts';

export type LimitOptions = { readonly mutatingMax?: number; readonly readingMax?: number };

export class Limits {
  readonly #mutatingMax: number;
  readonly #readingMax: number;
  #mutating = 0;
  #reading = 0;

  constructor(options: LimitOptions = {}) {
    this.#mutatingMax = options.mutatingMax ?? 200;
    this.#readingMax = options.readingMax ?? 400;
  }

  get inFlight(): { readonly mutating: number; readonly reading: number } {
    return { mutating: this.#mutating, reading: this.#reading };
  }

  /** Counts a request in; the answer counts it out, once. `undefined`: there are too many. */
  enter(method: string, query: URLSearchParams): (() => void) | undefined {
    if (method === 'GET' || method === 'HEAD') {
      if (isTrue(query.get('watch'))) return () => {};
      if (this.#reading >= this.#readingMax) return undefined;
      this.#reading++;
      return () => {
        this.#reading--;
      };
    }
    if (this.#mutating >= this.#mutatingMax) return undefined;
    this.#mutating++;
    return () => {
      this.#mutating--;
    };
  }

  refusal(): StatusError {
    return tooManyRequests('Too many requests, please try again later.', 1);
  }
}
