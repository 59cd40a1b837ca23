import { expect, it } from 'vitest';
import { cutLine } from './live-frame.ts';

it('a line is cut to the terminal without counting colour', () => {
  expect(cutLine('\u001b[32mabc\u001b[0mdef', 5)).toBe('\u001b[32mabc\u001b[0md');
  expect(cutLine('abc', 80)).toBe('abc');
});
