/**
 * A whole cluster in this process on a virtual clock, with the experiments controller beside it and nobody else of ours: AnalysisRuns live
 * as the test says. The controller's process can be made to die at any write, and its calls can be answered by the test.
 */
import {
  type AnalysisRun,
  type AnalysisTemplate,
  analysisRunType,
  analysisTemplateType,
  type ClusterAnalysisTemplate,
  clusterAnalysisTemplateType,
  crds,
  type Experiment,
  experimentType,
  type KubeObject,
  labels,
  type ReplicaSet,
  rolloutType,
  type Service,
} from '../../packages/api/src/index.ts';
import { createApiServer } from '../../packages/apiserver/src/index.ts';
import { inProcessTransport, startCluster } from '../../packages/cluster/src/index.ts';
import { createExperimentController, createExperimentInformer, type ExperimentController } from '../../packages/controller/src/index.ts';
import {
  type ApiRequest,
  builtinTypes,
  type Client,
  createClient,
  createInformer,
  type EventInput,
  ownerIndex,
  ownerIndexName,
  silentLogger,
  type Transport,
  type VirtualClock,
  virtualClock,
} from '../../packages/kube/src/index.ts';

const start: number = Date.parse('2026-01-05T10:00:00Z');

export type ExperimentsCluster = {
  readonly clock: VirtualClock;
  readonly client: Client;
  /** Writes of the controller that succeeded, in order: `POST replicasets`. */
  readonly writes: string[];
  /** `reason: message` of what was told, in order; of the Rollout with `rollout ` before it. */
  readonly told: string[];
  readonly wokenRollouts: Set<string>;
  readonly controller: () => ExperimentController;
  /** Called before each request of the controller arrives; may throw. */
  onRequest: ((request: ApiRequest) => void) | undefined;
  /** After so many more writes of the controller its process is dead: nothing it sends arrives. */
  dieAfter(writes: number): void;
  readonly isDead: boolean;
  restart(): Promise<void>;
  create(object: KubeObject): Promise<KubeObject>;
  experiment(name?: string): Promise<Experiment>;
  replicaSets(): Promise<readonly ReplicaSet[]>;
  services(): Promise<readonly Service[]>;
  runs(): Promise<readonly AnalysisRun[]>;
  endRun(name: string, phase: string, message?: string): Promise<void>;
  /** Lets time pass, a fifth of a second at a time, until it is so. @throws after `seconds` of virtual time */
  until(what: string, isSo: () => Promise<boolean>, seconds?: number): Promise<void>;
  stop(): Promise<void>;
};

export async function experimentsCluster(): Promise<ExperimentsCluster> {
  const clock = virtualClock(start, 8);
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const server = await createApiServer({
    durability: 'memory',
    clock,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
    tls: false,
  });
  const cluster = await startCluster({ server, clock, random, logger: silentLogger });
  const admin = { name: 'tester', groups: ['system:masters', 'system:authenticated'] };
  const client = createClient(inProcessTransport(server, admin), { fieldManager: 'tester' });
  for (const crd of crds()) await client.create(builtinTypes.customResourceDefinitions, crd);
  await clock.settle();

  const writes: string[] = [];
  const told: string[] = [];
  const wokenRollouts = new Set<string>();
  let left = Number.POSITIVE_INFINITY;
  let life = 0;
  let onRequest: ExperimentsCluster['onRequest'];
  /** The controller's way to the server; a dead process's way leads nowhere. */
  const mortal = (): Transport => {
    const own = ++life;
    const real = inProcessTransport(server, admin);
    const gone = (): Error => new Error('the process is dead');
    return {
      async request(request: ApiRequest) {
        if (own !== life || left <= 0) throw gone();
        onRequest?.(request);
        const isWrite = request.method !== 'GET';
        const response = await real.request(request);
        if (isWrite && response.status < 400) {
          writes.push(`${request.method} ${request.path.replace(/^.*\/namespaces\/[^/]+\//, '')}`);
          left--;
        }
        // What was sent arrived; the answer does not reach the dead.
        if (left <= 0 && isWrite) throw gone();
        return response;
      },
      watch: (request) => (own === life ? real.watch(request) : Promise.reject(gone())),
      close: () => real.close(),
    };
  };

  const begin = async (): Promise<{ controller: ExperimentController; stop(): Promise<void> }> => {
    const own = createClient(mortal(), { fieldManager: 'rollouts-controller' });
    const informing = { client: own, clock, random, logger: silentLogger };
    const indexes = { [ownerIndexName]: ownerIndex };
    const informers = {
      experiments: createExperimentInformer(informing),
      replicaSets: createInformer<ReplicaSet>({
        ...informing,
        type: builtinTypes.replicaSets,
        labelSelector: labels.podTemplateHash,
        indexes,
      }),
      services: createInformer<Service>({ ...informing, type: builtinTypes.services }),
      runs: createInformer<AnalysisRun>({ ...informing, type: analysisRunType, labelSelector: `!${labels.instanceId}`, indexes }),
      templates: createInformer<AnalysisTemplate>({ ...informing, type: analysisTemplateType }),
      clusterTemplates: createInformer<ClusterAnalysisTemplate>({ ...informing, type: clusterAnalysisTemplateType }),
    };
    const say = (prefix: string, { reason, message }: EventInput): void => {
      told.push(`${prefix}${reason}: ${message}`);
    };
    const controller = createExperimentController({
      ...informing,
      informers,
      recorder: { record: (_, event) => say('', event) },
      enqueueRollout: (key) => wokenRollouts.add(key),
      tellRollout: (key, note) => say(`rollout ${key} ${note.type} `, note),
    });
    const all = Object.values(informers);
    const filled = Promise.all(all.map((informer) => informer.synced()));
    await clock.settle();
    await filled;
    controller.start();
    return {
      controller,
      async stop() {
        const stopping = controller.stop();
        await clock.advance(10_000);
        await stopping;
        for (const informer of all) informer.stop();
      },
    };
  };
  let present = await begin();
  const at = (name: string): { namespace: string; name: string } => ({ namespace: 'default', name });

  return {
    clock,
    client,
    writes,
    told,
    wokenRollouts,
    controller: () => present.controller,
    get onRequest() {
      return onRequest;
    },
    set onRequest(next) {
      onRequest = next;
    },
    dieAfter(count) {
      left = count;
    },
    get isDead() {
      return left <= 0;
    },
    async restart() {
      life++;
      await present.stop();
      left = Number.POSITIVE_INFINITY;
      present = await begin();
    },
    create: async (object) => {
      const types = [
        experimentType,
        rolloutType,
        analysisRunType,
        analysisTemplateType,
        clusterAnalysisTemplateType,
        builtinTypes.replicaSets,
        builtinTypes.services,
      ];
      const type = types.find(({ kind }) => kind === object.kind);
      if (type === undefined) throw new Error(`no type for ${object.kind}`);
      return client.create(type, object);
    },
    experiment: (name = 'ex') => client.get<Experiment>(experimentType, at(name)),
    replicaSets: async () => (await client.list<ReplicaSet>(builtinTypes.replicaSets, { namespace: 'default' })).items,
    services: async () =>
      (await client.list<Service>(builtinTypes.services, { namespace: 'default' })).items.filter(
        ({ metadata }) => metadata.name !== 'kubernetes',
      ),
    runs: async () => (await client.list<AnalysisRun>(analysisRunType, { namespace: 'default' })).items,
    async endRun(name, phase, message) {
      await client.patch(analysisRunType, at(name), 'merge', { status: { phase, ...(message === undefined ? {} : { message }) } });
    },
    async until(what, isSo, seconds = 60) {
      const end = clock.now() + seconds * 1000;
      while (clock.now() < end) {
        if (await isSo()) return;
        await clock.advance(200);
      }
      throw new Error(`${what} did not come about within ${seconds} s`);
    },
    async stop() {
      life++;
      await present.stop();
      await cluster.stop();
      await server.close();
    },
  };
}

export function experiment(
  spec: Partial<Experiment['spec']> & { readonly template?: Partial<Experiment['spec']['templates'][number]> } = {},
): Experiment {
  const { template, ...rest } = spec;
  const podLabels = { app: 'ex' };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Experiment',
    metadata: { name: 'ex', namespace: 'default' },
    spec: {
      templates: [
        {
          name: 'a',
          selector: { matchLabels: podLabels },
          template: {
            metadata: { labels: podLabels },
            spec: { containers: [{ name: 'main', image: 'app:1', ports: [{ containerPort: 80 }] }] },
          },
          ...template,
        },
      ],
      ...rest,
    },
  };
}

export function template(name: string): AnalysisTemplate {
  const metric = { name: 'm', provider: { web: { url: 'http://metrics' } }, successCondition: 'result == 1' };
  const args = [{ name: 'hash' }];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: 'default' },
    spec: { metrics: [metric], args },
  };
}
