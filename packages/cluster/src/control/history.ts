/**
 * ControllerRevisions: the pod templates that a StatefulSet or DaemonSet has had, newest number last. A template that comes back gets its
 * old revision with a new number. Rules of k8s.io/kubernetes pkg/controller/history and of the two controllers.
 */
import { fnv1a, type KubeObject, type ResourceType, safeEncode } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import type { PodTemplate } from '../shapes/pod.ts';
import type { ControllerRevision } from '../shapes/workloads.ts';
import { isSemanticallyEqual } from './equality.ts';
import { controllerReference, type Write } from './plan.ts';

export const revisionHashLabel = 'controller-revision-hash';

export type History = {
  /** That of the present template; absent while `write` has yet to make or renumber it. */
  readonly update: ControllerRevision | undefined;
  readonly write?: Write;
};

type Owner = KubeObject & { readonly spec: { readonly template: PodTemplate }; readonly status?: { readonly collisionCount?: number } };

/**
 * @param annotations - of a new revision; `kubectl rollout history` reads the change cause there
 * @param hashLabel - label of the revision that holds its hash; the two controllers have different ones
 */
export function historyOf(
  ownerType: ResourceType,
  owner: Owner,
  revisions: readonly ControllerRevision[],
  annotations: Readonly<Record<string, string>> | undefined,
  hashLabel: string,
): History {
  const data = { spec: { template: { ...owner.spec.template, $patch: 'replace' } } };
  const equal = revisions.filter((revision) => isSemanticallyEqual(revision.data, data));
  const latest = revisions.reduce((highest, { revision }) => Math.max(highest, revision), 0);
  const found = equal.reduce<ControllerRevision | undefined>(
    (best, next) => (best === undefined || next.revision > best.revision ? next : best),
    undefined,
  );
  if (found !== undefined && found.revision === latest) return { update: found };
  if (found !== undefined) {
    return {
      update: undefined,
      write: { verb: 'patch', type: builtinTypes.controllerRevisions, object: found, patch: { revision: latest + 1 } },
    };
  }
  const hash = revisionHash(data, owner.status?.collisionCount);
  const object: ControllerRevision = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: {
      name: `${(owner.metadata.name ?? '').slice(0, 223)}-${hash}`,
      namespace: owner.metadata.namespace ?? '',
      labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [controllerReference(ownerType, owner)],
    },
    data,
    revision: latest + 1,
  };
  return { update: undefined, write: { verb: 'create', type: builtinTypes.controllerRevisions, object } };
}

/** Ten digits at most, of the letters that real hashes have. The same template gives the same hash. */
function revisionHash(data: unknown, collisionCount: number | undefined): string {
  return safeEncode(fnv1a(sortedJson(data) + (collisionCount === undefined || collisionCount === 0 ? '' : String(collisionCount))));
}

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, field: unknown) =>
    typeof field === 'object' && field !== null && !Array.isArray(field)
      ? Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)))
      : field,
  );
}

/** The template in a revision. */
export function templateOf(revision: ControllerRevision): PodTemplate {
  const { $patch: _, ...template } = (revision.data as { spec: { template: PodTemplate & { $patch?: string } } }).spec.template;
  return template;
}

/** Revisions above the limit that nothing uses, oldest first. */
export function surplusRevisions(revisions: readonly ControllerRevision[], live: ReadonlySet<string>, limit: number): readonly Write[] {
  const unused = revisions.filter((revision) => !live.has(revision.metadata.name ?? '')).sort((a, b) => a.revision - b.revision);
  return unused
    .slice(0, Math.max(0, unused.length - limit))
    .map((object) => ({ verb: 'delete', type: builtinTypes.controllerRevisions, object }));
}
