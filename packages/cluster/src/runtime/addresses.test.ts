import { expect, it } from 'vitest';
import { AddressPool } from './addresses.ts';

it('gives each pod an address of its own, the same one each time, and none that is held or at the edge of a subnet', () => {
  const pool = new AddressPool();
  pool.hold('old', '10.244.0.3');
  expect([pool.of('a'), pool.of('b'), pool.of('a')]).toEqual(['10.244.0.2', '10.244.0.4', '10.244.0.2']);
  const many = Array.from({ length: 1000 }, (_, index) => pool.of(`p-${index}`));
  expect(new Set([...many, '10.244.0.2', '10.244.0.3', '10.244.0.4']).size).toBe(1003);
  expect(many.filter((address) => /\.(0|255)$/.test(address))).toEqual([]);
});

it('gives a released address out again only after going round', () => {
  const pool = new AddressPool();
  const first = pool.of('a');
  pool.release('a');
  expect(pool.of('b')).not.toBe(first);
});
