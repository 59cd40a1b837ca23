/** The `scale` subresource: one small object over the replicas of very different kinds. */
import { formatLabelSelector, type KubeObject, type LabelSelector } from '@sluice/api';
import { jsonPatch, mergePatch, PatchError } from '@sluice/schema';
import { fieldsOf, numberOf } from '../kinds/fields.ts';
import type { ServerResponse } from '../ports.ts';
import type { Draft } from '../store/store.ts';
import { type Call, writeOf } from './answers.ts';
import { decodeBody, decodePatch } from './body.ts';
import { clone } from './clone.ts';
import type { Target } from './context.ts';
import { badRequest, internalError, invalid, invalidValue, methodNotAllowed } from './errors.ts';
import { updateObject } from './object-writer.ts';
import { writeOptions } from './options.ts';
import { patchKind } from './patching.ts';
import { readObject } from './reads.ts';

type Paths = { readonly spec: readonly string[]; readonly status: readonly string[]; readonly selector: readonly string[] | undefined };

export async function scale(call: Call): Promise<ServerResponse> {
  const { context, info, target, request } = call;
  const paths = pathsOf(target);
  if (info.verb === 'get')
    return { kind: 'object', status: 200, object: scaleOf(readObject(context, target, info.name, request.query).object, target, paths) };
  if (info.verb !== 'update' && info.verb !== 'patch') throw methodNotAllowed();
  const options = writeOptions(request.query, request.method);
  const wanted = info.verb === 'update' ? decodeBody(request.body, request.headers['content-type'], 'Scale') : undefined;
  const patch = info.verb === 'patch' ? decodePatch(request.body, false) : undefined;
  const written = await updateObject(
    context,
    target,
    info.name,
    (live) => withReplicas(live, wanted ?? patchedScale(call, scaleOf(live, target, paths), patch), paths, info.name),
    writeOf(call, options, 'scale'),
  );
  return { kind: 'object', status: 200, object: scaleOf(written.object, target, paths) };
}

function pathsOf(target: Target): Paths {
  const custom = target.served.custom?.scale;
  if (custom === undefined) return { spec: ['spec', 'replicas'], status: ['status', 'replicas'], selector: undefined };
  return {
    spec: segments(custom.specReplicasPath),
    status: segments(custom.statusReplicasPath),
    selector: custom.labelSelectorPath === undefined ? [] : segments(custom.labelSelectorPath),
  };
}

function segments(path: string): readonly string[] {
  return path.split('.').filter((segment) => segment !== '');
}

function scaleOf(object: KubeObject, target: Target, paths: Paths): KubeObject {
  const replicas = numberOf(valueAt(object, paths.spec));
  if (replicas === undefined && target.served.custom !== undefined)
    throw internalError(`the spec replicas field ".${paths.spec.join('.')}" does not exist`);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = selectorText(object, paths);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: clone({ name, namespace, uid, resourceVersion, creationTimestamp }) as KubeObject['metadata'],
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: { replicas: numberOf(valueAt(object, paths.status)) ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}

function selectorText(object: KubeObject, paths: Paths): string {
  if (paths.selector !== undefined) {
    const text = paths.selector.length === 0 ? '' : valueAt(object, paths.selector);
    return typeof text === 'string' ? text : '';
  }
  const selector = fieldsOf(object.spec).selector;
  if (selector === undefined) return '';
  // A replication controller's selector is a plain map of labels.
  const labels =
    object.kind === 'ReplicationController' ? { matchLabels: selector as Record<string, string> } : (selector as LabelSelector);
  const text = formatLabelSelector(labels);
  return text === '<none>' ? '' : text;
}

function patchedScale(call: Call, current: KubeObject, patch: unknown): Record<string, unknown> {
  const kind = patchKind(call.request.headers['content-type'], call.target.served);
  try {
    return (kind === 'json' ? jsonPatch(current, patch) : mergePatch(current, patch)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof PatchError) throw badRequest(error.message);
    throw error;
  }
}

function withReplicas(live: KubeObject, wanted: Record<string, unknown>, paths: Paths, name: string): Draft {
  const metadata = fieldsOf(wanted.metadata);
  const replicas = fieldsOf(wanted.spec).replicas ?? 0;
  const scaleKind = { group: 'autoscaling', kind: 'Scale' };
  if (metadata.name !== undefined && metadata.name !== name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${name})`);
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${typeof replicas} into Go struct field ScaleSpec.spec.replicas of type int32`,
    );
  if (replicas < 0) throw invalid(scaleKind, name, [invalidValue('spec.replicas', replicas, 'must be greater than or equal to 0')]);
  const draft = { ...live, metadata: { ...live.metadata } } as Draft;
  const version = metadata.resourceVersion;
  if (typeof version === 'string' && version !== '') draft.metadata.resourceVersion = version;
  let at: Record<string, unknown> = draft;
  for (const segment of paths.spec.slice(0, -1)) {
    at[segment] = { ...fieldsOf(at[segment]) };
    at = at[segment] as Record<string, unknown>;
  }
  at[paths.spec.at(-1) ?? 'replicas'] = replicas;
  return draft;
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  let value = object;
  for (const segment of path) value = fieldsOf(value)[segment];
  return value;
}
