/**
 * The port through which providers speak HTTP, and what it promises: an answer of bounded size in bounded time, or an error in the words of
 * Go's client, which people know from measurements. No credential is ever in an error: userinfo of URLs is cut out, headers and bodies of
 * requests are not told.
 */

export type HttpRequest = {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';
  readonly url: string;
  /** Names in any case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** For all of it, redirects and the body of the answer included. */
  readonly timeoutMs: number;
  /** Certificates are not checked. */
  readonly isInsecure?: boolean;
};

export type HttpAnswer = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** @throws HttpError when there is no whole answer */
export type Http = (request: HttpRequest) => Promise<HttpAnswer>;

/** `headers`: nothing of an answer came. `body`: an answer began and did not end. */
export type HttpPhase = 'headers' | 'body';

export class HttpError extends Error {
  readonly phase: HttpPhase;
  /** What went wrong, without method and URL: `dial tcp 10.0.0.1:80: connect: connection refused`. */
  readonly reason: string;

  constructor(request: HttpRequest, phase: HttpPhase, reason: string, cause?: unknown) {
    const { method = 'GET' } = request;
    const verb = method.charAt(0) + method.slice(1).toLowerCase();
    super(`${verb} ${JSON.stringify(withoutPassword(request.url))}: ${reason}`, { cause });
    this.phase = phase;
    this.reason = reason;
  }
}

/** The URL as it may be told: a password in it becomes `***`, as Go prints it. */
function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/?#@:]*):[^/?#]*@/i, '$1:***@');
}

export function isSuccess({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** Whether a text is a URL with a scheme and a host. */
export function isUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && url.host !== '';
}
