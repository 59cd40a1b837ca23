/**
 * A whole cluster in this process: the API, the built-in controllers with simulated pods, our CRDs and the rollouts controller.
 * `up` keeps one in a folder, `demo` one that it throws away.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type ApiServer, createApiServer, type UserInfo } from '@sluice/apiserver';
import { type Cluster, inProcessTransport, type PodRule, startCluster } from '@sluice/cluster';
import { startRolloutController } from '@sluice/controller';
import { type Client, createClient, type Logger } from '@sluice/kube';
import type { Io } from '../io.ts';
import { listenError } from '../listen-error.ts';
import { rolloutsPlugins } from '../rollouts-plugins.ts';
import { controllerNamespace, rolloutsProviders } from '../rollouts-providers.ts';
import { orStopped } from '../until-stopped.ts';
import { version } from '../version.ts';
import { installCrds } from './install-crds.ts';

export type EmbeddedClusterOptions = {
  /** Where objects live; absent: in memory. */
  readonly dataDir?: string;
  readonly host: string;
  readonly port: number;
  readonly rules: readonly PodRule[];
  readonly logger: Logger;
  readonly io: Pick<Io, 'clock' | 'random' | 'signal' | 'env' | 'homeDir'>;
};

export type EmbeddedCluster = {
  readonly url: string;
  readonly port: number;
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** In process, as an administrator. */
  readonly client: Client;
  stop(): Promise<void>;
};

const administrator: UserInfo = { name: 'system:admin', groups: ['system:masters', 'system:authenticated'] };
const rolloutsController: UserInfo = { name: 'sluice:rollouts-controller', groups: ['system:masters', 'system:authenticated'] };

/** Resolves when everything serves. @throws UserError when the port cannot be had */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { logger } = options;
  const { clock, random, signal } = options.io;
  const server: ApiServer = await createApiServer({
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
    durability: options.dataDir === undefined ? 'memory' : 'durable',
    clock,
    randomBytes: (count) => randomBytes(count),
  });
  const stops: (() => Promise<unknown>)[] = [() => server.close()];
  const stop = async (): Promise<void> => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    // The port first: when it is taken, nothing else has been started or written.
    const address = await server.listen({ host: options.host, port: options.port }).catch((error: unknown) => {
      throw listenError(error, options.host, options.port, '--port');
    });
    const client = createClient(inProcessTransport(server, administrator), { fieldManager: 'sluice' });
    await orStopped(installCrds(client), signal);
    const cluster: Cluster = await orStopped(startCluster({ server, clock, random, logger, rules: options.rules }), signal);
    stops.push(() => cluster.stop());
    const rolloutsClient = createClient(inProcessTransport(server, rolloutsController), { fieldManager: 'rollouts-controller' });
    const plugins =
      options.dataDir === undefined
        ? undefined
        : await rolloutsPlugins(rolloutsClient, controllerNamespace({}), join(options.dataDir, 'plugin-bin'), logger, options.io);
    const providers = rolloutsProviders(rolloutsClient, options.io, {}, plugins);
    stops.push(() => providers.close());
    const { sourceFor, routers, stepPlugins, notifierFor, digest } = providers;
    const starting = startRolloutController({
      client: rolloutsClient,
      clock,
      random,
      logger,
      version,
      sourceFor,
      routers,
      digest,
      notifications: { notifierFor, controllerNamespace: controllerNamespace({}), isSelfService: false },
      ...(stepPlugins === undefined ? {} : { stepPlugins }),
    });
    const controller = await orStopped(starting, signal);
    stops.push(() => controller.stop());
    return { url: address.url, port: address.port, kubeconfig: server.kubeconfig({ server: address.url }), client, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
