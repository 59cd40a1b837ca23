import { describe, expect, it } from 'vitest';
import { builtinTypes } from './builtin-types.ts';
import { sleep, type VirtualClock, virtualClock } from './clock.ts';
import { leaderElection } from './leader-election.ts';
import { silentLogger } from './logger.ts';
import { createClient } from './rest-client.ts';
import { ModelServer } from './testing/model-server.ts';
import type { ApiRequest } from './transport.ts';

const path = '/apis/coordination.k8s.io/v1/namespaces/sluice/leases/controller';

type Candidate = { said: string[]; stop: AbortController; ended: Promise<void>; isCut: boolean };

function setUp(): {
  clock: VirtualClock;
  server: ModelServer;
  candidate(identity: string, windDownMs?: number): Candidate;
  lease(): unknown;
} {
  const clock = virtualClock(Date.UTC(2026, 0, 1));
  const server = new ModelServer();
  return {
    clock,
    server,
    lease: () => [...server.objects.values()][0]?.spec,
    candidate(identity, windDownMs = 0) {
      const stop = new AbortController();
      const self: Candidate = { said: [], stop, ended: Promise.resolve(), isCut: false };
      const transport = {
        request: (request: ApiRequest) => (self.isCut ? Promise.reject(new Error('no route to the host')) : server.request(request)),
        watch: (request: ApiRequest) => server.watch(request),
        close: async () => {},
      };
      const say = (text: string): unknown => self.said.push(`${text}@${(clock.now() - Date.UTC(2026, 0, 1)) / 1000}`);
      self.ended = leaderElection({
        client: createClient(transport, { fieldManager: identity }),
        namespace: 'sluice',
        name: 'controller',
        identity,
        clock,
        logger: silentLogger,
        random: () => 0,
        onStarted: async (signal) => {
          say('leads');
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          await sleep(clock, windDownMs);
          say('ended');
        },
        onLost: () => say('lost'),
      }).run(stop.signal);
      return self;
    },
  };
}

describe('leader election', () => {
  it('writes the fields of client-go and renews every two seconds without reading', async () => {
    const { clock, server, candidate, lease } = setUp();
    const a = candidate('a');
    await clock.advance(20_000);
    expect(lease()).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:20.000000Z',
      leaseTransitions: 0,
    });
    expect(server.requests.filter(({ method }) => method === 'GET').length).toBe(1);
    expect(server.requests.every(({ lane }) => lane === 'lease')).toBe(true);
    a.stop.abort();
    await clock.advance(0);
    await a.ended;
  });

  it('is passed on without waiting when the leader stops, but not before its work has ended', async () => {
    const { clock, candidate, lease } = setUp();
    const a = candidate('a', 5_000);
    await clock.settle();
    const b = candidate('b');
    await clock.advance(10_000);
    a.stop.abort();
    await clock.advance(4_000);
    expect(b.said).toEqual([]);
    await clock.advance(4_000);
    expect(a.said).toEqual(['leads@0', 'ended@15']);
    expect(b.said).toEqual(['leads@16']);
    expect(lease()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await a.ended;
    b.stop.abort();
    await clock.advance(10);
    await b.ended;
  });

  it('steps down when it cannot renew, before anybody else may take over', async () => {
    const { clock, candidate } = setUp();
    const a = candidate('a');
    await clock.settle();
    const b = candidate('b');
    await clock.advance(10_000);
    a.isCut = true;
    await clock.advance(30_000);
    await a.ended;
    expect(a.said).toEqual(['leads@0', 'lost@20', 'ended@20']);
    const [led = ''] = b.said;
    expect(Number(led.split('@')[1])).toBeGreaterThanOrEqual(25);
    expect(Number(led.split('@')[1])).toBeLessThanOrEqual(28);
    b.stop.abort();
    await clock.advance(10);
    await b.ended;
  });

  it('goes on when the lease is deleted under it, and steps back when it was taken', async () => {
    const { clock, server, candidate, lease } = setUp();
    const a = candidate('a');
    await clock.advance(3_000);
    const client = createClient(server, { fieldManager: 'test' });
    await client.delete(builtinTypes.leases, { namespace: 'sluice', name: 'controller' });
    await clock.advance(4_000);
    expect(lease()).toMatchObject({ holderIdentity: 'a' });
    await client.patch(builtinTypes.leases, { namespace: 'sluice', name: 'controller' }, 'merge', {
      spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 },
    });
    await clock.advance(12_000);
    await a.ended;
    expect(a.said.map((line) => line.split('@')[0])).toEqual(['leads', 'lost', 'ended']);
    expect(server.requests.at(-1)?.path).toBe(path);
  });

  it('gives the lease back and passes on what the work died of', async () => {
    const clock = virtualClock(0);
    const server = new ModelServer();
    const run = leaderElection({
      client: createClient(server, { fieldManager: 'a' }),
      namespace: 'sluice',
      name: 'controller',
      identity: 'a',
      clock,
      logger: silentLogger,
      onStarted: async () => {
        throw new Error('port in use');
      },
      onLost: () => {},
    })
      .run(new AbortController().signal)
      .catch((error: Error) => error.message);
    await clock.settle();
    expect(await run).toBe('port in use');
    expect([...server.objects.values()][0]?.spec).toMatchObject({ holderIdentity: '' });
  });
});
