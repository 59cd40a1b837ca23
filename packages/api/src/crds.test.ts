import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { crds } from './crds.ts';
import type { KubeObject } from './meta.ts';

type Node = Readonly<Record<string, unknown>>;

const at = (object: unknown, ...path: readonly string[]): Node => path.reduce<unknown>((node, key) => (node as Node)[key], object) as Node;
const schemaOf = (definition: KubeObject, ...path: readonly string[]): Node =>
  at(definition, 'spec', 'versions', '0', 'schema', 'openAPIV3Schema', ...path.flatMap((field) => ['properties', field]));

describe('crds', () => {
  const [rollout = fail(), run = fail()] = crds();

  it('are the five kinds of argoproj.io', () => {
    expect(crds().map((definition) => definition.metadata.name)).toEqual([
      'rollouts.argoproj.io',
      'analysisruns.argoproj.io',
      'analysistemplates.argoproj.io',
      'clusteranalysistemplates.argoproj.io',
      'experiments.argoproj.io',
    ]);
  });

  it('keep only labels and annotations of a pod template', () => {
    expect(Object.keys(schemaOf(rollout, 'spec', 'template', 'metadata').properties as Node)).toEqual(['annotations', 'labels']);
  });

  it('let the selector be set once', () => {
    expect(schemaOf(rollout, 'spec', 'selector')['x-kubernetes-validations']).toEqual([
      { message: '.spec.selector is immutable', rule: 'self == oldSelf' },
    ]);
  });

  it('explain their fields', () => {
    expect(schemaOf(rollout, 'spec', 'strategy', 'canary').description).toBe('Shifts pods or traffic to the new version step by step.');
    const withoutSentence: string[] = [];
    for (const definition of crds()) {
      for (const part of ['spec', 'status']) collect(schemaOf(definition).properties, part, `${definition.kind}.${part}`, withoutSentence);
    }
    expect(withoutSentence).toEqual([]);
  });

  it('have no more than one copy of the pod spec in memory', () => {
    const jobTemplate = at(schemaOf(run, 'spec', 'metrics'), 'items', 'properties', 'provider', 'properties', 'job', 'properties', 'spec');
    expect(at(jobTemplate, 'properties', 'template', 'properties', 'spec')).toBe(schemaOf(rollout, 'spec', 'template', 'spec'));
  });

  const inputs = process.env.SLUICE_TEST_INPUTS;
  const folder = inputs === undefined ? '' : join(inputs, 'argo-rollouts', 'crds');
  const isThere = inputs !== undefined && existsSync(folder);
  it.skipIf(!isThere)(
    `accept, prune, default and refuse what upstream's do${isThere ? '' : ' (skipped: SLUICE_TEST_INPUTS names no folder with argo-rollouts/crds)'}`,
    async () => {
      const { default: yaml } = await import('js-yaml');
      const files = ['rollout', 'analysis-run', 'analysis-template', 'cluster-analysis-template', 'experiment'];
      for (const [index, file] of files.entries()) {
        const theirs = yaml.load(readFileSync(join(folder, `${file}-crd.yaml`), 'utf8')) as KubeObject;
        expect(withoutSentences(crds()[index]?.spec), file).toEqual(withoutSentences(theirs.spec));
      }
    },
  );
});

function collect(properties: unknown, name: string, path: string, found: string[]): void {
  const schema = (properties as Node | undefined)?.[name] as Node | undefined;
  if (schema === undefined || /\.(template|selector|job)$/.test(path)) return;
  if (path.includes('.', path.indexOf('.') + 1) && schema.description === undefined) found.push(path);
  const inner = (schema.items ?? schema) as Node;
  for (const key of Object.keys((inner.properties ?? {}) as Node)) collect(inner.properties, key, `${path}.${key}`, found);
}

function withoutSentences(node: unknown, isFieldMap = false): unknown {
  if (Array.isArray(node))
    return node.every((item) => typeof item === 'string') ? [...node].sort() : node.map((item) => withoutSentences(item));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => isFieldMap || key !== 'description')
      .map(([key, value]) => [key, withoutSentences(value, key === 'properties')]),
  );
}

function fail(): never {
  throw new Error('a definition is missing');
}
