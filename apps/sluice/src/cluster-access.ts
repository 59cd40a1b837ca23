/** Which cluster a command talks to, and the client for it. Loaded by commands when they run, not for their help. */
import { type Client, type ClusterConfig, createClient, httpTransport, loadKubeconfig } from '@sluice/kube';
import type { Io } from './io.ts';
import { userAgent } from './version.ts';

export type ClusterOptions = {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
};

export type ClusterAccess = { readonly client: Client; readonly config: ClusterConfig; readonly namespace: string };

/** @throws KubeconfigError with one line for the user */
export function connect(options: ClusterOptions, io: Pick<Io, 'env' | 'homeDir'>): ClusterAccess {
  const config = loadKubeconfig({ kubeconfig: options.kubeconfig, context: options.context, env: io.env, homeDir: io.homeDir });
  const client = createClient(httpTransport(config, { userAgent }), { fieldManager: 'sluice' });
  return { client, config, namespace: options.namespace ?? config.namespace };
}
