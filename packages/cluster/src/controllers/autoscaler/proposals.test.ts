import { describe, expect, it } from 'vitest';
import { pod, testTime } from '../../testing/builders.ts';
import { limited, limitedByBehavior, steadied, steadiedByBehavior } from './limits.ts';
import { proposeByAverage, proposeByUtilization } from './proposals.ts';

const tolerances = { up: 0.1, down: 0.1 };
type Usage = number | 'unready' | 'missing' | 'pending';

/** Pods that request 100m each and use so many thousandths. */
function reading(usages: readonly Usage[]): Parameters<typeof proposeByUtilization>[0] {
  const pods = usages.map((usage, index) =>
    pod({
      name: `p-${index}`,
      ...(usage === 'unready' ? {} : { readyAt: -30 }),
      phase: usage === 'pending' ? 'Pending' : 'Running',
      spec: { containers: [{ name: 'web', resources: { requests: { cpu: '100m' } } }] },
      status: { startTime: new Date(testTime - 60_000).toISOString().replace('.000Z', 'Z') },
    }),
  );
  const usage = new Map<string, number>();
  usages.forEach((value, index) => {
    if (value !== 'missing' && value !== 'pending') usage.set(`p-${index}`, value === 'unready' ? 500 : value);
  });
  return { usage, pods };
}

describe('replicas by utilization', () => {
  it.each<[string, readonly Usage[], number, number]>([
    ['twice the target doubles', [200, 200], 100, 4],
    ['half the target halves', [50, 50, 50, 50], 100, 2],
    ['within a tenth nothing changes', [109, 109], 100, 2],
    ['just beyond a tenth it does', [111, 111], 100, 3],
    ['unready pods are taken to use nothing when growing', [300, 300, 'unready'], 100, 6],
    ['and may turn growth into none', [150, 'unready'], 100, 2],
    ['pending pods count like unready ones', [300, 'pending'], 100, 3],
    ['missing readings are taken as full when shrinking', [20, 20, 'missing'], 100, 2],
    ['and as nothing when growing', [300, 300, 'missing'], 100, 6],
  ])('%s', (_, usages, target, expected) => {
    const proposal = proposeByUtilization(reading(usages), { resource: 'cpu', target, current: usages.length, tolerances }, testTime);
    expect(proposal.ok && proposal.replicas).toBe(expected);
  });

  it.each<[string, Parameters<typeof proposeByUtilization>[0], string]>([
    [
      'no readings',
      { usage: new Map(), pods: [pod()] },
      'unable to get metrics for resource cpu: no metrics returned from resource metrics API',
    ],
    ['only unready pods', reading(['unready']), 'did not receive metrics for targeted pods (pods might be unready)'],
    [
      'a container without a request',
      { usage: new Map([['p', 5]]), pods: [pod({ name: 'p', readyAt: -9, status: { startTime: '2026-01-05T09:00:00Z' } })] },
      'missing request for cpu in container web of Pod p',
    ],
  ])('says why there is none: %s', (_, given, problem) => {
    expect(proposeByUtilization(given, { resource: 'cpu', target: 50, current: 1, tolerances }, testTime)).toEqual({ ok: false, problem });
  });

  it('by an average value needs no requests', () => {
    expect(proposeByAverage(reading([400, 200]), { resource: 'cpu', target: 100, current: 2, tolerances }, testTime)).toEqual({
      ok: true,
      replicas: 6,
      average: 300,
    });
  });
});

describe('limits', () => {
  const memory = {
    recommendations: [
      { at: testTime - 200_000, replicas: 7 },
      { at: testTime - 400_000, replicas: 9 },
    ],
    ups: [{ at: testTime - 10_000, replicas: 3 }],
    downs: [],
  };
  const asked = { current: 5, wanted: 3, min: 1, max: 20, memory };
  const rules = {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max' as const,
    policies: [{ type: 'Pods' as const, value: 4, periodSeconds: 15 }],
  };

  it('shrinks to the highest of the last five minutes', () => {
    expect(steadied(asked, testTime)).toBe(7);
  });

  it('grows to the double at most, or to four', () => {
    expect(limited({ ...asked, wanted: 18 })).toMatchObject({ replicas: 10, reason: 'ScaleUpLimit' });
    expect(limited({ ...asked, current: 1, wanted: 18 }).replicas).toBe(4);
    expect(limited({ ...asked, wanted: 30, max: 8 })).toMatchObject({ replicas: 8, reason: 'TooManyReplicas' });
    expect(limited({ ...asked, wanted: 0 })).toMatchObject({ replicas: 1, reason: 'TooFewReplicas' });
  });

  it('with behaviours counts what was added within the period', () => {
    const behavior = { up: rules, down: { ...rules, policies: [{ type: 'Percent' as const, value: 50, periodSeconds: 60 }] } };
    expect(limitedByBehavior({ ...asked, wanted: 20 }, behavior, testTime)).toMatchObject({ replicas: 6, reason: 'ScaleUpLimit' });
    expect(limitedByBehavior({ ...asked, current: 10, wanted: 1 }, behavior, testTime)).toMatchObject({
      replicas: 3,
      reason: 'ScaleDownLimit',
    });
    expect(
      limitedByBehavior({ ...asked, wanted: 20 }, { ...behavior, up: { ...rules, selectPolicy: 'Disabled' } }, testTime).replicas,
    ).toBe(5);
  });

  it('with behaviours waits for the lowest when growing and the highest when shrinking', () => {
    const behavior = { up: { ...rules, stabilizationWindowSeconds: 300 }, down: { ...rules, stabilizationWindowSeconds: 300 } };
    expect(steadiedByBehavior({ ...asked, wanted: 12 }, behavior, testTime)).toBe(7);
    expect(steadiedByBehavior({ ...asked, current: 9, wanted: 2 }, behavior, testTime)).toBe(7);
  });
});
