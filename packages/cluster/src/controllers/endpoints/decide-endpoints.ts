/** The Endpoints object of a service, as the endpoints controller of Kubernetes 1.34 keeps it beside the slices. */
import { formatTime, type Instant } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { isSemanticallyEqual, mergeDifference } from '../../control/equality.ts';
import { inOrder, nothing, type Plan } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Service } from '../../shapes/services.ts';
import { hasMembers, hostnameOf, isHeadless, type Member, membersOf, referenceTo } from './members.ts';

const managedByKey = 'endpoints.kubernetes.io/managed-by';
const managedBy = 'endpoint-controller';
const triggerKey = 'endpoints.kubernetes.io/last-change-trigger-time';
const headlessKey = 'service.kubernetes.io/headless';

/** Addresses in one object; more are cut and the object is marked. */
const addressesMax = 1000;
const overCapacityKey = 'endpoints.kubernetes.io/over-capacity';

export type EndpointsFacts = {
  /** Absent: it was deleted, and its Endpoints go with it. */
  readonly service: Service | undefined;
  readonly endpoints: Endpoints | undefined;
  /** Selected by the service. */
  readonly pods: readonly Pod[];
};

export function decideEndpoints(seen: EndpointsFacts, now: Instant): Plan {
  const { service, endpoints } = seen;
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) {
    const isOurs = endpoints?.metadata.labels?.[managedByKey] === managedBy;
    const isStale = endpoints !== undefined && isOurs && endpoints.metadata.deletionTimestamp === undefined;
    return { ...nothing('no service'), steps: isStale ? inOrder({ verb: 'delete', type: builtinTypes.endpoints, object: endpoints }) : [] };
  }
  if (!hasMembers(service)) return nothing('no selector');
  const { subsets, isCut } = subsetsOf(service, seen.pods);
  const labels = { ...service.metadata.labels, [managedByKey]: managedBy, ...(isHeadless(service) ? { [headlessKey]: '' } : {}) };
  if (endpoints === undefined) {
    const object: Endpoints = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name: service.metadata.name ?? '',
        namespace: service.metadata.namespace ?? '',
        labels,
        annotations: { [triggerKey]: formatTime(now), ...(isCut ? { [overCapacityKey]: 'truncated' } : {}) },
      },
      ...(subsets.length === 0 ? {} : { subsets }),
    };
    return { steps: inOrder({ verb: 'create', type: builtinTypes.endpoints, object }), notes: [], reason: 'new service' };
  }
  const isSame =
    isSemanticallyEqual(endpoints.subsets ?? [], subsets) &&
    isSemanticallyEqual(endpoints.metadata.labels, labels) &&
    (endpoints.metadata.annotations?.[overCapacityKey] !== undefined) === isCut;
  if (isSame) return nothing('endpoints are right');
  const patch = {
    metadata: {
      labels: mergeDifference(endpoints.metadata.labels ?? {}, labels) ?? {},
      annotations: { [triggerKey]: formatTime(now), [overCapacityKey]: isCut ? 'truncated' : null },
    },
    subsets: subsets.length === 0 ? null : subsets,
  };
  return {
    steps: inOrder({ verb: 'patch', type: builtinTypes.endpoints, object: endpoints, patch }),
    notes: [],
    reason: 'members changed',
  };
}

function subsetsOf(service: Service, pods: readonly Pod[]): { subsets: readonly EndpointSubset[]; isCut: boolean } {
  const everyone = service.spec.publishNotReadyAddresses === true;
  const hasPorts = (service.spec.ports ?? []).length > 0;
  const members = membersOf(service, pods).filter(
    (member) => (everyone || !member.isTerminating) && (member.ports.length > 0 || (isHeadless(service) && !hasPorts)),
  );
  const cut = members.slice(0, addressesMax);
  // Ports that the same members have share a subset; a member stands in as many subsets as its ports need.
  const byPort = new Map<string, { port: EndpointPort | undefined; members: Member[] }>();
  for (const member of cut) {
    for (const port of member.ports.length === 0 ? [undefined] : member.ports) {
      const key = JSON.stringify(port ?? {});
      const entry = byPort.get(key) ?? { port, members: [] };
      byPort.set(key, entry);
      entry.members.push(member);
    }
  }
  const groups = new Map<string, { ports: EndpointPort[]; members: readonly Member[] }>();
  for (const { port, members: sharing } of byPort.values()) {
    const key = sharing.map(({ pod }) => pod.metadata.uid).join();
    const group = groups.get(key) ?? { ports: [], members: sharing };
    groups.set(key, group);
    if (port !== undefined) group.ports.push(port);
  }
  const subsets = [...groups.values()].map(({ ports, members: group }): EndpointSubset => {
    const ready = group.filter((member) => everyone || member.isReady).map((member) => addressOf(service, member));
    const notReady = group.filter((member) => !everyone && !member.isReady).map((member) => addressOf(service, member));
    return {
      ...(ready.length === 0 ? {} : { addresses: sorted(ready) }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: sorted(notReady) }),
      ...(ports.length === 0 ? {} : { ports }),
    };
  });
  return { subsets, isCut: members.length > cut.length };
}

function addressOf(service: Service, { pod, ip }: Member): EndpointAddress {
  const hostname = hostnameOf(service, pod);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: referenceTo(pod),
  };
}

function sorted(addresses: readonly EndpointAddress[]): readonly EndpointAddress[] {
  return [...addresses].sort((a, b) => (a.ip < b.ip ? -1 : 1));
}
