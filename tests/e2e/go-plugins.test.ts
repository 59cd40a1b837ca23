/** Plugins of Argo Rollouts as they are: programs in Go over upstream's own server types, run by us. Needs `go`, and is skipped without. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnalysisRun, Metric, Rollout } from '@sluice/api';
import type { StepPluginAnswer, StepPluginCall } from '@sluice/engine';
import { createLogger, type Logger, silentLogger, systemClock } from '@sluice/kube';
import {
  type ConfiguredPlugin,
  createPlugins,
  installPlugins,
  type PluginLimits,
  type Plugins,
  readPluginConfiguration,
} from '@sluice/providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildGoPlugin, goOutput, hasGo } from '../harness/go-plugins.ts';
import { root } from '../harness/program.ts';

const isGoThere = await hasGo();

describe.skipIf(!isGoThere)('plugins in Go', () => {
  let folder: string;
  let configured: readonly ConfiguredPlugin[];
  const started: Plugins[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-go-plugins-'));
    const programs = join(folder, 'built');
    const metric = await buildGoPlugin('metric', programs);
    const traffic = await buildGoPlugin('traffic', programs);
    const step = await buildGoPlugin('step', programs);
    const sum = createHash('sha256')
      .update(await readFile(step))
      .digest('hex');
    const bad = ['rubbish', 'flood', 'silent', 'exit', 'nowhere', 'grpc', 'other-cookie', 'other-version', 'no-init'];
    const configuration = readPluginConfiguration({
      metricProviderPlugins: `- {name: test/metric, location: "file://${metric}"}`,
      trafficRouterPlugins: `- name: test/traffic\n  location: file://${traffic}`,
      stepPlugins: [
        `- {name: test/step, location: "file://${step}", sha256: ${sum}}`,
        `- {name: test/disabled, location: "file://${step}", disabled: true}`,
        ...bad.map((how) => `- {name: bad/${how}, location: "file://${step}", args: [${how}]}`),
      ].join('\n'),
    });
    if (!configuration.ok) throw new Error(configuration.problem);
    configured = configuration.plugins;
    await installPlugins(configured, { folder: join(folder, 'bin'), logger: silentLogger, readSecret: async () => new Map() });
  }, 600_000);

  afterAll(async () => {
    await Promise.all(started.map((plugins) => plugins.stop()));
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  async function start(limits: Partial<PluginLimits> = {}, logger: Logger = silentLogger): Promise<Plugins> {
    const plugins = createPlugins({
      configured,
      folder: join(folder, 'bin'),
      environment: {},
      clock: systemClock,
      logger,
      limits: { startMs: 30_000, ...limits },
    });
    started.push(plugins);
    return plugins;
  }

  const runOf = (config: unknown, name = 'test/step', status?: unknown): StepPluginCall => ({
    operation: 'Run',
    index: 0,
    name,
    config,
    ...(status === undefined ? {} : { status }),
  });

  const textOf = (answer: StepPluginAnswer): string =>
    answer.kind === 'result' ? `${answer.phase} ${answer.message}` : answer.kind === 'error' ? answer.message : answer.problem;

  it('are sent the fields that Go’s types have', async () => {
    const written = JSON.parse(await readFile(join(root, 'packages/providers/src/plugins/shapes/argo.data.json'), 'utf8')) as unknown;
    expect(JSON.parse(await goOutput('shapes'))).toEqual(written);
  }, 300_000);

  describe('a step plugin', () => {
    it('runs, keeps its status, terminates and aborts', async () => {
      const { steps } = await start();
      const first = await steps.call(rollout, runOf({ return: 'Running', requeue: '17s' }));
      expect(first).toMatchObject({
        kind: 'result',
        phase: 'Running',
        message: 'answered for test/step',
        requeueAfterMs: 17_000,
        status: { Data: 'shop/web', Count: 1 },
      });
      const second = await steps.call(rollout, runOf({}, 'test/step', first.kind === 'result' ? first.status : undefined));
      expect(second).toMatchObject({ phase: 'Successful', status: { Data: 'shop/web', Count: 2 } });
      const ends = { terminateReturn: 'Failed', abortReturn: 'Running' };
      expect(await steps.call(rollout, { ...runOf(ends), operation: 'Terminate' })).toMatchObject({ phase: 'Failed' });
      expect(await steps.call(rollout, { ...runOf(ends), operation: 'Abort' })).toMatchObject({ phase: 'Running' });
      expect(textOf(await steps.call(rollout, runOf({ return: 'Nonsense' })))).toBe("phase 'Nonsense' is not valid");
      expect(await steps.call(rollout, runOf({ return: 'Nonsense', unchecked: true }))).toMatchObject({
        kind: 'result',
        phase: 'Nonsense',
      });
    });

    it('sees the Rollout as it is, but for what gob itself loses', async () => {
      const { steps } = await start();
      const answer = await steps.call(rollout, runOf({ echo: true }));
      const seen = answer.kind === 'result' ? answer.status : answer;
      expect(withoutEmpty(seen)).toEqual(withoutEmpty(asSeen));
    });

    it('takes and gives messages larger than the window, many at once', async () => {
      const { steps } = await start();
      const long = { ...rollout, metadata: { ...rollout.metadata, annotations: { long: 'x'.repeat(900_000) } } };
      const answers = await Promise.all(Array.from({ length: 8 }, () => steps.call(long, runOf({ pad: 700_000 }))));
      for (const answer of answers) expect(answer).toMatchObject({ kind: 'result', phase: 'Successful' });
      const lengths = answers.map((answer) => (answer.kind === 'result' ? answer.message.length : 0));
      expect(new Set(lengths)).toEqual(new Set([700_000]));
      expect(await steps.call(rollout, runOf({ behave: 'print' }))).toMatchObject({ phase: 'Successful' });
    });

    it('that dies in a call fails that call, and is started again for the next', async () => {
      const { steps } = await start();
      for (const behave of ['die', 'panic']) {
        expect(textOf(await steps.call(rollout, runOf({ behave })))).toMatch(/^Run rpc call error: /);
        expect(await steps.call(rollout, runOf({}))).toMatchObject({ phase: 'Successful' });
      }
    });

    it('that hangs in a call is given up, and others of its calls are answered meanwhile', async () => {
      const { steps } = await start({ callMs: 1_500 });
      const hanging = steps.call(rollout, runOf({ behave: 'hang' }));
      expect(await steps.call(rollout, runOf({}))).toMatchObject({ phase: 'Successful' });
      expect(textOf(await hanging)).toBe('Run rpc call error: no answer within 1.5 s');
      expect(await steps.call(rollout, runOf({}))).toMatchObject({ phase: 'Successful' });
    });

    it('is not called when what is sent cannot be', async () => {
      const { steps } = await start();
      const wrong = { ...rollout, spec: { ...rollout.spec, replicas: 'many' } } as unknown as Rollout;
      expect(textOf(await steps.call(wrong, runOf({})))).toBe('step.RunArgs.Rollout.spec.replicas: a number is wanted, not a string');
      const half = { ...rollout, spec: { ...rollout.spec, replicas: 0.5 } };
      expect(textOf(await steps.call(half, runOf({})))).toMatch(/0\.5 is not a whole number$/);
      const huge = { ...rollout, spec: { ...rollout.spec, replicas: 2 ** 40 } };
      expect(textOf(await steps.call(huge, runOf({})))).toMatch(/^Run rpc call error: .*replicas/i);
      expect(await steps.call(rollout, runOf({}))).toMatchObject({ phase: 'Successful' });
    });

    it.each([
      ['rubbish', 'its first line is not a handshake of go-plugin: "?[31mhello, I am not a plugin"'],
      ['flood', 'its first line has no end'],
      ['silent', 'no handshake within 3 s'],
      ['exit', 'ended with code 3 before its handshake'],
      ['other-cookie', 'ended with code 1 before its handshake'],
      ['other-version', 'it speaks protocol version "7", not 1'],
      ['grpc', 'it speaks "grpc", not netrpc'],
      ['nowhere', /connect ENOENT \/nonexistent\/socket$/],
      ['no-init', 'unable to initialize plugin via rpc (bad/no-init): initialisation was to fail'],
    ])('that starts with %s is told of, and tried again', async (how, expected) => {
      const { steps } = await start({ startMs: 3_000 });
      for (let attempt = 0; attempt < 2; attempt++) {
        const answer = await steps.call(rollout, runOf({}, `bad/${how}`));
        expect(answer.kind).toBe('unavailable');
        const text = textOf(answer);
        const start = `failed to get step plugin bad/${how}: unable to start plugin system: `;
        expect(text.startsWith(start)).toBe(true);
        if (typeof expected === 'string') expect(text.slice(start.length)).toBe(expected);
        else expect(text.slice(start.length)).toMatch(expected);
      }
    });

    it('that is not configured, or disabled, is told of', async () => {
      const { steps } = await start();
      expect(textOf(await steps.call(rollout, runOf({}, 'no/such')))).toBe(
        'failed to get step plugin no/such: unable to start plugin system: unable to find plugin (no/such): plugin no/such not configured in configmap',
      );
      expect(steps.isDisabled('test/disabled')).toBe(true);
      expect(steps.isDisabled('test/step')).toBe(false);
    });

    it('ends with the controller, also in the middle of a call, and leaves nothing behind', async () => {
      const folders = async (): Promise<readonly string[]> => (await readdir(tmpdir())).filter((name) => name.startsWith('sluice-plugin-'));
      const before = new Set(await folders());
      const lines: string[] = [];
      const plugins = await start(
        {},
        createLogger({ level: 'info', format: 'json', clock: systemClock, write: (line) => void lines.push(line) }),
      );
      await plugins.steps.call(rollout, runOf({}));
      const pid = Number(/"pid":(\d+)/.exec(lines.join(''))?.[1]);
      const made = (await folders()).filter((name) => !before.has(name));
      expect(() => process.kill(pid, 0)).not.toThrow();
      expect(made).toHaveLength(1);
      const hanging = plugins.steps.call(rollout, runOf({ behave: 'hang' }));
      await plugins.stop();
      expect((await hanging).kind).not.toBe('result');
      expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
      expect(textOf(await plugins.steps.call(rollout, runOf({})))).toMatch(/plugins are being stopped$/);
      await expect.poll(async () => (await folders()).filter((name) => made.includes(name))).toEqual([]);
    });
  });

  describe('a metric plugin', () => {
    const metricOf = (config: unknown): Metric => ({ name: 'errors', interval: '10s', provider: { plugin: { 'test/metric': config } } });
    const question = (config: unknown) => ({ run: analysisRun, metric: metricOf(config), now: 0 });

    it('measures, goes on, ends and cleans up', async () => {
      const source = (await start()).metricSource(metricOf({}).provider);
      expect(await source.measure(question({ phase: 'Successful', value: '7' }))).toEqual({
        kind: 'verdict',
        phase: 'Successful',
        value: '7',
        metadata: { run: 'web-1', metric: 'errors' },
      });
      const running = await source.measure(question({ phase: 'Running', resumeAfter: '90s' }));
      expect(running).toMatchObject({ phase: 'Running', resumeAt: Date.parse('2026-01-02T01:05:35.678Z') });
      const measurement = { phase: 'Running' as const, startedAt: '2026-01-02T03:04:05Z', value: '1', metadata: { a: 'b' } };
      expect(await source.resume?.(question({}), measurement)).toMatchObject({
        phase: 'Successful',
        message: 'resumed',
        value: '1',
        metadata: { a: 'b' },
      });
      expect(await source.terminate?.(question({}), measurement)).toMatchObject({ message: 'terminated' });
      await expect(source.collectGarbage?.(question({}), 3)).resolves.toBeUndefined();
      await expect(source.collectGarbage?.(question({ fail: 'full' }), 3)).rejects.toThrow(
        'failed to garbage collect via plugin: full, limit 3',
      );
      expect(await source.metadata?.(question({}))).toEqual({ asked: 'errors' });
      expect(await source.metadata?.(question({ fail: 'no' }))).toEqual({ error: 'failed to get metadata via plugin: no' });
    });

    it('fails as upstream says', async () => {
      const plugins = await start();
      const source = plugins.metricSource(metricOf({}).provider);
      expect(await source.measure(question({ phase: 'Error', message: 'why' }))).toMatchObject({
        message: 'failed to run via plugin: why',
      });
      await expect(source.measure(question({ behave: 'die' }))).rejects.toThrow(/^Run rpc call error: /);
      await expect(plugins.metricSource({ plugin: { 'no/such': {} } }).measure(question({}))).rejects.toThrow(
        'failed to create plugin: unable to get metric plugin: unable to start plugin system: unable to find plugin (no/such): plugin no/such not configured in configmap',
      );
    });

    it('sees the run and the metric as they are', async () => {
      const source = (await start()).metricSource(metricOf({}).provider);
      const reading = await source.measure(question({ echo: true, phase: 'Successful' }));
      const seen = JSON.parse(reading.kind === 'verdict' ? (reading.message ?? '') : '') as unknown;
      expect(withoutEmpty(seen)).toEqual(withoutEmpty({ run: analysisRun, metric: metricOf({ echo: true, phase: 'Successful' }) }));
    });
  });

  describe('a traffic router plugin', () => {
    const echoing: Rollout = { ...rollout, metadata: { ...rollout.metadata, annotations: { echo: 'yes' } } };
    const targets = [{ weight: 5, serviceName: 'e', podTemplateHash: 'abc' }];
    const seenBy = async (call: Promise<unknown>, start: string): Promise<unknown> => {
      const message = await call.then(
        () => '',
        (problem: Error) => problem.message,
      );
      expect(message.startsWith(start)).toBe(true);
      return JSON.parse(message.slice(start.length)) as unknown;
    };

    it('is told everything, and its errors are upstream’s', async () => {
      const router = (await start()).router('test/traffic');
      expect(await router.type()).toBe('test-traffic');
      await expect(router.setWeight(rollout, 20, targets)).resolves.toBeUndefined();
      expect(await seenBy(router.updateHash(echoing, 'c', 's', targets), 'failed to update hash via plugin: ')).toEqual([
        'UpdateHash',
        'c',
        's',
        targets,
      ]);
      expect(await seenBy(router.setWeight(echoing, 20, []), 'failed to set weight via plugin: ')).toEqual(['SetWeight', 20, null]);
      const header = { name: 'h', match: [{ headerName: 'agent', headerValue: { exact: 'x' } }] };
      expect(await seenBy(router.setHeaderRoute(echoing, header), 'failed to set header route via plugin: ')).toEqual([
        'SetHeaderRoute',
        header,
      ]);
      const mirror = { name: 'm', percentage: 35, match: [{ path: { prefix: '/' }, headers: { a: { regex: '.*' } } }] };
      expect(await seenBy(router.setMirrorRoute(echoing, mirror), 'failed to set mirror route via plugin: ')).toEqual([
        'SetMirrorRoute',
        mirror,
      ]);
      const routes = await seenBy(router.removeManagedRoutes(echoing), 'failed to remove managed routes via plugin: ');
      expect(withoutEmpty(routes)).toEqual(withoutEmpty(['RemoveManagedRoutes', { ...asSeen, metadata: echoing.metadata }]));
      expect(await seenBy(router.verifyWeight(echoing, 20, []), 'failed to verify weight via plugin: ')).toEqual([
        'VerifyWeight',
        20,
        null,
      ]);
    });

    it('verifies: yes, no, not at all', async () => {
      const router = (await start()).router('test/traffic');
      const asked = (verified: string): Promise<boolean | undefined> =>
        router.verifyWeight({ ...rollout, metadata: { ...rollout.metadata, annotations: { verified } } }, 20, []);
      expect([await asked('yes'), await asked('no'), await asked('')]).toEqual([true, false, undefined]);
    });

    it('that is not there is told of', async () => {
      await expect((await start()).router('no/such').setWeight(rollout, 1, [])).rejects.toThrow(
        'failed to get traffic router plugin no/such: unable to start plugin system: unable to find plugin (no/such): plugin no/such not configured in configmap',
      );
    });
  });
});

const time = '2026-01-02T03:04:05Z';

/** With as much as a Rollout can have that is hard to send. */
const rollout: Rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: '7a',
    generation: 3,
    creationTimestamp: time,
    labels: { app: 'web', empty: '' },
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '8', controller: true }],
    managedFields: [
      { manager: 'kubectl', operation: 'Update', apiVersion: 'v1', time, fieldsType: 'FieldsV1', fieldsV1: { 'f:spec': {} } },
    ],
  },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }] },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'web:1',
            ports: [{ containerPort: 80, protocol: 'TCP' }],
            env: [
              { name: 'A', value: 'grüße' },
              { name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
            ],
            resources: { limits: { cpu: '100m', memory: '1Gi' } },
            livenessProbe: { httpGet: { path: '/', port: 'http' }, initialDelaySeconds: 5 },
            readinessProbe: { tcpSocket: { port: 80 } },
          },
        ],
        volumes: [
          { name: 'v', configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } },
          { name: 'e', emptyDir: {} },
        ],
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ operator: 'Exists' }],
      },
    },
    strategy: {
      canary: {
        maxSurge: '25%',
        maxUnavailable: 1,
        steps: [
          { setWeight: 20 },
          { pause: {} },
          { pause: { duration: '10s' } },
          { plugin: { name: 'test/step', config: { a: [1, 'two', null, { three: false }] } } },
          { setHeaderRoute: { name: 'h', match: [{ headerName: 'x', headerValue: { prefix: 'y' } }] } },
        ],
        trafficRouting: { plugins: { 'test/traffic': { httpRoute: 'web' } }, managedRoutes: [{ name: 'h' }] },
      },
    },
  },
  status: {
    phase: 'Progressing',
    currentStepIndex: 3,
    pauseConditions: [{ reason: 'CanaryPauseStep', startTime: time }],
    conditions: [{ type: 'Available', status: 'True', lastUpdateTime: time, lastTransitionTime: time, reason: 'r', message: 'm' }],
    canary: {
      weights: { canary: { weight: 20, podTemplateHash: 'abc' }, stable: { weight: 80 } },
      stepPluginStatuses: [
        { index: 3, name: 'test/step', operation: 'Run', phase: 'Running', startedAt: time, executions: 1, status: { Data: 'd' } },
      ],
    },
  },
} as unknown as Rollout;

/** Quantities arrive without their number. */
const asSeen = JSON.parse(JSON.stringify(rollout).replace('"100m"', '"0"').replace('"1Gi"', '"0"')) as Rollout;

const analysisRun: AnalysisRun = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: { name: 'web-1', namespace: 'shop', labels: { a: 'b' } },
  spec: {
    args: [{ name: 'host', value: 'web' }],
    metrics: [
      { name: 'errors', interval: '10s', count: 3, failureLimit: 1, provider: { plugin: { 'test/metric': { phase: 'Successful' } } } },
      { name: 'web', provider: { web: { url: 'http://web', headers: [{ key: 'a', value: 'b' }], jsonBody: { x: 1 } } } },
    ],
  },
  status: {
    phase: 'Running',
    startedAt: time,
    metricResults: [
      {
        name: 'errors',
        phase: 'Running',
        count: 1,
        measurements: [{ phase: 'Successful', value: '1', startedAt: time, finishedAt: time }],
      },
    ],
  },
} as unknown as AnalysisRun;

/** What Go writes although it is nothing (`null`, `{}`, `0`, `""`), away with it on both sides. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => withoutEmpty(entry) ?? null);
  if (typeof value !== 'object' || value === null)
    return value === '' || value === 0 || value === false || value === null ? undefined : value;
  const entries = Object.entries(value)
    .map(([key, entry]) => [key, withoutEmpty(entry)] as const)
    .filter(([, entry]) => entry !== undefined);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
