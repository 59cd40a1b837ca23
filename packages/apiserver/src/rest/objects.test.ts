import type { KubeObject } from '@sluice/api';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Answer, type TestServer, testServer } from '../testing.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
});

function configMap(name: string, data: Record<string, string> = { a: 'b' }): unknown {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

function deployment(name: string, spec: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', image: 'example.com/web:1' }] } },
      ...spec,
    },
  };
}

async function refused(answer: Promise<Answer>): Promise<string> {
  const { status, object } = await answer;
  return `${status} ${object.reason} ${object.message}`;
}

describe('a create', () => {
  it('answers with what the server says about a new object', async () => {
    const { status, object } = await server.call('POST', maps, configMap('one'));
    expect(status).toBe(201);
    expect(object.metadata).toMatchObject({ namespace: 'default', creationTimestamp: '2026-01-02T03:04:05Z' });
    expect(object.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(object.metadata.generation).toBeUndefined();
    expect((await server.call('GET', `${maps}/one`)).object).toEqual(object);
  });

  it('makes a name from generateName, another one each time', async () => {
    const made = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'x-' } };
    const names = await Promise.all([1, 2, 3].map(async () => (await server.call('POST', maps, made)).object.metadata.name));
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(name).toMatch(/^x-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  it('takes nothing of what it is handed and changes nothing of it', async () => {
    const given = deployment('mine');
    const copy = structuredClone(given);
    const { object } = await server.call('POST', deployments, given);
    expect(given).toEqual(copy);
    (given.spec as Record<string, unknown>).replicas = 99;
    expect((await server.call('GET', `${deployments}/mine`)).object).toEqual(object);
  });

  it.each<readonly [string, string, unknown, string]>([
    ['twice', maps, configMap('kube-root-ca.crt'), '409 AlreadyExists configmaps "kube-root-ca.crt" already exists'],
    [
      'into a namespace that is not there',
      '/api/v1/namespaces/none/configmaps',
      configMap('a'),
      '404 NotFound namespaces "none" not found',
    ],
    [
      'of another namespace',
      maps,
      { ...(configMap('a') as object), metadata: { name: 'a', namespace: 'b' } },
      '400 BadRequest the namespace of the provided object does not match the namespace sent on the request',
    ],
    [
      'with a resource version',
      maps,
      { ...(configMap('a') as object), metadata: { name: 'a', resourceVersion: '3' } },
      '500 undefined resourceVersion should not be set on objects to be created',
    ],
    [
      'without a name',
      maps,
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} },
      '422 Invalid ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
    ],
    [
      'of another API version',
      deployments,
      { ...deployment('a'), apiVersion: 'extensions/v1beta1' },
      '400 BadRequest the API version in the data (extensions/v1beta1) does not match the expected API version (apps/v1)',
    ],
    [
      'with a value of another type',
      deployments,
      deployment('a', { replicas: 'a' }),
      '400 BadRequest Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    ['of an unknown resource', '/api/v1/namespaces/default/foos', {}, '404 NotFound the server could not find the requested resource'],
    [
      'with an empty selector and fewer than no replicas',
      deployments,
      deployment('a', { replicas: -1, selector: {} }),
      '422 Invalid Deployment.apps "a" is invalid: [spec.replicas: Invalid value: -1: must be greater than or equal to 0, spec.selector: Invalid value: {}: empty selector is invalid for deployment]',
    ],
  ])('%s is refused in the words of a real server', async (_name, url, body, expected) => {
    await server.call('POST', maps, configMap('kube-root-ca.crt'));
    expect(await refused(server.call('POST', url, body))).toBe(expected);
  });

  it('warns of unknown fields, keeps quiet when told to, and refuses them when it is strict', async () => {
    const body = deployment('a', { foo: 1 });
    const warned = await server.call('POST', `${deployments}?dryRun=All`, body);
    expect(warned.headers.warning).toBe('299 - "unknown field \\"spec.foo\\""');
    expect(warned.object.spec).not.toHaveProperty('foo');
    expect((await server.call('POST', `${deployments}?dryRun=All&fieldValidation=Ignore`, body)).headers).toEqual({});
    expect(await refused(server.call('POST', `${deployments}?fieldValidation=Strict`, body))).toBe(
      '400 BadRequest Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: unknown field "spec.foo"',
    );
  });

  it('stores nothing in a dry run', async () => {
    expect((await server.call('POST', `${maps}?dryRun=All`, configMap('ghost'))).status).toBe(201);
    expect((await server.call('GET', `${maps}/ghost`)).status).toBe(404);
  });
});

describe('an update', () => {
  it('needs the version that it has seen, if it names one', async () => {
    const { object } = await server.call('POST', maps, configMap('a'));
    const { status } = await server.call('PUT', `${maps}/a`, { ...object, data: { a: 'c' } });
    expect(status).toBe(200);
    expect(await refused(server.call('PUT', `${maps}/a`, { ...object, data: { a: 'd' } }))).toBe(
      '409 Conflict Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    );
    expect((await server.call('PUT', `${maps}/a`, configMap('a', { a: 'e' }))).object.data).toEqual({ a: 'e' });
  });

  it('that changes nothing writes nothing', async () => {
    const { object } = await server.call('POST', deployments, deployment('a'));
    const again = await server.call('PUT', `${deployments}/a`, deployment('a'), { userAgent: 'other/1' });
    expect(again.object.metadata.resourceVersion).toBe(object.metadata.resourceVersion);
    expect(again.object).toEqual(object);
  });

  it('counts a generation for each change of what is desired, and none for labels or status', async () => {
    await server.call('POST', deployments, deployment('a'));
    const generation = async (url: string, patch: unknown): Promise<number | undefined> =>
      (await server.call('PATCH', url, patch, { contentType: 'application/merge-patch+json' })).object.metadata.generation;
    expect(await generation(`${deployments}/a`, { metadata: { labels: { a: 'b' } } })).toBe(1);
    expect(await generation(`${deployments}/a/status`, { status: { replicas: 3 } })).toBe(1);
    expect(await generation(`${deployments}/a`, { spec: { replicas: 3 } })).toBe(2);
    expect(await generation(`${deployments}/a`, { metadata: { annotations: { a: 'b' } } })).toBe(3);
  });

  it('keeps status and spec apart', async () => {
    await server.call('POST', deployments, { ...deployment('a'), status: { replicas: 7 } });
    const main = await server.call('PATCH', `${deployments}/a`, { status: { replicas: 8 }, spec: { replicas: 2 } }, mergePatch);
    expect(main.object).toMatchObject({ spec: { replicas: 2 }, status: {} });
    expect(main.object.status).not.toHaveProperty('replicas', 8);
    const status = await server.call('PATCH', `${deployments}/a/status`, { status: { replicas: 9 }, spec: { replicas: 5 } }, mergePatch);
    expect(status.object).toMatchObject({ spec: { replicas: 2 }, status: { replicas: 9 } });
  });

  it('never changes a version that somebody may hold', async () => {
    const first = (await server.call('POST', deployments, deployment('a'))).object;
    const kept = structuredClone(first) as KubeObject;
    await server.call(
      'PATCH',
      `${deployments}/a`,
      { spec: { template: { spec: { containers: [{ name: 'main', image: 'example.com/web:2' }] } } } },
      strategic,
    );
    await server.call('PUT', `${deployments}/a`, deployment('a', { replicas: 4, strategy: { type: 'Recreate' } }));
    await server.call('DELETE', `${deployments}/a?propagationPolicy=Foreground`);
    expect(first).toEqual(kept);
  });
});

const mergePatch = { contentType: 'application/merge-patch+json' };
const strategic = { contentType: 'application/strategic-merge-patch+json' };

describe('a patch', () => {
  it.each<readonly [string, string, unknown]>([
    ['merges', 'application/merge-patch+json', { data: { b: '2', a: null } }],
    [
      'follows a list of operations',
      'application/json-patch+json',
      [
        { op: 'remove', path: '/data/a' },
        { op: 'add', path: '/data/b', value: '2' },
      ],
    ],
    ['merges strategically', 'application/strategic-merge-patch+json', { data: { b: '2', a: null } }],
  ])('%s', async (_name, contentType, patch) => {
    await server.call('POST', maps, configMap('a', { a: '1' }));
    expect((await server.call('PATCH', `${maps}/a`, patch, { contentType })).object.data).toEqual({ b: '2' });
  });

  it('by server-side apply creates, changes, takes back and meets conflicts', async () => {
    const apply = (manager: string, data: Record<string, string>, force = false): Promise<Answer> =>
      server.call('PATCH', `${maps}/a?fieldManager=${manager}&force=${force}`, configMap('a', data), {
        contentType: 'application/apply-patch+yaml',
      });
    expect((await apply('one', { a: '1', b: '1' })).status).toBe(201);
    expect((await apply('one', { a: '2' })).object.data).toEqual({ a: '2' });
    expect(await refused(apply('two', { a: '3' }))).toBe('409 Conflict Apply failed with 1 conflict: conflict with "one": .data.a');
    const forced = await apply('two', { a: '3' }, true);
    expect(forced.object.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['two']);
    expect(await refused(server.call('PATCH', `${maps}/a`, configMap('a'), { contentType: 'application/apply-patch+yaml' }))).toBe(
      '422 Invalid PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    );
  });

  it('that does not fit says so and shows nothing of the object', async () => {
    await server.call('POST', '/api/v1/namespaces/default/secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      stringData: { password: 'hunter2' },
    });
    const answer = await server.call('PATCH', '/api/v1/namespaces/default/secrets/s', { immutable: 'yes' }, mergePatch);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.object)).not.toContain(Buffer.from('hunter2').toString('base64'));
  });

  it('of an unknown media type is refused with those that are known', async () => {
    expect(await refused(server.call('PATCH', `${maps}/a`, {}, { contentType: 'text/plain' }))).toContain('415 UnsupportedMediaType');
  });
});

describe('a deletion', () => {
  it('answers with a Status and takes the object away', async () => {
    await server.call('POST', maps, configMap('a'));
    const { status, object } = await server.call('DELETE', `${maps}/a`);
    expect(status).toBe(200);
    expect(object).toMatchObject({ kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps' } });
    expect((await server.call('GET', `${maps}/a`)).status).toBe(404);
  });

  it('waits for finalizers, lets no new ones in, and ends with the last of them', async () => {
    await server.call('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', finalizers: ['example.com/x'] } });
    const marked = await server.call('DELETE', `${maps}/a`);
    expect(marked.object.metadata.deletionTimestamp).toBe('2026-01-02T03:04:05Z');
    const more = { metadata: { finalizers: ['example.com/x', 'example.com/y'] } };
    expect(await refused(server.call('PATCH', `${maps}/a`, more, mergePatch))).toContain(
      'no new finalizers can be added if the object is being deleted',
    );
    await server.call('PATCH', `${maps}/a`, { metadata: { finalizers: null } }, mergePatch);
    expect((await server.call('GET', `${maps}/a`)).status).toBe(404);
  });

  it.each([
    ['Foreground', ['foregroundDeletion']],
    ['Orphan', ['orphan']],
  ])('with policy %s leaves the object to the garbage collector', async (propagationPolicy, finalizers) => {
    await server.call('POST', maps, configMap('a'));
    const { object } = await server.call('DELETE', `${maps}/a`, { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy });
    expect(object.metadata.finalizers).toEqual(finalizers);
  });

  it('gives a running pod its time, which a second request may only shorten', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { nodeName: 'n', containers: [{ name: 'a', image: 'b' }] },
    };
    await server.call('POST', pods, pod);
    const first = await server.call('DELETE', `${pods}/p`);
    expect(first.object.metadata).toMatchObject({ deletionGracePeriodSeconds: 30, deletionTimestamp: '2026-01-02T03:04:35Z' });
    const second = await server.call('DELETE', `${pods}/p?gracePeriodSeconds=10`);
    expect(second.object.metadata.deletionGracePeriodSeconds).toBe(10);
    expect((await server.call('DELETE', `${pods}/p?gracePeriodSeconds=20`)).object.metadata.deletionGracePeriodSeconds).toBe(10);
    await server.call('DELETE', `${pods}/p?gracePeriodSeconds=0`);
    expect((await server.call('GET', `${pods}/p`)).status).toBe(404);
  });

  it('with preconditions takes only the object that was meant', async () => {
    await server.call('POST', maps, configMap('a'));
    const options = { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'another' } };
    expect(await refused(server.call('DELETE', `${maps}/a`, options))).toContain(
      'the UID in the precondition (another) does not match the UID in record',
    );
  });

  it('of a namespace stops new content at once and ends when it is finalized', async () => {
    await server.call('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } });
    expect((await server.call('DELETE', '/api/v1/namespaces/n')).object.status).toMatchObject({ phase: 'Terminating' });
    expect(await refused(server.call('POST', '/api/v1/namespaces/n/configmaps', configMap('a')))).toBe(
      '403 Forbidden configmaps "a" is forbidden: unable to create new content in namespace n because it is being terminated',
    );
    await server.call('PUT', '/api/v1/namespaces/n/finalize', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'n' },
      spec: { finalizers: [] },
    });
    expect((await server.call('GET', '/api/v1/namespaces/n')).status).toBe(404);
    expect(await refused(server.call('DELETE', '/api/v1/namespaces/default'))).toContain('this namespace may not be deleted');
  });

  it('of a collection takes what is selected', async () => {
    for (const name of ['a', 'b', 'c'])
      await server.call('POST', maps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, labels: { group: name === 'c' ? 'no' : 'yes' } },
      });
    await server.call('DELETE', `${maps}?labelSelector=group%3Dyes`);
    const left = (await server.call('GET', `${maps}?labelSelector=group`)).object as unknown as { items: readonly KubeObject[] };
    expect(left.items.map(({ metadata }) => metadata.name)).toEqual(['c']);
  });
});
