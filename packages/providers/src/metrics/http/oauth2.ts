/**
 * OAuth2 client credentials: tokens from a token URL, kept until shortly before they expire. The way to tell the client's secret is found
 * by trying, as Go's oauth2 does: in a header first, then in the form.
 */

import { createHash } from 'node:crypto';
import type { Authentication, Clock, Instant } from '@sluice/api';
import { type Http, HttpError, type HttpRequest, isSuccess } from './http.ts';
import { fieldOf, parseJson } from './json.ts';

type Credentials = NonNullable<Authentication['oauth2']>;
type Token = { readonly value: string; readonly expiresAt: Instant };

export type TokenSource = {
  /** The request with a token in it, or unchanged where no OAuth2 is asked for. @throws Error when no token can be had */
  authorize(request: HttpRequest, credentials: Credentials | undefined): Promise<HttpRequest>;
  /** Forgets a token that was refused. */
  forget(credentials: Credentials | undefined): void;
};

/** Tokens are renewed this long before they expire, as in Go's oauth2. */
const marginMs = 10_000;
const tokensMax = 500;

export function tokenSource(http: Http, clock: Clock): TokenSource {
  const tokens = new Map<string, Token>();
  return {
    async authorize(request, credentials) {
      if (credentials?.tokenUrl === undefined || credentials.tokenUrl === '') return request;
      const key = keyOf(credentials);
      let token = tokens.get(key);
      if (token === undefined || token.expiresAt - marginMs <= clock.now()) {
        token = await fetchToken(http, clock, credentials, request);
        if (tokens.size >= tokensMax) tokens.clear();
        tokens.set(key, token);
      }
      return { ...request, headers: { ...request.headers, authorization: `Bearer ${token.value}` } };
    },
    forget(credentials) {
      if (credentials?.tokenUrl !== undefined) tokens.delete(keyOf(credentials));
    },
  };
}

/** @throws Error if a token is asked for without the client's name or secret */
export function checkOauth2(credentials: Credentials | undefined): void {
  if (credentials?.tokenUrl === undefined || credentials.tokenUrl === '') return;
  if ((credentials.clientId ?? '') === '' || (credentials.clientSecret ?? '') === '') {
    throw new Error('missing mandatory parameter in metric for OAuth2 setup');
  }
}

/** A digest, so that no secret lies about as a key. */
function keyOf({ tokenUrl, clientId, clientSecret, scopes }: Credentials): string {
  return createHash('sha256')
    .update(JSON.stringify([tokenUrl, clientId, clientSecret, scopes]))
    .digest('hex');
}

async function fetchToken(http: Http, clock: Clock, credentials: Credentials, request: HttpRequest): Promise<Token> {
  const { tokenUrl = '', clientId = '', clientSecret = '', scopes = [] } = credentials;
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  const base: HttpRequest = {
    method: 'POST',
    url: tokenUrl,
    timeoutMs: request.timeoutMs,
    ...(request.isInsecure === undefined ? {} : { isInsecure: request.isInsecure }),
  };
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  const inHeader = { ...type, authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  let answer = await http({ ...base, headers: inHeader, body: form.toString() }).catch((error: unknown) => refuse(request, reason(error)));
  if (!isSuccess(answer)) {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret);
    answer = await http({ ...base, headers: type, body: form.toString() }).catch((error: unknown) => refuse(request, reason(error)));
  }
  // The body of a refusal may repeat what was sent, so only the status is told.
  if (!isSuccess(answer)) refuse(request, `oauth2: cannot fetch token: ${answer.status}`);
  let token: unknown;
  try {
    token = parseJson(answer.body);
  } catch {
    refuse(request, 'oauth2: cannot parse json');
  }
  const value = fieldOf(token, 'access_token');
  if (typeof value !== 'string' || value === '') return refuse(request, 'oauth2: server response missing access_token');
  const seconds = Number(fieldOf(token, 'expires_in') ?? 0);
  const lifetimeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : Number.POSITIVE_INFINITY;
  return { value, expiresAt: clock.now() + lifetimeMs };
}

function reason(error: unknown): string {
  return error instanceof HttpError ? error.message : 'oauth2: cannot fetch token';
}

function refuse(request: HttpRequest, why: string): never {
  throw new HttpError(request, 'headers', why);
}
