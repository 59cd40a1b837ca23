/** Blue-green: metadata of the roles, deadlines with and without a pause, a small preview. */
import { blueGreen, rollout, service } from '../../harness/rollouts/manifests.ts';
import { type Scenario, scenario, suite } from '../../harness/rollouts/scenario.ts';

const services = [service('active'), service('preview')];
const podLabel = (s: Scenario, revision: number, key: string): readonly unknown[] =>
  s.pods(revision).map(({ metadata }) => metadata.labels?.[key]);

suite('blue-green', [], () => {
  scenario('ephemeral metadata follows the role of the pods', async (s) => {
    const roles = { activeMetadata: { labels: { role: 'active' } }, previewMetadata: { labels: { role: 'preview' } } };
    await s.apply(...services, rollout(blueGreen({ previewService: 'preview', autoPromotionEnabled: false, ...roles })));
    await s.healthy();
    await s.eventually(() => podLabel(s, 1, 'role'), ['active']);
    await s.update();
    await s.phase('Paused');
    await s.eventually(() => [podLabel(s, 1, 'role'), podLabel(s, 2, 'role')], [['active'], ['preview']]);
    await s.patch({
      spec: { strategy: { blueGreen: { activeMetadata: { labels: { role: 'live' } }, previewMetadata: { labels: { role: 'next' } } } } },
    });
    await s.eventually(() => [podLabel(s, 1, 'role'), podLabel(s, 2, 'role')], [['live'], ['next']], 5000);
    await s.promote();
    await s.healthy();
    await s.eventually(() => podLabel(s, 2, 'role'), ['live']);
  });

  for (const isPaused of [true, false]) {
    scenario(`a deadline that is shorter than readiness degrades for a while, ${isPaused ? 'with' : 'without'} a pause`, async (s) => {
      const strategy = blueGreen({ previewService: 'preview', autoPromotionEnabled: !isPaused });
      await s.apply(...services, rollout(strategy, { readyAfter: 6, spec: { progressDeadlineSeconds: 3 } }));
      await s.phase('Degraded');
      await s.healthy();
      await s.expectRevisions({ active: 1 });
      await s.update();
      await s.phase('Degraded');
      if (isPaused) {
        await s.phase('Paused');
        await s.expectRevisions({ active: 1, preview: 2 });
        await s.promote();
      }
      await s.healthy();
      await s.expectRevisions({ active: 2 });
    });
  }

  scenario('a small preview grows to full size before it becomes active', async (s) => {
    const strategy = blueGreen({
      previewService: 'preview',
      previewReplicaCount: 1,
      autoPromotionEnabled: false,
      scaleDownDelaySeconds: 60,
    });
    await s.apply(...services, rollout(strategy, { replicas: 2 }));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.expectCounts(2, 3, 1, 2, 2);
    await s.promote();
    await s.healthy();
    await s.expectCounts(2, 4, 2, 2, 2);
  });
});
