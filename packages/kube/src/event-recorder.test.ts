import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { type VirtualClock, virtualClock } from './clock.ts';
import type { EventInput } from './event-correlator.ts';
import { EventRecorder, type EventRecorderOptions } from './event-recorder.ts';
import { silentLogger } from './logger.ts';
import { createClient } from './rest-client.ts';
import { ModelServer } from './testing/model-server.ts';

const web: KubeObject = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'web', namespace: 'a', uid: 'u1' } };

function setUp(options: Partial<EventRecorderOptions> = {}): {
  clock: VirtualClock;
  server: ModelServer;
  recorder: EventRecorder;
  events: () => string[];
} {
  const clock = virtualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const server = new ModelServer();
  const client = createClient(server, { fieldManager: 'test' });
  const recorder = new EventRecorder({
    client,
    clock,
    random: () => 0.5,
    logger: silentLogger,
    component: 'rollouts',
    host: 'h',
    ...options,
  });
  const events = (): string[] =>
    [...server.objects.values()].map((event) => `${event.type} ${event.reason} x${event.count}: ${event.message}`);
  return { clock, server, recorder, events };
}

function said(message: string, reason = 'Said'): EventInput {
  return { type: 'Normal', reason, message };
}

describe('an event recorder', () => {
  it('creates an event as client-go would', async () => {
    const { clock, server, recorder } = setUp();
    recorder.record(web, said('hello'));
    await clock.settle();
    const [event] = [...server.objects.values()];
    expect(event).toMatchObject({
      metadata: { namespace: 'a', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) },
      involvedObject: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', namespace: 'a', name: 'web', uid: 'u1' },
      source: { component: 'rollouts', host: 'h' },
      reportingComponent: 'rollouts',
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:04:05Z',
      count: 1,
    });
  });

  it('counts a repeated event up by a patch, and anew in a new one when the server has forgotten it', async () => {
    const { clock, server, recorder, events } = setUp();
    recorder.record(web, said('hello'));
    await clock.advance(5000);
    recorder.record(web, said('hello'));
    await clock.settle();
    expect(events()).toEqual(['Normal Said x2: hello']);
    expect([...server.objects.values()][0]).toMatchObject({
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:04:10Z',
    });
    server.objects.clear();
    recorder.record(web, said('hello'));
    await clock.settle();
    expect(events()).toEqual(['Normal Said x3: hello']);
  });

  it('combines from the tenth different message on, and tells reasons, types and objects apart', async () => {
    const { clock, recorder, events } = setUp();
    for (let i = 1; i <= 12; i++) recorder.record(web, said(`m${i}`));
    recorder.record(web, said('other', 'Other'));
    recorder.record(web, { ...said('warned'), type: 'Warning' });
    await clock.settle();
    const single = Array.from({ length: 9 }, (_, i) => `Normal Said x1: m${i + 1}`);
    expect(events().sort()).toEqual(
      [...single, 'Normal Said x3: (combined from similar events): m12', 'Normal Other x1: other', 'Warning Said x1: warned'].sort(),
    );
  });

  it('tells messages apart again after ten quiet minutes', async () => {
    const { clock, recorder, events } = setUp();
    for (let i = 1; i <= 9; i++) recorder.record(web, said(`m${i}`));
    await clock.advance(601_000);
    recorder.record(web, said('m10'));
    await clock.settle();
    expect(events()).toContain('Normal Said x1: m10');
  });

  it('drops nothing by itself, and with a limit what goes beyond 25 of one object and type', async () => {
    const free = setUp();
    const limited = setUp({ limit: { burst: 25, refillMs: 300_000 } });
    for (let i = 0; i < 40; i++) {
      for (const { recorder } of [free, limited]) recorder.record(web, said(`message`, `Reason${i}`));
    }
    for (const { clock, recorder } of [free, limited]) {
      await clock.settle();
      await clock.settle();
      await clock.settle();
      expect(recorder.pending).toBe(0);
    }
    expect(free.events().length).toBe(40);
    expect(limited.events().length).toBe(25);
    await limited.clock.advance(300_000);
    limited.recorder.record(web, said('message', 'Late'));
    limited.recorder.record(web, said('message', 'Later'));
    await limited.clock.settle();
    expect(limited.events().length).toBe(26);
  });

  it('merges what waits for a server that is down, and sends it when it is back', async () => {
    const { clock, server, recorder, events } = setUp();
    server.isDown = true;
    for (let i = 0; i < 100; i++) recorder.record(web, said('again'));
    recorder.record(web, said('and more'));
    await clock.advance(60_000);
    server.isDown = false;
    const writesBefore = server.requests.length;
    const flushed = recorder.flush();
    await clock.advance(11_000);
    await flushed;
    expect(events().sort()).toEqual(['Normal Said x100: again', 'Normal Said x1: and more']);
    expect(server.requests.length - writesBefore).toBe(2);
  });

  it('keeps the order of what is said about one object, also when the server fails in between', async () => {
    const { clock, server, recorder, events } = setUp();
    let failures = 2;
    server.onRequest = async () => {
      await new Promise((resolve) => clock.after(failures % 2 === 0 ? 5 : 1, () => resolve(undefined)));
      if (failures-- > 0) throw new Error('connection reset');
    };
    for (let i = 1; i <= 6; i++) recorder.record(web, said(`m${i}`));
    await clock.advance(60_000);
    expect(events()).toEqual([1, 2, 3, 4, 5, 6].map((i) => `Normal Said x1: m${i}`));
  });

  it('sends what it holds before it stops, but not for ever', async () => {
    const { clock, recorder, events } = setUp();
    recorder.record(web, said('last words'));
    const stopped = recorder.stop();
    await clock.settle();
    await stopped;
    expect(events()).toEqual(['Normal Said x1: last words']);

    const stuck = setUp();
    stuck.server.isDown = true;
    stuck.recorder.record(web, said('lost'));
    const gaveUp = stuck.recorder.stop();
    await stuck.clock.advance(5_000);
    await gaveUp;
  });
});
