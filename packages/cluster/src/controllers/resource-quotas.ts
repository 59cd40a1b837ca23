/**
 * What a namespace uses of its ResourceQuotas, in their status. Only counts: refusing what is too much is the server's admission.
 * Behaves as the resource quota controller of Kubernetes 1.34 for pods, services, claims and counted kinds.
 */
import { compareQuantities, formatQuantity, type KubeObject, keyOf, parseQuantity, type Quantity, type ResourceType } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { inOrder, nothing, type Plan, statusWrite } from '../control/plan.ts';
import { type ClusterController, createShell, enqueueItself, follow, type Surroundings } from '../control/shell.ts';
import type { Container, Pod, ResourceList } from '../shapes/pod.ts';
import { hasPodEnded } from '../shapes/pod-conditions.ts';
import type { PersistentVolumeClaim, Service } from '../shapes/services.ts';

type ResourceQuota = KubeObject & {
  readonly spec?: { readonly hard?: ResourceList; readonly scopes?: readonly string[] };
  readonly status?: { readonly hard?: ResourceList; readonly used?: ResourceList };
};

export type QuotaFacts = {
  readonly quota: ResourceQuota;
  readonly pods: readonly Pod[];
  readonly services: readonly Service[];
  readonly claims: readonly PersistentVolumeClaim[];
  /** Objects of a kind, by `resource` for core kinds and `resource.group` for others; `undefined` for kinds that nobody counts. */
  readonly countOf: (kind: string) => number | undefined;
};

export function decideQuota(seen: QuotaFacts): Plan {
  const { quota } = seen;
  const hard = quota.spec?.hard ?? {};
  const pods = seen.pods.filter((pod) => !hasPodEnded(pod) && isInScopes(pod, quota.spec?.scopes ?? []));
  const used = Object.fromEntries(Object.keys(hard).flatMap((name) => usedText(name, seen, pods)));
  const before = quota.status ?? {};
  if (isSame(before.hard, hard) && isSame(before.used, used)) return nothing('usage is as it was');
  return { steps: inOrder(statusWrite(builtinTypes.resourceQuotas, quota, { hard, used })), notes: [], reason: 'usage changed' };
}

function isSame(a: ResourceList | undefined, b: ResourceList): boolean {
  const names = Object.keys(b);
  return a !== undefined && Object.keys(a).length === names.length && names.every((name) => isSameQuantity(a[name], b[name]));
}

function isSameQuantity(a: string | number | undefined, b: string | number | undefined): boolean {
  const [left, right] = [a, b].map((text) => (text === undefined ? undefined : parseQuantity(text)));
  return left !== undefined && right !== undefined && compareQuantities(left, right) === 0;
}

function isInScopes(pod: Pod, scopes: readonly string[]): boolean {
  const isTerminating = pod.spec.activeDeadlineSeconds !== undefined;
  const isBestEffort = pod.status?.qosClass === 'BestEffort';
  return scopes.every((scope) => {
    if (scope === 'Terminating') return isTerminating;
    if (scope === 'NotTerminating') return !isTerminating;
    if (scope === 'BestEffort') return isBestEffort;
    return scope === 'NotBestEffort' ? !isBestEffort : true;
  });
}

function usedText(name: string, seen: QuotaFacts, pods: readonly Pod[]): readonly (readonly [string, string])[] {
  const { services, claims } = seen;
  if (name === 'pods') return [[name, String(pods.length)]];
  if (name === 'services.loadbalancers') return [[name, String(services.filter(({ spec }) => spec.type === 'LoadBalancer').length)]];
  if (name === 'services.nodeports') return [[name, String(nodePorts(services))]];
  if (name === 'requests.storage') {
    return [[name, sum(claims.map(({ spec }) => spec.resources?.requests?.storage))]];
  }
  const compute = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/.exec(name);
  if (compute !== null) {
    const list = compute[1] === 'limits' ? 'limits' : 'requests';
    return [[name, sum(pods.flatMap((pod) => podDemand(pod, list, compute[2] ?? '')))]];
  }
  const count = seen.countOf(name.replace(/^count\//, ''));
  return count === undefined ? [] : [[name, String(count)]];
}

function nodePorts(services: readonly Service[]): number {
  return services
    .filter(({ spec }) => spec.type === 'NodePort' || spec.type === 'LoadBalancer')
    .reduce((total, { spec }) => total + (spec.ports?.length ?? 0), 0);
}

/** All containers of a pod together; an init container counts where it alone asks for more. */
function podDemand(pod: Pod, list: 'requests' | 'limits', resource: string): readonly (string | number)[] {
  const of = (container: Container): string | number | undefined =>
    container.resources?.[list]?.[resource] ?? (list === 'requests' ? container.resources?.limits?.[resource] : undefined);
  const init = pod.spec.initContainers ?? [];
  const beside = [...pod.spec.containers, ...init.filter((container) => container.restartPolicy === 'Always')].map(of);
  const together = total(beside);
  const alone = init.map(of).map((quantity) => total([quantity]));
  const largest = alone.reduce((best, next) => (next.nanos > best.nanos ? next : best), together);
  return largest.nanos === 0n ? [] : [formatQuantity(largest)];
}

function total(quantities: readonly (string | number | undefined)[]): Quantity {
  let result: Quantity = { nanos: 0n, format: 'DecimalSI' };
  for (const text of quantities) {
    const quantity = text === undefined ? undefined : parseQuantity(text);
    if (quantity === undefined) continue;
    result = { nanos: result.nanos + quantity.nanos, format: result.nanos === 0n ? quantity.format : result.format };
  }
  return result;
}

function sum(quantities: readonly (string | number | undefined)[]): string {
  return formatQuantity(total(quantities));
}

/** Kinds that a quota may count, by the name it uses. */
const counted: Readonly<Record<string, ResourceType>> = {
  configmaps: builtinTypes.configMaps,
  secrets: builtinTypes.secrets,
  services: builtinTypes.services,
  persistentvolumeclaims: builtinTypes.persistentVolumeClaims,
  replicationcontrollers: builtinTypes.replicationControllers,
  resourcequotas: builtinTypes.resourceQuotas,
  serviceaccounts: builtinTypes.serviceAccounts,
  pods: builtinTypes.pods,
  'deployments.apps': builtinTypes.deployments,
  'replicasets.apps': builtinTypes.replicaSets,
  'statefulsets.apps': builtinTypes.statefulSets,
  'daemonsets.apps': builtinTypes.daemonSets,
  'jobs.batch': builtinTypes.jobs,
  'cronjobs.batch': builtinTypes.cronJobs,
  'ingresses.networking.k8s.io': builtinTypes.ingresses,
};

export function resourceQuotaController(around: Surroundings): ClusterController {
  const { caches } = around;
  const quotas = caches.of<ResourceQuota>(builtinTypes.resourceQuotas);
  const pods = caches.of<Pod>(builtinTypes.pods);
  const services = caches.of<Service>(builtinTypes.services);
  const claims = caches.of<PersistentVolumeClaim>(builtinTypes.persistentVolumeClaims);

  const { loop } = createShell(around, 'resourcequota-controller', async (key, actor) => {
    const quota = quotas.get(key);
    if (quota === undefined) return undefined;
    const namespace = quota.metadata.namespace ?? '';
    const countOf = (kind: string): number | undefined => {
      const type = counted[kind];
      return type === undefined ? undefined : [...caches.of(type).inNamespace(namespace)].length;
    };
    const seen = {
      quota,
      pods: [...pods.inNamespace(namespace)],
      services: [...services.inNamespace(namespace)],
      claims: [...claims.inNamespace(namespace)],
      countOf,
    };
    return follow(actor, decideQuota(seen));
  });

  enqueueItself(quotas, loop);
  const wake = ({ metadata: { namespace = '' } }: KubeObject): void => {
    for (const quota of quotas.inNamespace(namespace)) loop.enqueue(keyOf(quota));
  };
  for (const type of Object.values(counted)) {
    if (type === builtinTypes.resourceQuotas) continue;
    caches.of(type).addHandler({
      added: wake,
      updated: (next, previous) => {
        if (type !== builtinTypes.pods || hasPodEnded(next as Pod) !== hasPodEnded(previous as Pod)) wake(next);
      },
      deleted: wake,
    });
  }
  return loop;
}
