import { type AnalysisRun, analysisRunType, type Experiment, experimentType } from '@sluice/api';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { experiment, metric, template } from './testing/manifests.ts';
import { type Plugin, startPlugin } from './testing/plugin-run.ts';

let plugin: Plugin;
const namespace = 'default';

beforeAll(async () => {
  plugin = await startPlugin(Date.parse('2026-03-01T12:00:00Z'));
});

afterEach(async () => {
  for (const type of [experimentType, analysisRunType]) {
    const { items } = await plugin.client.list(type);
    for (const { metadata } of items) await plugin.client.delete(type, { namespace: metadata.namespace, name: metadata.name ?? '' });
  }
});

afterAll(() => plugin.close());

describe('experiments and runs', () => {
  it('list and get', async () => {
    await plugin.client.create(experimentType, experiment());
    const status = { phase: 'Running', availableAt: '2026-03-01T12:00:00Z' };
    await plugin.client.patch(experimentType, { namespace, name: 'trial' }, 'merge', { status });
    expect((await plugin.run('list exp')).out).toMatch(/^NAME +STATUS +DURATION +REMAINING +AGE\ntrial +Running +10m +10m +\d+s +\n$/);
    expect((await plugin.run('list experiments -A')).out).toMatch(/^NAMESPACE +NAME .*\ndefault +trial /);
    const { out, err, code } = await plugin.run('get experiment trial');
    expect({ err, code }).toEqual({ err: '', code: 0 });
    expect(out).toMatch(
      /^Name: {12}trial\nNamespace: {7}default\nStatus: {10}◌ Running\n\nNAME +KIND +STATUS +AGE +INFO\nΣ trial +Experiment +◌ Running +\d+s +\n$/,
    );
    expect(await plugin.run('get exp nope')).toEqual({ out: '', err: 'Error: experiment.argoproj.io "nope" not found\n', code: 1 });
  });

  it('terminate and retry', async () => {
    await plugin.client.create(experimentType, experiment());
    await plugin.client.patch(experimentType, { namespace, name: 'trial' }, 'merge', { status: { phase: 'Failed' } });
    const read = (): Promise<Experiment> => plugin.client.get<Experiment>(experimentType, { namespace, name: 'trial' });
    // Upstream's word for it.
    expect(await plugin.run('terminate experiment trial')).toEqual({ out: "experiment 'trial' retried\n", err: '', code: 0 });
    expect((await read()).spec.terminate).toBe(true);
    expect(await plugin.run('retry exp trial')).toEqual({ out: "experiment 'trial' retried\n", err: '', code: 0 });
    expect((await read()).status).toBeUndefined();
    await plugin.client.create(analysisRunType, {
      ...template('AnalysisRun', 'run', { metrics: [metric('a')] }),
      metadata: { name: 'run', namespace },
    });
    expect((await plugin.run('terminate ar run')).out).toBe("analysisRun 'run' terminated\n");
    expect((await plugin.client.get<AnalysisRun>(analysisRunType, { namespace, name: 'run' })).spec.terminate).toBe(true);
    expect((await plugin.run('terminate analysisrun nope')).err).toBe('Error: analysisruns.argoproj.io "nope" not found\n');
  });
});
