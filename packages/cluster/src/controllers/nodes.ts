/** The one node of the cluster and its Lease: there at the start, ready, with room for everything. Kept alive while the cluster runs. */
import { type Clock, formatMicroTime, formatTime, type Instant, isStatusError, type KubeObject } from '@sluice/api';
import { builtinTypes, type Client } from '@sluice/kube';
import { isEqual } from '../control/equality.ts';
import type { ClusterController, Surroundings } from '../control/shell.ts';
import type { Node } from '../shapes/services.ts';

const leaseNamespace = 'kube-node-lease';

/** A kubelet renews every 10 s; nobody here watches it that closely, so once a minute is enough to show that it lives. */
const renewalMs = 60_000;
const leaseSeconds = 120;

function nodeObject(name: string, address: string, now: Instant): Node {
  const time = formatTime(now);
  const capacity = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '65000' };
  const healthy = (type: string, reason: string, message: string, status: 'True' | 'False' = 'False'): Record<string, string> => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'node-role.kubernetes.io/control-plane': '',
      },
    },
    spec: { podCIDR: '10.244.0.0/16', podCIDRs: ['10.244.0.0/16'], providerID: `sluice://${name}` },
    status: {
      capacity,
      allocatable: capacity,
      conditions: [
        healthy('MemoryPressure', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        healthy('DiskPressure', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        healthy('PIDPressure', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        healthy('Ready', 'KubeletReady', 'kubelet is posting ready status', 'True'),
      ],
      addresses: [
        { type: 'InternalIP', address },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'sluice://simulated',
        kernelVersion: '',
        kubeProxyVersion: '',
        kubeletVersion: 'v1.34.3',
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'simulated',
        systemUUID: '',
      },
    },
  } as unknown as Node;
}

/** Creates node and Lease where they are missing, before any pod is bound. */
export async function nodeController(around: Surroundings, name: string, address: string): Promise<ClusterController> {
  const { client, clock, logger } = around;
  await ensureNode(client, nodeObject(name, address, clock.now()));
  const renew = async (): Promise<void> => {
    try {
      await renewLease(client, clock, name);
    } catch (error) {
      logger.warn('the lease of the node was not renewed', { node: name, error });
    }
  };
  await renew();
  let cancel = (): void => {};
  const arm = (): void => {
    cancel = clock.after(renewalMs, () => {
      void renew();
      arm();
    });
  };
  return { start: arm, stop: async () => cancel() };
}

async function ensureNode(client: Client, wished: Node): Promise<void> {
  const name = wished.metadata.name ?? '';
  try {
    await client.create(builtinTypes.nodes, wished);
  } catch (error) {
    if (!isStatusError(error, 'AlreadyExists')) throw error;
  }
  const live = await client.get<Node>(builtinTypes.nodes, { name });
  const isReady = live.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') === true;
  if (isReady && isEqual(live.status?.addresses, wished.status?.addresses)) return;
  await client.patch(builtinTypes.nodes, { name }, 'merge', { status: wished.status }, { subresource: 'status' });
}

async function renewLease(client: Client, clock: Clock, name: string): Promise<void> {
  const at = { namespace: leaseNamespace, name };
  const renewTime = formatMicroTime(clock.now());
  try {
    await client.patch(builtinTypes.leases, at, 'merge', { spec: { renewTime } });
  } catch (error) {
    if (!isStatusError(error, 'NotFound')) throw error;
    const node = await client.get<KubeObject>(builtinTypes.nodes, { name });
    const owner = { apiVersion: 'v1', kind: 'Node', name, uid: node.metadata.uid ?? '' };
    await client.create(builtinTypes.leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { ...at, ownerReferences: [owner] },
      spec: { holderIdentity: name, leaseDurationSeconds: leaseSeconds, renewTime },
    });
  }
}
