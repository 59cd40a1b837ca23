/** Subsets of a DestinationRule: pointing them at versions, and giving them back. */
import { annotations, type KubeObject, labels, type ReplicaSet, type Rollout } from '@sluice/api';
import type { WeightTarget } from '@sluice/engine';
import { RoutingProblem } from '../draft.ts';
import { type Fields, fieldAt, isFields, listOf, textOf, withAnnotations, withField } from '../fields.ts';
import { availableOf, canaryOf, hashOf, nameOf, routingOf, sizeOf } from '../rollout.ts';

/**
 * The rule with the canary, stable and experiment subsets at their hashes; an empty hash takes the label away. Subsets of nobody are dropped
 * (as upstream), those of `additionalSubsetNames` stay.
 *
 * @throws RoutingProblem when the subsets have a shape that no rule has
 */
export function withHashes(
  rollout: Rollout,
  rule: KubeObject,
  canaryHash: string,
  stableHash: string,
  targets: readonly WeightTarget[],
): KubeObject {
  const { canarySubsetName, stableSubsetName, additionalSubsetNames = [] } = routingOf(rollout).istio?.destinationRule ?? {};
  const missing = new Map(targets.map((target) => [target.serviceName, target.podTemplateHash]));
  const subsets: Fields[] = [];
  for (const subset of subsetsOf(rule)) {
    const name = textOf(subset.name);
    const experiment = missing.get(name);
    if (name === canarySubsetName) subsets.push(withHash(subset, canaryHash));
    else if (name === stableSubsetName) subsets.push(withHash(subset, stableHash));
    else if (additionalSubsetNames.includes(name)) subsets.push(subset);
    else if (experiment !== undefined) {
      subsets.push(withHash(subset, experiment));
      missing.delete(name);
    }
  }
  for (const [name, hash] of missing) subsets.push({ name, labels: { [labels.podTemplateHash]: hash } });
  return withField(withAnnotations(rule, { [annotations.managedBy]: nameOf(rollout) }), ['spec', 'subsets'], subsets);
}

/** The rule without annotation and hashes. */
export function released(rule: KubeObject): KubeObject {
  const next = withAnnotations(rule, { [annotations.managedBy]: undefined });
  const subsets = listOf(fieldAt(rule, 'spec', 'subsets'));
  if (subsets === undefined) return next;
  return withField(
    next,
    ['spec', 'subsets'],
    subsets.map((subset) => (isFields(subset) ? withHash(subset, '') : subset)),
  );
}

/** Hashes in the labels of the subsets. */
export function hashesIn(rule: KubeObject | undefined): readonly string[] {
  const subsets = listOf(fieldAt(rule, 'spec', 'subsets')) ?? [];
  return subsets.map((subset) => textOf(fieldAt(subset, 'labels', labels.podTemplateHash))).filter((hash) => hash !== '');
}

/**
 * Without services nothing else keeps traffic from a version that has no pods yet, so a rule is switched only once the sets it would lead to
 * are fully available. The canary is exempt while going back: it may lose pods then.
 *
 * @returns the set to wait for
 */
export function setNotAvailable(
  rollout: Rollout,
  sets: readonly ReplicaSet[],
  canaryHash: string,
  stableHash: string,
): ReplicaSet | undefined {
  const { canaryService = '', stableService = '' } = canaryOf(rollout);
  if (canaryService !== '' || stableService !== '') return undefined;
  const isExempt = rollout.status?.abort === true || isRollingBackDynamically(rollout, sets);
  return sets.find((set) => {
    const hash = hashOf(set);
    const isConcerned = hash === stableHash || (hash === canaryHash && !isExempt);
    return hash !== '' && isConcerned && sizeOf(set) > 0 && availableOf(set) < sizeOf(set);
  });
}

/** The stable version is the one asked for again, and comes back up while another still carries traffic. */
function isRollingBackDynamically(rollout: Rollout, sets: readonly ReplicaSet[]): boolean {
  const { currentPodHash = '', stableRS = '', canary } = rollout.status ?? {};
  const weighed = canary?.weights?.canary.podTemplateHash ?? '';
  if (canaryOf(rollout).dynamicStableScale !== true || currentPodHash === '' || currentPodHash !== stableRS) return false;
  const current = sets.find((set) => hashOf(set) === currentPodHash);
  return weighed !== '' && weighed !== currentPodHash && current !== undefined && availableOf(current) < (rollout.spec.replicas ?? 1);
}

function subsetsOf(rule: KubeObject): readonly Fields[] {
  const subsets = fieldAt(rule, 'spec', 'subsets') ?? [];
  const isReadable = (subset: unknown): subset is Fields =>
    isFields(subset) && typeof subset.name === 'string' && (subset.labels === undefined || isFields(subset.labels));
  if (!Array.isArray(subsets) || !subsets.every(isReadable))
    throw new RoutingProblem(`DestinationRule \`${rule.metadata.name ?? ''}\`: spec.subsets is not a list of named subsets`);
  return subsets;
}

function withHash(subset: Fields, hash: string): Fields {
  if (hash !== '') return withField(subset, ['labels', labels.podTemplateHash], hash);
  if (fieldAt(subset, 'labels', labels.podTemplateHash) === undefined) return subset;
  const next = withField(subset, ['labels', labels.podTemplateHash], undefined);
  return Object.keys(next.labels as Fields).length === 0 ? withField(next, ['labels'], undefined) : next;
}
