/**
 * The API suite against whatever there is: the embedded server in this process, the same over HTTPS, and any cluster that
 * SLUICE_TEST_KUBECONFIG names.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiVersionOf, type KubeObject, type ResourceType } from '@sluice/api';
import { createApiServer } from '@sluice/apiserver';
import { inProcessTransport, type PodRule, startCluster } from '@sluice/cluster';
import { type Client, type ClusterConfig, createClient, httpTransport, loadKubeconfig, silentLogger, systemClock } from '@sluice/kube';
import { type ApiUnderTest, describeApiServer } from '@sluice/testkit';
import { describe, it } from 'vitest';

const fieldManager = 'conformance';
const userAgent = 'sluice-conformance';

/** Ordinary pods live a tenth as long as in `sluice up`, or this would take minutes. */
const quickPods: PodRule = {
  name: 'quick',
  match: { image: 'example.com/web*' },
  life: { startedAfter: { minMs: 100, maxMs: 200 }, terminatedAfter: { minMs: 50, maxMs: 50 } },
};

/** A cluster in memory, as `sluice up` puts it together. */
async function embedded(): Promise<{ server: Awaited<ReturnType<typeof createApiServer>>; stop(): Promise<void> }> {
  const server = await createApiServer({
    durability: 'memory',
    clock: systemClock,
    randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
  });
  const cluster = await startCluster({ server, clock: systemClock, random: Math.random, logger: silentLogger, rules: [quickPods] });
  return {
    server,
    stop: async () => {
      await cluster.stop();
      await server.close();
    },
  };
}

function overHttp(config: ClusterConfig, stop: () => Promise<void>, bindsClaims: boolean): ApiUnderTest {
  const clients = [createClient(httpTransport(config, { userAgent }), { fieldManager })];
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  return {
    client,
    bindsClaims,
    asServiceAccount: ({ token }) => {
      const made = createClient(httpTransport({ ...config, credentials: { token } }, { userAgent }), { fieldManager });
      clients.push(made);
      return made;
    },
    close: async () => {
      await Promise.all(clients.map((one) => one.close()));
      await stop();
    },
  };
}

/** More changes of a kind than the server remembers: a version from before them is too old. */
async function outrunHistory(client: Client, type: ResourceType): Promise<string> {
  const at = { namespace: 'default', name: 'busy' };
  const made = await client.create<KubeObject>(type, { apiVersion: apiVersionOf(type), kind: type.kind, metadata: at });
  for (let i = 0; i < 10_100; i++) await client.patch(type, at, 'merge', { metadata: { annotations: { n: `${i}` } } });
  await client.delete(type, at);
  return made.metadata.resourceVersion ?? '';
}

/** By way of a file, as everybody else reads it. */
function configFrom(kubeconfig: string): ClusterConfig {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
  try {
    const path = join(folder, 'kubeconfig');
    writeFileSync(path, kubeconfig);
    return loadKubeconfig({ kubeconfig: path, env: {}, homeDir: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const given = process.env.SLUICE_TEST_KUBECONFIG;

describeApiServer('embedded, in process', async () => {
  const { server, stop } = await embedded();
  const clientOf = (name: string, groups: readonly string[]): ApiUnderTest['client'] =>
    createClient(inProcessTransport(server, { name, groups }), { fieldManager });
  const client = clientOf('kubernetes-admin', ['system:masters', 'system:authenticated']);
  return {
    client,
    bindsClaims: true,
    forgetHistory: (type) => outrunHistory(client, type),
    asServiceAccount: ({ namespace, name }) =>
      clientOf(`system:serviceaccount:${namespace}:${name}`, [
        'system:serviceaccounts',
        `system:serviceaccounts:${namespace}`,
        'system:authenticated',
      ]),
    close: stop,
  };
});

describeApiServer('embedded, over HTTPS', async () => {
  const { server, stop } = await embedded();
  const { url } = await server.listen({ host: '127.0.0.1', port: 0 });
  return overHttp(configFrom(server.kubeconfig({ server: url })), stop, true);
});

if (given === undefined) {
  describe('the Kubernetes API (a given cluster)', () => {
    it.skip('needs SLUICE_TEST_KUBECONFIG, the path of a kubeconfig with an administrator in it');
  });
} else {
  describeApiServer('SLUICE_TEST_KUBECONFIG', async () => {
    const config = loadKubeconfig({ kubeconfig: given, env: {}, homeDir: '/' });
    return overHttp(config, async () => {}, process.env.SLUICE_TEST_BINDS_CLAIMS === 'true');
  });
}
