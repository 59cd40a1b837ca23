import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CanaryStep, formatTime, type Instant, parseTime, type StepPluginStatus } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import type { StepPluginAnswer, StepPluginCall } from './ports/step-plugin.ts';
import { decideStepPlugins, isStepPluginDone, type StepPluginDecision, type StepPluginQuestion } from './step-plugins.ts';

const epoch: Instant = parseTime('2026-01-02T03:04:05Z') ?? 0;
const plugin = (name = 'step/test', config?: unknown): CanaryStep => ({ plugin: { name, ...(config === undefined ? {} : { config }) } });
const status = (index: number, operation: string, phase: string, more: Partial<StepPluginStatus> = {}): StepPluginStatus => ({
  index,
  name: 'step/test',
  operation,
  phase,
  ...more,
});

const question = (more: Partial<StepPluginQuestion> = {}): StepPluginQuestion => ({
  steps: [plugin(), plugin()],
  statuses: [],
  stepIndex: 0,
  isAborted: false,
  isPromoted: false,
  phase: 'Progressing',
  now: epoch,
  isDisabled: (name) => name === 'step/off',
  ...more,
});

const result = (phase: string, more: Partial<Extract<StepPluginAnswer, { kind: 'result' }>> = {}): StepPluginAnswer => ({
  kind: 'result',
  at: epoch + 1000,
  phase,
  message: '',
  requeueAfterMs: 0,
  ...more,
});
const events = ({ notes }: StepPluginDecision): readonly string[] =>
  notes.map(({ type, reason, message }) => `${type} ${reason} ${message}`);

describe('which call is due', () => {
  it.each<[string, Partial<StepPluginQuestion>, string]>([
    ['the current step begins', {}, 'Run 0'],
    ['the second step begins, whatever the first left', { stepIndex: 1, statuses: [status(0, 'Run', 'Successful')] }, 'Run 1'],
    ['no step', { steps: [], stepIndex: undefined }, 'nothing'],
    ['all steps are done', { stepIndex: 2 }, 'nothing'],
    ['the step is no plugin', { steps: [{ setWeight: 20 }] }, 'nothing'],
    ['the Rollout is paused', { phase: 'Paused' }, 'nothing'],
    ['the Rollout is degraded', { phase: 'Degraded' }, 'nothing'],
    ['the plugin is switched off', { steps: [plugin('step/off')] }, 'nothing'],
    ['the plugin was switched off once', { statuses: [{ index: 0, name: 'step/test', operation: 'Run', disabled: true }] }, 'Run 0'],
    ['the step was of another plugin', { statuses: [status(0, 'Run', 'Running', { name: 'step/other', executions: 1 })] }, 'Run 0'],
    [
      'a running step in its back-off',
      { statuses: [status(0, 'Run', 'Running', { executions: 1, backoff: '17s', updatedAt: formatTime(epoch - 16_000) })] },
      'nothing',
    ],
    [
      'a running step after its back-off',
      { statuses: [status(0, 'Run', 'Running', { executions: 1, backoff: '17s', updatedAt: formatTime(epoch - 17_000) })] },
      'Run 0',
    ],
    [
      'an error after its back-off',
      { statuses: [status(0, 'Run', 'Error', { executions: 1, backoff: '30s', updatedAt: formatTime(epoch - 31_000) })] },
      'Run 0',
    ],
    ['a step that began and was never answered', { statuses: [status(0, 'Run', 'Running')] }, 'Run 0'],
    ['a step that failed', { stepIndex: 1, statuses: [status(1, 'Run', 'Failed')] }, 'nothing'],
    ['an abort, last step first', { isAborted: true, statuses: [status(0, 'Run', 'Successful'), status(1, 'Run', 'Running')] }, 'Abort 1'],
    [
      'an abort of a step that failed',
      { isAborted: true, statuses: [status(0, 'Run', 'Successful'), status(1, 'Run', 'Failed')] },
      'Abort 0',
    ],
    [
      'an abort that was carried out',
      { isAborted: true, statuses: [status(0, 'Run', 'Successful'), status(0, 'Abort', 'Error')] },
      'nothing',
    ],
    ['an abort of a step that is gone', { isAborted: true, steps: [], statuses: [status(0, 'Run', 'Successful')] }, 'nothing'],
    [
      'an abort of a step that is switched off',
      { isAborted: true, steps: [plugin('step/off')], statuses: [status(0, 'Run', 'Successful', { name: 'step/off' })] },
      'nothing',
    ],
    [
      'a promotion, the last step that runs',
      { isPromoted: true, statuses: [status(0, 'Run', 'Running'), status(1, 'Run', 'Running')] },
      'Terminate 1',
    ],
    ['a promotion with nothing that runs', { isPromoted: true, statuses: [status(0, 'Run', 'Successful')] }, 'nothing'],
    [
      'a promotion that was carried out',
      { isPromoted: true, statuses: [status(0, 'Run', 'Running'), status(0, 'Terminate', 'Successful')] },
      'nothing',
    ],
    [
      'a promotion whose end failed',
      { isPromoted: true, statuses: [status(0, 'Run', 'Running'), status(0, 'Terminate', 'Failed')] },
      'nothing',
    ],
    ['a promotion of a step that is gone', { isPromoted: true, steps: [], statuses: [status(0, 'Run', 'Running')] }, 'nothing'],
    ['an abort before a promotion', { isAborted: true, isPromoted: true, statuses: [status(0, 'Run', 'Running')] }, 'Abort 0'],
  ])('%s', (_, more, due) => {
    const { call } = decideStepPlugins(question(more), []);
    expect(call === undefined ? 'nothing' : `${call.operation} ${call.index}`).toBe(due);
  });

  it('with what it is to know', () => {
    const statuses = [status(0, 'Run', 'Running', { status: { Count: 1 } })];
    expect(decideStepPlugins(question({ steps: [plugin('step/test', { a: 1 })], statuses }), []).call).toEqual({
      operation: 'Run',
      index: 0,
      name: 'step/test',
      config: { a: 1 },
      status: { Count: 1 },
    });
  });
});

describe('what an answer to Run means', () => {
  const began = {
    index: 0,
    name: 'step/test',
    operation: 'Run',
    startedAt: formatTime(epoch),
    updatedAt: formatTime(epoch + 1000),
    executions: 1,
  };
  const finishedAt = formatTime(epoch + 1000);

  it.each<[string, StepPluginAnswer, StepPluginStatus, Partial<StepPluginDecision>]>([
    [
      'it is done',
      result('Successful', { message: 'ok', status: { Count: 1 } }),
      { ...began, phase: 'Successful', message: 'ok', finishedAt, status: { Count: 1 } },
      {},
    ],
    ['it runs', result('Running'), { ...began, phase: 'Running', backoff: '30s' }, { wakeAt: epoch + 36_000 }],
    ['no phase is the phase before', result(''), { ...began, phase: 'Running', backoff: '30s' }, { wakeAt: epoch + 36_000 }],
    [
      'its own time',
      result('Running', { requeueAfterMs: 17_000 }),
      { ...began, phase: 'Running', backoff: '17s' },
      { wakeAt: epoch + 23_000 },
    ],
    [
      'ten seconds are too little',
      result('Running', { requeueAfterMs: 10_000 }),
      { ...began, phase: 'Running', backoff: '30s' },
      { wakeAt: epoch + 36_000 },
    ],
    [
      'more than ten are not',
      result('Running', { requeueAfterMs: 10_000.5 }),
      { ...began, phase: 'Running', backoff: '10.0005s' },
      { wakeAt: epoch + 16_000.5 },
    ],
    [
      'an hour',
      result('Running', { requeueAfterMs: 3_600_000 }),
      { ...began, phase: 'Running', backoff: '1h0m0s' },
      { wakeAt: epoch + 3_606_000 },
    ],
    [
      'it failed',
      result('Failed', { message: 'bad' }),
      { ...began, phase: 'Failed', message: 'bad', finishedAt },
      { abort: 'Step Plugin 1 (step/test) failed: bad' },
    ],
    [
      'the call failed',
      { kind: 'error', at: epoch + 1000, message: 'gone' },
      { ...began, phase: 'Error', message: 'gone', backoff: '30s' },
      { wakeAt: epoch + 36_000 },
    ],
  ])('%s', (_, answer, next, more) => {
    const decision = decideStepPlugins(question(), [answer]);
    expect(decision).toEqual({ statuses: [next], notes: decision.notes, hasFailed: false, ...more });
    const type = next.phase === 'Error' || next.phase === 'Failed' ? 'Warning' : 'Normal';
    const told =
      next.phase === 'Successful' ? [] : [`${type} StepPluginTransition Step plugin step/test (step 1) transitioned to ${next.phase}`];
    expect(events(decision)).toEqual(told);
  });

  it('an error of the plugin’s own has no back-off, so that it is an error of the pass from then on', () => {
    const first = decideStepPlugins(question(), [result('Error', { message: 'odd', status: { lost: true } })]);
    expect(first.statuses).toEqual([{ ...began, phase: 'Error', message: 'odd' }]);
    expect(events(first)).toEqual([
      'Warning StepPluginTransition Step plugin step/test (step 1) transitioned to Error',
      'Warning ReconciliationError Reconciliation failed with error: failed to parse backoff duration: time: invalid duration ""',
    ]);
    const second = decideStepPlugins(question({ statuses: first.statuses, now: epoch + 60_000 }), []);
    expect(second).toMatchObject({ statuses: first.statuses, hasFailed: true, wakeAt: epoch + 90_000 });
    expect(second.call).toBeUndefined();
    expect(events(second)).toEqual([
      'Warning ReconciliationError Reconciliation failed with error: failed to run plugin: could not parse backoff duration: time: invalid duration ""',
    ]);
  });

  it.each<[string, StepPluginAnswer, string]>([
    ['no known phase', result('Splendid'), "failed to run plugin: could not validate rpc phase: phase 'Splendid' is not valid"],
    [
      'no plugin',
      { kind: 'unavailable', at: epoch, problem: 'failed to get step plugin step/test: why' },
      'could not create step plugin at index 0 : failed to get step plugin step/test: why',
    ],
  ])('%s fails the pass and leaves the step as it is', (_, answer, problem) => {
    const statuses = [status(0, 'Run', 'Running', { executions: 1, backoff: '30s', updatedAt: formatTime(epoch - 60_000) })];
    const decision = decideStepPlugins(question({ statuses }), [answer]);
    expect(decision).toMatchObject({ statuses, hasFailed: true, wakeAt: epoch + 30_000 });
    expect(events(decision)).toEqual([`Warning ReconciliationError Reconciliation failed with error: ${problem}`]);
    expect(isStepPluginDone(decision, 0)).toBe(false);
  });

  it('keeps the status of a step that could not be answered for', () => {
    const before = status(0, 'Run', 'Running', {
      startedAt: formatTime(epoch - 100_000),
      executions: 4,
      status: { Count: 4 },
      message: 'm',
    });
    const now = { ...before, backoff: '30s', updatedAt: formatTime(epoch - 60_000) };
    const { statuses } = decideStepPlugins(question({ statuses: [now] }), [{ kind: 'error', at: epoch, message: 'gone' }]);
    expect(statuses).toEqual([{ ...before, phase: 'Error', message: 'gone', executions: 5, updatedAt: formatTime(epoch), backoff: '30s' }]);
    const again = decideStepPlugins(question({ statuses, now: epoch + 40_000 }), [result('Running')]).statuses;
    expect(again[0]).toMatchObject({ phase: 'Running', executions: 6 });
    expect(again[0]).not.toHaveProperty('status');
    expect(again[0]).not.toHaveProperty('message');
  });

  it('a plugin that is switched off is done without a word', () => {
    const decision = decideStepPlugins(question({ steps: [plugin('step/off')] }), []);
    expect(decision).toEqual({ statuses: [{ index: 0, name: 'step/off', operation: 'Run', disabled: true }], notes: [], hasFailed: false });
    expect(isStepPluginDone(decision, 0)).toBe(true);
  });
});

describe('what an answer to Abort and Terminate means', () => {
  it.each([
    ['Abort', { isAborted: true }, 'aborted', 'abort'],
    ['Terminate', { isPromoted: true }, 'terminated', 'terminate'],
  ] as const)('%s', (operation, more, verb, word) => {
    const run = status(0, 'Run', 'Running', { status: { kept: true } });
    const decide = (answer: StepPluginAnswer): StepPluginDecision => decideStepPlugins(question({ ...more, statuses: [run] }), [answer]);
    const ended = { index: 0, name: 'step/test', operation, startedAt: formatTime(epoch), finishedAt: formatTime(epoch + 1000) };

    for (const phase of ['Successful', '', 'Failed', 'Error', 'Running']) {
      const decision = decide(result(phase, { message: 'm', status: { dropped: true } }));
      const shown = phase === '' ? 'Successful' : phase === 'Running' ? 'Failed' : phase;
      expect(decision.statuses).toEqual([run, { ...ended, phase: shown, message: 'm' }]);
      const type = shown === 'Successful' ? 'Normal' : 'Warning';
      expect(events(decision)).toEqual([`${type} StepPluginTransition Step plugin step/test (step 1) ${verb} (${shown})`]);
      expect(isStepPluginDone(decision, 0)).toBe(true);
    }
    expect(decide({ kind: 'error', at: epoch + 1000, message: 'gone' }).statuses.at(-1)).toEqual({
      ...ended,
      phase: 'Error',
      message: 'gone',
    });
    const invalid = decide(result('x'));
    expect(invalid.statuses).toEqual([run]);
    expect(events(invalid)).toEqual([
      `Warning ReconciliationError Reconciliation failed with error: failed to ${word} plugin: could not validate rpc phase: phase 'x' is not valid`,
    ]);
  });

  it('an abort goes on to the steps before, until one fails the pass', () => {
    const statuses = [status(0, 'Run', 'Successful'), status(1, 'Run', 'Running')];
    const whole = decideStepPlugins(question({ isAborted: true, statuses }), [result('Successful'), result('Failed')]);
    expect(whole.statuses.slice(2).map(({ index, phase }) => `${index} ${phase}`)).toEqual(['1 Successful', '0 Failed']);
    const broken = decideStepPlugins(question({ isAborted: true, statuses }), [{ kind: 'unavailable', at: epoch, problem: 'p' }]);
    expect(broken).toMatchObject({ statuses, hasFailed: true });
    expect(broken.call).toBeUndefined();
  });
});

describe('a Rollout that is tried again', () => {
  it.each<[string, Partial<StepPluginQuestion>, boolean]>([
    ['forgets when its first step is no plugin', { steps: [{ setWeight: 10 }, plugin()], statuses: [status(1, 'Run', 'Failed')] }, true],
    ['forgets when its first step is done', { statuses: [status(0, 'Run', 'Successful'), status(1, 'Run', 'Failed')] }, true],
    [
      'forgets when its first step was aborted',
      { statuses: [status(0, 'Run', 'Running'), status(0, 'Abort', 'Successful')], phase: 'Paused' },
      true,
    ],
    ['keeps while its first step runs', { statuses: [status(0, 'Run', 'Running')], phase: 'Paused' }, false],
    ['keeps at a later step', { stepIndex: 1, statuses: [status(0, 'Run', 'Successful')], phase: 'Paused' }, false],
    ['keeps while it is aborted', { isAborted: true, statuses: [status(0, 'Run', 'Failed')] }, false],
  ])('%s', (_, more, forgets) => {
    const asked = question(more);
    expect(decideStepPlugins(asked, []).statuses).toEqual(forgets ? [] : asked.statuses);
  });

  it('is not done with a step whose status was forgotten', () => {
    const decision = decideStepPlugins(question({ statuses: [status(0, 'Run', 'Successful')] }), []);
    expect(isStepPluginDone(decision, 0)).toBe(false);
  });
});

/**
 * Upstream's own end-to-end scenarios, told pass by pass. The Rollout around is reduced to what concerns plugins: a step that is done makes
 * room for the next, a message of abort aborts, the rest is the scenario's doing.
 */
type Act = { readonly at: number; readonly promoteFull?: true; readonly abort?: true; readonly retry?: true; readonly phase?: string };
type Scenario = {
  readonly name: string;
  readonly steps: readonly CanaryStep[];
  readonly acts?: readonly Act[];
  readonly seconds: number;
  answer(call: StepPluginCall, at: Instant): StepPluginAnswer;
};

/** As upstream's test plugin: its configuration says what it returns, its status counts. */
function testPlugin({ config, status: held, operation }: StepPluginCall, at: Instant): StepPluginAnswer {
  const { return: wanted = 'Successful', requeueMs = 0 } = (config ?? {}) as { readonly return?: string; readonly requeueMs?: number };
  const count = ((held ?? {}) as { readonly Count?: number }).Count ?? 0;
  const phase = operation === 'Run' ? wanted : 'Successful';
  if (!['Successful', 'Failed', 'Running', 'Error'].includes(phase)) {
    return { kind: 'error', at, message: `could not parse phase: phase '${phase}' is not valid` };
  }
  return { kind: 'result', at, phase, message: '', requeueAfterMs: requeueMs, status: { Data: 'id', Count: count + 1 } };
}

const missing = ({ name }: StepPluginCall, at: Instant): StepPluginAnswer => ({
  kind: 'unavailable',
  at,
  problem: `failed to get step plugin ${name}: unable to start plugin system: unable to find plugin (${name}): plugin ${name} not configured in configmap`,
});

const ok = plugin('step/e2e-test');
const running = plugin('step/e2e-test', { return: 'Running', requeueMs: 17_000 });

const scenarios: readonly Scenario[] = [
  { name: 'completes when steps are successful', steps: [ok, ok], seconds: 5, answer: testPlugin },
  { name: 'aborts when a step fails', steps: [ok, plugin('step/e2e-test', { return: 'Failed' })], seconds: 10, answer: testPlugin },
  { name: 'aborts steps when aborted', steps: [ok, running], acts: [{ at: 3, abort: true }], seconds: 10, answer: testPlugin },
  {
    name: 'retries an aborted rollout',
    steps: [ok, running],
    acts: [
      { at: 3, abort: true },
      { at: 6, retry: true },
    ],
    seconds: 12,
    answer: testPlugin,
  },
  {
    name: 'completes when promoted while a step runs',
    steps: [ok, running],
    acts: [{ at: 3, promoteFull: true }],
    seconds: 8,
    answer: testPlugin,
  },
  {
    name: 'tries until the deadline while a step runs',
    steps: [running],
    acts: [{ at: 45, phase: 'Degraded' }],
    seconds: 50,
    answer: testPlugin,
  },
  {
    name: 'tries until the deadline while a plugin fails',
    steps: [plugin('step/e2e-test', { return: 'invalidPhaseCausingPluginError' })],
    acts: [{ at: 45, phase: 'Degraded' }],
    seconds: 50,
    answer: testPlugin,
  },
  { name: 'forgets statuses at a new version', steps: [ok], acts: [{ at: 5, retry: true }], seconds: 10, answer: testPlugin },
  {
    name: 'waits for a plugin that is not configured',
    steps: [plugin('step/missing')],
    acts: [{ at: 15, phase: 'Degraded' }],
    seconds: 40,
    answer: missing,
  },
  { name: 'passes over a plugin that is switched off', steps: [plugin('step/off'), ok], seconds: 5, answer: testPlugin },
];

/** One pass a second, and at each wake-up. */
function play({ steps, acts = [], seconds, answer }: Scenario): string {
  const lines: string[] = [];
  let statuses: readonly StepPluginStatus[] = [];
  let stepIndex = 0;
  let isAborted = false;
  let isPromoted = false;
  let phase = 'Progressing';
  let wakeAt: Instant = epoch;
  for (let second = 0; second <= seconds; second++) {
    const now = epoch + second * 1000;
    const act = acts.find(({ at }) => at === second);
    if (act !== undefined) {
      if (act.abort === true) isAborted = true;
      if (act.promoteFull === true) isPromoted = true;
      if (act.phase !== undefined) phase = act.phase;
      if (act.retry === true) {
        isAborted = false;
        stepIndex = 0;
      }
      lines.push(
        `${second}s  ${Object.keys(act)
          .filter((key) => key !== 'at')
          .join(' ')}${act.phase === undefined ? '' : ` ${act.phase}`}`,
      );
      wakeAt = now;
    }
    if (now < wakeAt) continue;
    wakeAt = Number.POSITIVE_INFINITY;
    const asked = { steps, statuses, stepIndex, isAborted, isPromoted, phase, now, isDisabled: (name: string) => name === 'step/off' };
    const answers: StepPluginAnswer[] = [];
    let decision = decideStepPlugins(asked, answers);
    for (; decision.call !== undefined; decision = decideStepPlugins(asked, answers)) {
      lines.push(`${second}s  call ${decision.call.operation} of step ${decision.call.index}`);
      answers.push(answer(decision.call, now));
    }
    const isChanged = JSON.stringify(statuses) !== JSON.stringify(decision.statuses);
    statuses = decision.statuses;
    lines.push(...events(decision).map((line) => `${second}s  event ${line}`));
    if (isChanged) lines.push(...statuses.map((entry) => `${second}s    ${describeStatus(entry)}`));
    if (decision.abort !== undefined) {
      lines.push(`${second}s  abort: ${decision.abort}`);
      isAborted = true;
      wakeAt = now + 1000;
    } else if (!isAborted && !isPromoted && isStepPluginDone(decision, stepIndex)) {
      stepIndex++;
      lines.push(`${second}s  step ${stepIndex}/${steps.length} is done`);
      wakeAt = now + 1000;
    } else if (decision.wakeAt !== undefined && phase === 'Progressing') wakeAt = decision.wakeAt;
    else if (isChanged) wakeAt = now + 1000;
  }
  return `${lines.join('\n')}\n`;
}

function describeStatus({
  index,
  name,
  operation,
  phase = '-',
  executions,
  backoff,
  disabled,
  message,
  status: held,
}: StepPluginStatus): string {
  const rest = [
    executions === undefined ? '' : `executions=${executions}`,
    backoff === undefined ? '' : `backoff=${backoff}`,
    disabled === true ? 'disabled' : '',
    held === undefined ? '' : `status=${JSON.stringify(held)}`,
    message === undefined ? '' : `message=${message}`,
  ].filter((part) => part !== '');
  return [`${index} ${name} ${operation}/${phase}`, ...rest].join(' ');
}

describe('upstream’s scenarios', () => {
  const path = join(import.meta.dirname, 'testdata/step-plugins.golden');

  it('run as written down', () => {
    const told = scenarios.map((scenario) => `# ${scenario.name}\n${play(scenario)}`).join('\n');
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(path, told);
    expect(told).toBe(readFileSync(path, 'utf8'));
  });
});
