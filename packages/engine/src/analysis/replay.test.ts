/**
 * AnalysisRuns as upstream's controller drove them, replayed against our decisions: at each state that it left we ask the same sources,
 * and what they answered leads to the same next state and the same Events.
 * The recordings lie outside this repository, in the folder that SLUICE_TEST_INPUTS names.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type AnalysisRun, type AnalysisRunStatus, type Instant, type KubeObject, type Measurement, parseTime } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { concludeAnalysisRun, failRun, type TaskOutcome } from './run-conclusion.ts';
import { type AnalysisTask, isTerminating, planAnalysisRun } from './run-plan.ts';

const folder = `${process.env.SLUICE_TEST_INPUTS ?? ''}/argo-rollouts/recorded`;
const names = ['analysis-web', 'analysis-limits', 'analysis-job', 'bluegreen-analysis', 'experiment-analysis'];
const isThere = names.every((name) => existsSync(`${folder}/${name}.ndjson.gz`));
if (!isThere) console.warn('skipped: recorded analyses; set SLUICE_TEST_INPUTS to the folder that has argo-rollouts/recorded');

type Line = { readonly atMs: number; readonly type?: string; readonly kind?: string; readonly object?: KubeObject };
type Moment = { readonly at: Instant; readonly run: AnalysisRun };
type Story = { readonly name: string; readonly moments: readonly Moment[]; readonly events: readonly string[] };

function storiesOf(file: string): readonly Story[] {
  const lines = gunzipSync(readFileSync(`${folder}/${file}.ndjson.gz`))
    .toString()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  let origin = Number.NEGATIVE_INFINITY;
  for (const { atMs, object } of lines)
    origin = Math.max(origin, (parseTime(object?.metadata.creationTimestamp) ?? Number.NEGATIVE_INFINITY) - atMs);
  const stories = new Map<string, { moments: Moment[]; events: string[] }>();
  const storyOf = (name: string) => {
    const story = stories.get(name) ?? { moments: [], events: [] };
    stories.set(name, story);
    return story;
  };
  for (const { atMs, type, kind, object } of lines) {
    if (kind === 'AnalysisRun' && type !== 'DELETED' && object !== undefined) {
      storyOf(object.metadata.name ?? '').moments.push({ at: origin + atMs, run: object as AnalysisRun });
    }
    const event = object as KubeObject & {
      involvedObject?: { kind: string; name: string };
      type?: string;
      reason?: string;
      message?: string;
    };
    if (kind === 'Event' && event.involvedObject?.kind === 'AnalysisRun') {
      storyOf(event.involvedObject.name).events.push(`${event.type} ${event.reason} ${event.message}`);
    }
  }
  return [...stories].map(([name, story]) => ({ name, ...story }));
}

describe.runIf(isThere)('a recorded analysis', () => {
  for (const file of isThere ? names : []) {
    for (const { name, moments, events } of storiesOf(file)) {
      const steps = moments.slice(1).flatMap((after, at) => {
        const before = moments[at];
        return before === undefined || same(before.run.status, after.run.status) ? [] : [{ before, after }];
      });

      it(`${file} ${name}: each of ${steps.length} states follows from the one before`, () => {
        for (const { before, after } of steps) {
          const { status } = next(before, after);
          expect(tidy(status), JSON.stringify(before.run.status)).toEqual(tidy(after.run.status));
        }
      });

      it(`${file} ${name}: the same Events are told`, () => {
        const told = steps.flatMap(({ before, after }) =>
          next(before, after).notes.map((note) => `${note.type} ${note.reason} ${note.message}`),
        );
        // Upstream judges twice where it reads a stale cache, and its recorder counts; which of two metrics ends first is chance.
        expect([...new Set(told)].sort()).toEqual([...new Set(events)].sort());
      });

      it(`${file} ${name}: writes nothing where nothing new was measured`, () => {
        for (const { run, at } of moments) {
          const { phase, completedAt } = run.status ?? {};
          if (completedAt !== undefined) expect(planAnalysisRun(run, at).kind).toBe('rest');
          // Its end is still to be written.
          if (phase !== 'Running' || isTerminating(run)) continue;
          expect(concludeAnalysisRun({ run, outcomes: [], secrets: [] }, at).patch, JSON.stringify(run.status)).toBeUndefined();
        }
      });
    }
  }
});

/** Our next state, given the answers that upstream's sources gave. */
function next(before: Moment, after: Moment): ReturnType<typeof concludeAnalysisRun> {
  // The spec may have been patched before the status was.
  const run: AnalysisRun = {
    ...after.run,
    ...(before.run.status === undefined ? { status: { phase: '' } } : { status: before.run.status }),
  };
  const plan = planAnalysisRun(run, after.at + 1000);
  if (plan.kind === 'fail') return failRun(run, plan.message);
  if (plan.kind !== 'measure') throw new Error(`${plan.kind}, but upstream went on to ${JSON.stringify(after.run.status)}`);
  const outcomes = plan.tasks.flatMap((task): TaskOutcome[] => {
    const measurement = newMeasurement(task, before.run.status, after.run.status);
    // Upstream writes metrics of one pass together, but reads a clock for each.
    return measurement === undefined ? [] : [outcomeOf(task, measurement)];
  });
  expect(outcomes.length, 'nothing that upstream measured is left over').toBe(changes(before.run.status, after.run.status));
  const now = parseTime(after.run.status?.completedAt) ?? parseTime(after.run.status?.startedAt) ?? after.at;
  return concludeAnalysisRun({ run, outcomes, secrets: [] }, now);
}

function outcomeOf(task: AnalysisTask, measurement: Measurement): TaskOutcome {
  const startedAt = parseTime(measurement.startedAt) ?? 0;
  return {
    task,
    metric: task.template,
    startedAt,
    endedAt: parseTime(measurement.finishedAt) ?? startedAt,
    answer: task.template.provider.web === undefined ? verdictOf(measurement) : webAnswerOf(task, measurement),
  };
}

function verdictOf({ phase, value, message, metadata, resumeAt }: Measurement): TaskOutcome['answer'] {
  const at = parseTime(resumeAt);
  return {
    ok: true,
    reading: {
      kind: 'verdict',
      phase,
      ...(value === undefined ? {} : { value }),
      ...(message === undefined ? {} : { message }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(at === undefined ? {} : { resumeAt: at }),
    },
  };
}

/** What the recorded web server answered, so that our own language judges it. */
const document = { list: [1, 2, 3], n: 5, rate: 0.99, text: 'ok' };

function webAnswerOf({ template }: AnalysisTask, { value, message = '' }: Measurement): TaskOutcome['answer'] {
  if (message.startsWith('Get ')) return { ok: false, message };
  const result: unknown = template.provider.web?.jsonPath === '{$.rate}' ? document.rate : document;
  return { ok: true, reading: { kind: 'value', result, value: value ?? JSON.stringify(result) } };
}

function lastOf(name: string, status: AnalysisRunStatus | undefined): Measurement | undefined {
  return status?.metricResults?.find((result) => result.name === name)?.measurements?.at(-1);
}

function newMeasurement(
  task: AnalysisTask,
  before: AnalysisRunStatus | undefined,
  after: AnalysisRunStatus | undefined,
): Measurement | undefined {
  const measurement = lastOf(task.name, after);
  return same(measurement, lastOf(task.name, before)) ? undefined : measurement;
}

function changes(before: AnalysisRunStatus | undefined, after: AnalysisRunStatus | undefined): number {
  return (after?.metricResults ?? []).filter(({ name }) => !same(lastOf(name, before), lastOf(name, after))).length;
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Without what an encoder leaves out, and with the results of metrics, whose order is chance, by name. */
function tidy(status: AnalysisRunStatus | undefined): unknown {
  const text = JSON.stringify(status, (_, value: unknown) => (value === '' || value === 0 || value === false ? undefined : value));
  const { runSummary = {}, metricResults = [], ...rest } = JSON.parse(text) as AnalysisRunStatus;
  return { ...rest, runSummary, metricResults: [...metricResults].sort((a, b) => (a.name < b.name ? -1 : 1)) };
}
