import type { KubeObject, ManagedFieldsEntry } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinCatalog } from './catalog.ts';
import { trackUpdate } from './field-ownership.ts';
import { resourceType } from './merge-type.ts';
import { compareValues, withZeros } from './typed-value.ts';

const schema = builtinCatalog().schemaOf('apps', 'v1', 'Deployment');
if (schema === undefined) throw new Error('the catalog has Deployments');
const type = resourceType(schema);

const container = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'c'),
    image: fc.constantFrom('x:1', 'x:2'),
    env: fc.uniqueArray(fc.record({ name: fc.constantFrom('E', 'F'), value: fc.constantFrom('1', '2') }), { selector: (one) => one.name }),
    ports: fc.uniqueArray(
      fc.record({ containerPort: fc.constantFrom(80, 81), protocol: fc.constantFrom('TCP', 'UDP') }, { requiredKeys: ['containerPort'] }),
      {
        selector: (one) => `${one.containerPort} ${one.protocol ?? 'TCP'}`,
      },
    ),
    command: fc.array(fc.constantFrom('run', 'stop'), { maxLength: 2 }),
    resources: fc.constantFrom({}, { limits: { cpu: '1' } }),
  },
  { requiredKeys: ['name'] },
);
const labels = fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('1', '2'));
const deployment: fc.Arbitrary<KubeObject> = fc.record(
  {
    apiVersion: fc.constant('apps/v1'),
    kind: fc.constant('Deployment'),
    metadata: fc.record(
      { name: fc.constant('web'), labels, annotations: labels, finalizers: fc.uniqueArray(fc.constantFrom('f', 'g')) },
      { requiredKeys: ['name'] },
    ),
    spec: fc.record(
      {
        replicas: fc.constantFrom(0, 1, 2),
        selector: fc.record({ matchLabels: labels }, { requiredKeys: [] }),
        strategy: fc.constantFrom({}, { type: 'Recreate' }, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } }),
        template: fc.record({
          metadata: fc.record({ labels }, { requiredKeys: [] }),
          spec: fc.record({
            containers: fc.uniqueArray(container, { selector: (one) => one.name }),
            nodeSelector: labels,
            tolerations: fc.array(fc.record({ key: fc.constantFrom('t', 'u'), operator: fc.constant('Exists') }, { requiredKeys: [] }), {
              maxLength: 2,
            }),
          }),
        }),
      },
      { requiredKeys: ['template'] },
    ),
    status: fc.record({ replicas: fc.constantFrom(0, 1) }, { requiredKeys: [] }),
  },
  { requiredKeys: ['apiVersion', 'kind', 'metadata', 'spec'] },
);

/** `next` with every part that equals one of `live` being the very same one, as a patch on a stored object leaves it. */
function sharing(next: unknown, live: unknown): unknown {
  if (JSON.stringify(next) === JSON.stringify(live)) return live;
  if (Array.isArray(next) && Array.isArray(live)) return next.map((item, index) => sharing(item, live[index]));
  if (typeof next !== 'object' || next === null || typeof live !== 'object' || live === null) return next;
  return Object.fromEntries(Object.entries(next).map(([key, value]) => [key, sharing(value, (live as Record<string, unknown>)[key])]));
}

describe('comparison with the zeros of Go', () => {
  it('finds the same differences whether zeros are filled in first or on the way', () => {
    const texts = (changes: ReturnType<typeof compareValues>): unknown =>
      [changes.removed, changes.modified, changes.added].map((set) => set.toFieldsV1());
    fc.assert(
      fc.property(deployment, deployment, fc.boolean(), (left, other, isSharing) => {
        const right = isSharing ? sharing(other, left) : other;
        const first = compareValues(type, withZeros(type, left, true), withZeros(type, other, true));
        expect(texts(compareValues(type, left, right, true))).toEqual(texts(first));
      }),
      { numRuns: 500 },
    );
  });
});

describe('tracking of updates', () => {
  it('does not depend on what a write shares with the object before it', () => {
    const write = fc.record({
      object: deployment,
      manager: fc.constantFrom('one', 'two', 'three'),
      subresource: fc.constantFrom('', 'status'),
    });
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 6 }), (writes) => {
        let shared: KubeObject | undefined;
        let copied: KubeObject | undefined;
        for (const [second, { object, manager, subresource }] of writes.entries()) {
          const now = `2026-01-01T00:00:0${second}Z`;
          const track = (live: KubeObject | undefined, next: KubeObject): KubeObject => {
            const carried: KubeObject = { ...next, metadata: { ...next.metadata, ...managedFieldsOf(live) } };
            const managedFields = trackUpdate({
              schema,
              live,
              next: carried,
              manager,
              now,
              apiVersion: 'apps/v1',
              ...(subresource === '' ? {} : { subresource }),
            });
            return { ...next, metadata: { ...next.metadata, managedFields } };
          };
          shared = track(shared, sharing(object, shared) as KubeObject);
          copied = track(copied === undefined ? undefined : structuredClone(copied), structuredClone(object));
          expect(shared).toEqual(copied);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the entries of managers that a write does not touch', () => {
    const live: KubeObject = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', labels: { a: '1' } } };
    const track = (before: KubeObject | undefined, next: KubeObject, manager: string): readonly ManagedFieldsEntry[] =>
      trackUpdate({ schema, live: before, next, manager, now: '2026-01-01T00:00:00Z', apiVersion: 'apps/v1' });
    const first = { ...live, metadata: { ...live.metadata, managedFields: track(undefined, live, 'one') } };
    const second = { ...first, metadata: { ...first.metadata, annotations: { b: '2' } } };
    const entries = track(first, second, 'two');
    expect(entries.map(({ manager, fieldsV1 }) => `${manager} ${JSON.stringify(fieldsV1)}`)).toEqual([
      'one {"f:metadata":{"f:labels":{".":{},"f:a":{}}}}',
      'two {"f:metadata":{"f:annotations":{".":{},"f:b":{}}}}',
    ]);
    expect(entries[0]?.fieldsV1).toBe(first.metadata.managedFields[0]?.fieldsV1);
  });
});

function managedFieldsOf(live: KubeObject | undefined): { managedFields?: readonly ManagedFieldsEntry[] } {
  return live?.metadata.managedFields === undefined ? {} : { managedFields: live.metadata.managedFields };
}
