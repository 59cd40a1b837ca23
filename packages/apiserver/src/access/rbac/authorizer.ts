/**
 * Decisions by Role, ClusterRole and their bindings. The index from subjects to rules is built from the store when it changed and
 * asked in memory afterwards; a decision touches only the rules of the user's own bindings.
 */
import type { KubeObject } from '@sluice/api';
import type { AuthorizationAttributes, Authorizer, Reader, UserInfo } from '../../ports.ts';
import { compileRule, type PolicyRule, type Rule } from './rules.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

export type RoleRef = { readonly apiGroup?: string; readonly kind: string; readonly name: string };
export type Subject = { readonly kind: string; readonly apiGroup?: string; readonly name: string; readonly namespace?: string };

/** Rules that a user has by one binding. */
type Grant = { readonly rules: readonly Rule[]; readonly source: string; readonly problem?: string };

export interface RbacAuthorizer extends Authorizer {
  /** All rules that hold for a user in a namespace; of cluster scope alone for `''`. */
  rulesFor(user: UserInfo, namespace: string): { readonly rules: readonly PolicyRule[]; readonly problems: readonly string[] };
  /** Rules of a role; `undefined` if it does not exist. */
  rulesOf(reference: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
  decide(attributes: AuthorizationAttributes): { readonly allowed: boolean; readonly reason: string };
}

type Index = { readonly cluster: BySubject; readonly namespaces: ReadonlyMap<string, BySubject> };
type BySubject = { readonly users: ReadonlyMap<string, readonly Grant[]>; readonly groups: ReadonlyMap<string, readonly Grant[]> };

const kinds = ['roles', 'clusterroles', 'rolebindings', 'clusterrolebindings'] as const;

export function createRbacAuthorizer(reader: Reader): RbacAuthorizer {
  let index: Index | undefined;
  let revisions: readonly number[] = [];
  // Roles are immutable objects, so their compiled rules live as long as they do.
  const compiled = new WeakMap<KubeObject, readonly Rule[]>();

  const roleRules = (reference: RoleRef, namespace: string): readonly Rule[] | undefined => {
    const isCluster = reference.kind === 'ClusterRole';
    const role = reader.get(rbacGroup, isCluster ? 'clusterroles' : 'roles', isCluster ? '' : namespace, reference.name);
    if (role === undefined) return undefined;
    let rules = compiled.get(role);
    if (rules === undefined) {
      rules = ((role.rules ?? []) as readonly PolicyRule[]).map(compileRule);
      compiled.set(role, rules);
    }
    return rules;
  };

  const current = (): Index => {
    const now = kinds.map((resource) => reader.revisionOf(rbacGroup, resource));
    if (index === undefined || now.some((revision, position) => revision !== revisions[position])) {
      revisions = now;
      index = buildIndex(reader, roleRules);
    }
    return index;
  };

  const decide: RbacAuthorizer['decide'] = (attributes) => {
    if (attributes.user.groups.includes('system:masters')) return { allowed: true, reason: '' };
    let problems: string[] | undefined;
    for (const grant of grantsOf(current(), attributes.user, attributes.namespace)) {
      if (grant.rules.some((rule) => rule.allows(attributes))) return { allowed: true, reason: `RBAC: allowed by ${grant.source}` };
      if (grant.problem !== undefined) {
        problems ??= [];
        problems.push(grant.problem);
      }
    }
    return { allowed: false, reason: problems === undefined ? '' : `RBAC: ${aggregated(problems)}` };
  };

  return {
    decide,
    authorize: async (attributes) => decide(attributes),
    rulesOf: (reference, namespace) => roleRules(reference, namespace)?.map((rule) => rule.source),
    rulesFor(user, namespace) {
      const grants = [...grantsOf(current(), user, namespace)];
      return {
        rules: grants.flatMap((grant) => grant.rules.map((rule) => rule.source)),
        problems: grants.flatMap((grant) => grant.problem ?? []),
      };
    },
  };
}

/** Cluster-wide grants first, as upstream visits them. */
function* grantsOf(index: Index, user: UserInfo, namespace: string): Generator<Grant> {
  yield* grantsIn(index.cluster, user);
  const local = namespace === '' ? undefined : index.namespaces.get(namespace);
  if (local !== undefined) yield* grantsIn(local, user);
}

function* grantsIn(subjects: BySubject, user: UserInfo): Generator<Grant> {
  yield* subjects.users.get(user.name) ?? [];
  for (const group of user.groups) yield* subjects.groups.get(group) ?? [];
}

function buildIndex(reader: Reader, rulesOf: (reference: RoleRef, namespace: string) => readonly Rule[] | undefined): Index {
  const cluster = emptySubjects();
  for (const binding of reader.list(rbacGroup, 'clusterrolebindings')) {
    addBinding(cluster, binding, '', `ClusterRoleBinding ${JSON.stringify(binding.metadata.name)}`, rulesOf);
  }
  const namespaces = new Map<string, ReturnType<typeof emptySubjects>>();
  for (const binding of reader.list(rbacGroup, 'rolebindings')) {
    const { name = '', namespace = '' } = binding.metadata;
    const local = namespaces.get(namespace) ?? emptySubjects();
    namespaces.set(namespace, local);
    addBinding(local, binding, namespace, `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`, rulesOf);
  }
  return { cluster, namespaces };
}

function emptySubjects(): { users: Map<string, Grant[]>; groups: Map<string, Grant[]> } {
  return { users: new Map(), groups: new Map() };
}

function addBinding(
  subjects: { users: Map<string, Grant[]>; groups: Map<string, Grant[]> },
  binding: KubeObject,
  namespace: string,
  label: string,
  rulesOf: (reference: RoleRef, namespace: string) => readonly Rule[] | undefined,
): void {
  const reference = binding.roleRef as RoleRef;
  const rules = rulesOf(reference, namespace);
  const problem = rules === undefined ? { problem: notFound(reference) } : {};
  for (const subject of (binding.subjects ?? []) as readonly Subject[]) {
    const source = `${label} of ${reference.kind} ${JSON.stringify(reference.name)} to ${describe(subject)}`;
    const grant: Grant = { rules: rules ?? [], source, ...problem };
    const isGroup = subject.kind === 'Group';
    const key = subject.kind === 'ServiceAccount' ? accountName(subject, namespace) : subject.name;
    const table = isGroup ? subjects.groups : subjects.users;
    const grants = table.get(key);
    if (grants === undefined) table.set(key, [grant]);
    else grants.push(grant);
  }
}

function accountName(subject: Subject, bindingNamespace: string): string {
  return `system:serviceaccount:${subject.namespace ?? bindingNamespace}:${subject.name}`;
}

function describe(subject: Subject): string {
  const name = subject.kind === 'ServiceAccount' && subject.namespace !== undefined ? `${subject.name}/${subject.namespace}` : subject.name;
  return `${subject.kind} ${JSON.stringify(name)}`;
}

function notFound(reference: RoleRef): string {
  const resource = reference.kind === 'ClusterRole' ? 'clusterrole' : 'role';
  return `${resource}.${rbacGroup} ${JSON.stringify(reference.name)} not found`;
}

/** `utilerrors.NewAggregate`: one text alone, several in brackets, each once. */
export function aggregated(problems: readonly string[]): string {
  const distinct = [...new Set(problems)];
  return distinct.length === 1 ? (distinct[0] ?? '') : `[${distinct.join(', ')}]`;
}
