import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinCatalog, conform, formatProblem, type Schema } from './index.ts';

const all = { prune: true, defaults: true, validate: true };

const deployment = builtinCatalog().schemaOf('apps', 'v1', 'Deployment') ?? {};

function web(spec: object = {}): object {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'nginx', ports: [{ containerPort: 80 }] }] },
      },
      ...spec,
    },
  };
}

function problemsOf(schema: Schema, object: unknown): readonly string[] {
  return conform(schema, object, all).problems.map(formatProblem);
}

describe('conform for built-in kinds', () => {
  it('fills the defaults of the OpenAPI', () => {
    const { object, problems, unknownFields } = conform(deployment, web(), all);
    expect(problems).toEqual([]);
    expect(unknownFields).toEqual([]);
    expect(object).toMatchObject({ spec: { template: { spec: { containers: [{ ports: [{ containerPort: 80, protocol: 'TCP' }] }] } } } });
  });

  it('gives the same reference back when nothing is to do', () => {
    const once = conform(deployment, web(), all).object;
    expect(conform(deployment, once, all).object).toBe(once);
  });

  it('reports the paths of unknown fields and drops them', () => {
    const given = web({ foo: 1, template: { metadata: { labelz: {} }, spec: { containers: [{ name: 'a', imagee: 'b' }] } } });
    const { object, unknownFields } = conform(deployment, given, all);
    expect(unknownFields).toEqual(['spec.foo', 'spec.template.metadata.labelz', 'spec.template.spec.containers[0].imagee']);
    expect(JSON.stringify(object)).not.toContain('imagee');
  });

  it('takes null for absent, and drops empty maps and lists as Go does', () => {
    const given = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', labels: {}, annotations: null, creationTimestamp: null } };
    const { object, problems } = conform(builtinCatalog().schemaOf('', 'v1', 'ConfigMap') ?? {}, given, all);
    expect(problems).toEqual([]);
    expect(object).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
  });

  it('names what is missing', () => {
    expect(problemsOf(deployment, { metadata: { name: 'a' }, spec: { template: {} } })).toEqual(['spec.selector: Required value']);
  });

  it('keeps a CRD with its recursive schema', () => {
    const crd = builtinCatalog().schemaOf('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition') ?? {};
    const openAPIV3Schema = {
      type: 'object',
      properties: { spec: { type: 'object', additionalProperties: { type: 'string' }, default: { a: {} }, enum: [1, 'a'] } },
    };
    const versions = [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema }, subresources: { status: {} } }];
    const given = { metadata: { name: 'a.b' }, spec: { group: 'b', names: { plural: 'a', kind: 'A' }, scope: 'Namespaced', versions } };
    const { object, problems, unknownFields } = conform(crd, given, all);
    expect({ problems, unknownFields }).toEqual({ problems: [], unknownFields: [] });
    expect(object).toMatchObject(given);
  });
});

const custom: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['x'],
      properties: {
        replicas: { type: 'integer', format: 'int32', minimum: 0, maximum: 10, default: 3 },
        x: { type: 'string' },
        mode: { type: 'string', enum: ['a', 'b'] },
        name: { type: 'string', maxLength: 3, minLength: 2, pattern: '^[a-z]+$' },
        when: { type: 'string', format: 'date-time' },
        port: { 'x-kubernetes-int-or-string': true },
        ratio: { type: 'number', maximum: 1.5 },
        list: { type: 'array', maxItems: 2, items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
        parts: {
          type: 'array',
          items: { type: 'object', properties: { name: { type: 'string' }, size: { type: 'integer', default: 1 } } },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        // How the template of a Rollout describes its volumes.
        anything: { 'x-kubernetes-preserve-unknown-fields': true },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        either: {
          type: 'object',
          properties: { a: { type: 'string' }, b: { type: 'string' } },
          oneOf: [{ required: ['a'] }, { required: ['b'] }],
        },
      },
    },
  },
};

const valid = { apiVersion: 'e/v1', kind: 'E', metadata: { name: 'a' }, spec: { x: 'y' } };

describe('conform for custom resources', () => {
  it('keeps what it does not know, in lists too, where a field is open', () => {
    const given = { ...valid, spec: { x: 'y', anything: [{ name: 'a', downwardAPI: { items: [{ path: 'p' }] } }, [{ b: 1 }]] } };
    expect(conform(custom, given, all)).toMatchObject({ object: given, unknownFields: [], problems: [] });
  });

  it.each([
    ['a wrong type', { replicas: 'x' }, 'spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'],
    [
      'a fraction for an integer',
      { replicas: 1.5 },
      'spec.replicas: Invalid value: "number": spec.replicas in body must be of type integer: "number"',
    ],
    [
      'a value above its maximum',
      { replicas: 11 },
      'spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10',
    ],
    [
      'a fraction above its maximum',
      { ratio: 1.75 },
      'spec.ratio: Invalid value: 1.75: spec.ratio in body should be less than or equal to 1.5',
    ],
    ['a value outside its enum', { mode: 'z' }, 'spec.mode: Unsupported value: "z": supported values: "a", "b"'],
    ['a long string', { name: 'abcd' }, 'spec.name: Too long: may not be more than 3 bytes'],
    ['a short string', { name: 'a' }, 'spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long'],
    ['a string against its pattern', { name: 'A1' }, `spec.name: Invalid value: "A1": spec.name in body should match '^[a-z]+$'`],
    [
      'a string against its format',
      { when: 'soon' },
      'spec.when: Invalid value: "soon": spec.when in body must be of type date-time: "soon"',
    ],
    [
      'neither integer nor string',
      { port: true },
      'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ],
    ['too many items', { list: ['a', 'b', 'c'] }, 'spec.list: Too many: 3: must have at most 2 items'],
    ['a set with a twin', { list: ['a', 'a'] }, 'spec.list[1]: Duplicate value: "a"'],
    ['a map with a twin', { parts: [{ name: 'a' }, { name: 'a' }] }, 'spec.parts[1]: Duplicate value: {"name":"a"}'],
    [
      'a wrong type in a map',
      { labels: { a: 1 } },
      'spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
    ],
    [
      'no alternative that holds',
      { either: {} },
      '<nil>: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found none valid',
    ],
    [
      'two alternatives that hold',
      { either: { a: '', b: '' } },
      '<nil>: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
  ])('reports %s as the real server does', (_, spec, message) => {
    expect(problemsOf(custom, { ...valid, spec: { ...valid.spec, ...spec } })[0]).toBe(message);
  });

  it('reports a missing field', () => {
    expect(problemsOf(custom, { ...valid, spec: {} })).toEqual(['spec.x: Required value']);
  });

  it('prunes what it does not know, keeps what it was told to keep, and defaults what is missing', () => {
    const given = { ...valid, extra: 1, spec: { x: 'y', foo: 1, free: { any: { thing: [1] } }, parts: [{ name: 'a', bar: 2 }] } };
    const { object, unknownFields } = conform(custom, given, all);
    expect(unknownFields).toEqual(['extra', 'spec.foo', 'spec.parts[0].bar']);
    expect(object).toEqual({
      ...valid,
      spec: { x: 'y', replicas: 3, free: { any: { thing: [1] } }, parts: [{ name: 'a', size: 1 }] },
    });
  });

  it('drops a null that may not be null, or puts the default in its place', () => {
    const { object, problems } = conform(custom, { ...valid, spec: { x: 'y', mode: null, replicas: null } }, all);
    expect(problems).toEqual([]);
    expect(object).toEqual({ ...valid, spec: { x: 'y', replicas: 3 } });
  });

  it('never takes keys of a prototype for fields', () => {
    const given = JSON.parse('{"spec":{"x":"y","__proto__":{"a":1},"constructor":1,"labels":{"__proto__":"a","toString":"b"}}}') as object;
    const { object, unknownFields } = conform(custom, given, all);
    expect(unknownFields).toEqual(['spec.__proto__', 'spec.constructor']);
    expect(JSON.stringify(object)).toBe('{"spec":{"x":"y","labels":{"__proto__":"a","toString":"b"},"replicas":3}}');
  });

  it('is the identity on what it has already made conform, whatever came in', () => {
    fc.assert(
      fc.property(
        fc.record({ spec: fc.dictionary(fc.constantFrom('x', 'replicas', 'mode', 'parts', 'free', 'zzz'), fc.jsonValue()) }),
        (given) => {
          const once = conform(custom, given, all);
          const twice = conform(custom, once.object, all);
          expect(twice.object).toBe(once.object);
          expect(twice.unknownFields).toEqual([]);
        },
      ),
    );
  });
});
