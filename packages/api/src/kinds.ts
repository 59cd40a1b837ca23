/** How the five kinds of `argoproj.io` are served, and the words that objects of theirs carry. */
import type { ResourceType } from './meta.ts';

const group = 'argoproj.io';
const version = 'v1alpha1';

export const rolloutType: ResourceType = { group, version, kind: 'Rollout', resource: 'rollouts', namespaced: true };
export const analysisRunType: ResourceType = { group, version, kind: 'AnalysisRun', resource: 'analysisruns', namespaced: true };
export const analysisTemplateType: ResourceType = {
  group,
  version,
  kind: 'AnalysisTemplate',
  resource: 'analysistemplates',
  namespaced: true,
};
export const clusterAnalysisTemplateType: ResourceType = {
  group,
  version,
  kind: 'ClusterAnalysisTemplate',
  resource: 'clusteranalysistemplates',
  namespaced: false,
};
export const experimentType: ResourceType = { group, version, kind: 'Experiment', resource: 'experiments', namespaced: true };

/**
 * Labels of upstream's controller. `podTemplateHash` ties ReplicaSets, pods, services, runs and experiments to a template.
 * @see argoproj/argo-rollouts pkg/apis/rollouts/v1alpha1, utils/annotations
 */
export const labels = {
  podTemplateHash: 'rollouts-pod-template-hash',
  /** On an AnalysisRun of a rollout: `Step`, `Background`, `PrePromotion`, `PostPromotion`. */
  rolloutType: 'rollout-type',
  stepIndex: 'step-index',
  instanceId: 'argo-rollouts.argoproj.io/controller-instance-id',
  istioPrimaryCluster: 'istio.argoproj.io/primary-cluster',
  analysisRunUid: 'analysisrun.argoproj.io/uid',
} as const;

export const annotations = {
  revision: 'rollout.argoproj.io/revision',
  revisionHistory: 'rollout.argoproj.io/revision-history',
  desiredReplicas: 'rollout.argoproj.io/desired-replicas',
  workloadGeneration: 'rollout.argoproj.io/workload-generation',
  ephemeralMetadata: 'rollout.argoproj.io/ephemeral-metadata',
  /** RFC 3339 instant after which a ReplicaSet may be scaled to 0. No prefix. */
  scaleDownDeadline: 'scale-down-deadline',
  managedBy: 'argo-rollouts.argoproj.io/managed-by-rollouts',
  managedAlbAnnotations: 'rollouts.argoproj.io/managed-alb-annotations',
  managedAlbActionsLegacy: 'rollouts.argoproj.io/managed-alb-actions',
  experimentName: 'experiment.argoproj.io/name',
  experimentTemplateName: 'experiment.argoproj.io/template-name',
  analysisRunName: 'analysisrun.argoproj.io/name',
  analysisRunNamespace: 'analysisrun.argoproj.io/namespace',
  analysisRunMetricName: 'analysisrun.argoproj.io/metric-name',
  notified: 'notified.notifications.argoproj.io',
  lastApplied: 'kubectl.kubernetes.io/last-applied-configuration',
} as const;
