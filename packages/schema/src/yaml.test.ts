import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseYaml, toYaml, YamlError } from './yaml.ts';

describe('parseYaml', () => {
  it.each([
    ['yes', true],
    ['On', true],
    ['n', false],
    ['off', false],
    ['True', true],
    ['"yes"', 'yes'],
    ['~', null],
    ['010', 8],
    ['0o17', 15],
    ['0x1F', 31],
    ['08', 8],
    ['1_000', 1000],
    ['1e3', 1000],
    ['.5', 0.5],
    ['-7', -7],
    ['1.20', 1.2],
    ['1.2.3', '1.2.3'],
    ['12:30:45', '12:30:45'],
    ['2026-01-02', '2026-01-02'],
    ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z'],
    ['100m', '100m'],
    ['0x', '0x'],
    ['=', '='],
  ])('reads %s as Go does', (text, value) => {
    expect(parseYaml(`a: ${text}`)).toEqual([{ a: value }]);
  });

  it('reads several documents and leaves out those that hold nothing', () => {
    expect(parseYaml('# only words\n---\na: 1\n---\n---\nb: 2\n...\n')).toEqual([{ a: 1 }, { b: 2 }]);
  });

  it('makes text of keys', () => {
    expect(parseYaml('1: a\ntrue: b\n1.5: c')).toEqual([{ '1': 'a', true: 'b', '1.5': 'c' }]);
  });

  it('follows anchors and merge keys', () => {
    expect(parseYaml('a: &a {x: 1}\nb: {<<: *a, z: 2}')).toEqual([{ a: { x: 1 }, b: { x: 1, z: 2 } }]);
  });

  it('says on which line a key comes twice', () => {
    const text = 'a: 1\n---\nb:\n  c: 1\n  c: 2\n';
    expect(() => parseYaml(text)).toThrow(YamlError);
    expect(() => parseYaml(text)).toThrow('yaml: line 5: duplicated mapping key');
  });

  it('says on which line the text breaks', () => {
    expect(() => parseYaml('a: b: c')).toThrow(/^yaml: line 1: /);
  });
});

describe('toYaml', () => {
  it('sorts keys, quotes what would be read as something else, and does not indent lists', () => {
    const value = { b: [1, { c: 'yes' }], a: '1', d: 'x\ny\n', e: null, f: {}, g: 'n', h: '2026-01-02' };
    expect(toYaml(value)).toBe('a: "1"\nb:\n- 1\n- c: "yes"\nd: |\n  x\n  y\ne: null\nf: {}\ng: "n"\nh: 2026-01-02\n');
  });

  it('is read back as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        fc.pre(!JSON.stringify(value).includes('__proto__') && Object.keys(value).length > 0);
        expect(parseYaml(`---\n${toYaml(value)}`)).toEqual([JSON.parse(JSON.stringify(value))]);
      }),
    );
  });
});
