/**
 * The shell of the horizontal pod autoscaler. Usage is not an object that could be watched, so this one looks every 15 s, as upstream's;
 * an object that stays as it is costs two reads a look and no write.
 */
import { isStatusError, type KubeObject, keyOf, matches, parseLabelSelector, resourcePath } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { type ClusterController, createShell, follow, type Surroundings } from '../../control/shell.ts';
import type { ContainerUsage } from '../../runtime/usage.ts';
import type { HorizontalPodAutoscaler, Scale } from '../../shapes/autoscaling.ts';
import type { Pod } from '../../shapes/pod.ts';
import { type AutoscalerFacts, decideAutoscaler, decideRefusedScale, periodMs } from './decide.ts';
import { type AutoscalerMemory, emptyMemory } from './limits.ts';

/** Where usage comes from. */
export type UsageSource = (pod: Pod) => readonly ContainerUsage[] | undefined;

export function autoscalerController(around: Surroundings, usageOf: UsageSource): ClusterController {
  const { caches, client, clock } = around;
  const autoscalers = caches.of<HorizontalPodAutoscaler>(builtinTypes.horizontalPodAutoscalers);
  const pods = caches.of<Pod>(builtinTypes.pods);
  const memories = new Map<string, AutoscalerMemory>();

  const { loop } = createShell(around, 'horizontal-pod-autoscaler', async (key, actor) => {
    const autoscaler = autoscalers.get(key);
    if (autoscaler === undefined) return undefined;
    const { namespace = '', uid = '' } = autoscaler.metadata;
    const { path, scale } = await readScale(autoscaler, namespace);
    const selector = scale.ok ? parseLabelSelector(scale.scale.status?.selector ?? '') : [];
    const seen: AutoscalerFacts = {
      autoscaler,
      scale,
      pods: selector.length === 0 ? [] : [...pods.inNamespace(namespace)].filter((pod) => matches(selector, pod.metadata.labels)),
      usageOf,
      memory: memories.get(uid) ?? emptyMemory,
    };
    const decision = decideAutoscaler(seen, clock.now());
    if (decision.resizeTo !== undefined && scale.ok) {
      try {
        const { resourceVersion } = scale.scale.metadata;
        const body = { metadata: { resourceVersion }, spec: { replicas: decision.resizeTo } };
        await client.raw({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' });
      } catch (error) {
        await follow(actor, decideRefusedScale(seen, decision.resizeTo, messageOf(error), clock.now()));
        return periodMs;
      }
    }
    memories.set(uid, decision.memory);
    return follow(actor, decision.plan);
  });

  const readScale = async (
    autoscaler: HorizontalPodAutoscaler,
    namespace: string,
  ): Promise<{ path: string; scale: AutoscalerFacts['scale'] }> => {
    const { apiVersion = 'apps/v1', kind, name } = autoscaler.spec.scaleTargetRef;
    const type = await client.resolve(apiVersion, kind);
    if (type === undefined) return { path: '', scale: { ok: false, problem: `no matches for kind "${kind}" in version "${apiVersion}"` } };
    const path = resourcePath(type, { namespace, name, subresource: 'scale' });
    try {
      return { path, scale: { ok: true, scale: (await client.raw({ method: 'GET', path })) as Scale } };
    } catch (error) {
      if (!isStatusError(error)) throw error;
      return { path, scale: { ok: false, problem: messageOf(error) } };
    }
  };

  autoscalers.addHandler({
    added: (autoscaler) => loop.enqueue(keyOf(autoscaler)),
    updated: (next, previous) => {
      if (next.metadata.generation !== previous.metadata.generation || !sameSpec(next, previous)) loop.enqueue(keyOf(next));
    },
    deleted: (autoscaler) => memories.delete(autoscaler.metadata.uid ?? ''),
  });
  return loop;
}

function sameSpec(a: KubeObject, b: KubeObject): boolean {
  return a.spec === b.spec || JSON.stringify(a.spec) === JSON.stringify(b.spec);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
