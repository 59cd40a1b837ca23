/**
 * The objects of an installation. Names and aggregated roles are upstream's, so that bindings made for it go on working; the rights of
 * the controller are what it uses and nothing more.
 */
import type { KubeObject } from '@sluice/api';
import { trafficRouterRights } from '@sluice/providers';
import type { ManifestsOptions } from './index.ts';

const name = 'argo-rollouts';
const labels = { 'app.kubernetes.io/name': name, 'app.kubernetes.io/part-of': name, 'app.kubernetes.io/component': 'rollouts-controller' };
const selector = { 'app.kubernetes.io/name': name };
const rbac = 'rbac.authorization.k8s.io';
const ports = { metrics: 8090, healthz: 8080 };

type PolicyRule = { readonly apiGroups: readonly string[]; readonly resources: readonly string[]; readonly verbs: readonly string[] };

/** What the controller does, resource by resource. */
const controllerRules: readonly PolicyRule[] = [
  { apiGroups: ['argoproj.io'], resources: ['rollouts'], verbs: ['get', 'list', 'watch', 'update', 'patch'] },
  { apiGroups: ['argoproj.io'], resources: ['rollouts/status'], verbs: ['get', 'update', 'patch'] },
  // ReplicaSets carry an owner reference that blocks the deletion of their Rollout.
  { apiGroups: ['argoproj.io'], resources: ['rollouts/finalizers'], verbs: ['update'] },
  { apiGroups: ['argoproj.io'], resources: ['analysisruns'], verbs: ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete'] },
  { apiGroups: ['argoproj.io'], resources: ['experiments'], verbs: ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete'] },
  // What they own carries references that block their deletion.
  { apiGroups: ['argoproj.io'], resources: ['analysisruns/finalizers', 'experiments/finalizers'], verbs: ['update'] },
  { apiGroups: ['argoproj.io'], resources: ['analysistemplates', 'clusteranalysistemplates'], verbs: ['get', 'list', 'watch'] },
  // Analyses by Job, and arguments of analyses from Secrets.
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['secrets', 'configmaps'], verbs: ['get', 'list', 'watch'] },
  // What spec.workloadRef may name; a Deployment is scaled down when its pods are taken over.
  { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'update', 'patch'] },
  { apiGroups: [''], resources: ['podtemplates'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['create', 'get', 'list', 'watch', 'update', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['services'], verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'] },
  // Labels and annotations of the canary and of the stable version are kept on running pods too.
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch', 'patch'] },
  // A restart evicts pods, so that disruption budgets hold.
  { apiGroups: [''], resources: ['pods/eviction'], verbs: ['create'] },
  { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'update', 'patch'] },
  ...trafficRouterRights.map(({ group, resources, verbs }) => ({ apiGroups: [group], resources, verbs })),
];

/** Only in the controller's own namespace: the lease that decides who leads. */
const leaseRules: readonly PolicyRule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create', 'get', 'update', 'patch'] },
];

const argoprojResources = [
  'rollouts',
  'rollouts/scale',
  'rollouts/status',
  'experiments',
  'analysistemplates',
  'clusteranalysistemplates',
  'analysisruns',
];
const changing = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const reading = ['get', 'list', 'watch'];

export function controllerManifests({ namespaced, namespace, image }: ManifestsOptions): readonly KubeObject[] {
  const inNamespace = { name, namespace, labels };
  const account = [{ kind: 'ServiceAccount', name, namespace }];
  const rights: readonly KubeObject[] = namespaced
    ? [
        { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: inNamespace, rules: [...controllerRules, ...leaseRules] },
        binding('RoleBinding', inNamespace, 'Role', name, account),
      ]
    : [
        { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name, labels }, rules: controllerRules },
        binding('ClusterRoleBinding', { name, labels }, 'ClusterRole', name, account),
        { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { ...inNamespace, name: `${name}-lease` }, rules: leaseRules },
        binding('RoleBinding', { ...inNamespace, name: `${name}-lease` }, 'Role', `${name}-lease`, account),
        aggregatedRole('admin', changing),
        aggregatedRole('edit', changing),
        aggregatedRole('view', reading),
      ];
  return [
    ...(namespaced ? [] : [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }]),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inNamespace },
    ...rights,
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...inNamespace, name: `${name}-metrics` },
      spec: { selector, ports: [{ name: 'metrics', port: ports.metrics, targetPort: 'metrics', protocol: 'TCP' }] },
    },
    deployment({ ...inNamespace }, image, namespaced),
  ];
}

function binding(kind: string, metadata: KubeObject['metadata'], roleKind: string, role: string, subjects: readonly object[]): KubeObject {
  return { apiVersion: `${rbac}/v1`, kind, metadata, roleRef: { apiGroup: rbac, kind: roleKind, name: role }, subjects };
}

/** Adds our kinds to the roles that every cluster has. */
function aggregatedRole(to: 'admin' | 'edit' | 'view', verbs: readonly string[]): KubeObject {
  return {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: {
      name: `${name}-aggregate-to-${to}`,
      labels: { ...labels, 'app.kubernetes.io/component': 'aggregate-cluster-role', [`${rbac}/aggregate-to-${to}`]: 'true' },
    },
    rules: [{ apiGroups: ['argoproj.io'], resources: argoprojResources, verbs }],
  };
}

function deployment(metadata: KubeObject['metadata'], image: string, namespaced: boolean): KubeObject {
  const probe = { httpGet: { path: '/healthz', port: 'healthz' }, periodSeconds: 20, failureThreshold: 3, timeoutSeconds: 10 };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: selector },
      template: {
        metadata: { labels: { ...labels } },
        spec: {
          serviceAccountName: name,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name,
              image,
              args: ['controller', ...(namespaced ? ['--namespaced'] : [])],
              env: [{ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
              ports: [
                { name: 'metrics', containerPort: ports.metrics },
                { name: 'healthz', containerPort: ports.healthz },
              ],
              livenessProbe: { ...probe, initialDelaySeconds: 30 },
              readinessProbe: { ...probe, initialDelaySeconds: 2, periodSeconds: 5 },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                runAsNonRoot: true,
                runAsUser: 999,
                capabilities: { drop: ['ALL'] },
              },
              resources: { requests: { cpu: '50m', memory: '128Mi' } },
            },
          ],
        },
      },
    },
  };
}
