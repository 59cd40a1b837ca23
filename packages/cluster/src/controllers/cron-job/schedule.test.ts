import { describe, expect, it } from 'vitest';
import type { CronJob, Job } from '../../shapes/workloads.ts';
import { at, testTime } from '../../testing/builders.ts';
import { decideCronJob, decideCronStatus } from './decide.ts';
import { nextTime, parseSchedule } from './schedule.ts';

function next(schedule: string, after: string, zone = 'UTC'): string | undefined {
  const parsed = parseSchedule(schedule);
  if (!parsed.ok) return parsed.problem;
  const time = nextTime(parsed.schedule, Date.parse(after), zone);
  return time === undefined ? undefined : new Date(time).toISOString().slice(0, 16);
}

describe('the next time of a schedule', () => {
  it.each([
    ['every minute', '* * * * *', '2026-01-05T10:00:00Z', '2026-01-05T10:01'],
    ['every quarter of an hour', '*/15 * * * *', '2026-01-05T10:46:00Z', '2026-01-05T11:00'],
    ['from a number on in steps', '5/20 * * * *', '2026-01-05T10:26:00Z', '2026-01-05T10:45'],
    ['a range of hours', '0 9-17 * * *', '2026-01-05T17:30:00Z', '2026-01-06T09:00'],
    ['names of days', '30 8 * * mon-fri', '2026-01-09T09:00:00Z', '2026-01-12T08:30'],
    ['names of months', '0 0 1 feb *', '2026-01-05T10:00:00Z', '2026-02-01T00:00'],
    ['day or weekday, when both are given', '0 0 13 * fri', '2026-01-05T10:00:00Z', '2026-01-09T00:00'],
    ['day and weekday, when one is free', '0 0 13 * *', '2026-01-05T10:00:00Z', '2026-01-13T00:00'],
    ['the last of a leap year', '0 0 29 2 *', '2026-01-05T10:00:00Z', '2028-02-29T00:00'],
    ['a day that never comes', '0 0 30 2 *', '2026-01-05T10:00:00Z', undefined],
    ['a word', '@daily', '2026-01-05T10:00:00Z', '2026-01-06T00:00'],
    ['a period', '@every 90s', '2026-01-05T10:00:00Z', '2026-01-05T10:01'],
    ['over the end of a year', '0 0 * * *', '2026-12-31T10:00:00Z', '2027-01-01T00:00'],
  ])('%s', (_, schedule, after, expected) => {
    expect(next(schedule, after)).toBe(expected);
  });

  it.each([
    ['follows the zone', '0 9 * * *', '2026-01-05T10:00:00Z', 'America/New_York', '2026-01-05T14:00'],
    ['in summer, too', '0 9 * * *', '2026-07-05T00:00:00Z', 'America/New_York', '2026-07-05T13:00'],
    ['leaves out a time that the clocks jump over', '30 2 * * *', '2026-03-28T12:00:00Z', 'Europe/Berlin', '2026-03-30T00:30'],
    ['takes the first of a time that comes twice', '30 2 * * *', '2026-10-24T12:00:00Z', 'Europe/Berlin', '2026-10-25T00:30'],
    ['knows zones of half an hour', '0 0 * * *', '2026-01-05T10:00:00Z', 'Asia/Kolkata', '2026-01-05T18:30'],
  ])('%s', (_, schedule, after, zone, expected) => {
    expect(next(schedule, after, zone)).toBe(expected);
  });

  it.each([
    ['', 'empty spec string'],
    ['* * *', 'expected exactly 5 fields, found 3: [* * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['* * * * noday', 'failed to parse int from noday: strconv.Atoi: parsing "noday": invalid syntax'],
    ['@sometimes', 'unrecognized descriptor: @sometimes'],
  ])('%j is refused: %s', (schedule, problem) => {
    expect(parseSchedule(schedule)).toEqual({ ok: false, problem });
  });
});

describe('a CronJob', () => {
  const cronJob = (spec: Partial<CronJob['spec']> = {}, status?: CronJob['status']): CronJob => ({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace: 'default', uid: 'uid-tick', resourceVersion: '1', creationTimestamp: at(0) },
    spec: { schedule: '*/5 * * * *', jobTemplate: { spec: { template: {} } }, ...spec },
    ...(status === undefined ? {} : { status }),
  });
  const child = (name: string, end?: 'Complete' | 'Failed', seconds = 0): Job => ({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: 'default',
      uid: `uid-${name}`,
      resourceVersion: '7',
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': at(0) },
    },
    spec: { template: {} },
    status: {
      startTime: at(seconds),
      ...(end === undefined ? {} : { conditions: [{ type: end, status: 'True' as const }], completionTime: at(seconds + 1) }),
    },
  });
  const made = (tick: CronJob, jobs: readonly Job[], seconds: number): readonly string[] =>
    decideCronJob({ cronJob: tick, jobs }, testTime + seconds * 1000).steps.flatMap((step) =>
      step.writes.map(({ verb, object }) => `${verb} ${object.metadata.name}`),
    );
  const dueName = `tick-${(testTime + 300_000) / 60_000}`;

  it('waits for its time', () => {
    expect(decideCronJob({ cronJob: cronJob(), jobs: [] }, testTime).requeueAfterMs).toBe(300_100);
  });

  it('makes the Job of a time once', () => {
    expect(made(cronJob(), [], 301)).toEqual([`create ${dueName}`]);
    expect(made(cronJob(), [child(dueName)], 301)).toEqual([]);
    expect(made(cronJob({}, { lastScheduleTime: at(300) }), [], 301)).toEqual([]);
  });

  it('makes only the last of the times that it missed', () => {
    expect(made(cronJob(), [], 3600 * 24 * 40 + 10)).toEqual([`create tick-${(testTime + 3600 * 24 * 40 * 1000) / 60_000}`]);
  });

  it('forbids, allows or replaces one that still runs', () => {
    expect(made(cronJob({ concurrencyPolicy: 'Forbid' }), [child('before')], 301)).toEqual([]);
    expect(made(cronJob({ concurrencyPolicy: 'Allow' }), [child('before')], 301)).toEqual([`create ${dueName}`]);
    expect(made(cronJob({ concurrencyPolicy: 'Replace' }), [child('before')], 301)).toEqual(['delete before', `create ${dueName}`]);
  });

  it('lets a time pass when it is too late', () => {
    const plan = decideCronJob({ cronJob: cronJob({ startingDeadlineSeconds: 20 }), jobs: [] }, testTime + 330_000);
    expect(plan.steps).toEqual([]);
  });

  it('does nothing while suspended, nor in a zone that nobody knows', () => {
    expect(made(cronJob({ suspend: true }), [], 301)).toEqual([]);
    const lost = decideCronJob({ cronJob: cronJob({ timeZone: 'Mars/Olympus' }), jobs: [] }, testTime + 301_000);
    expect(lost.notes.map(({ reason }) => reason)).toEqual(['UnknownTimeZone']);
  });

  it('keeps three that went well and one that did not', () => {
    const jobs = [1, 2, 3, 4]
      .map((index) => child(`good-${index}`, 'Complete', index))
      .concat([child('bad-1', 'Failed', 1), child('bad-2', 'Failed', 2)]);
    expect(made(cronJob(), jobs, 10)).toEqual(['delete good-1', 'delete bad-1']);
  });

  it('tells what runs, when it last began and when it last went well', () => {
    const running = {
      ...child('now'),
      metadata: { ...child('now').metadata, annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': at(300) } },
    };
    const before = { active: [{ kind: 'Job', apiVersion: 'batch/v1', namespace: 'default', name: 'done', uid: 'uid-done' }] };
    const plan = decideCronStatus({ cronJob: cronJob({}, before), jobs: [running, child('done', 'Complete', 10)] });
    const write = plan.steps[0]?.writes[0];
    expect(write?.verb === 'patch' && write.patch.status).toMatchObject({
      active: [{ name: 'now' }],
      lastScheduleTime: at(300),
      lastSuccessfulTime: at(11),
    });
    expect(plan.notes.map(({ message }) => message)).toEqual(['Saw completed job: done, condition: Complete']);
  });
});
