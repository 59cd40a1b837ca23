/** What the commands work with: a client, the namespace, and the outside. Connecting is done late, so that help and usage need no cluster. */
import { parseGoDuration } from '@sluice/api';
import type { Client, ClusterConfig, Transport } from '@sluice/kube';
import type { Io } from '../../io.ts';
import { userAgent } from '../../version.ts';
import type { ConnectionFlags } from './connection-flags.ts';

export type Session = {
  readonly client: Client;
  readonly namespace: string;
  readonly io: Io;
  /** A client that can watch. Made when it is first asked for: loading it takes longer than most commands. */
  watchingClient(): Promise<Client>;
  close(): Promise<void>;
};

export type Connect = (flags: ConnectionFlags, io: Io) => Promise<Session>;

/** @throws KubeconfigError, or Error for a flag that cannot be read */
export const connectWithFlags: Connect = async (flags, io) => {
  const { createClient, loadKubeconfig } = await import('./kube-core.ts');
  const config = loadKubeconfig({
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    env: io.env,
    homeDir: io.homeDir,
    overrides: {
      ...(flags.server === undefined ? {} : { server: flags.server }),
      ...(flags.token === undefined ? {} : { token: flags.token }),
      ...(flags.namespace === undefined ? {} : { namespace: flags.namespace }),
      ...(flags.user === undefined ? {} : { user: flags.user }),
      ...(flags.cluster === undefined ? {} : { cluster: flags.cluster }),
      ...(flags.certificateAuthority === undefined ? {} : { certificateAuthority: flags.certificateAuthority }),
      ...(flags.insecureSkipTlsVerify === undefined ? {} : { insecureSkipTlsVerify: flags.insecureSkipTlsVerify }),
    },
  });
  const complete = await withFlags(config, flags);
  const fieldManager = 'kubectl-argo-rollouts';
  const watching = async (): Promise<Client> => {
    const { httpTransport } = await import('./kube-watch.ts');
    return createClient(withTimeout(httpTransport(complete, { userAgent }), flags.requestTimeout), { fieldManager });
  };
  const { isQuick, quickTransport } = await import('./quick-transport.ts');
  const client = isQuick(complete)
    ? createClient(withTimeout(quickTransport(complete, userAgent), flags.requestTimeout), { fieldManager })
    : await watching();
  let watcher: Promise<Client> | undefined = isQuick(complete) ? undefined : Promise.resolve(client);
  return {
    client,
    namespace: complete.namespace,
    io,
    watchingClient: () => {
      watcher ??= watching();
      return watcher;
    },
    close: async () => {
      await client.close();
      await (await watcher)?.close();
    },
  };
};

async function withFlags(config: ClusterConfig, flags: ConnectionFlags): Promise<ClusterConfig> {
  const { readFile } = await import('node:fs/promises');
  const certificate = flags.clientCertificate === undefined ? undefined : await readFile(flags.clientCertificate, 'utf8');
  const key = flags.clientKey === undefined ? undefined : await readFile(flags.clientKey, 'utf8');
  const impersonate =
    flags.as === undefined
      ? undefined
      : { user: flags.as, groups: flags.asGroup ?? [], extra: {}, ...(flags.asUid === undefined ? {} : { uid: flags.asUid }) };
  return {
    ...config,
    ...(flags.tlsServerName === undefined ? {} : { tlsServerName: flags.tlsServerName }),
    ...(flags.disableCompression === true ? { disableCompression: true } : {}),
    credentials: {
      ...config.credentials,
      ...(certificate === undefined ? {} : { clientCertificate: certificate }),
      ...(key === undefined ? {} : { clientKey: key }),
      ...(impersonate === undefined ? {} : { impersonate }),
    },
  };
}

/** `0` means no limit of its own; a bare number counts as seconds. */
function withTimeout(transport: Transport, text: string | undefined): Transport {
  if (text === undefined || text === '0') return transport;
  const parsed = parseGoDuration(/^\d+$/.test(text) ? `${text}s` : text);
  if (!parsed.ok) {
    throw new Error(
      'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
    );
  }
  const timeoutMs = parsed.milliseconds;
  return {
    request: (request) => transport.request({ timeoutMs, ...request }),
    watch: (request) => transport.watch(request),
    close: () => transport.close(),
  };
}
