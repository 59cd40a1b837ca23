/** `update` and `patch`, of an object or of its status: both end in one draft that goes through the object writer. */
import { apiVersionOf, type KubeObject, StatusError } from '@sluice/api';
import type { ServerResponse } from '../ports.ts';
import type { Draft } from '../store/store.ts';
import { StoredObject } from '../store/stored-object.ts';
import { admitCreate, admitUpdate } from './admission.ts';
import { answerWritten, type Call, warning, writeOf } from './answers.ts';
import { decodeBody, decodePatch } from './body.ts';
import { keyIn } from './context.ts';
import { decodeObject } from './decode.ts';
import { badRequest, invalid, required } from './errors.ts';
import { kindContext, type Write } from './object-writer.ts';
import { type WriteOptions, writeOptions } from './options.ts';
import { applied, patched, patchKind } from './patching.ts';
import { representationOf } from './representation.ts';

/** PUT. With `subresource: 'status'` only the status is taken from the body. */
export async function replaceObject(call: Call, subresource?: string): Promise<ServerResponse> {
  const { context, request, target, info } = call;
  const options = writeOptions(request.query, request.method);
  const write = writeOf(call, options, subresource);
  const value = decodeBody(request.body, request.headers['content-type'], target.served.kind);
  const { draft, warnings } = decodeObject(
    value,
    target,
    { ...options, subresource },
    kindContext(context, write),
    target.kind.head(keyIn(target, info.name))?.object,
  );
  const name = draft.metadata.name ?? '';
  if (name === '') throw badRequest(`the name of the object (${info.name} based on URL) was undeterminable: name must be provided`);
  if (name !== info.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  const isThere = target.kind.head(keyIn(target, name)) !== undefined;
  if (!isThere && target.strategy.allowsCreateOnUpdate === true && subresource === undefined) {
    return warning(warnings, async () => answerWritten(call, await admitCreate(context, target, draft, write), 201, warnings));
  }
  return warning(warnings, async () => answerWritten(call, await admitUpdate(context, target, name, () => draft, write), 200, warnings));
}

/** PATCH, of all four types. An apply patch of an object that is not there creates it. */
export async function patchObject(call: Call, subresource?: string): Promise<ServerResponse> {
  const { context, request, target, info } = call;
  const options = writeOptions(request.query, request.method);
  const kind = patchKind(request.headers['content-type'], target.served);
  const patch = decodePatch(request.body, kind === 'apply');
  const warnings: string[] = [];
  if (kind === 'apply') return apply(call, options, patch, subresource);
  const write = { ...writeOf(call, options, subresource), isPatch: true };
  const written = await admitUpdate(
    context,
    target,
    info.name,
    (live) => {
      const value = patched(kind, target.served, inVersion(call, live), patch);
      return decodePatched(call, value, live, options, write, warnings);
    },
    write,
  );
  return answerWritten(call, written, 200, warnings);
}

async function apply(call: Call, options: WriteOptions, patch: unknown, subresource: string | undefined): Promise<ServerResponse> {
  const { context, target, info } = call;
  const { served } = target;
  if (options.fieldManager === undefined)
    throw invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [required('fieldManager', 'is required for apply patch')]);
  const given = appliedObject(call, patch);
  const write: Write = { ...writeOf(call, options, subresource), isApplied: true };
  const warnings: string[] = [];
  const merged = (live: KubeObject | undefined): Draft => {
    const value = applied({
      served,
      live: live === undefined ? undefined : inVersion(call, live),
      applied: cutFields(call, given, subresource),
      manager: write.manager,
      force: options.force,
      now: context.clock.now(),
      ...(subresource === undefined ? {} : { subresource }),
    });
    return decodePatched(call, value, live, options, write, warnings);
  };
  const isThere = target.kind.head(keyIn(target, info.name)) !== undefined;
  if (isThere || subresource !== undefined) {
    const written = await admitUpdate(context, target, info.name, merged, write);
    return answerWritten(call, written, 200, warnings);
  }
  const draft = merged(undefined);
  draft.metadata.name = info.name;
  return answerWritten(call, await admitCreate(context, target, draft, write), 201, warnings);
}

/** The applied configuration, checked for what it must say about itself. */
function appliedObject(call: Call, patch: unknown): KubeObject {
  const { served } = call.target;
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch))
    throw badRequest('error decoding YAML: the patch is not an object');
  const value = patch as Record<string, unknown>;
  const expected = apiVersionOf(served);
  if (value.apiVersion !== expected || value.kind !== served.kind)
    throw badRequest(`invalid object type: ${shownVersion(value.apiVersion)}, Kind=${value.kind ?? ''}`);
  const metadata = { ...(value.metadata as Record<string, unknown> | undefined) };
  if (metadata.managedFields !== undefined && (metadata.managedFields as readonly unknown[]).length > 0)
    throw badRequest('metadata.managedFields must be nil');
  if (metadata.name !== undefined && metadata.name !== call.info.name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${call.info.name})`);
  metadata.name = call.info.name;
  return { ...value, metadata } as KubeObject;
}

/** Go's text of a group and version: the core group is empty in front of its slash. */
function shownVersion(apiVersion: unknown): string {
  const text = typeof apiVersion === 'string' ? apiVersion : '';
  return text.includes('/') || text === '' ? text : `/${text}`;
}

/** What this endpoint does not write is not owned by who applies it either. */
function cutFields(call: Call, given: KubeObject, subresource: string | undefined): KubeObject {
  if (call.target.strategy.hasStatus !== true) return given;
  if (subresource === undefined) {
    const { status: _status, ...rest } = given;
    return rest as KubeObject;
  }
  const { kind, apiVersion, metadata, status } = given;
  const { labels: _labels, annotations: _annotations, finalizers: _finalizers, ownerReferences: _owners, ...named } = metadata;
  return { kind, apiVersion, metadata: named, ...(status === undefined ? {} : { status }) };
}

function inVersion(call: Call, live: KubeObject): KubeObject {
  const { target } = call;
  if (target.storage.apiVersion === apiVersionOf(target.served)) return live;
  return representationOf(target.served, target.storage, { form: 'object', metaVersion: 'v1', isYaml: false }).object(
    StoredObject.of(0, live),
  );
}

/** A patched object that does not decode is the patch's fault: 422. The object itself may hold secrets and is not shown. */
function decodePatched(
  call: Call,
  value: Record<string, unknown>,
  live: KubeObject | undefined,
  options: WriteOptions,
  write: Write,
  warnings: string[],
): Draft {
  const { context, target, info } = call;
  const name = (value.metadata as { name?: string } | undefined)?.name;
  if (name !== undefined && name !== info.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  try {
    const decoded = decodeObject(value, target, { ...options, subresource: write.subresource }, kindContext(context, write), live);
    warnings.push(...decoded.warnings);
    return decoded.draft;
  } catch (error) {
    if (!(error instanceof StatusError) || error.reason !== 'BadRequest') throw error;
    const detail = error.message.replace(/^.* cannot be handled as a [^:]*: /, '');
    throw invalid({ group: '', kind: '' }, '', [{ path: 'patch', type: 'Invalid', detail }]);
  }
}
