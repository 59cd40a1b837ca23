import type { KubeObject } from '@sluice/api';
import { builtinCatalog, trackUpdate } from '@sluice/schema';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Draft } from '../store/store.ts';
import { share } from './clone.ts';
import type { Target } from './context.ts';
import { setManagedFields } from './managed-fields.ts';

const schema = builtinCatalog().schemaOf('', 'v1', 'Pod');
const target = { served: { schema }, storage: { apiVersion: 'v1' } } as unknown as Target;
const now = Date.parse('2026-01-02T03:04:05Z');

const text = fc.constantFrom('x', 'y', '', 'z');
const status = fc.record(
  {
    phase: text,
    message: text,
    conditions: fc.uniqueArray(fc.record({ type: fc.constantFrom('A', 'B', 'C'), status: text, reason: text }), {
      selector: ({ type }) => type,
      maxLength: 3,
    }),
    podIPs: fc.uniqueArray(fc.record({ ip: fc.constantFrom('1', '2') }), { selector: ({ ip }) => ip, maxLength: 2 }),
  },
  { requiredKeys: [] },
);
const labels = fc.dictionary(fc.constantFrom('a', 'b'), text);
const state = fc.record({
  status,
  labels,
  spec: fc.record({ nodeName: text, tolerations: fc.array(fc.record({ key: text }), { maxLength: 2 }) }),
});

describe('ownership after an update', () => {
  it('is the same whether the whole objects are compared or only what differs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(state, fc.constantFrom('one', 'two')), { minLength: 2, maxLength: 8 }), (writes) => {
        let live: KubeObject | undefined;
        for (const [{ status: said, labels: named, spec }, manager] of writes) {
          const plain = { kind: 'Pod', apiVersion: 'v1', metadata: { name: 'p', labels: named }, spec, status: said };
          const carried = live?.metadata.managedFields;
          const next = { ...plain, metadata: { ...plain.metadata, ...(carried === undefined ? {} : { managedFields: carried }) } };
          const whole = trackUpdate({
            schema: schema ?? {},
            live,
            next: structuredClone(next) as unknown as KubeObject,
            manager,
            now: '2026-01-02T03:04:05Z',
            apiVersion: 'v1',
          });
          const draft: Draft =
            live === undefined
              ? (next as unknown as Draft)
              : ({ ...(share(next, live) as object), metadata: { ...share(next.metadata, live.metadata) } } as Draft);
          setManagedFields(draft, live, { target, write: { manager }, now });
          expect(draft.metadata.managedFields ?? []).toEqual(whole);
          live = structuredClone({ ...next, metadata: { ...next.metadata, managedFields: whole } }) as unknown as KubeObject;
        }
      }),
      { numRuns: 200 },
    );
  });
});
