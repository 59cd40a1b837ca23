import { compareResourceVersions, type KubeObject, type ResourceType } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinTypes } from './builtin-types.ts';
import { type CreateInformerOptions, createInformer } from './cached-informer.ts';
import type { Client } from './client.ts';
import { sleep, type VirtualClock, virtualClock } from './clock.ts';
import type { Informer } from './informer.ts';
import { silentLogger } from './logger.ts';
import { createClient } from './rest-client.ts';
import { ModelServer, versionsOf } from './testing/model-server.ts';

const type: ResourceType = builtinTypes.configMaps;

function setUp(options: Partial<CreateInformerOptions<KubeObject>> = {}): {
  server: ModelServer;
  client: Client;
  clock: VirtualClock;
  informer: Informer;
} {
  const server = new ModelServer();
  const client = createClient(server, { fieldManager: 'test' });
  const clock = virtualClock(0, 2);
  const informer = createInformer({ client, type, clock, random: () => 0.5, logger: silentLogger, ...options });
  return { server, client, clock, informer };
}

function configMap(name: string, namespace = 'a', extra: Record<string, unknown> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...extra } };
}

/** Keeps what handlers say. */
function mirrorOf(informer: Informer): { objects: Map<string, KubeObject>; said: string[] } {
  const objects = new Map<string, KubeObject>();
  const said: string[] = [];
  informer.addHandler({
    added: (object) => {
      said.push(`+${object.metadata.name}`);
      objects.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
    },
    updated: (object, previous) => {
      const isBack = compareResourceVersions(object.metadata.resourceVersion ?? '', previous.metadata.resourceVersion ?? '') < 0;
      said.push(`${isBack ? 'back to an older ' : '~'}${object.metadata.name}`);
      objects.set(`${object.metadata.namespace}/${object.metadata.name}`, object);
    },
    deleted: (object) => {
      said.push(`-${object.metadata.name}`);
      objects.delete(`${object.metadata.namespace}/${object.metadata.name}`);
    },
  });
  return { objects, said };
}

describe('an informer', () => {
  it('lists in pages, follows changes, and drops managedFields', async () => {
    const { server, client, clock, informer: early } = setUp();
    early.stop();
    for (let i = 0; i < 1200; i++) await client.create(type, configMap(`c${i}`, 'a', { managedFields: [{ manager: 'x' }] }));
    const informer = createInformer({ client, type, clock, random: () => 0.5, logger: silentLogger });
    await informer.synced();
    expect(informer.size).toBe(1200);
    expect(informer.get('a/c7')?.metadata.managedFields).toBeUndefined();
    expect(server.requests.filter(({ query }) => query?.limit === '500').length).toBeGreaterThanOrEqual(3);
    await client.delete(type, { namespace: 'a', name: 'c7' });
    await clock.settle();
    expect(informer.get('a/c7')).toBeUndefined();
    informer.stop();
  });

  it('tells a late handler of everything present, and goes on when a handler throws', async () => {
    const { client, clock, informer } = setUp();
    await client.create(type, configMap('one'));
    await clock.advance(300);
    informer.addHandler({
      added() {
        throw new Error('broken handler');
      },
    });
    const mirror = mirrorOf(informer);
    await client.create(type, configMap('two'));
    await clock.settle();
    expect(mirror.said).toEqual(['+one', '+two']);
    informer.stop();
  });

  it('keeps indexes at each write', async () => {
    const { client, clock, informer } = setUp({ indexes: { label: (object) => Object.values(object.metadata.labels ?? {}) } });
    await clock.advance(300);
    const made = await client.create(type, configMap('one', 'a', { labels: { k: 'red' } }));
    await client.create(type, configMap('two', 'b', { labels: { k: 'red' } }));
    await clock.settle();
    expect(informer.byIndex('label', 'red').map(({ metadata }) => metadata.name)).toEqual(['one', 'two']);
    await client.update(type, { ...made, metadata: { ...made.metadata, labels: { k: 'blue' } } });
    await clock.settle();
    expect(informer.byIndex('label', 'red').map(({ metadata }) => metadata.name)).toEqual(['two']);
    expect(informer.byIndex('label', 'blue').map(({ metadata }) => metadata.name)).toEqual(['one']);
    expect([...informer.inNamespace('b')].map(({ metadata }) => metadata.name)).toEqual(['two']);
    informer.stop();
  });

  it('notices a connection that has died in silence within two and a half minutes', async () => {
    const { server, client, clock, informer } = setUp();
    await clock.advance(300);
    server.stall();
    await client.create(type, configMap('unseen'));
    await clock.advance(149_000);
    expect(informer.size).toBe(0);
    await clock.advance(3_000);
    expect(informer.size).toBe(1);
    informer.stop();
  });

  it('lists again on 410 and reports what vanished as deleted', async () => {
    const { server, client, clock, informer } = setUp();
    await client.create(type, configMap('stays'));
    await client.create(type, configMap('goes'));
    await clock.advance(300);
    const mirror = mirrorOf(informer);
    server.disconnect('cut');
    await client.delete(type, { namespace: 'a', name: 'goes' });
    await client.create(type, configMap('comes'));
    server.compact();
    await clock.advance(2_000);
    expect(mirror.said.slice(2).sort()).toEqual(['+comes', '-goes']);
    informer.stop();
  });

  it('shows an own write at once, and is not thrown back by its older echo', async () => {
    const { server, client, clock, informer } = setUp();
    const made = await client.create(type, configMap('one'));
    await clock.advance(300);
    server.stall();
    const written = await client.update(type, { ...made, data: { a: '1' } });
    informer.overlay(written);
    expect(informer.get('a/one')?.data).toEqual({ a: '1' });
    await client.delete(type, { namespace: 'a', name: 'one' });
    await clock.advance(160_000);
    informer.overlay(written);
    expect(informer.get('a/one')).toBeUndefined();
    informer.stop();
  });

  it('keeps own writes that a list under way has not seen', async () => {
    const { server, client, clock, informer } = setUp();
    await client.create(type, configMap('one'));
    await client.create(type, configMap('two'));
    await clock.advance(300);
    const mirror = mirrorOf(informer);
    server.onRequest = (request) => {
      shortenPages(request, 1);
      return request.query?.limit === undefined ? undefined : sleep(clock, 100);
    };
    server.expireWatches();
    await clock.advance(150);
    informer.overlay(await client.patch(type, { namespace: 'a', name: 'one' }, 'merge', { data: { own: 'yes' } }));
    informer.overlay(await client.create(type, configMap('three')));
    await clock.advance(1_000);
    expect(mirror.said).toEqual(['+one', '+two', '~one', '+three']);
    expect(informer.get('a/one')?.data).toEqual({ own: 'yes' });
    informer.stop();
  });

  it('waits longer and longer for a server that is down, and comes back when it does', async () => {
    const { server, client, clock, informer } = setUp();
    server.isDown = true;
    await clock.advance(600_000);
    const asked = server.requests.length;
    expect(asked).toBeGreaterThan(10);
    expect(asked).toBeLessThan(60);
    server.isDown = false;
    await client.create(type, configMap('one'));
    await clock.advance(31_000);
    expect(informer.isSynced).toBe(true);
    expect(informer.size).toBe(1);
    informer.stop();
  });

  it('rejects those who wait for a first list that never comes', async () => {
    const { server, informer } = setUp();
    server.isDown = true;
    const waiting = informer.synced().catch((error: Error) => error.message);
    informer.stop();
    expect(await waiting).toContain('was stopped before its first list was complete');
  });

  for (const initialEvents of [false, true]) {
    const how = initialEvents ? 'streamed' : 'listed';
    it(`ends with the server's state after any history of faults, ${how}`, async () => {
      const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
      const step = fc.oneof(
        { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('create', 'update', 'delete'), name, isOwn: fc.boolean() }) },
        { weight: 2, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.constantFrom(10, 20, 50, 220, 5_000, 100_000) }) },
        {
          weight: 2,
          arbitrary: fc.record({ do: fc.constantFrom('cut', 'end', 'stall', 'compact', 'expire', 'bookmark', 'down', 'up', 'late') }),
        },
      );
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 0, max: 3 }), async (steps, pageLimit) => {
          const { server, client, clock, informer } = setUp({
            initialEvents,
            indexes: { tint: (object) => [String((object as { tint?: unknown }).tint ?? 'none')] },
          });
          const mirror = mirrorOf(informer);
          const late: KubeObject[] = [];
          if (pageLimit > 0) {
            server.onRequest = (request) => {
              shortenPages(request, pageLimit);
              return request.query?.limit !== undefined ? sleep(clock, 20) : undefined;
            };
          }
          let tint = 0;
          for (const one of steps) {
            const wasDown = server.isDown;
            const at = { namespace: 'ns', name: 'name' in one ? one.name : '' };
            // Other people's writes reach the server whether or not our connection does.
            server.isDown = false;
            const written = await (one.do === 'create'
              ? client.create(type, { ...configMap(at.name, 'ns'), tint: tint++ % 3 }).catch(() => undefined)
              : one.do === 'update'
                ? client.patch(type, at, 'merge', { tint: tint++ % 3 }).catch(() => undefined)
                : one.do === 'delete'
                  ? client.delete(type, at).catch(() => undefined)
                  : undefined);
            server.isDown = wasDown;
            if (written !== undefined && 'isOwn' in one && one.isOwn) {
              if (tint % 2 === 0) late.push(written);
              else informer.overlay(written);
            }
            if (one.do === 'late') for (const object of late.splice(0)) informer.overlay(object);
            if (one.do === 'advance' && 'ms' in one) await clock.advance(one.ms);
            if (one.do === 'cut' || one.do === 'end') server.disconnect(one.do);
            if (one.do === 'stall') server.stall();
            if (one.do === 'compact') server.compact();
            if (one.do === 'expire') server.expireWatches();
            if (one.do === 'bookmark') server.bookmark();
            if (one.do === 'down') {
              server.isDown = true;
              server.disconnect('cut');
            }
            if (one.do === 'up') server.isDown = false;
            if ('name' in one) await clock.settle();
          }
          server.isDown = false;
          await clock.advance(200_000);
          for (const object of late.splice(0)) informer.overlay(object);
          await clock.settle();
          const expected = versionsOf(server.objects.values());
          expect(versionsOf(informer.list())).toEqual(expected);
          expect(versionsOf(mirror.objects.values())).toEqual(expected);
          expect(mirror.said.filter((line) => line.startsWith('back'))).toEqual([]);
          const indexed = ['0', '1', '2', 'none'].flatMap((value) => informer.byIndex('tint', value));
          expect(versionsOf(indexed)).toEqual(expected);
          informer.stop();
        }),
        { numRuns: 400 },
      );
    });
  }
});

function shortenPages(request: { query?: Readonly<Record<string, string>> }, limit: number): void {
  if (request.query?.limit !== undefined) (request.query as Record<string, string>).limit = String(limit);
}
