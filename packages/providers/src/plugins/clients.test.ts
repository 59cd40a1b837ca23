/** What the three kinds of plugins are asked and what their answers become, over a plugin that is a function. */
import type { AnalysisRun, Metric, Rollout } from '@sluice/api';
import { virtualClock } from '@sluice/kube';
import { describe, expect, it } from 'vitest';
import { encodeGoTime } from './gob/time.ts';
import type { GobValue } from './gob/types.ts';
import { type CallPlugin, metricPluginSource } from './metric-plugin.ts';
import { stepPlugins } from './step-plugin.ts';
import { pluginRouter } from './traffic-plugin.ts';

const rollout = { metadata: { name: 'web' } } as Rollout;
const call = { operation: 'Run', index: 0, name: 'a/b' } as const;

/** A plugin that answers every call so; `asked` gets what it was called with. */
const answering =
  (value: GobValue, asked: unknown[] = []): CallPlugin =>
  async () =>
  async (method, argument) => {
    asked.push([method, argument?.kind === 'interface' ? argument.name : argument?.kind]);
    return value;
  };
const failing =
  (message: string): CallPlugin =>
  async () =>
  async () => {
    throw new Error(message);
  };
const absent: CallPlugin = async () => {
  throw new Error('unable to start plugin system: why');
};

describe('step plugins', () => {
  const ask = (plugin: CallPlugin) =>
    stepPlugins({ isDisabled: () => false, callerOf: () => plugin, clock: virtualClock(7) }).call(rollout, call);

  it.each<[string, CallPlugin, unknown]>([
    [
      'a whole answer',
      answering({ Result: { Phase: 'Running', Message: 'm', RequeueAfter: 15_500_000_000, Status: Buffer.from('{"a":1}') }, Error: {} }),
      { kind: 'result', at: 7, phase: 'Running', message: 'm', requeueAfterMs: 15_500, status: { a: 1 } },
    ],
    ['nothing but zeros', answering({}), { kind: 'result', at: 7, phase: '', message: '', requeueAfterMs: 0 }],
    [
      'a time beyond a double',
      answering({ Result: { RequeueAfter: 2n ** 62n } }),
      { kind: 'result', at: 7, phase: '', message: '', requeueAfterMs: 2 ** 62 / 1e6 },
    ],
    ['an error', answering({ Result: { Phase: 'Successful' }, Error: { ErrorString: 'bad' } }), { kind: 'error', at: 7, message: 'bad' }],
    [
      'a status that is no JSON',
      answering({ Result: { Status: Buffer.from('secret') } }),
      { kind: 'error', at: 7, message: 'its status is no JSON' },
    ],
    ['something else', answering('text'), { kind: 'error', at: 7, message: 'an answer is no struct' }],
    ['a list for a result', answering({ Result: [] }), { kind: 'error', at: 7, message: 'a result is no struct' }],
    ['no answer', failing('Run rpc call error: gone'), { kind: 'error', at: 7, message: 'Run rpc call error: gone' }],
    ['no plugin', absent, { kind: 'unavailable', at: 7, problem: 'failed to get step plugin a/b: unable to start plugin system: why' }],
  ])('answer with %s', async (_, plugin, answer) => {
    expect(await ask(plugin)).toEqual(answer);
  });
});

describe('metric plugins', () => {
  const metric: Metric = { name: 'm', provider: { plugin: { 'a/b': {} } } };
  const question = { run: { metadata: { name: 'r' } } as AnalysisRun, metric, now: 0 };
  const source = (plugin: CallPlugin) => metricPluginSource(() => plugin, metric.provider);

  it.each<[string, CallPlugin, unknown]>([
    [
      'a measurement',
      answering({ Phase: 'Running', Value: '1', ResumeAt: encodeGoTime(5_000), Metadata: new Map([['a', 'b']]) }),
      { kind: 'verdict', phase: 'Running', value: '1', resumeAt: 5_000, metadata: { a: 'b' } },
    ],
    [
      'an error',
      answering({ Phase: 'Error', Message: 'bad' }),
      { kind: 'verdict', phase: 'Error', value: '', message: 'failed to run via plugin: bad', metadata: {} },
    ],
    ['nothing', answering({}), { kind: 'verdict', phase: '', value: '', metadata: {} }],
  ])('answer with %s', async (_, plugin, reading) => {
    expect(await source(plugin).measure(question)).toEqual(reading);
  });

  it('are asked under the names that upstream registers', async () => {
    const asked: unknown[] = [];
    const plugin = source(answering({ Phase: 'Successful' }, asked));
    await plugin.measure(question);
    await plugin.resume?.(question, { phase: 'Running' });
    await plugin.terminate?.(question, { phase: 'Running' });
    await plugin.collectGarbage?.(question, 3);
    expect(asked).toEqual([
      ['Run', 'RunArgs'],
      ['Resume', 'TerminateAndResumeArgs'],
      ['Terminate', 'TerminateAndResumeArgs'],
      ['GarbageCollect', 'GarbageCollectArgs'],
    ]);
  });

  it('fail with a sentence', async () => {
    await expect(source(answering('text')).measure(question)).rejects.toThrow('a measurement is no struct');
    await expect(source(absent).measure(question)).rejects.toThrow(
      'failed to create plugin: unable to get metric plugin: unable to start plugin system: why',
    );
  });
});

describe('traffic router plugins', () => {
  it.each<[string, GobValue, boolean | undefined]>([
    ['no', {}, false],
    ['yes', { Verified: 1 }, true],
    ['not at all', { Verified: 2 }, undefined],
    ['in a way that is not known', { Verified: 9 }, false],
  ])('verify: %s', async (_, answer, verified) => {
    expect(await pluginRouter('a/b', answering(answer)).verifyWeight(rollout, 20, [])).toBe(verified);
  });

  it('fail with upstream’s words', async () => {
    await expect(pluginRouter('a/b', answering({ ErrorString: 'bad' })).setWeight(rollout, 20, [])).rejects.toThrow(
      'failed to set weight via plugin: bad',
    );
    await expect(pluginRouter('a/b', failing('SetWeight rpc call error: gone')).setWeight(rollout, 20, [])).rejects.toThrow(
      'failed to set weight via plugin: SetWeight rpc call error: gone',
    );
    await expect(
      pluginRouter('a/b', answering({ Verified: 1, Err: { ErrorString: 'bad' } })).verifyWeight(rollout, 20, []),
    ).rejects.toThrow('failed to verify weight via plugin: bad');
    await expect(pluginRouter('a/b', absent).removeManagedRoutes(rollout)).rejects.toThrow(
      'failed to get traffic router plugin a/b: unable to start plugin system: why',
    );
  });
});
