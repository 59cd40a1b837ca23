/** The table of scenarios in seeded disorder: the promises hold at every step, and the end is the one of the orderly run. */
import { describe, expect, it } from 'vitest';
import { runInDisorder, summary } from './testing/disorder.ts';
import { scenarios as basicScenarios } from './testing/scenarios.ts';
import { strategyScenarios } from './testing/strategy-scenarios.ts';
import { run } from './testing/transcript.ts';

const scenarios = [...basicScenarios, ...strategyScenarios];
const seeds = (process.env.SEEDS ?? '1,2').split(',').map(Number);

describe('in any order, with old views, repeated passes and kills between writes', () => {
  for (const scenario of scenarios) {
    const orderly = summary(run(scenario).world);
    for (const seed of seeds) {
      it(`${scenario.name}, seed=${seed}`, () => {
        expect(runInDisorder(scenario, seed)).toEqual({ end: orderly, broken: [], unhappened: [] });
      });
    }
  }
});
