/** One pass from its beginning to its end: what comes first for both strategies, then the phases of the one in use. */

import { blueGreenPhases, countsOf } from './blue-green.ts';
import { canaryPhases } from './canary.ts';
import { findCondition } from './conditions.ts';
import { desiredReplicas, isBlueGreen } from './defaults.ts';
import { reconcileHistory } from './history.ts';
import { because, type Pass } from './pass.ts';
import { isPaused, noticedPause } from './pause.ts';
import { always, type Outcome, type Phase, runPhases } from './phases.ts';
import { availableOf, createdOf, desiredAnnotationOf, sizeOf, sum } from './replica-sets.ts';
import { createReplicaSet, syncRevision } from './revisions.ts';
import { reconcileSizes } from './sizes.ts';
import { isFullyPromoted, type Status } from './status.ts';
import { concludeStatus } from './status-conclusion.ts';

/** @see argoproj/argo-rollouts rollout/controller.go syncHandler, rollout/context.go */
const firstPhases: readonly Phase[] = [
  { name: 'notice pause, resume and retry', run: noticePause },
  { name: 'sync revision', run: always(syncRevision) },
  { name: 'follow a change of spec.replicas', run: followScaling },
];

export function runPass(pass: Pass): void {
  if (pass.roles.current === undefined) {
    createReplicaSet(pass);
    return;
  }
  if (isFullyPromoted(pass.previous) && pass.previous.abort === true) pass.wish.unabort = true;
  if (runPhases(pass, firstPhases) === 'end') return;
  runPhases(pass, isBlueGreen(pass.world.rollout.spec) ? blueGreenPhases : canaryPhases);
}

function noticePause(pass: Pass): Outcome {
  const { rollout } = pass.world;
  if (pass.previous.observedGeneration !== String(rollout.metadata.generation ?? 0)) return 'go on';
  const conditions = noticedPause(rollout.spec, pass.previous, pass.now);
  if (conditions === undefined) return 'go on';
  pass.status = concludeStatus(pass, { ...pass.previous, conditions }, { keepConditions: true });
  const isRetry = findCondition(pass.previous.conditions, 'Progressing')?.reason === 'RolloutAborted';
  because(pass, 'status', isRetry ? 'a retry is noted' : isPaused(rollout.spec, pass.previous) ? 'a pause is noted' : 'a resume is noted');
  return 'end';
}

/**
 * A change of `spec.replicas` changes sizes and nothing else. Only new and stable are looked at: nobody keeps the annotation of others up to
 * date.
 */
function followScaling(pass: Pass): Outcome {
  const { current, stable } = pass.roles;
  const { spec } = pass.world.rollout;
  const desired = desiredReplicas(spec);
  const isScaled = [current, stable].some((set) => {
    const noted = set === undefined || sizeOf(set) === 0 ? undefined : desiredAnnotationOf(set);
    return noted !== undefined && noted !== desired;
  });
  if (!isScaled) return 'go on';
  reconcileSizes(pass);
  because(pass, 'status', `spec.replicas is ${desired} now`);
  pass.status = concludeStatus(pass, { ...pass.previous, ...countsAfterScaling(pass) }, {});
  if (isBlueGreen(spec)) reconcileHistory(pass);
  return 'end';
}

function countsAfterScaling(pass: Pass): Pick<Status, 'availableReplicas' | 'HPAReplicas'> {
  if (isBlueGreen(pass.world.rollout.spec)) {
    const { availableReplicas = 0, HPAReplicas = 0 } = countsOf(pass, pass.previous.blueGreen?.activeSelector ?? '');
    return { availableReplicas, HPAReplicas };
  }
  const { all } = pass.roles;
  return { availableReplicas: sum(all, availableOf), HPAReplicas: sum(all, createdOf) };
}
