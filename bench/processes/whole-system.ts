/**
 * API server, built-in controllers, simulated pods and our controller in one process. Argument: JSON of `Task`. Says one `TaskResult`.
 * On a virtual clock where time is only in the way, on the machine's where being late is the question.
 */
import { type Clock, crds, type KubeObject, parseTime, type Rollout, rolloutType } from '@sluice/api';
import { createApiServer, type UserInfo } from '@sluice/apiserver';
import { type Cluster, inProcessTransport, startCluster } from '@sluice/cluster';
import { type RolloutController, startRolloutController } from '@sluice/controller';
import {
  builtinTypes,
  type Client,
  createClient,
  createInformer,
  type Informer,
  silentLogger,
  systemClock,
  virtualClock,
} from '@sluice/kube';
import { type CountedTransport, countedTransport, difference, type WriteCounts } from '../counted-transport.ts';
import { type CanaryShape, canary, inParallel, isSettled, newImage } from '../objects.ts';

export type Task =
  /** Looks at Rollouts that are done, `rounds` times each. */
  | ({ readonly kind: 'passes'; readonly count: number; readonly rounds: number } & CanaryShape)
  /** One update of one Rollout. */
  | ({ readonly kind: 'writes' } & CanaryShape)
  /** All updates at once. */
  | ({ readonly kind: 'canaries'; readonly count: number } & CanaryShape);

export type TaskResult = {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly passes: number;
  /** Of our controller. */
  readonly writes: WriteCounts;
  /** How much later than its pause said each timed step ended. */
  readonly lateMs: readonly number[];
};

const namespace = 'default';
const [first, second] = ['example.com/web:1', 'example.com/web:2'];
const admin: UserInfo = { name: 'bench', groups: ['system:masters', 'system:authenticated'] };

type System = {
  readonly client: Client;
  readonly cluster: Cluster;
  readonly controller: RolloutController;
  readonly transport: CountedTransport;
  readonly rollouts: Informer<Rollout>;
  passes(): number;
};

/** A wait that lets time pass, on whichever clock. */
type Wait = (delayMs: number) => Promise<void>;

async function startSystem(clock: Clock, wait: Wait): Promise<System> {
  const random = Math.random;
  const logger = silentLogger;
  const randomBytes = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count));
  const server = await createApiServer({ durability: 'memory', clock, randomBytes, tls: false });
  const cluster = await startCluster({ server, clock, random, logger });
  const client = createClient(inProcessTransport(server, admin), { fieldManager: 'bench' });
  for (const crd of crds()) await client.create(builtinTypes.customResourceDefinitions, crd);
  await wait(100);
  const transport = countedTransport(inProcessTransport(server, admin));
  let passes = 0;
  const controller = await startRolloutController({
    client: createClient(transport, { fieldManager: 'sluice' }),
    clock,
    random,
    logger,
    version: 'bench',
    onPass: () => passes++,
  });
  const rollouts = createInformer<Rollout>({ client, type: rolloutType, clock, random, logger });
  await rollouts.synced();
  return { client, cluster, controller, transport, rollouts, passes: () => passes };
}

function areSettled({ rollouts }: System, count: number, image: string): boolean {
  for (const rollout of rollouts.list()) if (!isSettled(rollout as KubeObject, image)) return false;
  return rollouts.size === count;
}

async function settled(system: System, count: number, image: string, wait: Wait): Promise<void> {
  while (!areSettled(system, count, image)) await wait(200);
}

async function create({ client }: System, count: number, shape: CanaryShape): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `rollout-${i}`);
  await inParallel(names, 16, (name) => client.create(rolloutType, canary(name, namespace, first, shape)));
  return names;
}

function update({ client }: System, names: readonly string[]): Promise<void> {
  return inParallel(names, 16, (name) => client.patch(rolloutType, { namespace, name }, 'json', newImage(second)));
}

function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function measurePasses(task: Task & { kind: 'passes' }): Promise<TaskResult> {
  const clock = virtualClock(Date.now());
  const wait: Wait = (delayMs) => clock.advance(delayMs);
  const system = await startSystem(clock, wait);
  const names = await create(system, task.count, task);
  await settled(system, task.count, first, wait);
  await update(system, names);
  await settled(system, task.count, second, wait);
  // Whatever an update leaves to be done later, such as pods of the old version.
  await wait(120_000);
  const stopping = system.cluster.stop();
  await wait(20_000);
  await stopping;
  // The controller looks at every Rollout once in a quarter of an hour of its clock.
  const looked = async (rounds: number): Promise<void> => {
    const wanted = system.passes() + task.count * rounds;
    while (system.passes() < wanted) await wait(60_000);
  };
  // Until the code is compiled.
  await looked(Math.ceil(2_000 / task.count));
  const [writes, passes, cpuMs, begun] = [system.transport.counts(), system.passes(), usedMs(), performance.now()];
  await looked(task.rounds);
  return {
    cpuMs: usedMs() - cpuMs,
    wallMs: performance.now() - begun,
    passes: system.passes() - passes,
    writes: difference(system.transport.counts(), writes),
    lateMs: [],
  };
}

async function measureWrites(task: Task & { kind: 'writes' }): Promise<TaskResult> {
  const clock = virtualClock(Date.now());
  const wait: Wait = (delayMs) => clock.advance(delayMs);
  const system = await startSystem(clock, wait);
  const names = await create(system, 1, task);
  await settled(system, 1, first, wait);
  await wait(60_000);
  const [writes, passes, cpuMs, begun] = [system.transport.counts(), system.passes(), usedMs(), performance.now()];
  await update(system, names);
  await settled(system, 1, second, wait);
  await wait(120_000);
  return {
    cpuMs: usedMs() - cpuMs,
    wallMs: performance.now() - begun,
    passes: system.passes() - passes,
    writes: difference(system.transport.counts(), writes),
    lateMs: [],
  };
}

async function measureCanaries(task: Task & { kind: 'canaries' }): Promise<TaskResult> {
  const wait: Wait = (delayMs) => new Promise((resolve) => setTimeout(resolve, delayMs));
  const system = await startSystem(systemClock, wait);
  const names = await create(system, task.count, task);
  await settled(system, task.count, first, wait);
  const lateMs: number[] = [];
  system.rollouts.addHandler({
    updated: (rollout, previous) => {
      const begunAt = parseTime(previous.status?.pauseConditions?.find(({ reason }) => reason === 'CanaryPauseStep')?.startTime);
      if (begunAt === undefined || rollout.status?.currentStepIndex === previous.status?.currentStepIndex) return;
      lateMs.push(Math.max(0, Date.now() - begunAt - task.pauseSeconds * 1000));
    },
  });
  const [writes, passes, cpuMs, begun] = [system.transport.counts(), system.passes(), usedMs(), performance.now()];
  await update(system, names);
  await settled(system, task.count, second, wait);
  return {
    cpuMs: usedMs() - cpuMs,
    wallMs: performance.now() - begun,
    passes: system.passes() - passes,
    writes: difference(system.transport.counts(), writes),
    lateMs,
  };
}

function run(task: Task): Promise<TaskResult> {
  switch (task.kind) {
    case 'passes':
      return measurePasses(task);
    case 'writes':
      return measureWrites(task);
    case 'canaries':
      return measureCanaries(task);
  }
}

const result = await run(JSON.parse(process.argv[2] ?? '{}') as Task);
process.send?.(result);
process.on('disconnect', () => process.exit(0));
