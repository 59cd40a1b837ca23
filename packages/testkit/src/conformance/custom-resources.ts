/** The life of a CustomResourceDefinition: served, pruned, defaulted, validated, printed, in several versions, and gone again. */
import type { KubeObject, ResourceType } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Bench, failureOf, field, take, told } from './bench.ts';

const { customResourceDefinitions } = builtinTypes;

const specSchema = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 10 },
    tint: { type: 'string', enum: ['red', 'blue'], default: 'red' },
    note: { type: 'string', maxLength: 5, pattern: '^[a-z]*$', nullable: true },
    open: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    port: { 'x-kubernetes-int-or-string': true },
    when: { type: 'string', format: 'date-time' },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    parts: {
      type: 'array',
      maxItems: 3,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, count: { type: 'integer', default: 1 } },
      },
    },
    replicas: { type: 'integer' },
    fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'fixed is immutable' }] },
  },
  'x-kubernetes-validations': [
    { rule: 'self.size != 7', message: 'size may not be seven' },
    {
      rule: '!has(self.parts) || self.parts.all(p, p.count <= self.size)',
      messageExpression: "self.size > 5 ? 'no part may exceed a big size' : 'no part may exceed a small size'",
      fieldPath: '.parts',
    },
  ],
};

export function customResourceCases(bench: Bench): void {
  let group = '';
  let v1: ResourceType;
  let v2: ResourceType;
  const crdName = (): string => `widgets.${group}`;

  const definition = (): KubeObject => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crdName() },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'], categories: ['all'] },
      versions: ['v1', 'v2'].map((name) => ({
        name,
        served: true,
        storage: name === 'v1',
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: specSchema,
              status: {
                type: 'object',
                properties: { replicas: { type: 'integer' }, selector: { type: 'string' }, phase: { type: 'string' } },
              },
            },
          },
        },
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas', labelSelectorPath: '.status.selector' },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          { name: 'Phase', type: 'string', jsonPath: '.status.phase', priority: 1 },
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      })),
    },
  });
  const widget = (name: string, spec: Record<string, unknown>, version = 'v1'): KubeObject => ({
    apiVersion: `${group}/${version}`,
    kind: 'Widget',
    metadata: { name, namespace: bench.namespace },
    spec,
  });
  const create = (spec: Record<string, unknown>, name = bench.name('widget')): Promise<KubeObject> =>
    bench.client.create(v1, widget(name, spec));

  beforeAll(async () => {
    group = `${bench.namespace}.example.com`;
    const type = { group, kind: 'Widget', resource: 'widgets', namespaced: true };
    v1 = { ...type, version: 'v1' };
    v2 = { ...type, version: 'v2' };
    await bench.client.create(customResourceDefinitions, definition());
    await bench.untilObject(
      customResourceDefinitions,
      { name: crdName() },
      'Established',
      (crd) =>
        (field(crd, 'status.conditions') as { type: string; status: string }[] | undefined)?.some(
          ({ type: condition, status }) => condition === 'Established' && status === 'True',
        ) === true,
    );
    await bench.until('the kind served', () => bench.client.list(v1, { namespace: bench.namespace }));
  });
  afterAll(async () => {
    await bench.client.delete(customResourceDefinitions, { name: crdName() }).catch(() => {});
  });

  it('is accepted and in discovery', async () => {
    const crd = await bench.client.get(customResourceDefinitions, { name: crdName() });
    expect(crd).toMatchObject({
      spec: { conversion: { strategy: 'None' }, names: { listKind: 'WidgetList' } },
      status: { acceptedNames: { kind: 'Widget', plural: 'widgets' }, storedVersions: ['v1'] },
    });
    expect(await bench.until('discovery', () => bench.client.resolve(`${group}/v1`, 'Widget'))).toEqual(v1);
  });

  it('prunes what the schema does not know and fills in defaults', async () => {
    const made = await create({
      size: 2,
      unknown: true,
      open: { any: { thing: 1 } },
      parts: [{ name: 'a', odd: 1 }],
      port: 'http',
      note: null,
    });
    expect(made.spec).toEqual({
      size: 2,
      tint: 'red',
      open: { any: { thing: 1 } },
      parts: [{ name: 'a', count: 1 }],
      port: 'http',
      note: null,
    });
    const strict = bench.client.create(v1, widget(bench.name('widget'), { size: 2, unknown: true }), { fieldValidation: 'Strict' });
    expect(await failureOf(strict)).toMatchObject({ code: 400, message: expect.stringContaining('unknown field "spec.unknown"') });
  });

  it('names each field that breaks the schema', async () => {
    const failure = await failureOf(
      create({ size: 11, tint: 'green', note: 'toolong', when: 'yesterday', labels: { a: 1 }, parts: [{ count: 1 }] }),
    );
    expect(failure).toMatchObject({ code: 422, reason: 'Invalid' });
    const said = Object.fromEntries((failure.causes as { field: string; message: string }[]).map((cause) => [cause.field, cause.message]));
    expect(said).toMatchObject({
      'spec.size': 'Invalid value: 11: spec.size in body should be less than or equal to 10',
      'spec.tint': 'Unsupported value: "green": supported values: "red", "blue"',
      'spec.note': expect.stringContaining('may not be more than 5 bytes'),
      'spec.when': expect.stringContaining('spec.when in body must be of type date-time: "yesterday"'),
      'spec.labels.a': expect.stringContaining('Invalid value: "integer"'),
      'spec.parts[0].name': 'Required value',
    });
    expect(await failureOf(create({}))).toMatchObject({
      code: 422,
      causes: expect.arrayContaining([expect.objectContaining({ field: 'spec.size', message: 'Required value' })]),
    });
    expect(await failureOf(create({ size: 'two' }))).toMatchObject({
      code: 422,
      causes: expect.arrayContaining([
        expect.objectContaining({ field: 'spec.size', message: expect.stringContaining('must be of type integer: "string"') }),
      ]),
    });
  });

  it('runs rules, and those about a change only on a change', async () => {
    expect(await failureOf(create({ size: 7 }))).toMatchObject({
      code: 422,
      causes: [{ field: 'spec', message: 'Invalid value: "object": size may not be seven' }],
    });
    expect(await failureOf(create({ size: 2, parts: [{ name: 'a', count: 3 }] }))).toMatchObject({
      code: 422,
      causes: [{ field: 'spec.parts', message: expect.stringContaining('no part may exceed a small size') }],
    });
    const made = await create({ size: 2, fixed: 'a' });
    const at = bench.at(made.metadata.name ?? '');
    expect(await failureOf(bench.client.patch(v1, at, 'merge', { spec: { fixed: 'b' } }))).toMatchObject({
      code: 422,
      causes: [{ field: 'spec.fixed', message: expect.stringContaining('fixed is immutable') }],
    });
    expect(field(await bench.client.patch(v1, at, 'merge', { spec: { size: 3 } }), 'spec.size')).toBe(3);
  });

  it('keeps status apart from spec, and counts generations by spec', async () => {
    const made = await bench.client.create<KubeObject>(v1, {
      ...widget(bench.name('widget'), { size: 1 }),
      status: { phase: 'Sneaked' },
    } as KubeObject);
    expect(made.status).toBeUndefined();
    expect(made.metadata.generation).toBe(1);
    const at = bench.at(made.metadata.name ?? '');
    const withStatus = await bench.client.patch(
      v1,
      at,
      'merge',
      { spec: { size: 9 }, status: { phase: 'Fine' } },
      { subresource: 'status' },
    );
    expect(withStatus).toMatchObject({ metadata: { generation: 1 }, spec: { size: 1 }, status: { phase: 'Fine' } });
    const withSpec = await bench.client.patch(v1, at, 'merge', { spec: { size: 9 }, status: { phase: 'Sneaked' } });
    expect(withSpec).toMatchObject({ metadata: { generation: 2 }, spec: { size: 9 }, status: { phase: 'Fine' } });
  });

  it('has a scale where its definition says', async () => {
    const made = await create({ size: 1, replicas: 2 });
    const at = bench.at(made.metadata.name ?? '');
    await bench.client.patch(v1, at, 'merge', { status: { replicas: 1, selector: 'app=x' } }, { subresource: 'status' });
    const path = `/apis/${group}/v1/namespaces/${bench.namespace}/widgets/${at.name}/scale`;
    expect(await bench.client.raw({ method: 'GET', path })).toMatchObject({
      kind: 'Scale',
      apiVersion: 'autoscaling/v1',
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'app=x' },
    });
    await bench.client.patch(v1, at, 'merge', { spec: { replicas: 5 } }, { subresource: 'scale' });
    expect(field(await bench.client.get(v1, at), 'spec.replicas')).toBe(5);
  });

  it('shows one object in every version, and watches each', async () => {
    const { resourceVersion } = await bench.client.list(v2, { namespace: bench.namespace });
    const made = await create({ size: 4 });
    const at = bench.at(made.metadata.name ?? '');
    expect(await bench.client.get(v2, at)).toMatchObject({
      apiVersion: `${group}/v2`,
      spec: { size: 4 },
      metadata: { uid: made.metadata.uid },
    });
    await bench.client.patch(v2, at, 'merge', { spec: { size: 5 } });
    expect(field(await bench.client.get(v1, at), 'spec.size')).toBe(5);
    const events = await take(await bench.client.watch(v2, { namespace: bench.namespace, resourceVersion }), 2);
    expect(told(events)).toEqual([`ADDED ${at.name}`, `MODIFIED ${at.name}`]);
    expect(events.map(({ object }) => (object as KubeObject).apiVersion)).toEqual([`${group}/v2`, `${group}/v2`]);
  });

  it('merges its lists by their keys in apply, and tells whose field a conflict is about', async () => {
    const name = bench.name('widget');
    const apply = (fieldManager: string, spec: Record<string, unknown>): Promise<KubeObject> =>
      bench.client.patch(v1, bench.at(name), 'apply', widget(name, spec), { fieldManager });
    await apply('one', { size: 3, parts: [{ name: 'a', count: 1 }] });
    const both = await apply('two', { size: 3, parts: [{ name: 'b', count: 2 }] });
    expect(field(both, 'spec.parts')).toEqual([
      { name: 'a', count: 1 },
      { name: 'b', count: 2 },
    ]);
    expect(await failureOf(apply('two', { size: 4, parts: [{ name: 'a', count: 3 }] }))).toMatchObject({
      code: 409,
      message: expect.stringContaining('.spec.size'),
    });
    const strategic = bench.client.patch(v1, bench.at(name), 'strategic', { spec: { size: 4 } });
    expect(await failureOf(strategic)).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });

  it('prints the columns of its definition', async () => {
    const name = bench.name('widget');
    await create({ size: 6 }, name);
    const table = await bench.client.raw({
      method: 'GET',
      path: `/apis/${group}/v1/namespaces/${bench.namespace}/widgets/${name}`,
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
    });
    expect(
      (field(table, 'columnDefinitions') as { name: string; priority: number }[]).map((column) => `${column.name} ${column.priority}`),
    ).toEqual(['Name 0', 'Size 0', 'Phase 1', 'Age 0']);
    expect((field(table, 'rows.0.cells') as unknown[]).slice(0, 2)).toEqual([name, 6]);
  });

  it('refuses a definition that is not structural, and names the field', async () => {
    const bad = definition() as KubeObject & {
      spec: { versions: { schema: { openAPIV3Schema: unknown } }[]; names: object; group: string };
    };
    const spec = structuredClone(bad.spec);
    const [version] = spec.versions;
    if (version === undefined) throw new Error('the definition has versions');
    version.schema.openAPIV3Schema = { type: 'object', properties: { spec: { properties: { a: { type: 'strange' } } } } };
    const made = bench.client.create(customResourceDefinitions, {
      ...bad,
      metadata: { name: `gadgets.${group}` },
      spec: { ...spec, names: { plural: 'gadgets', kind: 'Gadget' } },
    } as KubeObject);
    const { code, causes } = await failureOf(made);
    expect(code).toBe(422);
    const fields = (causes as { field: string }[]).map((cause) => cause.field);
    expect(fields).toContain('spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a].type');
    expect(
      await failureOf(bench.client.create(customResourceDefinitions, { ...definition(), metadata: { name: `others.${group}` } })),
    ).toMatchObject({
      code: 422,
      causes: expect.arrayContaining([expect.objectContaining({ field: 'metadata.name' })]),
    });
  });

  it('takes its objects along when it goes', async () => {
    const made = await create({ size: 1 });
    await bench.client.delete(customResourceDefinitions, { name: crdName() });
    await bench.untilGone(customResourceDefinitions, { name: crdName() });
    await bench.until('the kind gone', async () => {
      const failure = await failureOf(bench.client.get(v1, bench.at(made.metadata.name ?? '')));
      return failure.message === 'the server could not find the requested resource';
    });
  });
}
