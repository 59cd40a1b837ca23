/** What a failed delivery leaves to look at: events and the last words of the pods concerned, collected before anything is undone. */
import type { Condition, KubeObject } from '@sluice/api';
import { builtinTypes, type Client } from '@sluice/kube';
import { podTrouble } from './readiness/pod-trouble.ts';
import { type HealthFacts, type ObjectHealth, podsOf, refKey } from './readiness/release-health.ts';

export type PodEvidence = {
  readonly namespace: string;
  readonly pod: string;
  readonly trouble: string | undefined;
  /** `Reason: message`, newest last. */
  readonly events: readonly string[];
  /** The last lines of the container that matters; empty when it has none. */
  readonly logLines: readonly string[];
};

const podsMax = 3;
const logLinesMax = 50;
const eventsMax = 10;

/** For each object that did not get ready, up to three of its pods that are not. Never throws: evidence is a help, not a step. */
export async function collectEvidence(
  client: Client,
  objects: readonly ObjectHealth[],
  facts: HealthFacts,
): Promise<readonly PodEvidence[]> {
  const live = new Map(facts.objects.map((entry) => [refKey(entry.ref), entry.live]));
  const pods = objects
    .filter(({ readiness }) => readiness.state !== 'ready')
    .flatMap(({ ref }) => {
      const owner = live.get(refKey(ref));
      return owner === undefined ? [] : podsOf(owner, facts);
    })
    .filter((pod) => !isReady(pod))
    .slice(0, podsMax);
  return Promise.all(pods.map((pod) => podEvidence(client, pod)));
}

async function podEvidence(client: Client, pod: KubeObject): Promise<PodEvidence> {
  const namespace = pod.metadata.namespace ?? '';
  const name = pod.metadata.name ?? '';
  const [events, logLines] = await Promise.all([eventsOf(client, namespace, name), logOf(client, namespace, name, pod)]);
  return { namespace, pod: name, trouble: podTrouble(pod)?.message, events, logLines };
}

async function eventsOf(client: Client, namespace: string, pod: string): Promise<readonly string[]> {
  try {
    const { items } = await client.list(builtinTypes.events, {
      namespace,
      fieldSelector: `involvedObject.name=${pod},involvedObject.kind=Pod`,
    });
    const time = (event: KubeObject): string => String(event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '');
    return [...items]
      .sort((a, b) => (time(a) < time(b) ? -1 : 1))
      .slice(-eventsMax)
      .map((event) => `${String(event.reason ?? '')}: ${String(event.message ?? '')}`);
  } catch {
    return [];
  }
}

async function logOf(client: Client, namespace: string, pod: string, object: KubeObject): Promise<readonly string[]> {
  const statuses = (
    object.status as { containerStatuses?: readonly { name: string; ready?: boolean; restartCount?: number }[] } | undefined
  )?.containerStatuses;
  const container = statuses?.find(({ ready }) => ready !== true);
  const query = {
    tailLines: String(logLinesMax),
    ...(container === undefined ? {} : { container: container.name }),
    ...((container?.restartCount ?? 0) > 0 ? { previous: 'true' } : {}),
  };
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}/log`;
  try {
    const text = await client.raw({ method: 'GET', path, query, timeoutMs: 5_000 });
    return typeof text === 'string' ? text.split('\n').filter((line) => line !== '') : [];
  } catch {
    return [];
  }
}

function isReady(pod: KubeObject): boolean {
  const conditions = (pod.status as { conditions?: readonly Condition[] } | undefined)?.conditions;
  return conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}
