/**
 * What a Job needs next: pods made or deleted, ended pods counted exactly once, the conditions that say how it ended. Pure.
 * Behaves as the job controller of Kubernetes 1.34, tracking with finalizers included: an ended pod is first noted in
 * `status.uncountedTerminatedPods`, then loses its finalizer, then is counted; a crash between any two of these loses no pod.
 */
import { formatTime, type Instant, parseTime } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { earliest, type Note, nothing, type Plan, type Step, statusWrite, type Write } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import { isPodActive, isPodReady } from '../../shapes/pod-conditions.ts';
import type { Job, JobCondition, JobStatus } from '../../shapes/workloads.ts';
import { podsToDelete } from '../replica-set/deletion-order.ts';
import { completionIndexOf, formatIndexes, parseIndexes } from './indexes.ts';
import { isPodFailed, isTerminating, isTracked, jobPod, replacementDelayMs, restartsOf, trackingFinalizer } from './pods.ts';

/** Pods made or deleted in one pass, and ended pods noted in one. */
const podsMax = 500;

export type JobFacts = {
  readonly job: Job;
  /** Claimed, ended ones included. */
  readonly pods: readonly Pod[];
};

export function isJobFinished(job: Job): boolean {
  return job.status?.conditions?.some(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True') === true;
}

export function decideJob(seen: JobFacts, now: Instant): Plan {
  const { job } = seen;
  if (isJobFinished(job)) return nothing('finished');
  if (job.spec.managedBy !== undefined && job.spec.managedBy !== 'kubernetes.io/job-controller')
    return nothing('managed by another controller');
  const pass = countPods(seen, now);
  const end = outcome(pass, now);
  const managed = end === undefined ? managePods(pass, now) : deleteActive(pass);
  const complete =
    end === undefined && isComplete(pass, managed) ? condition('SuccessCriteriaMet', 'CompletionsReached', reached, now) : undefined;
  return track(pass, managed, end ?? complete, now);
}

const reached = 'Reached expected number of succeeded pods';

type Pass = {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly active: readonly Pod[];
  readonly isIndexed: boolean;
  readonly completions: number | undefined;
  /** Counted, noted and just seen. */
  readonly succeeded: number;
  readonly failed: number;
  /** Of an Indexed Job: those in its status, and all with those of pods that just ended. */
  readonly countedIndexes: ReadonlySet<number>;
  readonly succeededIndexes: ReadonlySet<number>;
  readonly isSuspended: boolean;
  readonly startTime: string | undefined;
};

function countPods({ job, pods }: JobFacts, now: Instant): Pass {
  const status = job.status ?? {};
  const completions = job.spec.completions;
  const isIndexed = job.spec.completionMode === 'Indexed';
  const uncounted = status.uncountedTerminatedPods ?? {};
  const isValid = (pod: Pod): boolean => !isIndexed || (completionIndexOf(pod) ?? Number.POSITIVE_INFINITY) < (completions ?? 0);
  const isNew = (pod: Pod, noted: readonly string[] | undefined): boolean =>
    isTracked(pod) && isValid(pod) && !(noted ?? []).includes(pod.metadata.uid ?? '');
  const newlySucceeded = pods.filter((pod) => pod.status?.phase === 'Succeeded' && isNew(pod, uncounted.succeeded));
  const newlyFailed = pods.filter((pod) => isPodFailed(pod, job) && isNew(pod, uncounted.failed));
  const countedIndexes = isIndexed ? parseIndexes(status.completedIndexes, completions ?? 0) : new Set<number>();
  const succeededIndexes = new Set(countedIndexes);
  if (isIndexed) for (const pod of newlySucceeded) succeededIndexes.add(completionIndexOf(pod) ?? 0);
  const isSuspended = job.spec.suspend === true;
  return {
    job,
    pods,
    active: pods.filter(isPodActive),
    isIndexed,
    completions,
    succeeded: isIndexed ? succeededIndexes.size : (status.succeeded ?? 0) + newlySucceeded.length + (uncounted.succeeded?.length ?? 0),
    failed: (status.failed ?? 0) + newlyFailed.length + (uncounted.failed?.length ?? 0),
    countedIndexes,
    succeededIndexes,
    isSuspended,
    startTime: status.startTime ?? (isSuspended ? undefined : formatTime(now)),
  };
}

/** How the Job ends, if it does by now for another reason than its completions. An earlier pass's word stands. */
function outcome(pass: Pass, now: Instant): JobCondition | undefined {
  const { job, failed, pods } = pass;
  const known = job.status?.conditions?.find(
    ({ type, status }) => status === 'True' && (type === 'SuccessCriteriaMet' || type === 'FailureTarget'),
  );
  if (known !== undefined) return known;
  const backoffLimit = job.spec.backoffLimit ?? 6;
  const restarts = job.spec.template.spec?.restartPolicy === 'OnFailure' ? restartsOf(pods) : 0;
  const hasRestartedTooOften = restarts > 0 && restarts >= backoffLimit;
  if (failed > backoffLimit || hasRestartedTooOften) {
    return condition('FailureTarget', 'BackoffLimitExceeded', 'Job has reached the specified backoff limit', now);
  }
  const deadline = deadlineOf(pass);
  if (deadline !== undefined && now >= deadline) {
    return condition('FailureTarget', 'DeadlineExceeded', 'Job was active longer than specified deadline', now);
  }
  return undefined;
}

function deadlineOf({ job, isSuspended, startTime }: Pass): Instant | undefined {
  const started = parseTime(startTime);
  const seconds = job.spec.activeDeadlineSeconds;
  return seconds === undefined || isSuspended || started === undefined ? undefined : started + seconds * 1000;
}

type Managed = {
  readonly steps: readonly Step[];
  readonly active: number;
  readonly ready: number;
  /** Active pods that these steps delete. */
  readonly deleted: readonly Pod[];
  readonly requeueAfterMs?: number;
};

function managePods(pass: Pass, now: Instant): Managed {
  const { job, active, completions, isSuspended, succeeded } = pass;
  if (job.metadata.deletionTimestamp !== undefined) return { steps: [], active: active.length, ready: readyOf(active), deleted: [] };
  const parallelism = job.spec.parallelism ?? 1;
  const left = completions === undefined ? (succeeded > 0 ? active.length : parallelism) : Math.max(0, completions - succeeded);
  const wanted = isSuspended ? 0 : completions === undefined ? left : Math.min(left, parallelism);
  const surplus = surplusPods(pass, Math.max(0, active.length - wanted), now);
  if (surplus.length > 0) return removePods(pass, surplus.slice(0, podsMax));

  const replacing = job.spec.podReplacementPolicy === 'Failed' ? pass.pods.filter(isTerminating).length : 0;
  const missing = Math.min(wanted - replacing - active.length, podsMax);
  if (missing <= 0) return { steps: [], active: active.length, ready: readyOf(active), deleted: [] };
  const delayMs = replacementDelayMs(pass.pods, job, now);
  if (delayMs > 0) return { steps: [], active: active.length, ready: readyOf(active), deleted: [], requeueAfterMs: delayMs };
  const indexes: readonly (number | undefined)[] = pass.isIndexed ? pendingIndexes(pass, missing) : Array.from({ length: missing });
  const writes = indexes.map(
    (index): Write => ({
      verb: 'create',
      type: builtinTypes.pods,
      object: jobPod(job, index),
      note: { about: job, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
      failureNote: { about: job, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
    }),
  );
  return { steps: [{ writes, isSlowStart: true }], active: active.length + writes.length, ready: readyOf(active), deleted: [] };
}

/** Pods too many, and in an Indexed Job those whose index another active pod has, or that is none. */
function surplusPods(pass: Pass, atLeast: number, now: Instant): readonly Pod[] {
  const { active, isIndexed, completions = 0 } = pass;
  const surplus: Pod[] = [];
  let left = active;
  if (isIndexed) {
    const holders = new Map<number, Pod>();
    for (const pod of active) {
      const index = completionIndexOf(pod);
      if (index === undefined || index >= completions) surplus.push(pod);
      else {
        const holder = holders.get(index);
        if (holder === undefined) holders.set(index, pod);
        else {
          const [first = pod] = podsToDelete([holder, pod], [], 1, now);
          surplus.push(first);
          holders.set(index, first === pod ? holder : pod);
        }
      }
    }
    left = [...holders.values()];
  }
  return surplus.length >= atLeast ? surplus : [...surplus, ...podsToDelete(left, [], atLeast - surplus.length, now)];
}

function pendingIndexes({ active, succeededIndexes, completions = 0 }: Pass, count: number): readonly number[] {
  const taken = new Set(active.map(completionIndexOf));
  const pending: number[] = [];
  for (let index = 0; index < completions && pending.length < count; index++) {
    if (!taken.has(index) && !succeededIndexes.has(index)) pending.push(index);
  }
  return pending;
}

function removePods(pass: Pass, pods: readonly Pod[]): Managed {
  const untrack = pods.filter(isTracked).map(withoutFinalizer);
  const rest = pass.active.filter((pod) => !pods.includes(pod));
  const steps = [...(untrack.length === 0 ? [] : [{ writes: untrack }]), { writes: pods.map((pod) => removal(pass.job, pod)) }];
  return { steps, active: rest.length, ready: readyOf(rest), deleted: pods };
}

/** What is active when the Job ends goes; its finalizers stay until it is counted. */
function deleteActive(pass: Pass): Managed {
  const steps = pass.active.length === 0 ? [] : [{ writes: pass.active.map((pod) => removal(pass.job, pod)) }];
  return { steps, active: 0, ready: 0, deleted: pass.active };
}

function removal(job: Job, pod: Pod): Write {
  return {
    verb: 'delete',
    type: builtinTypes.pods,
    object: pod,
    note: { about: job, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
    failureNote: { about: job, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
  };
}

export function withoutFinalizer(pod: Pod): Write {
  const rest = pod.metadata.finalizers?.filter((finalizer) => finalizer !== trackingFinalizer) ?? [];
  const patch = { metadata: { finalizers: rest.length === 0 ? null : rest } };
  return { verb: 'patch', type: builtinTypes.pods, object: pod, patch, guarded: false };
}

function readyOf(pods: readonly Pod[]): number {
  return pods.filter(isPodReady).length;
}

function isComplete({ completions, succeeded }: Pass, { active }: Managed): boolean {
  if (active !== 0) return false;
  return completions === undefined ? succeeded > 0 : succeeded >= completions;
}

/** Notes ended pods, lets them go, counts them, and ends the Job when nothing is left to wait for. */
function track(pass: Pass, managed: Managed, end: JobCondition | undefined, now: Instant): Plan {
  const { job, pods } = pass;
  const before = job.status ?? {};
  const tracked = new Set(pods.filter(isTracked).map((pod) => pod.metadata.uid ?? ''));
  const settled = settle(before, tracked);
  const noted = noteEnded(pass, settled, end, managed.deleted);
  const terminating = pods.filter(isTerminating).length + managed.deleted.length;

  const { conditions, notes, startTime } = suspension(pass, end, now);
  const interim: JobStatus = {
    ...noted.status,
    ...(startTime === undefined ? {} : { startTime }),
    ready: managed.ready,
    terminating,
    ...(conditions.length === 0 ? {} : { conditions: withInterim(conditions, end) }),
    ...(conditions.length === 0 && end !== undefined ? { conditions: [end] } : {}),
  };
  const first = withActive(interim, managed.active);

  const released = new Set(noted.release.map((pod) => pod.metadata.uid ?? ''));
  const counted = settle(first, new Set([...tracked].filter((uid) => !released.has(uid))));
  const isOver = end !== undefined && terminating === 0 && !noted.hasMore && isNothingUncounted(counted);
  const final = isOver ? finished(counted, end, now) : counted;

  const steps: Step[] = [...managed.steps];
  const flush = statusWrite(builtinTypes.jobs, job, first);
  if (noted.release.length === 0 && !isOver) {
    if (flush !== undefined) steps.push({ writes: [flush] });
  } else {
    // Without pods to release, the note and the count are one write.
    if (flush !== undefined && noted.release.length > 0) steps.push({ writes: [flush] });
    if (noted.release.length > 0) steps.push({ writes: noted.release.map(withoutFinalizer) });
    const from = flush !== undefined && noted.release.length > 0 ? { ...job, status: first } : job;
    const last = statusWrite(builtinTypes.jobs, from, final);
    if (last !== undefined) steps.push({ writes: [last] });
  }
  const deadline = end === undefined ? deadlineOf(pass) : undefined;
  return {
    steps,
    notes: [...notes, ...(isOver ? [endNote(job, final, end)] : [])],
    reason: isOver ? 'finished' : end === undefined ? 'active' : (end.reason ?? 'ending'),
    requeueAfterMs: earliest(managed.requeueAfterMs, deadline === undefined ? undefined : Math.max(0, deadline - now)),
  };
}

/** Counts noted pods that have lost their finalizer. */
function settle(status: JobStatus, tracked: ReadonlySet<string>): JobStatus {
  const uncounted = status.uncountedTerminatedPods ?? {};
  const keep = (uids: readonly string[] | undefined): readonly string[] => (uids ?? []).filter((uid) => tracked.has(uid));
  const succeeded = keep(uncounted.succeeded);
  const failed = keep(uncounted.failed);
  return {
    ...status,
    ...nonZero('succeeded', (status.succeeded ?? 0) + (uncounted.succeeded?.length ?? 0) - succeeded.length),
    ...nonZero('failed', (status.failed ?? 0) + (uncounted.failed?.length ?? 0) - failed.length),
    uncountedTerminatedPods: { ...(succeeded.length === 0 ? {} : { succeeded }), ...(failed.length === 0 ? {} : { failed }) },
  };
}

type Noted = { readonly status: JobStatus; readonly release: readonly Pod[]; readonly hasMore: boolean };

function noteEnded(pass: Pass, status: JobStatus, end: JobCondition | undefined, deleted: readonly Pod[]): Noted {
  const { job, isIndexed, completions = 0 } = pass;
  const succeeded = [...(status.uncountedTerminatedPods?.succeeded ?? [])];
  const failed = [...(status.uncountedTerminatedPods?.failed ?? [])];
  const indexes = new Set(pass.countedIndexes);
  const release: Pod[] = [];
  const isFailing = end !== undefined && end.type === 'FailureTarget';
  let hasMore = false;
  const inOrder = isIndexed ? [...pass.pods].sort((a, b) => (completionIndexOf(a) ?? -1) - (completionIndexOf(b) ?? -1)) : pass.pods;
  for (const pod of inOrder) {
    const uid = pod.metadata.uid ?? '';
    // Pods deleted for being too many in this very pass have lost their finalizer on the way.
    if (!isTracked(pod) || (end === undefined && deleted.includes(pod))) continue;
    const hasSucceeded = pod.status?.phase === 'Succeeded';
    const hasFailed = isPodFailed(pod, job);
    if (!(hasSucceeded || hasFailed || end !== undefined || job.metadata.deletionTimestamp !== undefined)) continue;
    if (succeeded.length + failed.length + indexes.size - pass.countedIndexes.size >= podsMax) {
      hasMore = true;
      break;
    }
    release.push(pod);
    const index = completionIndexOf(pod);
    const isValid = !isIndexed || (index !== undefined && index < completions);
    if (hasSucceeded && !failed.includes(uid)) {
      if (isIndexed) {
        if (isValid) indexes.add(index ?? 0);
      } else if (!succeeded.includes(uid)) succeeded.push(uid);
    } else if ((hasFailed || isFailing) && isValid && !failed.includes(uid)) failed.push(uid);
  }
  const uncountedTerminatedPods = { ...(succeeded.length === 0 ? {} : { succeeded }), ...(failed.length === 0 ? {} : { failed }) };
  const indexed = isIndexed ? { ...nonZero('succeeded', indexes.size), ...nonEmpty('completedIndexes', formatIndexes(indexes)) } : {};
  return { status: { ...status, ...indexed, uncountedTerminatedPods }, release, hasMore };
}

/** A suspended Job says so; a resumed one starts anew, so that its deadline counts from now. */
function suspension(
  pass: Pass,
  end: JobCondition | undefined,
  now: Instant,
): { conditions: readonly JobCondition[]; notes: readonly Note[]; startTime: string | undefined } {
  const { job, isSuspended, startTime } = pass;
  const conditions = job.status?.conditions ?? [];
  const current = conditions.find(({ type }) => type === 'Suspended');
  if (end !== undefined || job.metadata.deletionTimestamp !== undefined) return { conditions, notes: [], startTime };
  if (isSuspended && current?.status !== 'True') {
    const next = { ...condition('Suspended', 'JobSuspended', 'Job suspended', now) };
    const note: Note = { about: job, type: 'Normal', reason: 'Suspended', message: 'Job suspended' };
    return { conditions: replaced(conditions, next), notes: [note], startTime };
  }
  if (!isSuspended && current?.status === 'True') {
    const next: JobCondition = { ...condition('Suspended', 'JobResumed', 'Job resumed', now), status: 'False' };
    const note: Note = { about: job, type: 'Normal', reason: 'Resumed', message: 'Job resumed' };
    return { conditions: replaced(conditions, next), notes: [note], startTime: formatTime(now) };
  }
  return { conditions, notes: [], startTime };
}

function replaced(conditions: readonly JobCondition[], next: JobCondition): readonly JobCondition[] {
  const isThere = conditions.some(({ type }) => type === next.type);
  return isThere ? conditions.map((old) => (old.type === next.type ? next : old)) : [...conditions, next];
}

function withInterim(conditions: readonly JobCondition[], end: JobCondition | undefined): readonly JobCondition[] {
  return end === undefined || conditions.some(({ type }) => type === end.type) ? conditions : [...conditions, end];
}

function isNothingUncounted({ uncountedTerminatedPods = {} }: JobStatus): boolean {
  return (uncountedTerminatedPods.succeeded?.length ?? 0) + (uncountedTerminatedPods.failed?.length ?? 0) === 0;
}

function finished(status: JobStatus, end: JobCondition, now: Instant): JobStatus {
  const isSuccess = end.type === 'SuccessCriteriaMet';
  const last = condition(isSuccess ? 'Complete' : 'Failed', end.reason ?? '', end.message ?? '', now);
  return {
    ...status,
    conditions: [...(status.conditions ?? []), last],
    ...(isSuccess ? { completionTime: formatTime(now) } : {}),
  };
}

function endNote(job: Job, status: JobStatus, end: JobCondition): Note {
  if (end.type === 'SuccessCriteriaMet') return { about: job, type: 'Normal', reason: 'Completed', message: 'Job completed' };
  return { about: { ...job, status }, type: 'Warning', reason: end.reason ?? '', message: end.message ?? '' };
}

function condition(type: string, reason: string, message: string, now: Instant): JobCondition {
  const time = formatTime(now);
  return { type, status: 'True', lastProbeTime: time, lastTransitionTime: time, reason, message };
}

function withActive(status: JobStatus, active: number): JobStatus {
  const { active: _, ...rest } = status;
  return active === 0 ? rest : { ...rest, active };
}

function nonZero<K extends 'succeeded' | 'failed'>(field: K, count: number): { [field in K]?: number } {
  return count === 0 ? {} : ({ [field]: count } as { [field in K]?: number });
}

function nonEmpty<K extends string>(field: K, text: string): { [field in K]?: string } {
  return text === '' ? {} : ({ [field]: text } as { [field in K]?: string });
}
