import { describe, expect, it } from 'vitest';
import { applySetValues, SetValuesError } from './set-values.ts';

describe('the --set language', () => {
  const rows: readonly (readonly [text: string, expected: unknown])[] = [
    ['a=1', { a: 1 }],
    ['a=1,b=true,c=null,d=x', { a: 1, b: true, c: null, d: 'x' }],
    ['a=01', { a: '01' }],
    ['a=1.5', { a: '1.5' }],
    ['a=', { a: '' }],
    ['a.b.c=x', { a: { b: { c: 'x' } } }],
    ['a={x,1,y}', { a: ['x', 1, 'y'] }],
    ['a={}', { a: [] }],
    ['a[0].b=1,a[0].c=2,a[1].b=3', { a: [{ b: 1, c: 2 }, { b: 3 }] }],
    ['a[1]=x', { a: [null, 'x'] }],
    ['a=x\\,y', { a: 'x,y' }],
    ['node\\.kubernetes\\.io/role=x', { 'node.kubernetes.io/role': 'x' }],
    ['a=b=c', { a: 'b=c' }],
    ['a={x,y},b=1', { a: ['x', 'y'], b: 1 }],
  ];
  for (const [text, expected] of rows) {
    it(`reads ${text}`, () => expect(applySetValues({}, [text])).toEqual(expected));
  }

  it('changes an element within the list that is there, and nothing of the base itself', () => {
    const base = { list: [{ name: 'a', size: 1 }, { name: 'b' }], other: 1 };
    expect(applySetValues(base, ['list[0].size=5', 'other=2'])).toEqual({ list: [{ name: 'a', size: 5 }, { name: 'b' }], other: 2 });
    expect(base.list[0]).toEqual({ name: 'a', size: 1 });
  });

  it('names the key in a complaint, never the value', () => {
    const complaint = (text: string): string => {
      try {
        applySetValues({}, [text]);
      } catch (error) {
        if (error instanceof SetValuesError) return error.message;
      }
      return '';
    };
    expect(complaint('password')).toBe('--set "password": there is no value; write key=value');
    expect(complaint('a[x]=secret')).toContain('the index of a list is a number');
    expect(complaint('a[x]=secret')).not.toContain('secret');
    expect(complaint('.a=secret')).toContain('a key is empty');
    expect(complaint('a={x')).toContain("must end with '}'");
    expect(complaint('a[999999]=x')).toContain('from 0 to 65536');
  });
});
