import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Plugin, startPlugin } from './testing/plugin-run.ts';

let plugin: Plugin;

beforeAll(async () => {
  plugin = await startPlugin(Date.parse('2026-03-01T12:00:00Z'));
});

afterAll(() => plugin.close());

describe('usage', () => {
  it.each([
    'promote',
    'promote a b',
    'abort',
    'pause',
    'status',
    'undo',
    'restart a b',
    'retry',
    'retry rollout',
    'retry web',
    'terminate',
    'terminate ar',
    'set',
    'set image a',
    'set image a b',
    'get',
    'get experiment',
    'list',
    'create',
  ])('%s is not enough, or too much', async (args) => {
    const { out, err, code } = await plugin.run(args);
    expect({ out, code }).toEqual({ out: '', code: 1 });
    expect(err).toMatch(/^Usage: kubectl-argo-rollouts /);
  });

  it('names commands and flags that there are not', async () => {
    expect((await plugin.run('promot web')).err).toBe(
      `Error: unknown command "promot" for "kubectl-argo-rollouts"\nRun 'kubectl-argo-rollouts --help' for usage.\n`,
    );
    expect(await plugin.run('promote web --ful')).toMatchObject({ err: expect.stringContaining('Error: unknown flag: --ful\n'), code: 1 });
  });

  it('the version has the lines of upstream', async () => {
    const { out } = await plugin.run('version');
    expect(out.split('\n').map((line) => line.replace(/:.*/, ''))).toEqual([
      'kubectl-argo-rollouts',
      '  BuildDate',
      '  GitCommit',
      '  GitTreeState',
      '  GoVersion',
      '  Compiler',
      '  Platform',
      '',
    ]);
    expect((await plugin.run('version --short')).out).toMatch(/^kubectl-argo-rollouts: v\d+\.\d+\.\d+\+sluice\n$/);
  });
});
