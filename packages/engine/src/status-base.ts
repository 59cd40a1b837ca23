/**
 * The parts of a next status that both strategies share. It is built from nothing: what a pass does not set is cleared.
 *
 * @see argoproj/argo-rollouts rollout/sync.go calculateBaseStatus, resetRolloutStatus, promoteStable
 */
import { annotations, type CanaryStatus, formatLabelSelector } from '@sluice/api';
import { isBlueGreen, stepsOf } from './defaults.ts';
import { withCompletion } from './duration.ts';
import { notes } from './events.ts';
import { because, type Pass } from './pass.ts';
import { availableOf, createdOf, hashOf, revisionOf, sum } from './replica-sets.ts';
import type { Status } from './status.ts';
import { scaleDownOnSuccess } from './workload.ts';

/** Hash of the new version: that of its ReplicaSet, which may be older than the way the hash is made. */
function currentHash(pass: Pass): string {
  return pass.roles.current === undefined ? pass.hash : hashOf(pass.roles.current);
}

export function isTemplateNew(pass: Pass): boolean {
  const before = pass.previous.currentPodHash ?? '';
  return before !== '' && before !== currentHash(pass);
}

/** A canary starts over on new steps too, and the first time. */
export function isStartingOver(pass: Pass): boolean {
  const stepHash = pass.previous.currentStepHash ?? '';
  return isTemplateNew(pass) || stepHash === '' || stepHash !== pass.stepHash;
}

export function baseStatus(pass: Pass): Status {
  const { rollout } = pass.world;
  const { previous, roles, draft } = pass;
  const { all, current } = roles;
  const generation = rollout.metadata.annotations?.[annotations.workloadGeneration];
  return {
    ...present({
      alb: previous.alb,
      albs: previous.albs,
      collisionCount: previous.collisionCount,
      duration: previous.duration,
      conditions: previous.conditions,
      restartedAt: pass.restartedAt,
      workloadObservedGeneration: rollout.spec.workloadRef === undefined ? undefined : generation,
    }),
    blueGreen: isBlueGreen(rollout.spec)
      ? present({ prePromotionAnalysisRunStatus: draft.prePromotion, postPromotionAnalysisRunStatus: draft.postPromotion })
      : {},
    canary: isBlueGreen(rollout.spec) ? {} : canaryStatus(pass),
    currentPodHash: currentHash(pass),
    currentStepHash: isBlueGreen(rollout.spec) ? '' : pass.stepHash,
    replicas: sum(all, createdOf),
    updatedReplicas: createdOf(current),
    readyReplicas: sum(all, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: sum(all, availableOf),
    HPAReplicas: sum(all, createdOf),
    selector: formatLabelSelector(rollout.spec.selector),
    stableRS: previous.stableRS ?? '',
    promoteFull: previous.promoteFull === true,
  };
}

function canaryStatus({ draft, previous }: Pass): CanaryStatus {
  return present({
    currentStepAnalysisRunStatus: draft.step,
    currentBackgroundAnalysisRunStatus: draft.background,
    currentExperiment: draft.experiment,
    weights: draft.weights,
    stablePingPong: previous.canary?.stablePingPong,
    stepPluginStatuses: (draft.stepPluginStatuses ?? []).length === 0 ? undefined : draft.stepPluginStatuses,
  });
}

/** The members that are there. */
function present<T extends object>(members: { readonly [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T;
}

/** A new template or new steps: whatever was going on is over. Weights stay as they are until traffic is moved. */
export function startedOver(pass: Pass, base: Status): Status {
  const { spec } = pass.world.rollout;
  pass.wish.clear = true;
  pass.wish.unabort = true;
  because(pass, 'status', 'the template or the steps are new');
  const { weights, stablePingPong } = base.canary ?? {};
  const { prePromotionAnalysisRunStatus: _, postPromotionAnalysisRunStatus: __, ...blueGreen } = base.blueGreen ?? {};
  return {
    ...base,
    canary: present({ weights, stablePingPong }),
    blueGreen,
    promoteFull: false,
    ...withIndex(stepsOf(spec).length === 0 ? undefined : 0),
    ...(spec.restartAt === undefined ? {} : { restartedAt: spec.restartAt }),
  };
}

/** The new version becomes the stable one. Where it is already, only what an update has left behind is cleared. */
export function becomeStable(pass: Pass, base: Status, reason: string): Status {
  pass.wish.clear = true;
  pass.wish.unabort = true;
  scaleDownOnSuccess(pass);
  const promoted: Status = { ...base, promoteFull: false };
  if ((base.stableRS ?? '') === (base.currentPodHash ?? '')) return promoted;
  const hash = base.currentPodHash ?? '';
  because(pass, 'status', '', notes.completed(revisionOf(pass.world.rollout), hash, reason));
  because(pass, 'status', `${hash} becomes stable: ${reason}`);
  const duration = withCompletion(base.duration, pass.previous.promoteFull === true ? 'FastPromoted' : 'Promoted');
  const hasPair = pass.world.rollout.spec.strategy?.canary?.pingPong !== undefined;
  const stablePingPong = pass.previous.canary?.stablePingPong === 'ping' ? 'pong' : 'ping';
  return {
    ...promoted,
    stableRS: hash,
    ...(hasPair ? { canary: { ...promoted.canary, stablePingPong } } : {}),
    ...(duration === undefined ? {} : { duration }),
  };
}

/** An absent index is a field that is not there, not one that is undefined. */
export function withIndex(index: number | undefined): { currentStepIndex?: number } {
  return index === undefined ? {} : { currentStepIndex: index };
}
