/** On which node a pod is, or on which one it must be. */
import type { Pod, PodSpec } from './pod.ts';

/** The node a pod is on, or made for. */
export function nodeOf(pod: Pod): string | undefined {
  if (pod.spec.nodeName !== undefined && pod.spec.nodeName !== '') return pod.spec.nodeName;
  return targetNode(pod.spec);
}

type NodeAffinity = {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms?: readonly {
        readonly matchFields?: readonly { readonly key: string; readonly values?: readonly string[] }[];
      }[];
    };
  };
};

/** The node that a pod's affinity names by a field, as pods of DaemonSets have it. */
export function targetNode(spec: PodSpec): string | undefined {
  const terms = (spec.affinity as NodeAffinity | undefined)?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    ?.nodeSelectorTerms;
  return terms?.flatMap((term) => term.matchFields ?? []).find(({ key }) => key === 'metadata.name')?.values?.[0];
}
