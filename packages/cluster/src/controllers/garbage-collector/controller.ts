/**
 * The shell of the garbage collector: follows every kind that can be deleted, custom ones included, and looks at an object when it comes
 * with an unknown owner, when an owner goes, or when it waits for its dependents. An object whose owners are all there costs nothing.
 */
import { isStatusError, type KubeObject, keyOf, type OwnerReference, type ResourceType } from '@sluice/api';
import type { Informer } from '@sluice/kube';
import { ownedBy } from '../../control/caches.ts';
import type { Discovery } from '../../control/discovery.ts';
import { type ClusterController, createShell, follow, type Surroundings } from '../../control/shell.ts';
import { type Dependent, decideGarbage, isDeletingDependents, isOrphaning, type OwnerState } from './decide.ts';

type Known = { readonly type: ResourceType; readonly key: string };

export function garbageCollector(around: Surroundings, discovery: Discovery): ClusterController {
  const { caches, client } = around;
  const followed = new Map<string, { informer: Informer; stop: () => void }>();
  /** Where each uid lives. */
  const known = new Map<string, Known>();

  const { loop } = createShell(
    around,
    'garbage-collector-controller',
    async (uid, actor) => {
      const place = known.get(uid);
      const object = place === undefined ? undefined : followed.get(idOf(place.type))?.informer.get(place.key);
      if (place === undefined || object === undefined || object.metadata.uid !== uid || around.tombstones.has(object)) return undefined;
      const owners = await Promise.all(
        (object.metadata.ownerReferences ?? []).map(async (reference) => ({ reference, state: await ownerState(object, reference) })),
      );
      if (owners.some(({ state }) => state === undefined)) return 30_000;
      const resolved = owners.flatMap(({ reference, state }) => (state === undefined ? [] : [{ reference, state }]));
      const dependents = dependentsOf(uid);
      const wait = await follow(actor, decideGarbage({ type: place.type, object, owners: resolved, dependents }));
      if (isDeletingDependents(object)) for (const dependent of dependents) loop.enqueue(dependent.object.metadata.uid ?? '');
      return wait;
    },
    20,
  );

  const dependentsOf = (uid: string): readonly Dependent[] => {
    const found: Dependent[] = [];
    for (const { informer } of followed.values()) {
      for (const object of ownedBy(informer, uid)) if (!around.tombstones.has(object)) found.push({ type: informer.type, object });
    }
    return found;
  };

  /** `undefined` when the kind of the owner is not known: then nothing may be concluded. */
  const ownerState = async (object: KubeObject, reference: OwnerReference): Promise<OwnerState | undefined> => {
    const place = known.get(reference.uid);
    const cached = place === undefined ? undefined : followed.get(idOf(place.type))?.informer.get(place.key);
    if (cached?.metadata.uid === reference.uid) return stateOf(cached);
    const type = await client.resolve(reference.apiVersion, reference.kind);
    if (type === undefined) return undefined;
    // An owner in another namespace does not exist for its dependent.
    const namespace = type.namespaced ? object.metadata.namespace : undefined;
    if (type.namespaced && namespace === undefined) return 'absent';
    try {
      const live = await client.get<KubeObject>(type, { namespace, name: reference.name });
      return live.metadata.uid === reference.uid ? stateOf(live) : 'absent';
    } catch (error) {
      if (isStatusError(error, 'NotFound')) return 'absent';
      throw error;
    }
  };

  const wakeDependents = (uid: string): void => {
    for (const dependent of dependentsOf(uid)) loop.enqueue(dependent.object.metadata.uid ?? '');
  };

  const seen = (type: ResourceType, object: KubeObject): void => {
    const { uid = '', ownerReferences } = object.metadata;
    known.set(uid, { type, key: keyOf(object) });
    if (isDeletingDependents(object) || isOrphaning(object)) {
      loop.enqueue(uid);
      wakeDependents(uid);
    } else if (ownerReferences !== undefined && !ownerReferences.every((owner) => isSolidlyKnown(owner.uid))) loop.enqueue(uid);
  };
  const isSolidlyKnown = (uid: string): boolean => {
    const place = known.get(uid);
    const object = place === undefined ? undefined : followed.get(idOf(place.type))?.informer.get(place.key);
    return object !== undefined && !isDeletingDependents(object);
  };
  const gone = (object: KubeObject): void => {
    const { uid = '', ownerReferences = [] } = object.metadata;
    known.delete(uid);
    wakeDependents(uid);
    for (const owner of ownerReferences) {
      const place = known.get(owner.uid);
      const found = place === undefined ? undefined : followed.get(idOf(place.type))?.informer.get(place.key);
      if (found !== undefined && isDeletingDependents(found)) loop.enqueue(owner.uid);
    }
  };

  const followKinds = (): void => {
    const wanted = new Map(discovery.kinds.filter(isCollected).map(({ type }) => [idOf(type), type]));
    for (const [id, { stop, informer }] of followed) {
      if (wanted.has(id)) continue;
      stop();
      followed.delete(id);
      for (const object of informer.list()) gone(object);
      caches.drop(informer.type);
    }
    for (const [id, type] of wanted) {
      if (followed.has(id)) continue;
      const informer = caches.of(type);
      const entry = { informer, stop: (): void => {} };
      followed.set(id, entry);
      const added = (object: KubeObject): void => seen(informer.type, object);
      entry.stop = informer.addHandler({ added, updated: added, deleted: gone });
    }
  };

  followKinds();
  discovery.onChange(followKinds);
  return loop;
}

function stateOf(owner: KubeObject): OwnerState {
  return isDeletingDependents(owner) ? 'waiting' : 'solid';
}

/** Events come and go by the thousand and own nothing. */
function isCollected({ type, verbs }: Discovery['kinds'][number]): boolean {
  return type.resource !== 'events' && ['list', 'watch', 'delete'].every((verb) => verbs.includes(verb));
}

function idOf(type: ResourceType): string {
  return `${type.resource}.${type.group}`;
}
