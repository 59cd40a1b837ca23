/** The roles and bindings that a cluster starts with, made from the short notation of `bootstrap-rules.ts`. */
import type { KubeObject } from '@sluice/api';
import { aggregatedRules } from './aggregation.ts';
import { type RoleRef, rbacGroup, type Subject } from './authorizer.ts';
import { bootstrapRules } from './bootstrap-rules.ts';
import type { PolicyRule } from './rules.ts';

const apiVersion = `${rbacGroup}/v1`;

const verbSets: Readonly<Record<string, string>> = {
  read: 'get list watch',
  write: 'create delete deletecollection patch update',
  all: 'create delete deletecollection get list patch update watch',
};

const aggregateLabels: Readonly<Record<string, string>> = {
  edit: 'admin',
  'system:aggregate-to-admin': 'admin',
  'system:aggregate-to-edit': 'edit',
  'system:aggregate-to-view': 'view',
  view: 'edit',
};

/** Subjects of the ClusterRoleBinding that has its role's name; roles of controllers are bound to their ServiceAccounts. */
const clusterSubjects: Readonly<Record<string, readonly Subject[]>> = {
  'cluster-admin': [group('system:masters')],
  'system:basic-user': [group('system:authenticated')],
  'system:discovery': [group('system:authenticated')],
  'system:kube-controller-manager': [user('system:kube-controller-manager')],
  'system:kube-dns': [account('kube-dns')],
  'system:kube-scheduler': [user('system:kube-scheduler')],
  'system:monitoring': [group('system:monitoring')],
  'system:node': [],
  'system:node-proxier': [user('system:kube-proxy')],
  'system:public-info-viewer': [group('system:authenticated'), group('system:unauthenticated')],
  'system:service-account-issuer-discovery': [group('system:serviceaccounts')],
  'system:volume-scheduler': [user('system:kube-scheduler')],
};

/** Without uid, time and version: the server fills them in as at any create. Sorted as they should be created, roles first. */
export function bootstrapRoles(): readonly KubeObject[] {
  const plain = readNotation(bootstrapRules).map(({ name, rules }) => clusterRole(name, { rules }));
  const view = aggregate('view', plain);
  const edit = aggregate('edit', [...plain, view]);
  const admin = aggregate('admin', [...plain, view, edit]);
  const roles = [...plain, view, edit, admin];
  const bindings = roles.flatMap((role) => {
    const name = role.metadata.name ?? '';
    const controller = /^system:controller:(.*)$/.exec(name)?.[1];
    const subjects = controller === undefined ? clusterSubjects[name] : [account(controller)];
    return subjects === undefined ? [] : [clusterRoleBinding(name, subjects)];
  });
  return [...roles, ...bindings, ...authenticationReader()];
}

/** What extension servers bind to read how the API server authenticates. */
function authenticationReader(): readonly KubeObject[] {
  const name = 'extension-apiserver-authentication-reader';
  const resourceNames = ['extension-apiserver-authentication'];
  return [
    {
      apiVersion,
      kind: 'Role',
      metadata: { ...metadata(name), namespace: 'kube-system' },
      rules: [{ apiGroups: [''], resourceNames, resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
    },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata: { ...metadata(`system::${name}`), namespace: 'kube-system' },
      roleRef: reference('Role', name),
      subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler')],
    },
  ];
}

function aggregate(name: string, roles: readonly KubeObject[]): KubeObject {
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [`${rbacGroup}/aggregate-to-${name}`]: 'true' } }] };
  const role = clusterRole(name, { aggregationRule });
  return { ...role, rules: aggregatedRules(role, roles) };
}

function clusterRole(name: string, fields: Readonly<Record<string, unknown>>): KubeObject {
  const target = aggregateLabels[name];
  const labels = target === undefined ? {} : { [`${rbacGroup}/aggregate-to-${target}`]: 'true' };
  return { apiVersion, kind: 'ClusterRole', metadata: metadata(name, labels), ...fields };
}

function clusterRoleBinding(name: string, subjects: readonly Subject[]): KubeObject {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: metadata(name),
    roleRef: reference('ClusterRole', name),
    ...(subjects.length === 0 ? {} : { subjects }),
  };
}

function metadata(name: string, labels: Readonly<Record<string, string>> = {}): KubeObject['metadata'] {
  return {
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { 'rbac.authorization.kubernetes.io/autoupdate': 'true' },
  };
}

function reference(kind: string, name: string): RoleRef {
  return { apiGroup: rbacGroup, kind, name };
}

function group(name: string): Subject {
  return { apiGroup: rbacGroup, kind: 'Group', name };
}

function user(name: string): Subject {
  return { apiGroup: rbacGroup, kind: 'User', name };
}

function account(name: string): Subject {
  return { kind: 'ServiceAccount', name, namespace: 'kube-system' };
}

function readNotation(text: string): readonly { readonly name: string; readonly rules: readonly PolicyRule[] }[] {
  const roles: { name: string; rules: PolicyRule[] }[] = [];
  const lines = text.replaceAll(/\n {3,}/g, ' ').split('\n');
  for (const line of lines.filter((each) => each !== '')) {
    if (line.startsWith('  ')) roles.at(-1)?.rules.push(readRule(line.trim()));
    else roles.push({ name: line, rules: [] });
  }
  return roles;
}

function readRule(text: string): PolicyRule {
  const match = /^(.*?) : (.*?)(?: \[(.*)\])? = (.*)$/.exec(text);
  if (match === null) throw new Error(`bootstrap rule cannot be read: ${text}`);
  const [, groups = '', resources = '', names, verbs = ''] = match;
  const words = (list: string): readonly string[] => list.split(/\s+/);
  const verbList = words(verbSets[verbs] ?? verbs);
  if (groups === 'url') return { nonResourceURLs: words(resources), verbs: verbList };
  return {
    apiGroups: words(groups).map((each) => (each === 'core' ? '' : each)),
    ...(names === undefined ? {} : { resourceNames: words(names) }),
    resources: words(resources),
    verbs: verbList,
  };
}
