/** The server as a whole: store, registry, access, discovery and the request path put together. */
import { join } from 'node:path';
import { type Clock, type KubeObject, parseApiVersion, resourcePath, type Status, StatusError } from '@sluice/api';
import { builtinCatalog } from '@sluice/schema';
import { createAccess, startDerivedWrites } from './access/index.ts';
import { customStrategy } from './crd/custom-strategy.ts';
import { Definitions } from './crd/definitions.ts';
import { createDiscovery, createTables } from './discovery/index.ts';
import { Limits } from './http/limits.ts';
import { type Listener, listenHttp } from './http/listener.ts';
import { createMetrics } from './http/metrics.ts';
import { fieldsOf, itemsOf } from './kinds/fields.ts';
import { ServiceAllocator } from './kinds/service-allocator.ts';
import { builtinStrategy } from './kinds/strategies.ts';
import type { ServedResource, ServerRequest, ServerResponse, UserInfo } from './ports.ts';
import { StoreReader } from './reader.ts';
import { builtinResources, Registry } from './registry.ts';
import type { PodLogs, PodMetrics, RestContext, Runtime } from './rest/context.ts';
import { createHandler, type Documents } from './rest/handler.ts';
import { PageChains } from './rest/page-chains.ts';
import { metricsGroup, metricsResources } from './rest/usage-metrics.ts';
import { Bookmarks, type RunningWatches } from './rest/watches.ts';
import { openDataFolder, prepareFolder } from './store/data-folder.ts';
import { Store } from './store/store.ts';

export interface ApiServer {
  /** One request on behalf of a user that somebody else has authenticated. Never rejects: failures are answers. */
  handle(request: ServerRequest): Promise<ServerResponse>;
  /** Serves HTTP, over TLS unless the server was made with `tls: false`. @throws Error when the port cannot be had */
  listen(options: {
    readonly host: string;
    readonly port: number;
  }): Promise<{ readonly host: string; readonly port: number; readonly url: string }>;
  close(): Promise<void>;
  /** Kubeconfig text of an administrator. */
  kubeconfig(options: { readonly server: string }): string;
  /** Bearer token of the administrator, for a file that only its owner reads. */
  administratorToken(): string;
  setRuntime(runtime: Runtime): void;
  readonly clock: Clock;
}

export type ApiServerOptions = {
  /** Where objects and keys live. Absent: in memory. */
  readonly dataDir?: string;
  /** `durable`: acknowledged is on disk; `relaxed`: within 100 ms; `memory`: never. */
  readonly durability: 'durable' | 'relaxed' | 'memory';
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** True by default. */
  readonly tls?: boolean;
  readonly podLogs?: PodLogs;
  readonly podMetrics?: PodMetrics;
};

const system: UserInfo = { name: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] };
const firstNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** How programs in the cluster find the API. */
const ownService: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'kubernetes', namespace: 'default', labels: { component: 'apiserver', provider: 'kubernetes' } },
  spec: { clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }] },
};

const bookmarkIntervalMs = 60_000;

/** Starts a server: recovers what is stored and creates what every cluster has. Listens nowhere until told. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { clock, randomBytes } = options;
  const store = new Store();
  if (options.dataDir !== undefined) {
    prepareFolder(options.dataDir);
    if (options.durability !== 'memory')
      openDataFolder(store, { folder: join(options.dataDir, 'store'), durability: options.durability, clock });
  }
  const registry = new Registry(builtinResources(builtinCatalog()));
  const reader = new StoreReader(store, registry, (kind, key) => kind.entries.get(key));
  const heads = new StoreReader(store, registry, (kind, key) => kind.head(key));
  const access = await createAccess({
    reader,
    registry,
    clock,
    randomBytes,
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  });
  const serveMetrics = (runtime: Runtime): void =>
    registry.setCustom(metricsGroup, runtime.podMetrics === undefined ? [] : metricsResources);
  const context: RestContext = {
    store,
    registry,
    clock,
    randomBytes,
    services: new ServiceAllocator(randomBytes),
    heads,
    access,
    tables: createTables({ clock }),
    chains: new PageChains(clock),
    strategyOf: (served) => (served.custom === undefined ? builtinStrategy(served) : customStrategy(served)),
    runtime: { podLogs: options.podLogs, podMetrics: options.podMetrics },
  };
  if (options.podMetrics !== undefined) serveMetrics(context.runtime);
  const running: RunningWatches = { streams: new Map(), bookmarks: new Bookmarks() };
  const definitions = new Definitions(context, (storageId) => {
    for (const [stream, id] of [...running.streams]) if (id === storageId) stream.close();
  });
  const limits = new Limits();
  const metrics = createMetrics(limits, () => ({ revision: store.revision, watches: running.streams.size }));
  const discovery = createDiscovery({ registry, clock });
  const documents: readonly Documents[] = [
    probe,
    (request) => (request.path === '/metrics' ? plainText(metrics.text()) : undefined),
    (request) => access.documents(request),
    (request) => discovery.handle(request),
  ];
  const handle = createHandler(context, documents, running);
  claimServices(context);
  await createFirstObjects(context, handle, [...firstNamespaces.map(namespace), ownService, ...access.bootstrapObjects()], registry);

  const stopDerivedWrites = startDerivedWrites({
    reader,
    access,
    clock,
    create: (object) => writeAsSystem(handle, registry, 'POST', object),
    update: (object) => writeAsSystem(handle, registry, 'PUT', object),
  });

  let cancelBookmarks = (): void => {};
  const remind = (): void => {
    running.bookmarks.sendAll();
    cancelBookmarks = clock.after(bookmarkIntervalMs, remind);
  };
  cancelBookmarks = clock.after(bookmarkIntervalMs, remind);
  const listeners: Listener[] = [];

  return {
    clock,
    handle,
    kubeconfig: ({ server }) => access.kubeconfig(server),
    administratorToken: () => access.administratorToken(),
    setRuntime: (runtime) => {
      context.runtime = { ...context.runtime, ...runtime };
      serveMetrics(context.runtime);
    },
    listen: async ({ host, port }) => {
      const listener = await listenHttp({ handle, access, host, port, isSecure: options.tls !== false, limits, metrics });
      listeners.push(listener);
      return listener.address;
    },
    close: async () => {
      cancelBookmarks();
      stopDerivedWrites();
      definitions.close();
      for (const stream of [...running.streams.keys()]) stream.close();
      metrics.close();
      await Promise.all(listeners.map((listener) => listener.close()));
      await store.close();
    },
  };
}

/** There is nothing that could be unhealthy while requests are answered. */
function probe(request: ServerRequest): ServerResponse | undefined {
  return /^\/(healthz|livez|readyz)(\/|$)/.test(request.path) ? plainText('ok') : undefined;
}

function plainText(text: string): ServerResponse {
  return { kind: 'bytes', status: 200, contentType: 'text/plain; charset=utf-8', bytes: Buffer.from(text, 'utf8') };
}

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

/** Addresses and ports that recovered Services hold. */
function claimServices(context: RestContext): void {
  for (const service of context.heads.list('', 'services')) {
    const spec = fieldsOf(service.spec);
    for (const address of (spec.clusterIPs as readonly string[] | undefined) ?? []) context.services.takeAddress(address);
    for (const { nodePort } of itemsOf(spec.ports)) if (typeof nodePort === 'number') context.services.takePort(nodePort);
  }
}

async function createFirstObjects(
  context: RestContext,
  handle: ApiServer['handle'],
  objects: readonly KubeObject[],
  registry: Registry,
): Promise<void> {
  for (const object of objects) {
    const { group } = parseApiVersion(object.apiVersion);
    const resource = servedKind(registry, object).resource;
    const isThere = context.heads.get(group, resource, object.metadata.namespace ?? '', object.metadata.name ?? '') !== undefined;
    if (!isThere) await writeAsSystem(handle, registry, 'POST', object);
  }
}

function servedKind(registry: Registry, object: KubeObject): ServedResource {
  const { group, version } = parseApiVersion(object.apiVersion);
  const served = registry.findKind(group, version, object.kind);
  if (served === undefined) throw new Error(`${object.apiVersion} ${object.kind} is not served`);
  return served;
}

/** Creates or replaces an object on behalf of the server itself. @throws StatusError */
async function writeAsSystem(handle: ApiServer['handle'], registry: Registry, method: 'POST' | 'PUT', object: KubeObject): Promise<void> {
  const { name, namespace } = object.metadata;
  const path = resourcePath(servedKind(registry, object), { namespace, name: method === 'PUT' ? name : undefined });
  const headers = { 'user-agent': 'sluice-apiserver' };
  const answer = await handle({ method, path, query: new URLSearchParams(), headers, body: object, user: system });
  if (answer.kind === 'object' && answer.status >= 400) throw new StatusError(answer.object as Status);
}
