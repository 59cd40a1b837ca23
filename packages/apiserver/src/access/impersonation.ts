/** Acting as somebody else: the `Impersonate-*` headers, each value allowed one by one by the verb `impersonate` (apiserver endpoints/filters/impersonation). */
import { failure, StatusError } from '@sluice/api';
import type { AuthorizationAttributes, Authorizer, UserInfo } from '../ports.ts';
import { forbidden } from './forbidden.ts';

const extraPrefix = 'impersonate-extra-';

type Headers = Readonly<Record<string, string | undefined>>;

/**
 * The user that the request acts as; `requester` itself without such headers.
 *
 * @throws StatusError 403 for the first user, group, uid or extra value that the requester may not impersonate
 */
export async function impersonate(requester: UserInfo, headers: Headers, authorizer: Authorizer): Promise<UserInfo> {
  const wanted = readHeaders(headers);
  if (wanted === undefined) return requester;
  for (const request of permissions(wanted)) {
    const attributes: AuthorizationAttributes = { ...request, user: requester, verb: 'impersonate', path: '', isResourceRequest: true };
    const { allowed, reason } = await authorizer.authorize(attributes);
    if (!allowed) throw forbidden(attributes, reason);
  }
  return {
    name: wanted.name,
    ...(wanted.uid === '' ? {} : { uid: wanted.uid }),
    groups: withImplicitGroups(wanted),
    ...(Object.keys(wanted.extra).length === 0 ? {} : { extra: wanted.extra }),
  };
}

type Wanted = {
  readonly name: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
};

function readHeaders(headers: Headers): Wanted | undefined {
  const name = headers['impersonate-user'] ?? '';
  const uid = headers['impersonate-uid'] ?? '';
  const groups = listed(headers['impersonate-group']);
  const extra: Record<string, readonly string[]> = {};
  for (const [header, value] of Object.entries(headers)) {
    if (header.startsWith(extraPrefix)) extra[unescaped(header.slice(extraPrefix.length)).toLowerCase()] = listed(value);
  }
  if (name !== '') return { name, uid, groups, extra };
  if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
  throw new StatusError(failure(500, 'InternalError', 'Internal Server Error: requested impersonation without impersonating a user'));
}

/** Repeated headers arrive joined by comma and space. */
function listed(header: string | undefined): readonly string[] {
  return header === undefined || header === '' ? [] : header.split(', ');
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

type Permission = Pick<AuthorizationAttributes, 'group' | 'version' | 'resource' | 'subresource' | 'namespace' | 'name'>;

function permissions(wanted: Wanted): readonly Permission[] {
  const core = { group: '', version: 'v1', subresource: '', namespace: '' };
  const authentication = { group: 'authentication.k8s.io', version: 'v1', namespace: '' };
  const account = serviceAccountOf(wanted.name);
  return [
    account === undefined
      ? { ...core, resource: 'users', name: wanted.name }
      : { ...core, resource: 'serviceaccounts', namespace: account.namespace, name: account.name },
    ...wanted.groups.map((name) => ({ ...core, resource: 'groups', name })),
    ...Object.entries(wanted.extra).flatMap(([key, values]) =>
      values.map((name) => ({ ...authentication, resource: 'userextras', subresource: key, name })),
    ),
    ...(wanted.uid === '' ? [] : [{ ...authentication, resource: 'uids', subresource: '', name: wanted.uid }]),
  ];
}

function withImplicitGroups(wanted: Wanted): readonly string[] {
  const account = serviceAccountOf(wanted.name);
  const groups =
    wanted.groups.length === 0 && account !== undefined
      ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
      : wanted.groups;
  if (groups.includes('system:authenticated') || groups.includes('system:unauthenticated')) return groups;
  return [...groups, wanted.name === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'];
}

function serviceAccountOf(name: string): { readonly namespace: string; readonly name: string } | undefined {
  const match = /^system:serviceaccount:([a-z0-9](?:[-a-z0-9]*[a-z0-9])?):([a-z0-9](?:[-.a-z0-9]*[a-z0-9])?)$/.exec(name);
  return match === null ? undefined : { namespace: match[1] ?? '', name: match[2] ?? '' };
}
