/**
 * Who asks: a client certificate of our authority, the administrator's token, or a ServiceAccount token, in that order, and after
 * that whom they ask to be taken for (impersonation). No credentials at all means `system:anonymous`.
 */
import { createHash, timingSafeEqual, X509Certificate } from 'node:crypto';
import { type Clock, failure, StatusError } from '@sluice/api';
import type { AuthenticationRequest, Authenticator, Authorizer, UserInfo } from '../ports.ts';
import { impersonate } from './impersonation.ts';
import type { Keys } from './keys.ts';
import { type ServiceAccountTokens, tokenIssuer } from './service-account-tokens.ts';

const administrator: UserInfo = { name: 'kubernetes-admin', groups: ['system:masters'] };

const anonymous: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

const clientAuth = '1.3.6.1.5.5.7.3.2';

export type AuthenticatorOptions = {
  readonly keys: Keys;
  readonly tokens: ServiceAccountTokens;
  readonly authorizer: Authorizer;
  readonly clock: Clock;
};

/** Whose a bearer token is, whatever audience it was made for. */
export type BearerVerdict =
  | { readonly ok: true; readonly user: UserInfo; readonly audiences: readonly string[] }
  | { readonly ok: false; readonly problem: string };

export function createAuthenticator(options: AuthenticatorOptions): Authenticator & { judgeBearer(token: string): BearerVerdict } {
  const certificates = certificateReader(options);
  const judgeBearer = bearerJudge(options);

  const own = (request: AuthenticationRequest): UserInfo => {
    const byCertificate = request.clientCertificate === undefined ? undefined : certificates(request.clientCertificate);
    if (byCertificate?.ok === true) return byCertificate.user;
    const token = bearerToken(request.headers.authorization);
    const byToken = token === undefined ? undefined : judgeBearer(token);
    if (byToken?.ok === true && byToken.audiences.includes(tokenIssuer)) return byToken.user;
    if (token !== undefined || byCertificate !== undefined) throw unauthorized();
    return anonymous;
  };

  return { judgeBearer, authenticate: async (request) => impersonate(own(request), request.headers, options.authorizer) };
}

/** The answer of a real server to wrong credentials: it never says what was wrong. */
function unauthorized(): StatusError {
  return new StatusError(failure(401, 'Unauthorized', 'Unauthorized'));
}

/** Adds the group that everybody but the anonymous user is in. */
function authenticated(user: UserInfo): UserInfo {
  return user.groups.includes('system:authenticated') ? user : { ...user, groups: [...user.groups, 'system:authenticated'] };
}

/** Text after `Bearer`; `undefined` for other schemes. */
function bearerToken(header: string | undefined): string | undefined {
  const match = /^bearer +(\S+)\s*$/i.exec(header ?? '');
  return match?.[1];
}

function bearerJudge({ keys, tokens }: AuthenticatorOptions): (token: string) => BearerVerdict {
  const master = authenticated(administrator);
  return (token) => {
    if (isSameText(token, keys.administratorToken())) return { ok: true, user: master, audiences: [tokenIssuer] };
    const verdict = tokens.verify(token) ?? { ok: false, problem: 'invalid bearer token' };
    return verdict.ok ? { ...verdict, user: authenticated(verdict.user) } : verdict;
  };
}

/** Compares without telling by its duration how much is equal; the length is no secret. */
function isSameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  const [left, right] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')];
  return left.length === right.length && timingSafeEqual(left, right);
}

type CertificateVerdict = { readonly ok: true; readonly user: UserInfo } | { readonly ok: false };

/** Certificates are few and checking one costs 0.3 ms, so verdicts are kept until the certificate's end. */
function certificateReader({ keys, clock }: AuthenticatorOptions): (der: Uint8Array) => CertificateVerdict {
  // A connection hands in the same bytes with each of its requests.
  const fingerprints = new WeakMap<Uint8Array, string>();
  const kept = new Map<string, { verdict: CertificateVerdict; validFrom: number; validTo: number }>();
  return (der) => {
    const fingerprint = fingerprints.get(der) ?? createHash('sha256').update(der).digest('hex');
    fingerprints.set(der, fingerprint);
    let found = kept.get(fingerprint);
    if (found === undefined) {
      found = judgeCertificate(der, fingerprint, keys.authority().certificatePem);
      if (kept.size >= 1000) kept.clear();
      kept.set(fingerprint, found);
    }
    const now = clock.now();
    return now >= found.validFrom && now < found.validTo ? found.verdict : { ok: false };
  };
}

function judgeCertificate(
  der: Uint8Array,
  fingerprint: string,
  authorityPem: string,
): { verdict: CertificateVerdict; validFrom: number; validTo: number } {
  try {
    const certificate = new X509Certificate(der);
    const authority = new X509Certificate(authorityPem);
    const isOurs = certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
    const isForClients = (certificate.keyUsage as readonly string[] | undefined)?.includes(clientAuth) === true;
    const subject = subjectOf(certificate);
    const isNamed = subject.commonName !== '';
    const user: UserInfo = {
      name: subject.commonName,
      groups: subject.organizations,
      extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
    };
    return {
      verdict: isOurs && isForClients && isNamed ? { ok: true, user: authenticated(user) } : { ok: false },
      validFrom: Date.parse(certificate.validFrom),
      validTo: Date.parse(certificate.validTo),
    };
  } catch {
    return { verdict: { ok: false }, validFrom: 0, validTo: Number.POSITIVE_INFINITY };
  }
}

function subjectOf(certificate: X509Certificate): { commonName: string; organizations: readonly string[] } {
  const values = (attribute: string): readonly string[] =>
    certificate.subject.split('\n').flatMap((line) => (line.startsWith(`${attribute}=`) ? [line.slice(attribute.length + 1)] : []));
  return { commonName: values('CN')[0] ?? '', organizations: values('O') };
}
