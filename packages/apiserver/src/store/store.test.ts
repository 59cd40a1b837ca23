import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject } from '@sluice/api';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { testClock } from '../testing.ts';
import { openDataFolder } from './data-folder.ts';
import { lockFolder } from './folder-lock.ts';
import { type Draft, Store } from './store.ts';

const folders: string[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  folders.push(made);
  return made;
}

afterEach(() => {
  for (const one of folders.splice(0)) rmSync(one, { recursive: true, force: true });
});

function open(path: string, snapshotAfterBytes?: number): Store {
  const store = new Store();
  openDataFolder(store, {
    folder: path,
    durability: 'durable',
    clock: testClock(),
    ...(snapshotAfterBytes === undefined ? {} : { snapshotAfterBytes }),
  });
  return store;
}

/** What a process that was killed leaves behind: its files, and a lock that names nobody alive. */
function crashed(path: string): void {
  rmSync(join(path, 'lock'), { force: true });
}

function draft(name: string, value: number): Draft {
  return { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name }, data: { value: String(value), filler: 'x'.repeat(value % 50) } };
}

/** Name and value of everything that is there. */
function state(store: Store): Readonly<Record<string, string>> {
  return Object.fromEntries(
    store
      .kind('/configmaps')
      .list()
      .map(({ object }) => [object.metadata.name ?? '', (object.data as { value: string }).value]),
  );
}

type Step = { readonly name: string; readonly value: number | undefined };

const steps = fc.array(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), value: fc.option(fc.nat(1_000), { nil: undefined }) }), {
  minLength: 1,
  maxLength: 40,
});

/** Writes all steps, several at a time, and answers the states after each of them, oldest first. */
async function write(store: Store, all: readonly Step[]): Promise<readonly Readonly<Record<string, string>>[]> {
  const kind = store.kind('/configmaps');
  const states: Readonly<Record<string, string>>[] = [state(store)];
  const model = new Map(Object.entries(state(store)));
  const pending: Promise<unknown>[] = [];
  for (const { name, value } of all) {
    if (value === undefined) {
      const head = kind.head(name);
      if (head === undefined) continue;
      pending.push(store.remove(kind, name, { ...(head.object as Draft), metadata: { ...head.object.metadata } }));
      model.delete(name);
    } else {
      pending.push(store.put(kind, name, draft(name, value)));
      model.set(name, String(value));
    }
    states.push(Object.fromEntries([...model].sort()));
    if (pending.length % 7 === 0) await Promise.all(pending);
  }
  await Promise.all(pending);
  return states;
}

describe('a store in a folder', () => {
  it('has every acknowledged write after a restart, and continues the revisions', async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (first, second) => {
        const path = folder();
        const before = open(path);
        await write(before, first);
        crashed(path);
        const between = open(path);
        expect(state(between)).toEqual(state(before));
        expect(between.revision).toBe(before.revision);
        await write(between, second);
        await between.close();
        const after = open(path);
        expect(state(after)).toEqual(state(between));
        await after.close();
      }),
      { numRuns: 25 },
    );
  });

  it('comes back at one of its states when the log is cut at any byte, never with half a write', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.double({ min: 0, max: 1, noNaN: true }), async (all, share) => {
        const path = folder();
        const states = await write(open(path), all);
        crashed(path);
        const log = join(path, 'log-00000001');
        const size = readFileSync(log).length;
        const kept = Math.floor(size * share);
        truncateSync(log, kept);
        const store = open(path);
        expect(states).toContainEqual(state(store));
        // What is cut away is gone from the file too: the next write follows the last whole one.
        await write(store, [{ name: 'z', value: 7 }]);
        await store.close();
        const again = open(path);
        expect(state(again)).toMatchObject({ z: '7' });
        await again.close();
      }),
      { numRuns: 40 },
    );
  });

  it('takes no garbage at the end of the log for a write', async () => {
    const path = folder();
    await write(open(path), [{ name: 'a', value: 1 }]);
    crashed(path);
    appendFileSync(join(path, 'log-00000001'), Buffer.from('00112233445566778899aabbccddeeff'.repeat(4), 'hex'));
    const store = open(path);
    expect(state(store)).toEqual({ a: '1' });
    await store.close();
  });

  it('goes on in a new log beside a snapshot, and removes what the snapshot replaces', async () => {
    const path = folder();
    const store = open(path, 2_000);
    for (let round = 0; round < 60; round++) await write(store, [{ name: `n${round % 9}`, value: round }]);
    const expected = state(store);
    const revision = store.revision;
    await store.close();
    const names = readdirSync(path).sort();
    expect(names.some((name) => name.startsWith('snapshot-'))).toBe(true);
    expect(names).not.toContain('log-00000001');
    const again = open(path);
    expect(state(again)).toEqual(expected);
    expect(again.revision).toBe(revision);
    await again.close();
  });

  it('lets a watch go on after a restart where it was, as far as the log reaches', async () => {
    const path = folder();
    const before = open(path);
    await write(before, [{ name: 'a', value: 1 }]);
    const seen = before.revision;
    await write(before, [
      { name: 'b', value: 2 },
      { name: 'a', value: undefined },
    ]);
    await before.close();
    const after = open(path);
    const missed = after.kind('/configmaps').history.after(seen) ?? [];
    expect(missed.map(({ type, stored }) => `${type} ${stored.object.metadata.name}`)).toEqual(['ADDED b', 'DELETED a']);
    const last = missed.at(-1)?.stored.object as KubeObject;
    expect(last.metadata.resourceVersion).toBe(String(after.revision));
    expect(after.kind('/configmaps').history.after(0)).toBeUndefined();
    await after.close();
  });

  it('is opened by one process at a time, and taken over from a dead one', async () => {
    const path = folder();
    const store = open(path);
    expect(() => open(path)).toThrow(`data folder ${path} is in use by process ${process.pid}`);
    await store.close();
    writeFileSync(join(path, 'lock'), JSON.stringify({ pid: 999_999_999, started: '' }));
    await open(path).close();
    writeFileSync(join(path, 'lock'), '{"pid":');
    const lock = lockFolder(path);
    lock.release();
  });

  it('names a folder that cannot be used', () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    expect(() => open(file)).toThrow(`cannot use data folder ${file}: it is not a folder`);
    expect(() => open(join(file, 'below'))).toThrow('part of its path is not a folder');
  });
});
