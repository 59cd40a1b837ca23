/** Our definitions of the rollout kinds against upstream's, from the folder in SLUICE_TEST_INPUTS: the same but for the sentences. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crds, type KubeObject } from '@sluice/api';
import { parseYaml } from '@sluice/schema';
import { describe, expect, it } from 'vitest';

const folder = join(process.env.SLUICE_TEST_INPUTS ?? '', 'argo-rollouts', 'crds');
const isThere = process.env.SLUICE_TEST_INPUTS !== undefined && existsSync(folder);
if (!isThere) console.warn('skipped: upstream definitions; set SLUICE_TEST_INPUTS to a folder with argo-rollouts/crds');

describe.runIf(isThere)('the rollout kinds', () => {
  it.each(
    ['rollout', 'analysis-run', 'analysis-template', 'cluster-analysis-template', 'experiment'].map(
      (file, index) => [file, index] as const,
    ),
  )('accept, prune, default and refuse as %s-crd.yaml does', (file, index) => {
    const theirs = parseYaml(readFileSync(join(folder, `${file}-crd.yaml`), 'utf8'))[0] as KubeObject;
    expect(withoutSentences(crds()[index]?.spec)).toEqual(withoutSentences(theirs.spec));
  });
});

/** Lists of text, such as required fields, count as sets. */
function withoutSentences(node: unknown, isFieldMap = false): unknown {
  if (Array.isArray(node)) {
    return node.every((item) => typeof item === 'string') ? [...node].sort() : node.map((item) => withoutSentences(item));
  }
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => isFieldMap || key !== 'description')
      .map(([key, value]) => [key, withoutSentences(value, key === 'properties')]),
  );
}
