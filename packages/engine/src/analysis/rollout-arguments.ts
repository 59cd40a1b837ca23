/** Arguments of an analysis as a Rollout gives them: literals, pod template hashes, and values out of the Rollout itself. */
import { type AnalysisArgument, metadataField, type Rollout, type RolloutAnalysisArgument } from '@sluice/api';
import { formatFloat } from '../expression/go-numbers.ts';
import { type Built, mergeProblem } from './run-spec.ts';

/**
 * The caller's arguments with all values literal.
 *
 * A path that begins with `metadata` is a downward-API path; any other walks the Rollout's JSON and must end in a primitive.
 *
 * @param hashes - pod template hashes of the stable and of the newest ReplicaSet; empty where there is none
 * @see argoproj/argo-rollouts utils/analysis/factory.go, BuildArgumentsForRolloutAnalysisRun
 */
export function argumentsOfRollout(
  args: readonly RolloutAnalysisArgument[],
  rollout: Rollout,
  hashes: { readonly stable: string; readonly latest: string },
): Built<readonly AnalysisArgument[]> {
  const hashNamed = (version: string): string | undefined =>
    version === 'Latest' ? hashes.latest : version === 'Stable' ? hashes.stable : undefined;
  const values: AnalysisArgument[] = [];
  for (const { name, value = '', valueFrom } of args) {
    const fieldPath = valueFrom?.fieldRef?.fieldPath;
    if (valueFrom?.podTemplateHashValue !== undefined) {
      values.push({ name, value: hashNamed(valueFrom.podTemplateHashValue) ?? value });
    } else if (fieldPath !== undefined) {
      const found = fieldPath.startsWith('metadata') ? ofMetadata(rollout, fieldPath) : ofObject(rollout, fieldPath);
      if ('problem' in found) return mergeProblem(found.problem);
      values.push({ name, value: found.text });
    } else {
      values.push({ name, value });
    }
  }
  return { ok: true, value: values };
}

type Found = { readonly text: string } | { readonly problem: string };

function ofMetadata(rollout: Rollout, path: string): Found {
  const text = metadataField(rollout, path);
  return text === undefined ? { problem: `unsupported fieldPath: ${path}` } : { text };
}

function ofObject(rollout: Rollout, path: string): Found {
  let at: unknown = rollout;
  for (const section of path.split(/[.[\]]+/)) {
    if (section === '') continue;
    if (Array.isArray(at)) {
      if (!/^[+-]?\d+$/.test(section)) return { problem: `invalid index '${section}'` };
      const index = Number(section);
      // Upstream panics on a negative one.
      if (index < 0 || index >= at.length) return { problem: `index ${index} out of range` };
      at = at[index];
    } else if (typeof at === 'object' && at !== null) {
      at = Object.hasOwn(at, section) ? (at as Readonly<Record<string, unknown>>)[section] : undefined;
    } else {
      return { problem: `invalid path ${path} in rollout` };
    }
  }
  if (at === undefined || at === null) return { problem: `invalid path ${path} in rollout` };
  if (typeof at === 'object') return { problem: `path ${path} in rollout must terminate in a primitive value` };
  return { text: typeof at === 'number' ? formatFloat(at) : String(at) };
}
