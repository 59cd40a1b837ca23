/** `get`: the published state of one object. */
import type { StoredObject } from '../store/stored-object.ts';
import { keyIn, type RestContext, type Target } from './context.ts';
import { notFound, tooLargeResourceVersion } from './errors.ts';
import { parseRevision } from './resource-versions.ts';

/** @throws StatusError 404, or 504 for a resource version that there has not been yet */
export function readObject(context: RestContext, target: Target, name: string, query: URLSearchParams): StoredObject {
  const version = query.get('resourceVersion') ?? '';
  if (version !== '' && parseRevision(version) > context.store.revision)
    throw tooLargeResourceVersion(Number(version), context.store.revision);
  const stored = target.kind.entries.get(keyIn(target, name));
  if (stored === undefined) throw notFound(target.served, name);
  return stored;
}
