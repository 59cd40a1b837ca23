/**
 * The CustomResourceDefinitions of the five kinds, as objects ready to be applied. The data file is written by
 * scripts/crds/generate.ts; the pod spec stands in it once and is put in its places here.
 */
import packed from './crds.data.json' with { type: 'json' };
import type { KubeObject } from './meta.ts';

let memo: readonly KubeObject[] | undefined;

/** Rollout, AnalysisRun, AnalysisTemplate, ClusterAnalysisTemplate and Experiment, in this order. Shared between callers: do not change. */
export function crds(): readonly KubeObject[] {
  if (memo === undefined) {
    const { podSpec, definitions } = JSON.parse(packed.text) as { readonly podSpec: unknown; readonly definitions: readonly unknown[] };
    memo = definitions.map((definition) => unpack(definition, podSpec) as KubeObject);
  }
  return memo;
}

function unpack(node: unknown, podSpec: unknown): unknown {
  if (Array.isArray(node)) return node.map((item) => unpack(item, podSpec));
  if (typeof node !== 'object' || node === null) return node;
  if ('$podSpec' in node) return podSpec;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, unpack(value, podSpec)]));
}
