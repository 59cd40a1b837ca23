/**
 * Follows the objects of a release by watches and tells of every change in their health until there is a verdict.
 * The judgement is `readiness/release-health.ts`; here are only caches, timers and the order of events.
 */
import type { Clock, KubeObject, ResourceType } from '@sluice/api';
import { builtinTypes, type Client, createInformer, type Informer, type Logger } from '@sluice/kube';
import { isAwaited } from './readiness/readiness.ts';
import {
  type Health,
  type HealthFacts,
  type HealthRules,
  judgeHealth,
  type ObjectRef,
  refKey,
  refOf,
  startHealth,
} from './readiness/release-health.ts';

export type HealthWatchOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** What should become healthy. Kinds that are ready as soon as they exist are left out of the watch. */
  readonly objects: readonly KubeObject[];
  readonly rules: HealthRules;
  /** End at `waiting` too; otherwise a pause for a person is only told. */
  readonly endsAtPause: boolean;
  readonly onHealth: (health: Health, facts: HealthFacts) => void;
};

export type HealthEnd = { readonly health: Health; readonly facts: HealthFacts };

/**
 * Resolves with the last judgement: ready, failed, timed out, or waiting when asked to end there.
 *
 * @returns `undefined` when the signal ended it
 */
export async function watchHealth(options: HealthWatchOptions): Promise<HealthEnd | undefined> {
  const { clock, signal } = options;
  const caches = await openCaches(options);
  const refs = options.objects.filter(isAwaited).map(refOf);
  let memory = startHealth(clock.now());
  let shown = '';
  let cancelTimer = (): void => {};
  let isScheduled = false;
  let isComplete = false;

  const end = new Promise<HealthEnd | undefined>((resolve, reject) => {
    const look = (): void => {
      isScheduled = false;
      cancelTimer();
      const facts = caches.facts(refs);
      const health = judgeHealth(facts, memory, clock.now(), options.rules);
      memory = health.memory;
      const text = JSON.stringify([
        health.verdict,
        health.objects.map(({ ref, readiness }) => [refKey(ref), readiness]),
        caches.revision(),
      ]);
      if (text !== shown) options.onHealth(health, facts);
      shown = text;
      const isOver = health.verdict !== 'progressing' && !(health.verdict === 'waiting' && !options.endsAtPause);
      if (isOver) resolve({ health, facts });
      else if (health.wakeAt !== undefined) cancelTimer = clock.after(Math.max(1, health.wakeAt - clock.now()), look);
    };
    // Events come in bursts; one look a turn is enough.
    caches.onChange(() => {
      if (isScheduled || !isComplete) return;
      isScheduled = true;
      cancelTimer();
      cancelTimer = clock.after(0, look);
    });
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    caches.synced().then(() => {
      isComplete = true;
      if (!signal.aborted) look();
    }, reject);
    if (signal.aborted) resolve(undefined);
  });
  try {
    return await end;
  } finally {
    cancelTimer();
    caches.close();
  }
}

type Caches = {
  facts(refs: readonly ObjectRef[]): HealthFacts;
  /** Changes whenever anything relevant to a picture of the release did. */
  revision(): number;
  onChange(run: () => void): void;
  synced(): Promise<void>;
  close(): void;
};

async function openCaches(options: HealthWatchOptions): Promise<Caches> {
  const { client, clock, random, logger } = options;
  const informers = new Map<string, Informer>();
  const listeners: (() => void)[] = [];
  let revision = 0;
  const open = (type: ResourceType, namespace: string | undefined): Informer => {
    const key = `${type.group}/${type.resource}/${namespace ?? ''}`;
    const existing = informers.get(key);
    if (existing !== undefined) return existing;
    const informer = createInformer({ client, type, clock, random, logger, namespace });
    const changed = (): void => {
      revision++;
      for (const listener of listeners) listener();
    };
    informer.addHandler({ added: changed, updated: changed, deleted: changed });
    informers.set(key, informer);
    return informer;
  };

  const byKind = new Map<string, Informer>();
  for (const object of options.objects.filter(isAwaited)) {
    const type = await client.resolve(object.apiVersion, object.kind);
    if (type === undefined) continue;
    const namespace = type.namespaced ? object.metadata.namespace : undefined;
    const key = kindKey(object.apiVersion, object.kind, namespace);
    if (byKind.has(key)) continue;
    await requireList(client, type, namespace);
    byKind.set(key, open(type, namespace));
    if (!type.namespaced || !podOwners.has(object.kind)) continue;
    // Without these the wait says less, and goes on.
    for (const detail of [builtinTypes.pods, builtinTypes.replicaSets]) {
      const isAllowed = await requireList(client, detail, namespace).then(
        () => true,
        () => false,
      );
      if (isAllowed) open(detail, namespace);
    }
  }
  const all = (type: ResourceType): readonly KubeObject[] =>
    [...informers.values()].filter((informer) => informer.type.resource === type.resource).flatMap((informer) => [...informer.list()]);

  return {
    facts: (refs) => ({
      objects: refs.map((ref) => {
        const cache = byKind.get(kindKey(ref.apiVersion, ref.kind, ref.namespace));
        return { ref, live: cache?.get(cache.type.namespaced ? `${ref.namespace ?? ''}/${ref.name}` : ref.name) };
      }),
      replicaSets: all(builtinTypes.replicaSets),
      pods: all(builtinTypes.pods),
    }),
    revision: () => revision,
    onChange: (run) => void listeners.push(run),
    synced: async () => {
      await Promise.all([...informers.values()].map((informer) => informer.synced()));
    },
    close: () => {
      for (const informer of informers.values()) informer.stop();
    },
  };
}

/** A cache of what we may not list would wait for ever; asking once tells. */
async function requireList(client: Client, type: ResourceType, namespace: string | undefined): Promise<void> {
  await client.list(type, { namespace, limit: 1 });
}

const podOwners: ReadonlySet<string> = new Set([
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'Pod',
  'Rollout',
  'ReplicationController',
]);

function kindKey(apiVersion: string, kind: string, namespace: string | undefined): string {
  return `${apiVersion}/${kind}/${namespace ?? ''}`;
}
