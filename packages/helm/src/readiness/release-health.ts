/**
 * The health of all objects of a release together: who is ready since when, who has failed, whether only a person can go on, and
 * when to look again. Pure: facts, what was known before, and the time go in; the next knowledge comes out.
 */
import { controllerOf, type Instant, type KubeObject, labels, type Rollout } from '@sluice/api';
import { failed, progressing, type Readiness } from './answer.ts';
import { type PodTrouble, podTrouble } from './pod-trouble.ts';
import { readinessOf } from './readiness.ts';

export type ObjectRef = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
};

export type HealthFacts = {
  /** The objects that the release should have; `live` is absent while it is not there. */
  readonly objects: readonly { readonly ref: ObjectRef; readonly live: KubeObject | undefined }[];
  readonly replicaSets: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
};

export type ObjectHealth = { readonly ref: ObjectRef; readonly readiness: Readiness; readonly since: Instant };

export type HealthRules = {
  /** For the whole; time spent waiting for a person does not count. */
  readonly timeoutMs: number;
  /** How long a pod may be in trouble before its owner counts as failed. */
  readonly graceMs: number;
};

/** What one look leaves for the next. */
export type HealthMemory = {
  readonly startedAt: Instant;
  readonly objects: ReadonlyMap<string, ObjectHealth>;
  /** Since when each pod (or refused ReplicaSet), by uid, has been in trouble. */
  readonly troubles: ReadonlyMap<string, Instant>;
  /** Time already spent waiting for a person. */
  readonly waitedMs: number;
  readonly waitingSince: Instant | undefined;
};

export type HealthVerdict = 'ready' | 'progressing' | 'waiting' | 'failed' | 'timed-out';

export type Health = {
  readonly verdict: HealthVerdict;
  readonly objects: readonly ObjectHealth[];
  readonly memory: HealthMemory;
  /** Look again then at the latest, even when nothing changes. */
  readonly wakeAt: Instant | undefined;
};

export function startHealth(now: Instant): HealthMemory {
  return { startedAt: now, objects: new Map(), troubles: new Map(), waitedMs: 0, waitingSince: undefined };
}

export function judgeHealth(facts: HealthFacts, before: HealthMemory, now: Instant, rules: HealthRules): Health {
  const troubles = new Map<string, Instant>();
  const wakes: Instant[] = [];
  const objects = facts.objects.map(({ ref, live }): ObjectHealth => {
    const readiness = withTroubles(live, facts, (uid) => {
      const since = before.troubles.get(uid) ?? now;
      troubles.set(uid, since);
      const isOver = now - since >= rules.graceMs;
      if (!isOver) wakes.push(since + rules.graceMs);
      return isOver;
    });
    const known = before.objects.get(refKey(ref));
    const isSameState = known !== undefined && known.readiness.state === readiness.state && known.readiness.reason === readiness.reason;
    return { ref, readiness, since: isSameState ? known.since : now };
  });

  const isWaiting = verdictOf(objects) === 'waiting';
  const waitedMs = before.waitingSince === undefined || isWaiting ? before.waitedMs : before.waitedMs + (now - before.waitingSince);
  const waitingSince = isWaiting ? (before.waitingSince ?? now) : undefined;
  const deadline = before.startedAt + rules.timeoutMs + waitedMs;
  const isLate = !isWaiting && now >= deadline;
  if (!isWaiting) wakes.push(deadline);
  const verdict = verdictOf(objects) === 'progressing' && isLate ? 'timed-out' : verdictOf(objects);
  return {
    verdict,
    objects,
    memory: {
      startedAt: before.startedAt,
      objects: new Map(objects.map((state) => [refKey(state.ref), state])),
      troubles,
      waitedMs,
      waitingSince,
    },
    wakeAt: verdict === 'progressing' || verdict === 'waiting' ? earliest(wakes) : undefined,
  };
}

export function refKey(ref: ObjectRef): string {
  return `${ref.apiVersion}/${ref.kind}/${ref.namespace ?? ''}/${ref.name}`;
}

export function refOf(object: KubeObject): ObjectRef {
  const { namespace, name } = object.metadata;
  return { apiVersion: object.apiVersion, kind: object.kind, namespace, name: name ?? '' };
}

/** One failure decides; then who still moves; a person is asked only when nothing else is left to wait for. */
function verdictOf(objects: readonly ObjectHealth[]): Exclude<HealthVerdict, 'timed-out'> {
  for (const state of ['failed', 'progressing', 'waiting'] as const) {
    if (objects.some(({ readiness }) => readiness.state === state)) return state;
  }
  return 'ready';
}

function earliest(instants: readonly Instant[]): Instant | undefined {
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/**
 * A progressing object whose pods are in trouble says so, and fails when one of them has been so for the grace time.
 * A Rollout only says so: its own progress deadline decides.
 */
function withTroubles(live: KubeObject | undefined, facts: HealthFacts, isPastGrace: (uid: string) => boolean): Readiness {
  const readiness = readinessOf(live);
  if (live === undefined || readiness.state !== 'progressing') return readiness;
  const troubles = troublesOf(live, facts).map((trouble) => ({ ...trouble, isOver: isPastGrace(trouble.uid) }));
  const decisive = live.kind === 'Rollout' ? undefined : troubles.find(({ isOver }) => isOver);
  if (decisive !== undefined) return failed(decisive.reason, decisive.message);
  const [first] = troubles;
  return first === undefined ? readiness : progressing(first.reason, `${readiness.message}; ${first.message}`);
}

type Trouble = { readonly uid: string; readonly reason: string; readonly message: string };

function troublesOf(live: KubeObject, facts: HealthFacts): readonly Trouble[] {
  const refused = refusedBy(live, facts);
  const pods = podsOf(live, facts).flatMap((pod): readonly Trouble[] => {
    const trouble: PodTrouble | undefined = podTrouble(pod);
    if (trouble === undefined) return [];
    // A Job's own backoffLimit counts its crashes.
    if (live.kind === 'Job' && trouble.reason === 'CrashLoopBackOff') return [];
    return [{ uid: pod.metadata.uid ?? pod.metadata.name ?? '', reason: trouble.reason, message: trouble.message }];
  });
  return [...refused, ...pods];
}

/** Quota or admission does not let the newest ReplicaSet have its pods. */
function refusedBy(live: KubeObject, facts: HealthFacts): readonly Trouble[] {
  return newestReplicaSets(live, facts).flatMap((replicaSet): readonly Trouble[] => {
    const conditions = (
      replicaSet.status as { conditions?: readonly { type: string; status: string; reason?: string; message?: string }[] } | undefined
    )?.conditions;
    const failure = conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
    if (failure === undefined) return [];
    return [
      {
        uid: replicaSet.metadata.uid ?? '',
        reason: failure.reason ?? 'ReplicaFailure',
        message: failure.message ?? 'pods cannot be created',
      },
    ];
  });
}

/** The pods that decide about an object: those of its newest revision. */
export function podsOf(live: KubeObject, facts: HealthFacts): readonly KubeObject[] {
  if (live.kind === 'Pod') return [live];
  const owners = new Set([live.metadata.uid, ...newestReplicaSets(live, facts).map(({ metadata }) => metadata.uid)]);
  return facts.pods.filter((pod) => {
    const owner = controllerOf(pod);
    return owner !== undefined && owners.has(owner.uid);
  });
}

function newestReplicaSets(live: KubeObject, facts: HealthFacts): readonly KubeObject[] {
  const owned = facts.replicaSets.filter((replicaSet) => controllerOf(replicaSet)?.uid === live.metadata.uid);
  if (live.kind === 'Rollout') {
    const hash = (live as Rollout).status?.currentPodHash;
    return owned.filter(({ metadata }) => metadata.labels?.[labels.podTemplateHash] === hash);
  }
  const revision = live.metadata.annotations?.['deployment.kubernetes.io/revision'];
  return owned.filter(({ metadata }) => metadata.annotations?.['deployment.kubernetes.io/revision'] === revision);
}
