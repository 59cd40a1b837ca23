/** Subresources: which there are and where each of them is written. `status` and `scale` are general, the others belong to one kind. */
import type { ServerResponse } from '../ports.ts';
import { answer, type Call } from './answers.ts';
import { methodNotAllowed, unknownResource } from './errors.ts';
import { readObject } from './reads.ts';
import { patchObject, replaceObject } from './updates.ts';

export async function handleSubresource(call: Call): Promise<ServerResponse> {
  const { info, target } = call;
  const known = target.served.subresources.find(({ name }) => name === info.subresource);
  if (known === undefined) throw unknownResource();
  if (info.subresource === 'status') return status(call);
  throw methodNotAllowed();
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
