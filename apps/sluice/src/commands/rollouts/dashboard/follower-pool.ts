/** Namespaces that somebody looks at, each followed once. One that nobody looks at any more is let go after a while. */
import { type FollowerOptions, followNamespace, type NamespaceFollower } from './namespace-follower.ts';

/** A page that is loaded again finds its namespace still there. */
const lingerMs = 60_000;
/** More namespaces at a time than people look at: a page that asks for every name there could be must not open a watch for each. */
const namespacesMax = 50;

export type Lease = { readonly follower: NamespaceFollower; release(): void };

type Entry = { readonly started: Promise<NamespaceFollower>; leases: number; cancelEnd: () => void };

export class TooManyNamespacesError extends Error {
  constructor() {
    super(`${namespacesMax} namespaces are followed already`);
    this.name = 'TooManyNamespacesError';
  }
}

export class FollowerPool {
  readonly #options: FollowerOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** The follower of a namespace, started when nobody has it. It stays at least until it is released. */
  async lease(namespace: string): Promise<Lease> {
    const entry = this.#entries.get(namespace) ?? this.#start(namespace);
    entry.cancelEnd();
    entry.leases++;
    try {
      const follower = await entry.started;
      let isReleased = false;
      const release = (): void => {
        if (!isReleased) this.#release(namespace, entry);
        isReleased = true;
      };
      return { follower, release };
    } catch (error) {
      // The next one who asks tries again.
      if (this.#entries.get(namespace) === entry) this.#entries.delete(namespace);
      throw error;
    }
  }

  stop(): void {
    for (const namespace of [...this.#entries.keys()]) this.#end(namespace);
  }

  #start(namespace: string): Entry {
    if (this.#entries.size >= namespacesMax) this.#endIdle();
    if (this.#entries.size >= namespacesMax) throw new TooManyNamespacesError();
    const entry: Entry = { started: followNamespace(namespace, this.#options), leases: 0, cancelEnd: () => undefined };
    this.#entries.set(namespace, entry);
    return entry;
  }

  #release(namespace: string, entry: Entry): void {
    entry.leases--;
    if (entry.leases > 0 || this.#entries.get(namespace) !== entry) return;
    entry.cancelEnd = this.#options.clock.after(lingerMs, () => this.#end(namespace));
  }

  #endIdle(): void {
    const idle = [...this.#entries].find(([, { leases }]) => leases === 0);
    if (idle !== undefined) this.#end(idle[0]);
  }

  #end(namespace: string): void {
    const entry = this.#entries.get(namespace);
    this.#entries.delete(namespace);
    entry?.cancelEnd();
    entry?.started.then(
      (follower) => follower.stop(),
      () => undefined,
    );
  }
}
