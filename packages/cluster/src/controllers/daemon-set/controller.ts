/** The shell of the daemonset controller. A node that comes or goes wakes every DaemonSet. */
import { keyOf } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { adoptersIn } from '../../control/adopters.ts';
import { controlledBy, orphansIn } from '../../control/caches.ts';
import { claim } from '../../control/claims.ts';
import { isEqual } from '../../control/equality.ts';
import { historyOf, revisionHashLabel } from '../../control/history.ts';
import { type ClusterController, createShell, enqueueController, enqueueItself, follow, type Surroundings } from '../../control/shell.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { Node } from '../../shapes/services.ts';
import type { ControllerRevision, DaemonSet } from '../../shapes/workloads.ts';
import { type DaemonSetFacts, decideDaemonPods, decideDaemonStatus, generationAnnotation } from './decide.ts';

export function daemonSetController(around: Surroundings): ClusterController {
  const { caches, clock, tombstones } = around;
  const sets = caches.of<DaemonSet>(builtinTypes.daemonSets);
  const pods = caches.of<Pod>(builtinTypes.pods);
  const nodes = caches.of<Node>(builtinTypes.nodes);
  const revisions = caches.of<ControllerRevision>(builtinTypes.controllerRevisions);

  const { loop } = createShell(around, 'daemonset-controller', async (key, actor) => {
    const set = sets.get(key);
    if (set === undefined) return undefined;
    const { namespace = '', uid = '' } = set.metadata;
    const { writes } = claim<Pod>({
      ownerType: builtinTypes.daemonSets,
      owner: set,
      selector: set.spec.selector,
      type: builtinTypes.pods,
      candidates: [...controlledBy(pods, uid), ...orphansIn(pods, namespace)].filter((pod) => !tombstones.has(pod)),
    });
    if (writes.length > 0) await actor.carryOutOrThrow({ steps: [{ writes }], notes: [], reason: 'adopt and release' });

    const history = (current: DaemonSet): ReturnType<typeof historyOf> => {
      const generation = current.metadata.annotations?.[generationAnnotation];
      const annotations = { ...current.metadata.annotations, ...(generation === undefined ? {} : { [generationAnnotation]: generation }) };
      return historyOf(builtinTypes.daemonSets, current, controlledBy(revisions, uid), annotations, revisionHashLabel);
    };
    const { write } = history(set);
    if (write !== undefined) await actor.carryOutOrThrow({ steps: [{ writes: [write] }], notes: [], reason: 'new template' });

    const observe = (): DaemonSetFacts | undefined => {
      const current = sets.get(key);
      if (current?.metadata.uid !== uid) return undefined;
      const { update } = history(current);
      if (update === undefined) return undefined;
      return {
        set: current,
        nodes: [...nodes.list()],
        pods: controlledBy(pods, uid).filter((pod) => !tombstones.has(pod)),
        revisions: controlledBy(revisions, uid),
        update,
      };
    };
    const seen = observe();
    if (seen === undefined) return undefined;
    const { failure } = await actor.carryOut(decideDaemonPods(seen, clock.now()));
    const after = observe();
    if (after === undefined) return undefined;
    const wait = await follow(actor, decideDaemonStatus(after, clock.now()));
    if (failure !== undefined) throw failure;
    return wait;
  });

  const wakeAll = (): void => {
    for (const set of sets.list()) loop.enqueue(keyOf(set));
  };
  enqueueItself(sets, loop);
  enqueueController(pods, loop, 'DaemonSet', adoptersIn(sets));
  nodes.addHandler({
    added: wakeAll,
    updated: (next, previous) => {
      if (!isEqual(next.metadata.labels, previous.metadata.labels)) wakeAll();
    },
    deleted: wakeAll,
  });
  return loop;
}
