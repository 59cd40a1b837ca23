/**
 * What a Kubernetes server serves by itself: its kinds and the structure of their fields. The data file is written by
 * scripts/schema/generate.ts and parsed on first use; each definition becomes a node when it is first asked for.
 */
import type { ResourceType } from '@sluice/api';
import packed from './builtin.data.json' with { type: 'json' };
import type { GroupVersionKind, Schema } from './schema.ts';

export type BuiltinSubresource = {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
};

export type BuiltinKind = ResourceType & {
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly BuiltinSubresource[];
};

export interface Catalog {
  /** Core first, then the groups in the order of a server's discovery, each version preferred first. */
  readonly kinds: readonly BuiltinKind[];
  find(group: string, version: string, kind: string): BuiltinKind | undefined;
  /** The schema of a kind (or of `Scale`, `Status`, `DeleteOptions` and the like) with every reference resolved. */
  schemaOf(group: string, version: string, kind: string): Schema | undefined;
  /** A resolved definition by name, such as `io.k8s.api.core.v1.PodTemplateSpec`. */
  schemaNamed(name: string): Schema | undefined;
  /** A definition as OpenAPI publishes it, with `$ref: '#/definitions/...'` kept and without descriptions. */
  definition(name: string): Schema | undefined;
  definitionNames(): readonly string[];
  definitionNameOf(group: string, version: string, kind: string): string | undefined;
}

type PackedNode = string | { readonly [key: string]: unknown };
type PackedKind = readonly [string, string, string, string, string, number, string, string[], string[], PackedSubresource[]];
type PackedSubresource = readonly [string, string, string, string, string];
type PackedData = { readonly kinds: readonly PackedKind[]; readonly definitions: readonly (readonly [string, PackedNode])[] };

const leaves: Readonly<Record<string, Schema>> = {
  s: { type: 'string' },
  b: { type: 'boolean' },
  i: { type: 'integer', format: 'int32' },
  l: { type: 'integer', format: 'int64' },
  o: { type: 'object' },
};

const longKeys: Readonly<Record<string, keyof Schema>> = {
  t: 'type',
  f: 'format',
  r: 'required',
  d: 'default',
  e: 'enum',
  l: 'x-kubernetes-list-type',
  k: 'x-kubernetes-list-map-keys',
  m: 'x-kubernetes-map-type',
  s: 'x-kubernetes-patch-strategy',
  g: 'x-kubernetes-patch-merge-key',
  u: 'x-kubernetes-preserve-unknown-fields',
  n: 'x-kubernetes-int-or-string',
  v: 'x-kubernetes-group-version-kind',
  o: 'x-kubernetes-unions',
};

/** Definitions whose JSON is not what their OpenAPI says: they have a marshaller of their own. */
const special: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: 'string', format: 'quantity' },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { 'x-kubernetes-int-or-string': true },
  'io.k8s.apimachinery.pkg.runtime.RawExtension': { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  'io.k8s.apimachinery.pkg.apis.meta.v1.Patch': { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
};

let memo: Catalog | undefined;

/** The kinds of Kubernetes 1.34. Parsed once, about 3 ms; shared by all callers. */
export function builtinCatalog(): Catalog {
  memo ??= createCatalog(JSON.parse(packed.text) as PackedData);
  return memo;
}

function createCatalog(data: PackedData): Catalog {
  const names = data.definitions.map(([name]) => name);
  const nodes = new Map(data.definitions);
  const resolved = new Map<string, Schema>();
  const published = new Map<string, Schema>();
  let byKind: Map<string, string> | undefined;
  const kinds = data.kinds.map(unpackKind);
  const kindsByKey = new Map(kinds.map((kind) => [`${kind.group}/${kind.version}/${kind.kind}`, kind]));

  /** A definition is in the memo before its fields are, which closes the one cycle (JSONSchemaProps). */
  function resolveDefinition(name: string): Schema | undefined {
    const known = resolved.get(name);
    if (known !== undefined) return known;
    const node = nodes.get(name);
    if (node === undefined) return undefined;
    const schema: Schema = {};
    resolved.set(name, schema);
    const shape = special[name];
    Object.assign(schema, shape === undefined ? resolve(node) : shape, { builtin: true, goType: name.split('.').slice(-2).join('.') });
    if (shape === undefined && typeof node !== 'string' && Object.keys(node).every((key) => key === 'v')) {
      Object.assign(schema, { 'x-kubernetes-preserve-unknown-fields': true });
    }
    return schema;
  }

  function resolve(node: PackedNode): Schema {
    if (typeof node === 'string') return builtinLeaf(node);
    const { $: reference, p, i, a, ...rest } = node;
    if (typeof reference === 'number') {
      const target = resolveDefinition(names[reference] ?? '') ?? {};
      return Object.keys(rest).length === 0 ? target : { ...target, ...lengthen(rest) };
    }
    const schema: Record<string, unknown> = { ...lengthen(rest), ...typeOf(node), builtin: true };
    if (p !== undefined) schema.properties = mapValues(p as Record<string, PackedNode>, resolve);
    if (i !== undefined) schema.items = resolve(i as PackedNode);
    if (a !== undefined) schema.additionalProperties = resolve(a as PackedNode);
    return schema;
  }

  function publish(node: PackedNode): Schema {
    if (typeof node === 'string') return leaves[node] ?? {};
    const { $: reference, p, i, a, ...rest } = node;
    const schema: Record<string, unknown> = {};
    if (typeof reference === 'number') schema.$ref = `#/definitions/${names[reference] ?? ''}`;
    Object.assign(schema, lengthen(rest), typeOf(node));
    if (p !== undefined) schema.properties = mapValues(p as Record<string, PackedNode>, publish);
    if (i !== undefined) schema.items = publish(i as PackedNode);
    if (a !== undefined) schema.additionalProperties = publish(a as PackedNode);
    return schema;
  }

  function nameOf(group: string, version: string, kind: string): string | undefined {
    if (byKind === undefined) {
      byKind = new Map();
      for (const [name, node] of data.definitions) {
        const served = typeof node === 'string' ? undefined : (node.v as readonly GroupVersionKind[] | undefined);
        for (const one of served ?? []) byKind.set(`${one.group}/${one.version}/${one.kind}`, name);
      }
    }
    return byKind.get(`${group}/${version}/${kind}`);
  }

  return {
    kinds,
    find: (group, version, kind) => kindsByKey.get(`${group}/${version}/${kind}`),
    schemaOf: (group, version, kind) => {
      const name = nameOf(group, version, kind);
      return name === undefined ? undefined : resolveDefinition(name);
    },
    schemaNamed: resolveDefinition,
    definition: (name) => {
      const node = nodes.get(name);
      if (node === undefined) return undefined;
      const schema = published.get(name) ?? publish(node);
      published.set(name, schema);
      return schema;
    },
    definitionNames: () => names,
    definitionNameOf: nameOf,
  };
}

const builtinLeaves = new Map<string, Schema>(Object.entries(leaves).map(([key, schema]) => [key, { ...schema, builtin: true }]));

function builtinLeaf(key: string): Schema {
  return builtinLeaves.get(key) ?? {};
}

/** The data file leaves the type out where the other keys tell it. */
function typeOf(node: { readonly [key: string]: unknown }): { type?: string } {
  if (node.t !== undefined || node.$ !== undefined) return {};
  if (node.p !== undefined || node.a !== undefined) return { type: 'object' };
  return node.i === undefined ? {} : { type: 'array' };
}

function lengthen(node: { readonly [key: string]: unknown }): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) out[longKeys[key] ?? key] = value;
  return out;
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  const out: Record<string, B> = {};
  for (const [key, value] of Object.entries(record)) out[key] = map(value);
  return out;
}

function unpackKind(row: PackedKind): BuiltinKind {
  const [group, version, resource, singular, kind, namespaced, verbs, shortNames, categories, subresources] = row;
  return {
    group,
    version,
    resource,
    singular,
    kind,
    namespaced: namespaced === 1,
    verbs: verbs.split(' '),
    shortNames,
    categories,
    subresources: subresources.map(([name, subKind, subGroup, subVersion, subVerbs]) => ({
      name,
      kind: subKind,
      group: subGroup,
      version: subVersion,
      verbs: subVerbs.split(' '),
    })),
  };
}
