/**
 * Whole rollouts in seeded disorder, many of them: every scenario with kills between writes, old views, repeated passes and faults, the
 * promises checked after each write. Prints how many runs it was and each seed that breaks something. `--runs N` (10,000 by default).
 */
import { parseArgs } from 'node:util';
import { runInDisorder, summary } from '../packages/engine/src/testing/disorder.ts';
import { scenarios } from '../packages/engine/src/testing/scenarios.ts';
import { strategyScenarios } from '../packages/engine/src/testing/strategy-scenarios.ts';
import { run } from '../packages/engine/src/testing/transcript.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '10000' }, from: { type: 'string', default: '1000' } } });
const all = [...scenarios, ...strategyScenarios];
const ends = all.map((scenario) => summary(run(scenario).world));
const wanted = Number(values.runs);
let made = 0;
let broken = 0;
for (let seed = Number(values.from); made < wanted; seed++) {
  for (const [at, scenario] of all.entries()) {
    if (made >= wanted) break;
    made++;
    const result = runInDisorder(scenario, seed);
    if (result.end === ends[at] && result.broken.length === 0 && result.unhappened.length === 0) continue;
    broken++;
    console.log(`broken: ${scenario.name}, seed=${seed}: ${JSON.stringify({ ...result, expected: ends[at] })}`);
  }
}
console.log(`${made} runs of ${all.length} scenarios, ${broken} broken`);
if (broken > 0) process.exitCode = 1;
