/** The outside world of the rollouts controller, wired once: metric providers with their credentials, and traffic routers. */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Clock } from '@sluice/api';
import type { SourceFor } from '@sluice/controller';
import type { NotifierFactory, StepPlugins, TrafficRouter } from '@sluice/engine';
import type { Client } from '@sluice/kube';
import {
  analysisJobClient,
  awsPort,
  httpClient,
  metricSourceFor,
  notifierFactory,
  type Plugins,
  type TrafficRouterOptions,
  tokenSource,
  trafficRouters,
} from '@sluice/providers';
import type { Io } from './io.ts';

export type RolloutsProviders = {
  readonly sourceFor: SourceFor;
  readonly routers: readonly TrafficRouter[];
  readonly stepPlugins: StepPlugins | undefined;
  readonly notifierFor: NotifierFactory;
  readonly digest: (algorithm: 'sha1' | 'sha256' | 'sha512', text: string) => string;
  close(): Promise<void>;
};

export function rolloutsProviders(
  client: Client,
  io: { readonly env: Io['env']; readonly homeDir: string; readonly clock: Clock },
  routers: TrafficRouterOptions = {},
  plugins?: Plugins,
): RolloutsProviders {
  const { env, homeDir, clock } = io;
  const http = httpClient({ clock, environment: env });
  const jobClient = analysisJobClient(env, homeDir);
  const dependencies = {
    kube: client,
    ...(jobClient === undefined ? {} : { jobKube: jobClient }),
    controllerNamespace: controllerNamespace(env),
    environment: env,
    http: http.request,
    tokens: tokenSource(http.request, clock),
    aws: awsPort(),
    ...(plugins === undefined ? {} : { pluginSource: plugins.metricSource }),
    clock,
  };
  return {
    sourceFor: (metric) => metricSourceFor(metric.provider, dependencies),
    routers: trafficRouters(routers),
    stepPlugins: plugins?.steps,
    notifierFor: notifierFactory({ http: http.request, clock, uuid: randomUUID }),
    digest: (algorithm, text) => createHash(algorithm).update(text).digest('hex'),
    async close() {
      await Promise.all([http.close(), jobClient?.close(), plugins?.stop()]);
    },
  };
}

/** Where upstream keeps its Secrets and ConfigMaps: the pod's own namespace, or the one of its usual installation. */
export function controllerNamespace(env: Io['env']): string {
  const named = env.POD_NAMESPACE;
  if (named !== undefined && named !== '') return named;
  try {
    const text = readFileSync('/var/run/secrets/kubernetes.io/serviceaccount/namespace', 'utf8').trim();
    if (text !== '') return text;
  } catch {
    // Not in a pod.
  }
  return 'argo-rollouts';
}
