/** The experiments controller in a whole cluster on a virtual clock: what it makes of the world, of refusals, and of its own death. */
import { afterEach, describe, expect, it } from 'vitest';
import { experimentType, failure, StatusError } from '../../packages/api/src/index.ts';
import { builtinTypes } from '../../packages/kube/src/index.ts';
import { type ExperimentsCluster, experiment, experimentsCluster, template } from '../harness/experiments-cluster.ts';
import { rollout } from '../harness/rollouts-cluster.ts';

let cluster: ExperimentsCluster | undefined;

async function begin(): Promise<ExperimentsCluster> {
  cluster = await experimentsCluster();
  return cluster;
}

afterEach(async () => {
  await cluster?.stop();
  cluster = undefined;
});

const phaseIs = (world: ExperimentsCluster, phase: string) => async (): Promise<boolean> =>
  (await world.experiment()).status?.phase === phase;
const analyses = [
  { name: 'x', templateName: 'ok', args: [{ name: 'hash', value: '{{templates.a.podTemplateHash}}' }], requiredForCompletion: true },
];

describe('an Experiment', () => {
  it('runs for its time, with a service, and its pods go after the delay', async () => {
    const world = await begin();
    await world.create(experiment({ duration: '10s', scaleDownDelaySeconds: 5, template: { service: {} } }));
    await world.until('Running', phaseIs(world, 'Running'));
    const [set] = await world.replicaSets();
    expect(set?.metadata).toMatchObject({ name: 'ex-a', annotations: { 'experiment.argoproj.io/template-name': 'a' } });
    const [service] = await world.services();
    expect(service?.metadata.name).toBe('ex-a');
    expect(service?.spec).toMatchObject({ selector: set?.metadata.labels, ports: [{ port: 80, targetPort: 80 }] });
    expect((await world.experiment()).status?.templateStatuses).toMatchObject([{ serviceName: 'ex-a', status: 'Running' }]);

    await world.until('Successful', phaseIs(world, 'Successful'));
    expect((await world.replicaSets())[0]?.spec?.replicas).toBe(1);
    await world.until('the pods are gone', async () => (await world.replicaSets())[0]?.status?.replicas === 0);
    await world.until('the service is gone', async () => (await world.services()).length === 0);
    expect(world.told).toEqual([
      "TemplateProgressing: Template 'a' transitioned from  -> Progressing",
      'ExperimentPending: Experiment transitioned from  -> Pending',
      'ScalingReplicaSet: Scaled up ReplicaSet ex-a from 0 to 1',
      "TemplateRunning: Template 'a' transitioned from Progressing -> Running",
      'ExperimentRunning: Experiment transitioned from Pending -> Running',
      "TemplateSuccessful: Template 'a' transitioned from Running -> Successful",
      'ExperimentSuccessful: Experiment transitioned from Running -> Successful',
      'ScalingReplicaSet: Scaled down ReplicaSet ex-a from 1 to 0',
    ]);
    const before = world.writes.length;
    await world.clock.advance(60_000);
    expect(world.writes.length).toBe(before);
    const { experiments, passes } = world.controller().metrics();
    expect(experiments).toEqual([{ namespace: 'default', name: 'ex', phase: 'Successful' }]);
    expect(passes).toMatchObject([{ namespace: 'default', name: 'ex', errors: 0 }]);
  });

  it('of a Rollout wakes it, and tells it of its analyses', async () => {
    const world = await begin();
    await world.create(template('ok'));
    const plain = experiment({ scaleDownDelaySeconds: 0, analyses });
    const { metadata } = await world.create(rollout('web'));
    const owner = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'web', uid: metadata.uid ?? '', controller: true };
    await world.create({ ...plain, metadata: { ...plain.metadata, ownerReferences: [owner] } });
    await world.until('a run', async () => (await world.runs()).length === 1);
    await world.endRun('ex-x', 'Failed', 'too bad');
    await world.until('Failed', phaseIs(world, 'Failed'));
    await world.clock.advance(200);
    expect(world.wokenRollouts).toEqual(new Set(['default/web']));
    expect(world.told.filter((text) => text.startsWith('rollout'))).toEqual([
      "rollout default/web Warning AnalysisRunPending: AnalysisRun 'x' transitioned from  -> Pending",
      "rollout default/web Warning AnalysisRunFailed: AnalysisRun 'x' transitioned from Pending -> Failed: too bad",
    ]);
  });

  it('is retried when its status is cleared, with another run', async () => {
    const world = await begin();
    await world.create(template('ok'));
    await world.create(experiment({ scaleDownDelaySeconds: 0, analyses }));
    await world.until('a run', async () => (await world.runs()).length === 1);
    await world.endRun('ex-x', 'Failed');
    await world.until('the pods are gone', async () => (await world.replicaSets())[0]?.status?.replicas === 0);
    await world.clock.advance(2_000);
    await world.client.patch(experimentType, { namespace: 'default', name: 'ex' }, 'merge', {
      status: null,
    });
    await world.until('another run', async () => (await world.runs()).length === 2);
    expect((await world.experiment()).status?.analysisRuns).toMatchObject([{ analysisRun: 'ex-x.1' }]);
  });
});

describe('a controller that dies', () => {
  const go = async (world: ExperimentsCluster): Promise<void> => {
    let isRestarted = false;
    const step = async (): Promise<void> => {
      if (world.isDead && !isRestarted) {
        isRestarted = true;
        await world.clock.advance(3_000);
        await world.restart();
      }
      const [run] = await world.runs();
      if (run?.status?.phase === '') await world.endRun(run.metadata.name ?? '', 'Successful');
    };
    await world.until('the end', async () => {
      await step();
      const { status } = await world.experiment();
      const [set] = await world.replicaSets();
      return status?.phase === 'Successful' && set?.status?.replicas === 0 && (await world.services()).length === 0;
    });
    await world.clock.advance(5_000);
    const { status } = await world.experiment();
    expect(status).toMatchObject({
      phase: 'Successful',
      message: 'Required AnalysisRuns completed',
      analysisRuns: [{ name: 'x', analysisRun: 'ex-x', phase: 'Successful' }],
      templateStatuses: [{ name: 'a', status: 'Successful', replicas: 0 }],
    });
    expect(status?.templateStatuses?.[0]?.serviceName).toBeUndefined();
    expect((await world.runs()).map(({ metadata }) => metadata.name)).toEqual(['ex-x']);
    expect((await world.replicaSets()).length).toBe(1);
  };

  // The last of these is beyond the writes that there are: nobody dies.
  it.each(Array.from({ length: 16 }, (_, index) => index + 1))('after write %i is followed by one that goes on', async (write) => {
    const world = await begin();
    await world.create(template('ok'));
    world.dieAfter(write);
    await world.create(experiment({ scaleDownDelaySeconds: 2, template: { service: { name: 'svc' } }, analyses }));
    await go(world);
    if (write === 16) expect(world.isDead).toBe(false);
  });
});

describe('what the API says', () => {
  it('no to a ReplicaSet: the experiment is an error', async () => {
    const world = await begin();
    world.onRequest = ({ method, path }) => {
      if (method === 'POST' && path.endsWith('/replicasets')) throw new StatusError(failure(403, 'Forbidden', 'exceeded quota: pods'));
    };
    await world.create(experiment());
    await world.until('Error', phaseIs(world, 'Error'));
    expect((await world.experiment()).status?.message).toBe("Failed to create ReplicaSet for template 'a': exceeded quota: pods");
    expect(world.told[0]).toBe('ReplicaSetCreateError: Failed to create new replica set "ex-a": exceeded quota: pods');
    const before = world.told.length;
    await world.clock.advance(60_000);
    expect(world.told.length).toBe(before);
  });

  it('no to a size, once pods were to be more', async () => {
    const world = await begin();
    await world.create(experiment());
    await world.until('Running', phaseIs(world, 'Running'));
    world.onRequest = ({ method, path, body }) => {
      const { replicas } = (body as { readonly spec?: { readonly replicas?: number } } | undefined)?.spec ?? {};
      if (method === 'PATCH' && path.endsWith('/replicasets/ex-a') && replicas === 3)
        throw new StatusError(failure(422, 'Invalid', 'too many'));
    };
    const { spec, metadata } = await world.experiment();
    const [first] = spec.templates;
    await world.client.patch(experimentType, { namespace: 'default', name: metadata.name ?? '' }, 'merge', {
      spec: { templates: [{ ...first, replicas: 3 }] },
    });
    await world.until('Error', phaseIs(world, 'Error'));
    expect((await world.experiment()).status?.message).toBe(
      "Unable to scale ReplicaSet for template 'a' to desired replica count '3': too many",
    );
    expect(world.told).toContain('ReplicaSetUpdateError: Failed to scale ex-a up: too many');
    await world.until('the pods are gone', async () => (await world.replicaSets())[0]?.status?.replicas === 0);
  });

  it('later: it is tried again', async () => {
    const world = await begin();
    let failures = 3;
    world.onRequest = ({ method, path }) => {
      if (method === 'POST' && path.endsWith('/replicasets') && failures-- > 0)
        throw new StatusError(failure(500, 'InternalError', 'etcd is away'));
    };
    await world.create(experiment());
    await world.until('Running', phaseIs(world, 'Running'));
    expect(failures).toBeLessThan(0);
  });

  it('that a name is taken by a ReplicaSet which the cache does not have', async () => {
    const world = await begin();
    const selector = { matchLabels: { app: 'theirs' } };
    const pods = { metadata: { labels: { app: 'theirs' } }, spec: { containers: [{ name: 'main', image: 'app:1' }] } };
    await world.create({
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: { name: 'ex-a', namespace: 'default' },
      spec: { replicas: 0, selector, template: pods },
    });
    await world.create(experiment({ duration: '1s', scaleDownDelaySeconds: 0 }));
    await world.until('said', async () => (await world.experiment()).status?.templateStatuses?.[0]?.collisionCount === 1);
    expect((await world.experiment()).status?.message).toBe('ReplicaSet ex-a exists already and is not owned by experiment template a');
    await world.client.delete(builtinTypes.replicaSets, { namespace: 'default', name: 'ex-a' });
    await world.until('Successful', phaseIs(world, 'Successful'));
  });

  it('that a name is taken by a Service: the template is an error', async () => {
    const world = await begin();
    await world.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'svc', namespace: 'default' },
      spec: { ports: [{ port: 1 }] },
    });
    await world.create(experiment({ template: { service: { name: 'svc' } } }));
    await world.until('Error', phaseIs(world, 'Error'));
    expect((await world.experiment()).status?.message).toBe(
      "Failed to create Service svc for template 'a': service svc already exists and is not owned by experiment template a",
    );
  });

  it('that a name is taken by a run of another instance, which the cache does not have', async () => {
    const world = await begin();
    await world.create(template('ok'));
    const metadata = { name: 'ex-x', namespace: 'default', labels: { 'argo-rollouts.argoproj.io/controller-instance-id': 'blue' } };
    await world.create({ apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata, spec: { metrics: [] } });
    await world.create(experiment({ analyses }));
    await world.until('two runs', async () => (await world.runs()).length === 2);
    expect((await world.experiment()).status?.analysisRuns).toMatchObject([{ analysisRun: 'ex-x.1' }]);
  });
});
