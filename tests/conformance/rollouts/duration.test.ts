/** `status.duration`: when an update began and ended, how, and how long a person let it wait. */
import type { KubeObject, RolloutDuration } from '@sluice/api';
import { expect } from 'vitest';
import { blueGreen, canary, pause, rollout, service, setWeight } from '../../harness/rollouts/manifests.ts';
import { type Scenario, scenario, suite } from '../../harness/rollouts/scenario.ts';

type Fields = Readonly<Record<string, unknown>>;

const durationOf = (s: Scenario): RolloutDuration => {
  const { duration } = s.status;
  if (duration === undefined) throw new Error('no duration');
  expect(duration.rolloutStartedAt ?? '').not.toBe('');
  if ((duration.finishedAt ?? null) !== null) {
    expect(duration.completionStatus ?? '').not.toBe('');
    expect(duration.manualPauseStartedAt ?? null).toBeNull();
    expect(Date.parse(duration.finishedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(duration.rolloutStartedAt ?? ''));
  }
  return duration;
};
/** Waits until the update has ended in this way. */
const ended = async (s: Scenario, completionStatus: string): Promise<RolloutDuration> => {
  const isSo = (): boolean => s.status.duration?.completionStatus === completionStatus && (s.status.duration?.finishedAt ?? null) !== null;
  await s.until(`the update is ${completionStatus}`, isSo, 30_000);
  return durationOf(s);
};
const manualPause = (s: Scenario): Promise<unknown> =>
  s.until('a manual pause', () => (s.status.duration?.manualPauseStartedAt ?? null) !== null, 10_000);
/** Times in a status are whole seconds. */
const aSecond = (s: Scenario): Promise<void> => s.holds(() => 1, 1, 1100);

const strategies: readonly {
  readonly name: string;
  readonly plain: Fields;
  readonly waiting: Fields;
  /** Nothing of an old version stays behind that would make a way back quick. */
  readonly clean: Fields;
  readonly objects: readonly KubeObject[];
}[] = [
  {
    name: 'canary',
    plain: canary([setWeight(50)]),
    waiting: canary([setWeight(50), pause()]),
    clean: canary([setWeight(50), pause()]),
    objects: [],
  },
  {
    name: 'blue-green',
    plain: blueGreen(),
    waiting: blueGreen({ autoPromotionEnabled: false }),
    clean: blueGreen({ autoPromotionEnabled: false, scaleDownDelaySeconds: 0 }),
    objects: [service('active')],
  },
];

/** Installed, and then updated until it waits for a person. */
const waiting = async (s: Scenario, objects: readonly KubeObject[], strategy: Fields, spec: Fields = {}): Promise<void> => {
  await s.apply(...objects, rollout(strategy, { spec }));
  await s.healthy();
  await ended(s, 'Promoted');
  await aSecond(s);
  await s.update();
  await s.phase('Paused');
  await manualPause(s);
};

suite('duration', [], () => {
  for (const { name, plain, waiting: strategy, clean, objects } of strategies) {
    scenario(`${name}: an install is a promotion without a manual pause`, async (s) => {
      await s.apply(...objects, rollout(plain));
      await s.healthy();
      expect((await ended(s, 'Promoted')).totalManualPauseDurationSeconds).toBeUndefined();
    });

    scenario(`${name}: spec.paused is a manual pause`, async (s) => {
      await s.apply(...objects, rollout(plain));
      await s.healthy();
      await s.update({ paused: true });
      await s.phase('Paused');
      await manualPause(s);
      await aSecond(s);
      await aSecond(s);
      await s.patch({ spec: { paused: false } });
      await s.healthy();
      expect((await ended(s, 'Promoted')).totalManualPauseDurationSeconds).toBeGreaterThan(0);
    });

    scenario(`${name}: promoted in full`, async (s) => {
      await waiting(s, objects, strategy);
      await s.promote('--full');
      await s.healthy();
      await ended(s, 'FastPromoted');
    });

    scenario(`${name}: aborted`, async (s) => {
      await waiting(s, objects, strategy);
      await s.abort();
      await s.phase('Degraded');
      await ended(s, 'Aborted');
    });

    scenario(`${name}: a retry begins anew`, async (s) => {
      await waiting(s, objects, strategy);
      await s.abort();
      await s.phase('Degraded');
      const { rolloutStartedAt } = await ended(s, 'Aborted');
      await aSecond(s);
      await s.retry();
      await s.phase('Paused');
      const again = durationOf(s);
      expect(again.rolloutStartedAt).not.toBe(rolloutStartedAt);
      expect([again.finishedAt ?? null, again.completionStatus ?? null]).toEqual([null, null]);
    });

    scenario(`${name}: a third version begins anew`, async (s) => {
      await waiting(s, objects, strategy);
      const { rolloutStartedAt } = durationOf(s);
      await aSecond(s);
      await s.update();
      await s.phase('Paused', ({ status }) => status?.duration?.rolloutStartedAt !== rolloutStartedAt);
      await s.promote();
      await s.healthy();
      expect((await ended(s, 'Promoted')).rolloutStartedAt).not.toBe(rolloutStartedAt);
    });

    scenario(`${name}: back to stable in the middle`, async (s) => {
      await waiting(s, objects, strategy);
      const { rolloutStartedAt } = durationOf(s);
      await s.undo(1);
      await s.healthy();
      expect((await ended(s, 'FastRolledBack')).rolloutStartedAt).toBe(rolloutStartedAt);
    });

    for (const isInside of [false, true]) {
      scenario(`${name}: back to a version ${isInside ? 'inside' : 'outside'} of the rollback window`, async (s) => {
        const versions = isInside ? 2 : 3;
        await waiting(s, objects, clean, { rollbackWindow: { revisions: isInside ? 3 : 1 } });
        for (let version = 2; version <= versions; version++) {
          await s.promote('--full');
          await s.healthy();
          await ended(s, 'FastPromoted');
          await aSecond(s);
          await s.update();
          await s.phase('Paused');
        }
        await s.undo(1);
        if (!isInside) {
          await s.phase('Paused');
          await s.promote();
        }
        await s.healthy();
        await ended(s, isInside ? 'FastRolledBack' : 'RolledBack');
        if (isInside) expect(s.phasesSince()).not.toContain('Paused');
      });
    }

    scenario(`${name}: a change of size is no update`, async (s) => {
      await s.apply(...objects, rollout(plain));
      await s.healthy();
      const before = await ended(s, 'Promoted');
      await s.scale(2);
      await s.healthy();
      await s.eventually(() => s.counts(), [2, 2, 2, 2, 2]);
      expect(durationOf(s)).toEqual(before);
    });
  }

  scenario('canary: a timed pause is no manual one', async (s) => {
    await s.apply(rollout(canary([setWeight(50), pause(2)])));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.healthy();
    expect((await ended(s, 'Promoted')).totalManualPauseDurationSeconds).toBeUndefined();
  });

  scenario('canary: a pause without an end is a manual one', async (s) => {
    await waiting(s, [], canary([setWeight(50), pause()]));
    await aSecond(s);
    await aSecond(s);
    await s.promote();
    await s.healthy();
    expect((await ended(s, 'Promoted')).totalManualPauseDurationSeconds).toBeGreaterThan(0);
  });

  scenario('blue-green: a promotion that comes by itself is no manual pause', async (s) => {
    await s.apply(service('active'), rollout(blueGreen({ autoPromotionSeconds: 2 })));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.healthy();
    expect((await ended(s, 'Promoted')).totalManualPauseDurationSeconds).toBeUndefined();
  });

  scenario('blue-green: a promotion by hand', async (s) => {
    await waiting(s, [service('active')], blueGreen({ autoPromotionEnabled: false }));
    await s.promote();
    await s.healthy();
    expect((await ended(s, 'Promoted')).totalManualPauseDurationSeconds).toBeGreaterThanOrEqual(0);
  });

  scenario('blue-green: back to a version that still waits to be scaled down', async (s) => {
    await waiting(s, [service('active')], blueGreen({ autoPromotionEnabled: false, scaleDownDelaySeconds: 30 }));
    await s.promote();
    await s.healthy();
    await ended(s, 'Promoted');
    await aSecond(s);
    await s.update();
    await s.phase('Paused');
    await s.undo(1);
    await s.healthy();
    await ended(s, 'FastRolledBack');
    expect(s.phasesSince()).not.toContain('Paused');
  });
});
