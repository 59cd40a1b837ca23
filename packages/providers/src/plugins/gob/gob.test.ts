import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import recorded from '../testdata/recorded.json' with { type: 'json' };
import { GobDecoder } from './decoder.ts';
import { GobEncoder, type GobMessage } from './encoder.ts';
import { decodeGoTime, encodeGoTime } from './time.ts';
import { GobError, type GobType, type GobValue, gobTypes } from './types.ts';

const { bool, int, uint, float, bytes, string } = gobTypes;
const point: GobType = {
  kind: 'struct',
  name: 'point',
  fields: [
    { name: 'X', type: int },
    { name: 'Y', type: int },
    { name: 'Name', type: string },
  ],
};
const points: GobType = { kind: 'slice', name: '[]main.point', element: point };
const counts: GobType = { kind: 'map', name: 'map[string]int', key: string, element: int };
const instant: GobType = { kind: 'opaque', name: 'Time' };

const hexOf = (name: string): Buffer => Buffer.from(recorded.gobs.find((row) => row.name === name)?.hex ?? '', 'hex');

function decodeAll(data: Buffer, chunkBytes = data.length): readonly GobValue[] {
  const decoder = new GobDecoder();
  const values: GobValue[] = [];
  for (let at = 0; at < data.length; at += chunkBytes) {
    decoder.push(data.subarray(at, at + chunkBytes));
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) values.push(next.value);
  }
  return values;
}

/** Values that Go encoded, and their types. */
const rows: readonly (readonly [string, GobType, unknown])[] = [
  ['true', bool, true],
  ['int 0', int, 0],
  ['int -1', int, -1],
  ['int 63', int, 63],
  ['int 64', int, 64],
  ['int -129', int, -129],
  ['int 2^53', int, 2n ** 53n],
  ['least int', int, -(2n ** 63n)],
  ['greatest uint', uint, 2n ** 64n - 1n],
  ['float 17', float, 17],
  ['float -0.1', float, -0.1],
  ['infinity', float, Number.POSITIVE_INFINITY],
  ['text', string, 'grüß\0e'],
  ['bytes', bytes, Buffer.from([0, 1, 255])],
  ['point', point, { X: -5, Name: 'p' }],
  ['empty point', point, {}],
  ['points', points, [{ X: 1 }, {}, { Y: 2 }]],
  ['map', counts, new Map([['one', 0]])],
  ['empty map', counts, new Map()],
  ['time', instant, encodeGoTime(Date.parse('2026-01-02T03:04:05.678Z'))],
];

describe('gob', () => {
  it.each(rows)('reads what Go writes: %s', (name, _, value) => {
    expect(decodeAll(hexOf(name))).toEqual([value]);
    expect(decodeAll(hexOf(name), 1)).toEqual([value]);
  });

  it.each(rows)('writes what Go writes, but for the numbers of types: %s', (name, type, value) => {
    const written = new GobEncoder().encode({ kind: 'value', type, value });
    expect(decodeAll(written)).toEqual([value]);
    // Simple types have fixed numbers, so that every byte is the same.
    if (!('name' in type)) expect(written.toString('hex')).toBe(hexOf(name).toString('hex'));
    else expect(written).toHaveLength(new GobEncoder().encode({ kind: 'value', type, value }).length);
  });

  it('reads every kind that Go has', () => {
    expect(decodeAll(hexOf('all'))).toEqual([
      {
        Yes: true,
        Small: -8,
        Large: 2n ** 60n,
        Positive: 300,
        Real: 0.5,
        Raw: Buffer.from('raw'),
        Text: 't',
        List: [{ X: 1 }],
        Names: new Map([['n', -1]]),
        Array: [1, 0, 3],
        Any: { Y: 9 },
        Pointer: { Name: 'q' },
        When: expect.any(Buffer),
        Complex: [1, -2],
      },
    ]);
    const [all] = decodeAll(hexOf('all')) as readonly { readonly When: Buffer }[];
    expect(new Date(decodeGoTime(all?.When ?? Buffer.alloc(0)) ?? 0).toISOString()).toBe('1970-01-01T00:59:59.999Z');
  });

  it('reads and writes values in interfaces', () => {
    expect(decodeAll(hexOf('point in an interface'))).toEqual([{ X: 7 }]);
    expect(decodeAll(hexOf('point in an interface'), 1)).toEqual([{ X: 7 }]);
    expect(decodeAll(hexOf('all'), 1)).toEqual(decodeAll(hexOf('all')));
    expect(decodeAll(hexOf('nil interface'))).toEqual([undefined]);
    const encoder = new GobEncoder();
    const held: GobMessage = { kind: 'interface', name: 'point', type: point, value: { X: 7 } };
    expect(decodeAll(Buffer.concat([encoder.encode(held), encoder.encode({ kind: 'nil interface' })]))).toEqual([{ X: 7 }, undefined]);
    expect(new GobEncoder().encode({ kind: 'nil interface' }).toString('hex')).toBe(hexOf('nil interface').toString('hex'));
  });

  it('defines a type once a stream', () => {
    const encoder = new GobEncoder();
    const message: GobMessage = { kind: 'value', type: points, value: [{ X: 1 }] };
    const first = encoder.encode(message);
    const second = encoder.encode(message);
    expect(second.length).toBeLessThan(first.length / 3);
    expect(decodeAll(Buffer.concat([first, second]))).toEqual([[{ X: 1 }], [{ X: 1 }]]);
  });

  it('goes on after a value that cannot be sent', () => {
    const encoder = new GobEncoder();
    const bad: GobMessage = { kind: 'value', type: points, value: [{ X: 1 }, { X: 'secret' }] };
    expect(() => encoder.encode({ kind: 'value', type: string, value: 'head' }, bad)).toThrow(
      new GobError('slice[1].X: a number is wanted, not a string'),
    );
    expect(() => encoder.encode({ kind: 'value', type: int, value: 1.5 })).toThrow('int: 1.5 is not a whole number');
    expect(() => encoder.encode({ kind: 'value', type: uint, value: -1 })).toThrow('does not fit');
    expect(decodeAll(encoder.encode({ kind: 'value', type: points, value: [{ Y: 2 }] }))).toEqual([[{ Y: 2 }]]);
  });

  it('leaves zero out of structs, but not out of lists', () => {
    const type: GobType = {
      kind: 'struct',
      name: 's',
      fields: [
        { name: 'A', type: int },
        { name: 'B', type: points },
        { name: 'C', type: point },
        { name: 'D', type: counts },
      ],
    };
    expect(decodeAll(new GobEncoder().encode({ kind: 'value', type, value: { A: 0, B: [], C: {}, D: {} } }))).toEqual([
      { C: {}, D: new Map() },
    ]);
    expect(decodeAll(new GobEncoder().encode({ kind: 'value', type: { kind: 'slice', name: '', element: int }, value: [0, 0] }))).toEqual([
      [0, 0],
    ]);
  });

  it('gives back what it was given', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ X: fc.maxSafeInteger(), Y: fc.integer(), Name: fc.string({ unit: 'grapheme' }) })),
        fc.integer({ min: 1, max: 7 }),
        (value, chunkBytes) => {
          const kept = value.map((entry) => Object.fromEntries(Object.entries(entry).filter(([, held]) => held !== 0 && held !== '')));
          expect(decodeAll(new GobEncoder().encode({ kind: 'value', type: points, value }), chunkBytes)).toEqual([kept]);
        },
      ),
    );
  });

  it.each([
    ['a length of nine bytes', 'f7010101010101010101'],
    ['a message that is too long', 'fc7fffffff00'],
    ['an unknown type', '03ff8e00'],
    ['a definition of no kind', '03ff8300'],
    ['more elements than bytes', '050cfd0fffff00'],
    ['a field beyond the type', `${'0aff81030102ff820000'}03ff820900`],
    ['text beyond the message', '040c00ff61'],
    ['a message without its type', '00'],
  ])('ends a stream at %s', (_, hex) => {
    expect(() => decodeAll(Buffer.from(hex, 'hex'))).toThrow(GobError);
  });

  it('never fails in another way, whatever the bytes', () => {
    const seeds = recorded.gobs.map(({ hex }) => Buffer.from(hex, 'hex'));
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        (seed, changes) => {
          const data = Buffer.from(seed);
          for (const [at, value] of changes) data[at % data.length] = value;
          try {
            decodeAll(data);
          } catch (problem) {
            expect(problem).toBeInstanceOf(GobError);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('ends values that hold themselves', () => {
    // A slice of its own type: each level costs one byte.
    const self: { kind: 'slice'; name: string; element: GobType } = { kind: 'slice', name: 'self', element: int };
    self.element = self;
    let value: unknown = [];
    for (let depth = 0; depth < 200; depth++) value = [value];
    expect(() => decodeAll(new GobEncoder().encode({ kind: 'value', type: self, value }))).toThrow('values nested deeper than 100');
  });
});

describe('times of Go', () => {
  it.each([
    '0001-01-01T00:00:00.001Z',
    '1969-12-31T23:59:59.999Z',
    '1970-01-01T00:00:00.000Z',
    '2026-01-02T03:04:05.678Z',
    '9999-12-31T23:59:59.000Z',
  ])('come back: %s', (text) => {
    expect(decodeGoTime(encodeGoTime(Date.parse(text)))).toBe(Date.parse(text));
  });

  it('know the zero time, and no other version', () => {
    expect(decodeGoTime(Buffer.from('010000000000000000000000000000ff'.slice(0, 30), 'hex'))).toBeUndefined();
    expect(() => decodeGoTime(Buffer.from([9]))).toThrow('a time of version 9 and 1 bytes');
    expect(() => decodeGoTime(Buffer.alloc(0))).toThrow(GobError);
  });
});
