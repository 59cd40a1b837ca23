/** Going back inside the rollback window skips the analysis, outside of it does not. */
import { analysisTemplate, canary, jobMetric, rollout, templates } from '../../harness/rollouts/manifests.ts';
import { type Scenario, scenario, suite } from '../../harness/rollouts/scenario.ts';

/** Installed and updated so many times, with one analysis for each update. */
const updated = async (s: Scenario, updates: number): Promise<void> => {
  await s.apply(
    analysisTemplate('quick', [jobMetric('job', 'exit 0')]),
    rollout(canary([{ analysis: { templates: templates('quick') } }]), { spec: { rollbackWindow: { revisions: 2 } } }),
  );
  await s.healthy();
  for (let update = 1; update <= updates; update++) {
    await s.update();
    await s.healthy();
    await s.eventually(() => s.analysisRuns().length, update);
  }
};

suite('rollback window', [], () => {
  scenario('inside: no new analysis', async (s) => {
    await updated(s, 3);
    await s.undo(2);
    await s.healthy();
    await s.holds(() => s.analysisRuns().length, 3, 1000);
  });

  scenario('outside: one more analysis', async (s) => {
    await updated(s, 4);
    await s.undo(2);
    await s.healthy();
    await s.eventually(() => s.analysisRuns().length, 5);
  });
});
