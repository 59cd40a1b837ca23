/**
 * The status as a value: what Go's encoder makes of it (zero values absent), and the merge patch from one to another. Every pass builds
 * the next status from scratch, so what a pass does not set disappears from the API.
 */
import type { RolloutSpec, RolloutStatus } from '@sluice/api';
import { progressDeadlineSeconds } from './defaults.ts';

export type Status = RolloutStatus;

/** Fields that keep a zero, because Go holds them as pointers. */
const keepsZero: ReadonlySet<string> = new Set(['currentStepIndex', 'collisionCount', 'totalManualPauseDurationSeconds']);

/** The same version is new and stable; also while there is neither. */
export function isFullyPromoted(status: Status): boolean {
  return (status.stableRS ?? '') === (status.currentPodHash ?? '');
}

/** Every field of the status that is ours. What a newer controller may have put beside them is left alone. */
const fields = [
  'HPAReplicas',
  'abort',
  'abortedAt',
  'alb',
  'albs',
  'availableReplicas',
  'blueGreen',
  'canary',
  'collisionCount',
  'conditions',
  'controllerPause',
  'currentPodHash',
  'currentStepHash',
  'currentStepIndex',
  'duration',
  'message',
  'observedGeneration',
  'pauseConditions',
  'phase',
  'promoteFull',
  'readyReplicas',
  'replicas',
  'restartedAt',
  'selector',
  'stableRS',
  'updatedReplicas',
  'workloadObservedGeneration',
] as const;

/** The status without fields that say nothing: `false`, 0, empty text, empty lists. Own objects (`canary`) stay even when empty. */
export function canonicalStatus(status: Status | undefined): Status {
  const result: Record<string, unknown> = {};
  for (const field of fields) {
    const value = status?.[field];
    if (says(field, value)) result[field] = value;
  }
  return result;
}

function says(field: string, value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  if (value === 0) return keepsZero.has(field);
  return !(Array.isArray(value) && value.length === 0);
}

/**
 * Merge patch from what the server has to what it should have; `undefined` when they say the same. What goes is an explicit null.
 * Lists are replaced whole.
 */
export function statusPatch(present: Status | undefined, next: Status): Readonly<Record<string, unknown>> | undefined {
  return objectPatch(canonicalStatus(present), canonicalStatus(next));
}

function objectPatch(
  present: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(next)) {
    const old = present[key];
    if (isSame(old, value)) continue;
    const change = isObject(old) && isObject(value) ? objectPatch(old, value) : value;
    if (change !== undefined) patch[key] = change;
  }
  for (const [key, old] of Object.entries(present)) {
    if (next[key] !== undefined) continue;
    // An empty object and none are the same to every reader; a patch for it alone would be a write for nothing.
    if (isObject(old) && Object.keys(old).length === 0) continue;
    patch[key] = null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** Deep equality of JSON values, regardless of the order of keys; `undefined` members count as absent. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => isSame(item, b[at]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const key of keys) if (!isSame(a[key], b[key])) return false;
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether two statuses differ only in what may wait a second: counts, the text about them, availability, and times of conditions.
 * Phase, step, pause, abort and health are never among it.
 */
export function differsInCountsOnly(present: Status | undefined, next: Status): boolean {
  return isSame(weighty(canonicalStatus(present)), weighty(canonicalStatus(next)));
}

function weighty(status: Status): unknown {
  const {
    replicas: _,
    updatedReplicas: __,
    readyReplicas: ___,
    availableReplicas: ____,
    HPAReplicas: _____,
    message: ______,
    ...rest
  } = status;
  const conditions = Object.fromEntries(
    (status.conditions ?? [])
      .filter(({ type }) => type !== 'Available')
      .map(({ type, status: holds, reason, message }) => [type, { holds, reason, message }]),
  );
  return { ...rest, conditions };
}

/**
 * How long a change of counts alone may wait for company. While an update moves pods get ready all the time, and what they make possible is
 * written with their number soon enough; where it rests, nothing else will come. It never takes more than a twentieth of the deadline,
 * which begins anew with each progress that is written.
 *
 * @param moreMs - how much longer while an update moves, because the API is slow
 */
export function countsWaitMs(spec: RolloutSpec, status: Status, moreMs = 0): number {
  const isMoving = !isFullyPromoted(status) && status.phase === 'Progressing';
  return Math.min(isMoving ? 3000 + moreMs : 1000, progressDeadlineSeconds(spec) * 50);
}
