import { describe, expect, it } from 'vitest';
import type { Plan } from '../control/plan.ts';
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../shapes/services.ts';
import { at, testTime } from '../testing/builders.ts';
import { decideClaim, decideVolume } from './volumes.ts';

const standard: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard', annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  provisioner: 'x',
};
const claim = (metadata: PersistentVolumeClaim['metadata'] = {}, spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'default', uid: 'u', resourceVersion: '1', ...metadata },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } }, ...spec },
});
const volume = (policy: string, metadata: PersistentVolume['metadata'] = {}): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name: 'pvc-u', uid: 'v', resourceVersion: '1', ...metadata },
  spec: {
    capacity: { storage: '2Gi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: policy,
    claimRef: { namespace: 'default', name: 'data', uid: 'u' },
  },
  status: { phase: 'Bound' },
});
const told = (plan: Plan): readonly string[] =>
  plan.steps.flatMap((step) =>
    step.writes.map(
      (write) => `${write.verb} ${write.object.kind}${write.verb === 'patch' && write.subresource !== undefined ? '/status' : ''}`,
    ),
  );
const facts = (
  given: PersistentVolumeClaim,
  extra: Partial<Parameters<typeof decideClaim>[0]> = {},
): Parameters<typeof decideClaim>[0] => ({
  claim: given,
  classes: [standard],
  volume: undefined,
  isUsed: false,
  ...extra,
});

describe('a claim', () => {
  it('gets a volume of its size from the default class, then is bound to it', () => {
    const first = decideClaim(facts(claim()), testTime);
    expect(first.steps[0]?.writes[0]?.object).toMatchObject({
      metadata: { name: 'pvc-u' },
      spec: { capacity: { storage: '2Gi' }, storageClassName: 'standard', claimRef: { uid: 'u' } },
    });
    const { status: _, ...unbound } = volume('Delete');
    expect(told(decideClaim(facts(claim(), { volume: unbound }), testTime))).toEqual([
      'patch PersistentVolumeClaim',
      'patch PersistentVolume/status',
      'patch PersistentVolumeClaim/status',
    ]);
  });

  it('of a class that nobody knows waits', () => {
    const plan = decideClaim(facts(claim({}, { storageClassName: 'gold' })), testTime);
    expect([told(plan), plan.notes[0]?.message]).toEqual([[], 'storageclass.storage.k8s.io "gold" not found']);
  });

  it('that is deleted stays while a pod uses it', () => {
    const going = claim({ deletionTimestamp: at(0), finalizers: ['kubernetes.io/pvc-protection'] });
    expect(told(decideClaim(facts(going, { isUsed: true }), testTime))).toEqual([]);
    expect(told(decideClaim(facts(going), testTime))).toEqual(['patch PersistentVolumeClaim']);
  });
});

describe('a volume whose claim is gone', () => {
  it('goes, or is kept, as its policy says', () => {
    expect(told(decideVolume(volume('Delete'), undefined, testTime))).toEqual(['delete PersistentVolume']);
    expect(told(decideVolume(volume('Retain'), undefined, testTime))).toEqual(['patch PersistentVolume/status']);
    expect(told(decideVolume(volume('Delete'), claim(), testTime))).toEqual([]);
  });
});
