import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import type { AuthorizationAttributes, UserInfo } from '../../ports.ts';
import { type MemoryReader, memoryReader } from '../testing.ts';
import { staleAggregates } from './aggregation.ts';
import { createRbacAuthorizer, rbacGroup } from './authorizer.ts';
import { bootstrapRoles } from './bootstrap.ts';
import { checkEscalation } from './escalation.ts';
import type { PolicyRule } from './rules.ts';

const plurals: Readonly<Record<string, string>> = {
  Role: 'roles',
  ClusterRole: 'clusterroles',
  RoleBinding: 'rolebindings',
  ClusterRoleBinding: 'clusterrolebindings',
};

function store(reader: MemoryReader, object: KubeObject): void {
  reader.put(rbacGroup, plurals[object.kind] ?? '', object);
}

function role(name: string, rules: readonly PolicyRule[], namespace?: string): KubeObject {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion: `${rbacGroup}/v1`, kind: namespace === undefined ? 'ClusterRole' : 'Role', metadata, rules };
}

function binding(name: string, roleName: string, subject: object, namespace?: string, roleKind = 'ClusterRole'): KubeObject {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  const roleRef = { apiGroup: rbacGroup, kind: roleKind, name: roleName };
  return {
    apiVersion: `${rbacGroup}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata,
    roleRef,
    subjects: [subject],
  };
}

function cluster(...objects: readonly KubeObject[]): MemoryReader {
  const reader = memoryReader();
  for (const object of [...bootstrapRoles(), ...objects]) store(reader, object);
  return reader;
}

const bob: UserInfo = { name: 'bob', groups: ['system:authenticated'] };
const user = (name: string): object => ({ kind: 'User', name });

/** `get pods/log web in shop` or `get /metrics`. */
function question(text: string, who: UserInfo = bob): AuthorizationAttributes {
  const [, verb = '', target = '', name = '', namespace = ''] = /^(\S+) (\S+)(?: (?!in )(\S+))?(?: in (\S+))?$/.exec(text) ?? [];
  const isResourceRequest = !target.startsWith('/');
  const [full = '', group = ''] = target.split('@');
  const [resource = '', subresource = ''] = full.split('/');
  return isResourceRequest
    ? { user: who, verb, group, version: 'v1', resource, subresource, namespace, name, path: '', isResourceRequest }
    : { user: who, verb, group: '', version: '', resource: '', subresource: '', namespace: '', name: '', path: target, isResourceRequest };
}

describe('a decision', () => {
  const reader = cluster(
    binding('bob-edits-shop', 'edit', user('bob'), 'shop'),
    role('reads-one-secret', [{ verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['db'] }], 'bank'),
    binding('bob-in-bank', 'reads-one-secret', user('bob'), 'bank', 'Role'),
    role('scales', [{ verbs: ['update'], apiGroups: ['*'], resources: ['*/scale'] }]),
    binding('scalers', 'scales', { kind: 'Group', name: 'scalers' }),
    role('metrics', [{ verbs: ['get'], nonResourceURLs: ['/metrics', '/debug/*'] }]),
    binding('robots', 'metrics', { kind: 'ServiceAccount', name: 'robot', namespace: 'ops' }),
    binding('broken', 'gone', user('bob'), 'lost'),
  );
  const { decide } = createRbacAuthorizer(reader);
  const robot: UserInfo = { name: 'system:serviceaccount:ops:robot', groups: ['system:serviceaccounts', 'system:authenticated'] };
  const scaler: UserInfo = { name: 'sue', groups: ['scalers'] };
  const master: UserInfo = { name: 'root', groups: ['system:masters'] };
  const nobody: UserInfo = { name: 'system:anonymous', groups: ['system:unauthenticated'] };

  it.each([
    ['an editor creates deployments in their namespace', 'create deployments@apps in shop', bob, true],
    ['but not in another', 'create deployments@apps in bank', bob, false],
    ['and not cluster-wide', 'list deployments@apps', bob, false],
    ['an editor reads logs', 'get pods/log web in shop', bob, true],
    ['but may not touch status', 'update deployments/status web@apps in shop', bob, false],
    ['and may not bind roles', 'create rolebindings@rbac.authorization.k8s.io in shop', bob, false],
    ['a named secret can be read', 'get secrets db in bank', bob, true],
    ['another one cannot', 'get secrets keys in bank', bob, false],
    ['and a name does not allow a list', 'list secrets in bank', bob, false],
    ['any scale subresource of any group', 'update rollouts/scale@argoproj.io in x', scaler, true],
    ['does not allow the object itself', 'update rollouts@argoproj.io in x', scaler, false],
    ['a service account reaches the path of its role', 'get /metrics', robot, true],
    ['and what is below a path with a star', 'get /debug/heap', robot, true],
    ['but no other path', 'get /logs', robot, false],
    ['everybody who is known discovers', 'get /apis/apps/v1', bob, true],
    ['nobody else does', 'get /apis', nobody, false],
    ['but the version is public', 'get /version', nobody, true],
    ['a master may do anything', 'delete nodes n1', master, true],
  ])('%s: %s', (_sentence, text, who, allowed) => {
    expect(decide(question(text, who)).allowed).toBe(allowed);
  });

  it('names the binding, the role and the subject that allow', () => {
    expect(decide(question('get pods in shop')).reason).toBe(
      'RBAC: allowed by RoleBinding "bob-edits-shop/shop" of ClusterRole "edit" to User "bob"',
    );
    expect(decide(question('get /metrics', robot)).reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "robots" of ClusterRole "metrics" to ServiceAccount "robot/ops"',
    );
  });

  it('says when a binding points to a role that is gone', () => {
    expect(decide(question('get pods in lost')).reason).toBe('RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found');
  });

  it('follows a role and a binding that change', () => {
    const live = cluster();
    const authorizer = createRbacAuthorizer(live);
    expect(authorizer.decide(question('get pods in shop')).allowed).toBe(false);
    const bound = binding('later', 'view', user('bob'), 'shop');
    store(live, bound);
    expect(authorizer.decide(question('get pods in shop')).allowed).toBe(true);
    store(live, role('view', []));
    expect(authorizer.decide(question('get pods in shop')).allowed).toBe(false);
  });
});

describe('the check against escalation', () => {
  const attempt = (reader: MemoryReader, object: KubeObject, old?: KubeObject): string => {
    const resource = plurals[object.kind] ?? '';
    try {
      const namespace = object.metadata.namespace ?? '';
      checkEscalation(createRbacAuthorizer(reader), { group: rbacGroup, resource, namespace, object, old, user: bob });
      return 'allowed';
    } catch (error) {
      return (error as Error).message;
    }
  };
  const wanted = role('r', [{ verbs: ['get', 'list'], apiGroups: ['', 'apps'], resources: ['pods'] }], 'shop');

  it('refuses rules that the user does not have, each by its group and resource', () => {
    const reader = cluster(binding('edits', 'edit', user('bob'), 'shop'));
    expect(attempt(reader, wanted)).toBe(
      [
        'roles.rbac.authorization.k8s.io "r" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:',
        '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list"]}',
      ].join('\n'),
    );
  });

  it('lets somebody with the verb escalate write any role', () => {
    const reader = cluster(
      role('escalates', [{ verbs: ['escalate'], apiGroups: [rbacGroup], resources: ['roles'] }]),
      binding('bob', 'escalates', user('bob')),
    );
    expect(attempt(reader, wanted)).toBe('allowed');
  });

  it('lets an owner of everything grant anything, aggregation too', () => {
    const reader = cluster(binding('bob', 'cluster-admin', user('bob')));
    const aggregate = { ...role('a', []), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } };
    expect([attempt(reader, wanted), attempt(reader, aggregate)]).toEqual(['allowed', 'allowed']);
  });

  it('refuses an aggregation rule of anybody else', () => {
    const aggregate = { ...role('a', []), aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] } };
    expect(attempt(cluster(), aggregate)).toBe(
      'clusterroles.rbac.authorization.k8s.io "a" is forbidden: must have cluster-admin privileges to use the aggregationRule',
    );
  });

  it('refuses to bind a role beyond the own rights, unless the verb bind allows that very role', () => {
    const bound = binding('b', 'view', user('eve'), 'shop');
    expect(attempt(cluster(), bound)).toContain('is attempting to grant RBAC permissions not currently held');
    const binds = role('binds', [{ verbs: ['bind'], apiGroups: [rbacGroup], resources: ['clusterroles'], resourceNames: ['view'] }]);
    const reader = cluster(binds, binding('bob', 'binds', user('bob')));
    expect(attempt(reader, bound)).toBe('allowed');
    expect(attempt(reader, binding('b', 'edit', user('eve'), 'shop'))).toContain('not currently held');
  });

  it('does not find a role that a binding names in vain', () => {
    expect(attempt(cluster(), binding('b', 'nope', user('eve'), 'shop', 'Role'))).toBe(
      'rolebindings.rbac.authorization.k8s.io "nope" not found',
    );
  });

  it('lets metadata change without the rights of the role', () => {
    const next = { ...wanted, metadata: { ...wanted.metadata, finalizers: ['a/b'] } };
    expect(attempt(cluster(), next, wanted)).toBe('allowed');
  });
});

describe('an aggregated role', () => {
  it('gains the rules of a role with its label, and has none to gain from the bootstrap', () => {
    const reader = cluster();
    expect(staleAggregates(reader)).toEqual([]);
    const rules = [{ verbs: ['get'], apiGroups: ['argoproj.io'], resources: ['rollouts'] }];
    const labels = { [`${rbacGroup}/aggregate-to-view`]: 'true' };
    store(reader, { ...role('rollouts-view', rules), metadata: { name: 'rollouts-view', labels } });
    for (let stale = staleAggregates(reader); stale.length > 0; stale = staleAggregates(reader))
      for (const each of stale) store(reader, each);
    for (const name of ['view', 'edit', 'admin']) {
      expect(reader.get(rbacGroup, 'clusterroles', '', name)?.rules, name).toContainEqual(rules[0]);
    }
  });
});
