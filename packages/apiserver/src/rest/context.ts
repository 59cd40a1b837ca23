/** What the request path leans on, put together once by `server.ts`. */
import type { Clock, KubeObject } from '@sluice/api';
import type { ServerAccess } from '../access/index.ts';
import type { ServiceAllocator } from '../kinds/service-allocator.ts';
import type { KindStrategy } from '../kinds/strategy.ts';
import type { Reader, ServedResource, Tables } from '../ports.ts';
import type { Registry, Storage } from '../registry.ts';
import type { KindStore } from '../store/kind-store.ts';
import type { Store } from '../store/store.ts';
import type { PageChains } from './page-chains.ts';

/** Answers for `pods/log`. @throws StatusError, with the texts that users know */
export type PodLogs = (
  pod: KubeObject,
  options: {
    readonly container?: string;
    readonly tailLines?: number;
    readonly previous?: boolean;
    readonly timestamps?: boolean;
  },
) => Promise<string>;

/** Usage of a pod's containers now: nano cores and bytes. `undefined` when it is not known. */
export type PodMetrics = (
  pod: KubeObject,
) => readonly { readonly container: string; readonly cpuNanoCores: number; readonly memoryBytes: number }[] | undefined;

/** What runs the pods, as far as the API needs to ask it. Set after the server is made, since it needs a server itself. */
export type Runtime = { readonly podLogs?: PodLogs | undefined; readonly podMetrics?: PodMetrics | undefined };

export type RestContext = {
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly services: ServiceAllocator;
  /** Accepted state: what writes are decided on. */
  readonly heads: Pick<Reader, 'get' | 'list'>;
  readonly access: ServerAccess;
  readonly tables: Tables;
  readonly chains: PageChains;
  readonly strategyOf: (served: ServedResource) => KindStrategy;
  runtime: Runtime;
};

/** A served resource with where it is kept and what is particular about it. */
export type Target = {
  readonly served: ServedResource;
  readonly storage: Storage;
  readonly kind: KindStore;
  readonly strategy: KindStrategy;
  /** Empty for cluster-scoped kinds, and for lists over all namespaces. */
  readonly namespace: string;
};

export function targetOf(context: RestContext, served: ServedResource, namespace: string): Target {
  const storage = context.registry.storageOf(served);
  return {
    served,
    storage,
    kind: context.store.kind(storage.id),
    strategy: context.strategyOf(served),
    namespace: served.namespaced ? namespace : '',
  };
}

/** Key in the store: `namespace/name`, or `name` for cluster-scoped kinds. */
export function keyIn(target: Target, name: string): string {
  return target.namespace === '' ? name : `${target.namespace}/${name}`;
}
