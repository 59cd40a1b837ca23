/** Puts the parts of access together. Keys and certificates are made when somebody first needs them, so a server in memory makes none. */
import type { Access, AccessOptions } from '../ports.ts';
import { createAuthenticator } from './authentication.ts';
import { openKeys } from './keys.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { createRbacAuthorizer } from './rbac/authorizer.ts';
import { bootstrapRoles } from './rbac/bootstrap.ts';
import { createServiceAccountTokens } from './service-account-tokens.ts';

export async function createAccess(options: AccessOptions): Promise<Access> {
  const { reader, clock, randomBytes } = options;
  const keys = openKeys(options);
  const tokens = createServiceAccountTokens({ keys, reader, clock, randomBytes });
  const authorizer = createRbacAuthorizer(reader);
  return {
    authorizer,
    authenticator: createAuthenticator({ keys, tokens, authorizer, clock }),
    reviews: { handles: () => false, create: async (request) => request.object },
    servingCertificate: async (host) => ({ ...keys.serving(host), authorityPem: keys.authority().certificatePem }),
    kubeconfig: (server) => kubeconfigText(server, keys.authority().certificatePem, keys.administrator()),
    bootstrapObjects: bootstrapRoles,
  };
}
