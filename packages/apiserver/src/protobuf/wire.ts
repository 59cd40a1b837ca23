/** Protocol buffers on the wire: tags, varints and lengths. Knows nothing of messages. */

export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** One field as it stands in the bytes: a number for varints and doubles, bytes for everything with a length. */
export type WireField = { readonly number: number; readonly value: number | Uint8Array };

/** Fields in the order in which they come. @throws ProtobufError for bytes that are no message */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;

  /** 64 bits in two's complement; exact up to 2^53. */
  const varint = (): number => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined || shift > 63n) throw new ProtobufError('protobuf: the message ends within a number');
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(BigInt.asIntN(64, result));
    }
  };
  const take = (length: number): number => {
    const from = at;
    at += length;
    if (length < 0 || at > bytes.length) throw new ProtobufError('protobuf: the message ends within a field');
    return from;
  };

  while (at < bytes.length) {
    const tag = varint();
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        yield { number, value: view.getFloat64(take(8), true) };
        break;
      case 2: {
        const length = varint();
        const from = take(length);
        yield { number, value: bytes.subarray(from, from + length) };
        break;
      }
      case 5:
        yield { number, value: view.getFloat32(take(4), true) };
        break;
      default:
        throw new ProtobufError(`protobuf: unknown wire type ${tag & 7}`);
    }
  }
}
