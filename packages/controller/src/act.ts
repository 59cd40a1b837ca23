/**
 * Carries a plan out. Every write is guarded by the resource version that the decision saw, or that an own earlier write of the plan left;
 * a conflict ends the plan, and the next pass looks again. Answers are laid over the caches, so that it sees what was written.
 */
import {
  type AnalysisRun,
  analysisRunType,
  controllerOf,
  type Experiment,
  experimentType,
  isStatusError,
  type KubeObject,
  type ReplicaSet,
  type ResourceType,
  type Rollout,
  rolloutType,
  type Service,
} from '@sluice/api';
import {
  type Action,
  decideAfterCollision,
  decideAfterCreateError,
  hasTemplateOf,
  type MergePatch,
  type Note,
  type RolloutFacts,
  type RolloutPlan,
  type WriteKey,
  writeKeys,
} from '@sluice/engine';
import { builtinTypes, type Client, type Informer, type Lane, type WriteOptions } from '@sluice/kube';

/** Thrown when the world was not as the plan thought: the next pass decides anew. */
export class LookAgain extends Error {}

export type Caches = {
  readonly rollouts: Informer<Rollout>;
  readonly replicaSets: Informer<ReplicaSet>;
  readonly services: Informer<Service>;
  readonly analysisRuns: Informer<AnalysisRun>;
  readonly experiments: Informer<Experiment>;
};

export type ActOptions = {
  readonly client: Client;
  readonly caches: Caches;
  readonly now: number;
  readonly tell: (rollout: Rollout, note: Note) => void;
  readonly onDeleted: (uid: string) => void;
  /** An object of this kind and name exists and is not ours. */
  readonly onTaken: (kind: string, name: string) => void;
  /** Lays the answer of a write over the cache of what only some Rollouts need. */
  readonly overlayOther: (type: ResourceType, object: KubeObject) => Promise<void>;
  /** Counts writes, for metrics. */
  readonly onWrite: (kind: Action['kind']) => void;
};

/** Calls for pods at the same time. */
const podCallsMax = 10;

/**
 * @returns the Rollout as the last write left it
 * @throws LookAgain when something has moved on; StatusError when the API refused otherwise
 */
export async function carryOut(plan: RolloutPlan, facts: RolloutFacts, options: ActOptions): Promise<Rollout> {
  const acting = new Acting(facts, options);
  try {
    const pods: Action[] = [];
    for (const action of plan.actions) {
      if (action.kind === 'PatchPod' || action.kind === 'EvictPod') pods.push(action);
      else {
        await acting.all(pods.splice(0));
        await acting.one(action);
      }
    }
    await acting.all(pods);
  } finally {
    // Events come last and in the plan's order; what was not written is not told.
    for (const { write, ...note } of plan.notes) {
      if (write === undefined || acting.done.has(write)) options.tell(acting.rollout, note);
    }
  }
  return acting.rollout;
}

class Acting {
  readonly done = new Set<WriteKey>();
  rollout: Rollout;
  readonly #facts: RolloutFacts;
  readonly #options: ActOptions;
  /** Resource versions of ReplicaSets after own writes. */
  readonly #versions = new Map<string, string>();

  constructor(facts: RolloutFacts, options: ActOptions) {
    this.#facts = facts;
    this.#options = options;
    this.rollout = facts.rollout;
  }

  async all(actions: readonly Action[]): Promise<void> {
    for (let at = 0; at < actions.length; at += podCallsMax) {
      await settled(actions.slice(at, at + podCallsMax).map((action) => this.one(action)));
    }
  }

  async one(action: Action): Promise<void> {
    if (action.kind === 'Together') return settled(action.actions.map((part) => this.one(part)));
    try {
      await this.#write(action);
    } catch (error) {
      if ('onFailure' in action && action.onFailure !== undefined && !isStatusError(error, 'Conflict')) {
        this.#options.tell(this.rollout, action.onFailure(error instanceof Error ? error.message : String(error)));
      }
      if (isStatusError(error, 'Conflict'))
        throw new LookAgain(`${writeKeys(action).join()} has changed since it was seen`, { cause: error });
      if (isStatusError(error, 'NotFound') && action.kind !== 'CreateReplicaSet') {
        throw new LookAgain(`${writeKeys(action).join()} is gone`, { cause: error });
      }
      throw error;
    }
    for (const key of writeKeys(action)) this.done.add(key);
    this.#options.onWrite(action.kind);
  }

  async #write(action: Action): Promise<void> {
    const { client, caches } = this.#options;
    switch (action.kind) {
      case 'CreateReplicaSet':
        return this.#create(action.replicaSet);
      case 'PatchReplicaSet': {
        const patch = guarded(action.patch, this.#versions.get(action.name) ?? action.resourceVersion);
        const answer = await this.#patch<ReplicaSet>(builtinTypes.replicaSets, action.name, patch, {});
        this.#versions.set(action.name, answer.metadata.resourceVersion ?? '');
        caches.replicaSets.overlay(answer);
        return;
      }
      case 'DeleteReplicaSet': {
        const { name, uid, resourceVersion } = action;
        const preconditions = { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) };
        await client
          .delete(builtinTypes.replicaSets, this.#at(name), { preconditions, propagationPolicy: 'Background', lane: 'background' })
          .catch(unless('NotFound'));
        if (uid !== undefined) this.#options.onDeleted(uid);
        return;
      }
      case 'PatchRollout':
        return this.#overlay(
          await this.#patch<Rollout>(rolloutType, this.#name, guarded(action.patch, this.rollout.metadata.resourceVersion), {}),
        );
      case 'WriteStatus': {
        const isAbort = (action.patch as { status?: { abort?: unknown } }).status?.abort === true;
        const lane: Lane = isAbort ? 'traffic' : 'scale';
        const patch = guarded(action.patch, this.rollout.metadata.resourceVersion);
        return this.#overlay(await this.#patch<Rollout>(rolloutType, this.#name, patch, { subresource: 'status', lane }));
      }
      case 'PatchService': {
        const answer = await this.#patch<Service>(builtinTypes.services, action.name, guarded(action.patch, action.resourceVersion), {
          lane: 'traffic',
        });
        caches.services.overlay(answer);
        return;
      }
      case 'CreateObject':
        return this.#createObject(action.type, action.object);
      case 'PatchObject': {
        const { type, namespace, name, resourceVersion } = action;
        const patch = resourceVersion === undefined ? action.patch : guarded(action.patch, resourceVersion);
        return this.#overlayObject(type, await client.patch(type, { namespace, name }, 'merge', patch, { lane: laneOf(type) }));
      }
      case 'DeleteObject': {
        const { type, namespace, name, uid } = action;
        const preconditions = uid === undefined ? {} : { preconditions: { uid } };
        await client
          .delete(type, { namespace, name }, { ...preconditions, propagationPolicy: 'Background', lane: laneOf(type) })
          .catch(unless('NotFound', 'Conflict'));
        return;
      }
      case 'PatchPod':
        await this.#patch(builtinTypes.pods, action.name, action.patch, { lane: 'background' }).catch(unless('NotFound'));
        return;
      case 'EvictPod': {
        const eviction: KubeObject = {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: action.name, namespace: this.rollout.metadata.namespace ?? '' },
        };
        // Refused by a disruption budget: another time.
        const path = `/api/v1/namespaces/${this.rollout.metadata.namespace ?? ''}/pods/${action.name}/eviction`;
        await client.raw({ method: 'POST', path, body: eviction, lane: 'scale' }).catch(unless('TooManyRequests', 'NotFound'));
        return;
      }
      case 'Together':
        return;
    }
  }

  /** Exists already: ours from a pass that was cut off, or a collision of hashes. Anything else is shown and tried again. */
  async #create(replicaSet: ReplicaSet): Promise<void> {
    const { client, caches, now } = this.#options;
    const name = replicaSet.metadata.name ?? '';
    const { creationTimestamp: _, generation: __, ...metadata } = replicaSet.metadata;
    try {
      const answer = await client.create<ReplicaSet>(builtinTypes.replicaSets, { ...replicaSet, metadata }, { lane: 'scale' });
      caches.replicaSets.overlay(answer);
    } catch (error) {
      if (isStatusError(error, 'AlreadyExists')) {
        const present = await client.get<ReplicaSet>(builtinTypes.replicaSets, this.#at(name));
        const isOurs = present.metadata.ownerReferences?.some(
          (owner) => owner.controller === true && owner.uid === this.rollout.metadata.uid,
        );
        if (isOurs === true && hasTemplateOf(present, this.rollout)) {
          caches.replicaSets.overlay(present);
          throw new LookAgain(`ReplicaSet ${name} exists already`, { cause: error });
        }
        await this.#report(decideAfterCollision(this.#facts));
        throw new LookAgain(`the name ${name} is taken`, { cause: error });
      }
      await this.#report(decideAfterCreateError(this.#facts, name, error instanceof Error ? error.message : String(error), now));
      throw error;
    }
  }

  /** What exists already and is ours is found by the next pass; what is not ours keeps its name. */
  async #createObject(type: ResourceType, object: KubeObject): Promise<void> {
    const { client, onTaken } = this.#options;
    const { namespace = '', name = '' } = object.metadata;
    try {
      await this.#overlayObject(type, await client.create(type, object, { lane: laneOf(type) }));
    } catch (error) {
      if (!isStatusError(error, 'AlreadyExists')) throw error;
      const present = await client.get(type, { namespace, name });
      if (controllerOf(present)?.uid === this.rollout.metadata.uid) await this.#overlayObject(type, present);
      else onTaken(object.kind, name);
      throw new LookAgain(`${object.kind} ${name} exists already`, { cause: error });
    }
  }

  async #overlayObject(type: ResourceType, object: KubeObject): Promise<void> {
    const { caches, overlayOther } = this.#options;
    if (type === analysisRunType) caches.analysisRuns.overlay(object as AnalysisRun);
    else if (type === experimentType) caches.experiments.overlay(object as Experiment);
    else await overlayOther(type, object);
  }

  async #report(plan: RolloutPlan): Promise<void> {
    for (const action of plan.actions) await this.#write(action);
    for (const { write: _, ...note } of plan.notes) this.#options.tell(this.rollout, note);
  }

  get #name(): string {
    return this.rollout.metadata.name ?? '';
  }

  #at(name: string): { readonly namespace: string | undefined; readonly name: string } {
    return { namespace: this.rollout.metadata.namespace, name };
  }

  #patch<T extends KubeObject>(type: ResourceType, name: string, patch: MergePatch, options: WriteOptions): Promise<T> {
    return this.#options.client.patch<T>(type, this.#at(name), 'merge', patch, { lane: 'scale', ...options });
  }

  #overlay(answer: Rollout): void {
    this.rollout = answer;
    this.#options.caches.rollouts.overlay(answer);
  }
}

/** Traffic before sizes, records of analyses with them. */
function laneOf(type: ResourceType): Lane {
  return type === analysisRunType || type === experimentType ? 'scale' : 'traffic';
}

function guarded(patch: MergePatch, resourceVersion: string | undefined): MergePatch {
  const metadata = (patch as { metadata?: object }).metadata;
  return { ...patch, metadata: { ...metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
}

function unless(...reasons: Parameters<typeof isStatusError>[1][]): (error: unknown) => void {
  return (error) => {
    if (!isStatusError(error, ...reasons)) throw error;
  };
}

/** Waits for all before the first failure is thrown, so that nothing runs on behind the caller's back. */
async function settled(works: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(works);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
