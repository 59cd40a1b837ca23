import { expect, it } from 'vitest';
import { parsePodRules } from './parse-pod-rules.ts';

const rules = `
kind: PodRules
rules:
  - name: slow web
    match: { namespace: "shop-*", labels: { app: web }, ownerKind: ReplicaSet, restartPolicy: [Always] }
    life:
      readyAfter: { min: 1s, max: 2s500ms }
      usage: { cpu: 250m, memory: 64Mi }
      logs: ["hello"]
---
kind: PodRules
rules:
  - match: { image: "*:broken" }
    life: { pullError: true, exit: { after: 3s, code: 4 } }
  - match: { command: "* migrate*" }
    life: { exit: command, neverReady: true, scheduledAfter: 5 }
`;

it('reads what people write', () => {
  expect(parsePodRules(rules)).toEqual([
    {
      name: 'slow web',
      match: { namespace: 'shop-*', labels: { app: 'web' }, ownerKind: 'ReplicaSet', restartPolicy: ['Always'] },
      life: { readyAfter: { minMs: 1000, maxMs: 2500 }, usage: { cpu: '250m', memory: '64Mi' }, logs: ['hello'] },
    },
    {
      name: 'document 2 rules[0]',
      match: { image: '*:broken' },
      life: { pullError: 'not found', exit: { after: { minMs: 3000, maxMs: 3000 }, code: 4 } },
    },
    {
      name: 'document 2 rules[1]',
      match: { command: '* migrate*' },
      life: { exit: 'command', isNeverReady: true, scheduledAfter: { minMs: 5000, maxMs: 5000 } },
    },
  ]);
});

it.each([
  ['a: [', 'pod rules: no valid YAML: unexpected end of the stream within a flow collection (line 2)'],
  ['[]', 'pod rules: document: must be an object, not []'],
  ['kind: Pod', 'pod rules: kind: must be PodRules, not "Pod"'],
  ['kind: PodRules', 'pod rules: rules: must be a list, not null'],
  ['{kind: PodRules, rules: [{lif: {}}]}', 'pod rules: rules[0].lif: is not a field; there are name, match, life'],
  ['{kind: PodRules, rules: [{match: {labels: {app: 1}}}]}', 'pod rules: rules[0].match.labels.app: must be text, not 1'],
  [
    '{kind: PodRules, rules: [{}, {life: {readyAfter: soon}}]}',
    'pod rules: rules[1].life.readyAfter: must be a duration such as 500ms or 2s, not "soon"',
  ],
  [
    '{kind: PodRules, rules: [{life: {readyAfter: {min: 2s, max: 1s}}}]}',
    'pod rules: rules[0].life.readyAfter.max: must not be less than min',
  ],
  ['{kind: PodRules, rules: [{life: {exit: {code: 300}}}]}', 'pod rules: rules[0].life.exit.code: must be a whole number from 0 to 255'],
  [
    '{kind: PodRules, rules: [{life: {usage: {cpu: lots}}}]}',
    'pod rules: rules[0].life.usage.cpu: must be a quantity such as 100m or 64Mi, not "lots"',
  ],
])('%s is refused with its path', (text, message) => {
  expect(() => parsePodRules(text)).toThrowError(expect.objectContaining({ name: 'PodRulesError', message }));
});
