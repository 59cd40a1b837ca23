/** Many Rollouts that are given a new image at once: how long, at what cost, with how many writes, and what they cost when they are done. */
import { crds, type KubeObject, rolloutType } from '@sluice/api';
import { builtinTypes, type Client, createInformer, silentLogger, systemClock } from '@sluice/kube';
import { type Child, start } from './child.ts';
import { difference, stateWrites, type WriteCounts } from './counted-transport.ts';
import { type CanaryShape, canary, inParallel, isSettled, newImage } from './objects.ts';
import type { ControllerUsage } from './processes/rollouts-controller.ts';
import type { Target } from './targets.ts';

export type FleetOptions = CanaryShape & {
  readonly count: number;
  /** How long it is watched doing nothing afterwards. */
  readonly idleMs: number;
};

export type FleetResult = {
  readonly wallMs: number;
  readonly controllerCpuMs: number;
  readonly controllerRssMb: number;
  readonly controllerPeakRssMb: number;
  /** Of the update alone, all Rollouts together. */
  readonly writes: WriteCounts;
  readonly stateWritesEach: number;
  readonly eventsEach: number;
  readonly idle: IdleResult;
};

type IdleResult = { readonly writes: number; readonly cpuPercent: number; readonly rssMb: number };

const settleMsMax = 1_800_000;
const [first, second] = ['example.com/web:1', 'example.com/web:2'];

/** The update of a whole fleet, as the `rollouts` part and the `fleet` command of the bench have it. */
export function measureFleet(target: Target, bundles: string, options: FleetOptions): Promise<FleetResult> {
  return withFleet(target, bundles, options, async ({ controller, names, settled }) => {
    const { client, namespace } = target;
    const before = await controller.ask<ControllerUsage>({});
    const begun = performance.now();
    await inParallel(names, 16, (name) => client.patch(rolloutType, { namespace, name }, 'json', newImage(second)));
    await settled(second);
    const wallMs = performance.now() - begun;
    await quiet(controller);
    const after = await controller.ask<ControllerUsage>({});
    const writes = difference(after.writes, before.writes);
    return {
      wallMs,
      controllerCpuMs: after.cpuMs - before.cpuMs,
      controllerRssMb: after.rssMb,
      controllerPeakRssMb: after.peakRssMb,
      writes,
      stateWritesEach: stateWrites(writes) / options.count,
      eventsEach: (writes.events ?? 0) / options.count,
      idle: await measureIdle(controller, options.idleMs),
    };
  });
}

export type IdleFleetResult = {
  /** Of a controller that finds the fleet as it is. */
  readonly found: IdleResult;
  /** Of the one that has created it. */
  readonly created: IdleResult;
};

/** A fleet that has nothing to do. */
export function measureIdleFleet(target: Target, bundles: string, options: FleetOptions): Promise<IdleFleetResult> {
  return withFleet(target, bundles, options, async ({ controller, restart }) => {
    await quiet(controller);
    const created = await measureIdle(controller, options.idleMs);
    const fresh = await restart();
    await quiet(fresh);
    return { created, found: await measureIdle(fresh, options.idleMs) };
  });
}

/** Until it writes nothing any more, Events included: those wait their turn behind everything else. */
async function quiet(controller: Child): Promise<void> {
  let written = '';
  for (;;) {
    const { writes } = await controller.ask<ControllerUsage>({});
    if (JSON.stringify(writes) === written) return;
    written = JSON.stringify(writes);
    await wait(3_000);
  }
}

async function measureIdle(controller: Child, idleMs: number): Promise<IdleResult> {
  const before = await controller.ask<ControllerUsage>({});
  await wait(idleMs);
  const after = await controller.ask<ControllerUsage>({});
  return {
    writes: stateWrites(difference(after.writes, before.writes)),
    cpuPercent: ((after.cpuMs - before.cpuMs) * 100) / idleMs,
    rssMb: after.rssMb,
  };
}

type Fleet = {
  readonly controller: Child;
  /** Another controller in its place. */
  restart(): Promise<Child>;
  readonly names: readonly string[];
  /** Waits until all of them run that image. */
  settled(image: string): Promise<void>;
};

/** Creates the Rollouts under a controller of their own, waits until their first version is there, and takes them away in the end. */
async function withFleet<T>(target: Target, bundles: string, options: FleetOptions, measure: (fleet: Fleet) => Promise<T>): Promise<T> {
  const { client, namespace } = target;
  await installKinds(client);
  const begin = async (): Promise<Child> => {
    const child = start(bundles, 'rollouts-controller', [target.kubeconfig, namespace]);
    await child.ask();
    return child;
  };
  let controller = await begin();
  const restart = async (): Promise<Child> => {
    await controller.stop();
    controller = await begin();
    return controller;
  };
  const rollouts = createInformer<KubeObject>({
    client,
    type: rolloutType,
    namespace,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  await rollouts.synced();
  const names = Array.from({ length: options.count }, (_, i) => `rollout-${i}`);
  const settled = (image: string): Promise<void> =>
    until(`${options.count} Rollouts of ${image}`, () =>
      Promise.resolve(rollouts.size === options.count && [...rollouts.list()].every((rollout) => isSettled(rollout, image))),
    );
  try {
    await inParallel(names, 16, (name) => client.create(rolloutType, canary(name, namespace, first, options)));
    await settled(first);
    return await measure({ controller, restart, names, settled });
  } finally {
    rollouts.stop();
    await controller.stop();
    await inParallel(names, 16, (name) => client.delete(rolloutType, { namespace, name }).catch(() => {}));
  }
}

async function installKinds(client: Client): Promise<void> {
  for (const crd of crds()) {
    const name = crd.metadata.name ?? '';
    await client.create(builtinTypes.customResourceDefinitions, crd).catch((error: { reason?: string }) => {
      if (error.reason !== 'AlreadyExists') throw error;
    });
    await until(`CRD ${name}`, async () => {
      const { status } = await client.get<KubeObject & { status?: { conditions?: readonly { type: string; status: string }[] } }>(
        builtinTypes.customResourceDefinitions,
        { name },
      );
      return status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True') === true;
    });
  }
}

function wait(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs));
}

async function until(what: string, probe: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + settleMsMax;
  while (!(await probe())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about in ${settleMsMax / 1000} s`);
    await wait(50);
  }
}
