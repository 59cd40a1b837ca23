import { describe, expect, it } from 'vitest';
import type { Plan, Write } from '../../control/plan.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { Job, JobStatus } from '../../shapes/workloads.ts';
import { at, job, type PodWish, pod, testTime } from '../../testing/builders.ts';
import { decideExpiry } from './controller.ts';
import { decideJob } from './decide.ts';
import { formatIndexes, parseIndexes } from './indexes.ts';
import { trackingFinalizer } from './pods.ts';

const decide = (work: Job, pods: readonly Pod[], seconds = 0): Plan => decideJob({ job: work, pods }, testTime + seconds * 1000);
const writes = (plan: Plan): readonly Write[] => plan.steps.flatMap((step) => step.writes);
const told = (plan: Plan): readonly string[] =>
  writes(plan).map(
    (write) =>
      `${write.verb} ${write.object.kind}${write.verb === 'patch' && write.subresource !== undefined ? `/${write.subresource}` : ''}`,
  );
const statuses = (plan: Plan): readonly JobStatus[] =>
  writes(plan).flatMap((write) => (write.verb === 'patch' && write.object.kind === 'Job' ? [write.patch.status as JobStatus] : []));
const types = (status: JobStatus | undefined): readonly string[] =>
  (status?.conditions ?? []).map(({ type, reason }) => `${type} ${reason}`);
const tracked = (name: string, wish: PodWish = {}): Pod => pod({ name, finalizers: [trackingFinalizer], ...wish });
const started: JobStatus = { startTime: at(-10), active: 1, ready: 0, terminating: 0, uncountedTerminatedPods: {} };

describe('a Job', () => {
  it('begins with its pod and its start time', () => {
    const plan = decide(job(), []);
    expect(told(plan)).toEqual(['create Pod', 'patch Job/status']);
    expect(statuses(plan)[0]).toEqual({ active: 1, ready: 0, startTime: at(0), terminating: 0, uncountedTerminatedPods: {} });
    expect(writes(plan)[0]?.object.metadata.finalizers).toEqual([trackingFinalizer]);
  });

  it('notes a pod that succeeded, lets it go, then counts it and is complete', () => {
    const plan = decide(job({}, started), [tracked('p', { phase: 'Succeeded' })]);
    expect(told(plan)).toEqual(['patch Job/status', 'patch Pod', 'patch Job/status']);
    expect(statuses(plan)[0]).toMatchObject({ uncountedTerminatedPods: { succeeded: ['uid-p'] }, active: null });
    expect(types(statuses(plan)[0])).toEqual(['SuccessCriteriaMet CompletionsReached']);
    expect(statuses(plan)[1]).toMatchObject({ succeeded: 1, uncountedTerminatedPods: { succeeded: null }, completionTime: at(0) });
    expect(types(statuses(plan)[1])).toEqual(['SuccessCriteriaMet CompletionsReached', 'Complete CompletionsReached']);
  });

  it('counts a noted pod once after a crash between the two writes', () => {
    const noted: JobStatus = { ...started, uncountedTerminatedPods: { succeeded: ['uid-p'] } };
    const plan = decide(job({ completions: 3 }, noted), [pod({ name: 'p', phase: 'Succeeded' })]);
    expect(statuses(plan)[0]).toMatchObject({ succeeded: 1, uncountedTerminatedPods: { succeeded: null } });
  });

  it('replaces a failed pod after a while that doubles', () => {
    const failed = (name: string, seconds: number): Pod =>
      tracked(name, {
        phase: 'Failed',
        finalizers: [],
        status: { conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: at(seconds) }], containerStatuses: [] },
      });
    const work = job({}, { ...started, failed: 2 });
    expect(decide(work, [failed('a', -40), failed('b', -5)]).requeueAfterMs).toBe(15_000);
    expect(told(decide(work, [failed('a', -40), failed('b', -5)], 15))).toContain('create Pod');
  });

  it('fails above its limit, once what still runs has gone', () => {
    const work = job({ backoffLimit: 0, parallelism: 2, completions: 2 }, { ...started, active: 2 });
    const first = decide(work, [tracked('bad', { phase: 'Failed' }), tracked('good', { readyAt: -1 })]);
    expect(told(first)).toEqual(['delete Pod', 'patch Job/status', 'patch Pod', 'patch Pod', 'patch Job/status']);
    expect(types(statuses(first).at(-1))).toEqual([]);
    expect(types(statuses(first)[0])).toEqual(['FailureTarget BackoffLimitExceeded']);
    const target = { type: 'FailureTarget', status: 'True', reason: 'BackoffLimitExceeded', message: 'm' } as const;
    const last = decide(job({ backoffLimit: 0 }, { ...started, failed: 2, conditions: [target] }), []);
    expect(types(statuses(last)[0])).toEqual(['FailureTarget BackoffLimitExceeded', 'Failed BackoffLimitExceeded']);
  });

  it('fails at its deadline, and looks again then', () => {
    const work = job({ activeDeadlineSeconds: 15 }, started);
    expect(decide(work, [tracked('p', { readyAt: -1 })]).requeueAfterMs).toBe(5000);
    expect(types(statuses(decide(work, [tracked('p', { readyAt: -1 })], 5))[0])).toEqual(['FailureTarget DeadlineExceeded']);
  });

  it('takes its pods away while suspended, and starts its clock anew when resumed', () => {
    const suspended = decide(job({ suspend: true }, started), [tracked('p')]);
    expect(told(suspended)).toEqual(['patch Pod', 'delete Pod', 'patch Job/status']);
    expect(types(statuses(suspended)[0])).toEqual(['Suspended JobSuspended']);
    const conditions = [{ type: 'Suspended', status: 'True' as const, reason: 'JobSuspended', message: 'Job suspended' }];
    const resumed = decide(job({}, { ...started, active: 0, conditions }), [], 30);
    expect(statuses(resumed)[0]).toMatchObject({
      startTime: at(30),
      conditions: [{ type: 'Suspended', status: 'False', reason: 'JobResumed' }],
    });
  });

  it('gives each pod of an Indexed Job the first index that is free', () => {
    const work = job({ completionMode: 'Indexed', completions: 5, parallelism: 3 }, { ...started, completedIndexes: '0-1', succeeded: 2 });
    const running = tracked('p', { annotations: { 'batch.kubernetes.io/job-completion-index': '3' } });
    const made = writes(decide(work, [running])).filter(({ verb }) => verb === 'create');
    expect(made.map(({ object }) => object.metadata.generateName)).toEqual(['work-2-', 'work-4-']);
    expect(made[0]?.object.spec).toMatchObject({ hostname: 'work-2', containers: [{ env: [{ name: 'JOB_COMPLETION_INDEX' }] }] });
  });

  it('goes with its pods when its time to live is over', () => {
    const done = job({ ttlSecondsAfterFinished: 10 }, { conditions: [{ type: 'Complete', status: 'True', lastTransitionTime: at(0) }] });
    expect(decideExpiry(done, testTime + 4000).requeueAfterMs).toBe(6000);
    expect(told(decideExpiry(done, testTime + 10_000))).toEqual(['delete Job']);
  });
});

it.each([
  ['', []],
  ['3', [3]],
  ['1,2', [1, 2]],
  ['0-2,5', [0, 1, 2, 5]],
])('indexes %j are %j, both ways', (text, indexes) => {
  expect([...parseIndexes(text, 10)]).toEqual(indexes);
  expect(formatIndexes(indexes)).toBe(text);
});
