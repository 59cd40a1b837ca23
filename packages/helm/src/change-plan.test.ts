import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { changedFields, planChanges } from './change-plan.ts';
import { identityOf } from './render.ts';

const object = (kind: string, fields: Record<string, unknown>, name = 'a'): KubeObject => ({
  apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1',
  kind,
  metadata: { name, namespace: 'x' },
  ...fields,
});

describe('the plan of changes', () => {
  it('tells create, change, unchanged and delete apart, and keeps what asks to be kept', () => {
    const old = object('ConfigMap', { data: { a: '1' } }, 'old');
    const kept: KubeObject = {
      ...object('ConfigMap', {}, 'kept'),
      metadata: { name: 'kept', namespace: 'x', annotations: { 'helm.sh/resource-policy': 'keep' } },
    };
    const same = object('ConfigMap', { data: { a: '1' } }, 'same');
    const changed = object('ConfigMap', { data: { a: '2' } }, 'changed');
    const before = object('ConfigMap', { data: { a: '1' } }, 'changed');
    const live = new Map([old, kept, same, before].map((each) => [identityOf(each), each]));
    const plan = planChanges({ rendered: [same, changed, object('ConfigMap', {}, 'new')], previous: [old, kept, same, before], live });
    expect(plan.objects.map(({ kind, object: { metadata } }) => `${kind} ${metadata.name}`)).toEqual([
      'unchanged same',
      'change changed',
      'create new',
      'delete old',
    ]);
    expect(plan.counts).toEqual({ create: 1, change: 1, unchanged: 1, delete: 1 });
    expect(plan.objects[1]?.fields).toEqual([{ path: 'data.a', from: '1', to: '2' }]);
  });

  it('names containers and does not take defaults of the server for differences', () => {
    const wished = object('Deployment', {
      spec: { template: { spec: { containers: [{ name: 'app', image: 'a:2', resources: { limits: { cpu: '1000m' } } }] } } },
    });
    const live = object('Deployment', {
      spec: {
        replicas: 1,
        template: {
          spec: {
            dnsPolicy: 'ClusterFirst',
            containers: [{ name: 'app', image: 'a:1', imagePullPolicy: 'Always', resources: { limits: { cpu: '1' } } }],
          },
        },
      },
      status: { replicas: 1 },
    });
    expect(changedFields(wished, undefined, live)).toEqual([{ path: 'spec.template.spec.containers[app].image', from: 'a:1', to: 'a:2' }]);
  });

  it('sees what the chart has given up, only if the chart had it', () => {
    const wished = object('ConfigMap', { data: { a: '1' } });
    const previous = object('ConfigMap', { data: { a: '1', b: '2' } });
    const live = object('ConfigMap', { data: { a: '1', b: '2', byHand: '3' } });
    expect(changedFields(wished, previous, live)).toEqual([{ path: 'data.b', from: '2' }]);
  });

  it('tells 1.10 from 1.1 where it is no quantity', () => {
    const label = (version: string): KubeObject => ({
      ...object('ConfigMap', {}),
      metadata: { name: 'a', labels: { 'app/version': version } },
    });
    expect(changedFields(label('1.10'), undefined, label('1.1'))).toEqual([
      { path: 'metadata.labels["app/version"]', from: '1.1', to: '1.10' },
    ]);
  });

  it('never shows what is in a Secret', () => {
    const wished = object('Secret', { stringData: { password: 'hunter2' }, type: 'Opaque' });
    const live = object('Secret', { data: { password: Buffer.from('hunter1').toString('base64'), token: 'YQ==' }, type: 'Opaque' });
    const previous = object('Secret', { data: { token: 'YQ==' } });
    expect(changedFields(wished, previous, live)).toEqual([{ path: 'data.password' }, { path: 'data.token' }]);
    const same = object('Secret', { data: { password: Buffer.from('hunter2').toString('base64') }, type: 'Opaque' });
    expect(changedFields(wished, undefined, same)).toEqual([]);
  });
});
