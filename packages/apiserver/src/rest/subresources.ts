/** Subresources: which there are and where each of them is written. `status` and `scale` are general, the others belong to one kind. */
import { fieldsOf } from '../kinds/fields.ts';
import type { ServerResponse } from '../ports.ts';
import type { Draft } from '../store/store.ts';
import { answer, answerWritten, type Call, writeOf } from './answers.ts';
import { decodeBody } from './body.ts';
import { clone } from './clone.ts';
import { methodNotAllowed, unknownResource, unreasoned } from './errors.ts';
import { updateObject } from './object-writer.ts';
import { writeOptions } from './options.ts';
import { bindPod, evictPod, podLog } from './pod-subresources.ts';
import { readObject } from './reads.ts';
import { scale } from './scale.ts';
import { patchObject, replaceObject } from './updates.ts';

export async function handleSubresource(call: Call): Promise<ServerResponse> {
  const { info, target } = call;
  const isKnown = target.served.subresources.some(({ name }) => name === info.subresource);
  if (!isKnown) throw unknownResource();
  switch (info.subresource) {
    case 'status':
    case 'approval':
      return status(call);
    case 'scale':
      return scale(call);
    case 'binding':
      return bindPod(call);
    case 'eviction':
      return evictPod(call);
    case 'log':
      return podLog(call);
    case 'finalize':
      return finalize(call);
    case 'resize':
    case 'ephemeralcontainers':
      return podPart(call);
    default:
      throw unreasoned(501, `${info.resource}/${info.subresource} needs a real node: the pods of this cluster are simulated`);
  }
}

async function status(call: Call): Promise<ServerResponse> {
  const { context, info, target, request } = call;
  switch (info.verb) {
    case 'get':
      return answer(call, readObject(context, target, info.name, request.query), 200);
    case 'update':
      return replaceObject(call, 'status');
    case 'patch':
      return patchObject(call, 'status');
    default:
      throw methodNotAllowed();
  }
}

/** Parts of a pod's spec that only their own endpoint may change. */
async function podPart(call: Call): Promise<ServerResponse> {
  const { context, info, target, request } = call;
  if (info.verb === 'get') return answer(call, readObject(context, target, info.name, request.query), 200);
  if (info.verb === 'update') return replaceObject(call, info.subresource);
  if (info.verb === 'patch') return patchObject(call, info.subresource);
  throw methodNotAllowed();
}

/** Takes finalizers out of a namespace's spec; with the last one a namespace that is being deleted goes. */
async function finalize(call: Call): Promise<ServerResponse> {
  const { context, info, target, request } = call;
  if (info.verb !== 'update') throw methodNotAllowed();
  const body = decodeBody(request.body, request.headers['content-type'], 'Namespace');
  const finalizers = fieldsOf(body.spec).finalizers;
  const written = await updateObject(
    context,
    target,
    info.name,
    (live) => {
      const draft = clone(live) as Draft;
      draft.spec = { ...fieldsOf(draft.spec), finalizers: Array.isArray(finalizers) ? finalizers : [] };
      const version = fieldsOf(body.metadata).resourceVersion;
      if (typeof version === 'string' && version !== '') draft.metadata.resourceVersion = version;
      return draft;
    },
    writeOf(call, writeOptions(request.query, request.method), 'finalize'),
  );
  return answerWritten(call, written, 200, []);
}
