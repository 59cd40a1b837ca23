/** Which pods stand behind a service and on which ports: what Endpoints and EndpointSlices have in common. */

import type { Container, Pod } from '../../shapes/pod.ts';
import { hasPodEnded, isPodReady } from '../../shapes/pod-conditions.ts';
import type { EndpointPort, Service, ServicePort } from '../../shapes/services.ts';
import type { ObjectReference } from '../../shapes/workloads.ts';

export type Member = {
  readonly pod: Pod;
  readonly ip: string;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
  readonly ports: readonly EndpointPort[];
};

/** Pods with an address that have not ended, in the order of their names. */
export function membersOf(service: Service, pods: readonly Pod[]): readonly Member[] {
  return pods
    .flatMap((pod): readonly Member[] => {
      const ip = pod.status?.podIP;
      if (ip === undefined || hasPodEnded(pod)) return [];
      const ports = (service.spec.ports ?? []).flatMap((port) => portOf(port, pod) ?? []);
      return [{ pod, ip, isReady: isPodReady(pod), isTerminating: pod.metadata.deletionTimestamp !== undefined, ports }];
    })
    .sort((a, b) => ((a.pod.metadata.name ?? '') < (b.pod.metadata.name ?? '') ? -1 : 1));
}

/** A service without a selector, or one that is a name only, has no members: its Endpoints are somebody else's. */
export function hasMembers(service: Service): boolean {
  return service.spec.selector !== undefined && service.spec.type !== 'ExternalName';
}

export function isHeadless(service: Service): boolean {
  return service.spec.clusterIP === 'None';
}

function portOf(port: ServicePort, pod: Pod): EndpointPort | undefined {
  const target = port.targetPort ?? port.port;
  const number = typeof target === 'number' ? target : namedPort(target, port.protocol ?? 'TCP', pod);
  if (number === undefined) return undefined;
  return {
    ...(port.name === undefined ? {} : { name: port.name }),
    port: number === 0 ? port.port : number,
    protocol: port.protocol ?? 'TCP',
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  };
}

function namedPort(name: string, protocol: string, pod: Pod): number | undefined {
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  const find = (containers: readonly Container[]): number | undefined =>
    containers.flatMap((container) => container.ports ?? []).find((port) => port.name === name && (port.protocol ?? 'TCP') === protocol)
      ?.containerPort;
  return find(pod.spec.containers) ?? find(sidecars);
}

/** The name that a headless service gives the pod in DNS. */
export function hostnameOf(service: Service, pod: Pod): string | undefined {
  const { hostname = '', subdomain } = pod.spec;
  return hostname !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

export function referenceTo(pod: Pod): ObjectReference {
  const { namespace = '', name = '', uid = '' } = pod.metadata;
  return { kind: 'Pod', namespace, name, uid };
}
