/** Golden transcripts: whole experiments in the model, every pass as lines. `UPDATE_GOLDEN=1` rewrites them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runExperiment } from './testing/experiment-run.ts';
import { experimentScenarios } from './testing/experiment-scenarios.ts';

const folder = fileURLToPath(new URL('./testdata/transcripts/', import.meta.url));

describe('a whole experiment goes as written down', () => {
  for (const scenario of experimentScenarios) {
    it(scenario.name, () => {
      const { lines } = runExperiment(scenario);
      const text = `${scenario.name}\n\n${lines.join('\n')}\n`;
      const file = `${folder}${scenario.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.txt`;
      if (process.env.UPDATE_GOLDEN === '1') {
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, text);
      }
      expect(text).toBe(readFileSync(file, 'utf8'));
      expect(lines.filter((line) => line.startsWith('never happened'))).toEqual([]);
    });
  }
});
