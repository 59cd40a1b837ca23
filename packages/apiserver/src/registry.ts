/**
 * The kinds that are served now: the built-in ones and those of CustomResourceDefinitions, with where each of them is stored.
 * Readers get frozen values; a change of definitions makes new ones and tells the listeners.
 */
import { apiVersionOf } from '@sluice/api';
import type { Catalog } from '@sluice/schema';
import type { ResourceRegistry, ServedResource } from './ports.ts';

/** Where objects of a resource are kept: several versions, and sometimes several groups, share one place. */
export type Storage = {
  /** `group/plural` of the place. */
  readonly id: string;
  readonly group: string;
  readonly resource: string;
  readonly kind: string;
  readonly apiVersion: string;
};

/** Resources that are the same objects under a second group or version: the first is where they are kept. */
const sharedStorage: Readonly<Record<string, { readonly group: string; readonly version: string }>> = {
  'events.k8s.io/events': { group: '', version: 'v1' },
  'autoscaling/horizontalpodautoscalers': { group: 'autoscaling', version: 'v2' },
};

export class Registry implements ResourceRegistry {
  readonly #builtin: readonly ServedResource[];
  #custom: ReadonlyMap<string, readonly ServedResource[]> = new Map();
  #all: readonly ServedResource[];
  #byResource: Map<string, ServedResource> = new Map();
  #byKind: Map<string, ServedResource> = new Map();
  #versions: Map<string, string[]> = new Map();
  readonly #storages: WeakMap<ServedResource, Storage> = new WeakMap();
  readonly #listeners: Set<() => void> = new Set();
  #generation = 0;

  constructor(builtin: readonly ServedResource[]) {
    this.#builtin = builtin;
    this.#all = builtin;
    this.#index();
  }

  get generation(): number {
    return this.#generation;
  }

  all(): readonly ServedResource[] {
    return this.#all;
  }

  find(group: string, version: string, resource: string): ServedResource | undefined {
    return this.#byResource.get(`${group}/${version}/${resource}`);
  }

  findKind(group: string, version: string, kind: string): ServedResource | undefined {
    return this.#byKind.get(`${group}/${version}/${kind}`);
  }

  versionsOf(group: string): readonly string[] {
    return this.#versions.get(group) ?? [];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Replaces the served versions of one definition; an empty list takes them away. `name` is that of the definition. */
  setCustom(name: string, versions: readonly ServedResource[]): void {
    const custom = new Map(this.#custom);
    if (versions.length === 0) custom.delete(name);
    else custom.set(name, versions);
    this.#custom = custom;
    this.#all = [...this.#builtin, ...[...custom.values()].flat()];
    this.#index();
    this.#generation++;
    for (const listener of [...this.#listeners]) listener();
  }

  storageOf(served: ServedResource): Storage {
    let storage = this.#storages.get(served);
    if (storage === undefined) {
      storage = storageOf(served);
      this.#storages.set(served, storage);
    }
    return storage;
  }

  /** Where the objects of a group's plural are kept, whichever version is asked for. */
  storageId(group: string, resource: string): string {
    return `${sharedStorage[`${group}/${resource}`]?.group ?? group}/${resource}`;
  }

  #index(): void {
    this.#byResource = new Map();
    this.#byKind = new Map();
    this.#versions = new Map();
    for (const served of this.#all) {
      this.#byResource.set(`${served.group}/${served.version}/${served.resource}`, served);
      this.#byKind.set(`${served.group}/${served.version}/${served.kind}`, served);
      const versions = this.#versions.get(served.group);
      if (versions === undefined) this.#versions.set(served.group, [served.version]);
      else if (!versions.includes(served.version)) versions.push(served.version);
    }
    for (const versions of this.#versions.values()) versions.sort(compareVersions);
  }
}

function storageOf(served: ServedResource): Storage {
  const shared = sharedStorage[`${served.group}/${served.resource}`];
  const group = shared?.group ?? served.group;
  const version = shared?.version ?? served.custom?.storageVersion ?? served.version;
  return {
    id: `${group}/${served.resource}`,
    group,
    resource: served.resource,
    kind: served.kind,
    apiVersion: apiVersionOf({ group, version }),
  };
}

/** The catalog's kinds as served ones. */
export function builtinResources(catalog: Catalog): readonly ServedResource[] {
  return catalog.kinds.map((kind) => {
    const served = {
      group: kind.group,
      version: kind.version,
      kind: kind.kind,
      resource: kind.resource,
      namespaced: kind.namespaced,
      listKind: `${kind.kind}List`,
      singular: kind.singular,
      shortNames: kind.shortNames,
      categories: kind.categories,
      verbs: kind.verbs,
      subresources: kind.subresources,
    };
    // The schema is a graph that is built when first used: a start should not pay for kinds that nobody touches.
    return Object.defineProperty(served, 'schema', {
      enumerable: true,
      get: () => catalog.schemaOf(kind.group, kind.version, kind.kind),
    }) as ServedResource;
  });
}

/** Versions as Kubernetes prefers them: `v2` > `v1` > `v1beta2` > `v1beta1` > `v1alpha1` > other names. @see apimachinery version.CompareKubeAwareVersionStrings */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionRank(a), versionRank(b)];
  if (left === undefined && right === undefined) return a < b ? -1 : a > b ? 1 : 0;
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  for (let index = 0; index < 3; index++) {
    const difference = (right[index] ?? 0) - (left[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function versionRank(version: string): readonly [number, number, number] | undefined {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (match === null) return undefined;
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}
