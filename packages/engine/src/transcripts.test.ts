/**
 * Golden transcripts: whole rollouts in the model, every pass as lines. A change of behaviour is a change of these files;
 * `UPDATE_GOLDEN=1` rewrites them, and the difference is then read by a person.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scenarios as basicScenarios } from './testing/scenarios.ts';
import { strategyScenarios } from './testing/strategy-scenarios.ts';
import { run } from './testing/transcript.ts';

const scenarios = [...basicScenarios, ...strategyScenarios];
const folder = fileURLToPath(new URL('./testdata/transcripts/', import.meta.url));

function fileOf(name: string): string {
  return `${folder}${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.txt`;
}

describe('a whole rollout goes as written down', () => {
  for (const scenario of scenarios) {
    it(scenario.name, () => {
      const { lines } = run(scenario);
      const text = `${scenario.name}\n\n${lines.join('\n')}\n`;
      const file = fileOf(scenario.name);
      if (process.env.UPDATE_GOLDEN === '1') {
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, text);
      }
      expect(text).toBe(readFileSync(file, 'utf8'));
      expect(lines.filter((line) => line.startsWith('never happened'))).toEqual([]);
    });
  }
});
