/**
 * What a test file sees of the cluster: watches over the kinds that scenarios ask about, kept as the latest objects and as the history of
 * every change. Scenarios wait for changes here instead of asking again and again.
 */
import { analysisRunType, experimentType, type KubeObject, type ResourceType, rolloutType } from '@sluice/api';
import { builtinTypes, type Client, createClient, httpTransport, loadKubeconfig } from '@sluice/kube';

/** The cluster that a run of the suite shares. */
export type RolloutsCluster = {
  readonly kubeconfig: string;
  /** Label value that objects carry when other controllers may be at work in that cluster. */
  readonly instanceId?: string;
  /** Where the controller beside a given cluster answers. */
  readonly metrics?: string;
};

export type Change = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubeObject };

const { replicaSets, pods, services, events, jobs, deployments, ingresses } = builtinTypes;

/** The kinds that every file watches. */
export const watchedTypes: readonly ResourceType[] = [
  rolloutType,
  analysisRunType,
  experimentType,
  replicaSets,
  pods,
  services,
  events,
  jobs,
  deployments,
  ingresses,
];

export function connectTo(kubeconfig: string): Client {
  const config = loadKubeconfig({ kubeconfig, env: {}, homeDir: '/nonexistent' });
  return createClient(httpTransport(config, { userAgent: 'sluice-conformance' }), { fieldManager: 'conformance' });
}

export class ClusterView {
  readonly client: Client;
  readonly #isOurs: (namespace: string) => boolean;
  readonly #latest = new Map<string, Map<string, KubeObject>>();
  readonly #changes = new Map<string, Change[]>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #closers: (() => void)[] = [];
  #isClosed = false;

  constructor(client: Client, isOurs: (namespace: string) => boolean) {
    this.client = client;
    this.#isOurs = isOurs;
  }

  async open(types: readonly ResourceType[]): Promise<void> {
    await Promise.all(types.map((type) => this.#follow(type)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const close of this.#closers) close();
    await this.client.close();
  }

  /** The latest objects of a kind, oldest first, then by name. */
  objects<T extends KubeObject>(kind: string, namespace: string): readonly T[] {
    const age = ({ metadata }: KubeObject): string => `${metadata.creationTimestamp ?? ''} ${metadata.name ?? ''}`;
    return [...(this.#latest.get(`${namespace}/${kind}`)?.values() ?? [])].sort((a, b) => (age(a) < age(b) ? -1 : 1)) as unknown as T[];
  }

  /** Every change of objects of a kind, in the order in which the watch told them. */
  changes(kind: string, namespace: string): readonly Change[] {
    return this.#changes.get(`${namespace}/${kind}`) ?? [];
  }

  /** @returns a function that stops listening */
  onChange(namespace: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(namespace) ?? new Set();
    this.#listeners.set(namespace, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  async #follow(type: ResourceType): Promise<void> {
    let { resourceVersion } = await this.client.list(type);
    let open = await this.client.watch(type, { resourceVersion });
    this.#closers.push(() => open.close());
    void (async () => {
      while (!this.#isClosed) {
        for await (const { type: changeType, object } of open) {
          const changed = object as KubeObject;
          if (changeType === 'ERROR' || changeType === 'BOOKMARK') continue;
          resourceVersion = changed.metadata.resourceVersion ?? resourceVersion;
          this.#take({ type: changeType, object: changed });
        }
        // A server ends watches when it likes.
        if (!this.#isClosed) open = await this.client.watch(type, { resourceVersion });
      }
    })().catch(() => undefined);
  }

  #take(change: Change): void {
    const { kind, metadata } = change.object;
    const namespace = metadata.namespace ?? '';
    if (!this.#isOurs(namespace)) return;
    const key = `${namespace}/${kind}`;
    const changes = this.#changes.get(key) ?? [];
    changes.push(change);
    this.#changes.set(key, changes);
    const latest = this.#latest.get(key) ?? new Map<string, KubeObject>();
    this.#latest.set(key, latest);
    if (change.type === 'DELETED') latest.delete(metadata.name ?? '');
    else latest.set(metadata.name ?? '', change.object);
    for (const listener of this.#listeners.get(namespace) ?? []) listener();
  }
}
