/** What every rollout does: abort, promote, restart, bad versions, deadlines, workload references. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Deployment, KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { expect, inject } from 'vitest';
import { freePort, root, until } from '../../harness/program.ts';
import {
  analysisTemplate,
  blueGreen,
  canary,
  deployment,
  jobMetric,
  pause,
  podSpec,
  type RolloutOptions,
  rollout,
  service,
  setWeight,
  templates,
} from '../../harness/rollouts/manifests.ts';
import { type Scenario, scenario, suite } from '../../harness/rollouts/scenario.ts';

const { deployments, services } = builtinTypes;
const container = (options: RolloutOptions): object => ({ template: { spec: podSpec(options) } });
const good = container({ image: 'example.com/web:good' });
const bad = (tag: string): object => container({ image: `example.com/web:${tag}`, isBad: true });
const deadline = { progressDeadlineSeconds: 5 };
/** For what must never miss it, on a busy machine either. */
const ampleDeadline = { progressDeadlineSeconds: 12 };
const oneByOne = { maxSurge: 1, maxUnavailable: 0 };
const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };

/** A Rollout whose template is the Deployment's. */
const referring = (strategy: object, scaleDown: string, spec: object = {}): KubeObject => {
  const whole = rollout(strategy as Record<string, unknown>);
  const { template: _, ...rest } = whole.spec as Record<string, unknown>;
  return { ...whole, spec: { ...rest, workloadRef: { ...workloadRef, scaleDown }, ...spec } };
};
const deploymentSize = (s: Scenario): number | undefined =>
  s.view.objects<Deployment>('Deployment', s.namespace).find(({ metadata }) => metadata.name === 'web')?.spec?.replicas;

suite('functional', [], () => {
  scenario('abort, retry and the end of a timed pause come in exactly this order of events', async (s) => {
    await s.apply(rollout(canary([setWeight(50), pause(3)])));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.expectCanaryStable(1, 1);
    await s.abort();
    await s.phase('Degraded');
    await s.expectPods({ 2: 0 });
    await s.retry();
    await s.phase('Paused');
    await s.healthy();
    const installed = ['NewReplicaSetCreated', 'RolloutNotCompleted', 'ScalingReplicaSet'];
    await s.eventually(
      () => s.eventReasons(),
      [
        ...['RolloutAddedToInformer', 'RolloutUpdated', ...installed, 'RolloutCompleted'],
        ...['RolloutUpdated', ...installed, 'RolloutStepCompleted', 'RolloutPaused'],
        ...['ScalingReplicaSet', 'RolloutAborted'],
        ...['ScalingReplicaSet', 'RolloutStepCompleted', 'RolloutPaused'],
        ...['RolloutStepCompleted', 'RolloutResumed', 'ScalingReplicaSet', 'RolloutCompleted'],
      ],
      15_000,
    );
  });

  scenario('promote skips a long pause, then a running analysis; promote --full ends an aborted canary', async (s) => {
    await s.apply(
      analysisTemplate('long', [jobMetric('job', 'sleep 86400; exit 0')]),
      rollout(
        canary([pause('24h'), { analysis: { templates: templates('long') } }, pause(), setWeight(50), pause()], {
          analysis: { templates: templates('long'), startingStep: 4 },
        }),
      ),
    );
    await s.healthy();
    await s.update();
    await s.pausedAt(0);
    await s.expectRuns();
    await s.promote();
    await s.eventually(() => s.status.currentStepIndex, 1);
    await s.expectRuns('Running');
    await s.promote();
    await s.pausedAt(2);
    await s.abort();
    await s.phase('Degraded');
    await s.promote('--full');
    await s.healthy();
    expect(s.analysisRuns()).toHaveLength(1);
  });

  scenario('promote --full of a blue-green passes by its analyses', async (s) => {
    const analysis = { templates: templates('long') };
    await s.apply(
      service('active'),
      analysisTemplate('long', [jobMetric('job', 'sleep 86400; exit 0')]),
      rollout(blueGreen({ prePromotionAnalysis: analysis, postPromotionAnalysis: analysis })),
    );
    await s.healthy();
    await s.update();
    await s.expectRuns('Running');
    await s.promote('--full');
    await s.healthy();
    await s.expectRevisions({ active: 2 });
    expect(s.analysisRuns()).toHaveLength(1);
  });

  scenario('restarts as many pods at once as may be unavailable', async (s) => {
    await s.apply(rollout(canary([setWeight(25), pause()], { maxUnavailable: '75%' }), { replicas: 4, readyAfter: 6 }));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.expectCounts(4, 4, 1, 4, 4);
    const old = new Set([1, 2].flatMap((revision) => s.pods(revision).map(({ metadata }) => metadata.uid)));
    await s.command('restart web');
    await s.expectCounts(4, 4, 1, 1, 1);
    expect([1, 2].flatMap((revision) => s.pods(revision).filter(({ metadata }) => old.has(metadata.uid)))).toHaveLength(1);
  });

  scenario('a disruption budget holds back a restart until it is gone', async (s) => {
    const budget = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { minAvailable: 4, selector: { matchLabels: { app: 'web' } } },
    };
    await s.apply(budget, rollout(canary([setWeight(25), pause()], { maxUnavailable: '100%' }), { replicas: 4, readyAfter: 5 }));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.expectCounts(4, 4, 1, 4, 4);
    await s.command('restart web');
    await s.holds(() => s.counts(), [4, 4, 1, 4, 4], 3000);
    await s.kubectl(['delete', 'pdb', 'web']);
    await s.until('no pod is available', () => s.status.availableReplicas === undefined || s.status.availableReplicas === 0);
  });

  scenario('a template with a field named items is deployed', async (s) => {
    const volume = { name: 'who', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } };
    await s.apply(rollout(canary([]), { pod: { volumes: [volume] } }));
    await s.healthy();
    const volumes = (): readonly (string | undefined)[] =>
      s.pods(1).flatMap(({ spec }) => (spec.volumes as { name: string }[] | undefined)?.map(({ name }) => name));
    await s.until('the pod has the volume', () => volumes().includes('who'));
  });

  scenario('unknown and superfluous fields do no harm', async (s) => {
    const odd = rollout(canary([pause(1)]), {
      container: { resources: { requests: { cpu: 1, memory: '1Gi' }, foo: 'bar' }, unknown: { deep: [1] } },
      spec: { unknown: true },
      pod: { ephemeralContainers: [] },
    });
    await s.kubectl(['apply', '--validate=false', '-f', '-'], JSON.stringify(labelled(odd)));
    await s.healthy();
    await s.update();
    await s.healthy();
    await s.expectPods({ 2: 1 });
  });

  scenario('amounts of processor time may be written as numbers and as texts', async (s) => {
    const [first, ...others] = [0.001, '0.001', '1m'].map((cpu, at) => ({
      name: `c${at}`,
      image: 'example.com/web:1',
      resources: { requests: { cpu }, limits: { cpu } },
    }));
    await s.apply(rollout(canary([]), { pod: { containers: [first, ...others] } }));
    await s.healthy();
    const requests = (): unknown =>
      s.pods(1)[0]?.spec.containers.map(({ resources }) => (resources as { requests: { cpu: string } }).requests.cpu);
    await s.eventually(requests, ['1m', '1m', '1m']);
  });

  scenario('a bad version is noticed, and so is the next', async (s) => {
    await s.apply(rollout(canary([], oneByOne), { replicas: 4, spec: deadline }));
    await s.healthy();
    await s.patch({ spec: bad('bad') });
    await s.phase('Degraded');
    await s.expectCanaryStable(1, 4);
    await s.patch({ spec: bad('worse') });
    await s.phase('Progressing');
    await s.phase('Degraded');
    await s.expectPods({ 1: 4, 2: 0, 3: 1 });
  });

  scenario('a good version takes the place of a bad one', async (s) => {
    await s.apply(rollout(canary([], oneByOne), { replicas: 4, isBad: true, spec: deadline }));
    await s.phase('Degraded');
    await s.patch({ spec: { template: { spec: { containers: [{ name: 'web', image: 'example.com/web:good' }] } } } });
    await s.healthy();
    await s.expectPods({ 1: 0, 2: 4 });
  });

  scenario('a bad version after a bad one', async (s) => {
    await s.apply(rollout(canary([], oneByOne), { replicas: 4, isBad: true, spec: deadline }));
    await s.phase('Degraded');
    await s.patch({ spec: bad('worse') });
    await s.phase('Progressing');
    await s.phase('Degraded');
    await s.expectPods({ 1: 4, 2: 1 });
  });

  scenario('a good version takes the place of a bad one by weights', async (s) => {
    await s.apply(rollout(canary([setWeight(50), pause(2)], oneByOne), { replicas: 4, isBad: true, spec: deadline }));
    await s.phase('Degraded');
    await s.patch({ spec: good });
    await s.healthy();
    await s.expectPods({ 1: 0, 2: 4 });
  });

  scenario('a blue-green update comes in exactly this order of events', async (s) => {
    await s.apply(service('active'), rollout(blueGreen(), { replicas: 3 }));
    await s.healthy();
    await s.expectCounts(3, 3, 3, 3, 3);
    await s.update();
    await s.healthy();
    await s.expectCounts(3, 6, 3, 3, 3);
    await s.expectRevisions({ active: 2 });
    const added = ['RolloutAddedToInformer', 'RolloutUpdated', 'NewReplicaSetCreated', 'ScalingReplicaSet'];
    await s.eventually(
      () => s.eventReasons(),
      [
        ...[...added, 'RolloutCompleted', 'SwitchService'],
        ...['RolloutUpdated', 'NewReplicaSetCreated', 'RolloutNotCompleted', 'ScalingReplicaSet', 'SwitchService', 'RolloutCompleted'],
      ],
      15_000,
    );
  });

  scenario('the strategy changes from blue-green to canary together with the version', async (s) => {
    await s.apply(service('active'), rollout(blueGreen(), { replicas: 2 }));
    await s.healthy();
    await s.expectRevisions({ active: 1 });
    await s.update({ strategy: { blueGreen: null, ...canary([setWeight(50), pause(5)]) } });
    await s.phase('Paused');
    await s.expectCounts(2, 2, 1, 2, 2);
    await s.eventually(() => selector(s, 'active'), { app: 'web' });
    await s.healthy();
  });

  scenario('a missing template is an invalid spec until it is there', async (s) => {
    await s.apply(rollout(canary([{ analysis: { templates: templates('later') } }]), { replicas: 0 }));
    await s.phase('Degraded');
    await s.apply(analysisTemplate('later', [jobMetric('job', 'exit 1')]));
    await s.healthy();
    expect(s.analysisRuns()).toEqual([]);
  });

  scenario('old versions of a blue-green stay for their delay, as many as may', async (s) => {
    const strategy = blueGreen({ scaleDownDelaySeconds: 600, scaleDownDelayRevisionLimit: 2 });
    await s.apply(service('active'), rollout(strategy));
    await s.healthy();
    await s.update();
    await s.healthy();
    await s.expectCounts(1, 2, 1, 1, 1);
    await s.update();
    await s.healthy();
    await s.update();
    await s.healthy();
    await s.expectPods({ 4: 1, 3: 1, 2: 1, 1: 0 });
    await s.expectCounts(1, 3, 1, 1, 1);
    await s.patch({ spec: { strategy: { blueGreen: { scaleDownDelayRevisionLimit: 1 } } } });
    await s.expectPods({ 4: 1, 3: 1, 2: 0 });
    await s.expectCounts(1, 2, 1, 1, 1);
  });

  scenario('a blue-green version that misses its deadline is aborted only when that is asked for', async (s) => {
    const strategy = blueGreen({ previewService: 'preview', abortScaleDownDelaySeconds: 2 });
    await s.apply(service('active'), service('preview'), rollout(strategy, { spec: { ...deadline, progressDeadlineAbort: false } }));
    await s.healthy();
    await s.patch({ spec: bad('bad') });
    await s.phase('Degraded');
    expect(s.status.abort ?? false).toBe(false);
    await s.holds(() => s.podCounts(2), { 2: 1 }, 3000);
    await s.patch({ spec: { progressDeadlineAbort: true } });
    await s.phase('Degraded', ({ status }) => status?.abort === true);
    expect(s.status.conditions).toHaveLength(4);
    await s.expectPods({ 1: 1, 2: 0 });
  });

  scenario('an aborted preview is scaled down after its delay', async (s) => {
    const strategy = blueGreen({
      previewService: 'preview',
      previewReplicaCount: 1,
      abortScaleDownDelaySeconds: 1,
      autoPromotionEnabled: false,
    });
    await s.apply(service('active'), service('preview'), rollout(strategy, { replicas: 2 }));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.expectPods({ 1: 2, 2: 1 });
    await s.abort();
    await s.phase('Degraded');
    await s.expectPods({ 1: 2, 2: 0 });
  });

  scenario('kubectl wait sees Paused come and go', async (s) => {
    await s.apply(service('active'), rollout(blueGreen({ autoPromotionEnabled: false })));
    await s.healthy();
    await s.expectRevisions({ active: 1 });
    await s.update();
    await s.kubectl(['wait', '--for=condition=Paused', '--timeout=40s', 'rollout/web']);
    await s.expectRevisions({ active: 1 });
    await s.promote();
    await s.kubectl(['wait', '--for=condition=Paused=False', '--timeout=40s', 'rollout/web']);
    await s.healthy();
    await s.expectRevisions({ active: 2 });
  });

  scenario('kubectl wait sees Healthy go and come', async (s) => {
    await s.apply(rollout(canary([]), { readyAfter: 3 }));
    await s.healthy();
    await s.kubectl(['wait', '--for=condition=Healthy', '--timeout=40s', 'rollout/web']);
    await s.update();
    await s.kubectl(['wait', '--for=condition=Healthy=False', '--timeout=40s', 'rollout/web']);
    await s.kubectl(['wait', '--for=condition=Healthy=True', '--timeout=40s', 'rollout/web']);
    await s.healthy();
  });

  scenario('a rollout that has been finished for longer than its deadline is restarted without a fault', async (s) => {
    await s.apply(rollout(canary([]), { replicas: 2, spec: { ...ampleDeadline, progressDeadlineAbort: true } }));
    await s.healthy();
    await s.holds(() => s.status.phase, 'Healthy', 13_000);
    await s.command('restart web');
    await s.until('the restart is over', () => {
      const { restartAt } = s.rollout().spec;
      return restartAt !== undefined && s.status.restartedAt === restartAt;
    });
    await s.phase('Healthy', ({ spec, status }) => spec.restartAt !== undefined && status?.restartedAt === spec.restartAt);
    const phases = s.view.changes('Rollout', s.namespace).map(({ object }) => (object.status as { phase?: string } | undefined)?.phase);
    expect(phases).not.toContain('Degraded');
  });

  scenario('a template beside a workload reference is refused', async (s) => {
    await s.apply(deployment(), rollout(canary([]), { spec: { workloadRef } }));
    await s.phase('Degraded');
    expect(s.status.conditions).toHaveLength(1);
    expect(s.status.conditions?.[0]?.message).toContain('template must be empty for workload reference rollout');
  });

  scenario('a workload reference: missing, found, changed for the worse and the better, wrong, replaced', async (s) => {
    await s.apply(service('active'), referring(blueGreen({ scaleDownDelaySeconds: 5 }), 'never', { progressDeadlineSeconds: 5 }));
    await s.phase('Degraded');
    expect(selector(s, 'active')).toEqual({ app: 'web' });
    await s.apply(deployment({ replicas: 0 }));
    await s.healthy();
    await s.expectRevisions({ active: 1 });
    expect(s.status.workloadObservedGeneration).toBe('1');
    expect(s.rollout().spec.template).toBeUndefined();
    const image = (value: string): Promise<void> =>
      s.patchObject(deployments, 'web', { spec: { template: { spec: { containers: [{ name: 'web', image: value }] } } } });
    await image('example.com/does-not-exist:2');
    await s.phase('Degraded', ({ status }) => status?.workloadObservedGeneration === '2');
    await image('example.com/web:blue');
    await s.phase('Healthy', ({ status }) => status?.workloadObservedGeneration === '3');
    await s.patch({ spec: { workloadRef: { name: 'nobody' } } });
    await s.phase('Degraded', ({ status }) => status?.conditions?.some(({ type }) => type === 'InvalidSpec') === true);
    await s.patch({ spec: { workloadRef: { name: 'web' } } });
    await s.healthy();
    await s.patch({
      spec: { workloadRef: null, template: { metadata: { labels: { app: 'web' } }, spec: podSpec({ image: 'example.com/web:own' }) } },
    });
    await s.phase('Healthy', ({ status }) => (status?.workloadObservedGeneration ?? '') === '');
    expect(s.rollout().spec.template).toBeDefined();
  });

  scenario('the controller answers for its metrics', async (s) => {
    const [metrics, health] = [await freePort(), await freePort()];
    const { kubeconfig } = inject('rolloutsCluster');
    const flags = ['--kubeconfig', kubeconfig, '--leader-elect=false', '--instance-id', s.namespace, '--namespaced', '-n', s.namespace];
    const ports = ['--metricsPort', `${metrics}`, '--healthzPort', `${health}`];
    const controller = spawn(process.execPath, [join(root, 'apps/sluice/bin/sluice'), 'controller', ...flags, ...ports], {
      stdio: 'ignore',
    });
    try {
      const answer = await until('metrics', () => fetch(`http://localhost:${metrics}/metrics`));
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain('# TYPE');
    } finally {
      controller.kill('SIGKILL');
    }
  });

  scenario('a pause that is longer than the progress deadline is no fault', async (s) => {
    await s.apply(rollout(canary([setWeight(32), pause(15)]), { replicas: 1, spec: ampleDeadline }));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.healthy();
    const phases = s.view.changes('Rollout', s.namespace).map(({ object }) => (object.status as { phase?: string } | undefined)?.phase);
    expect(phases).not.toContain('Degraded');
  });

  for (const scaleDown of ['onsuccess', 'progressively']) {
    scenario(`a Deployment that is referred to ends at 0: ${scaleDown}`, async (s) => {
      await s.apply(deployment({ replicas: 2 }));
      await s.apply(referring(canary([]), scaleDown, { replicas: 2 }));
      await s.healthy();
      await s.eventually(() => deploymentSize(s), 0);
    });
  }

  scenario('a Deployment that was scaled down progressively stays down: blue-green', async (s) => {
    await s.apply(service('active'), deployment({ replicas: 3 }));
    await s.apply(referring(blueGreen({ scaleDownDelaySeconds: 1 }), 'progressively', { replicas: 3 }));
    await s.healthy();
    await s.eventually(() => deploymentSize(s), 0);
    await s.scale(6);
    await s.healthy();
    await s.expectCounts(6, 6, 6, 6, 6);
    await s.scale(2);
    await s.healthy();
    await s.expectCounts(2, 2, 2, 2, 2);
    expect(deploymentSize(s)).toBe(0);
    await s.patchObject(deployments, 'web', { spec: { template: { metadata: { annotations: { update: '1' } } } } });
    await s.eventually(() => s.revisionBehind('active'), 2);
    await s.expectCounts(2, 2, 2, 2, 2);
    expect(deploymentSize(s)).toBe(0);
  });

  scenario('a Deployment that was scaled down progressively stays down: canary', async (s) => {
    const steps = [setWeight(25), pause('24h'), setWeight(50), pause('24h'), setWeight(75), pause('24h')];
    await s.apply(deployment({ replicas: 4 }));
    await s.apply(referring(canary(steps), 'progressively', { replicas: 4 }));
    await s.healthy();
    await s.eventually(() => deploymentSize(s), 0);
    await s.scale(8);
    await s.healthy();
    await s.expectCounts(8, 8, 8, 8, 8);
    await s.patchObject(deployments, 'web', { spec: { template: { metadata: { annotations: { update: '1' } } } } });
    for (const step of [1, 3, 5]) {
      await s.pausedAt(step);
      await s.promote();
    }
    await s.healthy();
    await s.expectCounts(8, 8, 8, 8, 8);
    expect(deploymentSize(s)).toBe(0);
  });

  scenario('a Deployment that is never scaled down keeps its pods', async (s) => {
    await s.apply(deployment({ replicas: 2 }));
    await s.apply(referring(canary([]), 'never', { replicas: 2 }));
    await s.healthy();
    await s.holds(() => deploymentSize(s), 2, 2000);
  });

  scenario('size and version may change together, twice', async (s) => {
    await s.apply(rollout(canary([setWeight(50)]), { replicas: 1 }));
    await s.healthy();
    await s.update({ replicas: 2 });
    await s.healthy();
    await s.update({ replicas: 4 });
    await s.healthy();
    await s.expectCounts(4, 4, 4, 4, 4);
  });

  scenario('a small preview may be paused beyond its deadline, and is filled up by promote --full', async (s) => {
    const strategy = blueGreen({ previewService: 'preview', previewReplicaCount: 1, autoPromotionEnabled: false });
    await s.apply(service('active'), service('preview'), rollout(strategy, { replicas: 2, spec: { progressDeadlineSeconds: 1 } }));
    await s.healthy();
    await s.update();
    await s.phase('Paused');
    await s.holds(() => s.status.phase, 'Paused', 2500);
    await s.expectCounts(2, 3, 1, 2, 2);
    await s.promote('--full');
    await s.healthy();
    await s.expectCounts(2, 4, 2, 2, 2);
  });

  scenario('a version that misses its deadline is aborted, and the stable one serves all', async (s) => {
    await s.apply(rollout(canary([setWeight(50), pause()]), { replicas: 3, spec: { ...deadline, progressDeadlineAbort: true } }));
    await s.healthy();
    await s.patch({ spec: { template: { spec: podSpec({ image: 'example.com/does-not-exist:2' }) } } });
    await s.phase('Degraded', ({ status }) => status?.abort === true);
    expect(s.status.message).toMatch(
      /^RolloutAborted: Rollout aborted update to revision 2: ReplicaSet "web-\w+" has timed out progressing\.$/,
    );
    await s.expectPods({ 1: 3, 2: 0 });
  });

  scenario('a bad spec is named with its field, a malformed one refused', async (s) => {
    await s.apply(rollout(canary([setWeight(101)])));
    await s.phase('Degraded');
    expect(s.status.message).toBe(
      'InvalidSpec: The Rollout "web" is invalid: spec.strategy.steps[0].setWeight: Invalid value: 101: SetWeight needs to be between 0 and 100',
    );
    expect(s.replicaSets()).toEqual([]);
    await expect(s.apply(rollout(canary([]), { name: 'other', spec: { replicas: 'many' } }))).rejects.toThrow(/spec\.replicas/);
  });

  scenario('the commands say what they have done', async (s) => {
    await s.apply(rollout(canary([setWeight(50), pause()]), { replicas: 2 }));
    await s.healthy();
    expect(await s.command('set image web web=example.com/web:2')).toBe('rollout "web" image updated\n');
    await s.pausedAt(1);
    expect(await s.abort()).toBe("rollout 'web' aborted\n");
    await s.phase('Degraded');
    expect(await s.retry()).toBe("rollout 'web' retried\n");
    await s.pausedAt(1);
    expect(await s.promote()).toBe("rollout 'web' promoted\n");
    await s.healthy();
    expect(await s.undo(1)).toBe("rollout 'web' undo\n");
    await s.pausedAt(1);
    expect(await s.promote('--full')).toBe("rollout 'web' fully promoted\n");
    await s.phase('Healthy', ({ status }) => status?.stableRS === s.hash(3));
  });
});

function selector(s: Scenario, name: string): unknown {
  const found = s.view.objects<KubeObject>(services.kind, s.namespace).find(({ metadata }) => metadata.name === name);
  return (found?.spec as { selector?: unknown } | undefined)?.selector;
}

function labelled(object: KubeObject): KubeObject {
  const { instanceId } = inject('rolloutsCluster');
  const label = instanceId === undefined ? {} : { 'argo-rollouts.argoproj.io/controller-instance-id': instanceId };
  return { ...object, metadata: { ...object.metadata, labels: label } };
}
