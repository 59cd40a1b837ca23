/**
 * A whole cluster in this process on a virtual clock, with the rollouts controller beside it: embedded API server in memory, built-in
 * controllers, simulated pods. Writes of the rollouts controller are counted, and its process can be made to die at any of them.
 */
import { crds, type KubeObject, type ReplicaSet, type Rollout, rolloutType } from '../../packages/api/src/index.ts';
import { createApiServer } from '../../packages/apiserver/src/index.ts';
import { inProcessTransport, type PodRule, startCluster } from '../../packages/cluster/src/index.ts';
import { type RolloutController, type SourceFor, startRolloutController } from '../../packages/controller/src/index.ts';
import { actionPatches, type RolloutAction, rolloutPhase, type StepPlugins, type TrafficRouter } from '../../packages/engine/src/index.ts';
import {
  type ApiRequest,
  builtinTypes,
  type Client,
  createClient,
  type Logger,
  silentLogger,
  type Transport,
  type VirtualClock,
  virtualClock,
} from '../../packages/kube/src/index.ts';

const start: number = Date.parse('2026-01-05T10:00:00Z');

export type RolloutsCluster = {
  readonly clock: VirtualClock;
  readonly client: Client;
  /** Writes of the rollouts controller that succeeded, in order, Events left out: `PATCH rollouts/web/status`. */
  readonly writes: string[];
  /** Reasons of the Rollouts' Events in the order in which a watch saw them. */
  readonly events: { readonly name: string; readonly reason: string; readonly message: string }[];
  /** After so many more writes of the controller its process is dead: nothing it sends arrives. */
  dieAfter(writes: number): void;
  readonly isDead: boolean;
  restartController(): Promise<void>;
  get(name: string): Promise<Rollout>;
  replicaSets(): Promise<readonly ReplicaSet[]>;
  perform(name: string, action: RolloutAction): Promise<void>;
  patch(name: string, patch: unknown): Promise<void>;
  /** Lets time pass, a fifth of a second at a time, until it is so. @throws after `seconds` of virtual time */
  until(what: string, isSo: () => Promise<boolean>, seconds?: number): Promise<void>;
  untilPhase(name: string, phase: string, isSo?: (rollout: Rollout) => boolean): Promise<Rollout>;
  controller(): RolloutController;
  stop(): Promise<void>;
};

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export async function rolloutsCluster(
  options: {
    rules?: readonly PodRule[];
    instanceId?: string;
    logger?: Logger;
    kinds?: readonly KubeObject[];
    sourceFor?: SourceFor;
    routers?: readonly TrafficRouter[];
    stepPlugins?: StepPlugins;
  } = {},
): Promise<RolloutsCluster> {
  const clock = virtualClock(start, 8);
  const random = seeded(7);
  const logger = options.logger ?? silentLogger;
  const server = await createApiServer({
    durability: 'memory',
    clock,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    tls: false,
  });
  const cluster = await startCluster({
    server,
    clock,
    random,
    logger: silentLogger,
    ...(options.rules === undefined ? {} : { rules: options.rules }),
  });
  const admin = { name: 'tester', groups: ['system:masters', 'system:authenticated'] };
  const client = createClient(inProcessTransport(server, admin), { fieldManager: 'tester' });
  for (const crd of options.kinds ?? crds()) await client.create(builtinTypes.customResourceDefinitions, crd);
  await clock.settle();

  const writes: string[] = [];
  const events: { name: string; reason: string; message: string }[] = [];
  const watch = await client.watch(builtinTypes.events, { namespace: 'default', resourceVersion: '0' });
  void (async () => {
    for await (const { type, object } of watch) {
      const event = object as KubeObject & { involvedObject: { kind: string; name: string }; reason: string; message: string };
      if (type === 'BOOKMARK' || event.involvedObject?.kind !== 'Rollout') continue;
      events.push({ name: event.involvedObject.name, reason: event.reason, message: event.message });
    }
  })();

  let left = Number.POSITIVE_INFINITY;
  let life = 0;
  /** The controller's way to the server; a dead process's way leads nowhere. */
  const mortal = (): Transport => {
    const own = ++life;
    const real = inProcessTransport(server, admin);
    const gone = (): Error => new Error('the process is dead');
    return {
      async request(request: ApiRequest) {
        if (own !== life || left <= 0) throw gone();
        const isWrite = request.method !== 'GET';
        const isEvent = /\/events(\/|$)/.test(request.path);
        const response = await real.request(request);
        if (isWrite && !isEvent && response.status < 400) {
          writes.push(`${request.method} ${request.path.replace(/^.*\/namespaces\/[^/]+\//, '')}`);
          left--;
        }
        // What was sent arrived; the answer does not reach the dead.
        if (left <= 0 && isWrite) throw gone();
        return response;
      },
      watch: (request) => (own === life ? real.watch(request) : Promise.reject(gone())),
      close: () => real.close(),
    };
  };
  const startController = (): Promise<RolloutController> =>
    startRolloutController({
      client: createClient(mortal(), { fieldManager: 'rollouts-controller' }),
      clock,
      random,
      logger,
      version: 'test',
      ...(options.instanceId === undefined ? {} : { instanceId: options.instanceId }),
      ...(options.sourceFor === undefined ? {} : { sourceFor: options.sourceFor }),
      ...(options.routers === undefined ? {} : { routers: options.routers }),
      ...(options.stepPlugins === undefined ? {} : { stepPlugins: options.stepPlugins }),
    });
  let controller = await startController();

  const get = (name: string): Promise<Rollout> => client.get<Rollout>(rolloutType, { namespace: 'default', name });
  const until: RolloutsCluster['until'] = async (what, isSo, seconds = 120) => {
    const end = clock.now() + seconds * 1000;
    while (clock.now() < end) {
      if (await isSo()) return;
      await clock.advance(200);
    }
    throw new Error(`${what} did not come about within ${seconds} s`);
  };

  return {
    clock,
    client,
    writes,
    events,
    dieAfter(count) {
      left = count;
    },
    get isDead() {
      return left <= 0;
    },
    async restartController() {
      life++;
      const stopping = controller.stop();
      await clock.advance(20_000);
      await stopping;
      left = Number.POSITIVE_INFINITY;
      controller = await startController();
    },
    get,
    replicaSets: async () => (await client.list<ReplicaSet>(builtinTypes.replicaSets, { namespace: 'default' })).items,
    async perform(name, action) {
      for (const { patch, patchType, subresource } of actionPatches(await get(name), action)) {
        await client.patch(rolloutType, { namespace: 'default', name }, patchType, patch, subresource === undefined ? {} : { subresource });
      }
    },
    async patch(name, patch) {
      await client.patch(rolloutType, { namespace: 'default', name }, 'merge', patch);
    },
    until,
    async untilPhase(name, phase, isSo = () => true) {
      let seen: Rollout | undefined;
      await until(`${name} ${phase}`, async () => {
        seen = await get(name);
        return rolloutPhase(seen).phase === phase && isSo(seen);
      }).catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : error}; it is ${JSON.stringify(seen?.status)}`);
      });
      return seen as Rollout;
    },
    controller: () => controller,
    async stop() {
      watch.close();
      life++;
      const stopping = controller.stop();
      await clock.advance(20_000);
      await stopping;
      await cluster.stop();
      await server.close();
    },
  };
}

export function rollout(name: string, spec: Partial<Rollout['spec']> & { readonly image?: string } = {}): Rollout {
  const { image = 'app:1', ...rest } = spec;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: 'default' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image }] } },
      strategy: { canary: {} },
      ...rest,
    },
  };
}
