/**
 * The schemas of an OpenAPI document: built-in definitions from the catalog, and those that custom resources bring along, each with
 * everything it refers to. Built-in ones carry fields and types only, custom ones whatever their definition says.
 */
import type { Catalog, Schema } from '@sluice/schema';
import type { ServedResource } from '../../ports.ts';

export type OpenApiSchema = Readonly<Record<string, unknown>>;

/** Which dialect a document is written in: they differ in where schemas live, and in what may stand beside a reference. */
export type Dialect = 'v2' | 'v3';

const metaPrefix = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

type MetaName = 'objectMeta' | 'listMeta' | 'deleteOptions' | 'status' | 'patch' | 'resourceList';

export const metaNames: Readonly<Record<MetaName, string>> = {
  objectMeta: `${metaPrefix}ObjectMeta`,
  listMeta: `${metaPrefix}ListMeta`,
  deleteOptions: `${metaPrefix}DeleteOptions`,
  status: `${metaPrefix}Status`,
  patch: `${metaPrefix}Patch`,
  resourceList: `${metaPrefix}APIResourceList`,
};

export function reference(name: string, dialect: Dialect): { readonly $ref: string } {
  return { $ref: `${dialect === 'v2' ? '#/definitions/' : '#/components/schemas/'}${name}` };
}

/** Name of the schema of a kind: the catalog's for built-in ones, the reversed group for custom ones. */
export function schemaNameOf(
  catalog: Catalog,
  resource: Pick<ServedResource, 'group' | 'version' | 'custom'>,
  kind: string,
): string | undefined {
  if (resource.custom !== undefined) return `${resource.group.split('.').reverse().join('.')}.${resource.version}.${kind}`;
  return catalog.definitionNameOf(resource.group, resource.version, kind);
}

/** All schemas that `roots` name or reach. Roots that nobody defines are left out. */
export function collectSchemas(
  catalog: Catalog,
  resources: readonly ServedResource[],
  roots: readonly string[],
  dialect: Dialect,
): Readonly<Record<string, OpenApiSchema>> {
  const custom = customSchemas(catalog, resources, dialect);
  const found = new Map<string, OpenApiSchema>();
  const pending = [...roots];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name)) continue;
    const own = custom.get(name);
    const definition = own === undefined ? catalog.definition(name) : undefined;
    const schema = own ?? (definition === undefined ? undefined : builtinSchema(name, definition, dialect));
    if (schema === undefined) continue;
    found.set(name, schema);
    pending.push(...referencesIn(schema));
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function referencesIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner.slice(inner.lastIndexOf('/') + 1)] : referencesIn(inner),
  );
}

/** Types that are one of two in JSON, which only OpenAPI v3 can say. */
const unionTypes: Readonly<Record<string, OpenApiSchema>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { oneOf: [{ type: 'string' }, { type: 'number' }] },
};

function builtinSchema(name: string, definition: Schema, dialect: Dialect): OpenApiSchema {
  if (dialect === 'v2') return definition as OpenApiSchema;
  return unionTypes[name] ?? toV3(definition as OpenApiSchema);
}

/** Moves references to the components and, where something stands beside one, into `allOf`. */
function toV3(schema: OpenApiSchema): OpenApiSchema {
  const { $ref, properties, items, additionalProperties, ...rest } = schema;
  if (typeof $ref === 'string') {
    const target = reference($ref.slice('#/definitions/'.length), 'v3');
    return Object.keys(rest).length === 0 ? target : { ...rest, allOf: [target] };
  }
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: mapped(properties, toV3) }),
    ...(items === undefined ? {} : { items: toV3(items as OpenApiSchema) }),
    ...(additionalProperties === undefined
      ? {}
      : { additionalProperties: isSchema(additionalProperties) ? toV3(additionalProperties) : additionalProperties }),
  };
}

function customSchemas(catalog: Catalog, resources: readonly ServedResource[], dialect: Dialect): ReadonlyMap<string, OpenApiSchema> {
  const schemas = new Map<string, OpenApiSchema>();
  for (const resource of resources) {
    const name = schemaNameOf(catalog, resource, resource.kind);
    const listName = schemaNameOf(catalog, resource, resource.listKind);
    if (resource.custom === undefined || name === undefined || listName === undefined) continue;
    schemas.set(name, customSchema(resource, resource.custom.openAPIV3Schema, dialect));
    schemas.set(listName, customListSchema(resource, name, dialect));
  }
  return schemas;
}

function groupVersionKind(resource: ServedResource, kind: string): OpenApiSchema {
  return { 'x-kubernetes-group-version-kind': [{ group: resource.group, kind, version: resource.version }] };
}

const typeFields = { apiVersion: { type: 'string' }, kind: { type: 'string' } };

function customSchema(resource: ServedResource, source: unknown, dialect: Dialect): OpenApiSchema {
  const written: OpenApiSchema = isSchema(source) ? source : { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  // Version 2 has no word for fields beside those that are named: a client that validates would refuse them.
  if (dialect === 'v2' && written['x-kubernetes-preserve-unknown-fields'] === true)
    return { type: 'object', ...groupVersionKind(resource, resource.kind) };
  const converted = dialect === 'v2' ? structuralToV2(written) : structuralToV3(written);
  const isOpaque = dialect === 'v2' && converted.properties === undefined;
  const { properties } = converted;
  return {
    ...converted,
    ...(isOpaque ? { type: 'object' } : {}),
    properties: { ...(isSchema(properties) ? properties : {}), ...typeFields, metadata: metadataSchema(metaNames.objectMeta, dialect) },
    ...groupVersionKind(resource, resource.kind),
  };
}

function customListSchema(resource: ServedResource, itemName: string, dialect: Dialect): OpenApiSchema {
  return {
    description: `${resource.listKind} is a list of ${resource.kind}`,
    type: 'object',
    required: ['items'],
    properties: {
      ...typeFields,
      items: { type: 'array', items: reference(itemName, dialect) },
      metadata: metadataSchema(metaNames.listMeta, dialect),
    },
    ...groupVersionKind(resource, resource.listKind),
  };
}

function metadataSchema(name: string, dialect: Dialect): OpenApiSchema {
  const target = reference(name, dialect);
  return dialect === 'v2' ? target : { allOf: [target] };
}

/** As written, with the fields of embedded resources spelled out. */
function structuralToV3(schema: OpenApiSchema): OpenApiSchema {
  const converted = mapChildren(schema, structuralToV3);
  if (schema['x-kubernetes-embedded-resource'] !== true) return converted;
  const properties = isSchema(converted.properties) ? converted.properties : {};
  return { ...converted, properties: { ...properties, ...typeFields, metadata: metadataSchema(metaNames.objectMeta, 'v3') } };
}

/** What OpenAPI v2 can express of a structural schema (apiextensions pkg/controller/openapi/v2 ToStructuralOpenAPIV2). */
function structuralToV2(schema: OpenApiSchema): OpenApiSchema {
  const { description, 'x-kubernetes-group-version-kind': kinds } = schema;
  const kept = {
    ...(description === undefined ? {} : { description }),
    ...(kinds === undefined ? {} : { 'x-kubernetes-group-version-kind': kinds }),
  };
  if (schema.nullable === true) return kept;
  const extensions = Object.fromEntries(Object.entries(schema).filter(([key]) => key.startsWith('x-')));
  const isLoose = schema['x-kubernetes-preserve-unknown-fields'] === true || schema['x-kubernetes-int-or-string'] === true;
  if (isLoose) return { ...kept, ...extensions };
  const { allOf, anyOf, oneOf, not, nullable, default: _default, ...rest } = schema;
  return mapChildren(rest, structuralToV2);
}

function mapChildren(schema: OpenApiSchema, map: (child: OpenApiSchema) => OpenApiSchema): OpenApiSchema {
  const { properties, items, additionalProperties } = schema;
  return {
    ...schema,
    ...(isSchema(properties) ? { properties: mapped(properties, map) } : {}),
    ...(isSchema(items) ? { items: map(items) } : {}),
    ...(isSchema(additionalProperties) ? { additionalProperties: map(additionalProperties) } : {}),
  };
}

function mapped(properties: unknown, map: (child: OpenApiSchema) => OpenApiSchema): OpenApiSchema {
  return Object.fromEntries(Object.entries(properties as Record<string, OpenApiSchema>).map(([name, schema]) => [name, map(schema)]));
}

function isSchema(value: unknown): value is OpenApiSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
