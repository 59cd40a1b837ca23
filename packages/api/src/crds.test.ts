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
});

function collect(properties: unknown, name: string, path: string, found: string[]): void {
  const schema = (properties as Node | undefined)?.[name] as Node | undefined;
  if (schema === undefined || /\.(template|selector|job)$/.test(path)) return;
  if (path.includes('.', path.indexOf('.') + 1) && schema.description === undefined) found.push(path);
  const inner = (schema.items ?? schema) as Node;
  for (const key of Object.keys((inner.properties ?? {}) as Node)) collect(inner.properties, key, `${path}.${key}`, found);
}

function fail(): never {
  throw new Error('a definition is missing');
}
