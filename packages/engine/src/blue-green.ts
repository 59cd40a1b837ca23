/**
 * A pass over a blue-green strategy, as named phases in upstream's order: the new version beside the active one, a look at it, one switch
 * of the active service.
 *
 * @see argoproj/argo-rollouts rollout/bluegreen.go
 */
import { formatLabelSelector, parseTime, type Service } from '@sluice/api';
import { blueGreenOf } from './defaults.ts';
import { reconcileHistory } from './history.ts';
import { because, type Pass } from './pass.ts';
import { haltReason, isAborted, pauseConditionOf } from './pause.ts';
import { always, ending, type Outcome, type Phase } from './phases.ts';
import { reconcileMetadata } from './pod-metadata.ts';
import { isFastRollback, isRollbackWithinWindow } from './promotion.ts';
import { availableOf, createdOf, hashOf, isSaturated, sizeOf, sum, withHash } from './replica-sets.ts';
import { reconcileRestart } from './restart.ts';
import { reconcileAnalysis } from './rollout-analysis.ts';
import { wakeAt } from './scale-down.ts';
import { selectedHash, switchService } from './services.ts';
import { blueGreenNewSize, reconcileSizes } from './sizes.ts';
import type { Status } from './status.ts';
import { baseStatus, becomeStable, isTemplateNew, startedOver } from './status-base.ts';
import { concludeStatus } from './status-conclusion.ts';

/** The order is part of the behaviour. */
export const blueGreenPhases: readonly Phase[] = [
  { name: 'preview service', run: always(switchPreview) },
  { name: 'start over on a new template', run: (pass) => (isTemplateNew(pass) ? ending(writeStatus)(pass) : 'go on') },
  { name: 'restart pods', run: always(reconcileRestart) },
  { name: 'sizes', run: always(reconcileSizes) },
  { name: 'history limit', run: always(reconcileHistory) },
  { name: 'pause', run: always(reconcilePause) },
  { name: 'active service', run: always(switchActive) },
  { name: 'analysis', run: reconcileRuns },
  { name: 'ephemeral metadata', run: always(reconcileMetadata) },
  { name: 'status', run: ending(writeStatus) },
];

function reconcileRuns(pass: Pass): Outcome {
  reconcileAnalysis(pass);
  return pass.problem === undefined ? 'go on' : 'end';
}

function serviceOf(pass: Pass, of: 'activeService' | 'previewService'): Service | undefined {
  const name = blueGreenOf(pass.world.rollout.spec)[of];
  return name === undefined || name === '' ? undefined : pass.world.services.get(name);
}

function isHalted(pass: Pass): boolean {
  return haltReason(pass.world.rollout.spec, pass.previous) !== undefined;
}

/** At once, pods or none, and it stays there after an abort. */
function switchPreview(pass: Pass): void {
  const service = serviceOf(pass, 'previewService');
  if (service !== undefined && pass.roles.current !== undefined && !isHalted(pass))
    switchService(pass, service, hashOf(pass.roles.current));
}

/** Whether the new version has the size wanted before the switch, all of it available. */
function isReadyForPause(pass: Pass): boolean {
  const { current } = pass.roles;
  const wanted = blueGreenNewSize(pass);
  return current !== undefined && sizeOf(current) === wanted && availableOf(current) === wanted;
}

/** Ways that need no pause: back to what was, in full, for the first time, or because it is active already. */
function isFastTracked(pass: Pass): boolean {
  const active = selectedHash(serviceOf(pass, 'activeService'));
  return (
    isFastRollback(pass.world.rollout, pass.roles, pass.isCurrentKept) ||
    pass.previous.promoteFull === true ||
    active === '' ||
    active === hashOf(pass.roles.current)
  );
}

function isPrePromotionDone(pass: Pass): boolean {
  return blueGreenOf(pass.world.rollout.spec).prePromotionAnalysis === undefined || pass.runs.prePromotion?.status?.phase === 'Successful';
}

/** When a pause with `autoPromotionSeconds` ends; `undefined` for one that has not begun. */
function autoPromotionAt(pass: Pass): number | undefined {
  const begun = parseTime(pauseConditionOf(pass.previous, 'BlueGreenPause')?.startTime);
  return begun === undefined ? undefined : begun + (blueGreenOf(pass.world.rollout.spec).autoPromotionSeconds ?? 0) * 1000;
}

function isPauseOver(pass: Pass): boolean {
  const { autoPromotionEnabled, autoPromotionSeconds = 0 } = blueGreenOf(pass.world.rollout.spec);
  if (pass.wish.add.size > 0) return false;
  if (pass.previous.blueGreen?.scaleUpPreviewCheckPoint === true) return true;
  if (autoPromotionEnabled !== false) {
    const at = autoPromotionAt(pass);
    return autoPromotionSeconds === 0 || (at !== undefined && at < pass.now);
  }
  return pass.previous.controllerPause === true && pauseConditionOf(pass.previous, 'BlueGreenPause') === undefined;
}

/** Holds the update before the switch, for as long as the spec or a person says. The time begins when the analysis before it is through. */
function reconcilePause(pass: Pass): void {
  const { autoPromotionEnabled, autoPromotionSeconds = 0 } = blueGreenOf(pass.world.rollout.spec);
  if (pass.previous.abort === true || !isReadyForPause(pass) || isHalted(pass)) return;
  const needsPause = autoPromotionEnabled === false || autoPromotionSeconds > 0;
  if (isFastTracked(pass) || pass.previous.blueGreen?.scaleUpPreviewCheckPoint === true || !needsPause) {
    pass.wish.remove.add('BlueGreenPause');
    return;
  }
  if (!isPrePromotionDone(pass)) return;
  if (pauseConditionOf(pass.previous, 'BlueGreenPause') === undefined) {
    if (pass.previous.controllerPause === true) return;
    pass.wish.add.add('BlueGreenPause');
    because(pass, 'status', 'the new version is held before the switch');
    if (autoPromotionSeconds > 0) wakeAt(pass, Math.floor(pass.now / 1000) * 1000 + autoPromotionSeconds * 1000 + 1);
    return;
  }
  const at = autoPromotionAt(pass);
  if (isPauseOver(pass)) pass.wish.remove.add('BlueGreenPause');
  else if (autoPromotionSeconds > 0 && at !== undefined) wakeAt(pass, at + 1);
}

/**
 * The switch. While aborted the stable version gets it back, but only as long as the new one is complete: a version that has lost pods keeps
 * the service (upstream's behaviour, kept).
 */
function switchActive(pass: Pass): void {
  const service = serviceOf(pass, 'activeService');
  const { current } = pass.roles;
  if (service === undefined || current === undefined || isHalted(pass)) return;
  if (!isReadyForPause(pass) || !isSaturated(pass.world.rollout.spec, current)) return;
  let to = selectedHash(service);
  if (isFastTracked(pass) || (isPauseOver(pass) && isPrePromotionDone(pass))) to = hashOf(current);
  if (pass.previous.abort === true) to = pass.previous.stableRS ?? '';
  if (to !== '') switchService(pass, service, to);
}

/** @see argoproj/argo-rollouts rollout/bluegreen.go syncRolloutStatusBlueGreen */
function writeStatus(pass: Pass): void {
  const { rollout } = pass.world;
  const { previous, roles } = pass;
  let next = baseStatus(pass);
  if (isTemplateNew(pass)) next = startedOver(pass, next);
  if (previous.promoteFull === true || isRollbackWithinWindow(rollout, roles)) {
    pass.wish.clear = true;
    pass.wish.unabort = true;
  }
  const activeSelector = selectedHash(serviceOf(pass, 'activeService'));
  const previewSelector = selectedHash(serviceOf(pass, 'previewService'));
  next = {
    ...next,
    blueGreen: {
      ...next.blueGreen,
      ...(activeSelector === '' ? {} : { activeSelector }),
      ...(previewSelector === '' ? {} : { previewSelector }),
    },
  };
  const promotion = promotionReason(pass, next);
  if (promotion !== undefined) next = becomeStable(pass, next, promotion);
  else if (isCheckPointReached(pass)) next = { ...next, blueGreen: { ...next.blueGreen, scaleUpPreviewCheckPoint: true } };
  pass.status = concludeStatus(pass, { ...next, ...countsOf(pass, activeSelector) }, {});
}

/** What is counted as the Rollout's pods, and what a scaler looks at: the active version where there is one. */
export function countsOf(
  { roles, world }: Pass,
  activeSelector: string,
): Pick<Status, 'HPAReplicas' | 'availableReplicas' | 'readyReplicas' | 'selector'> {
  const active = withHash(roles.all, activeSelector);
  const sets = active === undefined ? roles.all : [active];
  return {
    HPAReplicas: sum(sets, createdOf),
    availableReplicas: sum(sets, availableOf),
    readyReplicas: sum(sets, (set) => set.status?.readyReplicas ?? 0),
    selector: formatLabelSelector(active === undefined ? world.rollout.spec.selector : active.spec?.selector),
  };
}

/** Why the new version becomes stable now; `undefined` while it does not. */
function promotionReason(pass: Pass, next: Status): string | undefined {
  const { rollout } = pass.world;
  const { current, stable } = pass.roles;
  const active = next.blueGreen?.activeSelector ?? '';
  if (stable === undefined || active === '') return 'Initial deploy';
  if (active !== next.currentPodHash) return undefined;
  if (pass.previous.promoteFull === true) return 'Full promotion requested';
  if (isRollbackWithinWindow(rollout, pass.roles)) return 'Rollback within window';
  if (isFastRollback(rollout, pass.roles, pass.isCurrentKept)) return 'Fast rollback';
  if (current === undefined || isAborted(pass.previous, pass.wish)) return undefined;
  const isAnalysed =
    blueGreenOf(rollout.spec).postPromotionAnalysis === undefined || pass.runs.postPromotion?.status?.phase === 'Successful';
  return isAnalysed ? 'Completed blue-green update' : undefined;
}

/** From here on a preview of fewer pods is brought to full size. Once reached it stays so until the switch or a new template. */
function isCheckPointReached(pass: Pass): boolean {
  const { previewReplicaCount } = blueGreenOf(pass.world.rollout.spec);
  if (previewReplicaCount === undefined || isTemplateNew(pass)) return false;
  if (pass.previous.blueGreen?.scaleUpPreviewCheckPoint === true) return true;
  return isPrePromotionDone(pass) && isPauseOver(pass) && availableOf(pass.roles.current) === previewReplicaCount;
}
