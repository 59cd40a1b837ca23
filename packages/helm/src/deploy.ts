/**
 * The delivery of one release: prepare, apply with the real helm, wait with an understanding of Rollouts, and take it back when it
 * fails and that was asked for. Begin here; the commands and the control plane both call `deploy`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStatusError, type KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { clusterProblem } from './capabilities.ts';
import type { DeployEnvironment, DeployOutcome, DeployRequest, DeployUntil, PausedRollout } from './delivery.ts';
import { collectEvidence } from './evidence.ts';
import { type HealthEnd, watchHealth } from './health-watch.ts';
import { HelmError } from './helm-driver.ts';
import { type Preparation, prepare, readInput } from './preparation.ts';
import { DeliveryProblem } from './problem.ts';
import type { ObjectHealth } from './readiness/release-health.ts';
import { endAbandoned, readHistory, recordOutcome } from './release-history.ts';
import { decidePending } from './release-record.ts';
import { undoDelivery } from './undo.ts';

const graceMsDefault = 60_000;

/**
 * Brings a chart into the cluster and waits for it. What goes wrong is in the outcome; nothing is thrown for it.
 * A call that is cut short leaves a state from which the next one goes on: a revision that is deployed already is not made again.
 */
export async function deploy(request: DeployRequest, until: DeployUntil, environment: DeployEnvironment): Promise<DeployOutcome> {
  const scratch = await mkdtemp(join(environment.temporaryFolder ?? tmpdir(), 'sluice-deploy-'));
  try {
    const input = await readInput(request);
    await endAbandonedRevision(request, environment);
    const prepared = await prepare(request, input, scratch, environment);
    environment.onProgress({
      kind: 'rendered',
      chart: prepared.chart.name,
      version: prepared.chart.version,
      appVersion: request.appVersion ?? prepared.chart.appVersion,
      objects: prepared.objects.length,
    });
    environment.onProgress({ kind: 'planned', plan: prepared.plan, isFirst: prepared.revisions.length === 0 });
    const applied = await apply(request, prepared, environment);
    if (applied.kind !== 'applied') return applied;
    return await awaitHealth(request, until, prepared, applied, environment);
  } catch (error) {
    return outcomeOfError(error, environment.signal);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

type Applied = { readonly kind: 'applied'; readonly revision: number; readonly isNewRevision: boolean };

/** A `pending-*` revision blocks helm. Somebody's present work is respected; what is older than any run may take is ended. */
async function endAbandonedRevision(request: DeployRequest, environment: DeployEnvironment): Promise<void> {
  const { client, clock, onProgress, signal } = environment;
  let pending: ReturnType<typeof decidePending>;
  try {
    pending = decidePending(await readHistory(client, request, signal), clock.now(), request.timeoutMs);
  } catch (error) {
    throw clusterProblem(error);
  }
  if (pending.kind === 'free') return;
  if (pending.kind === 'busy') {
    const seconds = Math.ceil((request.timeoutMs - pending.ageMs) / 1000);
    throw new DeliveryProblem(
      'RELEASE_PENDING',
      `release ${request.release} revision ${pending.revision} is ${pending.status} since ${Math.floor(pending.ageMs / 1000)} s: another helm run is at work, or was killed`,
      `wait for it; if nobody is at work, run this again in ${seconds} s, when the revision counts as abandoned, or: helm rollback ${request.release} -n ${request.namespace}`,
    );
  }
  const { record } = pending.revision;
  await endAbandoned(client, request, pending.revision, `abandoned: the process that made it ${record.info.status} is gone`);
  onProgress({ kind: 'recovered', revision: record.version, status: record.info.status, ageMs: pending.ageMs });
}

async function apply(request: DeployRequest, prepared: Preparation, environment: DeployEnvironment): Promise<Applied | DeployOutcome> {
  const { client, helm, onProgress, signal } = environment;
  const last = prepared.revisions.at(-1)?.record.version ?? 0;
  if (prepared.isDeployed) {
    onProgress({ kind: 'unchanged', revision: last });
    return { kind: 'applied', revision: last, isNewRevision: false };
  }
  onProgress({ kind: 'applying', revision: last + 1 });
  try {
    await helm.upgrade({
      release: request.release,
      namespace: request.namespace,
      chart: prepared.chartFolder,
      valuesFiles: prepared.valuesFiles,
      timeoutMs: request.timeoutMs,
      createNamespace: last === 0 && (await isNamespaceMissing(client, request.namespace)),
      signal,
    });
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    const latest = (await readHistory(client, request)).at(-1);
    const revision = latest !== undefined && latest.record.version > last ? latest.record.version : undefined;
    if (error.wasCancelled) {
      // Helm marks its revision as failed when it is told to stop. If it had to be killed, we do it in its place.
      if (latest !== undefined && revision !== undefined && latest.record.info.status.startsWith('pending-')) {
        await endAbandoned(client, request, latest, 'cancelled');
      }
      return { kind: 'cancelled', revision, message: 'cancelled while helm applied; the next run applies it again' };
    }
    const message = `helm ${error.command}: ${error.message}`;
    onProgress({ kind: 'failed', message, evidence: [] });
    const undo =
      request.rollbackOnFailure && revision !== undefined
        ? await undoDelivery(request, revision, prepared.objects, environment)
        : ({ kind: 'none' } as const);
    return { kind: 'failed', code: 'APPLY_FAILED', message, next: undefined, revision, objects: [], evidence: [], undo };
  }
  const revision = (await readHistory(client, request, signal)).at(-1)?.record.version ?? last + 1;
  onProgress({ kind: 'applied', revision });
  return { kind: 'applied', revision, isNewRevision: true };
}

/** Helm patches the namespace whenever it is to make it, which needs a right that an account of one namespace does not have. */
async function isNamespaceMissing(client: DeployEnvironment['client'], name: string): Promise<boolean> {
  try {
    await client.get(builtinTypes.namespaces, { name });
    return false;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return true;
    if (isStatusError(error, 'Forbidden')) return false;
    throw error;
  }
}

async function awaitHealth(
  request: DeployRequest,
  until: DeployUntil,
  prepared: Preparation,
  { revision, isNewRevision }: Applied,
  environment: DeployEnvironment,
): Promise<DeployOutcome> {
  const { onProgress } = environment;
  const end = await watchHealth({
    ...environment,
    objects: prepared.objects,
    rules: { timeoutMs: request.timeoutMs, graceMs: request.graceMs ?? graceMsDefault },
    endsAtPause: until === 'paused',
    onHealth: (health, facts) => onProgress({ kind: 'health', health, facts }),
  });
  if (end === undefined) return { kind: 'cancelled', revision, message: 'cancelled while waiting; the next run goes on waiting' };
  const { verdict, objects } = end.health;
  if (verdict === 'ready') {
    await recordRevision(request, revision, 'good', environment);
    return { kind: 'healthy', revision, isNewRevision };
  }
  if (verdict === 'waiting') return { kind: 'paused', revision, rollouts: objects.flatMap(pausedRollout) };
  return failedOutcome(request, prepared.objects, revision, end, environment);
}

async function failedOutcome(
  request: DeployRequest,
  rendered: readonly KubeObject[],
  revision: number,
  { health, facts }: HealthEnd,
  environment: DeployEnvironment,
): Promise<DeployOutcome> {
  const isTimeout = health.verdict === 'timed-out';
  const guilty = health.objects.filter(({ readiness }) => readiness.state === (isTimeout ? 'progressing' : 'failed'));
  const sentences = guilty.map(({ ref, readiness }) => `${ref.kind} ${ref.name}: ${readiness.message}`);
  const message = isTimeout ? `not ready within ${formatSeconds(request.timeoutMs)}: ${sentences.join('; ')}` : sentences.join('; ');
  const evidence = await collectEvidence(environment.client, guilty, facts);
  environment.onProgress({ kind: 'failed', message, evidence });
  await recordRevision(request, revision, 'failed', environment);
  const undo = request.rollbackOnFailure ? await undoDelivery(request, revision, rendered, environment) : ({ kind: 'none' } as const);
  return {
    kind: 'failed',
    code: isTimeout ? 'TIMED_OUT' : 'NOT_READY',
    message,
    next: undo.kind === 'none' ? nextAfterFailure(request, guilty) : undefined,
    revision,
    objects: health.objects,
    evidence,
    undo,
  };
}

async function recordRevision(
  request: DeployRequest,
  revision: number,
  outcome: 'good' | 'failed',
  environment: DeployEnvironment,
): Promise<void> {
  const { client, signal } = environment;
  const found = (await readHistory(client, request, signal)).find(({ record }) => record.version === revision);
  if (found !== undefined) await recordOutcome(client, request, found, outcome);
}

function nextAfterFailure(request: DeployRequest, guilty: readonly ObjectHealth[]): string {
  const rollout = guilty.find(({ ref }) => ref.kind === 'Rollout');
  const goBack = 'deliver a good version, or use --rollback-on-failure to go back by itself';
  if (rollout === undefined) return goBack;
  return `look: sluice rollouts get rollout ${rollout.ref.name} -n ${rollout.ref.namespace ?? request.namespace}; then ${goBack}`;
}

function pausedRollout({ ref, readiness }: ObjectHealth): readonly PausedRollout[] {
  if (readiness.state !== 'waiting') return [];
  const namespace = ref.namespace ?? 'default';
  const promoteCommand = `sluice rollouts promote ${ref.name} -n ${namespace}`;
  return [{ namespace, name: ref.name, message: readiness.message, promoteCommand }];
}

function outcomeOfError(error: unknown, signal: AbortSignal): DeployOutcome {
  const isCancelled = signal.aborted || (error instanceof HelmError && error.wasCancelled);
  if (isCancelled) return { kind: 'cancelled', revision: undefined, message: 'cancelled before anything was changed' };
  const problem = clusterProblem(error);
  if (!(problem instanceof DeliveryProblem)) throw error;
  const nothing = { revision: undefined, objects: [], evidence: [], undo: { kind: 'none' } } as const;
  return { kind: 'failed', code: problem.code, message: problem.message, next: problem.next, ...nothing };
}

function formatSeconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
