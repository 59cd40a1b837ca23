import { describe, expect, it } from 'vitest';
import type { Plan } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { Node } from '../../shapes/services.ts';
import type { ControllerRevision, DaemonSet } from '../../shapes/workloads.ts';
import { pod, template, testTime } from '../../testing/builders.ts';
import { type DaemonSetFacts, decideDaemonPods, decideDaemonStatus } from './decide.ts';

const revision: ControllerRevision = {
  apiVersion: 'apps/v1',
  kind: 'ControllerRevision',
  metadata: { name: 'ds-new', labels: { 'controller-revision-hash': 'new' } },
  revision: 2,
};
const node = (name: string, labels: Record<string, string> = {}): Node => ({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });
const on = (name: string, hash: string, wish: Parameters<typeof pod>[0] = {}): Pod =>
  pod({ name: `on-${name}-${hash}`, node: name, labels: { 'controller-revision-hash': hash }, readyAt: -5, ...wish });
const facts = (pods: readonly Pod[], spec: Partial<DaemonSet['spec']> = {}, nodes = [node('a'), node('b'), node('c')]): DaemonSetFacts => ({
  set: {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'ds', namespace: 'default', uid: 'u', generation: 1 },
    spec: { selector: { matchLabels: {} }, template: template(), ...spec },
  },
  nodes,
  pods,
  revisions: [revision],
  update: revision,
});
const told = (plan: Plan): readonly string[] =>
  plan.steps.flatMap((step) => step.writes.map(({ verb, object }) => `${verb} ${object.metadata.name ?? object.metadata.generateName}`));

describe('pods of a DaemonSet', () => {
  it('are made for every node that takes them', () => {
    const picky = { template: { ...template(), spec: { containers: [], nodeSelector: { disk: 'fast' } } } };
    const plan = decideDaemonPods(facts([], picky, [node('a'), node('b', { disk: 'fast' })]), testTime);
    expect(plan.steps[0]?.writes.map(({ object }) => (object as Pod).spec.affinity)).toEqual([
      {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['b'] }] }],
          },
        },
      },
    ]);
  });

  it('go from nodes that are gone, and where there are two', () => {
    const twin = on('a', 'new', { name: 'twin', createdAt: -1 });
    expect(told(decideDaemonPods(facts([on('a', 'new'), twin, on('b', 'new'), on('c', 'new'), on('gone', 'new')]), testTime))).toEqual([
      'delete twin',
      'delete on-gone-new',
    ]);
  });

  it('are updated one after another, those that are down first', () => {
    expect(told(decideDaemonPods(facts([on('a', 'old'), on('b', 'old'), on('c', 'old')]), testTime))).toEqual(['delete on-a-old']);
    expect(
      told(decideDaemonPods(facts([on('a', 'new', { readyAt: undefined } as never), on('b', 'old'), on('c', 'old')]), testTime)),
    ).toEqual([]);
    const ill = pod({ name: 'ill', node: 'c', labels: { 'controller-revision-hash': 'old' } });
    expect(told(decideDaemonPods(facts([on('a', 'old'), on('b', 'old'), ill]), testTime))).toEqual(['delete ill']);
  });

  it('stay until somebody deletes them with OnDelete', () => {
    expect(
      told(decideDaemonPods(facts([on('a', 'old'), on('b', 'old'), on('c', 'old')], { updateStrategy: { type: 'OnDelete' } }), testTime)),
    ).toEqual([]);
  });

  it('are counted in the status', () => {
    const write = decideDaemonStatus(
      facts([on('a', 'new'), pod({ name: 'down', node: 'b', labels: { 'controller-revision-hash': 'old' } })]),
      testTime,
    ).steps[0]?.writes[0];
    expect(write?.verb === 'patch' && write.patch.status).toEqual({
      currentNumberScheduled: 2,
      desiredNumberScheduled: 3,
      numberAvailable: 1,
      numberMisscheduled: 0,
      numberReady: 1,
      numberUnavailable: 2,
      observedGeneration: 1,
      updatedNumberScheduled: 1,
    });
  });
});
