/**
 * What a CronJob needs next: the Job of its last due time (`decideCronJob`), then its status from the Jobs that are there
 * (`decideCronStatus`). Pure. Behaves as the cronjob controller of Kubernetes 1.34; a Job's name holds its time, so none is made twice.
 */
import { formatTime, type Instant, parseTime } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { controllerReference, inOrder, type Note, nothing, type Plan, type Step, statusWrite, type Write } from '../../control/plan.ts';
import type { CronJob, Job, ObjectReference } from '../../shapes/workloads.ts';
import { isJobFinished } from '../job/decide.ts';
import { nextTime, parseSchedule, type Schedule } from './schedule.ts';
import { isTimeZone, offsetMs } from './zoned-time.ts';

const scheduledKey = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

/** Upstream's margin against clocks that are a little apart. */
const marginMs = 100;

export type CronFacts = {
  readonly cronJob: CronJob;
  /** Those it controls. */
  readonly jobs: readonly Job[];
};

export function decideCronJob(seen: CronFacts, now: Instant): Plan {
  const { cronJob } = seen;
  const { spec } = cronJob;
  const cleanUp = surplusJobs(seen);
  const before: readonly Step[] = cleanUp.length === 0 ? [] : [{ writes: cleanUp }];
  const stay = (reason: string, options: { note?: Note; requeueAfterMs?: number | undefined } = {}): Plan => ({
    steps: before,
    notes: options.note === undefined ? [] : [options.note],
    reason,
    requeueAfterMs: options.requeueAfterMs,
  });
  if (cronJob.metadata.deletionTimestamp !== undefined) return nothing('being deleted');
  const zone = spec.timeZone ?? 'UTC';
  if (!isTimeZone(zone)) {
    return stay('unknown time zone', {
      note: warning(cronJob, 'UnknownTimeZone', `invalid timeZone: "${zone}": unknown time zone ${zone}`),
    });
  }
  if (spec.suspend === true) return stay('suspended');
  const parsed = parseSchedule(spec.schedule);
  if (!parsed.ok) {
    const message = `unparseable schedule: "${spec.schedule}" : ${parsed.problem}`;
    return stay('unparseable schedule', { note: warning(cronJob, 'UnparseableSchedule', message) });
  }
  const next = nextTime(parsed.schedule, now, zone);
  const requeueAfterMs = next === undefined ? undefined : next - now + marginMs;
  const due = lastDueTime(cronJob, parsed.schedule, zone, now);
  if (due === undefined) return stay('no time is due', { requeueAfterMs });
  const deadlineMs = spec.startingDeadlineSeconds === undefined ? undefined : spec.startingDeadlineSeconds * 1000;
  if (deadlineMs !== undefined && due + deadlineMs < now) {
    const text = new Date(due).toUTCString().replace('GMT', '+0000');
    const note = warning(cronJob, 'MissSchedule', `Missed scheduled time to start a job: ${text}`);
    return stay('too late', { note, requeueAfterMs });
  }
  const name = jobName(cronJob, due);
  const isDone = parseTime(cronJob.status?.lastScheduleTime) === due || seen.jobs.some((job) => job.metadata.name === name);
  if (isDone) return stay('already started', { requeueAfterMs });

  const active = seen.jobs.filter((job) => isOwn(job) && !isJobFinished(job) && job.metadata.deletionTimestamp === undefined);
  const policy = spec.concurrencyPolicy ?? 'Allow';
  if (policy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    const note: Note = { about: cronJob, type: 'Normal', reason: 'JobAlreadyActive', message };
    return stay('one is still running', { note, requeueAfterMs });
  }
  const replaced = policy === 'Replace' ? active.map((job) => removal(cronJob, job)) : [];
  return {
    steps: [...before, ...(replaced.length === 0 ? [] : [{ writes: replaced }]), { writes: [creation(cronJob, name, due, zone)] }],
    notes: [],
    reason: 'a time is due',
    requeueAfterMs,
  };
}

/** The last time that has come since the last start; with a starting deadline, not before it. A long gap is jumped over in one step. */
function lastDueTime(cronJob: CronJob, schedule: Schedule, zone: string, now: Instant): Instant | undefined {
  const { startingDeadlineSeconds } = cronJob.spec;
  let earliest = parseTime(cronJob.status?.lastScheduleTime) ?? parseTime(cronJob.metadata.creationTimestamp) ?? now;
  if (startingDeadlineSeconds !== undefined) earliest = Math.max(earliest, now - startingDeadlineSeconds * 1000);
  const first = nextTime(schedule, earliest, zone);
  if (first === undefined || first > now) return undefined;
  const second = nextTime(schedule, first, zone);
  if (second === undefined || second > now) return first;
  const period = second - first;
  const missed = Math.floor((now - first) / period) + 1;
  let latest: Instant | undefined;
  // From two periods before the present on: schedules are not always regular, so the last ones are walked.
  for (
    let time = nextTime(schedule, first + (missed - 2) * period, zone);
    time !== undefined && time <= now;
    time = nextTime(schedule, time, zone)
  ) {
    latest = time;
  }
  return latest;
}

function jobName(cronJob: CronJob, due: Instant): string {
  return `${cronJob.metadata.name}-${Math.floor(due / 60_000)}`;
}

function creation(cronJob: CronJob, name: string, due: Instant, zone: string): Write {
  const template = cronJob.spec.jobTemplate;
  const job: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: cronJob.metadata.namespace ?? '',
      ...(template.metadata?.labels === undefined ? {} : { labels: template.metadata.labels }),
      annotations: { ...template.metadata?.annotations, [scheduledKey]: zonedText(due, zone) },
      ownerReferences: [controllerReference(builtinTypes.cronJobs, cronJob)],
    },
    spec: template.spec,
  };
  return {
    verb: 'create',
    type: builtinTypes.jobs,
    object: job,
    note: { about: cronJob, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created job {name}' },
    failureNote: warning(cronJob, 'FailedCreate', 'Error creating job: {error}'),
  };
}

/** RFC 3339 in the zone of the schedule. */
function zonedText(instant: Instant, zone: string): string {
  const offset = offsetMs(instant, zone);
  if (offset === 0) return formatTime(instant);
  const minutes = Math.abs(offset) / 60_000;
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  return `${formatTime(instant + offset).replace('Z', '')}${offset < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}

function warning(about: CronJob, reason: string, message: string): Note {
  return { about, type: 'Warning', reason, message };
}

function removal(cronJob: CronJob, job: Job): Write {
  return {
    verb: 'delete',
    type: builtinTypes.jobs,
    object: job,
    propagationPolicy: 'Background',
    note: { about: cronJob, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted job {name}' },
    failureNote: warning(cronJob, 'FailedDelete', 'Deleted job: {error}'),
  };
}

/** Finished Jobs above the limits, those that began first. */
function surplusJobs({ cronJob, jobs }: CronFacts): readonly Write[] {
  const of = (type: string): readonly Job[] =>
    jobs
      .filter((job) => job.metadata.deletionTimestamp === undefined)
      .filter((job) => job.status?.conditions?.some((condition) => condition.type === type && condition.status === 'True') === true)
      .sort((a, b) => compareTexts(a.status?.startTime, b.status?.startTime) || compareTexts(a.metadata.name, b.metadata.name));
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec;
  const complete = of('Complete');
  const failed = of('Failed');
  return [
    ...complete.slice(0, Math.max(0, complete.length - successfulJobsHistoryLimit)),
    ...failed.slice(0, Math.max(0, failed.length - failedJobsHistoryLimit)),
  ].map((job) => removal(cronJob, job));
}

function compareTexts(a: string | undefined, b: string | undefined): number {
  return (a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0;
}

/** Made for a time of the schedule, and not by hand with `kubectl create job --from`. */
function isOwn(job: Job): boolean {
  return job.metadata.annotations?.[scheduledKey] !== undefined;
}

export function decideCronStatus({ cronJob, jobs }: CronFacts): Plan {
  const before = cronJob.status ?? {};
  const notes: Note[] = [];
  const active: ObjectReference[] = [];
  for (const reference of before.active ?? []) {
    const job = jobs.find(({ metadata }) => metadata.uid === reference.uid);
    if (job === undefined)
      notes.push({ about: cronJob, type: 'Normal', reason: 'MissingJob', message: `Active job went missing: ${reference.name}` });
    else if (isJobFinished(job)) {
      const end = job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
      const message = `Saw completed job: ${reference.name}, condition: ${end?.type}`;
      notes.push({ about: cronJob, type: 'Normal', reason: 'SawCompletedJob', message });
    } else active.push(reference);
  }
  for (const job of jobs) {
    const { namespace = '', name = '', uid = '', resourceVersion = '' } = job.metadata;
    if (isJobFinished(job) || active.some((reference) => reference.uid === uid)) continue;
    if (!isOwn(job)) {
      notes.push(warning(cronJob, 'UnexpectedJob', `Saw a job that the controller did not create or forgot: ${name}`));
      continue;
    }
    active.push({ apiVersion: 'batch/v1', kind: 'Job', namespace, name, uid, resourceVersion });
  }
  const started = jobs.map((job) => parseTime(job.metadata.annotations?.[scheduledKey])).filter((time) => time !== undefined);
  const succeeded = jobs.map((job) => parseTime(job.status?.completionTime)).filter((time) => time !== undefined);
  const lastSchedule = Math.max(parseTime(before.lastScheduleTime) ?? 0, ...started);
  const lastSuccess = Math.max(parseTime(before.lastSuccessfulTime) ?? 0, ...succeeded);
  const status = {
    ...(active.length === 0 ? {} : { active }),
    ...(lastSchedule === 0 ? {} : { lastScheduleTime: formatTime(lastSchedule) }),
    ...(lastSuccess === 0 ? {} : { lastSuccessfulTime: formatTime(lastSuccess) }),
  };
  return { steps: inOrder(statusWrite(builtinTypes.cronJobs, cronJob, status)), notes, reason: 'status' };
}
