import { expect, it } from 'vitest';
import { at, pod } from '../testing/builders.ts';
import { podLog } from './logs.ts';

const running = pod({
  spec: { containers: [{ name: 'web', image: 'shop:1' }] },
  status: {
    containerStatuses: [
      { name: 'web', image: 'shop:1', imageID: '', ready: true, restartCount: 0, state: { running: { startedAt: at(0) } }, lastState: {} },
    ],
  },
});
const rules = [{ name: 'talks', match: {}, life: { logs: ['one', 'two', 'three'] } }];

it('answers the lines of the rule, or what the container is', () => {
  expect(podLog(running, rules, {})).toBe('one\ntwo\nthree\n');
  expect(podLog(running, rules, { tailLines: 1, timestamps: true })).toBe(`${at(0).replace('Z', '.000000000Z')} three\n`);
  expect(podLog(running, [], {})).toBe('simulated container of shop:1\nup and running\n');
});

it.each([
  ['a container that is not there', running, { container: 'db' }, 'container db is not valid for pod web-1'],
  ['a run before that was none', running, { previous: true }, 'previous terminated container "web" in pod "web-1" not found'],
  [
    'a pod that has not begun',
    pod({ status: { containerStatuses: [] } }),
    {},
    'container "web" in pod "web-1" is waiting to start: ContainerCreating',
  ],
  [
    'one of several without a name',
    pod({ spec: { containers: [{ name: 'a' }, { name: 'b' }] } }),
    {},
    'a container name must be specified for pod web-1, choose one of: [a b]',
  ],
])('refuses %s in the words of a kubelet', (_, given, options, message) => {
  expect(() => podLog(given, [], options)).toThrow(message);
});
