import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fenceposts } from './defaults.ts';
import { approximateCounts, type BasicCanaryQuestion, basicCanaryCounts } from './replica-counts.ts';

const question = (
  replicas: number,
  weight: number,
  [canary, stable]: readonly [number, number],
  [unavailable, surge]: readonly [number, number],
): BasicCanaryQuestion => ({
  replicas,
  weight,
  surge,
  unavailable,
  canary: { replicas: canary, available: canary },
  stable: { replicas: stable, available: stable },
  isCanaryStable: false,
  otherReplicas: 0,
  areCountsFresh: true,
});

describe('counts of one pass', () => {
  const rows: readonly (readonly [string, BasicCanaryQuestion, readonly [number, number]])[] = [
    ['ten percent of ten, one over and one under allowed', question(10, 10, [0, 10], [1, 1]), [1, 9]],
    ['thirty percent with room above: stable stays until they are there', question(10, 30, [0, 10], [0, 3]), [3, 10]],
    ['thirty percent with room below: stable goes first', question(10, 30, [0, 10], [5, 0]), [0, 7]],
    // The comment beside upstream's function says 1 and 9; its code, like this, finds one of eleven closer to five percent.
    ['five percent of ten is one pod of eleven', question(10, 5, [0, 10], [1, 1]), [1, 10]],
    ['five percent of one keeps the stable pod', question(1, 5, [0, 1], [0, 1]), [1, 1]],
    ['ninety-five percent of one keeps the stable pod', question(1, 95, [0, 1], [0, 1]), [1, 1]],
    ['all weight on the new version drains the stable one as far as availability allows', question(4, 100, [2, 2], [1, 1]), [3, 1]],
    ['no weight grows stable first, within the surge', question(5, 0, [3, 2], [1, 2]), [2, 4]],
    ['other ReplicaSets go before anything shrinks', { ...question(5, 40, [0, 3], [1, 1]), otherReplicas: 2 }, [1, 3]],
    ['the first deployment takes all', { ...question(4, 25, [0, 0], [1, 1]), stable: undefined, isCanaryStable: true }, [4, 0]],
    [
      'a finished rollout may shrink at once, its pods counting twice',
      { ...question(2, 100, [8, 8], [0, 1]), isCanaryStable: true },
      [2, 0],
    ],
    ['counts older than a change of size let nothing shrink', { ...question(4, 100, [2, 2], [1, 1]), areCountsFresh: false }, [3, 2]],
    [
      'stable pods that are not available do not block a canary',
      { ...question(4, 50, [0, 4], [1, 0]), stable: { replicas: 4, available: 0 } },
      [0, 3],
    ],
  ];
  for (const [name, asked, [canary, stable]] of rows) {
    it(name, () => expect(basicCanaryCounts(asked)).toEqual({ canary, stable }));
  }
});

describe('whole counts closest to a weight', () => {
  const rows: readonly (readonly [string, readonly [number, number, number], readonly [number, number]])[] = [
    ['half of one, with surge, is one beside one', [1, 50, 1], [1, 1]],
    ['half of one, without surge, is the tie rounded up', [1, 50, 0], [1, 0]],
    ['half of three may use one pod more', [3, 50, 1], [2, 2]],
    ['a third of ten', [10, 33, 3], [3, 6 + 1]],
    ['one percent of three still has a canary', [3, 1, 0], [1, 2]],
    ['ninety-nine percent of three still has a stable pod', [3, 99, 0], [2, 1]],
    ['nothing of nothing', [0, 50, 1], [0, 0]],
    ['all', [7, 100, 2], [7, 0]],
    ['none', [7, 0, 2], [0, 7]],
  ];
  for (const [name, [replicas, weight, surge], [canary, stable]] of rows) {
    it(name, () => expect(approximateCounts(replicas, weight, 100, surge)).toEqual({ canary, stable }));
  }
});

describe('fenceposts', () => {
  const of = (replicas: number, maxSurge?: number | string, maxUnavailable?: number | string): { surge: number; unavailable: number } =>
    fenceposts({
      replicas,
      strategy: {
        canary: { ...(maxSurge === undefined ? {} : { maxSurge }), ...(maxUnavailable === undefined ? {} : { maxUnavailable }) },
      },
    });
  it('are a quarter by default, surge rounded up and unavailability down', () => expect(of(10)).toEqual({ surge: 3, unavailable: 2 }));
  it('let at least one pod be missing when both are 0', () => expect(of(4, 0, 0)).toEqual({ surge: 0, unavailable: 1 }));
  it('read text without a sign as a percentage', () => expect(of(100, '3', '7%')).toEqual({ surge: 3, unavailable: 7 }));
  it('never let more be missing than there are', () => expect(of(2, 1, 5)).toEqual({ surge: 1, unavailable: 2 }));
  it('are 0 when text is no number', () => expect(of(10, 'a', 3)).toEqual({ surge: 0, unavailable: 0 }));
});

describe('any sequence of passes', () => {
  const start = fc.record({
    replicas: fc.integer({ min: 1, max: 30 }),
    weight: fc.integer({ min: 0, max: 100 }),
    surge: fc.integer({ min: 0, max: 10 }),
    missing: fc.integer({ min: 0, max: 10 }),
    canaryNow: fc.integer({ min: 0, max: 30 }),
  });

  it('never goes above the surge, nor below what must be available, and arrives', () => {
    fc.assert(
      fc.property(start, ({ replicas, weight, surge, missing, canaryNow }) => {
        const unavailable = Math.min(surge === 0 && missing === 0 ? 1 : missing, replicas);
        let canary = Math.min(canaryNow, replicas);
        let stable = replicas - canary;
        for (let pass = 0; pass < 200; pass++) {
          const next = basicCanaryCounts(question(replicas, weight, [canary, stable], [unavailable, surge]));
          expect(next.canary + next.stable).toBeLessThanOrEqual(replicas + surge);
          // Only pods that are there already count; new ones are available in the next round.
          expect(Math.min(canary, next.canary) + Math.min(stable, next.stable)).toBeGreaterThanOrEqual(replicas - unavailable);
          if (next.canary === canary && next.stable === stable) break;
          ({ canary, stable } = next);
        }
        expect({ canary, stable }).toEqual(approximateCounts(replicas, weight, 100, surge));
      }),
    );
  });
});
