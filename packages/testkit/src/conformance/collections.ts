/** Many objects: selectors, pages, tables, and deletion of a whole collection. */
import { builtinTypes } from '@sluice/kube';
import { expect, it } from 'vitest';
import { type Bench, failureOf, field } from './bench.ts';

const { configMaps, pods, secrets } = builtinTypes;

export function collectionCases(bench: Bench): void {
  const make = async (stem: string, labels: readonly Record<string, string>[]): Promise<readonly string[]> => {
    const names: string[] = [];
    for (const one of labels) {
      const name = bench.name(stem);
      await bench.createConfigMap(name, {}, { labels: { ...one, group: stem } });
      names.push(name);
    }
    return names;
  };
  const namesOf = (list: { readonly items: readonly { readonly metadata: { readonly name?: string } }[] }): readonly string[] =>
    list.items.map((item) => item.metadata.name ?? '');

  it('selects by labels in every form', async () => {
    const [red = '', blue = '', plain = ''] = await make('labels', [{ tint: 'red', size: '3' }, { tint: 'blue' }, {}]);
    const select = async (selector: string): Promise<readonly string[]> =>
      namesOf(await bench.client.list(configMaps, { namespace: bench.namespace, labelSelector: `group=labels,${selector}` }));
    expect(await select('tint=red')).toEqual([red]);
    expect(await select('tint!=red')).toEqual([blue, plain]);
    expect(await select('tint in (red, blue)')).toEqual([red, blue]);
    expect(await select('tint notin (red)')).toEqual([blue, plain]);
    expect(await select('tint')).toEqual([red, blue]);
    expect(await select('!tint')).toEqual([plain]);
    expect(await select('size>2')).toEqual([red]);
    expect(await failureOf(select('a=b=c'))).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  it('selects by the fields that a kind offers', async () => {
    const [first = ''] = await make('fields', [{}, {}]);
    const list = (selector: string): Promise<{ items: readonly { metadata: { name?: string } }[] }> =>
      bench.client.list(configMaps, { namespace: bench.namespace, fieldSelector: selector });
    expect(namesOf(await list(`metadata.name=${first}`))).toEqual([first]);
    expect(namesOf(await list(`metadata.name!=${first}`))).not.toContain(first);
    expect(await failureOf(list('data.x=y'))).toMatchObject({
      code: 400,
      message: '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
    await bench.client.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: bench.name('typed'), namespace: bench.namespace },
      type: 'example.com/odd',
    });
    expect((await bench.client.list(secrets, { namespace: bench.namespace, fieldSelector: 'type=example.com/odd' })).items.length).toBe(1);
    expect(
      (await bench.client.list(pods, { namespace: bench.namespace, fieldSelector: 'status.phase=Running,spec.nodeName!=x' })).items,
    ).toEqual([]);
  });

  it('pages through one moment, whatever happens in between', async () => {
    const names = await make('pages', [{}, {}, {}, {}, {}]);
    const options = { namespace: bench.namespace, labelSelector: 'group=pages', limit: 2 };
    const first = await bench.client.list(configMaps, options);
    expect(namesOf(first)).toEqual(names.slice(0, 2));
    await bench.client.delete(configMaps, bench.at(names[4] ?? ''));
    await bench.createConfigMap(`${names[0]}a`, {}, { labels: { group: 'pages' } });
    const second = await bench.client.list(configMaps, { ...options, continue: first.continue ?? '' });
    const third = await bench.client.list(configMaps, { ...options, continue: second.continue ?? '' });
    expect([...namesOf(second), ...namesOf(third)]).toEqual(names.slice(2));
    expect(third.continue).toBeUndefined();
    expect([second.resourceVersion, third.resourceVersion]).toEqual([first.resourceVersion, first.resourceVersion]);
    const raw = await bench.client.raw({ method: 'GET', path: `/api/v1/namespaces/${bench.namespace}/configmaps`, query: { limit: '1' } });
    expect(raw).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { remainingItemCount: expect.any(Number) } });
    expect(await failureOf(bench.client.list(configMaps, { ...options, continue: 'nonsense' }))).toMatchObject({
      code: 400,
      reason: 'BadRequest',
    });
  });

  it('answers for a version that is not there yet with a timeout, and for one that was with the list', async () => {
    const { resourceVersion } = await bench.client.list(configMaps, { namespace: bench.namespace });
    await bench.client.list(configMaps, { namespace: bench.namespace, resourceVersion });
    await bench.client.list(configMaps, { namespace: bench.namespace, resourceVersion: '0' });
    const future = bench.client.list(configMaps, { namespace: bench.namespace, resourceVersion: '99999999999' });
    expect(await failureOf(future)).toMatchObject({
      code: 504,
      reason: 'Timeout',
      message: expect.stringContaining('Too large resource version: 99999999999'),
    });
  });

  it('prints tables, and metadata alone', async () => {
    const [name = ''] = await make('tables', [{}]);
    const ask = (as: string): Promise<unknown> =>
      bench.client.raw({
        method: 'GET',
        path: `/api/v1/namespaces/${bench.namespace}/configmaps`,
        query: { labelSelector: 'group=tables' },
        accept: `application/json;as=${as};v=v1;g=meta.k8s.io`,
      });
    const table = await ask('Table');
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
    expect((field(table, 'columnDefinitions') as { name: string }[]).map((column) => column.name)).toEqual(['Name', 'Data', 'Age']);
    expect(field(table, 'rows.0.cells.0')).toBe(name);
    expect(field(table, 'rows.0.object')).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name } });
    const metadata = await ask('PartialObjectMetadataList');
    expect(metadata).toMatchObject({ kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
    expect(field(metadata, 'items.0.metadata.name')).toBe(name);
    expect(field(metadata, 'items.0.data')).toBeUndefined();
  });

  it('deletes a collection by selector', async () => {
    const [red = '', blue = ''] = await make('collection', [{ tint: 'red' }, { tint: 'blue' }]);
    await bench.client.raw({
      method: 'DELETE',
      path: `/api/v1/namespaces/${bench.namespace}/configmaps`,
      query: { labelSelector: 'group=collection,tint=red' },
    });
    await bench.untilGone(configMaps, bench.at(red));
    expect((await bench.client.get(configMaps, bench.at(blue))).metadata.name).toBe(blue);
  });

  it('lists what it serves, old and new', async () => {
    expect(await bench.client.raw({ method: 'GET', path: '/api' })).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const groups = (await bench.client.raw({ method: 'GET', path: '/apis' })) as { groups: { name: string }[] };
    expect(groups.groups.map((group) => group.name)).toEqual(
      expect.arrayContaining([
        'apps',
        'batch',
        'autoscaling',
        'policy',
        'networking.k8s.io',
        'rbac.authorization.k8s.io',
        'apiextensions.k8s.io',
        'coordination.k8s.io',
      ]),
    );
    const core = (await bench.client.raw({ method: 'GET', path: '/api/v1' })) as {
      resources: { name: string; shortNames?: string[]; verbs: string[] }[];
    };
    expect(core.resources.find((resource) => resource.name === 'pods')).toMatchObject({
      kind: 'Pod',
      namespaced: true,
      singularName: 'pod',
      shortNames: ['po'],
      categories: ['all'],
      verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    });
    const aggregated = await bench.client.raw({
      method: 'GET',
      path: '/apis',
      accept: 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
    });
    expect(aggregated).toMatchObject({ kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2' });
    expect(await bench.client.raw({ method: 'GET', path: '/version' })).toMatchObject({ major: '1', minor: expect.stringMatching(/^3\d/) });
    const openApi = await bench.client.raw({ method: 'GET', path: '/openapi/v3' });
    expect(typeof openApi === 'string' ? JSON.parse(openApi) : openApi).toMatchObject({
      paths: { 'apis/apps/v1': { serverRelativeURL: expect.any(String) } },
    });
    expect(await bench.client.resolve('apps/v1', 'Deployment')).toEqual(builtinTypes.deployments);
  });

  it('finds every kind of ours as its own discovery says', async () => {
    for (const type of Object.values(builtinTypes)) {
      const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
      expect(await bench.client.resolve(apiVersion, type.kind), `${apiVersion} ${type.kind}`).toEqual(type);
    }
  });
}
