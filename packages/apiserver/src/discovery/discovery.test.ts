import { gunzipSync } from 'node:zlib';
import { builtinCatalog } from '@sluice/schema';
import { describe, expect, it } from 'vitest';
import type { ResourceRegistry, ServedResource, ServerResponse } from '../ports.ts';
import { wireFields } from '../protobuf/wire.ts';
import { createDiscovery } from './discovery.ts';

const widget: ServedResource = {
  group: 'probe.example.com',
  version: 'v1',
  kind: 'Widget',
  listKind: 'WidgetList',
  resource: 'widgets',
  singular: 'widget',
  namespaced: true,
  shortNames: ['wd'],
  categories: ['all'],
  verbs: ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch'],
  subresources: [
    { name: 'status', kind: 'Widget', verbs: ['get', 'patch', 'update'] },
    { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  ],
  custom: {
    definitionName: 'widgets.probe.example.com',
    printerColumns: [],
    openAPIV3Schema: {
      type: 'object',
      description: 'Widget is a thing.',
      properties: {
        apiVersion: { type: 'string' },
        kind: { type: 'string' },
        metadata: { type: 'object' },
        spec: {
          type: 'object',
          properties: {
            size: { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
            count: { type: 'integer', nullable: true, default: 1, description: 'the number' },
            names: { type: 'array', items: { type: 'string' } },
          },
        },
      },
    },
    storageVersion: 'v1',
    preserveUnknownFields: false,
    hasStatus: true,
    selectableFields: [],
  },
};

/** The built-in kinds, and what is added later. */
function registry(): ResourceRegistry & { add(resource: ServedResource): void } {
  const builtin = builtinCatalog().kinds.map((kind): ServedResource => ({ ...kind, listKind: `${kind.kind}List` }));
  let all: readonly ServedResource[] = builtin;
  let generation = 0;
  return {
    get generation() {
      return generation;
    },
    all: () => all,
    find: () => undefined,
    findKind: () => undefined,
    versionsOf: (group) => [...new Set(all.filter((each) => each.group === group).map((each) => each.version))],
    onChange: () => () => {},
    add(resource) {
      all = [...all, resource];
      generation++;
    },
  };
}

type Client = {
  get(
    path: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; contentType: string; etag: string; body: unknown }>;
};

function client(of: ResourceRegistry): Client {
  const discovery = createDiscovery({ registry: of, clock: { now: () => 0, after: () => () => {} } });
  return {
    async get(path, headers = {}) {
      const [plain = '', query = ''] = path.split('?');
      const user = { name: 'x', groups: [] };
      const answer = await discovery.handle({ method: 'GET', path: plain, query: new URLSearchParams(query), headers, user });
      if (answer?.kind !== 'bytes') return { status: 404, contentType: '', etag: '', body: answer };
      return { status: answer.status, contentType: answer.contentType, etag: answer.headers?.etag ?? '', body: bodyOf(answer) };
    },
  };
}

function bodyOf(answer: Extract<ServerResponse, { kind: 'bytes' }>): unknown {
  const bytes = Buffer.isBuffer(answer.bytes) ? answer.bytes : Buffer.concat(answer.bytes);
  if (bytes.length === 0) return undefined;
  return JSON.parse((answer.headers?.['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes).toString('utf8'));
}

const aggregated = { accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json' };

describe('discovery', () => {
  it('lists groups by priority, and custom ones after them as soon as they are there', async () => {
    const served = registry();
    const { get } = client(served);
    const names = async (): Promise<readonly string[]> =>
      ((await get('/apis')).body as { groups: readonly { name: string }[] }).groups.map(({ name }) => name);
    const before = await names();
    expect(before.slice(0, 3)).toEqual(['apiregistration.k8s.io', 'apps', 'events.k8s.io']);
    served.add(widget);
    expect(await names()).toEqual([...before, 'probe.example.com']);
  });

  it('prefers the second version of autoscaling', async () => {
    expect((await client(registry()).get('/apis/autoscaling')).body).toMatchObject({
      versions: [{ version: 'v2' }, { version: 'v1' }],
      preferredVersion: { groupVersion: 'autoscaling/v2', version: 'v2' },
    });
  });

  it('tells a custom kind as a real server does, in both forms', async () => {
    const served = registry();
    served.add(widget);
    const { get } = client(served);
    expect((await get('/apis/probe.example.com/v1')).body).toEqual({
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: 'probe.example.com/v1',
      resources: [
        {
          name: 'widgets',
          singularName: 'widget',
          namespaced: true,
          kind: 'Widget',
          verbs: widget.verbs,
          shortNames: ['wd'],
          categories: ['all'],
        },
        { name: 'widgets/status', singularName: '', namespaced: true, kind: 'Widget', verbs: ['get', 'patch', 'update'] },
        {
          name: 'widgets/scale',
          singularName: '',
          namespaced: true,
          group: 'autoscaling',
          version: 'v1',
          kind: 'Scale',
          verbs: ['get', 'patch', 'update'],
        },
      ],
    });
    const answer = await get('/apis', aggregated);
    expect(answer.contentType).toBe('application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList');
    const own = { group: 'probe.example.com', version: 'v1', kind: 'Widget' };
    expect((answer.body as { items: readonly unknown[] }).items.at(-1)).toEqual({
      metadata: { name: 'probe.example.com' },
      versions: [
        {
          version: 'v1',
          resources: [
            {
              resource: 'widgets',
              responseKind: own,
              scope: 'Namespaced',
              singularResource: 'widget',
              verbs: widget.verbs,
              shortNames: ['wd'],
              categories: ['all'],
              subresources: [
                { subresource: 'status', responseKind: own, verbs: ['get', 'patch', 'update'] },
                {
                  subresource: 'scale',
                  responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
                  verbs: ['get', 'patch', 'update'],
                },
              ],
            },
          ],
          freshness: 'Current',
        },
      ],
    });
  });

  it('answers 304 to a client that has the document, until a definition changes it', async () => {
    const served = registry();
    const { get } = client(served);
    const { etag } = await get('/apis', aggregated);
    expect((await get('/apis', { ...aggregated, 'if-none-match': etag })).status).toBe(304);
    served.add(widget);
    expect((await get('/apis', { ...aggregated, 'if-none-match': etag })).status).toBe(200);
  });

  it('has no answer for groups and versions that nobody serves', async () => {
    const { get } = client(registry());
    expect([(await get('/apis/nope')).status, (await get('/apis/apps/v9')).status, (await get('/api/v2')).status]).toEqual([404, 404, 404]);
  });
});

type Operation = { readonly parameters?: readonly { readonly name: string }[]; readonly 'x-kubernetes-group-version-kind'?: unknown };
type V3 = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
};

describe('OpenAPI', () => {
  it('refers to nothing that it does not define, in any document', async () => {
    const served = registry();
    served.add(widget);
    const { get } = client(served);
    const index = (await get('/openapi/v3')).body as { paths: Readonly<Record<string, { serverRelativeURL: string }>> };
    expect(Object.keys(index.paths)).toContain('apis/probe.example.com/v1');
    for (const { serverRelativeURL } of Object.values(index.paths)) {
      const document = (await get(serverRelativeURL)).body as V3;
      const wanted = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? '');
      expect(
        [...new Set(wanted)].filter((name) => !(name in document.components.schemas)),
        serverRelativeURL,
      ).toEqual([]);
    }
    const whole = (await get('/openapi/v2')).body as { definitions: Readonly<Record<string, unknown>> };
    const wanted = [...JSON.stringify(whole).matchAll(/"#\/definitions\/([^"]+)"/g)].map((match) => match[1] ?? '');
    expect([...new Set(wanted)].filter((name) => !(name in whole.definitions))).toEqual([]);
  });

  it('says that a PATCH takes field validation and dry run, which kubectl looks for', async () => {
    const document = (await client(registry()).get('/openapi/v3/apis/apps/v1')).body as V3;
    const patch = document.paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch;
    expect(patch?.parameters?.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
    expect(patch?.['x-kubernetes-group-version-kind']).toEqual({ group: 'apps', version: 'v1', kind: 'Deployment' });
  });

  it('keeps merge keys beside references, and says which types are two', async () => {
    const { schemas } = ((await client(registry()).get('/openapi/v3/api/v1')).body as V3).components;
    expect(schemas['io.k8s.api.core.v1.PodSpec']).toMatchObject({
      properties: {
        containers: {
          items: { $ref: '#/components/schemas/io.k8s.api.core.v1.Container' },
          'x-kubernetes-patch-merge-key': 'name',
          'x-kubernetes-patch-strategy': 'merge',
        },
      },
    });
    expect(schemas['io.k8s.apimachinery.pkg.util.intstr.IntOrString']).toMatchObject({ oneOf: [{ type: 'integer' }, { type: 'string' }] });
  });

  it('shows a custom kind with its descriptions, and in version 2 what that can say of it', async () => {
    const served = registry();
    served.add(widget);
    const { get } = client(served);
    const { schemas } = ((await get('/openapi/v3/apis/probe.example.com/v1')).body as V3).components;
    const name = 'com.example.probe.v1.Widget';
    expect(schemas[name]).toMatchObject({
      description: 'Widget is a thing.',
      properties: {
        metadata: { allOf: [{ $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' }] },
        spec: { properties: { count: { type: 'integer', nullable: true, default: 1, description: 'the number' } } },
      },
      'x-kubernetes-group-version-kind': [{ group: 'probe.example.com', kind: 'Widget', version: 'v1' }],
    });
    const { definitions } = (await get('/openapi/v2')).body as { definitions: Readonly<Record<string, unknown>> };
    expect(definitions[name]).toMatchObject({
      properties: {
        metadata: { $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
        spec: {
          type: 'object',
          properties: { size: { 'x-kubernetes-int-or-string': true }, count: { description: 'the number' }, names: { type: 'array' } },
        },
      },
    });
  });

  it('says nothing of the fields of an open kind in version 2, where a client would take them for all there are', async () => {
    const served = registry();
    const open = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    if (widget.custom !== undefined) served.add({ ...widget, custom: { ...widget.custom, openAPIV3Schema: open } });
    const { definitions } = (await client(served).get('/openapi/v2')).body as { definitions: Readonly<Record<string, unknown>> };
    expect(definitions['com.example.probe.v1.Widget']).toEqual({
      type: 'object',
      'x-kubernetes-group-version-kind': [{ group: 'probe.example.com', kind: 'Widget', version: 'v1' }],
    });
  });

  it('speaks protobuf to Go clients, with every definition', async () => {
    const discovery = createDiscovery({ registry: registry(), clock: { now: () => 0, after: () => () => {} } });
    const headers = { accept: 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf' };
    const user = { name: 'x', groups: [] };
    const answer = await discovery.handle({ method: 'GET', path: '/openapi/v2', query: new URLSearchParams(), headers, user });
    const bytes = answer?.kind === 'bytes' && Buffer.isBuffer(answer.bytes) ? answer.bytes : Buffer.alloc(0);
    const inside = (of: Uint8Array, number: number): readonly Uint8Array[] =>
      [...wireFields(of)].flatMap((field) => (field.number === number && typeof field.value !== 'number' ? [field.value] : []));
    const [definitions = new Uint8Array()] = inside(bytes, 9);
    const names = inside(definitions, 1).map((entry) => Buffer.from(inside(entry, 1)[0] ?? []).toString('utf8'));
    const { body } = await client(registry()).get('/openapi/v2');
    expect(names).toEqual(Object.keys((body as { definitions: object }).definitions));
  });

  it('sends a client with an old hash to the new one', async () => {
    const { get } = client(registry());
    expect((await get('/openapi/v3/apis/apps/v1?hash=OLD')).status).toBe(301);
  });
});
