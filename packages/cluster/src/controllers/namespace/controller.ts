/** The shell of the namespace controller: empties a namespace that is being deleted, then lets it go. */
import { isStatusError, type KubeObject, type ResourceType, resourcePath } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import type { Discovery } from '../../control/discovery.ts';
import { type ClusterController, createShell, enqueueItself, type Surroundings } from '../../control/shell.ts';
import type { Namespace } from '../../shapes/services.ts';
import { type Remains, remainsWrite } from './decide.ts';

const finalizer = 'kubernetes';

export function namespaceController(around: Surroundings, discovery: Discovery): ClusterController {
  const { caches, client, clock } = around;
  const namespaces = caches.of<Namespace>(builtinTypes.namespaces);
  const watched = new Set<string>();

  const { loop } = createShell(
    around,
    'namespace-controller',
    async (name, actor) => {
      const namespace = namespaces.get(name);
      if (namespace?.metadata.deletionTimestamp === undefined || namespace.spec?.finalizers?.includes(finalizer) !== true) return undefined;
      const kinds = discovery.kinds.filter(
        ({ type, verbs }) => type.namespaced && ['list', 'deletecollection'].every((verb) => verbs.includes(verb)),
      );
      const found = await remainsIn(
        kinds.map(({ type }) => type),
        name,
      );
      for (const { type, objects } of found) {
        if (objects.some((object) => object.metadata.deletionTimestamp === undefined)) await deleteAll(type, name);
      }
      const left =
        found.length === 0
          ? []
          : await remainsIn(
              found.map(({ type }) => type),
              name,
            );
      if (left.length > 0) {
        const write = remainsWrite(namespace, left, clock.now());
        await actor.carryOutOrThrow({ steps: write === undefined ? [] : [{ writes: [write] }], notes: [], reason: 'content remains' });
        for (const { type } of left) wakeOnDeletion(type);
        return 15_000;
      }
      const rest = namespace.spec.finalizers.filter((candidate) => candidate !== finalizer);
      await finalize(namespace, rest);
      return undefined;
    },
    5,
  );

  const remainsIn = async (types: readonly ResourceType[], namespace: string): Promise<readonly Remains[]> => {
    const remains = await Promise.all(
      types.map(async (type) => ({ type, objects: (await client.list<KubeObject>(type, { namespace })).items })),
    );
    return remains.filter(({ objects }) => objects.length > 0);
  };

  const deleteAll = async (type: ResourceType, namespace: string): Promise<void> => {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
    await client.raw({ method: 'DELETE', path: resourcePath(type, { namespace }), body });
  };

  const finalize = async (namespace: Namespace, finalizers: readonly string[]): Promise<void> => {
    const { name = '', resourceVersion } = namespace.metadata;
    const body = { ...namespace, metadata: { ...namespace.metadata, resourceVersion }, spec: { ...namespace.spec, finalizers } };
    try {
      await client.raw({ method: 'PUT', path: resourcePath(builtinTypes.namespaces, { name, subresource: 'finalize' }), body });
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  };

  /** The last object of a kind to go wakes the namespace it was in. */
  const wakeOnDeletion = (type: ResourceType): void => {
    const informer = caches.present(type);
    if (informer === undefined || watched.has(`${type.resource}.${type.group}`)) return;
    watched.add(`${type.resource}.${type.group}`);
    informer.addHandler({
      deleted: ({ metadata: { namespace = '' } }) => {
        if (namespaces.get(namespace)?.metadata.deletionTimestamp === undefined) return;
        for (const _ of informer.inNamespace(namespace)) return;
        loop.enqueue(namespace);
      },
    });
  };

  enqueueItself(namespaces, loop);
  return loop;
}
