/** What every controller of the cluster is given, and the loop around its reconcile function. */
import { type Clock, controllerOf, type KubeObject, keyOf } from '@sluice/api';
import { type Client, type Controller, createController, type Informer, type Logger } from '@sluice/kube';
import { Actor, type NoteSink } from './actor.ts';
import type { Caches } from './caches.ts';
import { earliest, type Plan } from './plan.ts';
import type { Tombstones } from './tombstones.ts';

export type Surroundings = {
  readonly client: Client;
  readonly caches: Caches;
  readonly tombstones: Tombstones;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Events of a component: `deployment-controller`. */
  readonly notesFrom: (component: string) => NoteSink;
};

/** Wired to the caches when it is made; works from `start` on, which waits until the caches are complete. */
export interface ClusterController {
  start(): void;
  stop(): Promise<void>;
}

export function together(...parts: readonly ClusterController[]): ClusterController {
  return {
    start: () => {
      for (const part of parts) part.start();
    },
    stop: async () => {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}

/** The loop and the actor of one controller. Handlers enqueue; the loop runs from `start` on. */
export type Shell = { readonly loop: Controller; readonly actor: Actor };

/**
 * @param component - as it shows in Events: `replicaset-controller`
 * @param reconcile - returns when to look again, in milliseconds; `undefined` waits for a change
 */
export function createShell(
  around: Surroundings,
  component: string,
  reconcile: (key: string, actor: Actor) => Promise<number | undefined>,
  concurrency = 16,
): Shell {
  const actor = new Actor({ ...around, notes: around.notesFrom(component) });
  const loop = createController({
    name: component,
    clock: around.clock,
    random: around.random,
    logger: around.logger,
    concurrency,
    reconcile: async (key) => {
      const requeueAfterMs = await reconcile(key, actor);
      return requeueAfterMs === undefined ? undefined : { requeueAfterMs };
    },
  });
  return { loop, actor };
}

/** Carries a plan out and passes on when to look again. @throws what the server refused */
export async function follow(actor: Actor, plan: Plan): Promise<number | undefined> {
  await actor.carryOutOrThrow(plan);
  return earliest(plan.requeueAfterMs);
}

/** Every change of an object wakes the pass of that object. */
export function enqueueItself<T extends KubeObject>(informer: Informer<T>, loop: Controller): void {
  const wake = (object: T): void => loop.enqueue(keyOf(object));
  informer.addHandler({ added: wake, updated: wake, deleted: wake });
}

/**
 * A change of an owned object wakes its controller, before and after the change; one without a controller wakes `adopters`.
 *
 * @param kind - of the owners that this loop is for
 * @param adopters - keys of those who might want an orphan
 */
export function enqueueController<T extends KubeObject>(
  informer: Informer<T>,
  loop: Controller,
  kind: string,
  adopters?: (orphan: T) => Iterable<string>,
): void {
  const wake = (object: T): void => {
    const controller = controllerOf(object);
    const { namespace = '' } = object.metadata;
    if (controller !== undefined) {
      if (controller.kind === kind) loop.enqueue(namespace === '' ? controller.name : `${namespace}/${controller.name}`);
    } else if (adopters !== undefined && object.metadata.deletionTimestamp === undefined) {
      for (const key of adopters(object)) loop.enqueue(key);
    }
  };
  informer.addHandler({
    added: wake,
    updated: (object, previous) => {
      const before = controllerOf(previous);
      if (before !== undefined && before.uid !== controllerOf(object)?.uid) wake(previous);
      wake(object);
    },
    deleted: (object) => {
      if (controllerOf(object) !== undefined) wake(object);
    },
  });
}
