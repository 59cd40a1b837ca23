import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PodRule } from '@sluice/cluster';
import { createHelmDriver, type DeployOutcome, type DeployProgress, deploy, type HelmDriver } from '@sluice/helm';
import { silentLogger } from '@sluice/kube';
import { canaryPicture, rolloutLine } from '@sluice/views';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../embedded/embedded-cluster.ts';
import { exitCodes, UserError } from '../../exit-codes.ts';
import { type Io, usesColor } from '../../io.ts';
import { LiveFrame } from '../../live-frame.ts';
import { requireTool } from '../../tools.ts';
import { type Claim, Claims, claimEqual } from './claims.ts';
import type { DemoOptions } from './index.ts';
import { CanaryNotes, readRecords, readRollout, type Service, servingVersions } from './observations.ts';

const greeter: Service = { name: 'greeter', namespace: 'demo' };
const pods = 5;

/** Pods that take a moment, so that a person can follow; version 3 starts but is never ready. */
const podLife: readonly PodRule[] = [
  {
    name: 'version 3 of the greeter',
    match: { image: '*/greeter:3.*' },
    life: { isNeverReady: true, startedAfter: { minMs: 300, maxMs: 600 } },
  },
  { name: 'the greeter', match: { image: '*/greeter:*' }, life: { startedAfter: { minMs: 600, maxMs: 1400 } } },
];

type Stage = {
  readonly io: Io;
  readonly color: boolean;
  readonly frame: LiveFrame;
  readonly claims: Claims;
  readonly cluster: EmbeddedCluster;
  readonly helm: HelmDriver;
  readonly folder: string;
};

/** Tells the story; the exit code is 1 when a claim was false. Leaves nothing behind, also when it is cut short. */
export async function runDemo(options: DemoOptions, io: Io): Promise<number> {
  const startedAt = io.clock.now();
  const tool = await requireTool('helm', io);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-demo-'));
  const frame = new LiveFrame(io.out);
  const print = (line: string): void => (io.out.isTerminal ? frame.print(line) : io.out.write(`${line}\n`));
  const claims = new Claims(print);
  let cluster: EmbeddedCluster | undefined;
  try {
    cluster = await startEmbeddedCluster({
      dataDir: join(folder, 'data'),
      host: '127.0.0.1',
      port: 0,
      rules: podLife,
      logger: silentLogger,
      io,
    });
    const kubeconfig = join(folder, 'kubeconfig');
    await writeFile(kubeconfig, cluster.kubeconfig, { mode: 0o600 });
    const helm = await createHelmDriver({ binary: tool.path, kubeconfig, env: io.env });
    print(`A cluster of its own serves at ${cluster.url}, started in ${io.clock.now() - startedAt} ms; helm ${helm.version} delivers.`);
    const stage: Stage = { io, color: usesColor(io, io.out, !options.color), frame, claims, cluster, helm, folder };
    for (const act of [firstVersion, canary, badVersion]) {
      await act(stage, print);
      // What follows would only repeat the failure.
      if (io.signal.aborted || claims.falseCount > 0) break;
    }
  } finally {
    frame.release();
    await cluster?.stop();
    await rm(folder, { recursive: true, force: true });
  }
  if (io.signal.aborted) return exitCodes.cancelled;
  print('');
  claims.say({ text: 'nothing is left behind', isTrue: !existsSync(folder), seen: folder });
  const seconds = Math.round((io.clock.now() - startedAt) / 1000);
  if (claims.falseCount > 0) {
    io.err.write(`Error: ${claims.falseCount} of the claims above ${claims.falseCount === 1 ? 'is' : 'are'} false\n`);
    return exitCodes.failed;
  }
  print(
    `Done in ${seconds} s. Every ✔ was read back from the cluster. Your own chart: sluice up, then sluice deploy SERVICE --chart DIR -n NS`,
  );
  return exitCodes.done;
}

type Print = (line: string) => void;

async function firstVersion(stage: Stage, print: Print): Promise<void> {
  heading(
    print,
    '1.0.0',
    'the first delivery',
    'an umbrella chart with a library of the platform team, its appVersion stamped, brought in by helm',
  );
  const { outcome } = await deliver(stage, '1.0.0', false);
  if (outcome.kind === 'cancelled') return;
  const { client } = stage.cluster;
  stage.claims.say(
    succeeded(outcome),
    claimEqual(`the Service sends to ${pods} pods, all of 1.0.0`, await servingVersions(client, greeter), { '1.0.0': pods }),
    await releaseClaim(stage, 1, '1.0.0'),
  );
}

async function canary(stage: Stage, print: Print): Promise<void> {
  heading(print, '2.0.0', 'a canary', 'a fifth of the pods, then two fifths, then four, with a pause to look at each');
  const { outcome, notes } = await deliver(stage, '2.0.0', false);
  if (outcome.kind === 'cancelled') return;
  const { client } = stage.cluster;
  stage.claims.say(
    succeeded(outcome),
    claimEqual(
      'it went through 20, 40 and 80 percent',
      notes.weights.filter((weight) => weight > 0 && weight < 100),
      [20, 40, 80],
    ),
    claimEqual(
      'with 1, 2 and 4 pods of the new version',
      [20, 40, 80].map((weight) => notes.canaryPods.get(weight)),
      [1, 2, 4],
    ),
    {
      text: `at no moment were fewer than ${pods} pods ready`,
      isTrue: Number.isFinite(notes.readyMin) && notes.readyMin >= pods,
      seen: notes.readyMin,
    },
    claimEqual(`the Service sends to ${pods} pods, all of 2.0.0`, await servingVersions(client, greeter), { '2.0.0': pods }),
    await releaseClaim(stage, 2, '2.0.0'),
  );
}

async function badVersion(stage: Stage, print: Print): Promise<void> {
  heading(print, '3.0.0', 'a version that never becomes ready', 'its deadline aborts it, and helm goes back to the last good revision');
  const { outcome, notes } = await deliver(stage, '3.0.0', true);
  if (outcome.kind === 'cancelled') return;
  const { client } = stage.cluster;
  const rollout = await readRollout(client, greeter);
  const records = await readRecords(client, greeter);
  const undo = outcome.kind === 'failed' ? outcome.undo : undefined;
  stage.claims.say(
    {
      text: 'the delivery failed and said why',
      isTrue: outcome.kind === 'failed' && /timed out progressing/.test(outcome.message),
      seen: outcome,
    },
    {
      text: 'the rollout was aborted by its deadline',
      isTrue: notes.wasAborted && /timed out progressing/.test(notes.abortMessage),
      seen: notes.abortMessage,
    },
    {
      text: `2.0.0 served with ${pods} pods all the time`,
      isTrue: Number.isFinite(notes.stableReadyMin) && notes.stableReadyMin >= pods,
      seen: notes.stableReadyMin,
    },
    claimEqual(`the Service sends to ${pods} pods, all of 2.0.0`, await servingVersions(client, greeter), { '2.0.0': pods }),
    claimEqual(
      'the rollout is healthy again',
      [rollout.status?.phase, rollout.status?.stableRS === rollout.status?.currentPodHash],
      ['Healthy', true],
    ),
    claimEqual('helm is back at revision 2', undo?.kind === 'rolled-back' ? undo.toRevision : undo, 2),
    claimEqual(
      'its history says so',
      records.map(({ version, info }) => `${version} ${info.status}`),
      ['1 superseded', '2 superseded', '3 superseded', '4 deployed'],
    ),
    await releaseClaim(stage, 4, '2.0.0'),
  );
}

function heading(print: Print, version: string, title: string, text: string): void {
  print('');
  print(`── ${version}: ${title}`);
  print(`   ${text}`);
}

async function deliver(stage: Stage, version: string, rollbackOnFailure: boolean): Promise<{ outcome: DeployOutcome; notes: CanaryNotes }> {
  const { io, cluster, helm, frame, folder } = stage;
  const notes = new CanaryNotes();
  const chart = join(examplesFolder(), 'greeter');
  const told = new Set<string>();
  const onProgress = (progress: DeployProgress): void => {
    if (progress.kind === 'health') {
      const view = notes.note(progress.facts, io.clock.now());
      if (view === undefined) return;
      if (io.out.isTerminal) {
        const picture = canaryPicture(view, { width: io.out.columns - 4, color: stage.color });
        frame.draw(['', ...picture.map((line) => `   ${line}`), '']);
        return;
      }
      const line = `   ${rolloutLine(view)}`;
      if (!told.has(line)) io.out.write(`${line}\n`);
      told.add(line);
      return;
    }
    const line = progressLine(progress);
    if (line === undefined) return;
    if (io.out.isTerminal) frame.print(`   ${line}`);
    else io.out.write(`   ${line}\n`);
  };
  const outcome = await deploy(
    {
      release: greeter.name,
      namespace: greeter.namespace,
      chart: { folder: chart },
      valuesFiles: [join(chart, 'environments', 'demo.yaml')],
      appVersion: version,
      timeoutMs: 60_000,
      rollbackOnFailure,
    },
    'healthy',
    {
      client: cluster.client,
      helm,
      clock: io.clock,
      random: io.random,
      logger: silentLogger,
      onProgress,
      signal: io.signal,
      temporaryFolder: folder,
    },
  );
  frame.release();
  return { outcome, notes };
}

function progressLine(progress: DeployProgress): string | undefined {
  switch (progress.kind) {
    case 'planned': {
      const { create, change } = progress.plan.counts;
      const image = progress.plan.objects.flatMap(({ fields }) => fields).find(({ path }) => path.endsWith('.image'));
      if (create > 0) return `plan: ${create} objects to create`;
      return `plan: ${change} objects to change${image === undefined ? '' : `, ${image.from} becomes ${image.to}`}`;
    }
    case 'applied':
      return `helm upgrade --install: revision ${progress.revision}`;
    case 'failed':
      return `failed: ${progress.message}`;
    case 'undoing':
      return progress.message;
    default:
      return undefined;
  }
}

function succeeded(outcome: DeployOutcome): Claim {
  return {
    text: 'the delivery ended healthy',
    isTrue: outcome.kind === 'healthy',
    seen: outcome.kind === 'failed' ? outcome.message : outcome.kind,
  };
}

async function releaseClaim({ cluster }: Stage, revision: number, appVersion: string): Promise<Claim> {
  const last = (await readRecords(cluster.client, greeter)).at(-1);
  const seen = [last?.version, last?.info.status, last?.chart?.metadata?.appVersion];
  return claimEqual(`helm has revision ${revision}, deployed, app version ${appVersion}`, seen, [revision, 'deployed', appVersion]);
}

/** Beside the built program; in the repository when run from source. */
function examplesFolder(): string {
  const found = ['./examples/', '../examples/', '../../../../../examples/']
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find((path) => existsSync(join(path, 'greeter', 'Chart.yaml')));
  if (found === undefined) throw new UserError('the example chart is missing from this installation');
  return found;
}
