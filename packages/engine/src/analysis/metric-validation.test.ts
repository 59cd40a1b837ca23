import type { Metric } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { metricsProblem } from './metric-validation.ts';

const provider = { web: { url: 'u' } };

describe('what is wrong with a metric', () => {
  it.each<[string | undefined, Partial<Metric>]>([
    [undefined, {}],
    [undefined, { count: 3, interval: '1s', failureLimit: 3 }],
    [undefined, { failureLimit: -1, consecutiveSuccessLimit: 2 }],
    [undefined, { count: 'nonsense', failureLimit: 5 }],
    ['consecutiveSuccessLimit must be >= 0', { consecutiveSuccessLimit: -1, failureLimit: -2 }],
    ['failureLimit must be >= 0, or -1 to be disabled', { failureLimit: '-2' }],
    ['failureLimit and consecutiveSuccessLimit cannot both be disabled', { failureLimit: -1 }],
    ['inconclusiveLimit must be >= 0', { inconclusiveLimit: -1, consecutiveErrorLimit: -1 }],
    ['consecutiveErrorLimit must be >= 0', { consecutiveErrorLimit: -1 }],
    ['count (1) must be >= failureLimit + consecutiveSuccessLimit (2 + 0) if both >= 0', { count: 1, failureLimit: 2 }],
    ['count must be >= consecutiveSuccessLimit', { count: 1, failureLimit: -1, consecutiveSuccessLimit: 2 }],
    ['count must be >= inconclusiveLimit', { count: 1, inconclusiveLimit: 2 }],
    ['interval must be specified when count > 1', { count: 2 }],
    ['invalid interval string: time: invalid duration "soon"', { interval: 'soon', initialDelay: 'later' }],
    ['invalid startDelay string: time: missing unit in duration "5"', { initialDelay: '5' }],
    ['no provider specified', { provider: {} }],
    ['no provider specified', { provider: undefined as never }],
    ['multiple providers specified', { provider: { ...provider, job: { spec: {} } } }],
    ['multiple providers specified', { provider: { plugin: { a: {}, b: {} } } }],
    [undefined, { provider: { plugin: { a: {} } } }],
  ])('%s: %j', (problem, fields) => {
    const found = metricsProblem([
      { name: 'fine', provider },
      { name: 'm', provider, ...fields },
    ]);
    expect(found).toBe(problem === undefined ? undefined : `metrics[1]: ${problem}`);
  });

  it('looks at the list before its entries', () => {
    expect(metricsProblem([])).toBe('no metrics specified');
    const bad: Metric = { name: 'm', provider: {} };
    expect(metricsProblem([bad, bad])).toBe("metrics[1]: duplicate name 'm'");
  });
});
