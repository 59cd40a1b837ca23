/**
 * The one way into the store: create and update with every rule applied between reading the live object and accepting the next one,
 * without an await in between, so that no other write can come in the middle.
 */
import { failure, type KubeObject, StatusError } from '@sluice/api';
import type { FieldProblem } from '@sluice/schema';
import type { KindContext } from '../kinds/strategy.ts';
import type { UserInfo } from '../ports.ts';
import type { Draft } from '../store/store.ts';
import type { StoredObject } from '../store/stored-object.ts';
import { equal, share } from './clone.ts';
import { keyIn, type RestContext, type Target } from './context.ts';
import { alreadyExists, conflict, forbidden, internalError, invalid, invalidValue, notFound, staleObject, unreasoned } from './errors.ts';
import { setManagedFields } from './managed-fields.ts';
import { carryOver, hasDesiredChange, isSame, settleNamespace, stampNew, validateMetadata, validateMetadataUpdate } from './metadata.ts';
import { noteCurrent } from './representation.ts';

/** What a write has to say about itself. */
export type Write = {
  readonly user: UserInfo;
  readonly manager: string;
  readonly dryRun: boolean;
  readonly subresource?: string;
  /** Length of the request's body, where it came as bytes. */
  readonly bodyBytes?: number;
  /** A patch that names another uid is a change of it, an update is meant for another object. */
  readonly isPatch?: boolean;
  /** The draft's managed fields are complete already: server-side apply made them. */
  readonly isApplied?: boolean;
};

/** The object after a write. For a dry run it was never stored. */
export type Written = { readonly object: KubeObject; readonly stored: StoredObject | undefined };

export function kindContext(context: RestContext, write: { readonly user: UserInfo; readonly dryRun: boolean }): KindContext {
  const { heads, clock, randomBytes, services } = context;
  return { heads, clock, randomBytes, services, dryRun: write.dryRun, user: write.user };
}

/**
 * Creates. The draft is decoded, defaulted and in the storage version, and belongs to this call.
 *
 * @throws StatusError with the texts of a real server
 */
export async function createObject(context: RestContext, target: Target, draft: Draft, write: Write): Promise<Written> {
  const { served, strategy } = target;
  if (draft.metadata.resourceVersion !== undefined && draft.metadata.resourceVersion !== '')
    throw unreasoned(500, 'resourceVersion should not be set on objects to be created');
  settleNamespace(draft, target);
  checkNamespaceLife(context, target, draft.metadata.name ?? '');
  checkDefinitionLife(context, target);
  const kind = kindContext(context, write);
  let attempts = draft.metadata.name ? 1 : 8;
  for (;;) {
    stampNew(draft, strategy, context);
    if (strategy.hasStatus === true) delete draft.status;
    if (target.kind.head(keyIn(target, draft.metadata.name ?? '')) === undefined) break;
    if (--attempts === 0) throw alreadyExists(served, draft.metadata.name ?? '');
    delete draft.metadata.name;
  }
  const name = draft.metadata.name ?? '';
  if (write.isApplied !== true) setManagedFields(draft, undefined, { target, write, now: context.clock.now() });
  if (strategy.hasStatus === true) {
    const status = strategy.initialStatus === undefined ? {} : strategy.initialStatus(draft);
    if (status !== undefined) draft.status = status;
  }
  strategy.prepareCreate?.(draft, kind);
  const object = arrange(draft);
  const problems = [
    ...validateMetadata(object as KubeObject, strategy),
    ...(strategy.validate?.(object as KubeObject, kind) ?? []),
    ...(strategy.validateCreate?.(object as KubeObject, kind) ?? []),
  ];
  if (problems.length > 0) {
    strategy.released?.(object as KubeObject, { ...kind, dryRun: false });
    throw invalid(served, name, problems);
  }
  if (write.dryRun) return { object: object as KubeObject, stored: undefined };
  checkSize(object, undefined, write);
  const stored = await accept(context, target, keyIn(target, name), object);
  return { object: stored.object, stored };
}

/** Makes the next draft from the live object. Runs without interruption up to the store. */
export type Change = (live: KubeObject) => Draft;

/**
 * Updates. `change` gets the live object in the storage version and answers a private, decoded and defaulted draft.
 * Nothing is written when nothing would change.
 */
export async function updateObject(context: RestContext, target: Target, name: string, change: Change, write: Write): Promise<Written> {
  const { served, strategy } = target;
  const key = keyIn(target, name);
  const head = target.kind.head(key);
  if (head === undefined) throw notFound(served, name);
  const live = head.object;
  const draft = change(live);
  settleNamespace(draft, target);
  checkPreconditions(draft, live, target, name, write);
  const kind = kindContext(context, write);
  carryOver(draft, live);
  splitStatus(draft, live, target, write);
  let next = sharing(draft, live);
  if (write.isApplied !== true) setManagedFields(next, live, { target, write, now: context.clock.now() });
  if (write.subresource === undefined && strategy.prepareUpdate !== undefined) {
    if (next.metadata.managedFields === undefined) delete draft.metadata.managedFields;
    else draft.metadata.managedFields = next.metadata.managedFields;
    strategy.prepareUpdate(draft, live, kind);
    next = sharing(draft, live);
  }
  if (startsGeneration(next as KubeObject, live, target, write)) next.metadata.generation = (live.metadata.generation ?? 0) + 1;
  if (isSame(next as KubeObject, live)) return { object: live, stored: head };
  const problems = [
    ...validateMetadataUpdate(next as KubeObject, live),
    ...validateMetadata(next as KubeObject, strategy, live),
    ...validateBody(next as KubeObject, live, target, write, kind),
  ];
  if (problems.length > 0) throw invalid(served, name, problems);
  if (write.dryRun) {
    if (live.metadata.resourceVersion !== undefined) next.metadata.resourceVersion = live.metadata.resourceVersion;
    return { object: next as KubeObject, stored: undefined };
  }
  if (isReleased(next, target)) {
    const removed = await context.store.remove(target.kind, key, next);
    strategy.released?.(removed.object, kind);
    return { object: removed.object, stored: removed };
  }
  checkSize(next, head, write);
  const stored = await accept(context, target, key, next);
  return { object: stored.object, stored };
}

function startsGeneration(next: KubeObject, live: KubeObject, { strategy, served }: Target, write: Write): boolean {
  // What a controller notes beside a status is no wish, even where annotations else are one.
  if (strategy.hasGeneration !== true || write.subresource === 'binding' || write.subresource === 'status') return false;
  if (hasDesiredChange(next, live) || strategy.startsGeneration?.(next, live) === true) return true;
  // A custom kind without a status apart has nothing that would not be desired.
  return served.custom !== undefined && strategy.hasStatus !== true && !equal(next.status, live.status);
}

/** Parts of a pod that its own update may not touch, and its subresources may. */
const beyondUpdate = ['binding', 'resize', 'ephemeralcontainers'];

function validateBody(next: KubeObject, live: KubeObject, target: Target, write: Write, kind: KindContext): readonly FieldProblem[] {
  const { strategy, served } = target;
  // Only the status differs, and built-in kinds have no rules for it beyond its types.
  if (write.subresource === 'status' && served.custom === undefined) return [];
  const problems = strategy.validate?.(next, kind, live) ?? [];
  if (write.subresource !== undefined && beyondUpdate.includes(write.subresource)) return problems;
  return [...problems, ...(strategy.validateUpdate?.(next, live, kind) ?? [])];
}

/** An object that waited for its finalizers goes with the write that takes the last of them away. */
function isReleased(next: Draft, target: Target): boolean {
  if (next.metadata.deletionTimestamp === undefined || (next.metadata.finalizers?.length ?? 0) > 0) return false;
  if (target.storage.id === '/namespaces') {
    const spec = next.spec as { finalizers?: readonly string[] } | undefined;
    return (spec?.finalizers?.length ?? 0) === 0;
  }
  return (next.metadata.deletionGracePeriodSeconds ?? 0) === 0;
}

const objectBytesMax = 1_572_864;

/** Only what may be too large is measured. @throws StatusError 413 */
function checkSize(object: Draft, before: StoredObject | undefined, write: Write): void {
  const body = write.bodyBytes ?? 0;
  if (body < objectBytesMax / 4 || body + (before?.bytes.length ?? 0) < objectBytesMax) return;
  if (Buffer.byteLength(JSON.stringify(object)) <= objectBytesMax) return;
  throw new StatusError(failure(413, 'RequestEntityTooLarge', `Request entity too large: an object may have ${objectBytesMax} bytes`));
}

async function accept(context: RestContext, target: Target, key: string, object: Draft): Promise<StoredObject> {
  try {
    const kept = context.store.put(target.kind, key, object);
    const head = target.kind.head(key);
    if (head !== undefined) noteCurrent(target.served, target.storage, head);
    return await kept;
  } catch (error) {
    throw internalError(`the change could not be stored: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function checkPreconditions(draft: Draft, live: KubeObject, target: Target, name: string, write: Write): void {
  const asked = draft.metadata.resourceVersion ?? '';
  const { served, strategy } = target;
  if (asked === '') {
    if (strategy.allowsUnconditionalUpdate === false && write.isApplied !== true)
      throw invalid({ group: served.group, kind: served.resource }, name, [
        invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
      ]);
  } else if (asked !== live.metadata.resourceVersion) {
    throw conflict(served, name, staleObject);
  }
  const uid = draft.metadata.uid ?? '';
  if (uid !== '' && uid !== live.metadata.uid && write.isPatch !== true)
    throw conflict(
      served,
      name,
      `StorageError: invalid object, Code: 4, Key: /registry/${served.resource}/${live.metadata.namespace ?? ''}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
    );
}

/** A write of the status leaves everything else as it is, a main write leaves the status. */
function splitStatus(draft: Draft, live: KubeObject, target: Target, write: Write): void {
  // A binding is the server's own write of both.
  if (target.strategy.hasStatus !== true || write.subresource === 'binding') return;
  if (write.subresource !== 'status') {
    if (live.status === undefined) delete draft.status;
    else draft.status = live.status;
    return;
  }
  const { managedFields, annotations } = draft.metadata;
  for (const field of Object.keys(draft)) if (field !== 'status') delete draft[field];
  for (const field of Object.keys(live)) if (field !== 'status') draft[field] = live[field];
  draft.metadata = { ...live.metadata };
  if (managedFields !== undefined) draft.metadata.managedFields = managedFields;
  // Built-in kinds let annotations through with their status; custom ones do not.
  if (target.served.custom !== undefined) return;
  if (annotations === undefined) delete draft.metadata.annotations;
  else draft.metadata.annotations = annotations;
}

function checkNamespaceLife(context: RestContext, target: Target, name: string): void {
  if (!target.served.namespaced) return;
  const namespace = context.heads.get('', 'namespaces', '', target.namespace);
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces' }, target.namespace);
  if (namespace.metadata.deletionTimestamp === undefined) return;
  throw forbidden(target.served, name, `unable to create new content in namespace ${target.namespace} because it is being terminated`, [
    { reason: 'NamespaceTerminating', message: `namespace ${target.namespace} is being terminated`, field: 'metadata.namespace' },
  ]);
}

/** A definition that is going takes no new objects. */
function checkDefinitionLife(context: RestContext, target: Target): void {
  const { custom, resource, group } = target.served;
  if (custom === undefined) return;
  const definition = context.heads.get('apiextensions.k8s.io', 'customresourcedefinitions', '', `${resource}.${group}`);
  if (definition?.metadata.deletionTimestamp === undefined) return;
  throw new StatusError(
    failure(405, 'MethodNotAllowed', 'create not allowed while custom resource definition is terminating', { group, kind: resource }),
  );
}

/** A draft of its own whose parts are those of the live object wherever they are equal. */
function sharing(draft: Draft, live: KubeObject): Draft {
  const next = arrange(draft);
  for (const field of Object.keys(next)) if (field !== 'metadata') next[field] = share(next[field], live[field]);
  const metadata: Record<string, unknown> = { ...next.metadata };
  for (const field of Object.keys(metadata)) metadata[field] = share(metadata[field], live.metadata[field as keyof KubeObject['metadata']]);
  next.metadata = metadata;
  return next;
}

/** The same object with `kind` and `apiVersion` first, as the store wants it. */
export function arrange(draft: Draft): Draft {
  const { kind, apiVersion, metadata, ...rest } = draft;
  return { kind, apiVersion, metadata, ...rest };
}
