/**
 * Services that carry the hash in their selector: each belongs to a Rollout that names it, or is given back.
 *
 * @see argoproj/argo-rollouts service/service.go
 */
import { annotations, type Clock, isStatusError, keyOf, labels, type Rollout, rolloutType, type Service, splitKey } from '@sluice/api';
import { releasePatch } from '@sluice/engine';
import { builtinTypes, type Client, type Controller, createController, type Logger, type Result } from '@sluice/kube';
import type { Caches } from './act.ts';
import { serviceIndex, serviceKeys } from './observe.ts';

export type ServiceControllerOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly caches: Caches;
  readonly enqueueRollout: (key: string) => void;
};

export function createServiceController(options: ServiceControllerOptions): Controller {
  const { clock, random, logger } = options;
  return createController({ name: 'services', clock, random, logger, reconcile: (key) => reconcile(key, options) });
}

async function reconcile(key: string, { client, caches, enqueueRollout }: ServiceControllerOptions): Promise<Result | undefined> {
  const service = caches.services.get(key);
  if (service?.spec?.selector?.[labels.podTemplateHash] === undefined) return undefined;
  const user = await userOf(service, key, caches, client);
  if (user !== undefined) {
    enqueueRollout(keyOf(user));
    return undefined;
  }
  const patch = releasePatch(service, undefined);
  if (patch === undefined) return undefined;
  const guard = { resourceVersion: service.metadata.resourceVersion };
  const { namespace, name } = splitKey(key);
  const guardedPatch = { ...patch, metadata: { ...(patch.metadata as object), ...guard } };
  const answer = await client.patch<Service>(builtinTypes.services, { namespace, name }, 'merge', guardedPatch, { lane: 'traffic' });
  caches.services.overlay(answer);
  return undefined;
}

/** The Rollout that the annotation names, read from the API where the cache does not have it: it may belong to another instance. */
async function userOf(service: Service, key: string, caches: Caches, client: Client): Promise<Rollout | undefined> {
  const manager = service.metadata.annotations?.[annotations.managedBy];
  if (manager === undefined) return caches.rollouts.byIndex(serviceIndex, key)[0];
  const namespace = service.metadata.namespace ?? '';
  const cached = caches.rollouts.get(`${namespace}/${manager}`);
  if (cached !== undefined) return serviceKeys(cached).includes(key) ? cached : undefined;
  try {
    const rollout = await client.get<Rollout>(rolloutType, { namespace, name: manager });
    return serviceKeys(rollout).includes(key) ? rollout : undefined;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  }
}
