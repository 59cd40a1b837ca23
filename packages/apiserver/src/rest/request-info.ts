/** What a path and a method ask for, by the path grammar of Kubernetes. @see apiserver endpoints/request RequestInfoFactory */

export type RequestInfo = {
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  /** Empty when the path is not about objects, or where there is no such level. */
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** What follows the subresource, as in a proxy's path. */
  readonly rest: readonly string[];
};

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };

/** `path` may be encoded; its segments are decoded here, once. */
export function parseRequest(method: string, path: string, query: URLSearchParams): RequestInfo {
  const other: RequestInfo = {
    isResourceRequest: false,
    path,
    verb: method.toLowerCase(),
    group: '',
    version: '',
    namespace: '',
    resource: '',
    subresource: '',
    name: '',
    rest: [],
  };
  let parts = path.split('/').filter((part) => part !== '');
  if (path.includes('%')) parts = parts.map(decodeSegment);
  let group = '';
  if (parts[0] === 'apis' && parts.length >= 4) {
    group = parts[1] ?? '';
    parts = parts.slice(2);
  } else if (parts[0] === 'api' && parts.length >= 3) {
    parts = parts.slice(1);
  } else {
    return other;
  }
  const version = parts[0] ?? '';
  parts = parts.slice(1);
  let isWatchPath = false;
  if (parts[0] === 'watch' && parts.length > 1) {
    isWatchPath = true;
    parts = parts.slice(1);
  }
  let namespace = '';
  if (parts[0] === 'namespaces' && parts[1] !== undefined) {
    namespace = parts[1];
    // Below a namespace come its objects, except for these two, which are about the namespace itself.
    if (parts.length > 2 && parts[2] !== 'status' && parts[2] !== 'finalize') parts = parts.slice(2);
  }
  const [resource = '', name = '', subresource = '', ...rest] = parts;
  const isWatch = isWatchPath || query.get('watch') === 'true' || query.get('watch') === '1';
  let verb = verbs[method] ?? '';
  if (method === 'GET' || method === 'HEAD') verb = isWatch && (name === '' || isWatchPath) ? 'watch' : name === '' ? 'list' : 'get';
  else if (method === 'DELETE') verb = name === '' ? 'deletecollection' : 'delete';
  return { isResourceRequest: true, path, verb, group, version, namespace, resource, subresource, name, rest };
}

function decodeSegment(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
