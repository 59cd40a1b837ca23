/**
 * Measures the API server, the client and the controller, and prints one table. Beside the embedded server a given one, where
 * SLUICE_BENCH_KUBECONFIG names it. `--quick` is a smaller run of two minutes, `--gates` ends with 1 when a floor is missed, `--only NAME`
 * (writes, lists, informer, decode, restart, passes, rollouts, idle, canaries) runs a part.
 *
 * `fleet [--kubeconfig F] [--count N] [--replicas R]` is one update of many Rollouts instead, see `fleet.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleProcesses, killAll, start } from './child.ts';
import { stateWrites } from './counted-transport.ts';
import { fleet } from './fleet.ts';
import { measureDecode, measureInformer, measureLists, measureRestart, measureWrites } from './measures.ts';
import { createPodTemplates } from './objects.ts';
import type { Task, TaskResult } from './processes/whole-system.ts';
import { Report } from './report.ts';
import { measureFleet, measureIdleFleet } from './rollouts.ts';
import { percentile } from './statistics.ts';
import { embeddedTarget, givenTarget, type RestartableTarget, type Target } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    gates: { type: 'boolean', default: false },
    only: { type: 'string' },
    kubeconfig: { type: 'string' },
    count: { type: 'string', default: '100' },
    replicas: { type: 'string', default: '5' },
  },
});
const rounds = values.quick ? 3 : 5;
const roundMs = values.quick ? 1000 : 3000;
const objects = values.quick ? 2_000 : 10_000;
const rolloutCount = values.quick ? 40 : 200;
const given = process.env.SLUICE_BENCH_KUBECONFIG;

const bundles = mkdtempSync(join(tmpdir(), 'sluice-bench-bundles-'));
const report = new Report();

const isWanted = (name: string): boolean => values.only === undefined || values.only === name;

/** On a terminal's other stream, so that the table stays alone on stdout. */
function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** One server for one part; the next part begins with a fresh one. */
async function on<T>(made: Promise<Target>, measure: (target: Target) => Promise<T>): Promise<T> {
  const target = await made;
  try {
    return await measure(target);
  } finally {
    await target.stop();
  }
}

const durable = (): Promise<RestartableTarget> => embeddedTarget(bundles, { durability: 'durable', tls: true, withCluster: false });
const inMemory = (): Promise<Target> => embeddedTarget(bundles, { durability: 'memory', tls: false, withCluster: false });
const cluster = (): Promise<Target> => embeddedTarget(bundles, { durability: 'durable', tls: true, withCluster: true });
const real = (): Promise<Target> | undefined => (given === undefined ? undefined : givenTarget(given));

async function writes(): Promise<void> {
  const run = (target: Target) => measureWrites(target, rounds, roundMs);
  const tls = await on(durable(), run);
  const givenTo = real();
  const beside = givenTo === undefined ? undefined : await on(givenTo, run);
  report.row('merge patches/s, TLS, durable, 16 writers, 1 watcher', tls.writesPerSecond, beside?.writesPerSecond, {
    unit: '/s',
    atLeast: 2_800,
  });
  report.row('  write p99', tls.writeP99Ms, beside?.writeP99Ms, { unit: 'ms' });
  report.row('  watch delay p50', tls.watchP50Ms, beside?.watchP50Ms, { unit: 'ms' });
  report.row('  watch delay p99', tls.watchP99Ms, beside?.watchP99Ms, { unit: 'ms', atMost: 25 });
  report.row('  server CPU a write', tls.serverCpuUsEach, beside?.serverCpuUsEach, { unit: 'us' });
  report.row('  client CPU a write', tls.clientCpuUsEach, beside?.clientCpuUsEach, { unit: 'us' });
  report.row('  server memory', tls.serverRssMb, beside?.serverRssMb, { unit: 'MB' });
  const memory = await on(inMemory(), run);
  report.row('the same in memory over http', memory.writesPerSecond, undefined, { unit: '/s', atLeast: 5_500 });
  report.row('  watch delay p99', memory.watchP99Ms, undefined, { unit: 'ms', atMost: 25 });
  report.row('  server CPU a write', memory.serverCpuUsEach, undefined, { unit: 'us' });
}

async function listsAndInformer(): Promise<void> {
  const run = async (target: Target) => {
    await createPodTemplates(target.client, target.namespace, objects);
    const lists = isWanted('lists') ? await measureLists(target, rounds) : undefined;
    const informer = isWanted('informer') ? await measureInformer(target, bundles, rounds) : undefined;
    return { lists, informer };
  };
  const embedded = await on(durable(), run);
  const givenTo = real();
  const beside = givenTo === undefined ? undefined : await on(givenTo, run);
  const isFull = objects === 10_000;
  if (embedded.lists !== undefined) {
    const { wholeMs, wholeMb, pageMs, serverRssMb } = embedded.lists;
    report.row(`LIST of ${objects} (${wholeMb.toFixed(0)} MB), TLS`, wholeMs, beside?.lists?.wholeMs, {
      unit: 'ms',
      ...(isFull ? { atMost: 500 } : {}),
    });
    report.row('  page of 500', pageMs, beside?.lists?.pageMs, { unit: 'ms', atMost: 5 });
    report.row('  server memory', serverRssMb, beside?.lists?.serverRssMb, { unit: 'MB' });
  }
  if (embedded.informer !== undefined) {
    const { wallMs, peakRssMb, cpuMs } = embedded.informer;
    report.row(`informer sync of ${objects}`, wallMs, beside?.informer?.wallMs, { unit: 'ms', ...(isFull ? { atMost: 1_000 } : {}) });
    report.row('  client peak memory', peakRssMb, beside?.informer?.peakRssMb, { unit: 'MB', atMost: 260 });
    report.row('  client CPU', cpuMs, beside?.informer?.cpuMs, { unit: 'ms' });
  }
}

async function decode(): Promise<void> {
  const { eventsPerCpuSecond } = await measureDecode(bundles, rounds, values.quick ? 20_000 : 60_000);
  report.row('decode of watch events into a cache, a core', eventsPerCpuSecond, undefined, { unit: '/s', atLeast: 12_000 });
}

async function restart(): Promise<void> {
  const count = values.quick ? 5_000 : 50_000;
  const target = await durable();
  try {
    const { readyMs, rssMb } = await measureRestart(target, count, rounds);
    report.row(`restart after kill -9 with ${count} objects until ready`, readyMs, undefined, { unit: 'ms', atMost: 2_000 });
    report.row('  server memory', rssMb, undefined, { unit: 'MB' });
  } finally {
    await target.stop();
  }
}

async function rollouts(): Promise<void> {
  const shape = { count: rolloutCount, replicas: 5, pauseSeconds: 1, idleMs: 5_000 };
  const run = (target: Target) => measureFleet(target, bundles, shape);
  const embedded = await on(cluster(), run);
  const givenTo = real();
  const beside = givenTo === undefined ? undefined : await on(givenTo, run);
  report.row(`${rolloutCount} Rollouts of 5 pods updated at once`, embedded.wallMs, beside?.wallMs, { unit: 'ms' });
  report.row('  controller CPU', embedded.controllerCpuMs, beside?.controllerCpuMs, { unit: 'ms' });
  report.row('  controller memory', embedded.controllerRssMb, beside?.controllerRssMb, { unit: 'MB' });
  report.row('  state writes each', embedded.stateWritesEach, beside?.stateWritesEach, { unit: '', atMost: 24 });
  report.row('  Events each', embedded.eventsEach, beside?.eventsEach, { unit: '' });
}

async function inOneProcess(task: Task): Promise<TaskResult> {
  const child = start(bundles, 'whole-system', [JSON.stringify(task)]);
  const result = await child.ask<TaskResult>();
  await child.stop();
  return result;
}

async function passes(): Promise<void> {
  const shape = { replicas: 10, pauseSeconds: 5 };
  const idle = await inOneProcess({ kind: 'passes', count: values.quick ? 50 : 200, rounds: values.quick ? 20 : 50, ...shape });
  report.row('no-op pass of one rollout', (idle.cpuMs * 1000) / idle.passes, undefined, { unit: 'us', atMost: 150 });
  report.row('  writes of all passes', stateWrites(idle.writes), undefined, { unit: '', atMost: 0 });
  const ten = await inOneProcess({ kind: 'writes', ...shape });
  report.row('state writes for 10 replicas, 4 steps', stateWrites(ten.writes), undefined, { unit: '', atMost: 24 });
  const hundred = await inOneProcess({ kind: 'writes', ...shape, replicas: 100 });
  const patches = (hundred.writes['PATCH rollouts'] ?? 0) + (hundred.writes['PATCH rollouts/status'] ?? 0);
  report.row('Rollout patches at 100 replicas', patches, undefined, { unit: '', atMost: 16 });
}

async function idle(): Promise<void> {
  const count = values.quick ? 1_000 : 10_000;
  const shape = { count, replicas: 1, pauseSeconds: 1, idleMs: values.quick ? 5_000 : 30_000 };
  const { found, created } = await on(cluster(), (target) => measureIdleFleet(target, bundles, shape));
  report.row(`writes of ${count.toLocaleString('en')} idle rollouts`, found.writes + created.writes, undefined, { unit: '', atMost: 0 });
  report.row('  controller CPU, of a core', Math.max(found.cpuPercent, created.cpuPercent), undefined, { unit: '%', atMost: 2 });
  report.row('  controller memory', found.rssMb, undefined, { unit: 'MB', atMost: 350 });
  report.row('  the same after it has created them', created.rssMb, undefined, { unit: 'MB' });
}

async function canaries(): Promise<void> {
  const count = values.quick ? 100 : 1_000;
  const { cpuMs, wallMs, lateMs } = await inOneProcess({ kind: 'canaries', count, replicas: 10, pauseSeconds: 10 });
  const isFull = count === 1_000;
  report.row(`${count.toLocaleString('en')} canaries of 10 at once, in process, CPU`, cpuMs / 1000, undefined, {
    unit: 's',
    ...(isFull ? { atMost: 60 } : {}),
  });
  report.row('  wall', wallMs / 1000, undefined, { unit: 's' });
  report.row('  lateness of a step p99', percentile(lateMs, 99) / 1000, undefined, { unit: 's', atMost: 2 });
}

const parts: readonly (readonly [name: string, run: () => Promise<void>, isWanted: boolean])[] = [
  ['writes', writes, isWanted('writes')],
  ['lists and informer', listsAndInformer, isWanted('lists') || isWanted('informer')],
  ['decode', decode, isWanted('decode')],
  ['restart', restart, isWanted('restart')],
  ['passes', passes, isWanted('passes')],
  ['rollouts', rollouts, isWanted('rollouts')],
  ['idle rollouts', idle, isWanted('idle')],
  ['canaries', canaries, isWanted('canaries')],
];

async function table(): Promise<void> {
  for (const [name, run, wanted] of parts) {
    if (!wanted) continue;
    tell(`measuring ${name} ...`);
    await run();
  }
  console.log(report.text(given !== undefined));
  if (values.gates && report.missed > 0) process.exitCode = 1;
}

async function oneFleet(): Promise<void> {
  const [count, replicas] = [Number(values.count), Number(values.replicas)];
  if (!Number.isInteger(count) || !Number.isInteger(replicas) || count < 1 || replicas < 1)
    throw new Error('--count and --replicas take whole numbers of at least 1');
  const { kubeconfig } = values;
  const target = kubeconfig === undefined ? cluster() : givenTarget(kubeconfig);
  tell('measuring a fleet ...');
  console.log(await on<string>(target, (made) => fleet(made, bundles, { count, replicas })));
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    killAll();
    rmSync(bundles, { recursive: true, force: true });
    process.exit(130);
  });
}

try {
  const [cpu] = cpus();
  console.log(`Node ${process.versions.node}, ${cpus().length} cores (${cpu?.model.trim()}), ${(totalmem() / 2 ** 30).toFixed(0)} GB`);
  await bundleProcesses(bundles);
  const [command = 'table'] = positionals;
  if (command === 'fleet') await oneFleet();
  else if (command === 'table') await table();
  else throw new Error(`there is no bench of the name ${command}`);
} catch (error) {
  console.error(`the bench broke off: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
} finally {
  killAll();
  rmSync(bundles, { recursive: true, force: true });
}
