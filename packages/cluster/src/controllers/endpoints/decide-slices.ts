/**
 * EndpointSlices of a service: at most 100 endpoints each, one family of ports each, every endpoint left in the slice it is in.
 * Behaves as the endpointslice controller of Kubernetes 1.34.
 */
import { formatTime, type Instant } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { isSemanticallyEqual, mergeDifference } from '../../control/equality.ts';
import { controllerReference, nothing, type Plan, type Write } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { EndpointPort, EndpointSlice, Service, SliceEndpoint } from '../../shapes/services.ts';
import { hasMembers, hostnameOf, isHeadless, type Member, membersOf, referenceTo } from './members.ts';

export const serviceNameKey = 'kubernetes.io/service-name';
export const sliceManagerKey = 'endpointslice.kubernetes.io/managed-by';
export const sliceManager = 'endpointslice-controller.k8s.io';
const triggerKey = 'endpoints.kubernetes.io/last-change-trigger-time';
const headlessKey = 'service.kubernetes.io/headless';
const endpointsMax = 100;

export type SliceFacts = {
  readonly service: Service;
  readonly pods: readonly Pod[];
  /** Those that this controller keeps for the service. */
  readonly slices: readonly EndpointSlice[];
};

export function decideSlices(seen: SliceFacts, now: Instant): Plan {
  const { service, slices } = seen;
  if (service.metadata.deletionTimestamp !== undefined || !hasMembers(service)) return nothing('no members');
  const wished = wishedGroups(service, seen.pods);
  const writes: Write[] = [];
  const free = [...slices.filter((slice) => slice.metadata.deletionTimestamp === undefined)];
  for (const { ports, endpoints } of wished) {
    const own = free.filter((slice) => isSemanticallyEqual(slice.ports ?? [], ports));
    for (const slice of own) free.splice(free.indexOf(slice), 1);
    writes.push(...fill(service, own, ports, endpoints, now));
  }
  writes.push(...free.map((slice): Write => ({ verb: 'delete', type: builtinTypes.endpointSlices, object: slice })));
  const recycled = recycle(writes);
  return { steps: recycled.length === 0 ? [] : [{ writes: recycled }], notes: [], reason: 'members of the service' };
}

/** A slice that would go becomes one that would be made: the service keeps its slices when its ports change. */
function recycle(writes: readonly Write[]): readonly Write[] {
  const going = writes.filter((write) => write.verb === 'delete');
  const coming = writes.filter((write) => write.verb === 'create');
  const pairs = coming.slice(0, going.length).flatMap((write, index): readonly Write[] => {
    const object = going[index]?.object;
    if (object === undefined) return [];
    const { metadata, endpoints, ports } = write.object as EndpointSlice;
    const patch = { metadata: { labels: metadata.labels, annotations: metadata.annotations }, endpoints, ports };
    return [{ verb: 'patch', type: write.type, object, patch }];
  });
  const rest = writes.filter((write) => write.verb === 'patch');
  return [...rest, ...pairs, ...coming.slice(going.length), ...going.slice(coming.length)];
}

type Group = { readonly ports: readonly EndpointPort[]; readonly endpoints: readonly SliceEndpoint[] };

/** One group for each family of ports; a service without members still has one empty slice. */
function wishedGroups(service: Service, pods: readonly Pod[]): readonly Group[] {
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: SliceEndpoint[] }>();
  for (const member of membersOf(service, pods)) {
    const key = JSON.stringify(member.ports);
    const group = groups.get(key) ?? { ports: member.ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(service, member));
  }
  return groups.size === 0 ? [{ ports: [], endpoints: [] }] : [...groups.values()];
}

function endpointOf(service: Service, { pod, ip, isReady, isTerminating }: Member): SliceEndpoint {
  const hostname = hostnameOf(service, pod);
  return {
    addresses: [ip],
    conditions: {
      ready: service.spec.publishNotReadyAddresses === true || (isReady && !isTerminating),
      serving: isReady,
      terminating: isTerminating,
    },
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec.nodeName === undefined ? {} : { nodeName: pod.spec.nodeName }),
    targetRef: referenceTo(pod),
  };
}

function fill(
  service: Service,
  own: readonly EndpointSlice[],
  ports: readonly EndpointPort[],
  endpoints: readonly SliceEndpoint[],
  now: Instant,
): readonly Write[] {
  const open = new Map(endpoints.map((endpoint) => [endpoint.targetRef?.uid ?? '', endpoint]));
  const filled = own.map((slice) => {
    const kept = (slice.endpoints ?? []).flatMap((endpoint) => {
      const next = open.get(endpoint.targetRef?.uid ?? '');
      open.delete(endpoint.targetRef?.uid ?? '');
      return next === undefined ? [] : [next];
    });
    return { slice, kept };
  });
  const rest = [...open.values()];
  for (const entry of filled) entry.kept.push(...rest.splice(0, endpointsMax - entry.kept.length));

  const writes: Write[] = [];
  // An empty slice stays only where it is the last one.
  let standing = filled.filter((entry) => entry.kept.length > 0).length + Math.ceil(rest.length / endpointsMax);
  for (const { slice, kept } of filled) {
    if (kept.length === 0 && standing > 0) writes.push({ verb: 'delete', type: builtinTypes.endpointSlices, object: slice });
    else {
      if (kept.length === 0) standing = 1;
      const write = updated(service, slice, kept, now);
      if (write !== undefined) writes.push(write);
    }
  }
  while (rest.length > 0 || standing === 0) {
    writes.push({ verb: 'create', type: builtinTypes.endpointSlices, object: newSlice(service, ports, rest.splice(0, endpointsMax), now) });
    standing++;
  }
  return writes;
}

function labelsOf(service: Service): Readonly<Record<string, string>> {
  return {
    ...service.metadata.labels,
    [serviceNameKey]: service.metadata.name ?? '',
    [sliceManagerKey]: sliceManager,
    ...(isHeadless(service) ? { [headlessKey]: '' } : {}),
  };
}

function updated(service: Service, slice: EndpointSlice, endpoints: readonly SliceEndpoint[], now: Instant): Write | undefined {
  const labels = mergeDifference(slice.metadata.labels ?? {}, labelsOf(service));
  const isSame = isSemanticallyEqual(slice.endpoints ?? [], endpoints);
  if (isSame && labels === undefined) return undefined;
  const patch = {
    metadata: { ...(labels === undefined ? {} : { labels }), annotations: { [triggerKey]: formatTime(now) } },
    ...(isSame ? {} : { endpoints }),
  };
  return { verb: 'patch', type: builtinTypes.endpointSlices, object: slice, patch };
}

function newSlice(service: Service, ports: readonly EndpointPort[], endpoints: readonly SliceEndpoint[], now: Instant): EndpointSlice {
  const name = service.metadata.name ?? '';
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace: service.metadata.namespace ?? '',
      labels: labelsOf(service),
      annotations: { [triggerKey]: formatTime(now) },
      ownerReferences: [controllerReference(builtinTypes.services, service)],
    },
    addressType: service.spec.ipFamilies?.[0] ?? 'IPv4',
    endpoints,
    ports,
  };
}
