/** One object at a time: create, read, update, delete, and every way in which a server refuses. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { expect, it } from 'vitest';
import { type Bench, failureOf, field, podTemplate } from './bench.ts';

const { configMaps, deployments, pods, services } = builtinTypes;

export function objectCases(bench: Bench): void {
  it('creates, reads, updates and deletes, and fills in what a server owns', async () => {
    const name = bench.name('life');
    const made = await bench.createConfigMap(
      name,
      { data: { a: '1' } },
      { uid: 'mine', resourceVersion: undefined, creationTimestamp: '2000-01-01T00:00:00Z' },
    );
    expect(made).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: bench.namespace }, data: { a: '1' } });
    expect(made.metadata.uid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(made.metadata.resourceVersion).toMatch(/^[1-9]\d*$/);
    expect(made.metadata.creationTimestamp).not.toBe('2000-01-01T00:00:00Z');
    expect(made.metadata.managedFields).toMatchObject([{ operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1' }]);
    expect(await bench.client.get(configMaps, bench.at(name))).toEqual(made);
    const updated = await bench.client.update(configMaps, { ...made, data: { a: '2' } });
    expect(Number(updated.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion));
    await bench.client.delete(configMaps, bench.at(name));
    expect(await failureOf(bench.client.get(configMaps, bench.at(name)))).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: `configmaps "${name}" not found`,
    });
  });

  it('changes nothing and no version when an update says what is there already', async () => {
    const made = await bench.createConfigMap(bench.name('same'), { data: { a: '1' } });
    expect((await bench.client.update(configMaps, made)).metadata.resourceVersion).toBe(made.metadata.resourceVersion);
  });

  it('makes a name from generateName', async () => {
    const make = (): Promise<unknown> =>
      bench.client.create(configMaps, {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { generateName: 'made-', namespace: bench.namespace },
      });
    const [first, second] = await Promise.all([make(), make()]);
    expect(field(first, 'metadata.name')).toMatch(/^made-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(field(first, 'metadata.name')).not.toBe(field(second, 'metadata.name'));
    expect(field(first, 'metadata.generateName')).toBe('made-');
  });

  it('refuses a name that is taken, a version that is old, another uid, and an object that is not there', async () => {
    const name = bench.name('taken');
    const made = await bench.createConfigMap(name);
    expect(await failureOf(bench.createConfigMap(name))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: `configmaps "${name}" already exists`,
    });
    await bench.client.update(configMaps, { ...made, data: { a: '1' } });
    expect(await failureOf(bench.client.update(configMaps, { ...made, data: { a: '2' } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message: `Operation cannot be fulfilled on configmaps "${name}": the object has been modified; please apply your changes to the latest version and try again`,
    });
    const other = { ...bench.configMap(name), metadata: { name, namespace: bench.namespace, uid: '00000000-0000-4000-8000-000000000000' } };
    expect(await failureOf(bench.client.update(configMaps, other))).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(await failureOf(bench.client.update(configMaps, bench.configMap(bench.name('absent'))))).toMatchObject({
      code: 404,
      reason: 'NotFound',
    });
  });

  it('takes an update without a version as it comes', async () => {
    const name = bench.name('blind');
    await bench.createConfigMap(name, { data: { a: '1' } });
    expect((await bench.client.update(configMaps, bench.configMap(name, { data: { b: '2' } }))).data).toEqual({ b: '2' });
  });

  it('raises the generation with the spec, and only with it', async () => {
    const name = bench.name('generation');
    const made = await bench.client.create<KubeObject>(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: bench.namespace },
      spec: { replicas: 0, paused: true, selector: { matchLabels: { app: name } }, template: podTemplate({ app: name }) },
    });
    expect(made.metadata.generation).toBe(1);
    const labelled = await bench.client.patch(deployments, bench.at(name), 'merge', { metadata: { labels: { x: 'y' } } });
    expect(labelled.metadata.generation).toBe(1);
    const changed = await bench.client.patch(deployments, bench.at(name), 'merge', { spec: { minReadySeconds: 3 } });
    expect(changed.metadata.generation).toBe(2);
    await bench.client.delete(deployments, bench.at(name));
  });

  it('fills in defaults of built-in kinds', async () => {
    const name = bench.name('defaults');
    const made = await bench.client.create(
      deployments,
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, namespace: bench.namespace },
        spec: {
          selector: { matchLabels: { app: name } },
          template: {
            metadata: { labels: { app: name } },
            spec: {
              containers: [
                { name: 'a', image: 'example.com/a', ports: [{ containerPort: 80 }], readinessProbe: { httpGet: { path: '/', port: 80 } } },
                { name: 'b', image: 'example.com/b:1', resources: { limits: { cpu: '0.5', memory: '1024Mi' } } },
              ],
              volumes: [{ name: 'v', configMap: { name: 'c' } }],
            },
          },
        },
      },
      { dryRun: true },
    );
    expect(made.spec).toEqual({
      replicas: 1,
      selector: { matchLabels: { app: name } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: {
        metadata: { labels: { app: name } },
        spec: {
          volumes: [{ name: 'v', configMap: { name: 'c', defaultMode: 420 } }],
          containers: [
            {
              name: 'a',
              image: 'example.com/a',
              ports: [{ containerPort: 80, protocol: 'TCP' }],
              resources: {},
              readinessProbe: {
                httpGet: { path: '/', port: 80, scheme: 'HTTP' },
                timeoutSeconds: 1,
                periodSeconds: 10,
                successThreshold: 1,
                failureThreshold: 3,
              },
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              imagePullPolicy: 'Always',
            },
            {
              name: 'b',
              image: 'example.com/b:1',
              resources: { limits: { cpu: '500m', memory: '1Gi' } },
              terminationMessagePath: '/dev/termination-log',
              terminationMessagePolicy: 'File',
              imagePullPolicy: 'IfNotPresent',
            },
          ],
          restartPolicy: 'Always',
          terminationGracePeriodSeconds: 30,
          dnsPolicy: 'ClusterFirst',
          securityContext: {},
          schedulerName: 'default-scheduler',
        },
      },
    });
  });

  it('gives a Service an address in its range, and refuses to change it', async () => {
    const name = bench.name('service');
    const made = await bench.client.create(services, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace: bench.namespace },
      spec: { selector: { app: name }, ports: [{ port: 80 }] },
    });
    expect(made.spec).toMatchObject({ type: 'ClusterIP', sessionAffinity: 'None', ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }] });
    expect(field(made, 'spec.clusterIP')).toMatch(/^10\.\d+\.\d+\.\d+$/);
    expect(field(made, 'spec.clusterIPs.0')).toBe(field(made, 'spec.clusterIP'));
    const moved = bench.client.patch(services, bench.at(name), 'merge', {
      spec: { clusterIP: '10.96.255.250', clusterIPs: ['10.96.255.250'] },
    });
    expect(await failureOf(moved)).toMatchObject({ code: 422, reason: 'Invalid' });
    await bench.client.delete(services, bench.at(name));
  });

  it('names every wrong field of an object, with its path', async () => {
    const name = bench.name('invalid');
    const wrong = bench.client.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: `${name}.`, namespace: bench.namespace },
      spec: {
        replicas: -1,
        selector: { matchLabels: { app: 'a' } },
        template: { metadata: { labels: { app: 'b' } }, spec: { containers: [{ name: 'UPPER', image: '' }], restartPolicy: 'Never' } },
      },
    });
    const { code, reason, message, causes } = await failureOf(wrong);
    expect({ code, reason }).toEqual({ code: 422, reason: 'Invalid' });
    expect(message).toMatch(/^Deployment\.apps "invalid-\d+\." is invalid: \[metadata\.name: Invalid value: /);
    const fields = (causes as { field: string }[]).map((cause) => cause.field);
    expect(fields).toEqual(
      expect.arrayContaining([
        'metadata.name',
        'spec.replicas',
        'spec.template.metadata.labels',
        'spec.template.spec.containers[0].name',
        'spec.template.spec.containers[0].image',
        'spec.template.spec.restartPolicy',
      ]),
    );
  });

  it('refuses to change what cannot change', async () => {
    const name = bench.name('fixed');
    await bench.client.create(deployments, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace: bench.namespace },
      spec: { replicas: 0, selector: { matchLabels: { app: name } }, template: podTemplate({ app: name }) },
    });
    const changed = bench.client.patch(deployments, bench.at(name), 'merge', {
      spec: { selector: { matchLabels: { app: 'other' } }, template: { metadata: { labels: { app: 'other' } } } },
    });
    expect(await failureOf(changed)).toMatchObject({
      code: 422,
      causes: [{ field: 'spec.selector', message: expect.stringContaining('field is immutable') }],
    });
    await bench.client.delete(deployments, bench.at(name));
    const sealed = await bench.createConfigMap(bench.name('sealed'), { immutable: true, data: { a: '1' } });
    expect(await failureOf(bench.client.update(configMaps, { ...sealed, data: { a: '2' } }))).toMatchObject({
      code: 422,
      causes: [{ field: 'data', message: expect.stringContaining('field is immutable when `immutable` is set') }],
    });
  });

  it('answers a dry run with the outcome and keeps nothing', async () => {
    const name = bench.name('dry');
    const made = await bench.client.create(configMaps, bench.configMap(name), { dryRun: true });
    expect(made.metadata.uid).toMatch(/-/);
    expect(await failureOf(bench.client.get(configMaps, bench.at(name)))).toMatchObject({ code: 404 });
    await bench.createConfigMap(name, { data: { a: '1' } });
    expect((await bench.client.patch(configMaps, bench.at(name), 'merge', { data: { a: '2' } }, { dryRun: true })).data).toEqual({
      a: '2',
    });
    await bench.client.delete(configMaps, bench.at(name), { dryRun: true });
    expect((await bench.client.get(configMaps, bench.at(name))).data).toEqual({ a: '1' });
  });

  it('treats unknown and repeated fields as asked: strict, warn, ignore', async () => {
    const odd = (name: string): Parameters<typeof bench.client.create>[1] => ({
      ...bench.configMap(name),
      dota: { a: '1' },
      metadata: { name, namespace: bench.namespace, labls: {} } as never,
    });
    const strict = await failureOf(bench.client.create(configMaps, odd(bench.name('strict')), { fieldValidation: 'Strict' }));
    expect(strict).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect(strict.message).toContain('strict decoding error: ');
    expect(strict.message).toContain('unknown field "dota"');
    expect(strict.message).toContain('unknown field "metadata.labls"');

    const post = (
      fieldValidation: string,
    ): Promise<{ status: number; headers: Readonly<Record<string, string | undefined>>; body: unknown }> =>
      bench.client.transport.request({
        method: 'POST',
        path: `/api/v1/namespaces/${bench.namespace}/configmaps`,
        query: { fieldValidation },
        body: odd(bench.name('odd')),
      });
    const warned = await post('Warn');
    expect(warned.status).toBe(201);
    expect(warned.headers.warning).toContain('299 - "unknown field \\"dota\\""');
    expect(field(warned.body, 'dota')).toBeUndefined();
    const ignored = await post('Ignore');
    expect(ignored.status).toBe(201);
    expect(ignored.headers.warning).toBeUndefined();
  });

  it('refuses an object of another name, namespace, kind or version than the path', async () => {
    const send = (path: string, body: unknown, method: 'POST' | 'PUT' = 'POST'): Promise<unknown> =>
      bench.client.raw({ method, path, body });
    const collection = `/api/v1/namespaces/${bench.namespace}/configmaps`;
    const name = bench.name('path');
    expect(await failureOf(send(`${collection}/${name}`, bench.configMap('other'), 'PUT'))).toMatchObject({
      code: 400,
      message: `the name of the object (other) does not match the name on the URL (${name})`,
    });
    expect(await failureOf(send(collection, { ...bench.configMap(name), metadata: { name, namespace: 'other' } }))).toMatchObject({
      code: 400,
      message: 'the namespace of the provided object does not match the namespace sent on the request',
    });
    expect(await failureOf(send(collection, { ...bench.configMap(name), kind: 'Secret' }))).toMatchObject({
      code: 400,
      reason: 'BadRequest',
    });
    expect(await failureOf(send(collection, { ...bench.configMap(name), apiVersion: 'v2' }))).toMatchObject({
      code: 400,
      reason: 'BadRequest',
    });
    expect(await failureOf(send(collection, { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} }))).toMatchObject({
      code: 422,
      reason: 'Invalid',
    });
    expect(
      await failureOf(
        send(`/api/v1/namespaces/nowhere-${bench.namespace}/configmaps`, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
      ),
    ).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: `namespaces "nowhere-${bench.namespace}" not found`,
    });
    expect(await failureOf(bench.client.raw({ method: 'GET', path: '/apis/nowhere.example.com/v1/things' }))).toMatchObject({ code: 404 });
    expect(await failureOf(bench.client.raw({ method: 'DELETE', path: '/api/v1/nodes/x/proxy2' }))).toMatchObject({ code: 404 });
  });

  it('keeps to the preconditions of a deletion', async () => {
    const made = await bench.createConfigMap(bench.name('guarded'));
    const at = bench.at(made.metadata.name ?? '');
    expect(
      await failureOf(bench.client.delete(configMaps, at, { preconditions: { uid: '00000000-0000-4000-8000-000000000000' } })),
    ).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
    expect(await failureOf(bench.client.delete(configMaps, at, { preconditions: { resourceVersion: '1' } }))).toMatchObject({ code: 409 });
    await bench.client.delete(configMaps, at, {
      preconditions: { uid: made.metadata.uid ?? '', resourceVersion: made.metadata.resourceVersion ?? '' },
    });
    expect(await failureOf(bench.client.get(configMaps, at))).toMatchObject({ code: 404 });
  });

  it('takes stringData of a Secret as data, and base64 only', async () => {
    const name = bench.name('secret');
    const made = await bench.client.create(builtinTypes.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: bench.namespace },
      stringData: { a: 'hello' },
      data: { b: 'aGk=' },
    });
    expect(made).toMatchObject({ type: 'Opaque', data: { a: 'aGVsbG8=', b: 'aGk=' } });
    expect(made.stringData).toBeUndefined();
    const wrong = bench.client.create(builtinTypes.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: bench.name('secret'), namespace: bench.namespace },
      data: { b: '***' },
    });
    expect(await failureOf(wrong)).toMatchObject({ code: 400, reason: 'BadRequest' });
  });

  it('shows which verbs a path has', async () => {
    const name = bench.name('verbs');
    expect(
      await failureOf(bench.client.raw({ method: 'POST', path: `/api/v1/namespaces/${bench.namespace}/pods/${name}`, body: {} })),
    ).toMatchObject({
      code: 405,
      reason: 'MethodNotAllowed',
    });
    expect(await failureOf(bench.client.get(pods, bench.at(name)))).toMatchObject({ code: 404, message: `pods "${name}" not found` });
  });
}
