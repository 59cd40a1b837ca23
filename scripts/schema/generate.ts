/**
 * Writes packages/schema/src/builtin.data.json: the kinds a Kubernetes server serves and the structure of their fields, taken from
 * what a real server says of itself. Descriptions are left out. Run it again for a newer Kubernetes:
 *
 *   npx tsx scripts/schema/generate.ts <folder> [<folder with OpenAPI v3 documents>]
 *
 * The folder holds `openapi-v2.json.gz`, `discovery-v2.json.gz` and `api-v1.json`. The second folder is optional and holds the
 * server's `/openapi/v3/...` answers as `*.json`; only defaults come from there, since v2 has none. A default of `{}` marks a field
 * that Go holds by value, so that it is there even when nobody set it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

type Node = { readonly [key: string]: unknown };
type Packed = string | { readonly [key: string]: unknown };

/** Long key of OpenAPI -> short key of the data file. `packages/schema/src/catalog.ts` holds the inverse. */
const shortKeys: Readonly<Record<string, string>> = {
  type: 't',
  format: 'f',
  required: 'r',
  default: 'd',
  enum: 'e',
  'x-kubernetes-list-type': 'l',
  'x-kubernetes-list-map-keys': 'k',
  'x-kubernetes-map-type': 'm',
  'x-kubernetes-patch-strategy': 's',
  'x-kubernetes-patch-merge-key': 'g',
  'x-kubernetes-preserve-unknown-fields': 'u',
  'x-kubernetes-int-or-string': 'n',
  'x-kubernetes-group-version-kind': 'v',
  'x-kubernetes-unions': 'o',
};

/** Leaves that need no object of their own. */
const leaves: Readonly<Record<string, string>> = {
  '{"type":"string"}': 's',
  '{"type":"boolean"}': 'b',
  '{"type":"integer","format":"int32"}': 'i',
  '{"type":"integer","format":"int64"}': 'l',
  '{"type":"object"}': 'o',
};

const ignoredKeys: ReadonlySet<string> = new Set(['description']);

const [folder, v3Folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: generate.ts <folder with the documents of a server> [<folder with OpenAPI v3>]');

const openapi = readGzip(join(folder, 'openapi-v2.json.gz')) as { definitions: Record<string, Node> };
const discovery = readGzip(join(folder, 'discovery-v2.json.gz')) as { items: readonly DiscoveryGroup[] };
const core = JSON.parse(readFileSync(join(folder, 'api-v1.json'), 'utf8')) as { resources: readonly CoreResource[] };

const names: readonly string[] = Object.keys(openapi.definitions)
  .filter((name) => name.startsWith('io.k8s.'))
  .sort();
const indexOf: ReadonlyMap<string, number> = new Map(names.map((name, index) => [name, index]));
const defaults = v3Folder === undefined ? new Map<string, unknown>() : readDefaults(v3Folder);

const data = {
  kinds: readKinds(),
  definitions: names.map((name) => [name, pack(openapi.definitions[name] ?? {}, name)]),
};
const target = fileURLToPath(new URL('../../packages/schema/src/builtin.data.json', import.meta.url));
// The document is kept as text inside the JSON, so that a bundle carries a string and parses it on first use only.
writeFileSync(target, `${JSON.stringify({ text: JSON.stringify(data) })}\n`);
console.log(`${names.length} definitions, ${data.kinds.length} kinds`);

function pack(node: Node, path: string): Packed {
  const packed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node)) {
    if (ignoredKeys.has(key)) continue;
    if (key === '$ref') packed.$ = refIndex(String(value));
    else if (key === 'properties') {
      packed.p = Object.fromEntries(Object.entries(value as Node).map(([name, child]) => [name, pack(child as Node, `${path}.${name}`)]));
    } else if (key === 'items') packed.i = pack(value as Node, `${path}[]`);
    else if (key === 'additionalProperties') packed.a = pack(value as Node, `${path}{}`);
    else {
      const short = shortKeys[key];
      if (short === undefined) throw new Error(`${path}: ${key} has no place in the data file`);
      packed[short] = value;
    }
  }
  if (defaults.has(path)) packed.d = defaults.get(path);
  const { t, f, ...rest } = packed;
  if (Object.keys(rest).length === 0) {
    const leaf = leaves[JSON.stringify({ ...(t === undefined ? {} : { type: t }), ...(f === undefined ? {} : { format: f }) })];
    if (leaf !== undefined) return leaf;
  }
  // An object with properties or a map, and an array with items, need no type of their own.
  if ((t === 'object' && ('p' in packed || 'a' in packed)) || (t === 'array' && 'i' in packed)) return withoutType(packed);
  return packed;
}

function withoutType(packed: Readonly<Record<string, unknown>>): Packed {
  const { t: _, ...rest } = packed;
  return rest;
}

function refIndex(ref: string): number {
  const index = indexOf.get(ref.replace('#/definitions/', ''));
  if (index === undefined) throw new Error(`unknown reference ${ref}`);
  return index;
}

/** Defaults of an OpenAPI v3 folder, by `definition.property`. */
function readDefaults(v3: string): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const file of readdirSync(v3).filter((name) => name.endsWith('.json'))) {
    const document = JSON.parse(readFileSync(join(v3, file), 'utf8')) as { components?: { schemas?: Record<string, Node> } };
    for (const [name, definition] of Object.entries(document.components?.schemas ?? {})) {
      for (const [property, node] of Object.entries((definition.properties ?? {}) as Record<string, Node>)) {
        if (node.default === undefined || node.default === null) continue;
        // A time is written as text, though its Go type is a struct.
        const isStruct = JSON.stringify(node.default) === '{}';
        if (!isStruct || hasProperties(name, property)) found.set(`${name}.${property}`, node.default);
      }
    }
  }
  return found;
}

function hasProperties(name: string, property: string): boolean {
  const node = (openapi.definitions[name]?.properties as Record<string, Node> | undefined)?.[property];
  const target = String(node?.$ref ?? '').replace('#/definitions/', '');
  return openapi.definitions[target]?.properties !== undefined;
}

type CoreResource = {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  group?: string;
  version?: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
};
type DiscoveryKind = { group: string; version: string; kind: string };
type DiscoveryResource = {
  resource: string;
  responseKind: DiscoveryKind;
  scope: string;
  singularResource: string;
  verbs: string[];
  shortNames?: string[];
  categories?: string[];
  subresources?: { subresource: string; responseKind?: DiscoveryKind; verbs: string[] }[];
};
type DiscoveryGroup = { metadata: { name: string }; versions: { version: string; resources: DiscoveryResource[] }[] };

/** Rows of [group, version, resource, singular, kind, namespaced, verbs, short names, categories, subresources]. */
function readKinds(): unknown[][] {
  const rows: unknown[][] = [];
  for (const resource of core.resources.filter(({ name }) => !name.includes('/'))) {
    const subresources = core.resources
      .filter(({ name }) => name.startsWith(`${resource.name}/`))
      .map((sub) => [sub.name.slice(resource.name.length + 1), sub.kind, sub.group ?? '', sub.version ?? 'v1', sub.verbs.join(' ')]);
    rows.push([
      '',
      'v1',
      resource.name,
      resource.singularName,
      resource.kind,
      resource.namespaced ? 1 : 0,
      resource.verbs.join(' '),
      resource.shortNames ?? [],
      resource.categories ?? [],
      subresources,
    ]);
  }
  for (const group of discovery.items) {
    for (const { version, resources } of group.versions) {
      for (const resource of resources) {
        // Custom kinds that happened to be installed are not part of Kubernetes.
        if (!names.some((name) => isKind(name, group.metadata.name, version, resource.responseKind.kind))) continue;
        rows.push([
          group.metadata.name,
          version,
          resource.resource,
          resource.singularResource,
          resource.responseKind.kind,
          resource.scope === 'Namespaced' ? 1 : 0,
          resource.verbs.join(' '),
          resource.shortNames ?? [],
          resource.categories ?? [],
          (resource.subresources ?? []).map((sub) => [
            sub.subresource,
            sub.responseKind?.kind ?? resource.responseKind.kind,
            sub.responseKind?.group || group.metadata.name,
            sub.responseKind?.version || version,
            sub.verbs.join(' '),
          ]),
        ]);
      }
    }
  }
  return rows;
}

function isKind(name: string, group: string, version: string, kind: string): boolean {
  const kinds = (openapi.definitions[name]?.['x-kubernetes-group-version-kind'] ?? []) as readonly DiscoveryKind[];
  return kinds.some((one) => one.group === group && one.version === version && one.kind === kind);
}

function readGzip(file: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
}
