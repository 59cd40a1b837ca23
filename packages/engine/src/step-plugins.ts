/**
 * Step plugins: which operation of which plugin is due, and what its answer means. A decision is made again from the start once an answer is
 * there, so nothing is remembered between; begin reading at `decideStepPlugins`. It must not know how a plugin is called.
 *
 * @see argoproj/argo-rollouts rollout/stepplugin.go, rollout/steps/plugin/plugin.go
 */
import {
  type CanaryStep,
  formatGoDuration,
  formatTime,
  type Instant,
  parseGoDuration,
  parseTime,
  type StepPluginStatus,
} from '@sluice/api';
import type { Note } from './plan.ts';
import type { StepPluginAnswer, StepPluginCall, StepPluginOperation } from './ports/step-plugin.ts';

/** What the end of a canary pass knows. */
export type StepPluginQuestion = {
  readonly steps: readonly CanaryStep[];
  /** As they were written last. */
  readonly statuses: readonly StepPluginStatus[];
  /** As it was written last; the number of steps when all are done, `undefined` without steps. */
  readonly stepIndex: number | undefined;
  /** Aborted, be it by this very pass. */
  readonly isAborted: boolean;
  /** The whole is being promoted at once, or the new version is the stable one already. */
  readonly isPromoted: boolean;
  /** `status.phase` as it was written last. */
  readonly phase: string | undefined;
  readonly now: Instant;
  /** Plugins that the configuration switches off. */
  isDisabled(name: string): boolean;
};

/** Everything but `call` is final only without one. */
export type StepPluginDecision = {
  /** To be carried out; its answer belongs behind those there are, and the decision is made again. */
  readonly call?: StepPluginCall;
  readonly statuses: readonly StepPluginStatus[];
  readonly notes: readonly Note[];
  /** Message of an abort that begins. */
  readonly abort?: string;
  readonly wakeAt?: Instant;
  /** Something failed that says nothing about the step: no step is complete in this pass. */
  readonly hasFailed: boolean;
};

/** How long until a plugin is asked again that does not say, or asks for less than `requeueMsMin`. */
const requeueMsDefault = 30_000;
const requeueMsMin = 10_000;
const errorBackoffMs = 30_000;
/** After a failure that is not the step's. */
const failureRetryMs = 30_000;
/** The plugin is asked a little after its time, so that it is over for sure. */
const wakeMarginMs = 5_000;

const phases: ReadonlySet<string> = new Set(['Running', 'Successful', 'Failed', 'Error']);

/** A failure that says nothing about the step. */
type Failure = { readonly failure: string };
type Outcome = StepPluginStatus | Failure | undefined;

/** The decision as it grows; owned by one call of `decideStepPlugins`. */
type Draft = {
  readonly question: StepPluginQuestion;
  readonly answers: readonly StepPluginAnswer[];
  used: number;
  call: StepPluginCall | undefined;
  statuses: readonly StepPluginStatus[];
  readonly notes: Note[];
  abort: string | undefined;
  wakeAt: Instant | undefined;
  hasFailed: boolean;
};

/**
 * What is due for the step plugins of a Rollout: after an abort to abort each step that ran or runs, last to first; after a promotion to
 * terminate the one that runs; else to run the current step.
 *
 * @param answers - to the calls of former decisions of the same pass, in their order
 */
export function decideStepPlugins(question: StepPluginQuestion, answers: readonly StepPluginAnswer[]): StepPluginDecision {
  const draft: Draft = {
    question,
    answers,
    used: 0,
    call: undefined,
    statuses: question.statuses,
    notes: [],
    abort: undefined,
    wakeAt: undefined,
    hasFailed: false,
  };
  if (question.isAborted) abortSteps(draft);
  else if (question.isPromoted) terminateStep(draft);
  else runStep(draft);
  const { call, statuses, notes, abort, wakeAt, hasFailed } = draft;
  return {
    ...(call === undefined ? {} : { call }),
    statuses,
    notes,
    ...(abort === undefined ? {} : { abort }),
    ...(wakeAt === undefined ? {} : { wakeAt }),
    hasFailed,
  };
}

/** Whether the step of a plugin lies behind us, by the statuses that a decision has left. */
export function isStepPluginDone({ statuses, hasFailed }: StepPluginDecision, index: number): boolean {
  return !hasFailed && isDone(statuses, index);
}

function isDone(statuses: readonly StepPluginStatus[], index: number): boolean {
  const of = (operation: StepPluginOperation): StepPluginStatus | undefined =>
    statuses.find((status) => status.index === index && status.operation === operation);
  const run = of('Run');
  if (run === undefined) return false;
  if (run.disabled === true || run.phase === 'Failed' || run.phase === 'Successful') return true;
  return run.phase === 'Running' && (of('Terminate') !== undefined || of('Abort') !== undefined);
}

function abortSteps(draft: Draft): void {
  const { question } = draft;
  for (const { operation, index } of question.statuses.toReversed()) {
    const plugin = question.steps[index]?.plugin;
    if (operation !== 'Run' || plugin === undefined || question.isDisabled(plugin.name)) continue;
    const run = recorded(question, index, plugin.name, 'Run');
    const isDue = run !== undefined && run.disabled !== true && (run.phase === 'Running' || run.phase === 'Successful');
    if (!isDue || recorded(question, index, plugin.name, 'Abort') !== undefined) continue;
    const outcome = ended(draft, run, 'Abort', 'failed to abort plugin');
    if (draft.call !== undefined || !record(draft, outcome)) return;
  }
}

/** The last step that runs, unless one was terminated after it began. */
function terminateStep(draft: Draft): void {
  const { question } = draft;
  const last = question.statuses.findLast(
    ({ operation, phase }) => (operation === 'Terminate' && phase === 'Successful') || (operation === 'Run' && phase === 'Running'),
  );
  if (last?.operation !== 'Run') return;
  const plugin = question.steps[last.index]?.plugin;
  if (plugin === undefined || question.isDisabled(plugin.name)) return;
  const run = recorded(question, last.index, plugin.name, 'Run');
  const isDue = run !== undefined && run.disabled !== true && run.phase === 'Running';
  if (!isDue || recorded(question, last.index, plugin.name, 'Terminate') !== undefined) return;
  const outcome = ended(draft, run, 'Terminate', 'failed to terminate plugin');
  if (draft.call === undefined) record(draft, outcome);
}

function runStep(draft: Draft): void {
  const { question } = draft;
  forgetFormerTry(draft);
  const index = question.stepIndex;
  const plugin = index === undefined ? undefined : question.steps[index]?.plugin;
  if (index === undefined || plugin === undefined || question.phase !== 'Progressing') return;
  if (question.isDisabled(plugin.name)) {
    record(draft, { index, name: plugin.name, operation: 'Run', disabled: true });
    return;
  }
  const outcome = run(draft, index, plugin);
  if (draft.call !== undefined || !record(draft, outcome) || outcome === undefined || 'failure' in outcome) return;
  if (outcome.phase === 'Failed') {
    draft.abort = `Step Plugin ${index + 1} (${outcome.name}) failed: ${outcome.message ?? ''}`;
  } else if (outcome.phase === 'Running' || outcome.phase === 'Error') {
    const backoff = parseGoDuration(outcome.backoff ?? '');
    if (!backoff.ok) fail(draft, `failed to parse backoff duration: ${backoff.problem}`);
    else draft.wakeAt = (parseTime(outcome.updatedAt) ?? question.now) + backoff.milliseconds + wakeMarginMs;
  }
}

/**
 * A Rollout that is back at its first step with statuses of a former try: they go. The first step itself may be running just now, which
 * shows in its not being done.
 */
function forgetFormerTry(draft: Draft): void {
  const { steps, stepIndex } = draft.question;
  const step = stepIndex === 0 ? steps[0] : undefined;
  if (step === undefined || draft.statuses.length === 0) return;
  if (step.plugin === undefined || isDone(draft.statuses, 0)) draft.statuses = [];
}

function run(draft: Draft, index: number, plugin: { readonly name: string; readonly config?: unknown }): Outcome {
  const { question } = draft;
  const { now } = question;
  const found = recorded(question, index, plugin.name, 'Run');
  const present: StepPluginStatus =
    found === undefined || found.disabled === true
      ? { index, name: plugin.name, operation: 'Run', phase: 'Running', startedAt: formatTime(now) }
      : found;
  if (present.phase === 'Successful' || present.phase === 'Failed') return undefined;
  if ((present.executions ?? 0) > 0) {
    const backoff = parseGoDuration(present.backoff ?? '');
    if (!backoff.ok) return { failure: `failed to run plugin: could not parse backoff duration: ${backoff.problem}` };
    if ((parseTime(present.updatedAt) ?? 0) + backoff.milliseconds > now) return present;
  }
  const answer = ask(draft, present, 'Run');
  if (answer === undefined) return undefined;
  if (answer.kind === 'unavailable') return unavailable(index, answer.problem);

  const updatedAt = formatTime(answer.at);
  const { backoff: _, message: __, ...kept } = present;
  const asked = { ...kept, updatedAt, executions: (present.executions ?? 0) + 1 };
  if (answer.kind === 'error') {
    return { ...asked, phase: 'Error', ...optional('message', answer.message), backoff: formatGoDuration(errorBackoffMs) };
  }
  const phase = answer.phase === '' ? present.phase : answer.phase;
  if (phase === undefined || !phases.has(phase)) return invalidPhase('failed to run plugin', answer.phase);
  const next = { ...asked, phase, ...optional('message', answer.message) };
  // The plugin's own status may be anything after an error: the next try begins where this one did.
  if (phase === 'Error') return next;
  const { status: ___, ...withoutStatus } = next;
  const answered = { ...withoutStatus, ...(answer.status === undefined ? {} : { status: answer.status }) };
  if (phase !== 'Running') return { ...answered, finishedAt: updatedAt };
  const backoffMs = answer.requeueAfterMs > requeueMsMin ? answer.requeueAfterMs : requeueMsDefault;
  return { ...answered, backoff: formatGoDuration(backoffMs) };
}

/** The status of an operation that ends what Run began. It cannot go on for longer than its call. */
function ended(draft: Draft, run: StepPluginStatus, operation: 'Terminate' | 'Abort', failed: string): Outcome {
  const { index, name } = run;
  const answer = ask(draft, run, operation);
  if (answer === undefined) return undefined;
  if (answer.kind === 'unavailable') return unavailable(index, answer.problem);
  const status = { index, name, operation, startedAt: formatTime(draft.question.now), finishedAt: formatTime(answer.at) };
  if (answer.kind === 'error') return { ...status, phase: 'Error', ...optional('message', answer.message) };
  const phase = answer.phase === '' ? 'Successful' : answer.phase;
  if (!phases.has(phase)) return invalidPhase(failed, phase);
  return { ...status, phase: phase === 'Running' ? 'Failed' : phase, ...optional('message', answer.message) };
}

/** The answer to a call, or the call as what is due next. */
function ask(draft: Draft, { index, name, status }: StepPluginStatus, operation: StepPluginOperation): StepPluginAnswer | undefined {
  const answer = draft.answers[draft.used];
  if (answer !== undefined) {
    draft.used++;
    return answer;
  }
  const config = draft.question.steps[index]?.plugin?.config;
  draft.call = { operation, index, name, ...(config === undefined ? {} : { config }), ...(status === undefined ? {} : { status }) };
  return undefined;
}

/** Puts an outcome among the statuses, and tells of a change. @returns false after a failure, which ends the pass over the plugins */
function record(draft: Draft, outcome: Outcome): boolean {
  if (outcome === undefined) return true;
  if ('failure' in outcome) {
    fail(draft, outcome.failure);
    return false;
  }
  const place = draft.statuses.findIndex(({ index, operation }) => index === outcome.index && operation === outcome.operation);
  const before = draft.statuses[place];
  draft.statuses = before === undefined ? [...draft.statuses, outcome] : draft.statuses.with(place, outcome);
  if (before === undefined || before.phase !== outcome.phase) tell(draft, outcome);
  return true;
}

const verbs: Readonly<Record<string, string>> = { Abort: 'aborted (PHASE)', Terminate: 'terminated (PHASE)' };

/** The end of a step has an Event of its own. */
function tell(draft: Draft, { name, index, operation, phase = '', disabled }: StepPluginStatus): void {
  if (disabled === true || (operation === 'Run' && phase === 'Successful')) return;
  const what = (verbs[operation] ?? 'transitioned to PHASE').replace('PHASE', phase);
  const type = phase === 'Error' || phase === 'Failed' ? 'Warning' : 'Normal';
  draft.notes.push({ type, reason: 'StepPluginTransition', message: `Step plugin ${name} (step ${index + 1}) ${what}` });
}

function fail(draft: Draft, problem: string): void {
  draft.hasFailed = true;
  draft.wakeAt = draft.question.now + failureRetryMs;
  draft.notes.push({ type: 'Warning', reason: 'ReconciliationError', message: `Reconciliation failed with error: ${problem}` });
}

function unavailable(index: number, problem: string): Failure {
  return { failure: `could not create step plugin at index ${index} : ${problem}` };
}

function invalidPhase(failed: string, phase: string): Failure {
  return { failure: `${failed}: could not validate rpc phase: phase '${phase}' is not valid` };
}

function recorded(question: StepPluginQuestion, index: number, name: string, operation: StepPluginOperation): StepPluginStatus | undefined {
  return question.statuses.find((status) => status.index === index && status.name === name && status.operation === operation);
}

function optional<K extends string>(key: K, text: string): { readonly [_ in K]?: string } {
  return text === '' ? {} : ({ [key]: text } as { readonly [_ in K]?: string });
}
