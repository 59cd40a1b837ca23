/** CustomResourceDefinitions as values: their shape, their defaults, and the resources that one of them serves. Pure. */
import type { KubeObject } from '@sluice/api';
import type { Schema } from '@sluice/schema';
import type { CustomVersion, PrinterColumn, ServedResource, ServedSubresource } from '../ports.ts';
import { compareVersions } from '../registry.ts';
import { compiledSchema } from './compiled-schema.ts';

export type DefinitionNames = {
  plural: string;
  singular?: string;
  shortNames?: string[];
  kind: string;
  listKind?: string;
  categories?: string[];
};

type DefinitionVersion = {
  readonly name: string;
  readonly served: boolean;
  readonly storage: boolean;
  readonly deprecated?: boolean;
  readonly deprecationWarning?: string;
  readonly schema?: { readonly openAPIV3Schema?: unknown };
  readonly subresources?: {
    readonly status?: object;
    readonly scale?: { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string };
  };
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly { readonly jsonPath: string }[];
};

export type DefinitionSpec = {
  readonly group: string;
  names: DefinitionNames;
  readonly scope: string;
  readonly versions: readonly DefinitionVersion[];
  readonly preserveUnknownFields?: boolean;
  conversion?: { readonly strategy?: string };
};

export type DefinitionCondition = {
  readonly type: string;
  readonly status: string;
  readonly lastTransitionTime: string;
  readonly reason: string;
  readonly message: string;
};

export type DefinitionStatus = {
  readonly conditions?: readonly DefinitionCondition[];
  readonly acceptedNames?: DefinitionNames;
  readonly storedVersions?: readonly string[];
};

export type Definition = KubeObject & { readonly spec: DefinitionSpec; readonly status?: DefinitionStatus };

export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';

/** Names that may be left out. @see apiextensions v1 SetDefaults_CustomResourceDefinitionSpec */
export function defaultNames(names: DefinitionNames): DefinitionNames {
  return {
    ...names,
    singular: names.singular || (names.kind ?? '').toLowerCase(),
    listKind: names.listKind || (names.kind === undefined || names.kind === '' ? '' : `${names.kind}List`),
  };
}

function isEstablished(definition: Definition): boolean {
  return (definition.status?.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True');
}

const mainVerbs = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'];
const partVerbs = ['get', 'patch', 'update'];

/** The versions that a definition serves now, preferred one first; none until it is established. */
export function servedVersions(definition: Definition): readonly ServedResource[] {
  if (!isEstablished(definition)) return [];
  const { spec } = definition;
  const names = defaultNames(definition.status?.acceptedNames?.kind ? definition.status.acceptedNames : spec.names);
  const storageVersion = spec.versions.find(({ storage }) => storage)?.name ?? '';
  return spec.versions
    .filter(({ served }) => served)
    .map((version) => servedVersion(spec, names, version, storageVersion))
    .sort((a, b) => compareVersions(a.version, b.version));
}

function servedVersion(spec: DefinitionSpec, names: DefinitionNames, version: DefinitionVersion, storageVersion: string): ServedResource {
  const { scale, status } = version.subresources ?? {};
  const subresources: ServedSubresource[] = [];
  if (status !== undefined) subresources.push({ name: 'status', kind: names.kind, verbs: partVerbs });
  if (scale !== undefined) subresources.push({ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: partVerbs });
  const custom: CustomVersion = {
    definitionName: `${spec.group.split('.').reverse().join('.')}.${version.name}.${names.kind}`,
    printerColumns: version.additionalPrinterColumns ?? [],
    openAPIV3Schema: version.schema?.openAPIV3Schema,
    storageVersion,
    preserveUnknownFields: spec.preserveUnknownFields === true,
    ...(scale === undefined ? {} : { scale }),
    hasStatus: status !== undefined,
    ...(version.deprecated === true
      ? { deprecationWarning: version.deprecationWarning ?? `${spec.group}/${version.name} ${names.kind} is deprecated` }
      : {}),
    selectableFields: (version.selectableFields ?? []).map(({ jsonPath }) => jsonPath),
  };
  const served = {
    group: spec.group,
    version: version.name,
    kind: names.kind,
    resource: names.plural,
    namespaced: spec.scope === 'Namespaced',
    listKind: names.listKind ?? `${names.kind}List`,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    verbs: mainVerbs,
    subresources,
    custom,
  };
  // Compiled when first used: a start with many definitions should not wait for all of them.
  return Object.defineProperty(served, 'schema', {
    enumerable: true,
    get: (): Schema | undefined => {
      const compiled = compiledSchema(custom.openAPIV3Schema);
      return compiled?.ok === true ? compiled.schema : undefined;
    },
  }) as ServedResource;
}
