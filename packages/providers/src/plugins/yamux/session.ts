/**
 * The client's side of a yamux session: several streams over one connection, each with its own flow control. Streams are opened by us
 * alone; one that the other side opens is refused. Received bytes are handed on at once, so that the window is ours to give back at once.
 *
 * @see https://github.com/hashicorp/yamux spec.md, "Message Flow"
 */
import type { Duplex } from 'node:stream';
import { encodeFrame, type Frame, FrameReader, flags, frameTypes, goAwayCodes, initialWindowBytes, YamuxError } from './frame.ts';

/** What happens on a stream. Called as it happens, never before `open` has returned. */
type StreamHandlers = {
  data(chunk: Buffer): void;
  /** Once: no more data will come. The error says why, if it was not the other side's wish. */
  end(problem: Error | undefined): void;
};

export interface YamuxStream {
  readonly id: number;
  /** Sends now, or as soon as the other side has room. Silent on a stream that has ended. */
  write(data: Uint8Array): void;
  /** We send nothing more. */
  close(): void;
}

type StreamState = {
  readonly handlers: StreamHandlers;
  sendWindow: number;
  waiting: Buffer[];
  /** Received since the window was last given back. */
  consumed: number;
  isClosedByUs: boolean;
  isEnded: boolean;
};

export type YamuxSession = {
  /** @throws Error when the session has ended or the other side takes no more streams */
  open(handlers: StreamHandlers): YamuxStream;
  /** Ends all streams and the connection. */
  close(): void;
};

/** @param onEnd - once, when the connection is gone or was given up; streams have been told before */
export function yamuxClient(connection: Duplex, onEnd: (problem: Error | undefined) => void): YamuxSession {
  const streams = new Map<number, StreamState>();
  const reader = new FrameReader();
  let nextId = 1;
  let isGoingAway = false;
  let hasEnded = false;

  function send(type: number, flagBits: number, stream: number, length: number, payload?: Uint8Array): void {
    if (!hasEnded && connection.writable) connection.write(encodeFrame(type, flagBits, stream, length, payload));
  }

  function end(problem: Error | undefined): void {
    if (hasEnded) return;
    hasEnded = true;
    for (const state of streams.values()) endStream(state, problem ?? new Error('the session was closed'));
    streams.clear();
    connection.destroy();
    onEnd(problem);
  }

  function fail(problem: Error): void {
    send(frameTypes.goAway, 0, 0, goAwayCodes.protocolError);
    end(problem);
  }

  function endStream(state: StreamState, problem: Error | undefined): void {
    if (state.isEnded) return;
    state.isEnded = true;
    state.waiting = [];
    state.handlers.end(problem);
  }

  function flush(id: number, state: StreamState): void {
    while (state.sendWindow > 0) {
      const next = state.waiting.shift();
      if (next === undefined) return;
      const now = next.subarray(0, state.sendWindow);
      if (now.length < next.length) state.waiting.unshift(next.subarray(now.length));
      state.sendWindow -= now.length;
      send(frameTypes.data, 0, id, now.length, now);
    }
  }

  function receiveSession(frame: Frame): void {
    if (frame.type === frameTypes.ping) {
      if ((frame.flags & flags.syn) !== 0) send(frameTypes.ping, flags.ack, 0, frame.length);
    } else if (frame.type === frameTypes.goAway) {
      if (frame.length === goAwayCodes.normal) isGoingAway = true;
      else end(new YamuxError(`the other side ended the session with code ${frame.length}`));
    } else {
      throw new YamuxError('a frame for a stream came without its number');
    }
  }

  function receive(frame: Frame): void {
    if (frame.type === frameTypes.ping || frame.type === frameTypes.goAway || frame.stream === 0) {
      receiveSession(frame);
      return;
    }
    const id = frame.stream;
    const state = streams.get(id);
    if (state === undefined) {
      // Late frames of a stream that is over are dropped; a stream that they open is not wanted.
      if ((frame.flags & flags.syn) !== 0) send(frameTypes.windowUpdate, flags.rst, id, 0);
      return;
    }
    if (frame.type === frameTypes.windowUpdate) {
      state.sendWindow += frame.length;
      if (state.sendWindow > 0xffff_ffff) throw new YamuxError(`the window of stream ${id} overflows`);
      flush(id, state);
    } else if (frame.payload.length > 0) {
      state.consumed += frame.payload.length;
      if (state.consumed > initialWindowBytes) throw new YamuxError(`stream ${id} sent beyond its window`);
      if (!state.isEnded) state.handlers.data(frame.payload);
      if (state.consumed >= initialWindowBytes / 2) {
        send(frameTypes.windowUpdate, 0, id, state.consumed);
        state.consumed = 0;
      }
    }
    if ((frame.flags & flags.rst) !== 0) {
      streams.delete(id);
      endStream(state, new Error('the stream was reset'));
    } else if ((frame.flags & flags.fin) !== 0) {
      if (state.isClosedByUs) streams.delete(id);
      endStream(state, undefined);
    }
  }

  connection.on('data', (chunk: Buffer) => {
    if (hasEnded) return;
    try {
      for (const frame of reader.push(chunk)) {
        if (hasEnded) return;
        receive(frame);
      }
    } catch (problem) {
      fail(problem instanceof Error ? problem : new Error(String(problem)));
    }
  });
  connection.on('error', (problem) => end(problem));
  connection.on('close', () => end(new Error('the connection was closed')));
  connection.on('end', () => end(new Error('the connection was closed')));

  return {
    open: (handlers) => {
      if (hasEnded || isGoingAway) throw new Error('the session has ended');
      const id = nextId;
      nextId += 2;
      const state: StreamState = {
        handlers,
        sendWindow: initialWindowBytes,
        waiting: [],
        consumed: 0,
        isClosedByUs: false,
        isEnded: false,
      };
      streams.set(id, state);
      send(frameTypes.windowUpdate, flags.syn, id, 0);
      return {
        id,
        write: (data) => {
          if (state.isClosedByUs || !streams.has(id)) return;
          state.waiting.push(Buffer.from(data));
          flush(id, state);
        },
        close: () => {
          if (state.isClosedByUs || !streams.has(id)) return;
          state.isClosedByUs = true;
          send(frameTypes.windowUpdate, flags.fin, id, 0);
          if (state.isEnded) streams.delete(id);
        },
      };
    },
    close: () => {
      send(frameTypes.goAway, 0, 0, goAwayCodes.normal);
      end(undefined);
    },
  };
}
