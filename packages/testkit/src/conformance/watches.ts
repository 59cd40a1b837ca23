/** Watching: from now, from a version, with the state first, and what happens when the past is gone. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes, createInformer, silentLogger, systemClock, type WatchEvent } from '@sluice/kube';
import { expect, it } from 'vitest';
import { type Bench, failureOf, field, take, told } from './bench.ts';

const { configMaps } = builtinTypes;

export function watchCases(bench: Bench): void {
  const labelled = (group: string): { namespace: string; labelSelector: string } => ({
    namespace: bench.namespace,
    labelSelector: `watch=${group}`,
  });
  const make = (group: string, name = bench.name(group), data: Record<string, string> = {}): Promise<KubeObject> =>
    bench.createConfigMap(name, { data }, { labels: { watch: group } });

  it('tells of everything after a version, in the order of versions', async () => {
    const { resourceVersion } = await bench.client.list(configMaps, labelled('order'));
    const made = await make('order');
    const name = made.metadata.name ?? '';
    await bench.client.patch(configMaps, bench.at(name), 'merge', { data: { a: '1' } });
    await bench.client.delete(configMaps, bench.at(name));
    const events = await take(await bench.client.watch(configMaps, { ...labelled('order'), resourceVersion }), 3);
    expect(told(events)).toEqual([`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
    expect(events[0]?.object).toEqual(made);
    const versions = events.map(({ object }) => Number((object as KubeObject).metadata.resourceVersion));
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(field(events[2]?.object, 'data')).toEqual({ a: '1' });
  });

  it('begins with what is there when no version is given, and goes on from now', async () => {
    const made = await make('state');
    const stream = await bench.client.watch(configMaps, labelled('state'));
    const later = bench.name('state');
    const created = make('state', later);
    expect(told(await take(stream, 2))).toEqual([`ADDED ${made.metadata.name}`, `ADDED ${later}`]);
    await created;
  });

  it('turns a change of labels into coming and going', async () => {
    const name = bench.name('selected');
    await bench.createConfigMap(name);
    const { resourceVersion } = await bench.client.list(configMaps, labelled('selected'));
    const stream = await bench.client.watch(configMaps, { ...labelled('selected'), resourceVersion });
    for (const value of ['selected', 'selected', 'other']) {
      await bench.client.patch(configMaps, bench.at(name), 'merge', {
        metadata: { labels: { watch: value } },
        data: { n: bench.name('n') },
      });
    }
    expect(told(await take(stream, 3))).toEqual([`ADDED ${name}`, `MODIFIED ${name}`, `DELETED ${name}`]);
  });

  it('watches one object by its name', async () => {
    const name = bench.name('single');
    await make('single', bench.name('single'));
    const stream = await bench.client.watch(configMaps, { namespace: bench.namespace, fieldSelector: `metadata.name=${name}` });
    await make('single', name);
    expect(told(await take(stream, 1))).toEqual([`ADDED ${name}`]);
  });

  it('streams the first state and marks its end', async () => {
    const names = [bench.name('initial'), bench.name('initial')];
    for (const name of names) await make('initial', name);
    const stream = await bench.client.watch(configMaps, { ...labelled('initial'), bookmarks: true, sendInitialEvents: true });
    const events: WatchEvent[] = [];
    const cancel = systemClock.after(10_000, () => stream.close());
    for await (const event of stream) {
      events.push(event);
      if (event.type === 'BOOKMARK') break;
    }
    cancel();
    stream.close();
    expect(events.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
    const mark = events[2]?.object as KubeObject;
    expect(mark.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    expect(mark.kind).toBe('ConfigMap');
    const after = bench.name('initial');
    await make('initial', after);
    const { resourceVersion = '' } = mark.metadata;
    expect(told(await take(await bench.client.watch(configMaps, { ...labelled('initial'), resourceVersion }), 1))).toEqual([
      `ADDED ${after}`,
    ]);
  });

  it('wants the options of a streamed state together', async () => {
    const path = `/api/v1/namespaces/${bench.namespace}/configmaps`;
    const watch = (query: Record<string, string>): Promise<unknown> =>
      bench.client.transport.watch({ method: 'GET', path, query: { watch: 'true', ...query } });
    expect(await failureOf(watch({ sendInitialEvents: 'true' }))).toMatchObject({ code: 422, reason: 'Invalid' });
    expect(await failureOf(watch({ resourceVersionMatch: 'NotOlderThan' }))).toMatchObject({ code: 422, reason: 'Invalid' });
  });

  it('ends a watch when its time is over', async () => {
    const stream = await bench.client.watch(configMaps, { ...labelled('timeout'), timeoutSeconds: 1 });
    const begun = systemClock.now();
    for await (const event of stream) expect(event.type).toBe('BOOKMARK');
    expect(systemClock.now() - begun).toBeLessThan(8_000);
  });

  it('refuses a version that is no number', async () => {
    const refused = await failureOf(bench.client.watch(configMaps, { ...labelled('bad'), resourceVersion: 'abc' }));
    // 500 it is: the real server forgets to say whose fault it was.
    expect(refused).toMatchObject({ code: 500, message: expect.stringContaining('resourceVersion: Invalid value: "abc"') });
  });

  it('answers 410 for a version that it has forgotten', async ({ skip }) => {
    const { forgetHistory } = bench.api;
    if (forgetHistory === undefined) return skip('this server cannot be made to forget');
    const resourceVersion = await forgetHistory(configMaps);
    const outcome = await bench.client.watch(configMaps, { namespace: bench.namespace, resourceVersion }).then(
      (stream) => take(stream, 1),
      (error: { code: number }) => [{ type: 'ERROR', object: { code: error.code } }],
    );
    expect(outcome).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  });

  for (const initialEvents of [false, true]) {
    it(`feeds an informer ${initialEvents ? 'by a streamed state' : 'by list and watch'} that ends with what the server has`, async () => {
      const group = bench.name('informer');
      for (let i = 0; i < 5; i++) await make(group);
      const informer = createInformer({
        client: bench.client,
        type: configMaps,
        clock: systemClock,
        random: () => 0.5,
        logger: silentLogger,
        initialEvents,
        ...labelled(group),
      });
      await informer.synced();
      expect(informer.size).toBe(5);
      const [first] = informer.list();
      await bench.client.delete(configMaps, bench.at(first?.metadata.name ?? ''));
      const made = await make(group);
      informer.overlay(made);
      await bench.client.patch(configMaps, bench.at(made.metadata.name ?? ''), 'merge', { data: { a: '1' } });
      const versions = (objects: Iterable<KubeObject>): readonly string[] =>
        [...objects].map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`).sort();
      await bench.until('the cache', async () => {
        const { items } = await bench.client.list(configMaps, labelled(group));
        return versions(items).join() === versions(informer.list()).join();
      });
      informer.stop();
    });
  }
}
