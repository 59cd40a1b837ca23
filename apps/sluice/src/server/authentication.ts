/**
 * Who asks, and may they? The token of this machine's user opens everything; any other is the cluster's to judge: TokenReview for the
 * name, SubjectAccessReview for the right. So rights are the cluster's own RBAC.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { ResourceType } from '@sluice/api';
import type { Client } from '@sluice/kube';

export type Caller = { readonly name: string; readonly groups: readonly string[]; readonly uid?: string };

/** What a route asks of its caller, in the words of SubjectAccessReview. */
export type RequiredAccess =
  | { readonly kind: 'public' }
  | { readonly kind: 'path'; readonly path: string; readonly verb: string }
  | {
      readonly kind: 'resource';
      readonly group: string;
      readonly resource: string;
      readonly verb: string;
      readonly namespace?: string;
      readonly name?: string;
    };

export interface Authentication {
  /** `undefined`: nobody we know. */
  identify(authorization: string | undefined): Promise<Caller | undefined>;
  permits(caller: Caller, access: RequiredAccess): Promise<boolean>;
}

/** The caller who holds this machine's token. */
const localCaller: Caller = { name: 'local', groups: [] };

const tokenReviews: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  resource: 'tokenreviews',
  namespaced: false,
};
const accessReviews: ResourceType = {
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  resource: 'subjectaccessreviews',
  namespaced: false,
};

/** @param client - absent: only this machine's token is known */
export function createAuthentication(token: string, client: Pick<Client, 'create'> | undefined): Authentication {
  return {
    identify: async (authorization) => {
      const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (given === undefined) return undefined;
      if (isSame(given, token)) return localCaller;
      return client === undefined ? undefined : reviewToken(client, given);
    },
    permits: async (caller, access) => {
      if (access.kind === 'public' || caller === localCaller) return true;
      return client === undefined ? false : reviewAccess(client, caller, access);
    },
  };
}

/** Compares digests: equal length, and no time tells how much was right. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

type TokenReviewStatus = {
  readonly authenticated?: boolean;
  readonly user?: { readonly username?: string; readonly groups?: readonly string[]; readonly uid?: string };
};

async function reviewToken(client: Pick<Client, 'create'>, token: string): Promise<Caller | undefined> {
  const review = await client.create(tokenReviews, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: {},
    spec: { token },
  });
  const { authenticated, user } = (review as { readonly status?: TokenReviewStatus }).status ?? {};
  if (authenticated !== true || user?.username === undefined) return undefined;
  return { name: user.username, groups: user.groups ?? [], ...(user.uid === undefined ? {} : { uid: user.uid }) };
}

async function reviewAccess(
  client: Pick<Client, 'create'>,
  caller: Caller,
  access: Exclude<RequiredAccess, { kind: 'public' }>,
): Promise<boolean> {
  const { kind, ...attributes } = access;
  const review = await client.create(accessReviews, {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: {
      user: caller.name,
      groups: caller.groups,
      ...(caller.uid === undefined ? {} : { uid: caller.uid }),
      [kind === 'path' ? 'nonResourceAttributes' : 'resourceAttributes']: attributes,
    },
  });
  return (review as { readonly status?: { readonly allowed?: boolean } }).status?.allowed === true;
}
