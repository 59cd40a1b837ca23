/** ReplicaSets that are no longer used: how long they are kept, which must not go yet, and the annotation that says until when. */
import { annotations, formatTime, labels, type ReplicaSet } from '@sluice/api';
import { scaleDownDelayRevisionLimit, scaleDownDelaySeconds } from './defaults.ts';
import { because, type Pass, replaceReplicaSet } from './pass.ts';
import { deadlineOf, hashOf, nameOf, sizeOf } from './replica-sets.ts';
import { referencedServices } from './services.ts';

/** New and stable versions are in use, whatever deadline an earlier switch has noted on them. */
export function removeDeadlines(pass: Pass, keepsCurrent: boolean): void {
  const { current, stable } = pass.roles;
  for (const set of new Set([keepsCurrent ? undefined : current, stable])) {
    if (set?.metadata.annotations?.[annotations.scaleDownDeadline] === undefined) continue;
    const { [annotations.scaleDownDeadline]: _, ...kept } = set.metadata.annotations;
    replaceReplicaSet(pass, set, { ...set, metadata: { ...set.metadata, annotations: kept } });
    because(pass, `size/${nameOf(set)}`, `${nameOf(set)} is in use again`);
    pass.hasActed = true;
  }
}

/** Notes until when a ReplicaSet is kept. Nothing for a delay of 0 (the size stays for this pass all the same, as upstream). */
export function addDeadline(pass: Pass, set: ReplicaSet, delaySeconds: number, why: string): void {
  if (delaySeconds <= 0) {
    pass.wakes.push(pass.now);
    return;
  }
  const at = pass.now + delaySeconds * 1000;
  const noted = { ...set.metadata.annotations, [annotations.scaleDownDeadline]: formatTime(at) };
  replaceReplicaSet(pass, set, { ...set, metadata: { ...set.metadata, annotations: noted } });
  because(pass, `size/${nameOf(set)}`, why);
  // Deadlines are whole seconds, cut off.
  wakeAt(pass, Math.floor(at / 1000) * 1000);
}

export function wakeAt(pass: Pass, at: number): void {
  pass.wakes.push(Math.max(at, pass.now));
}

/**
 * The size that the delay after a switch leaves a version, which may note a deadline.
 *
 * @param kept - how many versions have a deadline so far, counted on by this call
 * @see argoproj/argo-rollouts rollout/replicaset.go scaleDownDelayHelper
 */
export function sizeInDelay(pass: Pass, set: ReplicaSet, kept: { count: number }, sizeWhileKept: number): number {
  const { spec } = pass.world.rollout;
  const limit = scaleDownDelayRevisionLimit(spec);
  const deadline = deadlineOf(set);
  if (deadline === undefined) {
    if (sizeOf(set) === 0 || kept.count >= limit) return 0;
    kept.count++;
    addDeadline(pass, set, scaleDownDelaySeconds(spec), `${nameOf(set)} is kept for ${scaleDownDelaySeconds(spec)} s after the switch`);
    return sizeOf(set);
  }
  kept.count++;
  if (kept.count > limit || deadline <= pass.now) return 0;
  wakeAt(pass, deadline);
  return sizeWhileKept;
}

/** Hashes that something still sends traffic to or names as a version of its own. ReplicaSets of these keep their pods. */
export function referencedHashes(pass: Pass): ReadonlySet<string> {
  const { previous, world, ground } = pass;
  const { weights } = previous.canary ?? {};
  const named = [
    previous.stableRS,
    previous.currentPodHash,
    previous.blueGreen?.activeSelector,
    previous.blueGreen?.previewSelector,
    weights?.canary.podTemplateHash,
    weights?.stable.podTemplateHash,
    ...(weights?.additional ?? []).map(({ podTemplateHash }) => podTemplateHash),
    ...referencedServices(world.rollout).map(({ name }) => world.services.get(name)?.spec?.selector?.[labels.podTemplateHash]),
    ...ground.routers.flatMap((router) => router.referencedHashes?.(world.rollout, world.routed) ?? []),
  ];
  return new Set(named.flatMap((hash) => (hash === undefined || hash === '' ? [] : [hash])));
}

export function isReferenced(hashes: ReadonlySet<string>, set: ReplicaSet): boolean {
  return hashes.has(hashOf(set));
}
