/**
 * Makes an API server a cluster: one client in the process, shared caches, every built-in controller, and the runtime of the pods.
 * This is the only place where they are put together; none of them knows another.
 */
import type { Clock } from '@sluice/api';
import { parseQuantity } from '@sluice/api';
import type { ApiServer } from '@sluice/apiserver';
import { createClient, type Logger } from '@sluice/kube';
import { Caches } from './control/caches.ts';
import { Discovery } from './control/discovery.ts';
import { EventNotes } from './control/notes.ts';
import type { ClusterController, Surroundings } from './control/shell.ts';
import { Tombstones } from './control/tombstones.ts';
import { autoscalerController } from './controllers/autoscaler/controller.ts';
import { cronJobController } from './controllers/cron-job/controller.ts';
import { daemonSetController } from './controllers/daemon-set/controller.ts';
import { deploymentController } from './controllers/deployment/controller.ts';
import { disruptionBudgetController } from './controllers/disruption-budgets.ts';
import { endpointsController } from './controllers/endpoints/controller.ts';
import { eventExpiry } from './controllers/event-expiry.ts';
import { garbageCollector } from './controllers/garbage-collector/controller.ts';
import { jobController } from './controllers/job/controller.ts';
import { namespaceController } from './controllers/namespace/controller.ts';
import { nodeController } from './controllers/nodes.ts';
import { replicaSetController } from './controllers/replica-set/controller.ts';
import { resourceQuotaController } from './controllers/resource-quotas.ts';
import { serviceAccountController } from './controllers/service-accounts.ts';
import { statefulSetController } from './controllers/stateful-set/controller.ts';
import { ensureStorageClass, volumeController } from './controllers/volumes.ts';
import { inProcessTransport } from './in-process-transport.ts';
import type { PodRule } from './runtime/rules.ts';
import { nodeAddress, SimulatedRuntime } from './runtime/simulated.ts';

export type ClusterOptions = {
  readonly server: ApiServer;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** How pods live; looked at before the defaults. */
  readonly rules?: readonly PodRule[];
  /** `sluice-node` by default. */
  readonly nodeName?: string;
};

export interface Cluster {
  /** Ends every controller after what it has in flight. The server stays up. */
  stop(): Promise<void>;
}

/**
 * Starts all controllers on what the server holds and resolves when they follow it. Nothing is remembered outside of objects: started
 * again on the same data, it goes on.
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { server, clock, random, logger } = options;
  const nodeName = options.nodeName ?? 'sluice-node';
  const masters = ['system:masters', 'system:authenticated'];
  const managerTransport = inProcessTransport(server, { name: 'system:kube-controller-manager', groups: masters });
  const nodeTransport = inProcessTransport(server, { name: `system:node:${nodeName}`, groups: ['system:nodes', ...masters] });
  const client = createClient(managerTransport, { fieldManager: 'kube-controller-manager' });
  const nodeClient = createClient(nodeTransport, { fieldManager: 'kubelet' });

  const caches = new Caches({ client, clock, random, logger });
  const tombstones = new Tombstones();
  const notes = new EventNotes({ client, clock, random, logger });
  const around: Surroundings = {
    client,
    caches,
    tombstones,
    clock,
    random,
    logger,
    notesFrom: (component) => notes.from(component),
  };

  const runtime = new SimulatedRuntime({
    client: nodeClient,
    caches,
    tombstones,
    clock,
    random,
    logger,
    nodeName,
    rules: options.rules ?? [],
    schedulerNotes: notes.from('default-scheduler'),
    kubeletNotes: notes.from('kubelet', nodeName),
  });
  server.setRuntime({
    podLogs: async (pod, wanted) => runtime.logs(pod, wanted),
    podMetrics: (pod) =>
      runtime.usage(pod)?.map(({ name, cpu, memory }) => ({
        container: name,
        cpuNanoCores: Number(parseQuantity(cpu)?.nanos ?? 0n),
        memoryBytes: Number((parseQuantity(memory)?.nanos ?? 0n) / 1_000_000_000n),
      })),
  });

  const discovery = new Discovery(around);
  await discovery.refresh();
  await ensureStorageClass(client);
  const controllers: readonly ClusterController[] = [
    discovery,
    await nodeController({ ...around, client: nodeClient }, nodeName, nodeAddress),
    namespaceController(around, discovery),
    serviceAccountController(around),
    deploymentController(around),
    replicaSetController(around),
    statefulSetController(around),
    daemonSetController(around),
    jobController(around),
    cronJobController(around),
    endpointsController(around),
    autoscalerController(around, (pod) => runtime.usage(pod)),
    disruptionBudgetController(around),
    volumeController(around),
    resourceQuotaController(around),
    eventExpiry(around),
    garbageCollector(around, discovery),
    runtime,
  ];
  await caches.synced();
  for (const controller of controllers) controller.start();

  return {
    stop: async () => {
      await Promise.all(controllers.map((controller) => controller.stop()));
      await notes.stop();
      caches.stop();
      await Promise.all([client.close(), nodeClient.close()]);
    },
  };
}
