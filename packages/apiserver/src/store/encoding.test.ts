import type { KubeObject } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Encoding, encode } from './encoding.ts';
import { StoredObject } from './stored-object.ts';

/** Long enough to be copied, of every width that UTF-8 has. */
const long = fc.string({ unit: 'grapheme', minLength: 60, maxLength: 200 });
const part = fc.oneof(
  fc.jsonValue(),
  fc.dictionary(fc.string(), fc.oneof(long, fc.jsonValue()), { maxKeys: 4 }),
  fc.array(fc.record({ text: long }), { maxLength: 3 }),
);

const object = fc.record(
  {
    metadata: fc.record(
      { name: fc.string(), labels: fc.dictionary(fc.string(), long), managedFields: part, deletionTimestamp: fc.constant(undefined) },
      { requiredKeys: ['name'] },
    ),
    spec: part,
    status: fc.oneof(part, fc.constant(undefined)),
    data: part,
  },
  { requiredKeys: ['metadata'] },
);

const withKind = (rest: object): KubeObject => ({ kind: 'Any', apiVersion: 'v1', ...rest }) as KubeObject;

describe('bytes of a stored object', () => {
  it('are those of JSON.stringify, whatever parts it shares with the versions before', () => {
    fc.assert(
      fc.property(
        object,
        fc.array(fc.tuple(object, fc.array(fc.constantFrom('metadata', 'labels', 'spec', 'status', 'data'))), { maxLength: 4 }),
        (first, changes) => {
          let live = withKind(first);
          let encoding: Encoding | undefined;
          for (const [change, kept] of [[{}, []], ...changes] as readonly [Partial<KubeObject>, readonly string[]][]) {
            const next: Record<string, unknown> = { ...live, ...change };
            for (const field of kept) if (field !== 'labels') next[field] = live[field];
            if (kept.includes('labels')) next.metadata = { ...(next.metadata as object), labels: live.metadata.labels };
            live = next as KubeObject;
            encoding = encode(live, encoding);
            expect(encoding.bytes.toString('utf8')).toBe(JSON.stringify(live));
          }
        },
      ),
    );
  });

  it('take over what is the very same value from the version before, without reading it', () => {
    const spec = { text: 'x'.repeat(1000) };
    const first = StoredObject.of(1, withKind({ metadata: { name: 'a' }, spec, status: { ready: 1 } }));
    const { length } = first.bytes;
    // Nobody may do this to a stored object; here it shows who looks at it.
    spec.text = '';
    const second = StoredObject.of(2, withKind({ metadata: { name: 'a' }, spec, status: { ready: 22 } }), first);
    expect(second.bytes.toString('utf8')).toContain('x'.repeat(1000));
    expect(second.bytes.length).toBe(length + 1);
  });

  it('skip versions whose bytes nobody asked for', () => {
    const spec = { text: 'x'.repeat(1000) };
    const versionOf = (ready: number): KubeObject => withKind({ metadata: { name: 'a' }, spec, status: { ready } });
    const first = StoredObject.of(1, versionOf(1));
    const { length } = first.bytes;
    const third = StoredObject.of(3, versionOf(3), StoredObject.of(2, versionOf(2), first));
    expect(third.bytes.length).toBe(length);
    expect(JSON.parse(third.bytes.toString('utf8'))).toEqual(versionOf(3));
  });
});
