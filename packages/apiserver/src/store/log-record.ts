/**
 * One record of the log and of a snapshot: length and CRC-32 of what follows, then operation, revision, kind, key and the object's bytes.
 * Reading needs no JSON, so that a start is as fast as the disk.
 */
import { crc32 } from 'node:zlib';

/** `bytes` is absent for a deletion. `kind` is empty for the mark that ends a snapshot. */
export type LogRecord = {
  readonly revision: number;
  readonly kind: string;
  readonly key: string;
  readonly bytes: Buffer | undefined;
};

const frameBytes = 8;
const fixedBytes = 13;
const operations = { put: 1, remove: 2 } as const;
const recordBytesMax = 64 * 1024 * 1024;

/** Pieces to write one after another. */
export function encodeRecord(record: LogRecord): readonly Buffer[] {
  const kind = Buffer.from(record.kind, 'utf8');
  const key = Buffer.from(record.key, 'utf8');
  const head = Buffer.allocUnsafe(frameBytes + fixedBytes + kind.length + key.length);
  const bodyLength = head.length - frameBytes + (record.bytes?.length ?? 0);
  head.writeUInt8(record.bytes === undefined ? operations.remove : operations.put, frameBytes);
  head.writeDoubleLE(record.revision, frameBytes + 1);
  head.writeUInt16LE(kind.length, frameBytes + 9);
  head.writeUInt16LE(key.length, frameBytes + 11);
  kind.copy(head, frameBytes + fixedBytes);
  key.copy(head, frameBytes + fixedBytes + kind.length);
  let sum = crc32(head.subarray(frameBytes));
  if (record.bytes !== undefined) sum = crc32(record.bytes, sum);
  head.writeUInt32LE(bodyLength, 0);
  head.writeUInt32LE(sum, 4);
  return record.bytes === undefined ? [head] : [head, record.bytes];
}

/**
 * Reads records until the end, or until one that is not whole.
 *
 * @returns how many bytes are whole records; less than the file's length when its tail is torn
 */
export function readRecords(file: Buffer, visit: (record: LogRecord) => void): number {
  let offset = 0;
  const kinds = new Map<string, string>();
  while (offset + frameBytes <= file.length) {
    const length = file.readUInt32LE(offset);
    const start = offset + frameBytes;
    const end = start + length;
    if (length < fixedBytes || length > recordBytesMax || end > file.length) return offset;
    if (crc32(file.subarray(start, end)) !== file.readUInt32LE(offset + 4)) return offset;
    const kindEnd = start + fixedBytes + file.readUInt16LE(start + 9);
    const keyEnd = kindEnd + file.readUInt16LE(start + 11);
    const kindText = file.toString('utf8', start + fixedBytes, kindEnd);
    const kind = kinds.get(kindText) ?? kindText;
    kinds.set(kind, kind);
    visit({
      revision: file.readDoubleLE(start + 1),
      kind,
      key: file.toString('utf8', kindEnd, keyEnd),
      bytes: file.readUInt8(start) === operations.put ? file.subarray(keyEnd, end) : undefined,
    });
    offset = end;
  }
  return offset;
}
