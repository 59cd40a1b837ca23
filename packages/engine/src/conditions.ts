/**
 * The list `status.conditions`: how one is set, and which hold for a status. Order matters, since the phase is read from the list front to
 * back and other controllers compare it: a condition that changes moves to the end.
 */
import { type Condition, formatTime, type Instant, parseTime, type ReplicaSet, type RolloutCondition, type RolloutSpec } from '@sluice/api';
import { blueGreenOf, desiredReplicas, isBlueGreen, progressDeadlineSeconds, stepsOf } from './defaults.ts';
import type { Status } from './status.ts';

export type Conditions = readonly RolloutCondition[];

export function findCondition(conditions: Conditions | undefined, type: string): RolloutCondition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function withoutCondition(conditions: Conditions, type: string): Conditions {
  return conditions.filter((condition) => condition.type !== type);
}

export type NewCondition = Pick<RolloutCondition, 'type' | 'status' | 'reason' | 'message'>;

/**
 * Sets a condition. One with the same status and reason is left alone, message and times included; with the same status it keeps its
 * transition time.
 */
export function setCondition(conditions: Conditions, next: NewCondition, now: Instant): Conditions {
  const present = findCondition(conditions, next.type);
  if (present !== undefined && present.status === next.status && present.reason === next.reason) return conditions;
  const kept = present?.status === next.status ? present.lastTransitionTime : undefined;
  return [...withoutCondition(conditions, next.type), timed(next, now, kept)];
}

/** Sets a condition even if it says the same already: the update time is new, the transition time stays where the status does. */
export function refreshCondition(conditions: Conditions, next: NewCondition, now: Instant): Conditions {
  const present = findCondition(conditions, next.type);
  const kept = present?.status === next.status ? present.lastTransitionTime : undefined;
  return [...withoutCondition(conditions, next.type), timed(next, now, kept)];
}

function timed(next: NewCondition, now: Instant, lastTransitionTime: string | undefined): RolloutCondition {
  return { ...next, lastTransitionTime: lastTransitionTime ?? formatTime(now), lastUpdateTime: formatTime(now) };
}

/** Every condition we set, each with when it appears. */
export const conditionOf = {
  /** Each pass that finds the spec or what it refers to wrong. */
  invalidSpec: (message: string): NewCondition => ({ type: 'InvalidSpec', status: 'True', reason: 'InvalidSpec', message }),
  /** Enough pods of any version are available. */
  available: (holds: boolean): NewCondition => ({
    type: 'Available',
    status: holds ? 'True' : 'False',
    reason: 'AvailableReason',
    message: holds ? 'Rollout has minimum availability' : 'Rollout does not have minimum availability',
  }),
  /** Something or somebody paused it. False keeps the reason and the text of True. */
  paused: (holds: boolean): NewCondition => ({
    type: 'Paused',
    status: holds ? 'True' : 'False',
    reason: 'RolloutPaused',
    message: 'Rollout is paused',
  }),
  /** The present template is the stable one. */
  completed: (holds: boolean): NewCondition => ({
    type: 'Completed',
    status: holds ? 'True' : 'False',
    reason: 'RolloutCompleted',
    message: 'RolloutCompleted',
  }),
  /** Completed, every pod available, nothing left over. */
  healthy: (holds: boolean): NewCondition => ({
    type: 'Healthy',
    status: holds ? 'True' : 'False',
    reason: 'RolloutHealthy',
    message: holds ? 'Rollout is healthy' : 'Rollout is not healthy',
  }),
} as const;

const progressing = (status: 'True' | 'False' | 'Unknown', reason: string, message: string): NewCondition => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

/** What `Progressing` may say. `subject` is `ReplicaSet "x"` or, while there is none, `Rollout "x"`. */
export const progressOf = {
  created: (name: string): NewCondition => progressing('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`),
  found: (name: string): NewCondition => progressing('True', 'FoundNewReplicaSet', `Found new replica set "${name}"`),
  createError: (name: string, problem: string): NewCondition =>
    progressing('False', 'ReplicaSetCreateError', `Failed to create new replica set "${name}": ${problem}`),
  updated: (subject: string): NewCondition => progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`),
  notAvailable: (): NewCondition => progressing('True', 'ReplicaSetNotAvailable', 'Rollout does not have minimum availability'),
  done: (subject: string): NewCondition => progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`),
  paused: (): NewCondition => progressing('Unknown', 'RolloutPaused', 'Rollout is paused'),
  resumed: (): NewCondition => progressing('Unknown', 'RolloutResumed', 'Rollout is resumed'),
  retry: (): NewCondition => progressing('Unknown', 'RolloutRetry', 'Retrying Rollout after abort'),
  aborted: (message: string): NewCondition => progressing('False', 'RolloutAborted', message),
  timedOut: (subject: string): NewCondition => progressing('False', 'ProgressDeadlineExceeded', timeoutMessage(subject)),
} as const;

export function timeoutMessage(subject: string): string {
  return `${subject} has timed out progressing.`;
}

/** Completed in the sense of the condition: something is stable, and it is the present template. */
export function isCompleted(status: Status): boolean {
  return (status.stableRS ?? '') !== '' && status.stableRS === status.currentPodHash;
}

/**
 * Healthy in the sense of the condition. The generation must have been seen by an earlier pass already, so the pass that
 * first sees a new one never reports health.
 */
export function isHealthy(spec: RolloutSpec, generation: number, previous: Status, next: Status): boolean {
  const replicas = desiredReplicas(spec);
  const isUp =
    (next.updatedReplicas ?? 0) === replicas &&
    (next.availableReplicas ?? 0) === replicas &&
    previous.observedGeneration === String(generation);
  if (!isUp) return false;
  if (isBlueGreen(spec)) {
    const { activeSelector = '', previewSelector = '' } = next.blueGreen ?? {};
    const hash = next.currentPodHash ?? '';
    const hasPreview = (blueGreenOf(spec).previewService ?? '') !== '';
    return activeSelector === hash && (!hasPreview || previewSelector === hash);
  }
  const steps = stepsOf(spec).length;
  const isThroughSteps = steps === 0 || next.currentStepIndex === undefined || next.currentStepIndex === steps;
  return (next.replicas ?? 0) === replicas && isThroughSteps && isCompleted(next);
}

/** Whether something moved between two statuses, so that the deadline starts anew. */
export function hasProgressed(spec: RolloutSpec, previous: Status, next: Status): boolean {
  const old = (status: Status): number => (status.replicas ?? 0) - (status.updatedReplicas ?? 0);
  return (
    (next.updatedReplicas ?? 0) !== (previous.updatedReplicas ?? 0) ||
    old(next) < old(previous) ||
    (next.readyReplicas ?? 0) > (previous.readyReplicas ?? 0) ||
    (next.availableReplicas ?? 0) > (previous.availableReplicas ?? 0) ||
    (isBlueGreen(spec) ? hasSwitched(previous, next) : hasStepped(previous, next))
  );
}

function hasSwitched(previous: Status, next: Status): boolean {
  const selector = ({ blueGreen }: Status, of: 'activeSelector' | 'previewSelector'): string => blueGreen?.[of] ?? '';
  return (['activeSelector', 'previewSelector'] as const).some((of) => selector(previous, of) !== selector(next, of));
}

function hasStepped(previous: Status, next: Status): boolean {
  return (
    (next.stableRS ?? '') !== (previous.stableRS ?? '') ||
    (next.currentStepHash ?? '') !== (previous.currentStepHash ?? '') ||
    (next.currentStepIndex !== undefined && previous.currentStepIndex !== undefined && next.currentStepIndex !== previous.currentStepIndex)
  );
}

/** When the progress deadline passes; `undefined` where nothing is being waited for. */
export function progressDeadline(spec: RolloutSpec, conditions: Conditions | undefined): Instant | undefined {
  const present = findCondition(conditions, 'Progressing');
  if (present === undefined || present.reason === 'RolloutAborted' || present.reason === 'RolloutPaused') return undefined;
  return (parseTime(present.lastUpdateTime) ?? 0) + progressDeadlineSeconds(spec) * 1000;
}

/** Whether the deadline has passed. Once it did, it stays so until progress is made. */
export function hasTimedOut(spec: RolloutSpec, conditions: Conditions | undefined, now: Instant): boolean {
  const deadline = progressDeadline(spec, conditions);
  if (deadline === undefined) return false;
  return findCondition(conditions, 'Progressing')?.reason === 'ProgressDeadlineExceeded' || deadline < now;
}

/** The failure that ReplicaSets report (a quota, a webhook), that of the new one first. */
export function replicaFailure(current: ReplicaSet | undefined, all: readonly ReplicaSet[]): Condition | undefined {
  const failureOf = (set: ReplicaSet): Condition | undefined => set.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  const own = current === undefined ? undefined : failureOf(current);
  if (own !== undefined) return own;
  for (const set of all) {
    const found = failureOf(set);
    if (found !== undefined) return found;
  }
  return undefined;
}
