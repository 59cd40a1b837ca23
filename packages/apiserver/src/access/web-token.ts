/**
 * JSON Web Tokens (RFC 7519) with the one algorithm that this server signs with, ES256. A token that names any other algorithm
 * is refused, so there is nothing to confuse. Says nothing about what the claims mean.
 */
import { sign, verify } from 'node:crypto';
import type { SigningKey } from './keys.ts';

export type Claims = Readonly<Record<string, unknown>>;

export function signToken(key: SigningKey, claims: Claims): string {
  const text = `${encode({ alg: 'ES256', kid: key.id })}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

/** Claims of a token with a right signature; `undefined` for any other text. Does not look at times. */
export function verifiedClaims(key: SigningKey, token: string): Claims | undefined {
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  if (signature === '' || more.length > 0 || decode(header)?.alg !== 'ES256') return undefined;
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: key.publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  return isSigned ? decode(payload) : undefined;
}

/** JSON Web Key Set (RFC 7517) with the public half. */
export function keySet(key: SigningKey): unknown {
  const { kty, crv, x, y } = key.publicKey.export({ format: 'jwk' });
  return { keys: [{ use: 'sig', kty, kid: key.id, alg: 'ES256', crv, x, y }] };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined;
  } catch {
    return undefined;
  }
}
