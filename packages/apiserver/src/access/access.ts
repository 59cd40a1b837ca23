/** Puts the parts of access together. Keys and certificates are made when somebody first needs them, so a server in memory may never make any. */
import type { Access, AccessOptions, ServerRequest, ServerResponse } from '../ports.ts';
import { createAuthenticator } from './authentication.ts';
import type { AccessExtras } from './derived-writes.ts';
import { issuerDocument } from './issuer-documents.ts';
import { openKeys } from './keys.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { createRbacAuthorizer } from './rbac/authorizer.ts';
import { bootstrapRoles } from './rbac/bootstrap.ts';
import { checkEscalation, type RoleWrite } from './rbac/escalation.ts';
import { createReviews } from './reviews/reviews.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';

export type ServerAccess = Access &
  AccessExtras & {
    /** Called before a write is stored. @throws StatusError when a role or binding would give rights that the user does not have */
    admit(write: RoleWrite): Promise<void>;
    /** Answers `/.well-known/openid-configuration` and `/openid/v1/jwks`. */
    documents(request: ServerRequest): ServerResponse | undefined;
    /** The administrator's bearer token; it belongs into a file that only its owner reads, never into a log. */
    administratorToken(): string;
  };

export async function createAccess(options: AccessOptions): Promise<ServerAccess> {
  const { reader, clock, randomBytes } = options;
  const keys = openKeys(options);
  const tokens = createServiceAccountTokens({ keys, reader, clock, randomBytes });
  const authorizer = createRbacAuthorizer(reader);
  const authenticator = createAuthenticator({ keys, tokens, authorizer, clock });
  const authorityPem = (): string => keys.authority().certificatePem;
  return {
    authorizer,
    authenticator,
    reviews: createReviews({ authorizer, tokens, judgeBearer: authenticator.judgeBearer, reader, clock }),
    servingCertificate: async (host) => ({ ...keys.serving(host), authorityPem: authorityPem() }),
    kubeconfig: (server) => kubeconfigText(server, authorityPem(), keys.administrator()),
    bootstrapObjects: bootstrapRoles,
    admit: async (write) => checkEscalation(authorizer, write),
    documents: (request) => issuerDocument(request, keys),
    authorityPem,
    legacyToken: (serviceAccount, secretName) => tokens.issueLegacy(serviceAccount, secretName),
    administratorToken: () => keys.administratorToken(),
  };
}
