import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtinCatalog, jsonPatch, mergePatch, PatchError, strategicMergePatch } from './index.ts';

// Results and words were recorded from a Kubernetes 1.34 server.

const document = { metadata: { labels: { 'a/b': '1' }, finalizers: ['one', 'two', 'three'] }, data: { a: '1', b: '2' } };

describe('jsonPatch', () => {
  it.each([
    ['adds a key', [{ op: 'add', path: '/data/c', value: '3' }], { data: { a: '1', b: '2', c: '3' } }],
    ['adds at the end', [{ op: 'add', path: '/metadata/finalizers/-', value: 'x' }], { finalizers: ['one', 'two', 'three', 'x'] }],
    ['adds in the middle', [{ op: 'add', path: '/metadata/finalizers/1', value: 'x' }], { finalizers: ['one', 'x', 'two', 'three'] }],
    ['counts from the end', [{ op: 'replace', path: '/metadata/finalizers/-1', value: 'x' }], { finalizers: ['one', 'two', 'x'] }],
    ['removes', [{ op: 'remove', path: '/data/a' }], { data: { b: '2' } }],
    ['replaces even a missing key', [{ op: 'replace', path: '/data/z', value: '1' }], { data: { a: '1', b: '2', z: '1' } }],
    ['reads escapes', [{ op: 'replace', path: '/metadata/labels/a~1b', value: '9' }], { labels: { 'a/b': '9' } }],
    ['moves', [{ op: 'move', from: '/metadata/finalizers/0', path: '/metadata/finalizers/2' }], { finalizers: ['two', 'three', 'one'] }],
    ['copies', [{ op: 'copy', from: '/data/a', path: '/data/z' }], { data: { a: '1', b: '2', z: '1' } }],
    ['tests', [{ op: 'test', path: '/metadata/finalizers', value: ['one', 'two', 'three'] }], {}],
    ['takes a missing value for null', [{ op: 'test', path: '/data/q', value: null }], {}],
  ])('%s', (_, patch, changed) => {
    const result = jsonPatch(document, patch) as typeof document;
    expect({ labels: result.metadata.labels, finalizers: result.metadata.finalizers, data: result.data }).toEqual({
      labels: document.metadata.labels,
      finalizers: document.metadata.finalizers,
      data: document.data,
      ...changed,
    });
  });

  it.each([
    [[{ op: 'add', path: '/metadata/finalizers/9', value: 'x' }], 'Unable to access invalid index: 9: invalid index referenced'],
    [[{ op: 'remove', path: '/data/zz' }], "error in remove for path: '/data/zz': Unable to remove nonexistent key: zz: missing value"],
    [[{ op: 'replace', path: '/zz/zz', value: '1' }], 'replace operation does not apply: doc is missing path: /zz/zz: missing value'],
    [[{ op: 'test', path: '/data/a', value: '2' }], 'testing value /data/a failed: test failed'],
    [[{ op: 'foo', path: '/data/a' }], 'Unexpected kind: foo'],
    [{ op: 'add' }, 'error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp'],
  ])('refuses %j', (patch, message) => {
    expect(() => jsonPatch(document, patch)).toThrow(PatchError);
    expect(() => jsonPatch(document, patch)).toThrow(message);
  });

  it('changes nothing when one of its operations fails, and shares what it does not touch', () => {
    const before = JSON.stringify(document);
    expect(() =>
      jsonPatch(document, [
        { op: 'add', path: '/data/x', value: '1' },
        { op: 'test', path: '/data/a', value: 'no' },
      ]),
    ).toThrow();
    expect(JSON.stringify(document)).toBe(before);
    expect((jsonPatch(document, [{ op: 'add', path: '/data/x', value: '1' }]) as typeof document).metadata).toBe(document.metadata);
  });
});

/** The patch that makes one JSON object of another. */
function difference(from: Readonly<Record<string, unknown>>, to: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = from[key];
    const after = to[key];
    if (!Object.hasOwn(to, key)) patch[key] = null;
    else if (isMap(before) && isMap(after)) patch[key] = difference(before, after);
    else patch[key] = isMap(after) ? difference({}, after) : after;
  }
  return patch;
}

describe('mergePatch', () => {
  const tree = fc.letrec<{ tree: Record<string, unknown>; leaf: unknown }>((tie) => ({
    leaf: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.integer(), { maxLength: 3 })),
    tree: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('tree'))),
  })).tree;

  it('makes the target of what the difference to it says', () => {
    fc.assert(
      fc.property(tree, tree, (from, to) => {
        expect(mergePatch(from, difference(from, to))).toEqual(to);
      }),
    );
  });

  it('gives the same reference back when it changes nothing', () => {
    fc.assert(
      fc.property(tree, (one) => {
        expect(mergePatch(one, difference(one, one))).toBe(one);
      }),
    );
  });

  it('refuses what is no object', () => {
    expect(() => mergePatch({}, [1])).toThrow(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
  });
});

describe('strategicMergePatch', () => {
  const schema = builtinCatalog().schemaOf('apps', 'v1', 'Deployment') ?? {};
  const live = {
    metadata: { finalizers: ['one', 'two'] },
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      template: {
        spec: {
          nodeSelector: { a: 'b' },
          tolerations: [{ key: 'k', operator: 'Exists' }],
          containers: [
            {
              name: 'a',
              image: '1',
              env: [
                { name: 'A', value: '1' },
                { name: 'B', value: '2' },
              ],
              ports: [{ containerPort: 80, name: 'http' }],
            },
            { name: 'b', image: '2' },
            { name: 'c', image: '3' },
          ],
          volumes: [{ name: 'v', emptyDir: {} }],
        },
      },
    },
  };
  const patched = (podSpec: object): Record<string, unknown> =>
    (strategicMergePatch(schema, live, { spec: { template: { spec: podSpec } } }) as typeof live).spec.template.spec as Record<
      string,
      unknown
    >;
  const names = (list: unknown): readonly string[] => (list as readonly { name: string }[]).map(({ name }) => name);
  const first = (podSpec: Record<string, unknown>): Record<string, unknown> => (podSpec.containers as Record<string, unknown>[])[0] ?? {};

  it.each([
    [
      'merges items by their key',
      {
        env: [
          { name: 'B', value: '9' },
          { name: 'D', value: '4' },
        ],
      },
      ['A=1', 'B=9', 'D=4'],
    ],
    ['deletes an item', { env: [{ name: 'B', $patch: 'delete' }] }, ['A=1']],
    ['replaces a list that would be merged', { env: [{ name: 'Z', value: '1' }, { $patch: 'replace' }] }, ['Z=1']],
    [
      'orders by the patch and keeps the rest where it was',
      { '$setElementOrder/env': [{ name: 'N' }, { name: 'A' }], env: [{ name: 'N', value: 'n' }] },
      ['N=n', 'A=1', 'B=2'],
    ],
  ])('%s', (_, change, env) => {
    const container = first(patched({ containers: [{ name: 'a', ...change }] }));
    expect((container.env as { name: string; value: string }[]).map(({ name, value }) => `${name}=${value}`)).toEqual(env);
  });

  it('merges ports by containerPort alone', () => {
    const container = first(patched({ containers: [{ name: 'a', ports: [{ containerPort: 80, name: 'web' }, { containerPort: 82 }] }] }));
    expect(container.ports).toEqual([{ containerPort: 80, name: 'web' }, { containerPort: 82 }]);
  });

  it('puts a new item before the live ones, or where the order list wants it', () => {
    expect(names(patched({ containers: [{ name: 'd', image: 'q' }] }).containers)).toEqual(['d', 'a', 'b', 'c']);
    const order = [{ name: 'c' }, { name: 'n' }, { name: 'a' }];
    expect(names(patched({ '$setElementOrder/containers': order, containers: [{ name: 'n' }] }).containers)).toEqual(['b', 'c', 'n', 'a']);
  });

  it('keeps only the named keys of a volume', () => {
    const { volumes } = patched({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/x' } }] });
    expect(volumes).toEqual([{ name: 'v', hostPath: { path: '/x' } }]);
  });

  it('replaces atomic lists, merges maps, and obeys directives in them', () => {
    expect(patched({ tolerations: [{ key: 'z' }] }).tolerations).toEqual([{ key: 'z' }]);
    expect(patched({ nodeSelector: { c: 'd' } }).nodeSelector).toEqual({ a: 'b', c: 'd' });
    expect(patched({ nodeSelector: { $patch: 'replace', c: 'd' } }).nodeSelector).toEqual({ c: 'd' });
    expect(patched({ nodeSelector: { $patch: 'delete' } }).nodeSelector).toEqual({});
  });

  it('adds to and deletes from lists of primitives', () => {
    const finalizers = (metadata: object): unknown => (strategicMergePatch(schema, live, { metadata }) as typeof live).metadata.finalizers;
    expect(finalizers({ finalizers: ['three'] })).toEqual(['three', 'one', 'two']);
    expect(finalizers({ '$deleteFromPrimitiveList/finalizers': ['one'] })).toEqual(['two']);
    expect(finalizers({ '$setElementOrder/finalizers': ['two', 'three', 'one'], finalizers: ['three'] })).toEqual(['two', 'three', 'one']);
  });

  it.each([
    ['an item without its key', { containers: [{ image: 'x' }] }, 'map: map[image:x] does not contain declared merge key: name'],
    ['keys that are not retained', { volumes: [{ name: 'v', $retainKeys: ['name'], hostPath: {} }] }, 'invalid patch format of retainKeys'],
    ['a directive of no known kind', { nodeSelector: { $patch: 'foo' } }, 'unknown patch type: foo in map: map[$patch:foo]'],
    [
      'items against their order list',
      { '$setElementOrder/containers': [{ name: 'c' }], containers: [{ name: 'a', image: 'x' }] },
      "The order in patch list:\n[map[image:x name:a]]\n doesn't match $setElementOrder list:\n[map[name:c]]\n",
    ],
  ])('refuses %s', (_, podSpec, message) => {
    expect(() => patched(podSpec)).toThrow(message);
  });

  it('never changes what it was given, and gives it back when nothing changes', () => {
    const before = JSON.stringify(live);
    patched({ containers: [{ name: 'a', image: '9', env: [{ $patch: 'replace' }] }], volumes: [{ name: 'v', $retainKeys: ['name'] }] });
    expect(JSON.stringify(live)).toBe(before);
    expect(strategicMergePatch(schema, live, {})).toBe(live);
  });
});
