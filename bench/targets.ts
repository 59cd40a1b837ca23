/** The API servers that are measured: the embedded one in two forms, and a given one. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { builtinTypes, type Client, type ClusterConfig, createClient, httpTransport, loadKubeconfig } from '@sluice/kube';
import { type Child, start } from './child.ts';
import type { ServerSettings, ServerUsage } from './processes/api-server.ts';

export type Target = {
  readonly kubeconfig: string;
  readonly config: ClusterConfig;
  readonly client: Client;
  /** Of the server's process; undefined where it is not on this machine. */
  usage(): Promise<ServerUsage | undefined>;
  /** A namespace of its own; removed by `stop`. */
  readonly namespace: string;
  stop(): Promise<void>;
};

/** The embedded server on its own data, started again after a kill. */
export type RestartableTarget = Target & {
  /** Milliseconds from the start of the new process to its first answer. Clients of before see a closed connection. */
  killAndStart(): Promise<number>;
};

export async function embeddedTarget(bundles: string, settings: Omit<ServerSettings, 'folder' | 'port'>): Promise<RestartableTarget> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const startServer = (port: number): Child => start(bundles, 'api-server', [JSON.stringify({ ...settings, folder, port })]);
  let child = startServer(0);
  const { kubeconfig } = await child.ask<{ kubeconfig: string }>();
  const target = await targetAt(kubeconfig);
  return {
    ...target,
    usage: () => child.ask<ServerUsage>({}),
    killAndStart: async () => {
      await child.kill();
      const begun = performance.now();
      child = startServer(Number(new URL(target.config.server).port));
      await child.ask();
      await target.client.get(builtinTypes.namespaces, { name: target.namespace });
      return performance.now() - begun;
    },
    stop: async () => {
      await target.client.close();
      await child.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function givenTarget(kubeconfig: string): Promise<Target> {
  const target = await targetAt(kubeconfig);
  const pids = ['apiserver.pid', 'etcd.pid'].map((name) => join(dirname(kubeconfig), name)).filter((path) => existsSync(path));
  return {
    ...target,
    usage: async () => (pids.length === 0 ? undefined : usageOf(pids.map((path) => readFileSync(path, 'utf8').trim()))),
    stop: async () => {
      await target.client.delete(builtinTypes.namespaces, { name: target.namespace });
      await target.client.close();
    },
  };
}

let targets = 0;

async function targetAt(kubeconfig: string): Promise<Omit<Target, 'usage' | 'stop'>> {
  const config = loadKubeconfig({ kubeconfig, env: {}, homeDir: '/' });
  const client = createClient(httpTransport(config, { userAgent: 'sluice-bench', connections: 16 }), { fieldManager: 'bench' });
  const namespace = `bench-${process.pid}-${++targets}`;
  await client.create(builtinTypes.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  return { kubeconfig, config, client, namespace };
}

/** What Linux says of processes, summed: ticks are hundredths of a second, pages 4 KB. */
function usageOf(pids: readonly string[]): ServerUsage | undefined {
  let cpuMs = 0;
  let rssMb = 0;
  for (const pid of pids) {
    if (!existsSync(`/proc/${pid}/stat`)) return undefined;
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    cpuMs += (Number(fields[11]) + Number(fields[12])) * 10;
    rssMb += (Number(fields[21]) * 4096) / 2 ** 20;
  }
  return { cpuMs, rssMb, loopDelayMs: Number.NaN };
}
