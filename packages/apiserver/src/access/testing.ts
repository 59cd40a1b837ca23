/** What the tests of access share: a store in memory behind the `Reader` port, and random bytes that are none. */
import type { Clock, KubeObject } from '@sluice/api';
import type { Reader } from '../ports.ts';

export type MemoryReader = Reader & {
  put(group: string, resource: string, object: KubeObject): void;
  remove(group: string, resource: string, object: KubeObject): void;
};

export function memoryReader(): MemoryReader {
  const kinds = new Map<string, { revision: number; objects: Map<string, KubeObject>; listeners: Parameters<Reader['onChange']>[2][] }>();
  const kind = (group: string, resource: string): NonNullable<ReturnType<typeof kinds.get>> => {
    const id = `${group}/${resource}`;
    const found = kinds.get(id) ?? { revision: 0, objects: new Map(), listeners: [] };
    kinds.set(id, found);
    return found;
  };
  const keyOf = (namespace = '', name = ''): string => `${namespace}/${name}`;
  const change = (group: string, resource: string, object: KubeObject, next: KubeObject | undefined): void => {
    const store = kind(group, resource);
    const key = keyOf(object.metadata.namespace, object.metadata.name);
    const previous = store.objects.get(key);
    if (next === undefined) store.objects.delete(key);
    else store.objects.set(key, next);
    store.revision++;
    for (const listener of store.listeners) listener(next, previous);
  };
  return {
    put: (group, resource, object) => change(group, resource, object, object),
    remove: (group, resource, object) => change(group, resource, object, undefined),
    get: (group, resource, namespace, name) => kind(group, resource).objects.get(keyOf(namespace, name)),
    list: (group, resource, namespace) =>
      [...kind(group, resource).objects.values()].filter((object) => namespace === undefined || object.metadata.namespace === namespace),
    revisionOf: (group, resource) => kind(group, resource).revision,
    onChange(group, resource, listener) {
      const { listeners } = kind(group, resource);
      listeners.push(listener);
      return () => void listeners.splice(listeners.indexOf(listener), 1);
    },
  };
}

/** Bytes that differ from call to call and are the same in each run. */
export function countingBytes(): (count: number) => Uint8Array {
  let calls = 0;
  return (count) => {
    calls++;
    return Uint8Array.from({ length: count }, (_, position) => (calls * 31 + position * 7) % 256);
  };
}

/** A clock that stands still until it is set. */
export function settableClock(start: number): Clock & { set(now: number): void } {
  let now = start;
  return {
    now: () => now,
    set: (next) => {
      now = next;
    },
    after: () => () => {},
  };
}
