/**
 * Takes marks of a Rollout off router objects (a DestinationRule, an Ingress) that no Rollout names any more. What is to go is the router's
 * business; here it is noticed when to ask, and written.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/istio/controller.go, ingress/ingress.go
 */
import { annotations, type Clock, isStatusError, type KubeObject, type ResourceType, type Rollout, rolloutType } from '@sluice/api';
import { type ObjectRef, objectKey, type TrafficRouter } from '@sluice/engine';
import { type Client, type Controller, createController, type Informer, type Logger } from '@sluice/kube';

export type RouterCleanerOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly routers: readonly TrafficRouter[];
  readonly rollouts: Informer<Rollout>;
  readonly read: (ref: ObjectRef) => Promise<KubeObject | undefined>;
  readonly overlay: (type: ResourceType, object: KubeObject) => Promise<void>;
};

export class RouterCleaner {
  readonly #options: RouterCleanerOptions;
  readonly #controller: Controller;
  readonly #refs = new Map<string, ObjectRef>();

  constructor(options: RouterCleanerOptions) {
    const { clock, random, logger } = options;
    this.#options = options;
    this.#controller = createController({ name: 'router-objects', clock, random, logger, reconcile: (key) => this.#reconcile(key) });
  }

  start(): void {
    this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** Looks at an object after it, or a Rollout that named it, has changed. */
  look(ref: ObjectRef): void {
    if (this.#routersOf(ref.type).length === 0) return;
    const key = objectKey(ref);
    this.#refs.set(key, ref);
    this.#controller.enqueue(key);
  }

  #routersOf(type: ResourceType): readonly TrafficRouter[] {
    return this.#options.routers.filter(({ cleansTypes }) =>
      cleansTypes?.some((one) => one.kind === type.kind && one.group === type.group),
    );
  }

  async #reconcile(key: string): Promise<undefined> {
    const { client, overlay, read } = this.#options;
    const ref = this.#refs.get(key);
    this.#refs.delete(key);
    const object = ref === undefined ? undefined : await read(ref);
    if (ref === undefined || object === undefined) return undefined;
    const users = await this.#users(ref, object);
    for (const router of this.#routersOf(ref.type)) {
      const clean = router.clean?.(object, (name) => users.has(name));
      if (clean === undefined) continue;
      try {
        // The whole object, guarded by its version: what goes are keys of maps that a merge could not name for every router.
        await overlay(ref.type, await client.update(ref.type, clean, { lane: 'traffic' }));
      } catch (error) {
        if (!isStatusError(error, 'NotFound', 'Conflict')) throw error;
        this.look(ref);
      }
      return undefined;
    }
    return undefined;
  }

  /** Rollouts of the namespace that refer to the object; those of other instances are asked for by the name that the object bears. */
  async #users(ref: ObjectRef, object: KubeObject): Promise<ReadonlySet<string>> {
    const { client, routers, rollouts } = this.#options;
    const wanted = objectKey(ref);
    const refersTo = (rollout: Rollout): boolean =>
      routers.some(
        (router) =>
          router.isUsedBy(rollout) && router.references(rollout, new Map([[wanted, object]])).some((one) => objectKey(one) === wanted),
      );
    const users = new Set([...rollouts.inNamespace(ref.namespace)].filter(refersTo).map(({ metadata }) => metadata.name ?? ''));
    for (const name of namesIn(object)) {
      if (users.has(name) || rollouts.get(`${ref.namespace}/${name}`) !== undefined) continue;
      const rollout = await client.get<Rollout>(rolloutType, { namespace: ref.namespace, name }).catch((error: unknown) => {
        if (isStatusError(error, 'NotFound')) return undefined;
        throw error;
      });
      if (rollout !== undefined && refersTo(rollout)) users.add(name);
    }
    return users;
  }
}

/** Rollouts that annotations of ours name. */
function namesIn({ metadata }: KubeObject): readonly string[] {
  const own = metadata.annotations?.[annotations.managedBy];
  const managed = metadata.annotations?.[annotations.managedAlbAnnotations];
  const names = own === undefined ? [] : [own];
  if (managed === undefined) return names;
  try {
    const parsed: unknown = JSON.parse(managed);
    return typeof parsed === 'object' && parsed !== null ? [...names, ...Object.keys(parsed)] : names;
  } catch {
    return names;
  }
}
