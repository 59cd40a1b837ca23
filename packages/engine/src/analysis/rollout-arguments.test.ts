import type { Rollout, RolloutAnalysisArgument } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { argumentsOfRollout } from './rollout-arguments.ts';

const rollout: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'web', namespace: 'shop', uid: 'u1', labels: { b: '2', a: '1' }, annotations: { 'x/y': 'z' }, generation: 1000000 },
  spec: {
    replicas: 5,
    paused: true,
    template: { metadata: {}, spec: { containers: [{ name: 'main', image: 'web:1' }] } },
  },
};

const field = (fieldPath: string): RolloutAnalysisArgument => ({ name: 'x', valueFrom: { fieldRef: { fieldPath } } });

describe('an argument of a rollout', () => {
  it.each<[string, RolloutAnalysisArgument, string]>([
    ['a literal', { name: 'x', value: 'v' }, 'v'],
    ['nothing', { name: 'x' }, ''],
    ['the newest hash', { name: 'x', valueFrom: { podTemplateHashValue: 'Latest' } }, 'new'],
    ['the stable hash', { name: 'x', valueFrom: { podTemplateHashValue: 'Stable' } }, 'old'],
    ['what stands beside a hash that nobody knows', { name: 'x', value: 'own', valueFrom: { podTemplateHashValue: 'constructor' } }, 'own'],
    ['the name', field('metadata.name'), 'web'],
    ['one label', field("metadata.labels['a']"), '1'],
    ['all labels, sorted', field('metadata.labels'), 'a="1"\nb="2"'],
    ['one annotation', field("metadata.annotations['x/y']"), 'z'],
    ['a number of the spec', field('spec.replicas'), '5'],
    ['a boolean', field('spec.paused'), 'true'],
    ['an entry of a list', field('spec.template.spec.containers[0].image'), 'web:1'],
    ['the same with points', field('spec.template.spec.containers.0.image'), 'web:1'],
  ])('can be %s', (_, argument, value) => {
    expect(argumentsOfRollout([argument], rollout, { stable: 'old', latest: 'new' })).toEqual({ ok: true, value: [{ name: 'x', value }] });
  });

  it('prints a large number as Go prints a float', () => {
    const large = { ...rollout, spec: { ...rollout.spec, progressDeadlineSeconds: 1_000_000 } };
    expect(argumentsOfRollout([field('spec.progressDeadlineSeconds')], large, { stable: '', latest: '' })).toMatchObject({
      value: [{ value: '1e+06' }],
    });
  });

  it.each([
    ['metadata.color', 'unsupported fieldPath: metadata.color'],
    ['spec.template.spec.containers[first]', "invalid index 'first'"],
    ['spec.template.spec.containers[1].image', 'index 1 out of range'],
    ['spec.template.spec.containers[-1].image', 'index -1 out of range'],
    ['spec.color', 'invalid path spec.color in rollout'],
    ['spec.replicas.x', 'invalid path spec.replicas.x in rollout'],
    ['spec.constructor', 'invalid path spec.constructor in rollout'],
    ['spec.template', 'path spec.template in rollout must terminate in a primitive value'],
  ])('says what is wrong with the path %s', (path, message) => {
    expect(argumentsOfRollout([field(path)], rollout, { stable: '', latest: '' })).toEqual({
      ok: false,
      problem: { kind: 'merge', message },
    });
  });
});
