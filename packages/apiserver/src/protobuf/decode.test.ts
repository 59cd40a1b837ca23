/** Objects of a real 1.34 server, each recorded in both encodings. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './decode.ts';
import { ProtobufError } from './wire.ts';

type Recorded = { readonly path: string; readonly json: unknown; readonly protobuf: string };

const recorded = JSON.parse(readFileSync(new URL('./testdata/objects.json', import.meta.url), 'utf8')) as readonly Recorded[];

describe('an object in protobuf', () => {
  it.each(recorded.map((each) => [each.path, each] as const))('%s is the same as in JSON', (_path, { json, protobuf }) => {
    expect(decodeProtobuf(Buffer.from(protobuf, 'base64'))).toEqual(json);
  });

  it('keeps a zero that was meant and drops one that was not said', () => {
    // A Deployment with `replicas: 0`, a pointer in Go, and `paused: false`, which is none.
    const spec = Buffer.from([0x08, 0x00, 0x38, 0x00]);
    const raw = Buffer.concat([Buffer.from([0x12, spec.length]), spec]);
    const meta = Buffer.concat([Buffer.from([0x0a, 7]), Buffer.from('apps/v1'), Buffer.from([0x12, 10]), Buffer.from('Deployment')]);
    const envelope = Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, meta.length]), meta, Buffer.from([0x12, raw.length]), raw]);
    expect(decodeProtobuf(envelope)).toEqual({ apiVersion: 'apps/v1', kind: 'Deployment', spec: { replicas: 0 } });
  });

  it('is refused when it is cut short, of an unknown kind, or no envelope', () => {
    const whole = Buffer.from(recorded[0]?.protobuf ?? '', 'base64');
    const unknown = Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, 3, 0x0a, 1]), Buffer.from('x')]);
    for (const bytes of [whole.subarray(0, whole.length - 40), unknown, Buffer.from('{}')]) {
      expect(() => decodeProtobuf(bytes)).toThrow(ProtobufError);
    }
  });
});
