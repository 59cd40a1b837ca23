/** Deletion as a real server does it: preconditions, grace, finalizers by propagation policy, and removal when nothing waits any more. */
import { formatTime, type KubeObject } from '@sluice/api';
import type { UserInfo } from '../ports.ts';
import type { Draft } from '../store/store.ts';
import { decodeOptional } from './body.ts';
import { keyIn, type RestContext, type Target } from './context.ts';
import { badRequest, conflict, forbidden, invalidOptions, notFound, notSupported } from './errors.ts';
import { arrange, kindContext } from './object-writer.ts';
import { isDryRun, isTrue } from './options.ts';

export type DeleteOptions = {
  readonly dryRun: boolean;
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: string | undefined;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
};

/** Options from the body, or from the query where there is no body. */
export function deleteOptions(query: URLSearchParams, body: unknown, contentType: string | undefined): DeleteOptions {
  const given = decodeOptional(body, contentType, 'DeleteOptions');
  const preconditions = (given.preconditions ?? {}) as { uid?: string; resourceVersion?: string };
  const grace = given.gracePeriodSeconds ?? query.get('gracePeriodSeconds') ?? undefined;
  if (grace !== undefined && grace !== '' && !/^-?\d+$/.test(String(grace)))
    throw badRequest(`gracePeriodSeconds: Invalid value: ${JSON.stringify(grace)}: must be a whole number`);
  const policy = (given.propagationPolicy as string | undefined) ?? query.get('propagationPolicy') ?? undefined;
  const orphans = given.orphanDependents ?? query.get('orphanDependents') ?? undefined;
  if (policy !== undefined && !['Background', 'Foreground', 'Orphan'].includes(policy))
    throw invalidOptions('DeleteOptions', notSupported('propagationPolicy', policy, ['Foreground', 'Background', 'Orphan', 'nil']));
  const stages = Array.isArray(given.dryRun) ? (given.dryRun as string[]) : query.getAll('dryRun');
  return {
    dryRun: isDryRun(stages, 'DeleteOptions'),
    gracePeriodSeconds: grace === undefined || grace === '' ? undefined : Number(grace),
    propagationPolicy: policy ?? (orphans === undefined ? undefined : isTrue(String(orphans)) ? 'Orphan' : 'Background'),
    uid: preconditions.uid,
    resourceVersion: preconditions.resourceVersion,
  };
}

/** `isGone` is false while finalizers or the grace period keep the object. */
export type Deleted = { readonly object: KubeObject; readonly isGone: boolean };

const reservedNamespaces = ['default', 'kube-system', 'kube-public'];

/** Deletes, or marks as being deleted. @throws StatusError */
export async function deleteObject(
  context: RestContext,
  target: Target,
  name: string,
  options: DeleteOptions,
  user: UserInfo,
): Promise<Deleted> {
  const { served, strategy } = target;
  const key = keyIn(target, name);
  const head = target.kind.head(key);
  if (head === undefined) throw notFound(served, name);
  const live = head.object;
  checkPreconditions(live, target, name, options);
  if (target.storage.id === '/namespaces' && reservedNamespaces.includes(name))
    throw forbidden(served, name, 'this namespace may not be deleted');

  const added = strategy.deletionFinalizers?.(live) ?? [];
  const finalizers = [...new Set([...finalizersFor(live, options, strategy.defaultPropagation), ...added])];
  const asked = options.gracePeriodSeconds;
  const grace = strategy.gracePeriodSeconds?.(live, asked) ?? 0;
  const isMarked = live.metadata.deletionTimestamp !== undefined;
  const isNamespace = target.storage.id === '/namespaces';
  const specFinalizers = isNamespace ? ((live.spec as { finalizers?: readonly string[] } | undefined)?.finalizers ?? []) : [];
  const waits = finalizers.length > 0 || grace > 0 || specFinalizers.length > 0;

  const draft = { ...live, metadata: { ...live.metadata } } as Draft;
  if (finalizers.length === 0) delete draft.metadata.finalizers;
  else draft.metadata.finalizers = finalizers;
  if (!waits) {
    if (options.dryRun) return { object: live, isGone: true };
    const removed = await context.store.remove(target.kind, key, arrange(draft));
    strategy.released?.(removed.object, kindContext(context, { user, dryRun: false }));
    return { object: removed.object, isGone: true };
  }

  const now = context.clock.now();
  if (!isMarked) {
    draft.metadata.deletionTimestamp = formatTime(now + grace * 1000);
    const isOwnKind = isNamespace || strategy.deletionFinalizers !== undefined;
    if (!isOwnKind) draft.metadata.deletionGracePeriodSeconds = grace;
    if (strategy.hasGeneration === true && !isOwnKind) draft.metadata.generation = (live.metadata.generation ?? 0) + 1;
    if (isNamespace) draft.status = { ...(draft.status as Record<string, unknown> | undefined), phase: 'Terminating' };
  } else if (grace < (live.metadata.deletionGracePeriodSeconds ?? 0)) {
    // A second request may only shorten the wait.
    draft.metadata.deletionTimestamp = formatTime(now + grace * 1000);
    draft.metadata.deletionGracePeriodSeconds = grace;
  } else if (finalizers.join() === (live.metadata.finalizers ?? []).join()) {
    return { object: live, isGone: false };
  }
  if (options.dryRun) return { object: arrange(draft) as KubeObject, isGone: false };
  const stored = await context.store.put(target.kind, key, arrange(draft));
  return { object: stored.object, isGone: false };
}

function checkPreconditions(live: KubeObject, target: Target, name: string, options: DeleteOptions): void {
  const { uid, resourceVersion } = live.metadata;
  if (options.uid !== undefined && options.uid !== uid)
    throw conflict(
      { group: target.served.group, resource: target.served.kind },
      name,
      `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion)
    throw conflict(
      { group: target.served.group, resource: target.served.kind },
      name,
      `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
}

/** The policy's own finalizer replaces the other one; without a policy those that are there decide. */
function finalizersFor(live: KubeObject, options: DeleteOptions, fallback: 'Orphan' | 'Background' | undefined): readonly string[] {
  const present = live.metadata.finalizers ?? [];
  const others = present.filter((finalizer) => finalizer !== 'orphan' && finalizer !== 'foregroundDeletion');
  switch (options.propagationPolicy) {
    case 'Orphan':
      return [...others, 'orphan'];
    case 'Foreground':
      return [...others, 'foregroundDeletion'];
    case 'Background':
      return others;
    default:
      if (others.length < present.length) return present;
      return fallback === 'Orphan' ? [...others, 'orphan'] : others;
  }
}
