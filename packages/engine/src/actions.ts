/**
 * What a person may do to a Rollout, as the patches that do it: the same API effects as upstream's commands, for every door that offers
 * them (commands, pages, deliveries).
 *
 * @see argoproj/argo-rollouts pkg/kubectl-argo-rollouts/cmd: promote, abort, retry, pause, restart, undo, set
 */
import { type Container, formatTime, type Instant, labels, type PodTemplateSpec, type ReplicaSet, type Rollout } from '@sluice/api';
import { stepsOf } from './defaults.ts';
import { revisionOf } from './replica-sets.ts';
import { isFullyPromoted } from './status.ts';

export type RolloutAction =
  | { readonly kind: 'promote'; readonly full?: boolean; readonly skipCurrentStep?: boolean; readonly skipAllSteps?: boolean }
  | { readonly kind: 'abort' }
  | { readonly kind: 'retry' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'restart'; readonly at: Instant }
  /** `toRevision` 0 or absent: the one before the present. */
  | { readonly kind: 'undo'; readonly toRevision?: number; readonly replicaSets: readonly ReplicaSet[] }
  /** Container name, or `*` for all, to image. */
  | { readonly kind: 'set-image'; readonly images: Readonly<Record<string, string>> };

/**
 * One call of the API. `status` patches go to the subresource; where that answers NotFound, all patches of an action are merged
 * into one on the main resource.
 */
export type ActionPatch = {
  readonly subresource?: 'status';
  readonly patchType: 'merge' | 'json';
  readonly patch: unknown;
};

/** Why an action cannot be done. The message is what upstream's command prints. */
export class ActionError extends Error {
  readonly code: 'skip-flags' | 'skip-bluegreen' | 'skip-without-steps' | 'no-revision' | 'no-container' | 'workload-ref';

  constructor(code: ActionError['code'], message: string) {
    super(message);
    this.name = 'ActionError';
    this.code = code;
  }
}

/**
 * The patches of an action, in the order in which they are sent. Empty: nothing to do.
 *
 * @throws ActionError when the action makes no sense for this Rollout
 */
export function actionPatches(rollout: Rollout, action: RolloutAction): readonly ActionPatch[] {
  switch (action.kind) {
    case 'promote':
      return promote(rollout, action);
    case 'abort':
      return [statusMerge({ abort: true })];
    case 'retry':
      return [statusMerge({ abort: false })];
    case 'pause':
      return [specMerge({ paused: true })];
    case 'resume':
      return [specMerge({ paused: false })];
    case 'restart':
      return [specMerge({ restartAt: formatTime(action.at) })];
    case 'undo':
      return undo(rollout, action.toRevision ?? 0, action.replicaSets);
    case 'set-image':
      return setImage(rollout, action.images);
  }
}

function statusMerge(status: Readonly<Record<string, unknown>>): ActionPatch {
  return { subresource: 'status', patchType: 'merge', patch: { status } };
}

function specMerge(spec: Readonly<Record<string, unknown>>): ActionPatch {
  return { patchType: 'merge', patch: { spec } };
}

function promote(rollout: Rollout, options: Extract<RolloutAction, { kind: 'promote' }>): readonly ActionPatch[] {
  const { spec, status = {} } = rollout;
  const steps = stepsOf(spec);
  const index = status.currentStepIndex ?? 0;
  if (options.skipCurrentStep === true && options.skipAllSteps === true) {
    throw new ActionError('skip-flags', 'Cannot use skip-current-step and skip-all-steps flags at the same time');
  }
  if (options.skipCurrentStep === true || options.skipAllSteps === true) {
    if (spec.strategy?.blueGreen !== undefined) {
      throw new ActionError('skip-bluegreen', 'Cannot skip steps of a bluegreen rollout. Run without a flags');
    }
    if (steps.length === 0) throw new ActionError('skip-without-steps', 'Cannot skip steps of a rollout without steps');
    return [statusMerge({ currentStepIndex: options.skipAllSteps === true ? steps.length : Math.min(index + 1, steps.length) })];
  }
  const unpause = spec.paused === true ? [specMerge({ paused: false })] : [];
  if (options.full === true) return isFullyPromoted(status) ? unpause : [statusMerge({ promoteFull: true }), ...unpause];
  return [...resumeStatus(rollout), ...unpause];
}

function resumeStatus({ spec, status = {} }: Rollout): readonly ActionPatch[] {
  const steps = stepsOf(spec);
  const index = status.currentStepIndex ?? 0;
  const isHeld = (status.pauseConditions ?? []).length > 0;
  const isInconclusive = steps[index]?.analysis !== undefined && status.canary?.currentStepAnalysisRunStatus?.status === 'Inconclusive';
  if (isInconclusive && isHeld && status.controllerPause === true) {
    return [statusMerge({ pauseConditions: null, controllerPause: false, currentStepIndex: Math.min(index + 1, steps.length) })];
  }
  if (isHeld) return [statusMerge({ pauseConditions: null })];
  if (steps.length === 0) return [];
  return [statusMerge({ pauseConditions: null, currentStepIndex: Math.min(index + 1, steps.length) })];
}

/**
 * The ReplicaSet of a revision; of the one before the present for 0.
 *
 * @throws ActionError when there is none
 */
export function revisionToUndo(rollout: Rollout, toRevision: number, replicaSets: readonly ReplicaSet[]): ReplicaSet {
  const byRevision = [...replicaSets].sort((a, b) => revisionOf(b) - revisionOf(a));
  const found = toRevision > 0 ? byRevision.find((set) => revisionOf(set) === toRevision) : byRevision[1];
  if (found !== undefined) return found;
  const name = rollout.metadata.name ?? '';
  if (toRevision > 0) throw new ActionError('no-revision', `unable to find specified revision ${toRevision} in history`);
  throw new ActionError('no-revision', `no revision found for rollout "${name}"`);
}

function undo(rollout: Rollout, toRevision: number, replicaSets: readonly ReplicaSet[]): readonly ActionPatch[] {
  const found = revisionToUndo(rollout, toRevision, replicaSets);
  return [{ patchType: 'json', patch: [{ op: 'replace', path: '/spec/template', value: templateOf(found) }] }];
}

/** The template that a ReplicaSet was made of, with the API's defaults and without the hash. */
function templateOf(set: ReplicaSet): PodTemplateSpec {
  const template = set.spec?.template ?? {};
  const { [labels.podTemplateHash]: _, ...kept } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels: kept } };
}

function setImage(rollout: Rollout, images: Readonly<Record<string, string>>): readonly ActionPatch[] {
  const spec = rollout.spec.template?.spec;
  if (spec === undefined) throw new ActionError('workload-ref', `rollout '${rollout.metadata.name ?? ''}' has no template of its own`);
  const used = new Set<string>();
  const changes: { op: 'replace' | 'add'; path: string; value: string }[] = [];
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [at, container] of ((spec[list] ?? []) as readonly Container[]).entries()) {
      const image = images[container.name] ?? images['*'];
      if (image === undefined) continue;
      used.add(Object.hasOwn(images, container.name) ? container.name : '*');
      if (container.image === image) continue;
      changes.push({
        op: container.image === undefined ? 'add' : 'replace',
        path: `/spec/template/spec/${list}/${at}/image`,
        value: image,
      });
    }
  }
  const missing = Object.keys(images).find((name) => !used.has(name));
  if (missing !== undefined) throw new ActionError('no-container', `unable to find container named "${missing}"`);
  return changes.length === 0 ? [] : [{ patchType: 'json', patch: changes }];
}
