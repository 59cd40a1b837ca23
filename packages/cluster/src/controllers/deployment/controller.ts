/** The shell of the deployment controller: reads the caches, asks `decideDeployment`, carries the plan out. */
import { type KubeObject, podTemplateHash } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { adoptersIn } from '../../control/adopters.ts';
import { controlledBy, orphansIn } from '../../control/caches.ts';
import { claim } from '../../control/claims.ts';
import { type ClusterController, createShell, enqueueController, enqueueItself, follow, type Surroundings } from '../../control/shell.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { Deployment, ReplicaSet } from '../../shapes/workloads.ts';
import { type DeploymentFacts, decideCreateFailure, decideDeployment } from './decide.ts';

export function deploymentController(around: Surroundings): ClusterController {
  const { caches, clock, tombstones } = around;
  const deployments = caches.of<Deployment>(builtinTypes.deployments);
  const replicaSets = caches.of<ReplicaSet>(builtinTypes.replicaSets);
  const pods = caches.of<Pod>(builtinTypes.pods);

  const { loop } = createShell(around, 'deployment-controller', async (key, actor) => {
    const deployment = deployments.get(key);
    if (deployment === undefined) return undefined;
    const { namespace = '', uid = '' } = deployment.metadata;
    const claims = claim<ReplicaSet>({
      ownerType: builtinTypes.deployments,
      owner: deployment,
      selector: deployment.spec.selector,
      type: builtinTypes.replicaSets,
      candidates: [...controlledBy(replicaSets, uid), ...orphansIn(replicaSets, namespace)].filter((found) => !tombstones.has(found)),
    });
    if (claims.writes.length > 0) {
      // What is adopted or released comes back through the cache and wakes the next pass.
      await actor.carryOutOrThrow({ steps: [{ writes: claims.writes }], notes: [], reason: 'adopt and release' });
      return undefined;
    }
    const isRecreate = deployment.spec.strategy?.type === 'Recreate';
    const seen: DeploymentFacts = {
      deployment,
      replicaSets: claims.claimed,
      pods: isRecreate ? claims.claimed.flatMap((replicaSet) => controlledBy(pods, replicaSet.metadata.uid ?? '')) : [],
      replicaSetNamed: (name) => replicaSets.get(`${namespace}/${name}`),
      podTemplateHash: ({ spec, status }) => podTemplateHash(spec.template, status?.collisionCount),
    };
    const plan = decideDeployment(seen, clock.now());
    const { failure } = await actor.carryOut(plan);
    if (failure !== undefined) {
      if (plan.reason === 'create ReplicaSet') await follow(actor, decideCreateFailure(seen, failure.message, clock.now()));
      throw failure;
    }
    return plan.requeueAfterMs;
  });

  enqueueItself(deployments, loop);
  enqueueController(replicaSets, loop, 'Deployment', adoptersIn(deployments));
  // The strategy Recreate waits for the last old pod to be gone, which changes no ReplicaSet.
  pods.addHandler({
    deleted: (pod) => {
      for (const owner of deploymentOf(pod)) loop.enqueue(owner);
    },
  });
  return loop;

  function* deploymentOf(pod: KubeObject): Generator<string> {
    const { namespace = '', ownerReferences = [] } = pod.metadata;
    const owner = ownerReferences.find((reference) => reference.controller === true && reference.kind === 'ReplicaSet');
    if (owner === undefined) return;
    const deployment = replicaSets
      .get(`${namespace}/${owner.name}`)
      ?.metadata.ownerReferences?.find((reference) => reference.controller === true && reference.kind === 'Deployment');
    const key = `${namespace}/${deployment?.name ?? ''}`;
    if (deployments.get(key)?.spec.strategy?.type === 'Recreate') yield key;
  }
}
