/** Pointing the services of a Rollout at ReplicaSets, and taking a service back when no Rollout names it any more. */
import { annotations, labels, type ReplicaSet, type Rollout, type Service } from '@sluice/api';
import { canaryOf, isBasicCanary } from './defaults.ts';
import { notes } from './events.ts';
import { because, type Pass } from './pass.ts';
import { isAborted } from './pause.ts';
import type { MergePatch } from './plan.ts';
import { availableOf, hashOf, sizeOf } from './replica-sets.ts';
import { isFullyPromoted } from './status.ts';
import { hashRolledBackFrom } from './weights.ts';

/** Names of all services that a Rollout refers to, with the field that does. Stable before canary, as upstream looks them up. */
export function referencedServices({ spec }: Rollout): readonly { readonly name: string; readonly path: string }[] {
  const { canary, blueGreen } = spec.strategy ?? {};
  const at = (name: string | undefined, path: string): { name: string; path: string }[] =>
    name === undefined || name === '' ? [] : [{ name, path: `spec.strategy.${path}` }];
  return [
    ...at(blueGreen?.activeService, 'blueGreen.activeService'),
    ...at(blueGreen?.previewService, 'blueGreen.previewService'),
    ...at(canary?.stableService, 'canary.stableService'),
    ...at(canary?.canaryService, 'canary.canaryService'),
    ...at(canary?.pingPong?.pingService, 'canary.pingPong.pingService'),
    ...at(canary?.pingPong?.pongService, 'canary.pingPong.pongService'),
  ];
}

/** The service of a ping-pong pair that serves the new version now: the one that is not named stable, ping at the very first. */
function pingPongCanary({ spec, status }: Rollout): string | undefined {
  const { pingPong } = canaryOf(spec);
  return status?.canary?.stablePingPong === 'ping' ? pingPong?.pongService : pingPong?.pingService;
}

/**
 * Stable service to the stable version, canary service to the new one. While aborted the canary service belongs to the stable version: a
 * basic canary moves it here, a routed one when it moves the weight, and neither ever moves it back and forth.
 *
 * @see argoproj/argo-rollouts rollout/service.go
 */
export function reconcileCanaryServices(pass: Pass): void {
  const { rollout } = pass.world;
  const canary = canaryOf(rollout.spec);
  if (canary.pingPong !== undefined && !isFullyPromoted(pass.previous))
    pointService(pass, pingPongCanary(rollout), pass.roles.current, 'at once');
  pointService(pass, canary.stableService, pass.roles.stable, 'when up');
  if (isAborted(pass.previous, pass.wish)) {
    if (isBasicCanary(rollout.spec)) pointService(pass, canary.canaryService, pass.roles.stable, 'when up');
    return;
  }
  if (hashRolledBackFrom(rollout, pass.roles) !== undefined) return;
  pointService(pass, canary.canaryService, pass.roles.current, 'when up');
}

/** An aborted canary that no traffic may reach: its service leads to the stable version, ready or not. */
export function withdrawCanaryService(pass: Pass): void {
  pointService(pass, canaryOf(pass.world.rollout.spec).canaryService, pass.roles.stable, 'at once');
}

/**
 * Moves a selector, `when up` only to a version with an available pod; a service that no Rollout manages yet is then taken over only once the
 * version is fully up. One that selects the version already is left as it is, managed or not (as upstream).
 */
function pointService(pass: Pass, name: string | undefined, set: ReplicaSet | undefined, mode: 'when up' | 'at once'): void {
  const service = name === undefined ? undefined : pass.world.services.get(name);
  if (set === undefined || service === undefined || selectedHash(service) === hashOf(set)) return;
  if (mode === 'when up') {
    const isManaged = service.metadata.annotations?.[annotations.managedBy] !== undefined;
    const isFullyUp = sizeOf(set) !== 0 && availableOf(set) >= sizeOf(set);
    if (availableOf(set) === 0 || (!isManaged && !isFullyUp)) return;
  }
  switchService(pass, service, hashOf(set));
}

export function selectedHash(service: Service | undefined): string {
  return service?.spec?.selector?.[labels.podTemplateHash] ?? '';
}

/** Gives a service the hash to select and the name of the Rollout that manages it. Nothing happens where it has both. */
export function switchService(pass: Pass, service: Service, to: string): void {
  const from = selectedHash(service);
  const managedBy = service.metadata.annotations?.[annotations.managedBy];
  if (from === to && managedBy !== undefined) return;
  const name = service.metadata.name ?? '';
  const next: Service = {
    ...service,
    metadata: {
      ...service.metadata,
      annotations: { ...service.metadata.annotations, [annotations.managedBy]: managedBy ?? pass.world.rollout.metadata.name ?? '' },
    },
    spec: { ...service.spec, selector: { ...service.spec?.selector, [labels.podTemplateHash]: to } },
  };
  pass.world = { ...pass.world, services: new Map(pass.world.services).set(name, next) };
  pass.hasActed = true;
  because(pass, `service/${name}`, `it is to select ${to}`, notes.switchService(name, from, to));
}

/** The patch that brings about what a pass did to a service; `undefined` when it did nothing. */
export function servicePatch(before: Service, after: Service): MergePatch | undefined {
  if (before === after) return undefined;
  const managedBy = after.metadata.annotations?.[annotations.managedBy];
  const isNew = before.metadata.annotations?.[annotations.managedBy] !== managedBy;
  return {
    ...(isNew ? { metadata: { annotations: { [annotations.managedBy]: managedBy } } } : {}),
    spec: { selector: { [labels.podTemplateHash]: after.spec?.selector?.[labels.podTemplateHash] } },
  };
}

/**
 * What to do about a service that carries the hash in its selector: nothing while a Rollout names it, else give it back.
 * Without the annotation the selector keeps its hash (as upstream).
 *
 * @param rolloutNamed - the Rollout that the annotation names, where it exists and names the service; or any that names it
 */
export function releasePatch(service: Service, rolloutNamed: Rollout | undefined): MergePatch | undefined {
  if (service.spec?.selector?.[labels.podTemplateHash] === undefined || rolloutNamed !== undefined) return undefined;
  if (service.metadata.annotations?.[annotations.managedBy] === undefined) return undefined;
  return {
    metadata: { annotations: { [annotations.managedBy]: null } },
    spec: { selector: { [labels.podTemplateHash]: null } },
  };
}
