/** Phase and message: what the controller writes, and what clients say about what it wrote. */
import type { Rollout, RolloutPhase, RolloutSpec } from '@sluice/api';
import { annotations } from '@sluice/api';
import { desiredReplicas } from './defaults.ts';
import type { Status } from './status.ts';

export type PhaseAndMessage = { readonly phase: RolloutPhase; readonly message: string };

/**
 * The phase that a status amounts to; the first rule that fits wins.
 *
 * @see argoproj/argo-rollouts utils/rollout/rolloututil.go CalculateRolloutPhase
 */
export function calculatePhase(spec: RolloutSpec, status: Status): PhaseAndMessage {
  for (const { type, reason, message } of status.conditions ?? []) {
    if (type === 'InvalidSpec') return { phase: 'Degraded', message: `InvalidSpec: ${message ?? ''}` };
    if (reason === 'RolloutAborted' || reason === 'ProgressDeadlineExceeded') {
      return { phase: 'Degraded', message: `${reason}: ${message ?? ''}` };
    }
  }
  if (spec.paused === true) return { phase: 'Paused', message: 'manually paused' };
  const pause = status.pauseConditions?.[0];
  if (pause !== undefined) return { phase: 'Paused', message: pause.reason };
  const waiting = waitingFor(spec, status);
  return waiting === undefined ? { phase: 'Healthy', message: '' } : { phase: 'Progressing', message: waiting };
}

function waitingFor(spec: RolloutSpec, status: Status): string | undefined {
  const replicas = desiredReplicas(spec);
  const updated = status.updatedReplicas ?? 0;
  if (spec.restartAt !== undefined && spec.restartAt !== status.restartedAt) return 'rollout is restarting';
  if (updated < replicas) return 'more replicas need to be updated';
  if ((status.availableReplicas ?? 0) < updated) return 'updated replicas are still becoming available';
  const isPromoted = (status.stableRS ?? '') === (status.currentPodHash ?? '');
  if (spec.strategy?.blueGreen !== undefined) {
    const active = status.blueGreen?.activeSelector ?? '';
    if (active === '' || active !== (status.currentPodHash ?? '')) return 'active service cutover pending';
    if (isPromoted) return undefined;
    const analysis = status.blueGreen?.postPromotionAnalysisRunStatus?.status ?? '';
    const isAnalysed = ['Successful', 'Failed', 'Error', 'Inconclusive'].includes(analysis);
    const awaitsAnalysis = spec.strategy.blueGreen.postPromotionAnalysis !== undefined && !isAnalysed;
    return awaitsAnalysis ? 'waiting for analysis to complete' : 'waiting for post-promotion verification to complete';
  }
  const canary = spec.strategy?.canary;
  if (canary === undefined) return undefined;
  if (canary.trafficRouting === undefined && (status.replicas ?? 0) > updated) return 'old replicas are pending termination';
  return isPromoted ? undefined : 'waiting for all steps to complete';
}

/**
 * The phase for a reader of the API: what the controller wrote, unless it cannot have seen the present object yet.
 *
 * @see argoproj/argo-rollouts utils/rollout/rolloututil.go GetRolloutPhase
 */
export function rolloutPhase(rollout: Rollout): PhaseAndMessage {
  const status = rollout.status ?? {};
  const waiting = (message: string): PhaseAndMessage => ({ phase: 'Progressing', message });
  const observed = Number(status.observedGeneration ?? '');
  // Text that is no number counts as observed: very old controllers wrote a hash there.
  const isNumber = /^\d+$/.test(status.observedGeneration ?? '');
  if (isNumber && observed < (rollout.metadata.generation ?? 0)) return waiting('waiting for rollout spec update to be observed');
  if (status.controllerPause === true && (status.pauseConditions ?? []).length === 0) return waiting('waiting for rollout to unpause');
  if (rollout.spec.workloadRef !== undefined) {
    const seen = rollout.metadata.annotations?.[annotations.workloadGeneration] ?? '';
    if (seen !== (status.workloadObservedGeneration ?? '')) {
      return waiting('waiting for rollout spec update to be observed for the reference workload');
    }
  }
  if (status.phase !== undefined && (status.phase as string) !== '') return { phase: status.phase, message: status.message ?? '' };
  return calculatePhase(rollout.spec, status);
}
