/** Runs an AnalysisRun to its end on virtual time, with sources that answer from a script, and writes down each pass that wrote something. */
import {
  type AnalysisPhase,
  type AnalysisRun,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  formatTime,
  type Instant,
  type Metric,
} from '@sluice/api';
import type { MetricReading } from '../ports/metric-source.ts';
import { type AnalysisConclusion, concludeAnalysisRun, failRun, type TaskOutcome } from './run-conclusion.ts';
import { planAnalysisRun, resolveTask, type SecretValue } from './run-plan.ts';

export const startOfTime: Instant = 1_767_607_200_000;

/** An answer that is thrown is an `Error`. `at` sees the instant, for sources that tell when to come again. */
type Answer = AnalysisPhase | Error | ((at: Instant) => MetricReading);

export type Story = {
  readonly name: string;
  readonly spec: AnalysisRunSpec;
  /** By metric, in the order of asking; the last one is given for ever. */
  readonly script: Readonly<Record<string, readonly Answer[]>>;
  readonly secrets?: readonly SecretValue[];
  /** Changes of the spec by second. */
  readonly changes?: Readonly<Record<number, Partial<AnalysisRunSpec>>>;
};

export type Told = {
  readonly lines: readonly string[];
  readonly run: AnalysisRun;
  readonly notes: readonly string[];
  readonly writes: number;
};

/** Its conditions take a result for its own phase. */
export function metric(name: string, fields: Partial<Metric> = {}): Metric {
  const conditions = { successCondition: "result == 'Successful'", failureCondition: "result == 'Failed'" };
  return { name, provider: { web: { url: 'http://metrics' } }, ...conditions, ...fields };
}

export function analysisRun(spec: AnalysisRunSpec, status?: AnalysisRunStatus): AnalysisRun {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: { name: 'run', namespace: 'default', uid: 'u1' },
    spec,
    ...(status === undefined ? {} : { status }),
  };
}

export function tell(story: Story, secondsMax = 600): Told {
  const asked = new Map<string, number>();
  const changes = Object.entries(story.changes ?? {}).map(([second, spec]) => ({ at: startOfTime + Number(second) * 1000, spec }));
  const lines: string[] = [];
  const notes: string[] = [];
  const secrets = story.secrets ?? [];
  let run = analysisRun(story.spec, { phase: '', runSummary: {} });
  let writes = 0;
  let now = startOfTime;
  const conclude = (): AnalysisConclusion | undefined => {
    const plan = planAnalysisRun(run, now);
    if (plan.kind === 'rest') return undefined;
    if (plan.kind === 'delete') throw new Deleted(plan.reason);
    if (plan.kind === 'fail') return failRun(run, plan.message);
    const outcomes: TaskOutcome[] = [];
    for (const task of plan.tasks) {
      const resolved = resolveTask(run, task, secrets);
      if (!resolved.ok) return failRun(run, resolved.message);
      const turn = asked.get(task.name) ?? 0;
      asked.set(task.name, turn + 1);
      const answers = story.script[task.name] ?? [];
      const answer = answers[Math.min(turn, answers.length - 1)] ?? new Error('the script has no answer');
      lines.push(`${clock(now)} ${task.kind} ${task.name}`);
      outcomes.push({ task, metric: resolved.metric, startedAt: now, endedAt: now, answer: answerOf(answer, now) });
    }
    return concludeAnalysisRun({ run, outcomes, secrets: secrets.map(({ value }) => value) }, now);
  };
  try {
    for (let turn = 0; turn < 1000 && now <= startOfTime + secondsMax * 1000; turn++) {
      while (changes[0] !== undefined && changes[0].at <= now) {
        run = { ...run, spec: { ...run.spec, ...changes[0].spec } };
        lines.push(`${clock(now)} somebody sets ${JSON.stringify(changes.shift()?.spec)}`);
      }
      const conclusion = conclude();
      if (conclusion?.patch !== undefined) {
        writes++;
        run = { ...run, status: merged(run.status, conclusion.patch.status) as AnalysisRunStatus };
        lines.push(...described(run.status).map((line) => `         ${line}`));
        for (const { type, reason, message } of conclusion.notes) {
          notes.push(reason);
          lines.push(`         ${type} ${reason}: ${message}`);
        }
        for (const { metric: trimmed, keep } of conclusion.garbage) lines.push(`         of ${trimmed.name} ${keep} are kept`);
        continue;
      }
      const plan = planAnalysisRun(run, now);
      const wakeAt = conclusion?.wakeAt ?? (plan.kind === 'rest' ? plan.wakeAt : undefined);
      const next = Math.min(wakeAt ?? Number.POSITIVE_INFINITY, changes[0]?.at ?? Number.POSITIVE_INFINITY);
      if (!Number.isFinite(next)) break;
      now = Math.max(next, now + 1);
    }
  } catch (error) {
    if (!(error instanceof Deleted)) throw error;
    lines.push(`${clock(now)} deleted: ${error.message}`);
  }
  return { lines, run, notes, writes };
}

class Deleted extends Error {}

function answerOf(answer: Answer, now: Instant): TaskOutcome['answer'] {
  if (answer instanceof Error) return { ok: false, message: answer.message };
  if (answer === 'Error') return { ok: false, message: 'no answer' };
  if (typeof answer === 'function') return { ok: true, reading: answer(now) };
  return { ok: true, reading: { kind: 'value', result: answer, value: answer.toLowerCase() } };
}

function described(status: AnalysisRunStatus | undefined): readonly string[] {
  const { phase, message, completedAt, metricResults = [], runSummary = {}, dryRunSummary = {} } = status ?? { phase: '' };
  const summary = [
    `run ${phase}`,
    message === undefined ? [] : `"${message}"`,
    completedAt === undefined ? [] : `completed ${completedAt.slice(11)}`,
  ];
  return [
    [...summary.flat(), `all ${counts(runSummary)}`, `dry ${counts(dryRunSummary)}`].join(', '),
    ...metricResults.map((result) => {
      const last = result.measurements?.at(-1);
      const { name, phase: own, message: text, measurements = [], metadata: _, ...numbers } = result;
      return `  ${name} ${own} ${counts(numbers)}${text === undefined ? '' : ` "${text}"`}; ${measurements.length} kept, last ${JSON.stringify(last)}`;
    }),
  ];
}

function counts(numbers: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(numbers).map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? 'nothing' : parts.join(' ');
}

function clock(now: Instant): string {
  return formatTime(now).slice(11, 19);
}

/** RFC 7386. */
function merged(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  }
  return result;
}
