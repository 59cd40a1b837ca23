/** The one implementation of `Client`: paths, queries, pages and errors over any transport. */
import {
  apiVersionOf,
  isStatusError,
  type KubeObject,
  type LabelSelector,
  parseApiVersion,
  type ResourceType,
  requirementsOf,
  resourcePath,
  StatusError,
} from '@sluice/api';
import type { Client, DeleteOptions, ListOptions, ObjectAt, ObjectList, PatchType, Reader, WriteOptions } from './client.ts';
import { statusOf } from './rest-status.ts';
import type { ApiRequest, ApiResponse, Transport, WatchStream } from './transport.ts';

export type ClientOptions = {
  /** Who writes, in `metadata.managedFields`. */
  readonly fieldManager: string;
  /** Gets the text of `Warning` headers. */
  readonly onWarning?: (text: string) => void;
};

export function createClient(transport: Transport, options: ClientOptions): Client {
  return new RestClient(transport, options);
}

const contentTypes: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};

/** client-go's page size, too. */
const pageSize = 500;

type ListAnswer = {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly KubeObject[] | null;
};

class RestClient implements Client {
  readonly transport: Transport;
  readonly #options: ClientOptions;
  /** Kinds of an `apiVersion`, as discovery told; promises, so that concurrent questions are one call. */
  readonly #discovered = new Map<string, Promise<readonly ResourceType[]>>();

  constructor(transport: Transport, options: ClientOptions) {
    this.transport = transport;
    this.#options = options;
  }

  async get<T extends KubeObject>(type: ResourceType, at: ObjectAt, options: { readonly signal?: AbortSignal } = {}): Promise<T> {
    return (await this.#call({ method: 'GET', path: resourcePath(type, at), ...pick(options) })) as T;
  }

  async list<T extends KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<ObjectList<T>> {
    if (options.limit !== undefined) return this.#page<T>(type, options);
    const items: T[] = [];
    let page = await this.#page<T>(type, { ...options, limit: pageSize });
    while (page.continue !== undefined) {
      items.push(...page.items);
      const { resourceVersion: _, ...rest } = options;
      try {
        page = await this.#page<T>(type, { ...rest, limit: pageSize, continue: page.continue });
      } catch (error) {
        // The snapshot behind the pages is gone: one answer with everything cannot expire half way.
        if (!isStatusError(error, 'Expired', 'Gone')) throw error;
        return this.#page<T>(type, options);
      }
    }
    items.push(...page.items);
    return { resourceVersion: page.resourceVersion, items };
  }

  async #page<T extends KubeObject>(type: ResourceType, options: ListOptions): Promise<ObjectList<T>> {
    const path = resourcePath(type, { namespace: options.namespace });
    const answer = (await this.#call({ method: 'GET', path, query: listQuery(options), ...pick(options) })) as ListAnswer;
    const apiVersion = apiVersionOf(type);
    const items = (answer.items ?? []).map((item) =>
      item.kind === undefined || item.apiVersion === undefined ? { ...item, apiVersion, kind: type.kind } : item,
    );
    const next = answer.metadata?.continue;
    return {
      resourceVersion: answer.metadata?.resourceVersion ?? '',
      items: items as readonly KubeObject[] as readonly T[],
      ...(next === undefined || next === '' ? {} : { continue: next }),
    };
  }

  watch(type: ResourceType, options: Parameters<Reader['watch']>[1] = {}): Promise<WatchStream> {
    const query: Record<string, string> = { ...listQuery(options), watch: 'true' };
    if (options.bookmarks === true) query.allowWatchBookmarks = 'true';
    if (options.timeoutSeconds !== undefined) query.timeoutSeconds = String(options.timeoutSeconds);
    if (options.sendInitialEvents === true) {
      query.sendInitialEvents = 'true';
      query.resourceVersionMatch = 'NotOlderThan';
      query.allowWatchBookmarks = 'true';
    }
    return this.transport.watch({ method: 'GET', path: resourcePath(type, { namespace: options.namespace }), query, ...pick(options) });
  }

  async create<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    const at = {
      namespace: object.metadata.namespace,
      subresource: options.subresource,
      ...(options.subresource === undefined ? {} : { name: object.metadata.name }),
    };
    return (await this.#write('POST', resourcePath(type, at), object, options)) as T;
  }

  async update<T extends KubeObject>(type: ResourceType, object: T, options: WriteOptions = {}): Promise<T> {
    const { namespace, name } = object.metadata;
    return (await this.#write('PUT', resourcePath(type, { namespace, name, subresource: options.subresource }), object, options)) as T;
  }

  async patch<T extends KubeObject>(
    type: ResourceType,
    at: ObjectAt,
    patchType: PatchType,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = resourcePath(type, { ...at, subresource: options.subresource });
    return (await this.#write('PATCH', path, patch, options, contentTypes[patchType])) as T;
  }

  async delete(type: ResourceType, at: ObjectAt, options: DeleteOptions = {}): Promise<void> {
    const { propagationPolicy, gracePeriodSeconds, preconditions, dryRun } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(preconditions === undefined ? {} : { preconditions }),
      ...(dryRun === true ? { dryRun: ['All'] } : {}),
    };
    await this.#call({ method: 'DELETE', path: resourcePath(type, at), body, ...pick(options) });
  }

  async raw(request: ApiRequest): Promise<unknown> {
    return this.#call(request);
  }

  async resolve(apiVersion: string, kind: string): Promise<ResourceType | undefined> {
    const find = (types: readonly ResourceType[]): ResourceType | undefined => types.find((type) => type.kind === kind);
    const known = this.#discovered.get(apiVersion);
    const found = known === undefined ? undefined : find(await known);
    return found ?? find(await this.#discover(apiVersion));
  }

  async close(): Promise<void> {
    await this.transport.close();
  }

  #discover(apiVersion: string): Promise<readonly ResourceType[]> {
    const asked = this.#readKinds(apiVersion);
    this.#discovered.set(apiVersion, asked);
    asked.catch(() => {
      if (this.#discovered.get(apiVersion) === asked) this.#discovered.delete(apiVersion);
    });
    return asked;
  }

  async #readKinds(apiVersion: string): Promise<readonly ResourceType[]> {
    const { group, version } = parseApiVersion(apiVersion);
    type Answer = { resources?: readonly { name: string; kind: string; namespaced: boolean }[] };
    let answer: Answer;
    try {
      answer = (await this.#call({ method: 'GET', path: group === '' ? `/api/${version}` : `/apis/${group}/${version}` })) as Answer;
    } catch (error) {
      if (isStatusError(error, 'NotFound')) return [];
      throw error;
    }
    return (answer.resources ?? [])
      .filter(({ name }) => !name.includes('/'))
      .map(({ name, kind, namespaced }) => ({ group, version, kind, resource: name, namespaced }));
  }

  #write(method: 'POST' | 'PUT' | 'PATCH', path: string, body: unknown, options: WriteOptions, contentType?: string): Promise<unknown> {
    const query: Record<string, string> = { fieldManager: options.fieldManager ?? this.#options.fieldManager };
    if (options.dryRun === true) query.dryRun = 'All';
    if (options.force === true) query.force = 'true';
    if (options.fieldValidation !== undefined) query.fieldValidation = options.fieldValidation;
    return this.#call({ method, path, query, body, ...(contentType === undefined ? {} : { contentType }), ...pick(options) });
  }

  async #call(request: ApiRequest): Promise<unknown> {
    const answer = await this.transport.request(request);
    this.#tellWarnings(answer);
    if (answer.status >= 400) throw new StatusError(statusOf(answer.status, answer.body));
    return answer.body;
  }

  /** `Warning: 299 - "text", 299 - "text"` (RFC 7234 5.5, as Kubernetes uses it). */
  #tellWarnings(answer: ApiResponse): void {
    const header = answer.headers.warning;
    if (header === undefined || this.#options.onWarning === undefined) return;
    for (const match of header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g))
      this.#options.onWarning((match[1] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
}

type PassedOn = Pick<ApiRequest, 'signal' | 'lane' | 'isLean'>;

function pick(options: PassedOn): PassedOn {
  return {
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    ...(options.lane === undefined ? {} : { lane: options.lane }),
    ...(options.isLean === undefined ? {} : { isLean: options.isLean }),
  };
}

function listQuery(options: ListOptions): Record<string, string> {
  const query: Record<string, string> = {};
  const labels = typeof options.labelSelector === 'object' ? selectorText(options.labelSelector) : options.labelSelector;
  if (labels !== undefined && labels !== '') query.labelSelector = labels;
  if (options.fieldSelector !== undefined && options.fieldSelector !== '') query.fieldSelector = options.fieldSelector;
  if (options.limit !== undefined) query.limit = String(options.limit);
  if (options.continue !== undefined) query.continue = options.continue;
  if (options.resourceVersion !== undefined) query.resourceVersion = options.resourceVersion;
  return query;
}

/** Query form of an object's selector; `{}` selects everything and is empty text. */
export function selectorText(selector: LabelSelector): string {
  return requirementsOf(selector)
    .map(({ key, operator, values }) => {
      if (operator === 'exists') return key;
      if (operator === '!') return `!${key}`;
      return operator === 'in' && values.length === 1 ? `${key}=${values[0]}` : `${key} ${operator} (${values.join(',')})`;
    })
    .join(',');
}
