/** The status of a run as a value: what Go's encoder makes of it, and the merge patch from one to another. */
import type { AnalysisRunStatus } from '@sluice/api';
import type { MergePatch } from '../plan.ts';
import { isSame } from '../status.ts';

const fields = ['phase', 'message', 'startedAt', 'completedAt', 'metricResults', 'runSummary', 'dryRunSummary'] as const;

/**
 * Merge patch of a run from the status that it has to the one it should have; `undefined` when they say the same.
 *
 * An empty summary of dry runs is written, an empty summary of the run is not: so does upstream.
 */
export function runStatusPatch(present: AnalysisRunStatus | undefined, next: AnalysisRunStatus): MergePatch | undefined {
  const patch: Record<string, unknown> = {};
  for (const field of fields) {
    const was = canonical(present?.[field]);
    const is = canonical(next[field]);
    if (isSame(was, is)) continue;
    if (field === 'runSummary' && isEmpty(was) && isEmpty(is)) continue;
    patch[field] = isObject(was) && isObject(is) ? withNulls(was, is) : (is ?? null);
  }
  return Object.keys(patch).length === 0 ? undefined : { status: patch };
}

/** Without members that say nothing: zero counts, empty text, false. Objects stay even when they are empty. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (!isObject(value)) return value === '' ? undefined : value;
  const entries = Object.entries(value).filter(
    ([, item]) => item !== undefined && item !== null && item !== '' && item !== 0 && item !== false,
  );
  // In metadata everything was put there by somebody.
  return Object.fromEntries(entries.map(([key, item]) => [key, key === 'metadata' ? item : canonical(item)]));
}

function withNulls(was: Readonly<Record<string, unknown>>, is: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const gone = Object.keys(was).filter((key) => is[key] === undefined);
  const changed = Object.entries(is).filter(([key, value]) => !isSame(was[key], value));
  return Object.fromEntries([...changed, ...gone.map((key) => [key, null] as const)]);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (isObject(value) && Object.keys(value).length === 0);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
