import { describe, expect, it } from 'vitest';
import { canaryPicture, repaint, rolloutLine } from './canary-picture.ts';
import { widthOf } from './colour.ts';
import { type RolloutObjects, rolloutView } from './rollout-view.ts';
import screens from './testdata/screens.json' with { type: 'json' };

const recorded = screens as unknown as { name: string; now: number; objects: RolloutObjects }[];

function viewOf(name: string) {
  const found = recorded.find((screen) => screen.name === name);
  if (found === undefined) throw new Error(`no screen called ${name}`);
  return rolloutView(found.objects, found.now);
}

describe('canaryPicture', () => {
  it('shows traffic, pods and steps of a canary that waits', () => {
    expect(canaryPicture(viewOf('a Deployment taken over'), { width: 72, color: false })).toEqual([
      '⟳ rec-workloadref/web  ॥ Paused  CanaryPauseStep',
      '',
      'canary    33% ███████████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 67% stable',
      '                             ▲ 34',
      'stable   ○●●             2/2  nginx:1  revision 1',
      'canary   ●               1/1  nginx:2  revision 2',
      '',
      'steps    ✔ setWeight: 34  ▶ pause',
    ]);
  });

  it('shows a long reason on lines of its own, and what analyses said', () => {
    expect(canaryPicture(viewOf('an abort by a background analysis of Jobs'), { width: 60, color: false })).toEqual([
      '⟳ rec-analysis-job/web  ✖ Degraded',
      '  RolloutAborted: Rollout aborted update to revision 3:',
      '  Background analysis phase error/failed: Metric "job"',
      '  assessed Failed due to failed (1) > failureLimit (0)',
      '',
      'canary     0% ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 100% stable',
      '',
      'stable   ●●              2/2  nginx:2  revision 2',
      'canary                   0/0  nginx:3  revision 3',
      '',
      'steps    · setWeight: 50  · analysis  · pause: 6',
      'analysis ✔ web-559d66bcd5-3-1  1 ok',
      'analysis ✖ web-559d66bcd5-3  1 failed',
    ]);
  });

  it.each([40, 63, 80, 200])('keeps within %d columns, with and without colours', (width) => {
    for (const { objects, now } of recorded) {
      const view = rolloutView(objects, now);
      const plain = canaryPicture(view, { width, color: false });
      const coloured = canaryPicture(view, { width, color: true });
      expect(coloured.map(widthOf)).toEqual(plain.map(widthOf));
      expect(Math.max(...plain.map(widthOf))).toBeLessThanOrEqual(width);
    }
  });

  it('replaces the picture before', () => {
    expect(repaint(0, ['a'])).toBe('\u001b[2Ka\n\u001b[0J');
    expect(repaint(3, ['a', 'b'])).toBe('\u001b[3A\r\u001b[2Ka\n\u001b[2Kb\n\u001b[0J');
  });
});

describe('rolloutLine', () => {
  it('says the same in one line', () => {
    expect(rolloutLine(viewOf('a canary that waits at a pause'))).toBe(
      'Paused - CanaryPauseStep · step 1/6 · weight 25/100 · stable 3/3, canary 1/1',
    );
  });
});
