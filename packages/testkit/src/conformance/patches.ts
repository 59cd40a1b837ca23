/** The four kinds of patch, and who owns which field afterwards. */
import type { KubeObject, ManagedFieldsEntry } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { expect, it } from 'vitest';
import { type Bench, failureOf, field, podTemplate } from './bench.ts';

const { configMaps, deployments } = builtinTypes;

export function patchCases(bench: Bench): void {
  const deployment = (name: string, containers: readonly unknown[]): KubeObject => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: bench.namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: name } },
      template: { ...podTemplate({ app: name }), spec: { containers } },
    },
  });

  it('merges, with null to remove', async () => {
    const name = bench.name('merge');
    await bench.createConfigMap(name, { data: { a: '1', b: '2' } }, { labels: { x: 'y' } });
    const patched = await bench.client.patch(configMaps, bench.at(name), 'merge', {
      data: { a: null, c: '3' },
      metadata: { labels: null },
    });
    expect(patched.data).toEqual({ b: '2', c: '3' });
    expect(patched.metadata.labels).toBeUndefined();
    expect(await failureOf(bench.client.patch(configMaps, bench.at(bench.name('absent')), 'merge', {}))).toMatchObject({ code: 404 });
    const unchanged = await bench.client.patch(configMaps, bench.at(name), 'merge', { data: { b: '2' } });
    expect(unchanged.metadata.resourceVersion).toBe(patched.metadata.resourceVersion);
  });

  it('refuses a patch on an old version, whatever its kind', async () => {
    const made = await bench.createConfigMap(bench.name('guard'), { data: { a: '1' } });
    const at = bench.at(made.metadata.name ?? '');
    await bench.client.patch(configMaps, at, 'merge', { data: { a: '2' } });
    const metadata = { resourceVersion: made.metadata.resourceVersion };
    for (const kind of ['merge', 'strategic'] as const) {
      expect(await failureOf(bench.client.patch(configMaps, at, kind, { metadata, data: { a: '3' } }))).toMatchObject({
        code: 409,
        reason: 'Conflict',
      });
    }
  });

  it('applies JSON patches in order and all or nothing', async () => {
    const name = bench.name('json');
    await bench.createConfigMap(name, { data: { a: '1', c: '2' } }, { annotations: { 'example.com/x': 'y' } });
    const patched = await bench.client.patch(configMaps, bench.at(name), 'json', [
      { op: 'test', path: '/data/a', value: '1' },
      { op: 'replace', path: '/data/a', value: '9' },
      { op: 'copy', from: '/data/a', path: '/data/b' },
      { op: 'move', from: '/metadata/annotations/example.com~1x', path: '/data/d' },
      { op: 'add', path: '/metadata/labels', value: { k: 'v' } },
    ]);
    expect(patched.data).toEqual({ a: '9', b: '9', c: '2', d: 'y' });
    expect(patched.metadata.labels).toEqual({ k: 'v' });
    const failing = [
      [[{ op: 'test', path: '/data/a', value: 'no' }], 422],
      [[{ op: 'remove', path: '/data/nope' }], 422],
      [
        [
          { op: 'replace', path: '/data/a', value: 'half' },
          { op: 'remove', path: '/data/nope' },
        ],
        422,
      ],
      [{ not: 'a list' }, 400],
    ] as const;
    for (const [patch, code] of failing) {
      expect(await failureOf(bench.client.patch(configMaps, bench.at(name), 'json', patch)), JSON.stringify(patch)).toMatchObject({ code });
    }
    expect((await bench.client.get(configMaps, bench.at(name))).data).toEqual(patched.data);
  });

  it('merges lists by their keys in strategic patches, and obeys their directives', async () => {
    const name = bench.name('strategic');
    await bench.client.create(
      deployments,
      deployment(name, [
        { name: 'a', image: 'a:1', env: [{ name: 'X', value: '1' }] },
        { name: 'b', image: 'b:1' },
      ]),
    );
    const at = bench.at(name);
    const containers = async (patch: unknown): Promise<unknown> => {
      const patched = await bench.client.patch(deployments, at, 'strategic', { spec: { template: { spec: patch } } });
      return (field(patched, 'spec.template.spec.containers') as { name: string; image: string; env?: unknown }[]).map(
        (one) => `${one.name} ${one.image} ${JSON.stringify(one.env ?? [])}`,
      );
    };
    expect(await containers({ containers: [{ name: 'a', image: 'a:2', env: [{ name: 'Y', value: '2' }] }] })).toEqual([
      'a a:2 [{"name":"Y","value":"2"},{"name":"X","value":"1"}]',
      'b b:1 []',
    ]);
    expect(await containers({ containers: [{ name: 'c', image: 'c:1' }] })).toEqual([
      'c c:1 []',
      'a a:2 [{"name":"Y","value":"2"},{"name":"X","value":"1"}]',
      'b b:1 []',
    ]);
    expect(
      await containers({ containers: [{ name: 'c', $patch: 'delete' }], '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }] }),
    ).toEqual(['b b:1 []', 'a a:2 [{"name":"Y","value":"2"},{"name":"X","value":"1"}]']);
    expect(await containers({ containers: [{ name: 'z', image: 'z:1' }, { $patch: 'replace' }] })).toEqual(['z z:1 []']);
    const strategy = await bench.client.patch(deployments, at, 'strategic', {
      spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } },
    });
    expect(field(strategy, 'spec.strategy')).toEqual({ type: 'Recreate' });
    await bench.client.delete(deployments, at);
  });

  it('refuses a patch whose outcome is not valid, and a patch type it does not know', async () => {
    const name = bench.name('bad-patch');
    await bench.createConfigMap(name);
    expect(
      await failureOf(bench.client.patch(configMaps, bench.at(name), 'merge', { metadata: { labels: { 'a b': 'c' } } })),
    ).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
    expect(await failureOf(bench.client.patch(configMaps, bench.at(name), 'merge', { metadata: { name: 'other' } }))).toMatchObject({
      code: 400,
    });
    const unknown = bench.client.raw({
      method: 'PATCH',
      path: `/api/v1/namespaces/${bench.namespace}/configmaps/${name}`,
      contentType: 'application/json',
      body: {},
    });
    expect(await failureOf(unknown)).toMatchObject({ code: 415, reason: 'UnsupportedMediaType' });
  });

  const apply = (name: string, fieldManager: string, data: Record<string, string>, force = false): Promise<KubeObject> =>
    bench.client.patch(
      configMaps,
      bench.at(name),
      'apply',
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: bench.namespace }, data },
      { fieldManager, ...(force ? { force } : {}) },
    );
  const owners = (object: KubeObject): Record<string, unknown> =>
    Object.fromEntries(
      (object.metadata.managedFields ?? []).map((entry: ManagedFieldsEntry) => [`${entry.manager} ${entry.operation}`, entry.fieldsV1]),
    );

  it('applies: creates, owns, gives up and removes fields', async () => {
    const name = bench.name('apply');
    const made = await apply(name, 'one', { a: '1', b: '2' });
    expect(owners(made)).toEqual({ 'one Apply': { 'f:data': { 'f:a': {}, 'f:b': {} } } });
    const again = await apply(name, 'one', { a: '1', b: '2' });
    expect(again.metadata.resourceVersion).toBe(made.metadata.resourceVersion);
    const shared = await apply(name, 'two', { b: '2', c: '3' });
    expect(owners(shared)).toEqual({
      'one Apply': { 'f:data': { 'f:a': {}, 'f:b': {} } },
      'two Apply': { 'f:data': { 'f:b': {}, 'f:c': {} } },
    });
    // What one gives up stays while two owns it, and goes when nobody does.
    const less = await apply(name, 'one', {});
    expect(less.data).toEqual({ b: '2', c: '3' });
    expect(owners(less)).toEqual({ 'one Apply': { 'f:data': {} }, 'two Apply': { 'f:data': { 'f:b': {}, 'f:c': {} } } });
  });

  it('tells whose field a conflict is about, and takes it when forced', async () => {
    const name = bench.name('conflict');
    await apply(name, 'one', { a: '1' });
    await bench.client.patch(configMaps, bench.at(name), 'merge', { data: { b: '1' } }, { fieldManager: 'editor' });
    const refused = await failureOf(apply(name, 'two', { a: '2', b: '2' }));
    expect(refused).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: 'Apply failed with 2 conflicts: conflicts with "editor" using v1:\n- .data.b\nconflicts with "one":\n- .data.a',
    });
    expect(refused.causes).toEqual(expect.arrayContaining([expect.objectContaining({ reason: 'FieldManagerConflict', field: '.data.a' })]));
    const taken = await apply(name, 'two', { a: '2', b: '2' }, true);
    expect(taken.data).toEqual({ a: '2', b: '2' });
    expect(owners(taken)).toEqual({ 'two Apply': { 'f:data': { 'f:a': {}, 'f:b': {} } } });
    // The same value is no conflict.
    expect(Object.keys(owners(await apply(name, 'three', { a: '2' }))).sort()).toEqual(['three Apply', 'two Apply']);
  });

  it('takes fields from an applier when somebody updates them', async () => {
    const name = bench.name('update-after');
    await apply(name, 'one', { a: '1', b: '1' });
    const edited = await bench.client.patch(configMaps, bench.at(name), 'merge', { data: { a: '2' } }, { fieldManager: 'editor' });
    expect(owners(edited)).toEqual({ 'one Apply': { 'f:data': { 'f:b': {} } }, 'editor Update': { 'f:data': { 'f:a': {} } } });
  });

  it('merges lists by key in apply, each manager its own item', async () => {
    const name = bench.name('apply-list');
    const applied = (fieldManager: string, containers: readonly unknown[]): Promise<KubeObject> =>
      bench.client.patch(deployments, bench.at(name), 'apply', deployment(name, containers), { fieldManager });
    await applied('one', [{ name: 'a', image: 'a:1' }]);
    const both = await bench.client.patch<KubeObject>(
      deployments,
      bench.at(name),
      'apply',
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, namespace: bench.namespace },
        spec: { template: { spec: { containers: [{ name: 'b', image: 'b:1' }] } } },
      },
      { fieldManager: 'two' },
    );
    expect((field(both, 'spec.template.spec.containers') as { name: string }[]).map((one) => one.name)).toEqual(['a', 'b']);
    expect(owners(both)['two Apply']).toEqual({
      'f:spec': { 'f:template': { 'f:spec': { 'f:containers': { 'k:{"name":"b"}': { '.': {}, 'f:image': {}, 'f:name': {} } } } } },
    });
    await bench.client.delete(deployments, bench.at(name));
  });

  it('wants a manager, the object itself and no managedFields for apply', async () => {
    const name = bench.name('apply-wrong');
    const path = `/api/v1/namespaces/${bench.namespace}/configmaps/${name}`;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
    const send = (query: Record<string, string>, sent: unknown): Promise<unknown> =>
      bench.client.raw({ method: 'PATCH', path, query, contentType: 'application/apply-patch+yaml', body: sent });
    expect(await failureOf(send({}, body))).toMatchObject({
      code: 422,
      causes: [{ field: 'fieldManager', message: expect.stringContaining('Required value') }],
    });
    expect(await failureOf(send({ fieldManager: 'x' }, { metadata: { name } }))).toMatchObject({ code: 400 });
    const withManagers = { ...body, metadata: { name, managedFields: [{ manager: 'x', operation: 'Apply', apiVersion: 'v1' }] } };
    expect(await failureOf(send({ fieldManager: 'x' }, withManagers))).toMatchObject({
      code: 400,
      message: 'metadata.managedFields must be nil',
    });
  });
}
