/** A whole cluster on a virtual clock for tests: server in memory, all controllers, simulated pods. Nothing sleeps, nothing leaves the process. */
import { type Clock, failure, type KubeObject, type ResourceType } from '@sluice/api';
import { type ApiServer, createApiServer } from '@sluice/apiserver';
import { type Client, createClient, silentLogger, type VirtualClock, virtualClock } from '@sluice/kube';
import { type Cluster, startCluster } from '../cluster.ts';
import { inProcessTransport } from '../in-process-transport.ts';
import type { PodRule } from '../runtime/rules.ts';

const startOfTime: number = Date.parse('2026-01-05T10:00:00Z');

export type SmallCluster = {
  readonly clock: VirtualClock;
  readonly server: ApiServer;
  readonly client: Client;
  /** Writes of controllers and runtime, by verb and kind, such as `PATCH deployments/status`. */
  readonly writes: Map<string, number>;
  apply(...objects: readonly KubeObject[]): Promise<void>;
  get<T extends KubeObject = KubeObject>(type: ResourceType, name: string, namespace?: string): Promise<T | undefined>;
  list<T extends KubeObject = KubeObject>(type: ResourceType, namespace?: string): Promise<readonly T[]>;
  /** Ends the controllers and starts new ones on what the server holds, as after a crash. */
  restart(): Promise<void>;
  /** From now on nothing goes wrong. */
  heal(): void;
  stop(): Promise<void>;
};

/** Numbers from 0 to 1 in a fixed order. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What goes wrong with a write of the controllers: refused before anything happened, or done with the answer lost. */
export type Fault = 'refused' | 'lost' | undefined;

export async function smallCluster(
  options: { rules?: readonly PodRule[]; seed?: number; fault?: (random: () => number) => Fault } = {},
): Promise<SmallCluster> {
  const clock = virtualClock(startOfTime, 6);
  const random = seeded(options.seed ?? 1);
  const server = await createApiServer({
    durability: 'memory',
    clock: clock as Clock,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    tls: false,
  });
  const writes = new Map<string, number>();
  let isFaulty = false;
  const counting: ApiServer = {
    ...server,
    handle: async (request) => {
      if (request.method !== 'GET') {
        const parts = request.path.split('/').slice(request.path.startsWith('/api/') ? 3 : 4);
        const rest = parts[0] === 'namespaces' && parts.length > 2 && parts[2] !== 'finalize' ? parts.slice(2) : parts;
        const name = `${request.method} ${[rest[0], ...rest.slice(2)].join('/')}`;
        writes.set(name, (writes.get(name) ?? 0) + 1);
        const fault = isFaulty ? options.fault?.(random) : undefined;
        if (fault === 'lost') await server.handle(request);
        if (fault !== undefined) return { kind: 'object', status: 500, object: failure(500, 'InternalError', 'a fault of the test') };
      }
      return server.handle(request);
    },
  };
  const start = (): Promise<Cluster> =>
    startCluster({
      server: counting,
      clock,
      random,
      logger: silentLogger,
      ...(options.rules === undefined ? {} : { rules: options.rules }),
    });
  let cluster = await start();
  isFaulty = true;
  const client = createClient(inProcessTransport(server, { name: 'tester', groups: ['system:masters', 'system:authenticated'] }), {
    fieldManager: 'tester',
  });
  await clock.settle();

  return {
    clock,
    server,
    client,
    writes,
    apply: async (...objects) => {
      for (const object of objects) {
        const type = await client.resolve(object.apiVersion, object.kind);
        if (type === undefined) throw new Error(`${object.apiVersion} ${object.kind} is not served`);
        const at = { namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
        await client.patch(type, at, 'apply', object, { force: true });
      }
      await clock.settle();
    },
    get: async <T extends KubeObject>(type: ResourceType, name: string, namespace = 'default') => {
      const { items } = await client.list<T>(type, { ...(type.namespaced ? { namespace } : {}), fieldSelector: `metadata.name=${name}` });
      return items[0];
    },
    list: async <T extends KubeObject>(type: ResourceType, namespace = 'default') =>
      (await client.list<T>(type, type.namespaced ? { namespace } : {})).items,
    restart: async () => {
      await cluster.stop();
      isFaulty = false;
      cluster = await start();
      isFaulty = true;
      await clock.settle();
    },
    heal: () => {
      isFaulty = false;
    },
    stop: async () => {
      await cluster.stop();
      await server.close();
    },
  };
}
