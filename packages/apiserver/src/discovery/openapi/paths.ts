/**
 * The paths of an OpenAPI document: which operations a resource has, on which kind, with which parameters. Clients look here for
 * whether a PATCH takes `fieldValidation` and `dryRun`.
 */
import type { Catalog } from '@sluice/schema';
import type { ServedResource, ServedSubresource } from '../../ports.ts';
import { type Dialect, metaNames, type OpenApiSchema, reference, schemaNameOf } from './definitions.ts';

type Kind = { readonly group: string; readonly version: string; readonly kind: string };

type Operation = {
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch';
  readonly action: 'list' | 'get' | 'put' | 'post' | 'delete' | 'deletecollection' | 'patch';
  readonly verb: string;
  readonly parameters: readonly string[];
};

const write = ['dryRun', 'fieldManager', 'fieldValidation'];
const select = [
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
];
const remove = ['dryRun', 'gracePeriodSeconds', 'orphanDependents', 'propagationPolicy'];

const list: Operation = { method: 'get', action: 'list', verb: 'list', parameters: ['allowWatchBookmarks', ...select, 'watch'] };
const create: Operation = { method: 'post', action: 'post', verb: 'create', parameters: write };
const deleteAll: Operation = { method: 'delete', action: 'deletecollection', verb: 'deletecollection', parameters: [...remove, ...select] };
const onOne: readonly Operation[] = [
  { method: 'get', action: 'get', verb: 'get', parameters: [] },
  { method: 'put', action: 'put', verb: 'update', parameters: write },
  { method: 'delete', action: 'delete', verb: 'delete', parameters: remove },
  { method: 'patch', action: 'patch', verb: 'patch', parameters: [...write, 'force'] },
];

const parameterTypes: Readonly<Record<string, string>> = {
  allowWatchBookmarks: 'boolean',
  force: 'boolean',
  gracePeriodSeconds: 'integer',
  limit: 'integer',
  orphanDependents: 'boolean',
  sendInitialEvents: 'boolean',
  timeoutSeconds: 'integer',
  watch: 'boolean',
};

const commonPatchTypes = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];

/** Custom resources have no strategic merge: kubectl reads here which patch it may send. */
function patchTypesOf(catalog: Catalog, { group, version, kind }: Kind): readonly string[] {
  const isBuiltin = catalog.definitionNameOf(group, version, kind) !== undefined;
  return isBuiltin ? [...commonPatchTypes, 'application/strategic-merge-patch+json'] : commonPatchTypes;
}

export type PathsAndSchemas = { readonly paths: Readonly<Record<string, unknown>>; readonly schemaNames: readonly string[] };

/** Paths of the resources of one group version, and the names of the schemas that they mention. */
export function pathsOf(catalog: Catalog, base: string, resources: readonly ServedResource[], dialect: Dialect): PathsAndSchemas {
  const paths: Record<string, unknown> = { [`${base}/`]: { get: resourceListOperation(base, dialect) } };
  const schemaNames = new Set<string>([metaNames.resourceList, metaNames.deleteOptions, metaNames.status, metaNames.patch]);
  for (const resource of resources) {
    const kind = { group: resource.group, version: resource.version, kind: resource.kind };
    const own = schemaNameOf(catalog, resource, resource.kind);
    const ownList = schemaNameOf(catalog, resource, resource.listKind);
    for (const name of [own, ownList]) if (name !== undefined) schemaNames.add(name);
    const all = `${base}/${resource.resource}`;
    const collection = resource.namespaced ? `${base}/namespaces/{namespace}/${resource.resource}` : all;
    const writer = operationWriter(resource, kind, own, ownList, patchTypesOf(catalog, kind), dialect);
    const item = (operations: readonly Operation[], at: readonly string[]): OpenApiSchema => ({
      ...Object.fromEntries(
        operations.filter(({ verb }) => resource.verbs.includes(verb)).map((operation) => [operation.method, writer(operation, '')]),
      ),
      parameters: pathParameters(at, dialect),
    });
    const scope = resource.namespaced ? ['namespace'] : [];
    paths[collection] = item([list, create, deleteAll], scope);
    if (resource.namespaced && resource.verbs.includes('list')) paths[all] = item([list], []);
    if (resource.verbs.includes('get')) paths[`${collection}/{name}`] = item(onOne, ['name', ...scope]);
    for (const subresource of resource.subresources) {
      const { path, schemaName } = subresourceItem(catalog, resource, subresource, dialect);
      if (schemaName !== undefined) schemaNames.add(schemaName);
      paths[`${collection}/{name}/${subresource.name}`] = { ...path, parameters: pathParameters(['name', ...scope], dialect) };
    }
  }
  return { paths, schemaNames: [...schemaNames] };
}

function subresourceItem(
  catalog: Catalog,
  resource: ServedResource,
  subresource: ServedSubresource,
  dialect: Dialect,
): { readonly path: OpenApiSchema; readonly schemaName: string | undefined } {
  const { group = resource.group, version = resource.version, kind } = subresource;
  const isOwn = group === resource.group && version === resource.version;
  const schemaName = isOwn ? schemaNameOf(catalog, resource, kind) : catalog.definitionNameOf(group, version, kind);
  const writer = operationWriter(resource, { group, version, kind }, schemaName, undefined, patchTypesOf(catalog, resource), dialect);
  const operations = [create, ...onOne].filter(({ verb }) => subresource.verbs.includes(verb));
  const path = Object.fromEntries(operations.map((operation) => [operation.method, writer(operation, subresource.name)]));
  return { path, schemaName };
}

function operationWriter(
  resource: ServedResource,
  kind: Kind,
  schemaName: string | undefined,
  listName: string | undefined,
  patchTypes: readonly string[],
  dialect: Dialect,
): (operation: Operation, subresource: string) => OpenApiSchema {
  const groupId = identifier(resource.group === '' ? 'core' : resource.group.replace(/\.k8s\.io$/, ''));
  const tag = `${groupId.charAt(0).toLowerCase()}${groupId.slice(1)}_${resource.version}`;
  const scope = resource.namespaced ? 'Namespaced' : '';
  return (operation, subresource) => {
    const isRemoval = operation.action === 'delete' || operation.action === 'deletecollection';
    const answerName = isRemoval ? metaNames.status : operation.action === 'list' ? listName : schemaName;
    const action = {
      list: 'list',
      get: 'read',
      put: 'replace',
      post: 'create',
      delete: 'delete',
      deletecollection: 'deleteCollection',
      patch: 'patch',
    };
    return {
      tags: [tag],
      operationId: `${action[operation.action]}${groupId}${identifier(resource.version)}${scope}${resource.kind}${identifier(subresource)}`,
      ...inputs(operation, bodyName(operation, schemaName), patchTypes, dialect),
      ...responses(answerName, operation.action === 'post' || operation.action === 'put' || operation.action === 'patch', dialect),
      'x-kubernetes-action': operation.action,
      'x-kubernetes-group-version-kind': kind,
    };
  };
}

function bodyName(operation: Operation, schemaName: string | undefined): string | undefined {
  switch (operation.action) {
    case 'post':
    case 'put':
      return schemaName;
    case 'patch':
      return metaNames.patch;
    case 'delete':
    case 'deletecollection':
      return metaNames.deleteOptions;
    case 'list':
    case 'get':
      return undefined;
  }
}

function inputs(operation: Operation, body: string | undefined, patchTypes: readonly string[], dialect: Dialect): OpenApiSchema {
  const parameters = operation.parameters.map((name) => queryParameter(name, dialect));
  const isRequired = operation.action === 'post' || operation.action === 'put' || operation.action === 'patch';
  const schema = body === undefined ? undefined : reference(body, dialect);
  if (schema === undefined) return parameters.length === 0 ? {} : { parameters };
  if (dialect === 'v2') {
    const bodyParameter = { name: 'body', in: 'body', ...(isRequired ? { required: true } : {}), schema };
    const consumes = operation.action === 'patch' ? patchTypes : ['*/*'];
    return { consumes, parameters: [bodyParameter, ...parameters] };
  }
  const types = operation.action === 'patch' ? patchTypes : ['*/*'];
  const content = Object.fromEntries(types.map((type) => [type, { schema }]));
  return { parameters, requestBody: { content, ...(isRequired ? { required: true } : {}) } };
}

function responses(name: string | undefined, mayCreate: boolean, dialect: Dialect): OpenApiSchema {
  const schema = name === undefined ? { type: 'string' } : reference(name, dialect);
  const ok = (description: string): OpenApiSchema =>
    dialect === 'v2'
      ? { description, schema }
      : { description, content: { 'application/json': { schema }, 'application/yaml': { schema } } };
  return {
    ...(dialect === 'v2' ? { produces: ['application/json', 'application/yaml'] } : {}),
    responses: { 200: ok('OK'), ...(mayCreate ? { 201: ok('Created') } : {}), 401: { description: 'Unauthorized' } },
  };
}

function queryParameter(name: string, dialect: Dialect): OpenApiSchema {
  const schema = { type: parameterTypes[name] ?? 'string', uniqueItems: true };
  return dialect === 'v2' ? { name, in: 'query', ...schema } : { name, in: 'query', schema };
}

function pathParameters(names: readonly string[], dialect: Dialect): readonly OpenApiSchema[] {
  const schema = { type: 'string', uniqueItems: true };
  return [
    ...names.map((name) => ({ name, in: 'path', required: true, ...(dialect === 'v2' ? schema : { schema }) })),
    queryParameter('pretty', dialect),
  ];
}

function resourceListOperation(base: string, dialect: Dialect): OpenApiSchema {
  const [root = '', group = '', version = ''] = base.split('/').filter((part) => part !== '');
  const names = root === 'api' ? ['core', group] : [group, version];
  return { operationId: `get${names.map(identifier).join('')}APIResources`, ...responses(metaNames.resourceList, false, dialect) };
}

/** `admissionregistration.k8s.io` becomes `AdmissionregistrationK8sIo`. */
function identifier(text: string): string {
  return text
    .split(/[.\-/]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('');
}
