import { expect, it } from 'vitest';
import { fixedFloat } from './fixed-float.ts';

it.each([
  [0.125, 2, '0.12'],
  [0.375, 2, '0.38'],
  [-0.125, 2, '-0.12'],
  [2.5, 0, '2'],
  [1.005, 2, '1.00'],
  [1e22, 2, '10000000000000000000000.00'],
  [0.5, 6, '0.500000'],
  [Number.NaN, 2, 'NaN'],
  [Number.POSITIVE_INFINITY, 2, '+Inf'],
])('%d with %d decimals is %s, as Go prints it', (value, places, text) => {
  expect(fixedFloat(value, places)).toBe(text);
});
