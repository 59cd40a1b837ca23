/**
 * Typed calls over a transport: one method a verb, objects in and out, failures as `StatusError`.
 * Knows nothing of caches or retries: those are `informer.ts` and `controller.ts`.
 */
import type { KubeObject, LabelSelector, ResourceType } from '@sluice/api';
import type { ApiRequest, Lane, Transport, WatchStream } from './transport.ts';

export type ObjectAt = { readonly namespace?: string | undefined; readonly name: string };

export type PatchType = 'merge' | 'strategic' | 'json' | 'apply';

export type ListOptions = {
  /** Absent: all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | LabelSelector;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  /** Objects may come without `metadata.managedFields`, which spares half of the parsing. */
  readonly isLean?: boolean;
  readonly signal?: AbortSignal;
};

export type ObjectList<T extends KubeObject = KubeObject> = {
  readonly resourceVersion: string;
  readonly items: readonly T[];
  readonly continue?: string;
};

export type WriteOptions = {
  readonly subresource?: 'status' | 'scale' | 'eviction' | 'binding' | 'token' | (string & {});
  readonly dryRun?: boolean;
  /** Field manager; the client's name when absent. Required by `apply`. */
  readonly fieldManager?: string;
  /** Only for `apply`: take fields over from other managers. */
  readonly force?: boolean;
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  readonly lane?: Lane;
  readonly signal?: AbortSignal;
};

export type DeleteOptions = {
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly dryRun?: boolean;
  readonly lane?: Lane;
  readonly signal?: AbortSignal;
};

export interface Reader {
  /** @throws StatusError NotFound */
  get<T extends KubeObject>(type: ResourceType, at: ObjectAt, options?: { readonly signal?: AbortSignal }): Promise<T>;
  /** One page when `limit` is given, else everything, read in pages of 500 behind the scenes. Items have apiVersion and kind filled in. */
  list<T extends KubeObject>(type: ResourceType, options?: ListOptions): Promise<ObjectList<T>>;
  watch(
    type: ResourceType,
    options?: ListOptions & { readonly bookmarks?: boolean; readonly timeoutSeconds?: number; readonly sendInitialEvents?: boolean },
  ): Promise<WatchStream>;
}

export interface Writer {
  create<T extends KubeObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>;
  /** Full update; a stale `metadata.resourceVersion` is a Conflict. */
  update<T extends KubeObject>(type: ResourceType, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(type: ResourceType, at: ObjectAt, patchType: PatchType, patch: unknown, options?: WriteOptions): Promise<T>;
  delete(type: ResourceType, at: ObjectAt, options?: DeleteOptions): Promise<void>;
}

/** Everything. Code asks for the narrowest of these it can live with. */
export interface Client extends Reader, Writer {
  /** Any path, for discovery, subresources and what has no type. @throws StatusError for answers of 400 and above */
  raw(request: ApiRequest): Promise<unknown>;
  /** Finds how a kind is served, from discovery, cached; asks once more when it is missing. `undefined` when the cluster does not serve it. */
  resolve(apiVersion: string, kind: string): Promise<ResourceType | undefined>;
  readonly transport: Transport;
  close(): Promise<void>;
}
