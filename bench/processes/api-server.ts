/**
 * The embedded API server in a process of its own, for load from outside. Argument: JSON of `ServerSettings`. Writes a kubeconfig, says
 * `{ kubeconfig }`, then answers each message with what it has used so far.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createApiServer, type UserInfo } from '@sluice/apiserver';
import { inProcessTransport, startCluster } from '@sluice/cluster';
import { builtinTypes, createClient, silentLogger, systemClock } from '@sluice/kube';

export type ServerSettings = {
  readonly folder: string;
  /** 0: any. */
  readonly port: number;
  readonly durability: 'durable' | 'memory';
  readonly tls: boolean;
  /** With the built-in controllers and pods; else the bare API. */
  readonly withCluster: boolean;
};

export type ServerUsage = { readonly cpuMs: number; readonly rssMb: number; readonly loopDelayMs: number };

const settings = JSON.parse(process.argv[2] ?? '{}') as ServerSettings;
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
const server = await createApiServer({
  ...(settings.durability === 'memory' ? {} : { dataDir: join(settings.folder, 'data') }),
  durability: settings.durability,
  tls: settings.tls,
  clock: systemClock,
  randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
});
if (settings.withCluster) await startCluster({ server, clock: systemClock, random: Math.random, logger: silentLogger });
const { url } = await server.listen({ host: '127.0.0.1', port: settings.port });
const kubeconfig = join(settings.folder, 'kubeconfig');
writeFileSync(kubeconfig, settings.tls ? server.kubeconfig({ server: url }) : await tokenKubeconfig(url));
process.send?.({ kubeconfig });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuMs: (user + system) / 1000, rssMb: process.memoryUsage().rss / 2 ** 20, loopDelayMs: delay.percentile(99) / 1e6 });
  delay.reset();
});
process.on('disconnect', () => process.exit(0));

/** Client certificates need TLS; without it a ServiceAccount's token proves who we are. */
async function tokenKubeconfig(address: string): Promise<string> {
  const admin: UserInfo = { name: 'bench', groups: ['system:masters', 'system:authenticated'] };
  const client = createClient(inProcessTransport(server, admin), { fieldManager: 'bench' });
  const metadata = { name: 'bench', namespace: 'default' };
  await client.create(builtinTypes.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await client.create(builtinTypes.clusterRoleBindings, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'bench' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ kind: 'ServiceAccount', ...metadata }],
  });
  const answer = (await client.raw({
    method: 'POST',
    path: '/api/v1/namespaces/default/serviceaccounts/bench/token',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  })) as { status: { token: string } };
  return JSON.stringify({
    clusters: [{ name: 'bench', cluster: { server: address } }],
    users: [{ name: 'bench', user: { token: answer.status.token } }],
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    'current-context': 'bench',
  });
}
