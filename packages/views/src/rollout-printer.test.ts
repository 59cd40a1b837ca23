import type { Pod } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { experimentView } from './experiment-view.ts';
import { podView } from './pod-view.ts';
import { printExperiment, printRollout } from './rollout-printer.ts';
import { type RolloutObjects, rolloutView } from './rollout-view.ts';
import screens from './testdata/screens.json' with { type: 'json' };

type Screen = { name: string; now: number; objects: RolloutObjects; screen: string[] };
const recorded = screens as unknown as Screen[];

describe('printRollout', () => {
  it.each(recorded.map((screen) => [screen.name, screen] as const))('prints %s as upstream did', (_, { objects, now, screen }) => {
    expect(printRollout(rolloutView(objects, now), { color: false })).toBe(`${screen.join('\n')}\n`);
  });

  it('with colours is the same text in the same columns', () => {
    for (const { objects, now, screen } of recorded) {
      const coloured = printRollout(rolloutView(objects, now), { color: true });
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
      expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(`${screen.join('\n')}\n`);
    }
  });

  it('paints signs, tags and names', () => {
    const [paused] = recorded;
    if (paused === undefined) throw new Error('no screens');
    const text = printRollout(rolloutView(paused.objects, paused.now), { color: true });
    expect(text).toContain('nginx:1 (\u001b[32mstable\u001b[0m)');
    expect(text).toContain('⧉ \u001b[33mweb-6668b4d7b6\u001b[0m');
    expect(text).toContain('Status:          \u001b[0m॥\u001b[0m Paused');
  });
});

describe('printExperiment', () => {
  it('shows what the experiment owns', () => {
    const found = recorded.find((screen) => (screen.objects.experiments ?? []).length > 0);
    const experiment = found?.objects.experiments?.find((one) => one.metadata.name === 'web-6668b4d7b6-2-0');
    if (found === undefined || experiment === undefined) throw new Error('no experiment recorded');
    const view = experimentView({ analysisRuns: [], ...found.objects, experiment }, found.now);
    expect(printExperiment(view, { color: false })).toBe(
      [
        'Name:            web-6668b4d7b6-2-0',
        'Namespace:       rec-experiment',
        'Status:          ✔ Successful',
        'Images:          nginx:1 (Σ:base)',
        '                 nginx:2 (Σ:can)',
        '',
        'NAME                                   KIND        STATUS        AGE  INFO',
        'Σ web-6668b4d7b6-2-0                   Experiment  ✔ Successful  10s  ',
        '├──⧉ web-6668b4d7b6-2-0-base           ReplicaSet  ✔ Healthy     10s  delay:25s',
        '│  └──□ web-6668b4d7b6-2-0-base-j9x6r  Pod         ✔ Running     10s  ready:1/1',
        '└──⧉ web-6668b4d7b6-2-0-can            ReplicaSet  ✔ Healthy     10s  delay:25s',
        '   ├──□ web-6668b4d7b6-2-0-can-2cnkt   Pod         ✔ Running     10s  ready:1/1',
        '   └──□ web-6668b4d7b6-2-0-can-t2wjp   Pod         ✔ Running     10s  ready:1/1',
        '',
      ].join('\n'),
    );
  });
});

describe('podView', () => {
  const pod = (status: Pod['status'], more: Partial<Pod> = {}): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { containers: [{ name: 'a' }, { name: 'b' }] },
    ...more,
    ...(status === undefined ? {} : { status }),
  });
  const waiting = (reason: string, restartCount = 0) => ({ name: 'a', restartCount, state: { waiting: { reason } } });
  const running = { name: 'b', ready: true, restartCount: 2, state: { running: {} } };
  const init = { initContainers: [{ name: 'i' }, { name: 'j' }], containers: [{ name: 'a' }] };

  it.each<[string, Pod, string]>([
    ['has no containers yet', pod({ phase: 'Pending' }), '◌ Pending 0/2'],
    [
      'cannot pull an image',
      pod({ phase: 'Pending', containerStatuses: [waiting('ImagePullBackOff'), running] }),
      '⚠ ImagePullBackOff 1/2 restarts:2',
    ],
    [
      'crashes',
      pod({ phase: 'Running', containerStatuses: [waiting('CrashLoopBackOff', 3), running] }),
      '✖ CrashLoopBackOff 1/2 restarts:5',
    ],
    [
      'has one container done and one running',
      pod({ phase: 'Running', containerStatuses: [{ name: 'a', state: { terminated: { reason: 'Completed', exitCode: 0 } } }, running] }),
      '✔ Running 1/2 restarts:2',
    ],
    [
      'ended by a signal',
      pod({ phase: 'Failed', containerStatuses: [{ name: 'a', state: { terminated: { signal: 9 } } }] }),
      '✖ Signal:9 0/2',
    ],
    ['was evicted', pod({ phase: 'Failed', reason: 'Evicted' }), '  Evicted 0/2'],
    [
      'is being deleted',
      pod({ phase: 'Running', containerStatuses: [running] }, { metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' } }),
      '◌ Terminating 1/2 restarts:2',
    ],
    [
      'initialises',
      pod(
        {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', state: { terminated: { exitCode: 0 } } },
            { name: 'j', state: {} },
          ],
        },
        { spec: init },
      ),
      '◌ Init:1/2 0/1',
    ],
    [
      'cannot initialise',
      pod(
        { phase: 'Pending', initContainerStatuses: [{ name: 'i', restartCount: 1, state: { terminated: { exitCode: 2 } } }] },
        { spec: init },
      ),
      '◌ Init:ExitCode:2 0/1 restarts:1',
    ],
  ])('says what happens to a pod that %s', (_, given, expected) => {
    const view = podView(given, 0);
    expect(`${view.icon} ${view.status} ${view.ready}${view.restarts > 0 ? ` restarts:${view.restarts}` : ''}`).toBe(expected);
  });
});
