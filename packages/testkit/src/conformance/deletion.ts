/** How objects go: finalizers, owners, and a namespace with everything in it. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { expect, it } from 'vitest';
import { type Bench, failureOf, field } from './bench.ts';

const { configMaps, namespaces, pods } = builtinTypes;

export function deletionCases(bench: Bench): void {
  const owned = (owner: KubeObject, isBlocking = false): Record<string, unknown> => ({
    ownerReferences: [
      {
        apiVersion: owner.apiVersion,
        kind: owner.kind,
        name: owner.metadata.name,
        uid: owner.metadata.uid,
        ...(isBlocking ? { blockOwnerDeletion: true } : {}),
      },
    ],
  });

  it('waits for finalizers, and lets nothing else of the object grow back', async () => {
    const name = bench.name('finalizer');
    await bench.createConfigMap(name, {}, { finalizers: ['example.com/wait'] });
    await bench.client.delete(configMaps, bench.at(name));
    const dying = await bench.client.get(configMaps, bench.at(name));
    expect(dying.metadata.deletionTimestamp).toMatch(/^\d{4}-/);
    expect(dying.metadata.deletionGracePeriodSeconds).toBe(0);
    const more = bench.client.patch(configMaps, bench.at(name), 'merge', {
      metadata: { finalizers: ['example.com/wait', 'example.com/more'] },
    });
    expect(await failureOf(more)).toMatchObject({
      code: 422,
      causes: expect.arrayContaining([
        expect.objectContaining({
          field: 'metadata.finalizers',
          message: expect.stringContaining('no new finalizers can be added if the object is being deleted'),
        }),
      ]),
    });
    await bench.client.patch(configMaps, bench.at(name), 'merge', { metadata: { finalizers: null } });
    expect(await failureOf(bench.client.get(configMaps, bench.at(name)))).toMatchObject({ code: 404 });
  });

  it('collects what is owned, in the background, and what lost its owner', async () => {
    const owner = await bench.createConfigMap(bench.name('owner'));
    const child = bench.name('child');
    const grandchild = bench.name('grandchild');
    const made = await bench.createConfigMap(child, {}, owned(owner));
    await bench.createConfigMap(grandchild, {}, owned(made));
    await bench.client.delete(configMaps, bench.at(owner.metadata.name ?? ''), { propagationPolicy: 'Background' });
    expect(await failureOf(bench.client.get(configMaps, bench.at(owner.metadata.name ?? '')))).toMatchObject({ code: 404 });
    await bench.untilGone(configMaps, bench.at(child));
    await bench.untilGone(configMaps, bench.at(grandchild));
    const late = bench.name('late');
    await bench.createConfigMap(late, {}, owned(owner));
    await bench.untilGone(configMaps, bench.at(late));
  });

  it('keeps what another living owner has', async () => {
    const [first, second] = [await bench.createConfigMap(bench.name('parent')), await bench.createConfigMap(bench.name('parent'))];
    const child = bench.name('shared');
    const references = [...(owned(first).ownerReferences as unknown[]), ...(owned(second).ownerReferences as unknown[])];
    await bench.createConfigMap(child, {}, { ownerReferences: references });
    await bench.client.delete(configMaps, bench.at(first.metadata.name ?? ''));
    const kept = await bench.untilObject(
      configMaps,
      bench.at(child),
      'one owner',
      (object) => object.metadata.ownerReferences?.length === 1,
    );
    expect(kept.metadata.ownerReferences?.[0]?.uid).toBe(second.metadata.uid);
  });

  it('deletes the owned first in the foreground', async () => {
    const owner = await bench.createConfigMap(bench.name('foreground'));
    const child = bench.name('blocking');
    await bench.createConfigMap(child, {}, { ...owned(owner, true), finalizers: ['example.com/wait'] });
    const at = bench.at(owner.metadata.name ?? '');
    await bench.client.delete(configMaps, at, { propagationPolicy: 'Foreground' });
    const dying = await bench.client.get(configMaps, at);
    expect(dying.metadata.finalizers).toEqual(['foregroundDeletion']);
    await bench.untilObject(configMaps, bench.at(child), 'being deleted', (object) => object.metadata.deletionTimestamp !== undefined);
    expect((await bench.client.get(configMaps, at)).metadata.deletionTimestamp).toBeDefined();
    await bench.client.patch(configMaps, bench.at(child), 'merge', { metadata: { finalizers: null } });
    await bench.untilGone(configMaps, at);
  });

  it('sets the owned free when asked to orphan', async () => {
    const owner = await bench.createConfigMap(bench.name('orphaning'));
    const child = bench.name('orphan');
    await bench.createConfigMap(child, {}, owned(owner));
    await bench.client.delete(configMaps, bench.at(owner.metadata.name ?? ''), { propagationPolicy: 'Orphan' });
    await bench.untilGone(configMaps, bench.at(owner.metadata.name ?? ''));
    const free = await bench.untilObject(
      configMaps,
      bench.at(child),
      'without owner',
      (object) => object.metadata.ownerReferences === undefined,
    );
    expect(free.metadata.deletionTimestamp).toBeUndefined();
  });

  it('gives pods their grace and then removes them', async () => {
    const name = bench.name('grace');
    await bench.client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: bench.namespace },
      spec: { containers: [{ name: 'web', image: 'example.com/web:1' }], terminationGracePeriodSeconds: 5 },
    });
    await bench.untilObject(pods, bench.at(name), 'running', (pod) => field(pod, 'status.phase') === 'Running');
    await bench.client.delete(pods, bench.at(name));
    const dying = await bench.client.get(pods, bench.at(name)).catch(() => undefined);
    if (dying !== undefined) expect(dying.metadata.deletionGracePeriodSeconds).toBe(5);
    await bench.untilGone(pods, bench.at(name));
  });

  it('empties a namespace before it goes, and refuses newcomers meanwhile', async () => {
    const namespace = await bench.namespaceMade();
    await bench.client.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'held', namespace, finalizers: ['example.com/wait'] },
    });
    await bench.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'free', namespace } });
    await bench.client.delete(namespaces, { name: namespace });
    await bench.untilGone(configMaps, { namespace, name: 'free' });
    const dying = await bench.client.get(namespaces, { name: namespace });
    expect(field(dying, 'status.phase')).toBe('Terminating');
    expect(field(dying, 'spec.finalizers')).toEqual(['kubernetes']);
    const late = bench.client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace } });
    expect(await failureOf(late)).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `configmaps "late" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      causes: [{ reason: 'NamespaceTerminating' }],
    });
    await bench.client.patch(configMaps, { namespace, name: 'held' }, 'merge', { metadata: { finalizers: null } });
    await bench.untilGone(namespaces, { name: namespace });
  });
}
