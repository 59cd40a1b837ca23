/** The shell of the replicaset controller: pods first, then the status from what the cache shows after them. */
import { controllerOf } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { adoptersIn } from '../../control/adopters.ts';
import { controlledBy, orphansIn } from '../../control/caches.ts';
import { claim } from '../../control/claims.ts';
import { type ClusterController, createShell, enqueueController, enqueueItself, follow, type Surroundings } from '../../control/shell.ts';
import type { Pod } from '../../shapes/pod.ts';
import { isPodActive } from '../../shapes/pod-conditions.ts';
import type { ReplicaSet } from '../../shapes/workloads.ts';
import { decidePods, decideStatus, type ReplicaSetFacts } from './decide.ts';

export function replicaSetController(around: Surroundings): ClusterController {
  const { caches, clock, tombstones } = around;
  const replicaSets = caches.of<ReplicaSet>(builtinTypes.replicaSets);
  const pods = caches.of<Pod>(builtinTypes.pods);

  const observe = (replicaSet: ReplicaSet): ReplicaSetFacts => {
    const { namespace = '', uid = '' } = replicaSet.metadata;
    const isThere = (pod: Pod): boolean => isPodActive(pod) && !tombstones.has(pod);
    const { claimed, writes } = claim<Pod>({
      ownerType: builtinTypes.replicaSets,
      owner: replicaSet,
      selector: replicaSet.spec.selector,
      type: builtinTypes.pods,
      candidates: [...controlledBy(pods, uid), ...orphansIn(pods, namespace)].filter(isThere),
    });
    return { replicaSet, pods: claimed, claims: writes, related: () => related(replicaSet) };
  };

  const related = (replicaSet: ReplicaSet): readonly Pod[] => {
    const owner = controllerOf(replicaSet);
    const siblings = owner === undefined ? [replicaSet] : controlledBy(replicaSets, owner.uid);
    return siblings.flatMap((sibling) => controlledBy(pods, sibling.metadata.uid ?? ''));
  };

  const { loop } = createShell(around, 'replicaset-controller', async (key, actor) => {
    const replicaSet = replicaSets.get(key);
    if (replicaSet === undefined) return undefined;
    const { failure } = await actor.carryOut(decidePods(observe(replicaSet), clock.now()));
    const current = replicaSets.get(key);
    if (current === undefined || current.metadata.uid !== replicaSet.metadata.uid) return undefined;
    const wait = await follow(actor, decideStatus(observe(current), failure?.message, clock.now()));
    if (failure !== undefined) throw failure;
    return wait;
  });

  enqueueItself(replicaSets, loop);
  enqueueController(pods, loop, 'ReplicaSet', adoptersIn(replicaSets));
  return loop;
}
