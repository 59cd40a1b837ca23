import type { KubeObject } from '@sluice/api';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type TestServer, testServer, type WatchLog } from '../testing.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = { contentType: 'application/merge-patch+json' };

let server: TestServer;

beforeEach(async () => {
  server = await testServer();
});

type List = {
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly KubeObject[];
};

async function list(query: string): Promise<List> {
  return (await server.call('GET', `${maps}?${query}`)).object as unknown as List;
}

async function make(name: string, labels: Record<string, string> = { group: 'mine' }): Promise<void> {
  await server.call('POST', maps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels } });
}

function namesOf({ items }: List): readonly string[] {
  return items.map(({ metadata }) => metadata.name ?? '');
}

const mine = 'labelSelector=group%3Dmine';

describe('a list', () => {
  it('in pages shows the state of its first page, whatever happens meanwhile', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await make(name);
    const first = await list(`${mine}&limit=2`);
    expect(namesOf(first)).toEqual(['a', 'b']);
    await server.call('DELETE', `${maps}/c`);
    await make('bb');
    const second = await list(`${mine}&limit=2&continue=${first.metadata.continue}`);
    const third = await list(`${mine}&limit=2&continue=${second.metadata.continue}`);
    expect([...namesOf(second), ...namesOf(third)]).toEqual(['c', 'd', 'e']);
    expect(third.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
    const whole = await list('limit=1');
    expect(whole.metadata.remainingItemCount).toBeGreaterThan(3);
  });

  it('forgets its pages after a while, and says how to go on without them', async () => {
    for (const name of ['a', 'b', 'c']) await make(name);
    const first = await list(`${mine}&limit=1`);
    server.clock.advance(6 * 60_000);
    const { status, object } = await server.call('GET', `${maps}?${mine}&limit=5&continue=${first.metadata.continue}`);
    expect([status, object.reason]).toEqual([410, 'Expired']);
    const token = (object.metadata as { continue?: string }).continue;
    expect(namesOf(await list(`${mine}&limit=5&continue=${token}`))).toEqual(['b', 'c']);
  });

  it('of a past version is that past, and of a future one is refused', async () => {
    await make('a');
    const { resourceVersion } = (await list(mine)).metadata;
    await make('b');
    await server.call('DELETE', `${maps}/a`);
    expect(namesOf(await list(`${mine}&resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`))).toEqual(['a']);
    expect(namesOf(await list(`${mine}&resourceVersion=${resourceVersion}`))).toEqual(['b']);
    expect((await server.call('GET', `${maps}?resourceVersion=999999`)).object).toMatchObject({ code: 504, reason: 'Timeout' });
  });

  it('comes as metadata only, or as rows of a table', async () => {
    await make('a');
    const partial = (
      await server.call('GET', `${maps}?${mine}`, undefined, { accept: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1' })
    ).object as unknown as List;
    expect(partial.kind).toBe('PartialObjectMetadataList');
    expect(partial.items[0]).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    const { object } = await server.call('GET', `${maps}?${mine}`, undefined, {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    });
    expect(object).toMatchObject({ kind: 'Table', rows: [{ cells: ['a', 0, '0s'], object: { kind: 'PartialObjectMetadata' } }] });
    const refused = await server.call('GET', maps, undefined, { accept: 'application/vnd.kubernetes.protobuf' });
    expect(refused.status).toBe(406);
  });

  it.each([
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    [',,', "found ',', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
  ])('by the selector %s is refused', async (selector, message) => {
    const { status, object } = await server.call('GET', `${maps}?labelSelector=${encodeURIComponent(selector)}`);
    expect([status, object.message]).toEqual([400, message]);
  });
});

/** The objects that somebody knows who has followed a watch. */
function followed(log: WatchLog): ReadonlyMap<string, string> {
  const known = new Map<string, string>();
  for (const { type, object } of log.frames) {
    const { metadata } = object as KubeObject;
    if (type === 'ADDED' || type === 'MODIFIED') known.set(metadata.name ?? '', metadata.resourceVersion ?? '');
    if (type === 'DELETED') known.delete(metadata.name ?? '');
  }
  return new Map([...known].sort());
}

describe('a deprecated kind', () => {
  it('is answered with a warning, in lists too', async () => {
    const { headers, object } = await server.call('GET', '/api/v1/namespaces/default/endpoints');
    expect(headers.warning).toBe('299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"');
    expect(object).toMatchObject({ kind: 'EndpointsList', items: [] });
  });
});

describe('a watch', () => {
  it('begins with what is there, or after a version, or with a bookmark that ends the beginning', async () => {
    await make('a');
    const { resourceVersion } = (await list(mine)).metadata;
    await make('b');
    const all = await server.watch(`${maps}?${mine}`);
    const since = await server.watch(`${maps}?${mine}&resourceVersion=${resourceVersion}`);
    const streamed = await server.watch(
      `${maps}?${mine}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    await make('c');
    expect(all.lines()).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
    expect(since.lines()).toEqual(['ADDED b', 'ADDED c']);
    expect(streamed.lines()).toEqual(['ADDED a', 'ADDED b', 'BOOKMARK', 'ADDED c']);
    expect(streamed.frames[2]?.object).toMatchObject({ metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } });
  });

  it('with a selector sees objects come and go as their labels change', async () => {
    const log = await server.watch(`${maps}?${mine}`);
    await make('a', { group: 'other' });
    await server.call('PATCH', `${maps}/a`, { metadata: { labels: { group: 'mine' } } }, merge);
    await server.call('PATCH', `${maps}/a`, { data: { x: 'y' } }, merge);
    await server.call('PATCH', `${maps}/a`, { metadata: { labels: { group: 'other' } } }, merge);
    await server.call('DELETE', `${maps}/a`);
    expect(log.lines()).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a']);
    expect(log.frames[2]?.object).toMatchObject({ metadata: { labels: { group: 'mine' } }, data: { x: 'y' } });
  });

  it('from a version that is forgotten gets an error event and ends', async () => {
    const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases';
    await server.call('POST', leases, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'a' },
      spec: { leaseTransitions: 0 },
    });
    const { resourceVersion } = (await server.call('GET', `${leases}/a`)).object.metadata;
    for (let count = 1; count < 10_010; count++) await server.call('PATCH', `${leases}/a`, { spec: { leaseTransitions: count } }, merge);
    const late = await server.watch(`${leases}?resourceVersion=${resourceVersion}`);
    await Promise.resolve();
    expect(late.frames[0]).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
    expect(late.isOver()).toBe(true);
  });

  it('gets a bookmark each minute and ends after its time', async () => {
    const log = await server.watch(`${maps}?${mine}&allowWatchBookmarks=true&timeoutSeconds=90`);
    server.clock.advance(60_000);
    await Promise.resolve();
    expect(log.lines()).toEqual(['BOOKMARK']);
    server.clock.advance(31_000);
    await Promise.resolve();
    await Promise.resolve();
    expect(log.isOver()).toBe(true);
  });

  it('followed from any version leads to what a list shows, selected or not', async () => {
    const step = fc.record({
      verb: fc.constantFrom('create', 'label', 'data', 'delete'),
      name: fc.constantFrom('a', 'b', 'c'),
      group: fc.constantFrom('mine', 'other'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.nat(30), async (steps, from) => {
        server = await testServer();
        let selected: WatchLog | undefined;
        let all: WatchLog | undefined;
        for (const [index, { verb, name, group }] of steps.entries()) {
          if (index === Math.min(from, steps.length - 1)) {
            selected = await server.watch(`${maps}?${mine}`);
            all = await server.watch(maps);
          }
          if (verb === 'create') await make(name, { group });
          if (verb === 'label') await server.call('PATCH', `${maps}/${name}`, { metadata: { labels: { group } } }, merge);
          if (verb === 'data') await server.call('PATCH', `${maps}/${name}`, { data: { index: String(index) } }, merge);
          if (verb === 'delete') await server.call('DELETE', `${maps}/${name}`);
        }
        await Promise.resolve();
        const versions = (found: List): ReadonlyMap<string, string> =>
          new Map(found.items.map(({ metadata }) => [metadata.name ?? '', metadata.resourceVersion ?? '']));
        if (selected !== undefined) expect(followed(selected)).toEqual(versions(await list(mine)));
        if (all !== undefined) expect(followed(all)).toEqual(versions(await list('')));
      }),
      { numRuns: 30 },
    );
  });
});
