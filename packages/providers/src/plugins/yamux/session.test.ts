import { Duplex, PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { encodeFrame, type Frame, FrameReader, flags, frameTypes, initialWindowBytes } from './frame.ts';
import { yamuxClient } from './session.ts';

/** A connection whose other end the test holds. */
function connect(): {
  readonly here: Duplex;
  receive(frame: Buffer): Promise<void>;
  readonly sent: () => readonly Frame[];
  hangUp(): void;
} {
  const toUs = new PassThrough();
  const reader = new FrameReader();
  const sent: Frame[] = [];
  const here = new Duplex({
    read() {},
    write(chunk: Buffer, _, done) {
      sent.push(...reader.push(chunk));
      done();
    },
  });
  toUs.on('data', (chunk) => here.push(chunk));
  return {
    here,
    receive: async (frame) => {
      toUs.write(frame);
      await new Promise(setImmediate);
    },
    sent: () => sent.splice(0),
    hangUp: () => here.push(null),
  };
}

function open() {
  const wire = connect();
  const ends: (string | undefined)[] = [];
  const session = yamuxClient(wire.here, (problem) => ends.push(problem?.message));
  const got: string[] = [];
  const stream = session.open({
    data: (chunk) => got.push(chunk.toString('latin1')),
    end: (problem) => got.push(`end: ${problem?.message ?? 'ok'}`),
  });
  wire.sent();
  return { wire, session, stream, got, ends };
}

const data = (stream: number, text: string | Buffer, flagBits = 0): Buffer =>
  encodeFrame(frameTypes.data, flagBits, stream, Buffer.byteLength(text), Buffer.from(text));

describe('a session of yamux', () => {
  it('opens streams with odd numbers', () => {
    const { wire, session } = open();
    expect(session.open({ data() {}, end() {} }).id).toBe(3);
    expect(wire.sent()).toMatchObject([{ type: frameTypes.windowUpdate, flags: flags.syn, stream: 3, length: 0 }]);
  });

  it('hands on what comes, in any pieces', async () => {
    const { wire, got } = open();
    const frame = data(1, 'hello', flags.ack);
    for (const byte of frame) await wire.receive(Buffer.from([byte]));
    await wire.receive(Buffer.concat([data(1, 'a'), data(9, 'nobody'), data(1, 'b')]));
    expect(got).toEqual(['hello', 'a', 'b']);
  });

  it('answers pings, and refuses streams of the other side', async () => {
    const { wire } = open();
    await wire.receive(encodeFrame(frameTypes.ping, flags.syn, 0, 77));
    await wire.receive(encodeFrame(frameTypes.windowUpdate, flags.syn, 2, 0));
    expect(wire.sent()).toMatchObject([
      { type: frameTypes.ping, flags: flags.ack, stream: 0, length: 77 },
      { type: frameTypes.windowUpdate, flags: flags.rst, stream: 2 },
    ]);
  });

  it('gives window back when half is used', async () => {
    const { wire } = open();
    const piece = Buffer.alloc(initialWindowBytes / 4);
    await wire.receive(data(1, piece));
    expect(wire.sent()).toEqual([]);
    await wire.receive(data(1, piece));
    expect(wire.sent()).toMatchObject([{ type: frameTypes.windowUpdate, flags: 0, stream: 1, length: initialWindowBytes / 2 }]);
  });

  it('sends no more than the other side has room for', async () => {
    const { wire, stream } = open();
    stream.write(Buffer.alloc(initialWindowBytes - 1));
    stream.write(Buffer.from('abc'));
    expect(wire.sent().map(({ length }) => length)).toEqual([initialWindowBytes - 1, 1]);
    await wire.receive(encodeFrame(frameTypes.windowUpdate, 0, 1, 1));
    await wire.receive(encodeFrame(frameTypes.windowUpdate, 0, 1, 5));
    expect(wire.sent().map(({ payload }) => payload.toString())).toEqual(['b', 'c']);
  });

  it('tells of the end of a stream once', async () => {
    const { wire, got, stream } = open();
    await wire.receive(data(1, 'last', flags.fin));
    await wire.receive(encodeFrame(frameTypes.windowUpdate, flags.rst, 1, 0));
    expect(got).toEqual(['last', 'end: ok']);
    stream.write(Buffer.from('x'));
    stream.close();
    expect(wire.sent()).toEqual([]);
  });

  it.each<[string, Buffer, string]>([
    ['another version', Buffer.from('010000000000000100000000', 'hex'), 'version 1 of yamux is not known'],
    ['an unknown type', Buffer.from('000900000000000100000000', 'hex'), 'frame of unknown type 9'],
    [
      'a frame larger than any window',
      Buffer.from('0000000000000001ffffffff', 'hex'),
      '4294967295 bytes in one frame, the window is 262144',
    ],
    ['data for the session', data(0, 'x'), 'a frame for a stream came without its number'],
    [
      'too much window',
      Buffer.concat([1, 2].map(() => encodeFrame(frameTypes.windowUpdate, 0, 1, 0xffff_ffff))),
      'the window of stream 1 overflows',
    ],
    ['a protocol error of ours', encodeFrame(frameTypes.goAway, 0, 0, 1), 'the other side ended the session with code 1'],
  ])('ends with its streams at %s', async (_, bytes, problem) => {
    const { wire, got, ends, session } = open();
    await wire.receive(bytes);
    expect(ends).toEqual([problem]);
    expect(got).toEqual([`end: ${problem}`]);
    expect(wire.here.destroyed).toBe(true);
    expect(() => session.open({ data() {}, end() {} })).toThrow('the session has ended');
  });

  it('ends with its connection', async () => {
    const { wire, got, ends } = open();
    wire.hangUp();
    await new Promise(setImmediate);
    expect([ends, got]).toEqual([['the connection was closed'], ['end: the connection was closed']]);
  });

  it('opens nothing after the other side said good-bye', async () => {
    const { wire, session, got } = open();
    await wire.receive(encodeFrame(frameTypes.goAway, 0, 0, 0));
    expect(() => session.open({ data() {}, end() {} })).toThrow('the session has ended');
    expect(got).toEqual([]);
    session.close();
    expect(got).toEqual(['end: the session was closed']);
  });
});
