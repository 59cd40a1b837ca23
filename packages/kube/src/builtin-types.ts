/** The kinds that code of ours names, as a server of version 1.34 serves them. Other kinds are found with `Client.resolve`. */
import type { ResourceType } from '@sluice/api';

function type(group: string, version: string, kind: string, resource: string, namespaced = true): ResourceType {
  return { group, version, kind, resource, namespaced };
}

export type BuiltinTypeName =
  | 'bindings'
  | 'configMaps'
  | 'endpoints'
  | 'events'
  | 'limitRanges'
  | 'namespaces'
  | 'nodes'
  | 'persistentVolumeClaims'
  | 'persistentVolumes'
  | 'podTemplates'
  | 'pods'
  | 'replicationControllers'
  | 'resourceQuotas'
  | 'secrets'
  | 'serviceAccounts'
  | 'services'
  | 'controllerRevisions'
  | 'daemonSets'
  | 'deployments'
  | 'replicaSets'
  | 'statefulSets'
  | 'cronJobs'
  | 'jobs'
  | 'horizontalPodAutoscalers'
  | 'podDisruptionBudgets'
  | 'leases'
  | 'endpointSlices'
  | 'ingressClasses'
  | 'ingresses'
  | 'networkPolicies'
  | 'clusterRoleBindings'
  | 'clusterRoles'
  | 'roleBindings'
  | 'roles'
  | 'priorityClasses'
  | 'storageClasses'
  | 'volumeAttachments'
  | 'customResourceDefinitions'
  | 'apiServices'
  | 'mutatingWebhookConfigurations'
  | 'validatingWebhookConfigurations'
  | 'selfSubjectAccessReviews'
  | 'selfSubjectRulesReviews'
  | 'subjectAccessReviews'
  | 'localSubjectAccessReviews'
  | 'tokenReviews'
  | 'selfSubjectReviews';

export const builtinTypes: Readonly<Record<BuiltinTypeName, ResourceType>> = {
  bindings: type('', 'v1', 'Binding', 'bindings'),
  configMaps: type('', 'v1', 'ConfigMap', 'configmaps'),
  endpoints: type('', 'v1', 'Endpoints', 'endpoints'),
  events: type('', 'v1', 'Event', 'events'),
  limitRanges: type('', 'v1', 'LimitRange', 'limitranges'),
  namespaces: type('', 'v1', 'Namespace', 'namespaces', false),
  nodes: type('', 'v1', 'Node', 'nodes', false),
  persistentVolumeClaims: type('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  persistentVolumes: type('', 'v1', 'PersistentVolume', 'persistentvolumes', false),
  podTemplates: type('', 'v1', 'PodTemplate', 'podtemplates'),
  pods: type('', 'v1', 'Pod', 'pods'),
  replicationControllers: type('', 'v1', 'ReplicationController', 'replicationcontrollers'),
  resourceQuotas: type('', 'v1', 'ResourceQuota', 'resourcequotas'),
  secrets: type('', 'v1', 'Secret', 'secrets'),
  serviceAccounts: type('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  services: type('', 'v1', 'Service', 'services'),
  controllerRevisions: type('apps', 'v1', 'ControllerRevision', 'controllerrevisions'),
  daemonSets: type('apps', 'v1', 'DaemonSet', 'daemonsets'),
  deployments: type('apps', 'v1', 'Deployment', 'deployments'),
  replicaSets: type('apps', 'v1', 'ReplicaSet', 'replicasets'),
  statefulSets: type('apps', 'v1', 'StatefulSet', 'statefulsets'),
  cronJobs: type('batch', 'v1', 'CronJob', 'cronjobs'),
  jobs: type('batch', 'v1', 'Job', 'jobs'),
  horizontalPodAutoscalers: type('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  podDisruptionBudgets: type('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  leases: type('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  endpointSlices: type('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  ingressClasses: type('networking.k8s.io', 'v1', 'IngressClass', 'ingressclasses', false),
  ingresses: type('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  networkPolicies: type('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  clusterRoleBindings: type('rbac.authorization.k8s.io', 'v1', 'ClusterRoleBinding', 'clusterrolebindings', false),
  clusterRoles: type('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles', false),
  roleBindings: type('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings'),
  roles: type('rbac.authorization.k8s.io', 'v1', 'Role', 'roles'),
  priorityClasses: type('scheduling.k8s.io', 'v1', 'PriorityClass', 'priorityclasses', false),
  storageClasses: type('storage.k8s.io', 'v1', 'StorageClass', 'storageclasses', false),
  volumeAttachments: type('storage.k8s.io', 'v1', 'VolumeAttachment', 'volumeattachments', false),
  customResourceDefinitions: type('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions', false),
  apiServices: type('apiregistration.k8s.io', 'v1', 'APIService', 'apiservices', false),
  mutatingWebhookConfigurations: type(
    'admissionregistration.k8s.io',
    'v1',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
    false,
  ),
  validatingWebhookConfigurations: type(
    'admissionregistration.k8s.io',
    'v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    false,
  ),
  selfSubjectAccessReviews: type('authorization.k8s.io', 'v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', false),
  selfSubjectRulesReviews: type('authorization.k8s.io', 'v1', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', false),
  subjectAccessReviews: type('authorization.k8s.io', 'v1', 'SubjectAccessReview', 'subjectaccessreviews', false),
  localSubjectAccessReviews: type('authorization.k8s.io', 'v1', 'LocalSubjectAccessReview', 'localsubjectaccessreviews'),
  tokenReviews: type('authentication.k8s.io', 'v1', 'TokenReview', 'tokenreviews', false),
  selfSubjectReviews: type('authentication.k8s.io', 'v1', 'SelfSubjectReview', 'selfsubjectreviews', false),
};
