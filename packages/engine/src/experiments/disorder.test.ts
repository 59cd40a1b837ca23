/** The table of experiments in seeded disorder: the promises hold at every write, and the end is the one of the orderly run. */
import { describe, expect, it } from 'vitest';
import { runExperimentInDisorder } from './testing/experiment-disorder.ts';
import { runExperiment } from './testing/experiment-run.ts';
import { experimentScenarios } from './testing/experiment-scenarios.ts';

const seeds = (process.env.SEEDS ?? '1,2,3,4,5,6').split(',').map(Number);

describe('in any order, with old views and kills between writes', () => {
  for (const scenario of experimentScenarios) {
    const orderly = runExperiment(scenario).world.summary();
    for (const seed of seeds) {
      it(`${scenario.name}, seed=${seed}`, () => {
        expect(runExperimentInDisorder(scenario, seed)).toEqual({ end: orderly, broken: [], unhappened: [] });
      });
    }
  }
});
