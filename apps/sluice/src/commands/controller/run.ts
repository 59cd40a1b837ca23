import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { isStatusError } from '@sluice/api';
import { startRolloutController } from '@sluice/controller';
import {
  builtinTypes,
  type Client,
  createClient,
  createLogger,
  httpTransport,
  type Logger,
  leaderElection,
  loadKubeconfig,
  RateLimiter,
} from '@sluice/kube';
import { exitCodes, UserError } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { listenError } from '../../listen-error.ts';
import { rolloutsPlugins } from '../../rollouts-plugins.ts';
import { controllerNamespace, rolloutsProviders } from '../../rollouts-providers.ts';
import { untilStopped } from '../../until-stopped.ts';
import { userAgent, version } from '../../version.ts';
import type { ControllerOptions } from './index.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const leaseName = 'argo-rollouts-controller-lock';

/** Works until it is stopped, or until another one leads. */
export async function runController(options: ControllerOptions, io: Io): Promise<number> {
  const logger = createLogger({
    format: options.logformat,
    level: options.loglevel,
    write: (line) => io.err.write(`${line}\n`),
    clock: io.clock,
  });
  const config = loadKubeconfig({ kubeconfig: options.kubeconfig, context: options.context, env: io.env, homeDir: io.homeDir });
  const metrics = createMetrics(version);
  const limiter = new RateLimiter({ clock: io.clock, ratePerSecond: options.qps, burst: options.burst, onWait: metrics.observeWait });
  const transport = metrics.countRequests(httpTransport(config, { userAgent, logger, limiter }));
  const client = createClient(transport, { fieldManager: 'rollouts-controller' });
  const closeServers = await serveHealthAndMetrics(options, metrics);
  try {
    // Reached before anything else is promised: an unreachable cluster is the first thing to hear of.
    await client.raw({ method: 'GET', path: '/version', signal: io.signal });
    for (const kind of ['Rollout', 'Experiment', 'AnalysisRun', 'AnalysisTemplate', 'ClusterAnalysisTemplate']) {
      if ((await client.resolve('argoproj.io/v1alpha1', kind)) !== undefined) continue;
      throw new UserError(`the cluster does not know ${kind}s`, { next: 'sluice crds | kubectl apply --server-side -f -' });
    }
    const namespace = options.namespaced ? (options.namespace ?? config.namespace) : undefined;
    const work = (signal: AbortSignal): Promise<void> => control(client, options, namespace, metrics, logger, io, signal);
    if (!options.leaderElect) {
      await work(io.signal);
      return exitCodes.done;
    }
    return await leadAndWork(client, await leaseNamespace(client, options, io, config), options, logger, io, work);
  } finally {
    await closeServers();
    await client.close();
  }
}

async function control(
  client: Client,
  options: ControllerOptions,
  namespace: string | undefined,
  metrics: Metrics,
  logger: Logger,
  io: Io,
  signal: AbortSignal,
): Promise<void> {
  const plugins = await rolloutsPlugins(client, controllerNamespace(io.env), join(io.workingDir, 'plugin-bin'), logger, io);
  const providers = rolloutsProviders(client, io, options, plugins);
  const controller = await startRolloutController({
    client,
    clock: io.clock,
    random: io.random,
    logger,
    version,
    ...(namespace === undefined ? {} : { namespace }),
    ...(options.instanceId === '' ? {} : { instanceId: options.instanceId }),
    concurrency: options.rolloutThreads,
    experimentConcurrency: options.experimentThreads,
    analysisConcurrency: options.analysisThreads,
    resyncMs: options.rolloutResync * 1000,
    sourceFor: providers.sourceFor,
    routers: providers.routers,
    digest: providers.digest,
    notifications: {
      notifierFor: providers.notifierFor,
      controllerNamespace: controllerNamespace(io.env),
      isSelfService: options.selfServiceNotificationEnabled,
    },
    ...(providers.stepPlugins === undefined ? {} : { stepPlugins: providers.stepPlugins }),
    onPass: metrics.observePass,
  });
  metrics.readController(() => controller.metrics());
  await untilStopped(signal);
  await controller.stop();
  await providers.close();
}

async function leadAndWork(
  client: Client,
  namespace: string,
  options: ControllerOptions,
  logger: Logger,
  io: Io,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<number> {
  const identity = `${hostname()}_${randomUUID()}`;
  let wasLost = false;
  const election = leaderElection({
    client,
    namespace,
    name: options.instanceId === '' ? leaseName : `${leaseName}-${options.instanceId}`,
    identity,
    leaseDurationMs: options.leaderElectionLeaseDuration,
    renewDeadlineMs: options.leaderElectionRenewDeadline,
    retryPeriodMs: options.leaderElectionRetryPeriod,
    clock: io.clock,
    random: io.random,
    logger,
    onStarted: work,
    onLost: () => {
      wasLost = true;
    },
  });
  await election.run(io.signal);
  if (!wasLost) return exitCodes.done;
  // As upstream: the process ends, and whoever runs it starts it again with caches of its own.
  logger.error('leadership was lost', { namespace });
  return exitCodes.failed;
}

/**
 * Where upstream has its lease: the pod's namespace. From outside of a cluster that is `argo-rollouts` where it exists, so that an
 * installed controller and this one never work at once; else the namespace of the kubeconfig context.
 */
async function leaseNamespace(
  client: Client,
  options: ControllerOptions,
  io: Io,
  config: { readonly namespace: string; readonly contextName?: string },
): Promise<string> {
  const own = io.env.POD_NAMESPACE;
  if (own !== undefined && own !== '') return own;
  if (config.contextName === undefined || options.namespaced) return options.namespace ?? config.namespace;
  try {
    await client.get(builtinTypes.namespaces, { name: 'argo-rollouts' });
    return 'argo-rollouts';
  } catch (error) {
    if (isStatusError(error, 'NotFound', 'Forbidden')) return options.namespace ?? config.namespace;
    throw error;
  }
}

/** `/healthz` and `/metrics`, on all interfaces as upstream's, on ports of their own. */
async function serveHealthAndMetrics(options: ControllerOptions, metrics: Metrics): Promise<() => Promise<void>> {
  const health = await listen(options.healthzPort, '--healthzPort', async (path) =>
    path === '/healthz' ? { type: 'text/plain', text: 'ok' } : undefined,
  );
  try {
    const measured = await listen(options.metricsPort, '--metricsPort', async (path) =>
      path === '/metrics' ? { type: metrics.contentType, text: await metrics.text() } : undefined,
    );
    return async () => {
      await Promise.all([health(), measured()]);
    };
  } catch (error) {
    await health();
    throw error;
  }
}

type Page = { readonly type: string; readonly text: string };

async function listen(port: number, flag: string, answer: (path: string) => Promise<Page | undefined>): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? '/', 'http://controller').pathname).then(
      (page) =>
        response.writeHead(page === undefined ? 404 : 200, { 'content-type': page?.type ?? 'text/plain' }).end(page?.text ?? 'not found\n'),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  }).catch((error: unknown) => {
    throw listenError(error, 'all addresses', port, flag);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
