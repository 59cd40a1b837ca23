/**
 * The paths of the dashboard's API, read and nothing else: which of its calls is meant, with its parameters.
 *
 * @see argoproj/argo-rollouts pkg/apiclient/rollout/rollout.proto
 */

export type Call =
  | { readonly kind: 'version' }
  | { readonly kind: 'namespace' }
  | { readonly kind: 'list'; readonly namespace: string; readonly isWatch: boolean }
  | { readonly kind: 'info'; readonly namespace: string; readonly name: string; readonly isWatch: boolean }
  | { readonly kind: 'restart' | 'promote' | 'abort' | 'retry'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'undo'; readonly namespace: string; readonly name: string; readonly revision: number }
  | {
      readonly kind: 'set-image';
      readonly namespace: string;
      readonly name: string;
      readonly container: string;
      /** Complete, with tag or digest. */
      readonly image: string;
    };

export type Routed =
  | { readonly ok: true; readonly call: Call }
  | { readonly ok: false; readonly reason: 'not-found' | 'method' | 'invalid'; readonly message: string };

const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const imageMax = 1000;

/** @param path - below `/api/v1/`, as it was sent; parts may be escaped */
export function route(method: string, path: string): Routed {
  const parts = decoded(path.split('/'));
  if (parts === undefined) return invalid('the path is not properly escaped');
  const found = parts[0] === 'rollouts' ? ofRollouts(parts.slice(1)) : ofServer(parts);
  if (found === undefined) return { ok: false, reason: 'not-found', message: 'Not Found' };
  if (found.method !== (method === 'HEAD' ? 'GET' : method)) {
    return { ok: false, reason: 'method', message: 'Method Not Allowed' };
  }
  return check(found.call);
}

type Found = { readonly method: 'GET' | 'PUT'; readonly call: Call };

function decoded(parts: readonly string[]): readonly string[] | undefined {
  try {
    return parts.map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

function ofServer(parts: readonly string[]): Found | undefined {
  const [kind] = parts;
  if (parts.length !== 1 || (kind !== 'version' && kind !== 'namespace')) return undefined;
  return { method: 'GET', call: { kind } };
}

function ofRollouts([namespace = '', ...rest]: readonly string[]): Found | undefined {
  if (rest[0] === 'info' && (rest.length === 1 || (rest.length === 2 && rest[1] === 'watch'))) {
    return { method: 'GET', call: { kind: 'list', namespace, isWatch: rest.length === 2 } };
  }
  const [name = '', verb, ...more] = rest;
  switch (verb) {
    case 'info':
      if (more.length > 1 || (more.length === 1 && more[0] !== 'watch')) return undefined;
      return { method: 'GET', call: { kind: 'info', namespace, name, isWatch: more.length === 1 } };
    case 'restart':
    case 'promote':
    case 'abort':
    case 'retry':
      return more.length === 0 ? { method: 'PUT', call: { kind: verb, namespace, name } } : undefined;
    case 'undo':
      return more.length === 1 ? { method: 'PUT', call: { kind: 'undo', namespace, name, revision: wholeNumber(more[0]) } } : undefined;
    case 'set': {
      // The image has as many parts as it has slashes, escaped or not; tag is what stands last.
      const [container = '', ...image] = more;
      const tag = image.pop();
      if (tag === undefined || image.length === 0) return undefined;
      return { method: 'PUT', call: { kind: 'set-image', namespace, name, container, image: `${image.join('/')}:${tag}` } };
    }
    default:
      return undefined;
  }
}

function wholeNumber(text = ''): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

function check(call: Call): Routed {
  if ('namespace' in call && !objectName.test(call.namespace)) return invalid('the namespace is not the name of an object');
  if ('name' in call && !objectName.test(call.name)) return invalid('the name is not that of an object');
  if (call.kind === 'undo' && Number.isNaN(call.revision)) return invalid('the revision is not a whole number');
  if (call.kind === 'set-image') {
    if (call.container !== '*' && !objectName.test(call.container)) return invalid('the container is not a name');
    if (!/^[\w./:@-]+[\w]$/.test(call.image) || call.image.length > imageMax || /^:|\/:/.test(call.image))
      return invalid('the image is not a reference');
  }
  return { ok: true, call };
}

function invalid(message: string): Routed {
  return { ok: false, reason: 'invalid', message };
}
