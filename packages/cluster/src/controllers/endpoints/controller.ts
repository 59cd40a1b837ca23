/** The shells of the endpoints, endpointslice and mirroring controllers: one loop each over the services. */
import { keyOf, matches, requirementsOf } from '@sluice/api';
import { builtinTypes, type Informer } from '@sluice/kube';
import {
  type ClusterController,
  createShell,
  enqueueController,
  enqueueItself,
  follow,
  type Surroundings,
  together,
} from '../../control/shell.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { EndpointSlice, Endpoints, Service } from '../../shapes/services.ts';
import { decideEndpoints } from './decide-endpoints.ts';
import { decideMirror, mirrorManager } from './decide-mirror.ts';
import { decideSlices, serviceNameKey, sliceManager, sliceManagerKey } from './decide-slices.ts';
import { hasMembers } from './members.ts';

const byService = 'service';
const byMirroredEndpoints = 'mirrored-endpoints';

export function endpointsController(around: Surroundings): ClusterController {
  const { caches, clock, tombstones } = around;
  const services = caches.of<Service>(builtinTypes.services);
  const endpoints = caches.of<Endpoints>(builtinTypes.endpoints);
  const slices = caches.of<EndpointSlice>(builtinTypes.endpointSlices);
  const pods = caches.of<Pod>(builtinTypes.pods);
  slices.addIndex(byService, (slice) => {
    const { labels, namespace = '' } = slice.metadata;
    return labels?.[sliceManagerKey] === sliceManager ? [`${namespace}/${labels[serviceNameKey] ?? ''}`] : [];
  });
  slices.addIndex(byMirroredEndpoints, (slice) => {
    const { labels, namespace = '' } = slice.metadata;
    return labels?.[sliceManagerKey] === mirrorManager ? [`${namespace}/${labels[serviceNameKey] ?? ''}`] : [];
  });

  const endpointsShell = createShell(around, 'endpoint-controller', async (key, actor) => {
    const service = services.get(key);
    return follow(actor, decideEndpoints({ service, endpoints: endpoints.get(key), pods: selected(service, pods) }, clock.now()));
  });
  const slicesShell = createShell(around, 'endpoint-slice-controller', async (key, actor) => {
    const service = services.get(key);
    if (service === undefined) return undefined;
    const own = slices.byIndex(byService, key).filter((slice) => !tombstones.has(slice));
    return follow(actor, decideSlices({ service, pods: selected(service, pods), slices: own }, clock.now()));
  });

  for (const { loop } of [endpointsShell, slicesShell]) {
    enqueueItself(services, loop);
    const wake = (pod: Pod): void => {
      for (const service of services.inNamespace(pod.metadata.namespace ?? '')) if (selects(service, pod)) loop.enqueue(keyOf(service));
    };
    pods.addHandler({
      added: wake,
      updated: (pod, previous) => {
        if (pod.metadata.labels !== previous.metadata.labels) wake(previous);
        wake(pod);
      },
      deleted: wake,
    });
  }
  enqueueItself(endpoints, endpointsShell.loop);
  enqueueController(slices, slicesShell.loop, 'Service');

  const mirrorShell = createShell(around, 'endpoint-slice-mirroring-controller', async (key, actor) => {
    const own = slices.byIndex(byMirroredEndpoints, key).filter((slice) => !tombstones.has(slice));
    const seen = { endpoints: endpoints.get(key), service: services.get(key), slices: own };
    return follow(actor, decideMirror(seen));
  });
  enqueueItself(endpoints, mirrorShell.loop);
  enqueueItself(services, mirrorShell.loop);
  enqueueController(slices, mirrorShell.loop, 'Endpoints');
  return together(endpointsShell.loop, slicesShell.loop, mirrorShell.loop);
}

function selects(service: Service, pod: Pod): boolean {
  return hasMembers(service) && matches(requirementsOf({ matchLabels: service.spec.selector ?? {} }), pod.metadata.labels);
}

function selected(service: Service | undefined, pods: Informer<Pod>): readonly Pod[] {
  if (service === undefined || !hasMembers(service)) return [];
  return [...pods.inNamespace(service.metadata.namespace ?? '')].filter((pod) => selects(service, pod));
}
