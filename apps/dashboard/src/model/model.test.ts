import type { AnalysisRunInfo, RolloutInfo } from '@sluice/views';
import { describe, expect, it } from 'vitest';
import { toneOf } from '../parts/tone.ts';
import { ageText } from './age.ts';
import { needsAttention, noFilter, shownRollouts } from './filter.ts';
import { imageParts, shortImage } from './image.ts';
import { pathOf, placeOf } from './location.ts';
import { metricRows } from './measurements.ts';
import { stepTitle } from './step.ts';

describe('where somebody is', () => {
  it.each([
    ['/rollouts/', { kind: 'list', namespace: undefined }],
    ['/rollouts/shop', { kind: 'list', namespace: 'shop' }],
    ['/rollouts/rollout/shop/web', { kind: 'rollout', namespace: 'shop', name: 'web' }],
    ['/rollouts/rollout/web', { kind: 'rollout', namespace: undefined, name: 'web' }],
  ] as const)('%s', (path, place) => {
    expect(placeOf(path, '/rollouts/')).toEqual(place);
    expect(pathOf(place, '/rollouts/')).toBe(path);
  });

  it('survives a path that is not properly escaped', () => {
    expect(placeOf('/rollouts/%zz', '/rollouts/')).toEqual({ kind: 'list', namespace: '%zz' });
  });
});

describe('references of images', () => {
  it.each([
    ['app:1', 'app', '1', 'app:1'],
    ['app', 'app', 'latest', 'app'],
    ['registry.example.com:5000/team/app', 'registry.example.com:5000/team/app', 'latest', 'app'],
    ['registry.example.com:5000/team/app:1.2', 'registry.example.com:5000/team/app', '1.2', 'app:1.2'],
    ['team/app@sha256:0123456789abcdef', 'team/app@sha256', '0123456789abcdef', 'app@01234567'],
  ])('%s', (reference, image, tag, short) => {
    expect(imageParts(reference)).toEqual({ image, tag });
    expect(shortImage(reference)).toBe(short);
  });
});

const now = Date.parse('2026-03-01T12:00:00Z');

describe('ages', () => {
  it.each([
    ['2026-03-01T12:00:05Z', '0s'],
    ['2026-03-01T11:58:31Z', '89s'],
    ['2026-03-01T11:55:00Z', '5m'],
    ['2026-03-01T08:40:00Z', '3h20m'],
    ['2026-02-28T12:00:00Z', '24h'],
    ['2026-02-22T12:00:00Z', '7d'],
    ['', ''],
    ['yesterday', ''],
  ])('%s', (time, text) => {
    expect(ageText(time, now)).toBe(text);
  });
});

describe('the list', () => {
  const of = (name: string, status: string, message = ''): RolloutInfo =>
    ({ objectMeta: { name }, status, message }) as unknown as RolloutInfo;
  const all = [of('b', 'Healthy'), of('a', 'Paused', 'CanaryPauseStep'), of('d', 'Degraded'), of('c', 'Paused', 'BlueGreenPause')];
  const names = (rollouts: readonly RolloutInfo[]): string => rollouts.map(({ objectMeta }) => objectMeta.name).join('');

  it('shows favourites first, then by name', () => {
    expect(names(shownRollouts(all, noFilter, { d: true }))).toBe('dabc');
  });

  it('knows what needs attention: not what waits at a step', () => {
    expect(names(all.filter(needsAttention))).toBe('dc');
    expect(names(shownRollouts(all, { ...noFilter, isAttentionOnly: true }, {}))).toBe('cd');
  });

  it('shows only what every filter lets through', () => {
    expect(names(shownRollouts(all, { ...noFilter, statuses: ['Paused', 'Healthy'] }, {}))).toBe('abc');
    expect(names(shownRollouts(all, { ...noFilter, statuses: ['Paused'], isFavouriteOnly: true }, { c: true, d: true }))).toBe('c');
  });
});

describe('steps in words', () => {
  it.each([
    [{ setWeight: 20 }, 100, 'Set weight to 20 %'],
    [{ setWeight: 20 }, 1000, 'Set weight to 20 of 1000'],
    [{ pause: {} }, 100, 'Pause until promoted'],
    [{ pause: { duration: 30 } }, 100, 'Pause for 30s'],
    [{ pause: { duration: '1h' } }, 100, 'Pause for 1h'],
    [{ analysis: { templates: [{ templateName: 'rate' }] } }, 100, 'Analysis: rate'],
    [{ plugin: { name: 'org/x' } }, 100, 'Plugin: org/x'],
    [undefined, 100, 'text of the command'],
  ])('%j', (step, maxWeight, title) => {
    expect(stepTitle(step, 'text of the command', maxWeight).title).toBe(title);
  });
});

describe('measurements', () => {
  const run = (values: readonly (string | undefined)[]): AnalysisRunInfo =>
    ({
      metrics: [{ name: 'rate' }],
      specAndStatus: {
        status: {
          metricResults: [{ name: 'rate', phase: 'Running', measurements: values.map((value) => ({ phase: 'Successful', value })) }],
        },
      },
    }) as unknown as AnalysisRunInfo;

  it.each([
    ['numbers', ['0.9', '1e-2'], [0.9, 0.01]],
    ['lists, of which the first counts', ['[0.9]', '[ 0.8, 3 ]'], [0.9, 0.8]],
    ['one number is no line', ['0.9'], undefined],
    ['words', ['0.9', 'true'], undefined],
    ['some without a value, which errors have', ['1', undefined, '2'], [1, 2]],
  ])('%s', (_, values, numbers) => {
    expect(metricRows(run(values))[0]?.numbers).toEqual(numbers);
  });

  it('of a run that has not begun are none', () => {
    expect(metricRows({ metrics: [{ name: 'rate' }], specAndStatus: {} } as unknown as AnalysisRunInfo)).toMatchObject([
      { phase: 'Pending', rows: [] },
    ]);
  });
});

describe('colours', () => {
  it.each([
    ['Healthy', 'good'],
    ['Running', 'busy'],
    ['Init:1/2', 'busy'],
    ['Init:Error', 'bad'],
    ['Paused', 'waiting'],
    ['CrashLoopBackOff', 'bad'],
    ['Terminating', 'quiet'],
    ['', 'quiet'],
  ])('%s', (status, tone) => {
    expect(toneOf(status)).toBe(tone);
  });
});
