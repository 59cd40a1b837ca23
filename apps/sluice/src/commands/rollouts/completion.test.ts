import { rolloutType } from '@sluice/api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rollout } from './testing/manifests.ts';
import { type Plugin, startPlugin } from './testing/plugin-run.ts';

let plugin: Plugin;
const namespace = 'default';

beforeAll(async () => {
  plugin = await startPlugin(Date.parse('2026-03-01T12:00:00Z'));
});

afterAll(() => plugin.close());

describe('completion', () => {
  const complete = async (...words: readonly string[]): Promise<readonly string[]> =>
    (await plugin.run(['__complete', ...words])).out.split('\n').map((line) => line.split('\t')[0] ?? '');

  it.each<[readonly string[], readonly string[]]>([
    [['pro'], ['promote', ':4', '']],
    [
      ['get', ''],
      ['rollout', 'experiment', ':4', ''],
    ],
    [
      ['-n', 'default', 'terminate', 'e'],
      ['experiment', ':4', ''],
    ],
    [
      ['get', 'ro', '--w'],
      ['--watch', ':4', ''],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish', 'powershell', ':4', ''],
    ],
    [
      ['lint', '-f', ''],
      [':0', ''],
    ],
    [
      ['nonsense', ''],
      [':4', ''],
    ],
  ])('of %j', async (words, expected) => {
    expect(await complete(...words)).toEqual(expected);
  });

  it('knows the names of what is there, each once', async () => {
    for (const name of ['web', 'shop']) await plugin.client.create(rolloutType, rollout({}, { name, namespace }));
    expect(await complete('promote', '')).toEqual(['shop', 'web', ':4', '']);
    expect(await complete('promote', 'web', '')).toEqual([':4', '']);
    expect(await complete('abort', 'web', '')).toEqual(['shop', ':4', '']);
    expect(await complete('set', 'image', 'w')).toEqual(['web', ':4', '']);
    expect(await complete('retry', 'rollout', '-n', 'other', '')).toEqual([':4', '']);
  });

  it('has a script for four shells', async () => {
    for (const shell of ['bash', 'zsh', 'fish', 'powershell']) {
      expect(await plugin.run(`completion ${shell}`)).toMatchObject({
        out: expect.stringContaining('kubectl-argo-rollouts __complete'),
        err: '',
        code: 0,
      });
    }
    expect(await plugin.run('completion tcsh')).toEqual({
      out: '',
      err: 'Error: invalid argument "tcsh" for "kubectl-argo-rollouts completion"\n',
      code: 1,
    });
    expect((await plugin.run('completion')).err).toBe('Error: accepts 1 arg(s), received 0\n');
  });
});
