/** How calls leave the process, or do not: HTTP and in process implement the same two operations. */

/** Order of service when the client limit is reached: earlier lanes go first, `lease` never waits. */
export const lanes = ['lease', 'traffic', 'scale', 'background'] as const;
export type Lane = (typeof lanes)[number];

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute path, already encoded: `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Content type of the body, `application/json` by default; patches name theirs. */
  readonly contentType?: string;
  readonly accept?: string;
  readonly lane?: Lane;
  /** The caller has no use for `metadata.managedFields`: a transport that parses text may leave them out, and save half of the work. */
  readonly isLean?: boolean;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
};

export type ApiResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Parsed JSON, or text where the answer is not JSON. In process: treat as immutable. */
  readonly body: unknown;
};

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
export type WatchEvent = { readonly type: WatchEventType; readonly object: unknown };

/** One connection's worth of watch events. Iteration ends when the server closes; `close` ends it from this side. */
export interface WatchStream extends AsyncIterable<WatchEvent> {
  close(): void;
}

/**
 * Carries requests. Answers with any HTTP status resolve; only a failed connection rejects.
 * Credentials, TLS and the rate limit live in here, so callers above do not know them.
 */
export interface Transport {
  request(request: ApiRequest): Promise<ApiResponse>;
  /** Opens a watch. @throws StatusError when the server refuses it (410 included). */
  watch(request: ApiRequest): Promise<WatchStream>;
  close(): Promise<void>;
}
