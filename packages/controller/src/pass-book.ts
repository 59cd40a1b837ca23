/** How long passes over objects of a kind took and how many failed, by object, until a while after the object is gone. */
import { type Clock, splitKey } from '@sluice/api';
import type { PassObservation, Store } from '@sluice/kube';

/** Cumulative counts, as Prometheus has them: `counts[i]` values were at most `bounds[i]`. */
export type Histogram = {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
};

export type PassCounts = { readonly namespace: string; readonly name: string; readonly errors: number; readonly seconds: Histogram };

/** Seconds. @see argoproj/argo-rollouts controller/metrics */
export const passBounds: readonly number[] = [0.01, 0.15, 0.25, 0.5, 1];

/** How long the series of a deleted object stay, so that the last values are still read once. */
export const forgetAfterMs: number = 65_000;

export class Series {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    for (const [at, bound] of this.#bounds.entries()) if (value <= bound) this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  read(): Histogram {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum, count: this.#count };
  }
}

export class PassBook {
  readonly #farewells: Set<() => void> = new Set();
  readonly #objects: Pick<Store, 'get'>;
  readonly #onForget: (key: string) => void;
  readonly #passes = new Map<string, { errors: number; readonly seconds: Series }>();

  /** @param onForget - drops what else is counted about the object */
  constructor(objects: Pick<Store, 'get'>, onForget: (key: string) => void = () => {}) {
    this.#objects = objects;
    this.#onForget = onForget;
  }

  observe({ key, durationMs, outcome }: PassObservation): void {
    let pass = this.#passes.get(key);
    if (pass === undefined) {
      if (this.#objects.get(key) === undefined) return;
      pass = { errors: 0, seconds: new Series(passBounds) };
      this.#passes.set(key, pass);
    }
    pass.seconds.observe(durationMs / 1000);
    if (outcome === 'failed' || outcome === 'terminal') pass.errors++;
  }

  /** The object was deleted. One of the same name that comes back in the meantime goes on with its series. */
  forget(key: string, clock: Clock): void {
    const cancel = clock.after(forgetAfterMs, () => {
      this.#farewells.delete(cancel);
      if (this.#objects.get(key) !== undefined) return;
      this.#passes.delete(key);
      this.#onForget(key);
    });
    this.#farewells.add(cancel);
  }

  /** Leaves no timer behind. */
  stop(): void {
    for (const cancel of this.#farewells) cancel();
    this.#farewells.clear();
  }

  read(): readonly PassCounts[] {
    return [...this.#passes].map(([key, { errors, seconds }]) => {
      const { namespace = '', name } = splitKey(key);
      return { namespace, name, errors, seconds: seconds.read() };
    });
  }
}
