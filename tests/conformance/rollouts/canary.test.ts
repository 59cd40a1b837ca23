/** Canary: sizes along the steps, scaling in between, delays before scaling down, aborts with and without a router. */
import { annotations, type KubeObject } from '@sluice/api';
import { expect } from 'vitest';
import {
  analysisTemplate,
  canary,
  jobMetric,
  nginxObjects,
  nginxRouted,
  pause,
  podSpec,
  rollout,
  service,
  setCanaryScale,
  setWeight,
  templates,
} from '../../harness/rollouts/manifests.ts';
import { type Scenario, scenario, suite } from '../../harness/rollouts/scenario.ts';

const weights = (s: Scenario): unknown => {
  const { canary: own, stable } = s.status.canary?.weights ?? {};
  return [own?.weight, stable?.weight];
};
const phasesEver = (s: Scenario): readonly unknown[] =>
  s.view.changes('Rollout', s.namespace).map(({ object }) => (object.status as { phase?: string } | undefined)?.phase);
const podLabel = (s: Scenario, revision: number, key: string): readonly unknown[] =>
  s.pods(revision).map(({ metadata }) => metadata.labels?.[key]);

suite('canary', [], () => {
  scenario('setCanaryScale decides the size, weights only where it says so', async (s) => {
    const steps = [
      ...[setCanaryScale({ replicas: 0 }), pause()],
      ...[setCanaryScale({ weight: 25 }), pause()],
      ...[setWeight(50), pause()],
      ...[setCanaryScale({ replicas: 3 }), pause()],
      ...[setCanaryScale({ matchTrafficWeight: true }), pause()],
    ];
    await s.apply(...nginxObjects(), rollout(canary(steps, nginxRouted()), { replicas: 4 }));
    await s.healthy();
    await s.update();
    for (const [step, size] of [0, 1, 1, 3, 2].entries()) {
      await s.pausedAt(step * 2 + 1);
      await s.expectCanaryStable(size, 4);
      await s.promote();
    }
    await s.healthy();
    await s.expectCanaryStable(4, 4);
  });

  scenario('the mix of versions is kept when the size changes during a pause', async (s) => {
    await s.apply(rollout(canary([setWeight(25), pause()]), { replicas: 1 }));
    await s.healthy();
    await s.update();
    await s.pausedAt(1);
    await s.expectCanaryStable(1, 1);
    await s.scale(8);
    await s.expectCanaryStable(2, 6);
    await s.scale(4);
    await s.expectCanaryStable(1, 3);
  });

  scenario('the size changes during an update with a surge of everything', async (s) => {
    await s.apply(rollout(canary([], { maxSurge: '100%' }), { replicas: 4 }));
    await s.healthy();
    await s.patch({ spec: { template: { spec: podSpec({ readyAfter: 60 }) } } });
    await s.expectCanaryStable(4, 3);
    await s.scale(8);
    await s.expectCanaryStable(8, 3);
    await s.scale(4);
    await s.expectCanaryStable(4, 3);
  });

  scenario('the size changes while a bad version is on its way', async (s) => {
    await s.apply(rollout(canary([], { maxSurge: 2, maxUnavailable: 0 }), { replicas: 4 }));
    await s.healthy();
    await s.patch({ spec: { template: { spec: podSpec({ isBad: true }) } } });
    await s.expectCanaryStable(2, 4);
    await s.scale(8);
    await s.expectCanaryStable(6, 4);
    await s.scale(4);
    await s.expectCanaryStable(2, 4);
  });

  scenario('going back to weight 0 and aborting leave as many pods available as there must be', async (s) => {
    const steps = [
      setWeight(100),
      pause(),
      setWeight(0),
      pause(),
      setWeight(100),
      pause(),
      { analysis: { templates: templates('fails') } },
    ];
    await s.apply(
      analysisTemplate('fails', [jobMetric('job', 'exit 1')]),
      rollout(canary(steps, { maxSurge: 2, maxUnavailable: 0 }), { replicas: 3, readyAfter: 3 }),
    );
    await s.healthy();
    await s.update();
    await s.pausedAt(1);
    await s.expectCanaryStable(3, 0);
    await s.promote();
    await s.expectCanaryStable(3, 2);
    await s.pausedAt(3);
    await s.expectCanaryStable(0, 3);
    await s.promote();
    await s.pausedAt(5);
    await s.expectCanaryStable(3, 0);
    await s.promote();
    await s.expectCanaryStable(3, 2);
    await s.phase('Degraded');
    expect(s.analysisRuns()).toHaveLength(1);
  });

  scenario('ephemeral metadata follows the role of the pods', async (s) => {
    const roles = { canaryMetadata: { labels: { role: 'canary' } }, stableMetadata: { labels: { role: 'stable' } } };
    await s.apply(rollout(canary([setWeight(50), pause()], roles), { replicas: 2 }));
    await s.healthy();
    await s.eventually(() => podLabel(s, 1, 'role'), ['stable', 'stable']);
    await s.update();
    await s.pausedAt(1);
    await s.eventually(() => [podLabel(s, 1, 'role'), podLabel(s, 2, 'role')], [['stable'], ['canary']]);
    await s.patch({
      spec: {
        strategy: { canary: { canaryMetadata: { labels: { role: 'new' } }, stableMetadata: { labels: { role: null, is: 'old' } } } },
      },
    });
    await s.eventually(() => [podLabel(s, 1, 'is'), podLabel(s, 2, 'role'), podLabel(s, 1, 'role')], [['old'], ['new'], [undefined]], 5000);
    await s.promote();
    await s.healthy();
    await s.eventually(
      () => [podLabel(s, 2, 'is'), podLabel(s, 2, 'role')],
      [
        ['old', 'old'],
        [undefined, undefined],
      ],
    );
  });

  scenario('a deadline that is shorter than readiness degrades for a while, before and after a pause', async (s) => {
    await s.apply(rollout(canary([setWeight(25), pause()]), { replicas: 4, readyAfter: 6, spec: { progressDeadlineSeconds: 3 } }));
    await s.phase('Degraded');
    await s.healthy();
    await s.update();
    await s.phase('Degraded');
    await s.pausedAt(1);
    await s.expectCanaryStable(1, 3);
    await s.promote();
    await s.phase('Degraded');
    await s.healthy();
  });

  scenario('waiting for the scale-down delay is no lack of progress', async (s) => {
    const routed = nginxRouted({ scaleDownDelaySeconds: 14 });
    await s.apply(...nginxObjects(), rollout(canary([setWeight(50)], routed), { spec: { progressDeadlineSeconds: 11 } }));
    await s.healthy();
    await s.update();
    await s.phase('Healthy', ({ status }) => status?.stableRS === status?.currentPodHash);
    await s.expectPods({ 1: 1, 2: 1 });
    await s.expectPods({ 1: 0, 2: 1 });
    await s.phase('Healthy', ({ status }) => status?.replicas === 1);
    expect(phasesEver(s)).not.toContain('Degraded');
  });

  scenario('as many old versions as may stay, and one that is used again loses its deadline', async (s) => {
    const routed = nginxRouted({ scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 1 });
    const deadlines = (...revisions: readonly number[]): readonly boolean[] =>
      revisions.map((revision) => s.deadline(revision) !== undefined);
    await s.apply(...nginxObjects(), rollout(canary([], routed)));
    await s.healthy();
    await s.update();
    await s.healthy();
    await s.eventually(() => [s.podCounts(1, 2), deadlines(1, 2)], [{ 1: 1, 2: 1 }, [true, false]]);
    await s.update();
    await s.healthy();
    await s.eventually(() => [s.podCounts(1, 2, 3), deadlines(1, 2, 3)], [{ 1: 0, 2: 1, 3: 1 }, [false, true, false]]);
    await s.undo(2);
    await s.healthy();
    await s.eventually(() => [s.podCounts(1, 3, 4), deadlines(1, 3, 4)], [{ 1: 0, 3: 1, 4: 1 }, [false, true, false]]);
  });

  for (const isRouted of [true, false]) {
    scenario(`an aborted canary is scaled down after its delay, ${isRouted ? 'routed' : 'without a router'}`, async (s) => {
      const services = { canaryService: 'canary', stableService: 'stable' };
      const rest = isRouted ? nginxRouted({ abortScaleDownDelaySeconds: 1 }) : services;
      const objects = isRouted ? nginxObjects() : [service('canary'), service('stable')];
      await s.apply(...objects, rollout(canary([setWeight(50), pause()], rest), { replicas: 2 }));
      await s.healthy();
      await s.update();
      await s.pausedAt(1);
      await s.expectRevisions({ canary: 2, stable: 1 });
      await s.abort();
      await s.phase('Degraded');
      await s.expectPods({ 1: 2, 2: 0 });
      await s.expectRevisions({ canary: 1, stable: 1 });
    });
  }

  scenario('a version that is superseded during a pause leaves at once', async (s) => {
    await s.apply(rollout(canary([setWeight(25), pause()]), { replicas: 4 }));
    await s.healthy();
    await s.update();
    await s.pausedAt(1);
    await s.expectPods({ 1: 3, 2: 1 });
    await s.update();
    await s.phase('Progressing');
    await s.pausedAt(1);
    await s.expectPods({ 1: 3, 2: 0, 3: 1 });
  });

  scenario('an abort delay of 0 keeps the canary for ever', async (s) => {
    const steps = [setCanaryScale({ replicas: 1 }), setWeight(50), pause()];
    await s.apply(...nginxObjects(), rollout(canary(steps, nginxRouted({ abortScaleDownDelaySeconds: 0 })), { replicas: 2 }));
    await s.healthy();
    await s.update();
    await s.pausedAt(2);
    await s.abort();
    await s.phase('Degraded');
    await s.expectPods({ 1: 2, 2: 1 });
    await s.holds(() => [s.podCounts(2), s.deadline(2)], [{ 2: 1 }, undefined], 2500);
  });

  const dynamic = (rest: object = {}): KubeObject =>
    rollout(canary([setWeight(25), pause(), setWeight(75), pause()], nginxRouted({ dynamicStableScale: true, ...rest })), {
      replicas: 4,
      isGated: true,
    });
  /** A canary at its second pause, with 3 of 4 pods. */
  const atThreeQuarters = async (s: Scenario, rest: object = {}): Promise<void> => {
    await s.apply(...nginxObjects(), dynamic(rest));
    await s.markPodsReady(1, 4);
    await s.healthy();
    await s.update();
    await s.markPodsReady(2, 1);
    await s.pausedAt(1);
    await s.expectPods({ 1: 3, 2: 1 });
    await s.promote();
    await s.markPodsReady(2, 2);
    await s.pausedAt(3);
    await s.expectPods({ 1: 1, 2: 3 });
    // What follows depends on how many are counted, not on how many there are.
    await s.eventually(() => [1, 2].map((revision) => s.replicaSet(revision)?.status?.availableReplicas), [1, 3]);
  };

  scenario('dynamicStableScale: after an abort the canary leaves as fast as stable pods become ready', async (s) => {
    await atThreeQuarters(s);
    await s.abort();
    await s.phase('Degraded');
    // As many stable pods as the next lower weight needs, then the rest.
    await s.expectPods({ 1: 3, 2: 3 });
    await s.markPodsReady(1, 2);
    await s.expectPods({ 1: 4, 2: 1 });
    await s.expectRevisions({ canary: 2, stable: 1 });
    await s.markPodsReady(1, 1);
    await s.expectPods({ 1: 4, 2: 0 });
    await s.expectRevisions({ canary: 1, stable: 1 });
  });

  scenario('dynamicStableScale: an explicit abort delay keeps the canary until stable is whole', async (s) => {
    await atThreeQuarters(s, { abortScaleDownDelaySeconds: 4 });
    await s.abort();
    await s.phase('Degraded');
    await s.expectPods({ 1: 3, 2: 3 });
    await s.holds(() => [s.podCounts(2), weights(s), s.deadline(2)], [{ 2: 3 }, [75, 25], undefined], 1500);
    await s.markPodsReady(1, 2);
    await s.expectPods({ 1: 4, 2: 3 });
    await s.markPodsReady(1, 1);
    await s.eventually(() => [weights(s), s.deadline(2) !== undefined], [[0, 100], true]);
    await s.expectPods({ 1: 4, 2: 0 });
  });

  scenario('dynamicStableScale: going back to stable keeps weights until the last pod is ready', async (s) => {
    await s.apply(...nginxObjects(), dynamic());
    await s.markPodsReady(1, 4);
    await s.healthy();
    await s.update();
    await s.markPodsReady(2, 1);
    await s.pausedAt(1);
    await s.expectPods({ 1: 3, 2: 1 });
    await s.undo(1);
    await s.expectPods({ 3: 4, 2: 1 });
    await s.holds(() => [weights(s), s.revisionBehind('canary')], [[25, 75], 2], 1500);
    await s.markPodsReady(3, 1);
    await s.eventually(() => weights(s), [0, 100]);
    await s.healthy();
  });

  scenario('spec.paused on a finished rollout is a pause without a condition of its own', async (s) => {
    await s.apply(rollout(canary([]), { readyAfter: 1 }));
    await s.healthy();
    await s.update();
    await s.healthy();
    const seen = s.view.changes('Rollout', s.namespace).length;
    await s.patch({ spec: { paused: true } });
    await s.phase('Paused');
    await s.holds(() => s.status.phase, 'Paused', 2000);
    const conditions = s.view
      .changes('Rollout', s.namespace)
      .slice(seen)
      .flatMap(({ object }) => (object.status as { conditions: { type: string; status: string; reason: string }[] }).conditions);
    expect(conditions.filter(({ type, reason }) => type === 'Progressing' && reason === 'RolloutPaused')).toEqual([]);
    expect(s.rollout().metadata.annotations?.[annotations.revision]).toBe('2');
  });
});
