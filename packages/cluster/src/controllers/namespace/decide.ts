/** What a namespace that is being deleted needs next: contents deleted, what remains said in its conditions, then the finalizer. */
import { type Condition, formatTime, type Instant, type KubeObject, type ResourceType } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { conditionOf } from '../../control/conditions.ts';
import type { Write } from '../../control/plan.ts';
import { statusWrite } from '../../control/plan.ts';
import type { Namespace } from '../../shapes/services.ts';

/** What is left of one kind in the namespace. */
export type Remains = { readonly type: ResourceType; readonly objects: readonly KubeObject[] };

/**
 * The conditions that `kubectl describe namespace` shows of a deletion that waits.
 * @see k8s.io/kubernetes pkg/controller/namespace/deletion/status_condition_utils.go (same types, reasons and sentences)
 */
function terminatingConditions(namespace: Namespace, remains: readonly Remains[], now: Instant): readonly Condition[] {
  const counts = remains.map(({ type, objects }) => `${type.resource}.${type.group} has ${objects.length} resource instances`).sort();
  const finalizers = new Map<string, number>();
  for (const finalizer of remains.flatMap(({ objects }) => objects.flatMap((object) => object.metadata.finalizers ?? []))) {
    finalizers.set(finalizer, (finalizers.get(finalizer) ?? 0) + 1);
  }
  const waiting = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
  const next: readonly Omit<Condition, 'lastTransitionTime'>[] = [
    {
      type: 'NamespaceDeletionDiscoveryFailure',
      status: 'False',
      reason: 'ResourcesDiscovered',
      message: 'All resources successfully discovered',
    },
    {
      type: 'NamespaceDeletionGroupVersionParsingFailure',
      status: 'False',
      reason: 'ParsedGroupVersions',
      message: 'All legacy kube types successfully parsed',
    },
    {
      type: 'NamespaceDeletionContentFailure',
      status: 'False',
      reason: 'ContentDeleted',
      message: 'All content successfully deleted, may be waiting on finalization',
    },
    counts.length === 0
      ? { type: 'NamespaceContentRemaining', status: 'False', reason: 'ContentRemoved', message: 'All content successfully removed' }
      : {
          type: 'NamespaceContentRemaining',
          status: 'True',
          reason: 'SomeResourcesRemain',
          message: `Some resources are remaining: ${counts.join(', ')}`,
        },
    waiting.length === 0
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${waiting.join(', ')}`,
        },
  ];
  return next.map((condition) => {
    const current = conditionOf(namespace.status?.conditions, condition.type);
    const isSame = current?.status === condition.status;
    return { ...condition, lastTransitionTime: (isSame ? current.lastTransitionTime : undefined) ?? formatTime(now) };
  });
}

export function remainsWrite(namespace: Namespace, remains: readonly Remains[], now: Instant): Write | undefined {
  return statusWrite(builtinTypes.namespaces, namespace, {
    ...namespace.status,
    conditions: terminatingConditions(namespace, remains, now),
  });
}
