/** Frames of the yamux multiplexer: a header of twelve bytes, and in data frames a payload. */

/** @see https://github.com/hashicorp/yamux spec.md, "Framing" */
export const frameTypes = { data: 0, windowUpdate: 1, ping: 2, goAway: 3 } as const;

export const flags = { syn: 1, ack: 2, fin: 4, rst: 8 } as const;

export const goAwayCodes = { normal: 0, protocolError: 1, internalError: 2 } as const;

/** What each side may send on a new stream before the other says more. */
export const initialWindowBytes: number = 256 * 1024;

export type Frame = {
  readonly type: number;
  readonly flags: number;
  /** 0 is the session itself. */
  readonly stream: number;
  /** Length of the payload, more window, what a ping echoes, or why the session ends. */
  readonly length: number;
  readonly payload: Buffer;
};

const headerBytes = 12;
const noPayload: Buffer = Buffer.alloc(0);

export function encodeFrame(type: number, flagBits: number, stream: number, length: number, payload: Uint8Array = noPayload): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length);
  frame.writeUInt8(0, 0);
  frame.writeUInt8(type, 1);
  frame.writeUInt16BE(flagBits, 2);
  frame.writeUInt32BE(stream, 4);
  frame.writeUInt32BE(length, 8);
  frame.set(payload, headerBytes);
  return frame;
}

/** Bytes that are no yamux. The session cannot go on. */
export class YamuxError extends Error {
  override readonly name = 'YamuxError';
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  #held: Buffer = noPayload;

  /**
   * @returns the frames that are whole now
   * @throws YamuxError for another version, an unknown type, and more payload than any window allows
   */
  push(chunk: Buffer): readonly Frame[] {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const frames: Frame[] = [];
    while (rest.length >= headerBytes) {
      const version = rest.readUInt8(0);
      const type = rest.readUInt8(1);
      if (version !== 0) throw new YamuxError(`version ${version} of yamux is not known`);
      if (type > frameTypes.goAway) throw new YamuxError(`frame of unknown type ${type}`);
      const length = rest.readUInt32BE(8);
      const payloadBytes = type === frameTypes.data ? length : 0;
      if (payloadBytes > initialWindowBytes)
        throw new YamuxError(`${payloadBytes} bytes in one frame, the window is ${initialWindowBytes}`);
      if (rest.length < headerBytes + payloadBytes) break;
      frames.push({
        type,
        flags: rest.readUInt16BE(2),
        stream: rest.readUInt32BE(4),
        length,
        payload: rest.subarray(headerBytes, headerBytes + payloadBytes),
      });
      rest = rest.subarray(headerBytes + payloadBytes);
    }
    this.#held = rest;
    return frames;
  }
}
