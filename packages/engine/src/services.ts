/** Pointing the services of a canary at ReplicaSets, and taking a service back when no Rollout names it any more. */
import { annotations, labels, type ReplicaSet, type Rollout, type Service } from '@sluice/api';
import { notes } from './events.ts';
import { because, type Pass } from './pass.ts';
import type { MergePatch } from './plan.ts';
import { availableOf, hashOf, type ReplicaSetRoles, sizeOf } from './replica-sets.ts';

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

/** Stable service to the stable version, canary service to the new one; both to the stable one while aborted. */
export function reconcileCanaryServices(pass: Pass, aborted: boolean): void {
  const canary = pass.world.rollout.spec.strategy?.canary;
  pointService(pass, canary?.stableService, (roles) => roles.stable);
  pointService(pass, canary?.canaryService, (roles) => (aborted ? roles.stable : roles.current));
}

/**
 * Moves a selector only to a version with an available pod. A service that no Rollout manages yet is taken over only once the version is
 * fully up. One that selects the version already is left as it is, managed or not (as upstream).
 */
function pointService(pass: Pass, name: string | undefined, target: (roles: ReplicaSetRoles) => ReplicaSet | undefined): void {
  const set = target(pass.roles);
  const service = name === undefined ? undefined : pass.world.services.get(name);
  if (set === undefined || name === undefined || service === undefined) return;
  const from = service.spec?.selector?.[labels.podTemplateHash] ?? '';
  const to = hashOf(set);
  if (from === to) return;
  const isManaged = service.metadata.annotations?.[annotations.managedBy] !== undefined;
  const isFullyUp = sizeOf(set) !== 0 && availableOf(set) >= sizeOf(set);
  if (availableOf(set) === 0 || (!isManaged && !isFullyUp)) return;
  const managedBy = service.metadata.annotations?.[annotations.managedBy] ?? pass.world.rollout.metadata.name ?? '';
  const next: Service = {
    ...service,
    metadata: { ...service.metadata, annotations: { ...service.metadata.annotations, [annotations.managedBy]: managedBy } },
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
