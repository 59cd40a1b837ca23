import { describe, expect, it } from 'vitest';
import { podTemplateHash } from './pod-template-hash.ts';
import { canaryStepHash } from './step-hash.ts';
import recorded from './testdata/hashes.json' with { type: 'json' };
import type { CanaryStep } from './types/rollout.ts';

const demo = { metadata: { labels: { app: 'demo' } }, spec: { containers: [{ name: 'c', image: 'nginx', resources: {} }] } };

describe('podTemplateHash', () => {
  it('gives all 42 recorded templates the name upstream gave them', () => {
    const templates = recorded.templates as [string, unknown][];
    expect(templates.map(([, template]) => podTemplateHash(template))).toEqual(templates.map(([hash]) => hash));
    expect(templates).toHaveLength(42);
  });

  it.each([
    [undefined, '5759b7d5dd'],
    [null, '5759b7d5dd'],
    [0, '75c9fb5f44'],
    [1, '88cb9c47c'],
  ])('mixes in a collision count of %s', (collisionCount, hash) => {
    expect(podTemplateHash(demo, collisionCount)).toBe(hash);
  });

  it('does not depend on the order of keys, on unknown fields, nulls, zero values or the spelling of quantities', () => {
    const container = { name: 'c', image: 'nginx', resources: { requests: { cpu: '500m', memory: '1Gi' } } };
    const other = {
      tty: false,
      env: [],
      ports: null,
      later: 1,
      resources: { requests: { memory: '1024Mi', cpu: 0.5 } },
      image: 'nginx',
      name: 'c',
    };
    expect(podTemplateHash({ spec: { hostNetwork: false, containers: [other] } })).toBe(
      podTemplateHash({ spec: { containers: [container] } }),
    );
  });

  it('keeps an explicit zero where Go holds a pointer', () => {
    const spec = demo.spec;
    expect(podTemplateHash({ spec: { ...spec, terminationGracePeriodSeconds: 0 } })).not.toBe(podTemplateHash({ spec }));
  });
});

describe('canaryStepHash', () => {
  it('gives the recorded step lists their recorded hash', () => {
    const lists = recorded.steps as [string, CanaryStep[] | null][];
    expect(lists.map(([, steps]) => canaryStepHash(steps))).toEqual(lists.map(([hash]) => hash));
  });

  it.each<[readonly CanaryStep[] | undefined, string]>([
    [undefined, '5ffbfbbd64'],
    [[{ pause: {} }, { pause: {} }], '79c9b9f6bf'],
    [[{ setWeight: 20 }, { pause: { duration: '10s' } }], '55f5d87bd9'],
    [[{ setWeight: 50 }, { pause: {} }], '757f5f97b'],
    [[{ setWeight: 0 }], '86c5dc4fc'],
  ])('hashes %j', (steps, hash) => {
    expect(canaryStepHash(steps)).toBe(hash);
  });
});
