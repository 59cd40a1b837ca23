/**
 * Calls of GitHub's REST API, as the installation of an app (whose tokens last an hour) or with a token of its own.
 *
 * @see GitHub, "Authenticating as a GitHub App installation"
 */
import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { type Instant, parseTime } from '@sluice/api';
import type { HttpAnswer } from '../../metrics/http/http.ts';
import { flag, isOptions, neededText, type Options, OptionsProblem, text } from '../options.ts';
import { failed, isPassing, type NotifierDependencies, objectOf, SendProblem, timeoutMs, withoutSlash } from '../sending.ts';

export type GitHubApi = {
  /** @param accepted - statuses besides those of success that the caller deals with */
  send(method: 'POST' | 'PATCH', path: string, body: unknown, accepted?: readonly number[]): Promise<HttpAnswer>;
  create(path: string, body: unknown): Promise<Options>;
  /** The first page. */
  list(path: string): Promise<readonly Options[]>;
};

/** @throws OptionsProblem */
export function gitHubApi(options: Options, { http, clock }: NotifierDependencies): GitHubApi {
  const enterprise = withoutSlash(text(options, 'enterpriseBaseURL'));
  const address = enterprise === '' ? 'https://api.github.com' : /\/api\/v3$/.test(enterprise) ? enterprise : `${enterprise}/api/v3`;
  const isInsecure = flag(options, 'insecureSkipVerify');
  const call = async (method: 'GET' | 'POST' | 'PATCH', path: string, authorization: string, body?: unknown): Promise<HttpAnswer> =>
    await http({
      method,
      url: address + path,
      headers: {
        accept: 'application/vnd.github+json',
        authorization,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs,
      isInsecure,
    });
  const token =
    text(options, 'token') === '' ? installationTokens(options, clock, (path, jwt) => call('POST', path, `Bearer ${jwt}`, {})) : undefined;
  const authorize = async (): Promise<string> => `Bearer ${token === undefined ? text(options, 'token') : await token()}`;
  const checked = (answer: HttpAnswer, path: string, accepted: readonly number[] = []): HttpAnswer => {
    if ((answer.status >= 200 && answer.status < 300) || accepted.includes(answer.status)) return answer;
    throw failed(address + path, answer);
  };
  const api: GitHubApi = {
    send: async (method, path, body, accepted) => checked(await call(method, path, await authorize(), body), path, accepted),
    create: async (path, body) => objectOf(await api.send('POST', path, body), 'github'),
    list: async (path) => {
      const answer = checked(await call('GET', path, await authorize()), path);
      const items: unknown = parsed(answer.body);
      if (!Array.isArray(items)) throw new SendProblem('github answered something else than a list');
      return items.filter(isOptions);
    },
  };
  return api;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A token is asked for again when it has less than this to live. */
const marginMs = 60_000;

function installationTokens(
  options: Options,
  clock: { now(): Instant },
  exchange: (path: string, jwt: string) => Promise<HttpAnswer>,
): () => Promise<string> {
  const appId = neededText(options, 'appID');
  const path = `/app/installations/${encodeURIComponent(neededText(options, 'installationID'))}/access_tokens`;
  const key = readKey(neededText(options, 'privateKey'));
  let known: { readonly token: string; readonly until: Instant } | undefined;
  return async () => {
    if (known !== undefined && known.until - marginMs > clock.now()) return known.token;
    const answer = await exchange(path, webToken(appId, key, clock.now()));
    if (answer.status !== 201)
      throw new SendProblem(`github: cannot get a token for the installation: error code ${answer.status}`, isPassing(answer.status));
    const granted = objectOf(answer, 'github');
    known = { token: text(granted, 'token'), until: parseTime(text(granted, 'expires_at')) ?? clock.now() };
    return known.token;
  };
}

function readKey(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    throw new OptionsProblem('privateKey: is not a private key in PEM');
  }
}

/** Signed for ten minutes at most, from a minute ago for clocks that differ. */
function webToken(appId: string, key: KeyObject, now: Instant): string {
  const seconds = Math.floor(now / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: seconds - 60, exp: seconds + 540, iss: appId })}`;
  return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
}
