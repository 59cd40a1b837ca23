import { StatusError } from '@sluice/api';
import { createApiServer } from '@sluice/apiserver';
import { type Transport, virtualClock, type WatchEvent } from '@sluice/kube';
import { expect, it } from 'vitest';
import { inProcessTransport } from './in-process-transport.ts';

async function connected(): Promise<Transport> {
  let byte = 0;
  const server = await createApiServer({
    durability: 'memory',
    clock: virtualClock(Date.parse('2026-01-05T10:00:00Z')),
    randomBytes: (count) => Uint8Array.from({ length: count }, () => byte++ % 256),
    tls: false,
  });
  return inProcessTransport(server, { name: 'tester', groups: ['system:masters', 'system:authenticated'] });
}

const path = '/api/v1/namespaces/default/secrets';
const create = (transport: Transport, name: string): Promise<unknown> =>
  transport.request({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'Secret', metadata: { name } } });
const names = (events: readonly WatchEvent[]): readonly string[] =>
  events.map(({ type, object }) => `${type} ${(object as { metadata: { name: string } }).metadata.name}`);

it('answers with objects, and with the status of a refusal', async () => {
  const transport = await connected();
  expect(await create(transport, 'a')).toMatchObject({ status: 201, body: { kind: 'Secret', metadata: { name: 'a' } } });
  expect(await create(transport, 'a')).toMatchObject({ status: 409, body: { kind: 'Status', reason: 'AlreadyExists' } });
  expect(await transport.request({ method: 'GET', path: '/version' })).toMatchObject({ status: 200, body: { major: '1' } });
});

it('hands out watch events in order, until it is closed', async () => {
  const transport = await connected();
  const stream = await transport.watch({ method: 'GET', path, query: { resourceVersion: '0' } });
  const seen: WatchEvent[] = [];
  const reading = (async () => {
    for await (const event of stream) {
      seen.push(event);
      if (seen.length === 3) stream.close();
    }
  })();
  for (const name of ['a', 'b', 'c', 'd']) await create(transport, name);
  await reading;
  expect(names(seen)).toEqual(['ADDED a', 'ADDED b', 'ADDED c']);
});

it('ends a watch with its signal, and all of them when it is closed itself', async () => {
  const transport = await connected();
  const abort = new AbortController();
  const first = await transport.watch({ method: 'GET', path, signal: abort.signal });
  const second = await transport.watch({ method: 'GET', path });
  const ended = Promise.all(
    [first, second].map(async (stream) => {
      const seen: WatchEvent[] = [];
      for await (const event of stream) seen.push(event);
      return seen;
    }),
  );
  abort.abort();
  await transport.close();
  expect(await ended).toEqual([[], []]);
});

it('throws what the server says to a watch that it refuses', async () => {
  const transport = await connected();
  const refused = transport.watch({ method: 'GET', path: '/api/v1/nothing' });
  await expect(refused).rejects.toThrowError(StatusError);
  await expect(refused).rejects.toMatchObject({ reason: 'NotFound' });
});
