/**
 * ServiceAccount tokens: issuing those that TokenRequest asks for and those of token Secrets, and telling who a token stands for.
 * A token dies with its ServiceAccount, or with the Pod, Secret or Node that it is bound to (upstream pkg/serviceaccount).
 */
import type { Clock, KubeObject } from '@sluice/api';
import type { Reader, UserInfo } from '../ports.ts';
import type { Keys } from './keys.ts';
import { type Claims, signToken, verifiedClaims } from './web-token.ts';

export const tokenIssuer = 'https://kubernetes.default.svc';
const legacyIssuer = 'kubernetes/serviceaccount';

/** Object whose deletion ends a token. */
export type BoundObject = {
  readonly kind: 'Pod' | 'Secret' | 'Node';
  readonly name: string;
  readonly uid: string;
  readonly node?: BoundNode;
};
type BoundNode = { readonly name: string; readonly uid?: string };

type TokenRequest = {
  readonly serviceAccount: KubeObject;
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  readonly bound?: BoundObject | undefined;
};

/** `audiences` are those of the token. */
type TokenVerdict =
  | { readonly ok: true; readonly user: UserInfo; readonly audiences: readonly string[] }
  | { readonly ok: false; readonly problem: string };

export interface ServiceAccountTokens {
  issue(request: TokenRequest): string;
  /** Token for a Secret of type `kubernetes.io/service-account-token`; has no end. */
  issueLegacy(serviceAccount: KubeObject, secretName: string): string;
  /** `undefined` if the text is no token of this server's at all. Audiences are left to the caller. */
  verify(token: string): TokenVerdict | undefined;
}

export type ServiceAccountTokensOptions = {
  readonly keys: Keys;
  readonly reader: Reader;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
};

/** Signatures cost 0.1 ms to check; the claims of tokens that were right once are kept. */
const keptTokens = 1000;

export function createServiceAccountTokens(options: ServiceAccountTokensOptions): ServiceAccountTokens {
  const { keys, reader, clock, randomBytes } = options;
  const signedClaims = new Map<string, Claims>();

  const claimsOf = (token: string): Claims | undefined => {
    const kept = signedClaims.get(token);
    if (kept !== undefined) return kept;
    const claims = verifiedClaims(keys.signing(), token);
    if (claims === undefined) return undefined;
    const oldest = signedClaims.size >= keptTokens ? signedClaims.keys().next().value : undefined;
    if (oldest !== undefined) signedClaims.delete(oldest);
    signedClaims.set(token, claims);
    return claims;
  };

  return {
    issue(request) {
      const { name = '', namespace = '', uid = '' } = request.serviceAccount.metadata;
      const now = Math.floor(clock.now() / 1000);
      return signToken(keys.signing(), {
        aud: request.audiences,
        exp: now + request.expirationSeconds,
        iat: now,
        iss: tokenIssuer,
        jti: randomUuid(randomBytes),
        'kubernetes.io': { namespace, ...boundClaims(request.bound), serviceaccount: { name, uid } },
        nbf: now,
        sub: `system:serviceaccount:${namespace}:${name}`,
      });
    },

    issueLegacy(serviceAccount, secretName) {
      const { name = '', namespace = '', uid = '' } = serviceAccount.metadata;
      return signToken(keys.signing(), {
        iss: legacyIssuer,
        'kubernetes.io/serviceaccount/namespace': namespace,
        'kubernetes.io/serviceaccount/secret.name': secretName,
        'kubernetes.io/serviceaccount/service-account.name': name,
        'kubernetes.io/serviceaccount/service-account.uid': uid,
        sub: `system:serviceaccount:${namespace}:${name}`,
      });
    },

    verify(token) {
      const claims = claimsOf(token);
      if (claims?.iss === tokenIssuer) return judgeBound(claims, reader, clock);
      if (claims?.iss === legacyIssuer) return judgeLegacy(claims, token, reader);
      return undefined;
    },
  };
}

function boundClaims(bound: BoundObject | undefined): Claims {
  if (bound === undefined) return {};
  return {
    ...(bound.node === undefined ? {} : { node: bound.node }),
    [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid },
  };
}

function judgeBound(claims: Claims, reader: Reader, clock: Clock): TokenVerdict {
  const now = clock.now() / 1000;
  if (typeof claims.exp !== 'number' || claims.exp <= now) return { ok: false, problem: 'service account token has expired' };
  if (typeof claims.nbf === 'number' && claims.nbf > now + 10) return { ok: false, problem: 'service account token is not valid yet' };
  const own = record(claims['kubernetes.io']);
  const namespace = String(own.namespace);
  const account = record(own.serviceaccount);
  const found = liveAccount(reader, namespace, String(account.name), String(account.uid));
  if (!found.ok) return found;
  const extra: Record<string, readonly string[]> = { 'authentication.kubernetes.io/credential-id': [`JTI=${String(claims.jti)}`] };
  for (const [claim, resource] of [
    ['pod', 'pods'],
    ['secret', 'secrets'],
    ['node', 'nodes'],
  ] as const) {
    if (own[claim] === undefined) continue;
    const { name, uid } = record(own[claim]);
    if (claim !== 'secret') {
      extra[`authentication.kubernetes.io/${claim}-name`] = [String(name)];
      if (uid !== undefined) extra[`authentication.kubernetes.io/${claim}-uid`] = [String(uid)];
    }
    // A Pod's token names its Node for information only; it dies with the Pod.
    if (claim === 'node' && own.pod !== undefined) continue;
    const object = reader.get('', resource, claim === 'node' ? '' : namespace, String(name));
    if (object === undefined) return { ok: false, problem: 'service account token has been invalidated' };
    if (object.metadata.uid !== uid)
      return { ok: false, problem: `the ${claim} UID (${object.metadata.uid}) does not match claim (${String(uid)})` };
  }
  return { ok: true, user: { ...found.user, extra }, audiences: strings(claims.aud) };
}

function judgeLegacy(claims: Claims, token: string, reader: Reader): TokenVerdict {
  const claim = (name: string): string => String(claims[`kubernetes.io/serviceaccount/${name}`]);
  const namespace = claim('namespace');
  const secret = reader.get('', 'secrets', namespace, claim('secret.name'));
  const kept = Buffer.from(String(record(secret?.data).token ?? ''), 'base64').toString('utf8');
  if (secret === undefined || secret.metadata.deletionTimestamp !== undefined || kept !== token) {
    return { ok: false, problem: 'service account token has been invalidated' };
  }
  const found = liveAccount(reader, namespace, claim('service-account.name'), claim('service-account.uid'));
  return found.ok ? { ...found, audiences: [tokenIssuer] } : found;
}

function liveAccount(
  reader: Reader,
  namespace: string,
  name: string,
  uid: string,
): { readonly ok: true; readonly user: UserInfo } | { readonly ok: false; readonly problem: string } {
  const account = reader.get('', 'serviceaccounts', namespace, name);
  if (account === undefined) return { ok: false, problem: `serviceaccounts "${name}" not found` };
  if (account.metadata.uid !== uid) {
    return { ok: false, problem: `the service account UID (${account.metadata.uid}) does not match claim (${uid})` };
  }
  return {
    ok: true,
    user: {
      name: `system:serviceaccount:${namespace}:${name}`,
      uid,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    },
  };
}

/** RFC 4122 version 4. */
function randomUuid(randomBytes: (count: number) => Uint8Array): string {
  const bytes = Buffer.from(randomBytes(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
}
