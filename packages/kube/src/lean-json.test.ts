import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLean, withoutManagedFields } from './lean-json.ts';

const entry = {
  manager: 'a "quoted" manager]',
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-01-01T00:00:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: { 'f:data': { 'k:{"name":"]\\\\"}': { '.': {}, 'f:list': {} }, 'v:"[x"': {} } },
};

describe('parsing without managedFields', () => {
  it('takes them out wherever they stand among the members, and nothing else', () => {
    const others = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(others, others, others, fc.integer({ min: 0, max: 2 })), { maxLength: 4 }), (items) => {
        const object = ([before, after, rest, entries]: (typeof items)[number], isLean: boolean): unknown => ({
          ...rest,
          metadata: { ...before, ...(isLean || entries === 0 ? {} : { managedFields: Array(entries).fill(entry) }), ...after },
        });
        const clean = items.filter(([before, after]) => !('managedFields' in before) && !('managedFields' in after));
        const full = JSON.stringify({ items: clean.map((item) => object(item, false)) });
        expect(parseLean(full)).toEqual({ items: JSON.parse(JSON.stringify(clean.map((item) => object(item, true)))) });
      }),
    );
  });

  it('leaves a list of the same name alone that is something else, and text that speaks of them', () => {
    const object = {
      spec: { managedFields: [{ name: 'x' }] },
      metadata: { annotations: { last: JSON.stringify({ metadata: { managedFields: [entry] } }) } },
    };
    expect(parseLean(JSON.stringify(object))).toEqual(object);
  });

  it('leaves text alone that breaks off', () => {
    const text = JSON.stringify({ metadata: { managedFields: [entry] } });
    for (let length = 0; length < text.length; length++)
      expect(() => JSON.parse(withoutManagedFields(text.slice(0, length)))).toThrow(SyntaxError);
  });
});
