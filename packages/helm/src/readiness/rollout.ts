/**
 * When is a Rollout ready? Its phase alone does not say: the stable revision must be the one just delivered, and the phase must be
 * about the present spec. `observedGeneration` of a Rollout is text, which is where kstatus and `helm --wait` give up.
 */
import type { Rollout } from '@sluice/api';
import { rolloutPhase } from '@sluice/engine';
import { failed, progressing, type Readiness, ready, waiting } from './answer.ts';

export function rolloutReadiness(rollout: Rollout): Readiness {
  const status = rollout.status ?? {};
  if (status.observedGeneration === undefined && status.phase === undefined) {
    return progressing('NoControllerYet', 'no rollouts controller has picked it up yet');
  }
  // An invalid spec and an aborted one stay in the status until the controller has seen the next spec.
  const observed = Number(status.observedGeneration);
  if (Number.isInteger(observed) && observed !== (rollout.metadata.generation ?? observed)) {
    return progressing('GenerationNotObserved', 'waiting for rollout spec update to be observed');
  }
  const { phase, message } = rolloutPhase(rollout);
  switch (phase) {
    case 'Degraded':
      return failed(status.abort === true ? 'RolloutAborted' : 'RolloutDegraded', message);
    case 'Paused':
      return waitsForPerson(rollout) ? waiting(pauseReason(rollout), message) : progressing(pauseReason(rollout), message);
    case 'Healthy':
      if (status.stableRS === undefined || status.stableRS !== status.currentPodHash) {
        return progressing('NotPromoted', 'the new revision is not stable yet');
      }
      return ready('RolloutHealthy');
    case 'Progressing':
      return progressing('RolloutProgressing', message);
  }
}

/** True when only a person (or a program in their place) can end the pause. */
function waitsForPerson(rollout: Rollout): boolean {
  if (rollout.spec?.paused === true) return true;
  const canary = rollout.spec?.strategy?.canary;
  return (rollout.status?.pauseConditions ?? []).some(({ reason }) => {
    if (reason === 'CanaryPauseStep') {
      const step = canary?.steps?.[rollout.status?.currentStepIndex ?? 0];
      return step?.pause === undefined || step.pause.duration === undefined;
    }
    if (reason === 'BlueGreenPause') return (rollout.spec?.strategy?.blueGreen?.autoPromotionSeconds ?? 0) === 0;
    return true;
  });
}

function pauseReason(rollout: Rollout): string {
  return rollout.spec?.paused === true ? 'ManuallyPaused' : (rollout.status?.pauseConditions?.[0]?.reason ?? 'Paused');
}
