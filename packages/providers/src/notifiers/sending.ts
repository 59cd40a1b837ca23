/** What notifiers have in common: how a service is described, and one exchange over HTTP with the words of its failure. */
import type { Clock } from '@sluice/api';
import type { Destination, Notification } from '@sluice/engine';
import { type Http, type HttpAnswer, type HttpError, type HttpRequest, isSuccess } from '../metrics/http/http.ts';
import { inner, type Options } from './options.ts';

export type NotifierDependencies = {
  readonly http: Http;
  readonly clock: Clock;
  /** A name that no other has. */
  readonly uuid: () => string;
};

/** One type of service. */
export type ServiceType = {
  /** Texts of the options that must never be told. */
  credentials(options: Options): readonly string[];
  /** Reads the options. @throws OptionsProblem */
  make(options: Options, dependencies: NotifierDependencies): Send;
};

/** @throws SendProblem, OptionsProblem, HttpError */
type Send = (notification: Notification, destination: Destination) => Promise<void>;

export class SendProblem extends Error {
  readonly mayRetry: boolean;
  readonly retryAfterMs: number | undefined;
  constructor(message: string, mayRetry = false, retryAfterMs?: number) {
    super(message);
    this.mayRetry = mayRetry;
    this.retryAfterMs = retryAfterMs;
  }
}

/** For a request and its answer; a service that is slower has not answered. */
export const timeoutMs = 30_000;

/** Longest piece of an answer that is looked at. */
const toldMax = 20_000;

/** What the template says for this type of service, or nothing. */
export function sectionOf({ sections }: Notification, type: string): Options | undefined {
  return inner(sections, type);
}

/** Sends JSON and answers with what came. @throws SendProblem unless the status is one of success */
export async function postJson(
  http: Http,
  request: {
    readonly url: string;
    readonly body: unknown;
    readonly headers?: Readonly<Record<string, string>>;
    readonly isInsecure?: boolean;
  },
): Promise<HttpAnswer> {
  const headers = { 'content-type': 'application/json', ...request.headers };
  return await exchange(http, { ...request, method: 'POST', headers, body: JSON.stringify(request.body), timeoutMs });
}

/** Sends a form. @throws SendProblem unless the status is one of success */
export async function postForm(
  http: Http,
  request: {
    readonly url: string;
    readonly fields: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly isInsecure?: boolean;
  },
): Promise<HttpAnswer> {
  const { fields, ...rest } = request;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...request.headers };
  return await exchange(http, { ...rest, method: 'POST', headers, body: new URLSearchParams(fields).toString(), timeoutMs });
}

/** @throws SendProblem unless the status is one of success */
export async function exchange(http: Http, request: HttpRequest): Promise<HttpAnswer> {
  const answer = await http(request);
  if (isSuccess(answer)) return answer;
  throw failed(request.url, answer);
}

export function failed(url: string, answer: HttpAnswer): SendProblem {
  const problem = `request to ${url} has failed with error code ${answer.status} : ${told(answer.body)}`;
  return new SendProblem(problem, isPassing(answer.status), retryAfterMs(answer));
}

export function isPassing(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/** A request that was wrong stays wrong; one that found nobody may find somebody. */
export function isPassingError(error: HttpError): boolean {
  return !/^(?:invalid URL|unsupported protocol|invalid header)/.test(error.reason);
}

/** Of `Retry-After` in seconds. */
export function retryAfterMs({ headers }: HttpAnswer): number | undefined {
  const seconds = headers['retry-after'];
  return seconds !== undefined && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

/** An answer on one line. It is cut to what people read once credentials are out of it: half of one would not be found. */
export function told(body: string): string {
  const line = body.replace(/\s+/g, ' ').trim();
  return line.slice(0, toldMax);
}

/** The JSON object of an answer. @throws SendProblem */
export function objectOf(answer: HttpAnswer, service: string): Options {
  try {
    const value: unknown = JSON.parse(answer.body);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Options;
  } catch {
    // Told below.
  }
  throw new SendProblem(`${service} answered something else than a JSON object: ${told(answer.body)}`);
}

/** What is secret in the address of an incoming webhook: all behind the host, whole and in pieces. */
export function addressCredentials(address: string): readonly string[] {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) return [address];
  // Shorter ones are words such as `hooks`.
  const pieces = [url.pathname.slice(1), ...url.pathname.split('/')].filter((piece) => piece.length >= 8);
  return [address, url.href, url.search.slice(1), url.password, ...pieces, ...url.searchParams.values()];
}

export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}

export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** At most so many characters, the last three of them dots. */
export function shortened(text: string, length: number): string {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, length - 3).join('')}...` : text;
}
