import type { KubeObject } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApplyConflict, builtinCatalog, type Schema, serverSideApply, trackUpdate } from './index.ts';

// The entries and the words in this file were recorded from a Kubernetes 1.34 server that was sent the same writes.

const configMap = builtinCatalog().schemaOf('', 'v1', 'ConfigMap') ?? {};
const service = builtinCatalog().schemaOf('', 'v1', 'Service') ?? {};
const deployment = builtinCatalog().schemaOf('apps', 'v1', 'Deployment') ?? {};

const widget: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        a: { type: 'string' },
        set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        list: { type: 'array', items: { type: 'string' } },
        parts: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name', 'protocol'],
          items: {
            type: 'object',
            required: ['name'],
            properties: {
              name: { type: 'string' },
              protocol: { type: 'string', default: 'TCP' },
              sub: { type: 'object', properties: { x: { type: 'integer' }, y: { type: 'integer' } } },
            },
          },
        },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        whole: { type: 'object', properties: { x: { type: 'integer' }, y: { type: 'integer' } }, 'x-kubernetes-map-type': 'atomic' },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      },
    },
    status: { type: 'object', properties: { x: { type: 'integer' } } },
  },
};

/** A server with one object: what is applied and updated stays, with one tick of the clock a write. */
class Lab {
  readonly #schema: Schema;
  readonly #kind: { readonly apiVersion: string; readonly kind: string };
  #live: KubeObject | undefined;
  #seconds = 0;

  constructor(schema: Schema, apiVersion = 'v1', kind = 'ConfigMap') {
    this.#schema = schema;
    this.#kind = { apiVersion, kind };
  }

  get live(): KubeObject {
    return this.#live ?? this.object({});
  }

  put(live: KubeObject): void {
    this.#live = live;
  }

  #write(): { schema: Schema; live: KubeObject | undefined; now: string; apiVersion: string } {
    this.#seconds++;
    const now = `2026-01-01T00:00:${String(this.#seconds).padStart(2, '0')}Z`;
    return { schema: this.#schema, live: this.#live, now, apiVersion: this.#kind.apiVersion };
  }

  object(rest: object): KubeObject {
    return { ...this.#kind, metadata: { name: 'a', namespace: 'b' }, ...rest };
  }

  apply(manager: string, rest: object, force = false): KubeObject {
    this.#live = serverSideApply({ ...this.#write(), applied: this.object(rest), manager, force });
    return this.#live;
  }

  update(manager: string, next: KubeObject, subresource?: string): KubeObject {
    const managedFields = trackUpdate({ ...this.#write(), next, manager, ...(subresource === undefined ? {} : { subresource }) });
    const { managedFields: _, ...metadata } = next.metadata;
    this.#live = { ...next, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
    return this.#live;
  }

  /** `manager operation subresource: fields`, in the order of the entries. */
  owners(): readonly string[] {
    return (this.live.metadata.managedFields ?? []).map(
      ({ manager, operation, subresource, fieldsV1 }) =>
        `${manager} ${operation}${subresource === undefined ? '' : ` ${subresource}`}: ${JSON.stringify(fieldsV1)}`,
    );
  }
}

function conflictOf(run: () => unknown): ApplyConflict {
  try {
    run();
  } catch (error) {
    if (error instanceof ApplyConflict) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('serverSideApply', () => {
  it('owns what it applies, but nothing that says which object it is', () => {
    const lab = new Lab(configMap);
    lab.apply('one', { metadata: { name: 'a', namespace: 'b', labels: { app: 'a' } }, data: { x: '1' } });
    expect(lab.owners()).toEqual(['one Apply: {"f:data":{"f:x":{}},"f:metadata":{"f:labels":{"f:app":{}}}}']);
  });

  it('names the conflict, its manager and the field', () => {
    const lab = new Lab(configMap);
    lab.apply('one', { data: { x: '1', y: '1' } });
    const conflict = conflictOf(() => lab.apply('two', { data: { x: '2' } }));
    expect(conflict.message).toBe('Apply failed with 1 conflict: conflict with "one": .data.x');
    expect(conflict.conflicts).toEqual([{ manager: '"one"', field: '.data.x', message: 'conflict with "one"' }]);
  });

  it('lists several conflicts by manager, updaters with their version', () => {
    const lab = new Lab(configMap);
    lab.apply('one', { data: { x: '1', y: '1' } });
    lab.update('ed', { ...lab.live, data: { x: '9', y: '1', w: '1' } });
    const conflict = conflictOf(() => lab.apply('two', { data: { x: '2', y: '2', w: '2' } }));
    expect(conflict.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "ed" using v1:\n- .data.w\n- .data.x\nconflicts with "one":\n- .data.y',
    );
  });

  it('takes a field over by force, and shares one whose value is the same', () => {
    const lab = new Lab(configMap);
    lab.apply('one', { data: { x: '1', y: '1' } });
    lab.apply('two', { data: { x: '1' } });
    expect(lab.owners()).toEqual(['two Apply: {"f:data":{"f:x":{}}}', 'one Apply: {"f:data":{"f:x":{},"f:y":{}}}']);
    expect(lab.live.metadata.managedFields?.map(({ time }) => time)).toEqual([undefined, '2026-01-01T00:00:01Z']);
    lab.apply('two', { data: { x: '2' } }, true);
    expect(lab.owners()).toEqual(['one Apply: {"f:data":{"f:y":{}}}', 'two Apply: {"f:data":{"f:x":{}}}']);
  });

  it('removes what it applied before and no longer wants, unless someone else owns it', () => {
    const lab = new Lab(configMap);
    lab.apply('one', { data: { x: '1', y: '1' } });
    lab.apply('two', { data: { x: '1' } });
    expect(lab.apply('one', {}).data).toEqual({ x: '1' });
    expect(lab.apply('two', {}).data).toBeUndefined();
  });

  it('fills the keys of list items with their defaults', () => {
    const lab = new Lab(service, 'v1', 'Service');
    lab.apply('one', { spec: { ports: [{ port: 80, name: 'http' }] } });
    expect(lab.owners()).toEqual([
      'one Apply: {"f:spec":{"f:ports":{"k:{\\"port\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:name":{},"f:port":{}}}}}',
    ]);
    const conflict = conflictOf(() => lab.apply('two', { spec: { ports: [{ port: 80, name: 'web' }] } }));
    expect(conflict.conflicts[0]?.field).toBe('.spec.ports[port=80,protocol="TCP"].name');
  });

  it('merges sets and keyed lists item by item, other lists and atomic maps as one value', () => {
    const lab = new Lab(widget, 'e/v1', 'Widget');
    lab.apply('one', {
      spec: { set: ['a', 'b'], list: ['x'], parts: [{ name: 'p', sub: { x: 1 } }], whole: { x: 1 }, free: { a: { b: 1 } } },
    });
    const merged = lab.apply('two', {
      spec: { set: ['b', 'c'], parts: [{ name: 'q' }, { name: 'p', sub: { y: 2 } }], free: { a: { c: 1 } } },
    });
    expect(merged.spec).toEqual({
      set: ['a', 'b', 'c'],
      list: ['x'],
      parts: [{ name: 'q' }, { name: 'p', sub: { x: 1, y: 2 } }],
      whole: { x: 1 },
      free: { a: { b: 1, c: 1 } },
    });
    const conflict = conflictOf(() => lab.apply('two', { spec: { list: ['y'], whole: { y: 2 } } }));
    expect(conflict.conflicts.map(({ field }) => field)).toEqual(['.spec.list', '.spec.whole']);
  });

  it('keeps the owner of a struct whose last field it removes', () => {
    const lab = new Lab(deployment, 'apps/v1', 'Deployment');
    const pod = (container: object): object => ({ spec: { template: { spec: { containers: [{ name: 'web', ...container }] } } } });
    lab.update('create', lab.object(pod({ resources: {} })));
    lab.apply('one', pod({ resources: { limits: { cpu: '1' } } }));
    lab.apply('one', pod({}));
    expect(lab.owners()[1]).toBe(
      'create Update: {"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\\"name\\":\\"web\\"}":{".":{},"f:name":{},"f:resources":{}}}}}}}',
    );
  });

  it('leaves an empty map where the configuration asks for one', () => {
    const lab = new Lab(widget, 'e/v1', 'Widget');
    lab.apply('one', { spec: { a: '', labels: { k: 'v' }, free: { q: 1 } } });
    expect(lab.apply('one', { spec: { a: '', labels: {}, free: {} } }).spec).toEqual({ a: '', labels: {}, free: {} });
  });

  it('gives an object that nobody tracked to before-first-apply', () => {
    const lab = new Lab(configMap);
    lab.put(lab.object({ data: { q: '9' } }));
    expect(conflictOf(() => lab.apply('two', { data: { q: '1' } })).message).toBe(
      'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.q',
    );
    lab.apply('two', { data: { r: '1' } });
    expect(lab.owners()).toEqual(['two Apply: {"f:data":{"f:r":{}}}', 'before-first-apply Update: {"f:data":{".":{},"f:q":{}}}']);
  });

  it('lets kubectl take over what it applied from the client side, and keeps its annotation', () => {
    const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
    const lab = new Lab(configMap);
    const last = JSON.stringify(lab.object({ data: { a: '1', b: '1' } }));
    lab.update(
      'kubectl-client-side-apply',
      lab.object({ metadata: { name: 'a', annotations: { [annotation]: last } }, data: { a: '1', b: '1' } }),
    );
    lab.update('other', { ...lab.live, data: { a: '1', b: '2' } });
    expect(conflictOf(() => lab.apply('kubectl', { data: { a: '2', b: '3' } })).message).toBe(
      'Apply failed with 1 conflict: conflict with "other" using v1: .data.b',
    );
    const applied = lab.apply('kubectl', { data: { a: '2' } });
    expect(applied.data).toEqual({ a: '2', b: '2' });
    expect(applied.metadata.annotations?.[annotation]).toBe(
      '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"a","namespace":"b"}}\n',
    );
  });

  it.each([
    ['a field that the kind does not have', { spec: { portz: [] } }, '.spec.portz: field not declared in schema'],
    [
      'two items with one key',
      { spec: { ports: [{ port: 81 }, { port: 81 }] } },
      '.spec.ports: duplicate entries for key [port=81,protocol="TCP"]',
    ],
    ['something else where a list should be', { spec: { ports: 'a' } }, '.spec.ports: expected list, got &{a}'],
    [
      'a text for a number',
      { spec: { ports: [{ port: 'a' }] } },
      '.spec.ports[port="a",protocol="TCP"].port: expected numeric (int or float), got string',
    ],
    ['a number for a text', { spec: { type: 4 } }, '.spec.type: expected string, got &value.valueUnstructured{Value:4}'],
  ])('refuses %s', (_, rest, message) => {
    const lab = new Lab(service, 'v1', 'Service');
    expect(() => lab.apply('one', rest)).toThrow(`failed to create typed patch object (b/a; /v1, Kind=Service): ${message}`);
  });

  it('refuses a configuration that brings managed fields along', () => {
    const lab = new Lab(configMap);
    expect(() => lab.apply('one', { metadata: { name: 'a', managedFields: [] } })).toThrow('metadata.managedFields must be nil');
  });

  const sub = fc.record({ x: fc.integer(), y: fc.integer() }, { requiredKeys: [] });
  const part = fc.record({ name: fc.constantFrom('p', 'q', 'r'), sub }, { requiredKeys: ['name'] });
  const config = fc.record(
    {
      a: fc.string(),
      set: fc.uniqueArray(fc.constantFrom('k', 'l', 'm'), { minLength: 1 }),
      list: fc.array(fc.string(), { maxLength: 3 }),
      parts: fc.uniqueArray(part, { minLength: 1, selector: ({ name }) => name }),
      labels: fc.dictionary(fc.constantFrom('x', 'y', 'z'), fc.string()),
      free: fc.dictionary(fc.constantFrom('x', 'y'), fc.jsonValue()),
    },
    { requiredKeys: ['a'] },
  );
  const writes = fc.array(fc.tuple(fc.constantFrom('one', 'two', 'three'), config), { minLength: 1, maxLength: 6 });

  it('changes nothing when the same configuration is applied twice', () => {
    fc.assert(
      fc.property(writes, (steps) => {
        const lab = new Lab(widget, 'e/v1', 'Widget');
        for (const [manager, spec] of steps) {
          const once = lab.apply(manager, { spec }, true);
          expect(lab.apply(manager, { spec }, true)).toEqual(once);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('leaves every applied field owned by its manager, with the applied value, and no owner without a field', () => {
    fc.assert(
      fc.property(writes, (steps) => {
        const lab = new Lab(widget, 'e/v1', 'Widget');
        for (const [manager, spec] of steps) lab.apply(manager, { spec }, true);
        const [manager, spec] = steps.at(-1) ?? ['', { a: '' }];
        const entry = lab.live.metadata.managedFields?.find((one) => one.manager === manager);
        const owned = Object.keys((entry?.fieldsV1?.['f:spec'] ?? {}) as object);
        for (const key of Object.keys(spec)) expect(owned).toContain(`f:${key}`);
        expect(lab.live).toMatchObject({ spec: { a: spec.a } });
        for (const one of lab.live.metadata.managedFields ?? []) expect(Object.keys(one.fieldsV1 ?? {}).length).toBeGreaterThan(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('trackUpdate', () => {
  const spec = {
    replicas: 1,
    selector: { matchLabels: { app: 'w' } },
    template: { metadata: { labels: { app: 'w' } }, spec: { containers: [{ name: 'web', image: 'nginx', resources: {} }] } },
    strategy: { type: 'RollingUpdate' },
  };

  it('owns on creation what Go does not have by itself', () => {
    const lab = new Lab(deployment, 'apps/v1', 'Deployment');
    lab.update('kubectl-create', lab.object({ spec, status: {} }));
    expect(lab.owners()).toEqual([
      'kubectl-create Update: {"f:spec":{"f:replicas":{},"f:selector":{},"f:strategy":{"f:type":{}},"f:template":{"f:metadata":{"f:labels":' +
        '{".":{},"f:app":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"web\\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{}}}}}}}',
    ]);
  });

  it('moves only what really changed, and a time only then', () => {
    const lab = new Lab(deployment, 'apps/v1', 'Deployment');
    lab.update('create', lab.object({ spec: { replicas: 1, paused: true } }));
    lab.update('scale', { ...lab.live, spec: { replicas: 2, paused: true } });
    const before = lab.live.metadata.managedFields;
    lab.update('scale', lab.live);
    expect(lab.live.metadata.managedFields).toEqual(before);
    expect(lab.owners()).toEqual(['create Update: {"f:spec":{"f:paused":{}}}', 'scale Update: {"f:spec":{"f:replicas":{}}}']);
  });

  it('keeps a subresource apart', () => {
    const lab = new Lab(deployment, 'apps/v1', 'Deployment');
    lab.update('create', lab.object({ spec: { replicas: 1 } }));
    lab.update('create', { ...lab.live, status: { replicas: 1, conditions: [{ type: 'A', status: 'True' }] } }, 'status');
    expect(lab.owners()[1]).toBe(
      'create Update status: {"f:status":{"f:conditions":{".":{},"k:{\\"type\\":\\"A\\"}":{".":{},"f:status":{},"f:type":{}}},"f:replicas":{}}}',
    );
  });

  it('takes removed fields away from whoever owned them', () => {
    const lab = new Lab(configMap);
    lab.apply('one', { data: { x: '1', y: '1' } });
    lab.update('ed', lab.object({ data: { y: '1' } }));
    expect(lab.owners()).toEqual(['one Apply: {"f:data":{"f:y":{}}}']);
  });

  it('forgets everybody when the list is emptied, and does not begin again by itself', () => {
    const lab = new Lab(configMap);
    lab.apply('one', { data: { x: '1' } });
    lab.update('ed', { ...lab.live, metadata: { ...lab.live.metadata, managedFields: [] } });
    expect(lab.owners()).toEqual([]);
    lab.update('ed', { ...lab.live, data: { x: '2' } });
    expect(lab.owners()).toEqual([]);
  });

  it('throws the oldest updaters together when there are more than ten', () => {
    const lab = new Lab(configMap);
    lab.update('u00', lab.object({ data: { k00: 'v' } }));
    for (let i = 1; i < 13; i++) {
      const name = String(i).padStart(2, '0');
      lab.update(`u${name}`, { ...lab.live, data: { ...(lab.live.data as object), [`k${name}`]: 'v' } });
    }
    const entries = lab.live.metadata.managedFields ?? [];
    expect(entries.map(({ manager }) => manager)).toEqual([
      'ancient-changes',
      'u04',
      'u05',
      'u06',
      'u07',
      'u08',
      'u09',
      'u10',
      'u11',
      'u12',
    ]);
    expect(Object.keys((entries[0]?.fieldsV1?.['f:data'] ?? {}) as object)).toEqual(['.', 'f:k00', 'f:k01', 'f:k02', 'f:k03']);
  });
});
