import type { AnalysisTemplate, Metric, RolloutAnalysis } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { invalidReferences } from './invalid-spec.ts';
import { rollout } from './testing/scenario-builders.ts';

/** What is found wrong with a Rollout whose one step is this analysis with this one template. */
function finding(metric: Partial<Metric>, args: AnalysisTemplate['spec']['args'], given: RolloutAnalysis['args'] = []): string | undefined {
  const template = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: 'web' },
    spec: { metrics: [{ name: 'm', provider: { web: { url: 'http://x' } }, ...metric }], args: args ?? [] },
  } as AnalysisTemplate;
  const analysis: RolloutAnalysis = { templates: [{ templateName: 'web' }], args: given ?? [] };
  const templates = { template: () => template, clusterTemplate: () => undefined };
  return invalidReferences({ rollout: rollout({ canary: { steps: [{ analysis }] } }), replicaSets: [] }, {
    templates,
    routers: [],
  } as unknown as Parameters<typeof invalidReferences>[1]);
}

describe('an analysis step that would never end', () => {
  const endless =
    'spec.strategy.canary.steps[0].analysis.templates: Invalid value: "templateNames: [web]": AnalysisTemplate web has metric m which runs indefinitely. Invalid value for count: <nil>';
  const count = { interval: '1s', count: '{{args.count}}' };
  const rows: readonly (readonly [
    string,
    Partial<Metric>,
    AnalysisTemplate['spec']['args'],
    RolloutAnalysis['args'],
    string | undefined,
  ])[] = [
    ['has an interval and no count', { interval: '1s' }, [], [], endless],
    ['has a count', { interval: '1s', count: 3 }, [], [], undefined],
    ['takes its count from the template', count, [{ name: 'count', value: '3' }], [], undefined],
    ['takes a count of 0 from the template', count, [{ name: 'count', value: '0' }], [], endless],
    ['takes its count from the Rollout', count, [{ name: 'count', value: '0' }], [{ name: 'count', value: '2' }], undefined],
    ['takes its interval from the template', { interval: '{{args.every}}' }, [{ name: 'every', value: '1s' }], [], endless],
    ['does not know its count yet', count, [{ name: 'count', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }], [], undefined],
  ];
  for (const [name, metric, args, given, expected] of rows) it(name, () => expect(finding(metric, args, given)).toBe(expected));
});
