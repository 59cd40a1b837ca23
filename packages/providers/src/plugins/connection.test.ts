/** Our client against the recorded bytes of Go's: the plugin's side is played back, ours is compared. */
import { Duplex } from 'node:stream';
import type { Rollout } from '@sluice/api';
import { virtualClock } from '@sluice/kube';
import { describe, expect, it } from 'vitest';
import { pluginConnection } from './connection.ts';
import { GobDecoder } from './gob/decoder.ts';
import { GobEncoder } from './gob/encoder.ts';
import type { GobValue } from './gob/types.ts';
import { argumentOf } from './shapes/argo.ts';
import recorded from './testdata/recorded.json' with { type: 'json' };
import { FrameReader } from './yamux/frame.ts';

const rollout = {
  metadata: { name: 'web', namespace: 'shop', labels: { app: 'web' } },
  spec: {
    replicas: 3,
    template: { metadata: {}, spec: {} },
    strategy: { canary: { steps: [{ pause: {} }, { plugin: { name: 'test/step', config: { a: 1 } } }] } },
  },
  status: { currentStepIndex: 0, phase: 'Progressing', abort: false, restartedAt: '2026-01-02T03:04:05Z', canary: {}, blueGreen: {} },
} as unknown as Rollout;

/** The data of each stream, as gobs where they are some. */
function streamsOf(chunks: readonly Buffer[]): ReadonlyMap<number, Buffer> {
  const reader = new FrameReader();
  const streams = new Map<number, Buffer>();
  for (const { stream, payload } of chunks.flatMap((chunk) => reader.push(chunk))) {
    streams.set(stream, Buffer.concat([streams.get(stream) ?? Buffer.alloc(0), payload]));
  }
  return streams;
}

function gobsOf(data: Buffer | undefined): readonly GobValue[] {
  const decoder = new GobDecoder();
  decoder.push(data ?? Buffer.alloc(0));
  const values: GobValue[] = [];
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) values.push(next.value);
  return values;
}

/** Plays the plugin: what it said up to our next word, whenever we have said as much as Go's client had. */
function playback(): { readonly connection: Duplex; readonly sent: readonly Buffer[]; play(): void } {
  const sent: Buffer[] = [];
  const turns: Buffer[] = [];
  let isOurTurn = true;
  for (const [from, hex] of recorded.conversation) {
    const isOurs = from === 'controller';
    if (!isOurs && isOurTurn) turns.push(Buffer.alloc(0));
    if (!isOurs) turns[turns.length - 1] = Buffer.concat([turns.at(-1) ?? Buffer.alloc(0), Buffer.from(hex ?? '', 'hex')]);
    isOurTurn = isOurs;
  }
  const connection = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      sent.push(chunk);
      done();
    },
  });
  // A turn of the other side follows each of ours, and ours are over when nothing more is written.
  const play = (): void => {
    const next = turns.shift();
    if (next !== undefined && next.length > 0) connection.push(next);
  };
  return { connection, sent, play };
}

describe('a connection to a plugin', () => {
  it('says what Go’s client says, and understands the plugin', async () => {
    const { connection, sent, play } = playback();
    const printed: string[] = [];
    const clock = virtualClock(0);
    const plugin = pluginConnection(connection, {
      clock,
      print: (stream, chunk) => printed.push(`${stream}: ${chunk}`),
      onEnd: () => undefined,
    });
    const turn = async <T>(work: Promise<T>, turns = 1): Promise<T> => {
      for (let i = 0; i < turns; i++) {
        await new Promise(setImmediate);
        play();
      }
      return work;
    };

    await turn(Promise.resolve());
    const calls = await turn(plugin.dispense('RpcStepPlugin', 1000), 3);
    expect(await turn(calls.call('Plugin.InitPlugin', { kind: 'nil interface' }, 1000))).toEqual({});
    await turn(plugin.ping(1000));
    const context = { PluginName: 'test/step', Config: { a: 1 } };
    expect(await turn(calls.call('Plugin.Run', argumentOf('step.RunArgs', { Rollout: rollout, Context: context }), 1000))).toEqual({
      Result: { Phase: 'Running', Message: 'ran web', RequeueAfter: 17_000_000_000, Status: Buffer.from('{"a":1}') },
      Error: {},
    });
    const terminate = argumentOf('step.TerminateArgs', { Rollout: rollout, Context: { PluginName: 'test/step' } });
    expect(await turn(calls.call('Plugin.Terminate', terminate, 1000))).toEqual({ Result: {}, Error: { ErrorString: 'not now' } });
    expect(await turn(calls.call('Plugin.Type', { kind: 'nil interface' }, 1000))).toBe('recorded');
    expect(printed).toEqual(['stdout: printed\n']);

    const ours = streamsOf(sent);
    const theirs = streamsOf(
      recorded.conversation.filter(([from]) => from === 'controller').map(([, hex]) => Buffer.from(hex ?? '', 'hex')),
    );
    // The interface: its number as it is, then the same gobs.
    expect(ours.get(7)?.subarray(0, 4)).toEqual(theirs.get(7)?.subarray(0, 4));
    expect(gobsOf(ours.get(7)?.subarray(4))).toEqual(gobsOf(theirs.get(7)?.subarray(4)));
    expect(gobsOf(ours.get(1))).toEqual(gobsOf(theirs.get(1)).slice(0, 4));
  });

  it('gives a call up at its time, and drops an answer that comes later', async () => {
    const clock = virtualClock(0);
    const connection = new Duplex({ read() {}, write: (_, __, done) => done() });
    const plugin = pluginConnection(connection, { clock, print: () => undefined, onEnd: () => undefined });
    const ping = plugin.ping(5_000).catch((problem: Error) => problem.message);
    const dispense = plugin.dispense('RpcStepPlugin', 7_000).catch((problem: Error) => problem.message);
    await clock.advance(10_000);
    expect([await ping, await dispense]).toEqual(['no answer within 5 s', 'no answer within 7 s']);
  });

  it('fails its calls when the plugin is gone, and those after', async () => {
    const connection = new Duplex({ read() {}, write: (_, __, done) => done() });
    const ends: (string | undefined)[] = [];
    const plugin = pluginConnection(connection, {
      clock: virtualClock(0),
      print: () => undefined,
      onEnd: (problem) => ends.push(problem?.message),
    });
    const ping = plugin.ping(5_000).catch((problem: Error) => problem.message);
    connection.push(null);
    expect(await ping).toBe('the connection was closed');
    await expect(plugin.ping(5_000)).rejects.toThrow('the connection was closed');
    expect(ends).toEqual(['the connection was closed']);
  });

  it.each([
    ['no gob', '00000000000000010000000af7ffffffffffffffffff'],
    ['a header that is no struct', '00000000000000010000000403040002'],
  ])('ends when the plugin answers with %s', async (_, hex) => {
    const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
    const plugin = pluginConnection(connection, { clock: virtualClock(0), print: () => undefined, onEnd: () => undefined });
    const ping = plugin.ping(5_000).catch((problem: Error) => problem.name);
    connection.push(Buffer.from(hex, 'hex'));
    expect(await ping).toBe('RpcConnectionError');
    expect(connection.destroyed).toBe(true);
  });
});

describe('arguments of calls', () => {
  it('are what Go makes of the same Rollout', () => {
    const bytes = Buffer.from(recorded.gobs.find(({ name }) => name === 'step.RunArgs')?.hex ?? '', 'hex');
    const argument = argumentOf('step.RunArgs', { Rollout: rollout, Context: { PluginName: 'test/step', Config: { a: 1 } } });
    const [theirs] = gobsOf(bytes) as readonly { readonly Rollout: { readonly Spec: object } }[];
    expect(argument.kind).toBe('interface');
    // Through our own encoder, since gob has its own idea of what is left out.
    expect(encoded(argument)).toEqual(theirs);
    expect(theirs?.Rollout.Spec).toMatchObject({ Replicas: 3 });
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'a time that is none',
      { metadata: { creationTimestamp: 'yesterday' } },
      'RemoveManagedRoutesArgs.Rollout.metadata.creationTimestamp: a time is wanted',
    ],
    ['a list for an object', { metadata: [] }, 'RemoveManagedRoutesArgs.Rollout.metadata: an object is wanted, not a object'],
    [
      'a text for a list',
      { spec: { strategy: { canary: { steps: 'all' } } } },
      'RemoveManagedRoutesArgs.Rollout.spec.strategy.canary.steps: an array is wanted, not a string',
    ],
  ])('name the field of %s', (_, value, problem) => {
    expect(() => argumentOf('RemoveManagedRoutesArgs', { Rollout: value })).toThrow(problem);
  });

  it('take what has names of its own from nobody', () => {
    const odd = JSON.parse('{"metadata":{"labels":{"__proto__":"a","constructor":"b"}},"__proto__":{"spec":1}}') as object;
    expect(encoded(argumentOf('RemoveManagedRoutesArgs', { Rollout: odd }))).toMatchObject({
      Rollout: {
        ObjectMeta: {
          Labels: new Map([
            ['__proto__', 'a'],
            ['constructor', 'b'],
          ]),
        },
      },
    });
  });
});

function encoded(argument: ReturnType<typeof argumentOf>): GobValue {
  const encoder = new GobEncoder();
  const [value] = gobsOf(encoder.encode(argument));
  return value;
}
