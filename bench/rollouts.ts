/** Many Rollouts of five pods that are given a new image at once: how long, at what cost, with how many writes. */
import { crds, type KubeObject, rolloutType } from '@sluice/api';
import { builtinTypes, createInformer, silentLogger, systemClock } from '@sluice/kube';
import { start } from './child.ts';
import { inParallel } from './objects.ts';
import type { ControllerUsage } from './processes/rollouts-controller.ts';
import type { Target } from './targets.ts';

export type RolloutsResult = {
  readonly wallMs: number;
  readonly controllerCpuMs: number;
  readonly controllerRssMb: number;
  readonly stateWritesEach: number;
  readonly eventsEach: number;
};

const replicas = 5;
const settleMsMax = 600_000;

export async function measureRollouts(target: Target, bundles: string, count: number): Promise<RolloutsResult> {
  const { client, namespace } = target;
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
  const controller = start(bundles, 'rollouts-controller', [target.kubeconfig, namespace]);
  await controller.ask();
  const rollouts = createInformer<KubeObject>({
    client,
    type: rolloutType,
    namespace,
    clock: systemClock,
    random: Math.random,
    logger: silentLogger,
  });
  await rollouts.synced();
  const names = Array.from({ length: count }, (_, i) => `rollout-${i}`);
  const areHealthy = (image: string) => (): Promise<boolean> =>
    Promise.resolve(rollouts.size === count && [...rollouts.list()].every((rollout) => isHealthy(rollout, image)));
  try {
    await inParallel(names, 16, (name) => client.create(rolloutType, rolloutOf(name, namespace, 'example.com/web:1')));
    await until('the first version', areHealthy('example.com/web:1'));
    const before = await controller.ask<ControllerUsage>({});
    const begun = performance.now();
    const image = 'example.com/web:2';
    await inParallel(names, 16, (name) =>
      client.patch(rolloutType, { namespace, name }, 'json', [
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: image },
      ]),
    );
    await until('the second version', areHealthy(image));
    const wallMs = performance.now() - begun;
    const after = await controller.ask<ControllerUsage>({});
    return {
      wallMs,
      controllerCpuMs: after.cpuMs - before.cpuMs,
      controllerRssMb: after.rssMb,
      stateWritesEach: (after.stateWrites - before.stateWrites) / count,
      eventsEach: (after.eventWrites - before.eventWrites) / count,
    };
  } finally {
    rollouts.stop();
    await controller.stop();
    await inParallel(names, 16, (name) => client.delete(rolloutType, { namespace, name }).catch(() => {}));
  }
}

function rolloutOf(name: string, namespace: string, image: string): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      strategy: {
        canary: { steps: [{ setWeight: 20 }, { pause: { duration: 1 } }, { setWeight: 60 }, { pause: { duration: 1 } }] },
      },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image }] } },
    },
  };
}

function isHealthy(rollout: KubeObject, image: string): boolean {
  const { spec, status, metadata } = rollout as KubeObject & {
    spec: { template: { spec: { containers: readonly { image: string }[] } } };
    status?: { phase?: string; observedGeneration?: string; updatedReplicas?: number };
  };
  return (
    spec.template.spec.containers[0]?.image === image &&
    status?.phase === 'Healthy' &&
    status.observedGeneration === String(metadata.generation) &&
    status.updatedReplicas === replicas
  );
}

async function until(what: string, probe: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + settleMsMax;
  while (!(await probe())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about in ${settleMsMax / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
