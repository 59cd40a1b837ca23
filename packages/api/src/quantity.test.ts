import { describe, expect, it } from 'vitest';
import { canonicalQuantity, compareQuantities, parseQuantity } from './quantity.ts';

describe('canonicalQuantity', () => {
  it.each([
    ['1000m', '1'],
    ['0.5', '500m'],
    ['1024Mi', '1Gi'],
    ['1000M', '1G'],
    ['0', '0'],
    ['0Gi', '0'],
    ['-1.50', '-1500m'],
    ['+2', '2'],
    ['1.5Gi', '1536Mi'],
    ['0.5Ki', '512'],
    ['1.1Ki', '1126400m'],
    ['1Ki', '1Ki'],
    ['1023Ki', '1023Ki'],
    ['1e3', '1e3'],
    ['12E6', '12e6'],
    ['1e2', '100'],
    ['10e-3', '10e-3'],
    ['1E', '1E'],
    ['100u', '100u'],
    ['.001Ki', '1024m'],
    ['.000000000001Ki', '2n'],
    ['1.0000000001', '1000000001n'],
    ['9Ei', '9223372036854775807'],
  ])('writes %s as %s', (text, canonical) => {
    expect(canonicalQuantity(text)).toBe(canonical);
  });

  it('reads a JSON number like its text', () => {
    expect([canonicalQuantity(1), canonicalQuantity(0.25)]).toEqual(['1', '250m']);
  });

  it('refuses what is no quantity', () => {
    expect(['', 'm', '1.2.3', '1KiB', '1e', '--1', '1 Gi'].map((text) => parseQuantity(text))).toEqual(Array(7).fill(undefined));
  });

  it('compares by value, whatever the format', () => {
    const sign = (a: string, b: string) => compareQuantities(parseQuantity(a) ?? raise(), parseQuantity(b) ?? raise());
    expect([sign('1Gi', '1024Mi'), sign('1G', '1Gi'), sign('1', '999m')]).toEqual([0, -1, 1]);
  });
});

function raise(): never {
  throw new Error('not a quantity');
}
