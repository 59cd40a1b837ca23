/**
 * From a request to an answer: path, authorization, verb. Begin here to follow a request; each verb goes on in a file of its own.
 * It knows nothing of sockets: HTTP and callers in the process come in by the same function.
 */
import { isStatusError, type KubeObject } from '@sluice/api';
import { forbidden as forbiddenByPolicy } from '../access/index.ts';
import type { AuthorizationAttributes, ServedResource, ServerRequest, ServerResponse } from '../ports.ts';
import { admitCreate } from './admission.ts';
import { answer, answerObject, answerWritten, type Call, failed, pathNotFound, warning, withWarnings, writeOf } from './answers.ts';
import { decodeBody } from './body.ts';
import type { RestContext } from './context.ts';
import { targetOf } from './context.ts';
import { decodeObject } from './decode.ts';
import { deleteObject, deleteOptions } from './deletion.ts';
import { methodNotAllowed, unknownResource } from './errors.ts';
import { selectedName } from './field-selectors.ts';
import { listObjects, selectionTest } from './lists.ts';
import { kindContext } from './object-writer.ts';
import { listOptions, writeOptions } from './options.ts';
import { bindPod } from './pod-subresources.ts';
import { readObject } from './reads.ts';
import { negotiate, tableQuery } from './representation.ts';
import { parseRequest, type RequestInfo } from './request-info.ts';
import { handleSubresource } from './subresources.ts';
import { patchObject, replaceObject } from './updates.ts';
import { metricsGroup, usageMetrics } from './usage-metrics.ts';
import { type RunningWatches, watchObjects } from './watches.ts';

export type Handler = (request: ServerRequest) => Promise<ServerResponse>;

/** Answers a path that is not about objects, or leaves it to the next one. */
export type Documents = (request: ServerRequest) => ServerResponse | undefined | Promise<ServerResponse | undefined>;

export function createHandler(context: RestContext, documents: readonly Documents[], running: RunningWatches): Handler {
  return async (request) => {
    try {
      return await respond(request);
    } catch (error) {
      return failed(error);
    }
  };

  async function document(request: ServerRequest): Promise<ServerResponse> {
    for (const one of documents) {
      const answer = await one(request);
      if (answer !== undefined) return answer;
    }
    return pathNotFound();
  }

  async function respond(request: ServerRequest): Promise<ServerResponse> {
    const info = parseRequest(request.method, request.path, request.query);
    if (!request.user.groups.includes('system:masters')) await authorize(context, request, info);
    if (!info.isResourceRequest) return document(request);
    const served = context.registry.find(info.group, info.version, info.resource);
    const reviewed = await review(context, request, info);
    if (reviewed !== undefined) return reviewed;
    if (served === undefined) {
      if (context.registry.versionsOf(info.group).length > 0) throw unknownResource();
      return pathNotFound();
    }
    if (!served.namespaced && info.namespace !== '' && info.resource !== 'namespaces') throw unknownResource();
    if (served.namespaced && info.namespace === '' && info.name !== '') throw unknownResource();
    const target = targetOf(context, served, info.namespace);
    const isWrite = info.verb === 'create' || info.verb === 'update' || info.verb === 'patch';
    const call: Call = { context, request, info, target, accepted: negotiate(request.headers.accept) };
    if (info.subresource !== '') return withWarnings(await handleSubresource(call), deprecation(served));
    if (target.storage.id === '/bindings') return bindPod(call);
    if (served.group === metricsGroup) return usageMetrics(call);
    if (info.verb !== 'deletecollection' && !served.verbs.includes(info.verb) && isWrite) throw methodNotAllowed();
    return withWarnings(await perform(call, running), deprecation(served));
  }
}

const deprecatedKinds: Readonly<Record<string, string>> = {
  '/endpoints': 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  '/componentstatuses': 'v1 ComponentStatus is deprecated in v1.19+',
};

/** What callers of an old kind are told with every answer. */
function deprecation(served: ServedResource): readonly string[] {
  const text = served.custom === undefined ? deprecatedKinds[`${served.group}/${served.resource}`] : served.custom.deprecationWarning;
  return text === undefined ? [] : [text];
}

async function perform(call: Call, running: RunningWatches): Promise<ServerResponse> {
  const { context, request, info, target, accepted } = call;
  switch (info.verb) {
    case 'get':
      return answer(call, readObject(context, target, info.name, request.query), 200);
    case 'list':
      return listObjects(context, target, listOptions(request.query), accepted, tableQuery(request.query));
    case 'watch': {
      const options = listOptions(request.query);
      return watchObjects(context, running, target, options, accepted, tableQuery(request.query), request.signal);
    }
    case 'create':
      if (info.name !== '') throw methodNotAllowed();
      return create(call);
    case 'update':
      if (info.name === '') throw methodNotAllowed();
      return replaceObject(call);
    case 'patch':
      if (info.name === '') throw methodNotAllowed();
      return patchObject(call);
    case 'delete':
      return remove(call);
    case 'deletecollection':
      return removeAll(call);
    default:
      throw methodNotAllowed();
  }
}

async function create(call: Call): Promise<ServerResponse> {
  const { context, request, target } = call;
  const options = writeOptions(request.query);
  const write = writeOf(call, options);
  const value = decodeBody(request.body, request.headers['content-type'], target.served.kind);
  const { draft, warnings } = decodeObject(value, target, options, kindContext(context, write));
  return warning(warnings, async () => answerWritten(call, await admitCreate(context, target, draft, write), 201, warnings));
}

async function remove(call: Call): Promise<ServerResponse> {
  const { context, request, info, target } = call;
  const options = deleteOptions(request.query, request.body, request.headers['content-type']);
  const { object, isGone } = await deleteObject(context, target, info.name, options, request.user);
  if (!isGone || target.strategy.returnsDeleted === true)
    return answerObject(call, object, !isGone && options.propagationPolicy === 'Foreground' ? 202 : 200);
  return {
    kind: 'object',
    status: 200,
    object: {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: {
        name: info.name,
        ...(target.served.group === '' ? {} : { group: target.served.group }),
        kind: target.served.resource,
        uid: object.metadata.uid,
      },
    },
  };
}

async function removeAll(call: Call): Promise<ServerResponse> {
  const { context, request, target } = call;
  const options = listOptions(request.query);
  const test = selectionTest(target, options);
  const namespace = target.namespace === '' ? undefined : target.namespace;
  const given = deleteOptions(request.query, request.body, request.headers['content-type']);
  const chosen = target.kind.list(namespace).filter((stored) => test === undefined || test(stored.object));
  const items: KubeObject[] = [];
  for (const stored of chosen) {
    const { name = '', namespace: home = '' } = stored.object.metadata;
    try {
      const one = await deleteObject(context, { ...target, namespace: target.served.namespaced ? home : '' }, name, given, request.user);
      items.push(one.object);
    } catch (error) {
      if (!isStatusError(error, 'NotFound')) throw error;
    }
  }
  const { served } = target;
  const apiVersion = served.group === '' ? served.version : `${served.group}/${served.version}`;
  const metadata = { resourceVersion: String(context.store.revision) };
  return { kind: 'object', status: 200, object: { kind: served.listKind, apiVersion, metadata, items } };
}

/** Create-only kinds that are answered and not stored. */
async function review(context: RestContext, request: ServerRequest, info: RequestInfo): Promise<ServerResponse | undefined> {
  const { reviews } = context.access;
  if (!reviews.handles(info.group, info.resource, info.subresource)) return undefined;
  if (info.verb !== 'create') throw methodNotAllowed();
  const { group, version, resource, subresource, namespace, name } = info;
  const object = decodeBody(request.body, request.headers['content-type'], resource) as KubeObject;
  const { dryRun } = writeOptions(request.query);
  const answer = await reviews.create({ group, version, resource, subresource, namespace, name, object, user: request.user, dryRun });
  return { kind: 'object', status: 201, object: answer };
}

async function authorize(context: RestContext, request: ServerRequest, info: RequestInfo): Promise<void> {
  const attributes: AuthorizationAttributes = {
    user: request.user,
    verb: info.verb,
    group: info.group,
    version: info.version,
    resource: info.resource,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name === '' && info.isResourceRequest ? pinnedName(request, info) : info.name,
    path: request.path,
    isResourceRequest: info.isResourceRequest,
  };
  const { allowed, reason } = await context.access.authorizer.authorize(attributes);
  if (!allowed) throw forbiddenByPolicy(attributes, reason);
}

function pinnedName(request: ServerRequest, info: RequestInfo): string {
  if (info.verb !== 'list' && info.verb !== 'watch' && info.verb !== 'deletecollection') return '';
  const text = request.query.get('fieldSelector');
  return text === null ? '' : (selectedName(listOptions(request.query).fieldSelector) ?? '');
}
