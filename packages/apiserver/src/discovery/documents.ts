/** Discovery documents as values: the old form (one list a group and version) and the aggregated form (all of them in one answer). */
import type { ServedResource, ServedSubresource } from '../ports.ts';
import type { ServedGroup, ServedVersion } from './groups.ts';

export function apiVersions(): unknown {
  return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
}

export function apiGroupList(groups: readonly ServedGroup[]): unknown {
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.filter((group) => group.name !== '').map(groupEntry),
  };
}

export function apiGroup(group: ServedGroup): unknown {
  return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
}

type GroupEntry = {
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
  readonly preferredVersion: { readonly groupVersion: string; readonly version: string } | undefined;
};

function groupEntry(group: ServedGroup): GroupEntry {
  const versions = group.versions.map(({ version }) => ({ groupVersion: `${group.name}/${version}`, version }));
  return { name: group.name, versions, preferredVersion: versions[0] };
}

/** The list of core has no `apiVersion`, as upstream's has none. */
export function apiResourceList(group: string, served: ServedVersion): unknown {
  return {
    kind: 'APIResourceList',
    ...(group === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: group === '' ? served.version : `${group}/${served.version}`,
    resources: served.resources.flatMap((resource) => [
      {
        name: resource.resource,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
      },
      ...resource.subresources.map((subresource) => ({
        name: `${resource.resource}/${subresource.name}`,
        singularName: '',
        namespaced: resource.namespaced,
        ...foreignKind(resource, subresource),
        kind: subresource.kind,
        verbs: subresource.verbs,
      })),
    ]),
  };
}

/** `apidiscovery.k8s.io` group lists: of core for `/api`, of all others for `/apis`. */
export function groupDiscoveryList(groups: readonly ServedGroup[], version: 'v2' | 'v2beta1'): unknown {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: group.versions.map((served) => ({
        version: served.version,
        resources: served.resources.map(resourceDiscovery),
        freshness: 'Current',
      })),
    })),
  };
}

function resourceDiscovery(resource: ServedResource): unknown {
  // Upstream gives group and version of a custom resource's kind, and leaves those of built-in kinds empty.
  const own = resource.custom === undefined ? { group: '', version: '' } : { group: resource.group, version: resource.version };
  return {
    resource: resource.resource,
    responseKind: { ...own, kind: resource.kind },
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    ...(resource.subresources.length === 0
      ? {}
      : {
          subresources: resource.subresources.map((subresource) => ({
            subresource: subresource.name,
            responseKind: { ...own, ...foreignKind(resource, subresource), kind: subresource.kind },
            verbs: subresource.verbs,
          })),
        }),
  };
}

/** Group and version of a subresource's kind where they are not those of its parent, such as `Scale` and `Eviction`. */
function foreignKind(resource: ServedResource, subresource: ServedSubresource): { readonly group?: string; readonly version?: string } {
  const { group = resource.group, version = resource.version } = subresource;
  return group === resource.group && version === resource.version ? {} : { group, version };
}

/** @param release - Kubernetes release that the server stands for, `1.34.3` */
export function versionInfo(release: string): unknown {
  const [major = '', minor = ''] = release.split('.');
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: `v${release}+sluice`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: 'none',
    compiler: 'none',
    platform: 'linux/amd64',
  };
}
