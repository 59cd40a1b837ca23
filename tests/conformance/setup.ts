/**
 * One cluster for all files of the conformance project: `sluice up`, or with SLUICE_TEST_KUBECONFIG that cluster with `sluice controller` beside
 * it, which then looks only at objects with an instance id of this run. The routers' kinds are added where they are missing.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { crds, type KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { trafficRouterCrds } from '@sluice/providers';
import type { TestProject } from 'vitest/node';
import { freePort, root, type Sluice, startSluice, until } from '../harness/program.ts';
import { connectTo, type RolloutsCluster } from '../harness/rollouts/cluster-view.ts';

declare module 'vitest' {
  interface ProvidedContext {
    rolloutsCluster: RolloutsCluster;
  }
}

type Established = { readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] } };

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.SLUICE_TEST_KUBECONFIG;
  const instanceId = given === undefined ? undefined : `conformance-${process.pid}`;
  let embedded: Sluice | undefined;
  let controller: ChildProcess | undefined;
  if (given === undefined) embedded = await startSluice({ args: process.env.SLUICE_TEST_VERBOSE === undefined ? [] : ['--verbose'] });
  const kubeconfig = given ?? embedded?.kubeconfig ?? '';
  const client = connectTo(kubeconfig);
  const definitions = [...crds(), ...trafficRouterCrds];
  const served = new Set((await client.list(builtinTypes.customResourceDefinitions)).items.map(({ metadata }) => metadata.name));
  for (const definition of definitions) {
    if (!served.has(definition.metadata.name)) await client.create(builtinTypes.customResourceDefinitions, definition);
  }
  await until('all definitions are served', async () => {
    const { items } = await client.list<KubeObject & Established>(builtinTypes.customResourceDefinitions);
    const isEstablished = ({ status }: Established): boolean =>
      status?.conditions?.some(({ type, status: value }) => type === 'Established' && value === 'True') === true;
    return items.every(isEstablished) || undefined;
  });
  const [metricsPort, healthzPort] = [await freePort(), await freePort()];
  if (given !== undefined && instanceId !== undefined) {
    const flags = ['--kubeconfig', given, '--leader-elect=false', '--instance-id', instanceId];
    const ports = ['--metricsPort', String(metricsPort), '--healthzPort', String(healthzPort)];
    controller = spawn(process.execPath, [join(root, 'apps/sluice/bin/sluice'), 'controller', ...flags, ...ports], { stdio: 'ignore' });
    await until('the controller answers', async () => (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).ok || undefined);
  }
  await client.close();
  project.provide('rolloutsCluster', {
    kubeconfig,
    ...(instanceId === undefined ? {} : { instanceId, metrics: `http://127.0.0.1:${metricsPort}/metrics` }),
  });
  return async () => {
    controller?.kill('SIGKILL');
    await embedded?.stop();
  };
}
