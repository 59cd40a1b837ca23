/**
 * The doors inside the server: what the request path asks of authentication, authorization, discovery, tables and reviews,
 * and what it gives them. Neither side imports the other's files; both import this one.
 */
import type { Clock, KubeObject, ResourceType } from '@sluice/api';
import type { Schema } from '@sluice/schema';

/** Who asks, after authentication. */
export type UserInfo = {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

/** One call. `headers` have lower-case names; `body` is parsed JSON, or the bytes as they came. */
export type ServerRequest = {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly user: UserInfo;
  readonly signal?: AbortSignal;
};

/** One watch event. `bytes` is the whole line with its newline, made once and shared by all watchers; `pieces` is the same, not yet joined. */
export type WatchFrame = {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
  bytes(): Buffer;
  pieces(): readonly Buffer[];
};

/** A running watch. Events that came before `onEvents` is called are kept for it. `end` is called once, also after `close`. */
export interface ServerWatch {
  onEvents(push: (events: readonly WatchFrame[]) => void, end: () => void): void;
  close(): void;
}

export type ServerResponse =
  | {
      readonly kind: 'object';
      readonly status: number;
      /** Immutable and shared with other readers. */
      readonly object: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      /** The same object as pieces of JSON text, where they are cheaper than the object itself. */
      encode?(): Iterable<Buffer>;
    }
  | {
      readonly kind: 'bytes';
      readonly status: number;
      readonly contentType: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly bytes: Buffer | readonly Buffer[];
    }
  | { readonly kind: 'watch'; readonly status: 200; readonly stream: ServerWatch };

// ---- What the access part implements ---------------------------------------------------------------------------------------------

export type AuthenticationRequest = {
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The peer's certificate in DER; not yet verified against any authority. */
  readonly clientCertificate?: Uint8Array;
};

export interface Authenticator {
  /**
   * Finds out who asks. `undefined` when the request carries no credentials and anonymous access is off.
   *
   * @throws StatusError 401 for credentials that are there and wrong
   */
  authenticate(request: AuthenticationRequest): Promise<UserInfo | undefined>;
}

export type AuthorizationAttributes = {
  readonly user: UserInfo;
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; the lower-case HTTP method for other paths. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
  readonly isResourceRequest: boolean;
};

export interface Authorizer {
  /** `reason` is empty when no rule has anything to say. */
  authorize(attributes: AuthorizationAttributes): Promise<{ readonly allowed: boolean; readonly reason: string }>;
}

/** Resources that are answered but never stored. */
export type ReviewRequest = {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly object: KubeObject;
  readonly user: UserInfo;
  readonly dryRun: boolean;
};

export interface Reviews {
  /** True for the create-only resources it answers: access reviews, TokenReview, `serviceaccounts/token`, ... */
  handles(group: string, resource: string, subresource: string): boolean;
  /** The object with its `status` filled in, as the answer of a create (201). @throws StatusError */
  create(request: ReviewRequest): Promise<KubeObject>;
}

type ServingCertificate = { readonly certificatePem: string; readonly keyPem: string; readonly authorityPem: string };

/** Everything the access folder gives to the server; made by `createAccess(options: AccessOptions): Promise<Access>` of `access/index.ts`. */
export interface Access {
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly reviews: Reviews;
  /** Certificate for TLS whose names include the host given. Called by `listen`. */
  servingCertificate(host: string): Promise<ServingCertificate>;
  /** Kubeconfig text of the administrator, certificate, key and authority inline. */
  kubeconfig(server: string): string;
  /** Roles and bindings that must exist at start; created when missing. Also `kube-root-ca.crt` style objects, if any. */
  bootstrapObjects(): readonly KubeObject[];
}

export type AccessOptions = {
  readonly reader: Reader;
  readonly registry: ResourceRegistry;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Where keys live between starts; absent: new keys each time. The folder exists. */
  readonly dataDir?: string;
};

// ---- What the discovery part implements ------------------------------------------------------------------------------------------

export interface Discovery {
  /** Answers `/`, `/api`, `/apis`, `/api/v1`, `/apis/<group>[/<version>]`, `/openapi/...`, `/version`; `undefined` for any other path. */
  handle(request: ServerRequest): ServerResponse | undefined | Promise<ServerResponse | undefined>;
}

export type TableColumn = {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
};

type TableRow = { readonly cells: readonly unknown[]; readonly object: KubeObject };

type Table = { readonly columns: readonly TableColumn[]; readonly rows: readonly TableRow[] };

export interface Tables {
  /** Columns and cells. The caller wraps them as `meta.k8s.io/v1 Table` and cuts `object` as `includeObject` says. */
  toTable(resource: ServedResource, objects: readonly KubeObject[]): Table;
}

/** Made by `createDiscovery(options)` and `createTables(options)` of `discovery/index.ts`. */
export type DiscoveryOptions = { readonly registry: ResourceRegistry; readonly clock: Clock };

// ---- What both get ---------------------------------------------------------------------------------------------------------------

export type ServedSubresource = {
  readonly name: string;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
};

export type PrinterColumn = {
  readonly name: string;
  readonly type: string;
  readonly jsonPath: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
};

/** What a CustomResourceDefinition says about one served version. */
export type CustomVersion = {
  readonly definitionName: string;
  readonly printerColumns: readonly PrinterColumn[];
  /** As written in the definition, for OpenAPI. */
  readonly openAPIV3Schema: unknown;
  readonly storageVersion: string;
  readonly preserveUnknownFields: boolean;
  readonly scale?: { readonly specReplicasPath: string; readonly statusReplicasPath: string; readonly labelSelectorPath?: string };
  readonly hasStatus: boolean;
  readonly selectableFields: readonly string[];
  /** Told to every caller of a deprecated version. */
  readonly deprecationWarning?: string;
};

/** One kind in one version as it is served now: built in, or from a definition. Frozen; a change makes a new one. */
export type ServedResource = ResourceType & {
  readonly listKind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly ServedSubresource[];
  /** Schema that the walk uses; absent for kinds without one. */
  readonly schema?: Schema;
  /** Present for kinds of CustomResourceDefinitions. */
  readonly custom?: CustomVersion;
};

export interface ResourceRegistry {
  /** Grows with each change, so that prebuilt documents know when they are old. */
  readonly generation: number;
  /** Built-in kinds in catalog order, then custom ones in order of establishment. */
  all(): readonly ServedResource[];
  find(group: string, version: string, resource: string): ServedResource | undefined;
  findKind(group: string, version: string, kind: string): ServedResource | undefined;
  /** Versions of a group that are served, preferred one first; empty when there is no such group. */
  versionsOf(group: string): readonly string[];
  onChange(listener: () => void): () => void;
}

/** Synchronous reads of the store for those inside the server. Names a resource by group and plural; objects come in the storage version. */
export interface Reader {
  get(group: string, resource: string, namespace: string, name: string): KubeObject | undefined;
  /** Without `namespace`: all of them. In key order. */
  list(group: string, resource: string, namespace?: string): readonly KubeObject[];
  /** Grows when any object of the resource changes: cheap test whether a cache is still right. */
  revisionOf(group: string, resource: string): number;
  /** Called after each durable change of that resource, with the new object, or `undefined` once deleted, and the one before. */
  onChange(group: string, resource: string, listener: (next: KubeObject | undefined, previous: KubeObject | undefined) => void): () => void;
}
