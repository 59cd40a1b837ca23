/** EndpointSlices for Endpoints that somebody else writes: those of services without a selector. As endpointslicemirroring does. */
import { builtinTypes } from '@sluice/kube';
import { isSemanticallyEqual, mergeDifference } from '../../control/equality.ts';
import { controllerReference, nothing, type Plan, type Write } from '../../control/plan.ts';
import type { EndpointAddress, EndpointSlice, EndpointSubset, Endpoints, Service, SliceEndpoint } from '../../shapes/services.ts';
import { serviceNameKey, sliceManagerKey } from './decide-slices.ts';

export const mirrorManager = 'endpointslicemirroring-controller.k8s.io';
const skipKey = 'endpointslice.kubernetes.io/skip-mirror';
const leaderKey = 'control-plane.alpha.kubernetes.io/leader';
const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'endpoints.kubernetes.io/last-change-trigger-time',
]);
const endpointsMax = 1000;

export type MirrorFacts = {
  readonly endpoints: Endpoints | undefined;
  readonly service: Service | undefined;
  /** Those that mirror these Endpoints. */
  readonly slices: readonly EndpointSlice[];
};

function isMirrored(endpoints: Endpoints): boolean {
  return endpoints.metadata.labels?.[skipKey] !== 'true' && endpoints.metadata.annotations?.[leaderKey] === undefined;
}

export function decideMirror(seen: MirrorFacts): Plan {
  const { endpoints, service, slices } = seen;
  const isWanted = endpoints !== undefined && service !== undefined && service.spec.selector === undefined && isMirrored(endpoints);
  const subsets = isWanted ? (endpoints.subsets ?? []) : [];
  const wished = endpoints === undefined ? [] : subsets.map((subset) => sliceOf(endpoints, subset));
  const free = [...slices];
  const writes: Write[] = [];
  for (const slice of wished) {
    const standing = free.find((candidate) => isSemanticallyEqual(candidate.ports ?? [], slice.ports)) ?? free[0];
    if (standing === undefined) {
      writes.push({ verb: 'create', type: builtinTypes.endpointSlices, object: slice });
      continue;
    }
    free.splice(free.indexOf(standing), 1);
    const metadata = mergeDifference(copied(standing), copied(slice));
    const isSame = isSemanticallyEqual(standing.endpoints ?? [], slice.endpoints) && isSemanticallyEqual(standing.ports ?? [], slice.ports);
    if (isSame && metadata === undefined) continue;
    const patch = { ...(metadata === undefined ? {} : { metadata }), endpoints: slice.endpoints, ports: slice.ports };
    writes.push({ verb: 'patch', type: builtinTypes.endpointSlices, object: standing, patch });
  }
  writes.push(...free.map((slice): Write => ({ verb: 'delete', type: builtinTypes.endpointSlices, object: slice })));
  return writes.length === 0 ? nothing('mirrored') : { steps: [{ writes }], notes: [], reason: 'endpoints changed' };
}

function copied({ metadata }: EndpointSlice): unknown {
  return { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} };
}

function sliceOf(endpoints: Endpoints, subset: EndpointSubset): EndpointSlice {
  const { name = '', namespace = '', labels, annotations = {} } = endpoints.metadata;
  const all = [
    ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
    ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
  ].slice(0, endpointsMax);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [serviceNameKey]: name, [sliceManagerKey]: mirrorManager },
      annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !notCopied.has(key))),
      ownerReferences: [controllerReference(builtinTypes.endpoints, endpoints)],
    },
    addressType: (all[0]?.addresses[0] ?? '').includes(':') ? 'IPv6' : 'IPv4',
    endpoints: all,
    ports: (subset.ports ?? []).map(({ name: portName, ...port }) => ({ name: portName ?? '', protocol: 'TCP', ...port })),
  };
}

function endpointOf(address: EndpointAddress, ready: boolean): SliceEndpoint {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}
