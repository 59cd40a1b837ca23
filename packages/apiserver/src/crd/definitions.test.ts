import type { KubeObject } from '@sluice/api';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type TestServer, testServer } from '../testing.ts';

const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const widgets = '/apis/example.com/v1/namespaces/default/widgets';
const merge = { contentType: 'application/merge-patch+json' };

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: { size: { type: 'integer', default: 3, minimum: 1 }, replicas: { type: 'integer' }, name: { type: 'string' } },
      'x-kubernetes-validations': [{ rule: '!has(self.name) || self.name != "bad"', message: 'must not be bad' }],
    },
    status: { type: 'object', properties: { ready: { type: 'integer' }, selector: { type: 'string' } } },
  },
};

function definition(versions: readonly Record<string, unknown>[] = [{}], names: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget', ...names },
      versions: versions.map((version, index) => ({
        name: `v${index + 1}`,
        served: true,
        storage: index === 0,
        schema: { openAPIV3Schema: structuredClone(schema) },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.ready', labelSelectorPath: '.status.selector' },
        },
        ...version,
      })),
    },
  };
}

function widget(name: string, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec };
}

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
});

async function refused(answer: Promise<Answer>): Promise<string> {
  const { status, object } = await answer;
  return `${status} ${object.reason} ${object.message}`;
}

describe('a custom resource definition', () => {
  it('is established in its first answer, and its kind is served at once', async () => {
    const { object } = await server.call('POST', definitions, definition());
    expect(object.status).toMatchObject({
      acceptedNames: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
      conditions: [
        { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts' },
        { type: 'Established', status: 'True', reason: 'InitialNamesAccepted' },
      ],
      storedVersions: ['v1'],
    });
    expect((await server.call('POST', widgets, widget('a'))).object.spec).toEqual({ size: 3 });
    const discovered = await server.server.handle({
      method: 'GET',
      path: '/apis/example.com/v1',
      query: new URLSearchParams(),
      headers: {},
      user: { name: 'a', groups: ['system:masters'] },
    });
    expect(JSON.stringify(discovered.kind === 'bytes' ? String(discovered.bytes) : discovered)).toContain('widgets');
  });

  it.each<readonly [string, Record<string, unknown>, string]>([
    [
      'a name that is not plural.group',
      { ...definition(), metadata: { name: 'x.example.com' } },
      'metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group',
    ],
    ['two storage versions', definition([{}, { storage: true }]), 'must have exactly one version marked as storage version'],
    [
      'a version without schema',
      definition([{ schema: undefined }]),
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
    ],
    [
      'a schema that is not structural',
      definition([{ schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } }]),
      'spec.validation.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
    ],
  ])('with %s is refused', async (_name, body, message) => {
    const answer = await server.call('POST', definitions, body);
    expect(answer.status).toBe(422);
    expect(answer.object.message).toContain(message);
  });

  it('whose names are taken is not accepted', async () => {
    await server.call('POST', definitions, definition());
    const other = { ...definition([{}], { plural: 'gadgets', shortNames: ['widget'] }), metadata: { name: 'gadgets.example.com' } };
    const { object } = await server.call('POST', definitions, other);
    expect(object.status).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'False' },
        { type: 'Established', status: 'False' },
      ],
    });
    expect((await server.call('GET', '/apis/example.com/v1/gadgets')).status).toBe(404);
  });

  it('takes its objects along when it is deleted, and ends their watches', async () => {
    await server.call('POST', definitions, definition());
    await server.call('POST', widgets, widget('a'));
    await server.call('POST', widgets, { ...widget('b'), metadata: { name: 'b', finalizers: ['example.com/x'] } });
    const log = await server.watch(widgets);
    const deleted = await server.call('DELETE', `${definitions}/widgets.example.com`);
    expect(deleted.object.metadata.finalizers).toEqual(['customresourcecleanup.apiextensions.k8s.io']);
    await settle();
    expect((await server.call('GET', `${widgets}/a`)).status).toBe(404);
    expect(await refused(server.call('POST', widgets, widget('c')))).toContain(
      'create not allowed while custom resource definition is terminating',
    );
    await server.call('PATCH', `${widgets}/b`, { metadata: { finalizers: null } }, merge);
    await settle();
    expect((await server.call('GET', `${definitions}/widgets.example.com`)).status).toBe(404);
    expect(log.isOver()).toBe(true);
  });
});

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('a custom resource', () => {
  beforeEach(async () => {
    await server.call('POST', definitions, definition([{}, {}]));
  });

  it('loses what its schema does not know, and is checked by schema and rules', async () => {
    const made = await server.call('POST', widgets, { ...widget('a', { foo: 1 }), status: { ready: 4 } });
    expect(made.headers.warning).toBe('299 - "unknown field \\"spec.foo\\""');
    expect(made.object).not.toHaveProperty('status');
    expect(made.object.spec).toEqual({ size: 3 });
    expect(await refused(server.call('POST', widgets, widget('b', { size: 0, name: 3 })))).toBe(
      '422 Invalid Widget.example.com "b" is invalid: [spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1, spec.name: Invalid value: "integer": spec.name in body must be of type string: "integer"]',
    );
    expect(await refused(server.call('POST', widgets, widget('b', { name: 'bad' })))).toContain(
      'spec: Invalid value: "object": must not be bad',
    );
  });

  it('is one object in all of its versions', async () => {
    await server.call('POST', widgets, widget('a', { size: 5 }));
    const second = widgets.replace('/v1/', '/v2/');
    const { object } = await server.call('GET', `${second}/a`);
    expect(object).toMatchObject({ apiVersion: 'example.com/v2', spec: { size: 5 } });
    await server.call('PATCH', `${second}/a`, { spec: { size: 6 } }, merge);
    expect((await server.call('GET', `${widgets}/a`)).object).toMatchObject({ apiVersion: 'example.com/v1', spec: { size: 6 } });
    const log = await server.watch(second);
    await settle();
    expect(log.frames.map(({ object: seen }) => (seen as KubeObject).apiVersion)).toEqual(['example.com/v2']);
  });

  it('must be updated by the version that was seen', async () => {
    await server.call('POST', widgets, widget('a'));
    expect(await refused(server.call('PUT', `${widgets}/a`, widget('a', { size: 4 })))).toBe(
      '422 Invalid widgets.example.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
  });

  it('has its replicas under scale', async () => {
    await server.call('POST', widgets, widget('a', { replicas: 2 }));
    await server.call('PATCH', `${widgets}/a/status`, { status: { ready: 1, selector: 'a=b' } }, merge);
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'a' }, spec: { replicas: 7 } };
    const { object } = await server.call('PUT', `${widgets}/a/scale`, scale);
    expect(object).toMatchObject({ spec: { replicas: 7 }, status: { replicas: 1, selector: 'a=b' } });
    expect((await server.call('GET', `${widgets}/a`)).object.spec).toEqual({ replicas: 7, size: 3 });
  });

  it('follows its definition as that changes', async () => {
    await server.call('POST', widgets, widget('a', { size: 5 }));
    const next = definition([{}, {}]) as {
      spec: { versions: { schema: { openAPIV3Schema: typeof schema } }[] };
      metadata: Record<string, unknown>;
    };
    for (const version of next.spec.versions)
      (version.schema.openAPIV3Schema.properties.spec.properties as Record<string, unknown>).colour = { type: 'string', default: 'red' };
    const live = (await server.call('GET', `${definitions}/widgets.example.com`)).object;
    await server.call('PUT', `${definitions}/widgets.example.com`, { ...next, metadata: live.metadata });
    expect((await server.call('GET', `${widgets}/a`)).object.spec).toEqual({ size: 5, colour: 'red' });
    expect((await server.call('POST', widgets, widget('b', { colour: 'blue' }))).object.spec).toEqual({ size: 3, colour: 'blue' });
  });
});
