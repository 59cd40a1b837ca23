/** The ReplicaSet of a template, and which one of those that exist it is. */
import {
  annotations,
  controllerOf,
  type Experiment,
  type ExperimentTemplate,
  type KubeObject,
  labels,
  podTemplateHash,
  type ReplicaSet,
} from '@sluice/api';

function replicaSetName(experiment: Experiment, template: ExperimentTemplate): string {
  return `${experiment.metadata.name ?? ''}-${template.name}`;
}

/**
 * The ReplicaSet of a template, without pods. Its hash is its own: that of the template without the hash label that a template taken
 * from a Rollout brings along.
 *
 * @see argoproj/argo-rollouts experiments/replicaset.go
 */
export function newExperimentReplicaSet(
  experiment: Experiment,
  template: ExperimentTemplate,
  collisionCount: number | undefined,
): ReplicaSet {
  const { [labels.podTemplateHash]: _, ...kept } = template.template.metadata?.labels ?? {};
  const plain = { ...template.template, metadata: { ...template.template.metadata, labels: kept } };
  const hash = podTemplateHash(plain, collisionCount);
  const podLabels = { ...kept, [labels.podTemplateHash]: hash };
  const { minReadySeconds = 0 } = template;
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { ...ownedBy(experiment, template.name), name: replicaSetName(experiment, template), labels: podLabels },
    spec: {
      replicas: 0,
      ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
      selector: { ...template.selector, matchLabels: { ...template.selector.matchLabels, [labels.podTemplateHash]: hash } },
      template: { ...plain, metadata: { ...plain.metadata, labels: podLabels } },
    },
  };
}

/** Namespace, owner and the annotations by which an object of a template is recognised. */
export function ownedBy(experiment: Experiment, template: string): Omit<KubeObject['metadata'], 'name'> {
  const { namespace, name = '' } = experiment.metadata;
  return {
    ...(namespace === undefined ? {} : { namespace }),
    annotations: { [annotations.experimentName]: name, [annotations.experimentTemplateName]: template },
    ownerReferences: [ownerReference(experiment)],
  };
}

export function ownerReference({
  metadata: { name = '', uid = '' },
}: Experiment): NonNullable<KubeObject['metadata']['ownerReferences']>[number] {
  return { apiVersion: 'argoproj.io/v1alpha1', kind: 'Experiment', name, uid, controller: true, blockOwnerDeletion: true };
}

/**
 * Objects that the Experiment owns, by the template of the spec that they name.
 *
 * @returns the name of a template that two claim
 */
export function byTemplate<T extends KubeObject>(
  experiment: Experiment,
  templates: readonly ExperimentTemplate[],
  objects: readonly T[],
): ReadonlyMap<string, T> | { readonly claimedTwice: string } {
  const { name, uid } = experiment.metadata;
  const known = new Set(templates.map((template) => template.name));
  const found = new Map<string, T>();
  for (const object of objects) {
    const notes = object.metadata.annotations ?? {};
    if (controllerOf(object)?.uid !== uid || uid === undefined || notes[annotations.experimentName] !== name) continue;
    const template = notes[annotations.experimentTemplateName] ?? '';
    if (!known.has(template)) continue;
    if (found.has(template)) return { claimedTwice: template };
    found.set(template, object);
  }
  return found;
}
