/** What the demo reads back from the cluster, and what it notes while a canary is on its way. */
import {
  controllerOf,
  type Instant,
  type KubeObject,
  labels,
  type Pod,
  type ReplicaSet,
  type ResourceType,
  type Rollout,
  rolloutType,
} from '@sluice/api';
import { decodeRelease, type HealthFacts, type ReleaseRecord } from '@sluice/helm';
import { builtinTypes, type Client } from '@sluice/kube';
import type { RolloutView } from '@sluice/views';
import { deliveredRollouts } from '../../delivered-rollouts.ts';

export type Service = { readonly name: string; readonly namespace: string };

const endpointSlices: ResourceType = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  namespaced: true,
};

type EndpointSlice = KubeObject & {
  readonly endpoints?: readonly { readonly conditions?: { readonly ready?: boolean }; readonly targetRef?: { readonly name?: string } }[];
};

/** The versions behind a Service, by what its ready endpoints really run: `{ '2.0.0': 5 }`. */
export async function servingVersions(client: Client, { name, namespace }: Service): Promise<Readonly<Record<string, number>>> {
  const [slices, pods] = await Promise.all([
    client.list<EndpointSlice>(endpointSlices, { namespace, labelSelector: `kubernetes.io/service-name=${name}` }),
    client.list<Pod>(builtinTypes.pods, { namespace }),
  ]);
  const versions = new Map(pods.items.map((pod) => [pod.metadata.name, imageTag(pod)]));
  const counts: Record<string, number> = {};
  for (const { conditions, targetRef } of slices.items.flatMap(({ endpoints }) => endpoints ?? [])) {
    if (conditions?.ready !== true) continue;
    const version = versions.get(targetRef?.name) ?? 'unknown';
    counts[version] = (counts[version] ?? 0) + 1;
  }
  return counts;
}

export function readRollout(client: Client, { name, namespace }: Service): Promise<Rollout> {
  return client.get<Rollout>(rolloutType, { namespace, name });
}

/** Helm's own records, oldest first. */
export async function readRecords(client: Client, { name, namespace }: Service): Promise<readonly ReleaseRecord[]> {
  const { items } = await client.list(builtinTypes.secrets, { namespace, labelSelector: `owner=helm,name=${name}` });
  return items.map(decodeRelease).sort((a, b) => a.version - b.version);
}

/** Notes of one delivery, taken at every change. */
export class CanaryNotes {
  /** Weights in the order in which they were first seen. */
  readonly weights: number[] = [];
  /** The greatest number of pods of the new version at each weight, ready ones. */
  readonly canaryPods: Map<number, number> = new Map();
  readyMin: number = Number.POSITIVE_INFINITY;
  stableReadyMin: number = Number.POSITIVE_INFINITY;
  wasAborted = false;
  abortMessage = '';

  /** @returns the view of the present moment; `undefined` before there is a Rollout */
  note(facts: HealthFacts, now: Instant): RolloutView | undefined {
    const rollout = facts.objects.find(({ ref }) => ref.kind === 'Rollout')?.live as Rollout | undefined;
    if (rollout === undefined) return undefined;
    const pods = facts.pods as readonly Pod[];
    const replicaSets = facts.replicaSets as readonly ReplicaSet[];
    const [view] = deliveredRollouts(facts, now);
    const weight = view?.setWeight ?? 0;
    const isMoving = rollout.status?.stableRS !== rollout.status?.currentPodHash;
    if (isMoving) {
      if (this.weights.at(-1) !== weight) this.weights.push(weight);
      const canary = replicaSets.find((set) => set.metadata.labels?.[labels.podTemplateHash] === rollout.status?.currentPodHash);
      this.canaryPods.set(weight, Math.max(this.canaryPods.get(weight) ?? 0, readyPodsOf(canary, pods)));
    }
    const stable = replicaSets.find((set) => set.metadata.labels?.[labels.podTemplateHash] === rollout.status?.stableRS);
    this.stableReadyMin = Math.min(this.stableReadyMin, readyPodsOf(stable, pods));
    this.readyMin = Math.min(this.readyMin, pods.filter(isReady).length);
    if (rollout.status?.abort === true) {
      this.wasAborted = true;
      this.abortMessage = rollout.status.message ?? this.abortMessage;
    }
    return view;
  }
}

function readyPodsOf(set: ReplicaSet | undefined, pods: readonly Pod[]): number {
  return pods.filter((pod) => set !== undefined && controllerOf(pod)?.uid === set.metadata.uid && isReady(pod)).length;
}

function isReady(pod: Pod): boolean {
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

function imageTag(pod: Pod): string {
  return /:([^:/@]+)(@.*)?$/.exec(pod.spec?.containers?.[0]?.image ?? '')?.[1] ?? 'unknown';
}
