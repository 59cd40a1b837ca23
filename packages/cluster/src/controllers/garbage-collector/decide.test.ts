import type { KubeObject, OwnerReference, ResourceType } from '@sluice/api';
import { expect, it } from 'vitest';
import { at } from '../../testing/builders.ts';
import { type Dependent, decideGarbage, type OwnerState } from './decide.ts';

const type: ResourceType = { group: '', version: 'v1', kind: 'ConfigMap', resource: 'configmaps', namespaced: true };
const reference = (uid: string, blocks = true): OwnerReference => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: uid,
  uid,
  blockOwnerDeletion: blocks,
});
const object = (name: string, metadata: KubeObject['metadata'] = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, uid: name, resourceVersion: '1', ...metadata },
});
const dependent = (metadata: KubeObject['metadata']): Dependent => ({ type, object: object('child', metadata) });
const deleting = (finalizer: string): KubeObject['metadata'] => ({ deletionTimestamp: at(0), finalizers: [finalizer] });

it.each<[string, KubeObject, readonly OwnerState[], readonly Dependent[], string]>([
  ['an object whose owner is there stays', object('x'), ['solid'], [], ''],
  ['an object whose owners are all gone goes', object('x'), ['absent', 'absent'], [], 'delete x Background'],
  [
    'an object with one owner left loses the others',
    object('x'),
    ['absent', 'solid'],
    [],
    'patch x {"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"ConfigMap","name":"owner-1","uid":"owner-1","blockOwnerDeletion":true}]}}',
  ],
  ['below an owner that waits, one without dependents goes', object('x'), ['waiting'], [], 'delete x Background'],
  [
    'below an owner that waits, one with dependents goes in the foreground',
    object('x'),
    ['waiting'],
    [dependent({})],
    'delete x Foreground',
  ],
  ['one that is being deleted is left alone', object('x', { deletionTimestamp: at(0), finalizers: ['mine'] }), ['absent'], [], ''],
  [
    'one that waits for a dependent that blocks goes on waiting',
    object('x', deleting('foregroundDeletion')),
    [],
    [dependent({ ownerReferences: [reference('x')] })],
    '',
  ],
  [
    'a dependent that does not block holds nobody',
    object('x', deleting('foregroundDeletion')),
    [],
    [dependent({ ownerReferences: [reference('x', false)] })],
    'patch x {"metadata":{"finalizers":null}}',
  ],
  [
    'orphans lose their reference before the owner goes',
    object('x', deleting('orphan')),
    [],
    [dependent({ ownerReferences: [reference('x')] })],
    'patch child {"metadata":{"ownerReferences":null}}; patch x {"metadata":{"finalizers":null}}',
  ],
  [
    'an orphan finalizer decides how one goes that has lost its owner',
    object('x', { finalizers: ['orphan'] }),
    ['absent'],
    [],
    'delete x Orphan',
  ],
])('%s', (_, seen, states, dependents, expected) => {
  const owners = states.map((state, index) => ({ reference: reference(`owner-${index}`), state }));
  const owned = { ...seen, metadata: { ...seen.metadata, ownerReferences: owners.map((owner) => owner.reference) } };
  const plan = decideGarbage({ type, object: owned, owners, dependents });
  const told = plan.steps.flatMap((step) =>
    step.writes.map((write) => {
      const detail = write.verb === 'patch' ? JSON.stringify(write.patch) : write.verb === 'delete' ? write.propagationPolicy : '';
      return `${write.verb} ${write.object.metadata.name} ${detail}`;
    }),
  );
  expect(told.join('; ')).toBe(expected);
});
