/** Which strategy a kind has: the table of what is particular about built-in kinds. */
import { definitionStrategy } from '../crd/definition-strategy.ts';
import type { ServedResource } from '../ports.ts';
import { cronJobStrategy, jobStrategy } from './batch.ts';
import { configMapStrategy, secretStrategy } from './configuration.ts';
import { ingressClassStrategy, ingressStrategy, networkPolicyStrategy } from './networking.ts';
import { podStrategy } from './pods.ts';
import {
  autoscalerStrategy,
  bindingStrategy,
  disruptionBudgetStrategy,
  endpointSliceStrategy,
  endpointsStrategy,
  eventStrategy,
  leaseStrategy,
  limitRangeStrategy,
  namespaceStrategy,
  priorityClassStrategy,
  roleStrategy,
  serviceAccountStrategy,
} from './policies.ts';
import { serviceStrategy } from './services.ts';
import { claimStrategy, storageClassStrategy, volumeStrategy } from './storage.ts';
import type { KindStrategy } from './strategy.ts';
import {
  daemonSetStrategy,
  deploymentStrategy,
  replicaSetStrategy,
  replicationControllerStrategy,
  statefulSetStrategy,
} from './workloads.ts';

const withStatus: KindStrategy = { hasStatus: true, hasGeneration: true };
const none: KindStrategy = {};

/** By `group/plural`. A kind that is not here is stored as it comes. */
const strategies: Readonly<Record<string, KindStrategy>> = {
  '/configmaps': configMapStrategy,
  '/endpoints': endpointsStrategy,
  '/events': eventStrategy,
  '/limitranges': limitRangeStrategy,
  '/namespaces': namespaceStrategy,
  '/nodes': { hasStatus: true },
  '/persistentvolumeclaims': claimStrategy,
  '/persistentvolumes': volumeStrategy,
  '/pods': podStrategy,
  '/replicationcontrollers': replicationControllerStrategy,
  '/resourcequotas': { hasStatus: true, returnsDeleted: true },
  '/secrets': secretStrategy,
  '/serviceaccounts': serviceAccountStrategy,
  '/services': serviceStrategy,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': { hasGeneration: true },
  'admissionregistration.k8s.io/validatingwebhookconfigurations': { hasGeneration: true },
  'apiextensions.k8s.io/customresourcedefinitions': definitionStrategy,
  'apps/daemonsets': daemonSetStrategy,
  'apps/deployments': deploymentStrategy,
  'apps/replicasets': replicaSetStrategy,
  'apps/statefulsets': statefulSetStrategy,
  'autoscaling/horizontalpodautoscalers': autoscalerStrategy,
  'batch/cronjobs': cronJobStrategy,
  'batch/jobs': jobStrategy,
  'coordination.k8s.io/leases': leaseStrategy,
  'discovery.k8s.io/endpointslices': endpointSliceStrategy,
  'events.k8s.io/events': eventStrategy,
  'networking.k8s.io/ingressclasses': ingressClassStrategy,
  'networking.k8s.io/ingresses': ingressStrategy,
  'networking.k8s.io/networkpolicies': networkPolicyStrategy,
  'policy/poddisruptionbudgets': disruptionBudgetStrategy,
  'rbac.authorization.k8s.io/clusterrolebindings': bindingStrategy,
  'rbac.authorization.k8s.io/clusterroles': roleStrategy,
  'rbac.authorization.k8s.io/rolebindings': bindingStrategy,
  'rbac.authorization.k8s.io/roles': roleStrategy,
  'scheduling.k8s.io/priorityclasses': priorityClassStrategy,
  'storage.k8s.io/storageclasses': storageClassStrategy,
};

export function builtinStrategy(served: ServedResource): KindStrategy {
  const own = strategies[`${served.group}/${served.resource}`];
  if (own !== undefined) return own;
  return served.subresources.some(({ name }) => name === 'status') ? withStatus : none;
}
