import { describe, expect, it } from 'vitest';
import { exitCodes, UserError } from './exit-codes.ts';
import { explainFailure } from './failure-text.ts';
import type { Io, TextOutput } from './io.ts';
import { createProgram } from './program.ts';

function output(): TextOutput & { text: string } {
  const recorded = {
    text: '',
    isTerminal: false,
    columns: 80,
    write: (text: string) => {
      recorded.text += text;
    },
  };
  return recorded;
}

/** Runs a command line in process; commands that would do work are only asked for help or refused. */
async function run(...args: readonly string[]): Promise<{ out: string; err: string; failure: unknown }> {
  const out = output();
  const err = output();
  const io: Io = {
    out,
    err,
    env: {},
    homeDir: '/home/ada',
    workingDir: '/src',
    clock: { now: () => 0, after: () => () => {} },
    random: () => 0,
    signal: new AbortController().signal,
    readInput: async () => '',
    exitCode: exitCodes.done,
  };
  const program = await createProgram(io, args);
  const failure = await program.parseAsync(['node', 'sluice', ...args]).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { out: out.text, err: err.text, failure };
}

describe('the command line', () => {
  it('names every command, with the exit codes and three examples', async () => {
    const { out } = await run('--help');
    for (const name of ['up', 'deploy', 'rollouts', 'controller', 'server', 'manifests', 'crds', 'doctor', 'demo', 'version']) {
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    expect(out).toContain('Exit codes: 0 done, 1 failed, 2 usage or could not decide, 3 waits for a person, 130 cancelled.');
  });

  it('shows real examples for every command', async () => {
    for (const name of ['up', 'deploy', 'controller', 'server', 'manifests', 'crds', 'doctor', 'demo']) {
      const { out } = await run(name, '--help');
      expect(out.split('Examples:\n')[1]?.trimEnd().split('\n').length, name).toBeGreaterThanOrEqual(3);
    }
  });

  const wrong: readonly (readonly [args: string, message: string])[] = [
    ['frobnicate', "error: unknown command 'frobnicate'\n(add --help to see what there is)\n"],
    ['deploy web', "error: required option '--chart <dir>' not specified\n(add --help to see what there is)\n"],
    ['deploy --chart x', "error: missing required argument 'service'\n(add --help to see what there is)\n"],
    [
      'deploy web --chart x --until later',
      "error: option '--until <state>' argument 'later' is invalid. Allowed choices are healthy, paused.\n(add --help to see what there is)\n",
    ],
    [
      'deploy web --chart x --timeout 5',
      "error: option '--timeout <duration>' argument '5' is invalid. Write a duration such as 90s, 5m or 1h30m.\n(add --help to see what there is)\n",
    ],
    [
      'up --port 70000',
      "error: option '--port <number>' argument '70000' is invalid. A port is a number from 0 to 65535.\n(add --help to see what there is)\n",
    ],
    [
      'controller --leader-elect=maybe',
      "error: option '--leader-elect [boolean]' argument 'maybe' is invalid. Write true or false.\n(add --help to see what there is)\n",
    ],
  ];
  for (const [args, message] of wrong) {
    it(`refuses: sluice ${args}`, async () => {
      const { out, err } = await run(...args.split(' '));
      expect([out, err]).toEqual(['', message]);
    });
  }

  it('prints its version two ways', async () => {
    expect((await run('version')).out).toMatch(/^sluice \d+\.\d+\.\d+\n$/);
    expect((await run('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a failure', () => {
  it('is one line and the next thing to try, and a stack only for who asks', () => {
    const error = new UserError('the port\nis taken', { next: 'another' });
    expect(explainFailure(error, false, false)).toEqual({ text: 'Error: the port is taken\n  try: another\n', exitCode: 2 });
    expect(explainFailure(error, false, true).text).toContain('program.test.ts');
    expect(explainFailure(new Error('broken'), false, false)).toEqual({ text: 'Error: broken\n', exitCode: 1 });
  });

  it('of connection or credentials could not be decided; a cancelled one says nothing', () => {
    const named = (name: string, fields: object = {}): Error => Object.assign(new Error('x'), { name, ...fields });
    expect(explainFailure(named('ConnectionError'), false, false).exitCode).toBe(2);
    expect(explainFailure(named('StatusError', { reason: 'Unauthorized' }), false, false)).toMatchObject({ exitCode: 2 });
    expect(explainFailure(named('StatusError', { reason: 'Forbidden' }), false, false)).toMatchObject({ exitCode: 1 });
    expect(explainFailure(named('AbortError'), true, false)).toEqual({ text: '', exitCode: 130 });
  });
});
