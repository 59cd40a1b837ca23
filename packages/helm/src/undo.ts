/**
 * Takes a failed delivery back: traffic first (abort the Rollouts), then the Helm revision, so that record and cluster agree.
 * A first delivery has nothing to go back to and is uninstalled.
 */
import { isStatusError, type KubeObject, type Rollout, rolloutType } from '@sluice/api';
import { actionPatches } from '@sluice/engine';
import type { DeployEnvironment, DeployRequest, Undo } from './delivery.ts';
import { watchHealth } from './health-watch.ts';
import { HelmError } from './helm-driver.ts';
import { readHistory, recordOutcome } from './release-history.ts';
import { lastGoodRevision } from './release-record.ts';
import { parseRender } from './render.ts';

/**
 * @param failedRevision - the revision that did not become healthy
 * @param objects - what it was made of
 */
export async function undoDelivery(
  request: DeployRequest,
  failedRevision: number,
  objects: readonly KubeObject[],
  environment: DeployEnvironment,
): Promise<Undo> {
  const { client, helm, onProgress, signal } = environment;
  const { release, namespace, timeoutMs } = request;
  try {
    await abortRollouts(objects, environment);
    const good = lastGoodRevision(await readHistory(client, request, signal), failedRevision);
    if (good === undefined) {
      onProgress({ kind: 'undoing', message: `no earlier revision of ${release} was good; uninstalling it` });
      await helm.uninstall({ release, namespace, timeoutMs, signal });
      return { kind: 'uninstalled' };
    }
    const toRevision = good.record.version;
    onProgress({ kind: 'undoing', message: `rolling ${release} back to revision ${toRevision}` });
    await helm.rollback({ release, namespace, timeoutMs, revision: toRevision, signal });
    const revisions = await readHistory(client, request, signal);
    const latest = revisions.at(-1);
    const restored = parseRender(good.record.manifest ?? '').objects.map(({ object }) => withNamespace(object, namespace));
    const end = await watchHealth({
      ...environment,
      objects: restored,
      rules: { timeoutMs, graceMs: timeoutMs },
      endsAtPause: true,
      onHealth: (health, facts) => onProgress({ kind: 'health', health, facts }),
    });
    const isHealthy = end?.health.verdict === 'ready';
    if (isHealthy && latest !== undefined) await recordOutcome(client, request, latest, 'good');
    return { kind: 'rolled-back', toRevision, revision: latest?.record.version ?? toRevision, isHealthy };
  } catch (error) {
    if (signal.aborted) return { kind: 'undo-failed', message: 'cancelled' };
    if (error instanceof HelmError) return { kind: 'undo-failed', message: `helm ${error.command}: ${error.message}` };
    return { kind: 'undo-failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Sends traffic back to the stable version at once, without waiting for helm. Rollouts that are not in an update are left alone. */
async function abortRollouts(objects: readonly KubeObject[], environment: DeployEnvironment): Promise<void> {
  const { client, onProgress } = environment;
  for (const object of objects.filter(({ apiVersion, kind }) => kind === 'Rollout' && apiVersion.startsWith('argoproj.io/'))) {
    const at = { namespace: object.metadata.namespace, name: object.metadata.name ?? '' };
    const rollout = await client.get<Rollout>(rolloutType, at).catch((error: unknown) => {
      if (isStatusError(error, 'NotFound')) return undefined;
      throw error;
    });
    const { abort, stableRS, currentPodHash } = rollout?.status ?? {};
    if (rollout === undefined || abort === true || stableRS === undefined || stableRS === '' || stableRS === currentPodHash) continue;
    onProgress({ kind: 'undoing', message: `aborting rollout ${at.name}` });
    for (const { patch, patchType, subresource } of actionPatches(rollout, { kind: 'abort' })) {
      await client.patch(rolloutType, at, patchType, patch, subresource === undefined ? {} : { subresource });
    }
  }
}

function withNamespace(object: KubeObject, namespace: string): KubeObject {
  if (object.metadata.namespace !== undefined && object.metadata.namespace !== '') return object;
  return { ...object, metadata: { ...object.metadata, namespace } };
}
