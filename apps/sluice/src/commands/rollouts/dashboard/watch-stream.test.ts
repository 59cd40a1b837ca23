import type { ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { FollowerPool, type Lease } from './follower-pool.ts';
import type { NamespaceFollower } from './namespace-follower.ts';
import { streamList } from './watch-stream.ts';

function fakeFollower(): {
  readonly follower: NamespaceFollower;
  set(name: string, text: string | undefined): void;
  readonly subscribers: () => number;
} {
  const texts = new Map<string, string>();
  const subscribers = new Set<(names: ReadonlySet<string>) => void>();
  return {
    follower: {
      names: () => [...texts.keys()],
      json: (name) => texts.get(name),
      subscribe: (changed) => {
        subscribers.add(changed);
        return () => subscribers.delete(changed);
      },
      stop: () => undefined,
    },
    set: (name, text) => {
      if (text === undefined) texts.delete(name);
      else texts.set(name, text);
      for (const changed of subscribers) changed(new Set([name]));
    },
    subscribers: () => subscribers.size,
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a stream', () => {
  it('gives a slow reader the last state of each rollout only, and gives the lease back when it goes', async () => {
    const fake = fakeFollower();
    let releases = 0;
    const lease: Lease = { follower: fake.follower, release: () => releases++ };
    const pipe = new PassThrough({ highWaterMark: 16 });
    streamList(pipe as unknown as ServerResponse, lease);
    for (let state = 0; state < 1000; state++) fake.set('web', `{"state":${state}}`);
    fake.set('api', '{"state":0}');
    // One line filled the buffer; nothing more was written, however much changed.
    expect(pipe.readableLength + pipe.writableLength).toBeLessThan(200);
    const lines: string[] = [];
    for (let round = 0; round < 10; round++) {
      const chunk: unknown = pipe.read();
      if (chunk !== null) lines.push(...String(chunk).trim().split('\n'));
      await turn();
    }
    expect(lines).toEqual([
      '{"result":{"type":"Updated","rolloutInfo":{"state":0}}}',
      '{"result":{"type":"Updated","rolloutInfo":{"state":999}}}',
      '{"result":{"type":"Updated","rolloutInfo":{"state":0}}}',
    ]);
    pipe.destroy();
    await turn();
    expect([fake.subscribers(), releases]).toEqual([0, 1]);
  });

  it('says nothing twice', async () => {
    const fake = fakeFollower();
    const pipe = new PassThrough();
    fake.set('web', '{}');
    streamList(pipe as unknown as ServerResponse, { follower: fake.follower, release: () => undefined });
    fake.set('web', '{}');
    fake.set('gone', undefined);
    fake.set('web', undefined);
    fake.set('web', undefined);
    expect(String(pipe.read()).trim().split('\n')).toEqual([
      '{"result":{"type":"Updated","rolloutInfo":{}}}',
      '{"result":{"type":"Deleted","rolloutInfo":{}}}',
    ]);
  });
});

describe('a namespace that cannot be read', () => {
  it('is asked for again by the next one who looks', async () => {
    let asked = 0;
    const client = {
      list: () => {
        asked++;
        return Promise.reject(new Error('no'));
      },
    };
    const pool = new FollowerPool({ client: client as never, clock: { now: () => 0, after: () => () => undefined }, random: () => 0 });
    await expect(pool.lease('shop')).rejects.toThrow('no');
    const before = asked;
    await expect(pool.lease('shop')).rejects.toThrow('no');
    expect(asked).toBeGreaterThan(before);
  });
});
