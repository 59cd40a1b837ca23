/**
 * Caches of kinds that only some Rollouts need: objects of traffic routers, referenced workloads. A kind is watched from the first time that
 * somebody asks for it, and one that the cluster does not serve is asked for again after a while.
 */
import { apiVersionOf, type Clock, type KubeObject, matches, type ResourceType, requirementsOf } from '@sluice/api';
import { type ObjectRef, type ObjectSelection, objectKey } from '@sluice/engine';
import { type Client, createInformer, type Informer, type Logger, sleep } from '@sluice/kube';

export type ObjectWatchOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly namespace?: string | undefined;
  /** Told of every change, with the users that asked for the object. */
  readonly onChange: (type: ResourceType, object: KubeObject, users: ReadonlySet<string>) => void;
};

/** How long a first list may take before the asker goes on without. */
const syncTimeoutMs = 60_000;
/** How long a kind that is not served is believed not to be. */
const missingMs = 60_000;

type Watched = { readonly informer: Informer | undefined; readonly askedAt: number };

export class ObjectWatch {
  readonly #options: ObjectWatchOptions;
  readonly #kinds = new Map<string, Promise<Watched>>();
  readonly #users = new Map<string, Set<string>>();
  readonly #refsOf = new Map<string, ReadonlyMap<string, ObjectRef>>();

  constructor(options: ObjectWatchOptions) {
    this.#options = options;
  }

  /** Waits until every kind is cached or known to be missing. */
  async ensure(types: readonly ResourceType[]): Promise<void> {
    await Promise.all(types.map((type) => this.#watched(type)));
  }

  /** The objects that exist, by `objectKey`. A kind that was not ensured counts as empty. */
  async read(refs: readonly ObjectRef[]): Promise<Map<string, KubeObject>> {
    const found = new Map<string, KubeObject>();
    for (const ref of refs) {
      const object = (await this.#watched(ref.type)).informer?.get(`${ref.namespace}/${ref.name}`);
      if (object !== undefined) found.set(objectKey(ref), object);
    }
    return found;
  }

  /** The objects that labels select, as references. */
  async select(selections: readonly ObjectSelection[]): Promise<readonly ObjectRef[]> {
    const found: ObjectRef[] = [];
    for (const { type, namespace, selector } of selections) {
      const requirements = requirementsOf(selector);
      for (const { metadata } of (await this.#watched(type)).informer?.inNamespace(namespace) ?? []) {
        if (matches(requirements, metadata.labels)) found.push({ type, namespace, name: metadata.name ?? '' });
      }
    }
    return found;
  }

  /** Notes who uses which objects, in place of what was noted for this user before. @returns what the user has let go */
  use(user: string, refs: readonly ObjectRef[]): readonly ObjectRef[] {
    const next = new Map(refs.map((ref) => [objectKey(ref), ref]));
    const gone = [...(this.#refsOf.get(user) ?? [])].filter(([key]) => !next.has(key));
    for (const [key] of gone) {
      const users = this.#users.get(key);
      users?.delete(user);
      if (users?.size === 0) this.#users.delete(key);
    }
    for (const key of next.keys()) {
      const users = this.#users.get(key) ?? new Set<string>();
      this.#users.set(key, users.add(user));
    }
    if (next.size === 0) this.#refsOf.delete(user);
    else this.#refsOf.set(user, next);
    return gone.map(([, ref]) => ref);
  }

  usersOf(key: string): ReadonlySet<string> {
    return this.#users.get(key) ?? new Set();
  }

  async overlay(type: ResourceType, object: KubeObject): Promise<void> {
    const watched = this.#kinds.get(kindKey(type));
    if (watched !== undefined) (await watched).informer?.overlay(object);
  }

  async stop(): Promise<void> {
    for (const watched of this.#kinds.values()) (await watched).informer?.stop();
  }

  async #watched(type: ResourceType): Promise<Watched> {
    const key = kindKey(type);
    const known = await this.#kinds.get(key);
    if (known !== undefined && (known.informer !== undefined || this.#options.clock.now() - known.askedAt < missingMs)) return known;
    const asked = this.#begin(type).catch((error: unknown) => {
      this.#kinds.delete(key);
      throw error;
    });
    this.#kinds.set(key, asked);
    return asked;
  }

  async #begin(type: ResourceType): Promise<Watched> {
    const { client, clock, random, logger, namespace, onChange } = this.#options;
    const askedAt = clock.now();
    if ((await client.resolve(apiVersionOf(type), type.kind)) === undefined) {
      logger.debug('a kind is not served', { kind: type.kind, apiVersion: apiVersionOf(type) });
      return { informer: undefined, askedAt };
    }
    const informer: Informer = createInformer({ client, clock, random, logger, namespace, type });
    const tell = (object: KubeObject): void => {
      const { namespace: at = '', name = '' } = object.metadata;
      onChange(type, object, this.usersOf(objectKey({ type, namespace: at, name })));
    };
    informer.addHandler({ added: tell, updated: tell, deleted: tell });
    await Promise.race([informer.synced(), sleep(clock, syncTimeoutMs)]);
    return { informer, askedAt };
  }
}

function kindKey(type: ResourceType): string {
  return `${apiVersionOf(type)}/${type.resource}`;
}
