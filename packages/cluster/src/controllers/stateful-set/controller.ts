/** The shell of the statefulset controller: revision, pods, status, each decided on what the cache shows after the one before. */
import { builtinTypes } from '@sluice/kube';
import { adoptersIn } from '../../control/adopters.ts';
import { controlledBy, orphansIn } from '../../control/caches.ts';
import { claim } from '../../control/claims.ts';
import { historyOf } from '../../control/history.ts';
import { earliest } from '../../control/plan.ts';
import { type ClusterController, createShell, enqueueController, enqueueItself, follow, type Surroundings } from '../../control/shell.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { PersistentVolumeClaim } from '../../shapes/services.ts';
import type { ControllerRevision, StatefulSet } from '../../shapes/workloads.ts';
import { decideStatefulPods, decideStatefulStatus, type StatefulSetFacts } from './decide.ts';

const hashLabel = 'controller.kubernetes.io/hash';

export function statefulSetController(around: Surroundings): ClusterController {
  const { caches, clock, tombstones } = around;
  const sets = caches.of<StatefulSet>(builtinTypes.statefulSets);
  const pods = caches.of<Pod>(builtinTypes.pods);
  const revisions = caches.of<ControllerRevision>(builtinTypes.controllerRevisions);
  const claims = caches.of<PersistentVolumeClaim>(builtinTypes.persistentVolumeClaims);

  const { loop } = createShell(around, 'statefulset-controller', async (key, actor) => {
    const set = sets.get(key);
    if (set === undefined) return undefined;
    const { namespace = '', uid = '' } = set.metadata;
    const ours = claim<Pod>({
      ownerType: builtinTypes.statefulSets,
      owner: set,
      selector: set.spec.selector,
      type: builtinTypes.pods,
      candidates: [...controlledBy(pods, uid), ...orphansIn(pods, namespace)].filter(
        (pod) => (pod.metadata.name ?? '').startsWith(`${set.metadata.name}-`) && !tombstones.has(pod),
      ),
    });
    if (ours.writes.length > 0) await actor.carryOutOrThrow({ steps: [{ writes: ours.writes }], notes: [], reason: 'adopt and release' });

    const observe = (): StatefulSetFacts | undefined => {
      const current = sets.get(key);
      if (current?.metadata.uid !== uid) return undefined;
      const known = controlledBy(revisions, uid);
      const { update } = historyOf(builtinTypes.statefulSets, current, known, current.metadata.annotations, hashLabel);
      if (update === undefined) return undefined;
      return {
        set: current,
        pods: controlledBy(pods, uid).filter((pod) => !tombstones.has(pod)),
        revisions: known,
        update,
        claim: (name) => claims.get(`${namespace}/${name}`),
      };
    };

    const { write } = historyOf(builtinTypes.statefulSets, set, controlledBy(revisions, uid), set.metadata.annotations, hashLabel);
    if (write !== undefined) await actor.carryOutOrThrow({ steps: [{ writes: [write] }], notes: [], reason: 'new template' });
    const seen = observe();
    if (seen === undefined) return undefined;
    const plan = decideStatefulPods(seen, clock.now());
    const { failure } = await actor.carryOut(plan);
    const after = observe();
    if (after === undefined) return undefined;
    const wait = await follow(actor, decideStatefulStatus(after, clock.now()));
    if (failure !== undefined) throw failure;
    return earliest(wait, plan.requeueAfterMs);
  });

  enqueueItself(sets, loop);
  enqueueController(pods, loop, 'StatefulSet', adoptersIn(sets));
  return loop;
}
