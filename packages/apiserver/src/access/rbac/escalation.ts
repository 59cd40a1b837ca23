/** Nobody hands out rights that they do not have: the check on writes of roles and bindings (upstream pkg/registry/rbac). */
import { failure, type KubeObject, StatusError } from '@sluice/api';
import type { AuthorizationAttributes, UserInfo } from '../../ports.ts';
import { type RbacAuthorizer, type RoleRef, rbacGroup } from './authorizer.ts';
import { compactRule, compactRules, type PolicyRule, uncovered } from './rules.ts';

/** A write that is about to be stored. `old` is what it replaces. */
export type RoleWrite = {
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly user: UserInfo;
};

const everything: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Lets writes of other resources through.
 *
 * @throws StatusError 403 when the user would grant what they do not hold and may neither `escalate` nor `bind`; 404 when a binding
 * names a role that does not exist
 */
export function checkEscalation(authorizer: RbacAuthorizer, write: RoleWrite): void {
  if (write.group !== rbacGroup || write.user.groups.includes('system:masters') || isOnlyMetadata(write)) return;
  switch (write.resource) {
    case 'roles':
    case 'clusterroles':
      checkRole(authorizer, write);
      break;
    case 'rolebindings':
    case 'clusterrolebindings':
      checkBinding(authorizer, write);
      break;
  }
}

/** The garbage collector and finalizers touch metadata only; such writes need no rights of the role. */
function isOnlyMetadata({ object, old }: RoleWrite): boolean {
  const rest = ({ metadata: { labels }, ...fields }: KubeObject): string => JSON.stringify({ labels: labels ?? {}, ...fields });
  return old !== undefined && rest(object) === rest(old);
}

function checkRole(authorizer: RbacAuthorizer, write: RoleWrite): void {
  const { object, old, namespace, resource } = write;
  const name = old === undefined ? '' : (object.metadata.name ?? '');
  if (isAllowed(authorizer, write, { verb: 'escalate', resource, namespace, name })) return;
  if (write.resource === 'clusterroles' && (isAggregate(object) || isAggregate(old))) {
    if (missingRights(authorizer, write, everything).length === 0) return;
    throw refusal(write, 'must have cluster-admin privileges to use the aggregationRule');
  }
  confirm(authorizer, write, (object.rules ?? []) as readonly PolicyRule[]);
}

function checkBinding(authorizer: RbacAuthorizer, write: RoleWrite): void {
  const reference = write.object.roleRef as RoleRef;
  const resource = reference.kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  if (isAllowed(authorizer, write, { verb: 'bind', resource, namespace: write.namespace, name: reference.name })) return;
  const rules = authorizer.rulesOf(reference, write.namespace);
  if (rules === undefined) {
    const details = { name: reference.name, group: write.group, kind: write.resource };
    throw new StatusError(failure(404, 'NotFound', `${write.resource}.${write.group} "${reference.name}" not found`, details));
  }
  confirm(authorizer, write, rules);
}

function confirm(authorizer: RbacAuthorizer, write: RoleWrite, rules: readonly PolicyRule[]): void {
  const missing = missingRights(authorizer, write, rules);
  if (missing.length === 0) return;
  const groups = write.user.groups.map((group) => JSON.stringify(group)).join(' ');
  const parts = [...new Set(compactRules(missing).map(compactRule))].sort();
  throw refusal(
    write,
    `user ${JSON.stringify(write.user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${parts.join('\n')}`,
  );
}

function missingRights(authorizer: RbacAuthorizer, write: RoleWrite, rules: readonly PolicyRule[]): readonly PolicyRule[] {
  return uncovered(authorizer.rulesFor(write.user, write.namespace).rules, rules);
}

function isAllowed(
  authorizer: RbacAuthorizer,
  write: RoleWrite,
  what: Pick<AuthorizationAttributes, 'verb' | 'resource' | 'namespace' | 'name'>,
): boolean {
  const attributes = { ...what, user: write.user, group: rbacGroup, version: '*', subresource: '', path: '', isResourceRequest: true };
  return authorizer.decide(attributes).allowed;
}

function isAggregate(role: KubeObject | undefined): boolean {
  return role?.aggregationRule !== undefined && role.aggregationRule !== null;
}

function refusal(write: RoleWrite, reason: string): StatusError {
  const name = write.object.metadata.name ?? '';
  const message = `${write.resource}.${write.group} "${name}" is forbidden: ${reason}`;
  return new StatusError(failure(403, 'Forbidden', message, { name, group: write.group, kind: write.resource }));
}
