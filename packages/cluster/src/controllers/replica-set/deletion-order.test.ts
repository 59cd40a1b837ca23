import { expect, it } from 'vitest';
import { type PodWish, pod, testTime } from '../../testing/builders.ts';
import { podsToDelete } from './deletion-order.ts';

const cost = (value: string): Record<string, string> => ({ 'controller.kubernetes.io/pod-deletion-cost': value });

it.each<[string, PodWish, PodWish]>([
  ['a pod without a node goes before one that has a node', { node: '' }, {}],
  ['a pending pod before a running one', { phase: 'Pending' }, { phase: 'Running' }],
  ['an unready pod before a ready one', {}, { readyAt: -30 }],
  ['a cheaper pod before a dearer one', { readyAt: -30, annotations: cost('-5') }, { readyAt: -30, annotations: cost('5') }],
  ['a pod on a fuller node before one that is alone', { readyAt: -30, node: 'full' }, { readyAt: -30, node: 'empty' }],
  ['one that became ready just now before one that has been ready for long', { readyAt: -2 }, { readyAt: -4000 }],
  ['one that restarts before one that does not', { readyAt: -30, restarts: 3 }, { readyAt: -30 }],
  ['a younger pod before a much older one', { readyAt: -30, createdAt: -60 }, { readyAt: -30, createdAt: -9000 }],
])('%s', (_, first, second) => {
  const going = pod({ name: 'z-going', ...first });
  const staying = pod({ name: 'a-staying', ...second });
  const crowd = [going, staying, pod({ name: 'other', node: 'full', readyAt: -30 })];
  expect(podsToDelete([staying, going], crowd, 1, testTime).map(({ metadata }) => metadata.name)).toEqual(['z-going']);
});

it('tells pods of about the same age apart by their uids, so that it is not always the youngest', () => {
  const a = pod({ name: 'a', readyAt: -100 });
  const b = pod({ name: 'b', readyAt: -101 });
  expect(podsToDelete([b, a], [], 1, testTime)[0]?.metadata.name).toBe('a');
});
