/** What other services need to check our ServiceAccount tokens: OpenID provider configuration and key set. */
import type { ServerRequest, ServerResponse } from '../ports.ts';
import type { Keys } from './keys.ts';
import { tokenIssuer } from './service-account-tokens.ts';
import { keySet } from './web-token.ts';

/** `undefined` for any other path. */
export function issuerDocument(request: ServerRequest, keys: Keys): ServerResponse | undefined {
  switch (request.path.replace(/\/$/, '')) {
    case '/.well-known/openid-configuration':
      return document('application/json', {
        issuer: tokenIssuer,
        jwks_uri: `https://${request.headers.host ?? 'kubernetes.default.svc'}/openid/v1/jwks`,
        response_types_supported: ['id_token'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
      });
    case '/openid/v1/jwks':
      return document('application/jwk-set+json', keySet(keys.signing()));
    default:
      return undefined;
  }
}

function document(contentType: string, value: unknown): ServerResponse {
  const headers = { 'cache-control': 'public, max-age=3600' };
  return { kind: 'bytes', status: 200, contentType, headers, bytes: Buffer.from(JSON.stringify(value)) };
}
