/** Rules of `metadata` that hold for every kind. @see apiserver registry/rest BeforeCreate, BeforeUpdate; apimachinery api/validation */
import { formatTime, type KubeObject, type OwnerReference } from '@sluice/api';
import type { FieldProblem } from '@sluice/schema';
import type { KindStrategy } from '../kinds/strategy.ts';
import type { Draft } from '../store/store.ts';
import { equal } from './clone.ts';
import type { RestContext, Target } from './context.ts';
import { badRequest, forbiddenField, invalidValue, required } from './errors.ts';
import { nameProblems, nameSuffix, newUid, qualifiedNameProblems, validateAnnotations, validateLabels } from './names.ts';

/** Puts the namespace of the path into the object. @throws StatusError 400 when the object names another one */
export function settleNamespace(draft: Draft, target: Target): void {
  if (!target.served.namespaced) {
    delete draft.metadata.namespace;
    return;
  }
  const named = draft.metadata.namespace ?? '';
  if (named !== '' && named !== target.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  draft.metadata.namespace = target.namespace;
}

const generatedNameBaseMax = 58;

/** Fills in what only the server says about a new object: name from generateName, uid, times, generation. */
export function stampNew(draft: Draft, strategy: KindStrategy, context: RestContext): void {
  const metadata = draft.metadata;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  delete metadata.resourceVersion;
  if (metadata.name === '') delete metadata.name;
  if (metadata.name === undefined && metadata.generateName !== undefined && metadata.generateName !== '')
    metadata.name = metadata.generateName.slice(0, generatedNameBaseMax) + nameSuffix(context.randomBytes);
  metadata.uid = newUid(context.randomBytes);
  metadata.creationTimestamp = formatTime(context.clock.now());
  if (strategy.hasGeneration === true) metadata.generation = 1;
  else delete metadata.generation;
  dropSelfLink(draft);
}

/** Copies what an update cannot change from the live object, so that only real contradictions are problems. */
export function carryOver(draft: Draft, live: KubeObject): void {
  const metadata = draft.metadata;
  const old = live.metadata;
  if (metadata.uid === undefined || metadata.uid === '') assign(metadata, 'uid', old.uid);
  assign(metadata, 'creationTimestamp', old.creationTimestamp);
  assign(metadata, 'deletionTimestamp', old.deletionTimestamp);
  assign(metadata, 'deletionGracePeriodSeconds', old.deletionGracePeriodSeconds);
  assign(metadata, 'generation', old.generation);
  if (metadata.generateName === undefined) assign(metadata, 'generateName', old.generateName);
  dropSelfLink(draft);
}

function dropSelfLink(draft: Draft): void {
  delete (draft.metadata as { selfLink?: string }).selfLink;
}

function assign<K extends keyof Draft['metadata']>(metadata: Draft['metadata'], field: K, value: Draft['metadata'][K] | undefined): void {
  if (value === undefined) delete metadata[field];
  else metadata[field] = value;
}

/** Parts that are the same as in `live` are known to be right. */
export function validateMetadata(object: KubeObject, strategy: KindStrategy, live?: KubeObject): FieldProblem[] {
  const metadata = object.metadata;
  const rule = strategy.nameRule ?? 'subdomain';
  const problems: FieldProblem[] = [];
  const known = live?.metadata;
  if (metadata.generateName !== undefined && metadata.generateName !== '') {
    // A trailing dash is fine in front of a suffix.
    const base = metadata.generateName.replace(/-$/, 'a');
    problems.push(...nameProblems(rule, base).map((detail) => invalidValue('metadata.generateName', metadata.generateName, detail)));
  }
  if (metadata.name === undefined || metadata.name === '') problems.push(required('metadata.name', 'name or generateName is required'));
  else if (metadata.name !== known?.name)
    problems.push(...nameProblems(rule, metadata.name).map((detail) => invalidValue('metadata.name', metadata.name, detail)));
  if (metadata.labels !== known?.labels) problems.push(...validateLabels(metadata.labels, 'metadata.labels'));
  if (metadata.annotations !== known?.annotations) problems.push(...validateAnnotations(metadata.annotations, 'metadata.annotations'));
  if (metadata.ownerReferences !== known?.ownerReferences) problems.push(...validateOwners(metadata.ownerReferences ?? []));
  if (metadata.finalizers === known?.finalizers) return problems;
  for (const [index, finalizer] of (metadata.finalizers ?? []).entries()) {
    const path = `metadata.finalizers[${index}]`;
    problems.push(...qualifiedNameProblems(finalizer).map((detail) => invalidValue(path, finalizer, detail)));
    const isStandard = ['kubernetes', 'orphan', 'foregroundDeletion'].includes(finalizer);
    if (!isStandard && !finalizer.includes('/') && qualifiedNameProblems(finalizer).length === 0)
      problems.push(invalidValue(path, finalizer, 'name is neither a standard finalizer name nor is it fully qualified'));
  }
  return problems;
}

function validateOwners(owners: readonly OwnerReference[]): FieldProblem[] {
  const problems: FieldProblem[] = [];
  for (const [index, owner] of owners.entries()) {
    const path = `metadata.ownerReferences[${index}]`;
    if (!owner.apiVersion) problems.push(invalidValue(`${path}.apiVersion`, owner.apiVersion ?? '', 'version must not be empty'));
    if (!owner.kind) problems.push(invalidValue(`${path}.kind`, owner.kind ?? '', 'must not be empty'));
    if (!owner.name) problems.push(invalidValue(`${path}.name`, owner.name ?? '', 'must not be empty'));
    if (!owner.uid) problems.push(invalidValue(`${path}.uid`, owner.uid ?? '', 'must not be empty'));
  }
  const controllers = owners.filter((owner) => owner.controller === true);
  if (controllers.length > 1) {
    const [first, second] = controllers;
    const shown = (owner: OwnerReference | undefined): string => `${owner?.kind}/${owner?.name}`;
    problems.push(
      invalidValue(
        'metadata.ownerReferences',
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${shown(first)} and ${shown(second)}`,
      ),
    );
  }
  return problems;
}

export function validateMetadataUpdate(next: KubeObject, live: KubeObject): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const immutable = (field: 'name' | 'namespace' | 'uid'): void => {
    if (next.metadata[field] !== live.metadata[field])
      problems.push(invalidValue(`metadata.${field}`, next.metadata[field] ?? '', 'field is immutable'));
  };
  immutable('name');
  immutable('namespace');
  immutable('uid');
  if (live.metadata.deletionTimestamp !== undefined) {
    const known = live.metadata.finalizers ?? [];
    const added = (next.metadata.finalizers ?? []).filter((finalizer) => !known.includes(finalizer));
    if (added.length > 0) {
      const shown = added.map((finalizer) => JSON.stringify(finalizer)).join(', ');
      problems.push(
        forbiddenField(
          'metadata.finalizers',
          `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`,
        ),
      );
    }
  }
  return problems;
}

const beyondDesire = new Set(['metadata', 'status', 'kind', 'apiVersion']);
const metadataAlone = new Set(['metadata']);
const unasked = new Set(['managedFields', 'resourceVersion']);

/** Whether the desired state differs: everything but metadata and status. */
export function hasDesiredChange(next: KubeObject, live: KubeObject): boolean {
  return differs(next, live, beyondDesire);
}

/** Whether a write would change anything, the times in managed fields apart. */
export function isSame(next: KubeObject, live: KubeObject): boolean {
  if (differs(next, live, metadataAlone) || differs(next.metadata, live.metadata, unasked)) return false;
  const { managedFields: left } = next.metadata;
  const { managedFields: right } = live.metadata;
  const untimed = (entries: typeof left) => (entries ?? []).map(({ time: _time, ...entry }) => entry);
  return left === right || equal(untimed(left), untimed(right));
}

function differs(next: object, live: object, except: ReadonlySet<string>): boolean {
  const [from, to] = [next as Record<string, unknown>, live as Record<string, unknown>];
  for (const field in from) if (from[field] !== to[field] && !except.has(field) && !equal(from[field], to[field])) return true;
  for (const field in to) if (from[field] === undefined && to[field] !== undefined && !except.has(field)) return true;
  return false;
}
