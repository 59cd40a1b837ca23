/** The order in which groups and resources appear in discovery documents. Clients take the first match of a short name, so it matters. */
import type { ResourceRegistry, ServedResource } from '../ports.ts';

/** By falling priority, as kube-apiserver registers its APIServices (pkg/controlplane/apiserver/apiextensions.go and aggregator.go). */
const builtinOrder = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

/** One version of a group with its resources sorted by name. */
export type ServedVersion = { readonly version: string; readonly resources: readonly ServedResource[] };

/** `name` is empty for core. Preferred version first. */
export type ServedGroup = { readonly name: string; readonly versions: readonly ServedVersion[] };

/** Core first, then built-in groups by priority, then custom ones by name. */
export function servedGroups(registry: ResourceRegistry): readonly ServedGroup[] {
  const byGroup = new Map<string, ServedResource[]>();
  for (const resource of registry.all()) {
    const list = byGroup.get(resource.group);
    if (list === undefined) byGroup.set(resource.group, [resource]);
    else list.push(resource);
  }
  return [...byGroup.keys()].sort(compareGroups).map((name) => ({
    name,
    versions: registry.versionsOf(name).map((version) => ({
      version,
      resources: (byGroup.get(name) ?? [])
        .filter((resource) => resource.version === version)
        .sort((a, b) => (a.resource < b.resource ? -1 : a.resource > b.resource ? 1 : 0)),
    })),
  }));
}

function compareGroups(a: string, b: string): number {
  const rank = (name: string): number => {
    const position = builtinOrder.indexOf(name);
    return name === '' ? -1 : position < 0 ? builtinOrder.length : position;
  };
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
