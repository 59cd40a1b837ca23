/** Calls of the server's API. Everything goes through the document's base, so that a root path needs no settings. */

export const base: string = new URL(document.baseURI).pathname;

export type Namespaces = { readonly namespace: string; readonly availableNamespaces: readonly string[] };

export type Action =
  | { readonly kind: 'restart' | 'retry' | 'abort' | 'promote' | 'promote-full' }
  | { readonly kind: 'undo'; readonly revision: number }
  | { readonly kind: 'set-image'; readonly container: string; readonly image: string; readonly tag: string };

export function listWatchUrl(namespace: string): string {
  return `${base}api/v1/rollouts/${encodeURIComponent(namespace)}/info/watch`;
}

export function rolloutWatchUrl(namespace: string, name: string): string {
  return `${base}api/v1/rollouts/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/info/watch`;
}

/** @throws Error with the server's words */
export function fetchNamespaces(): Promise<Namespaces> {
  return call('GET', 'namespace') as Promise<Namespaces>;
}

export async function fetchVersion(): Promise<string> {
  const { rolloutsVersion } = (await call('GET', 'version')) as { readonly rolloutsVersion: string };
  return rolloutsVersion;
}

/** @throws Error with the server's words */
export async function perform(namespace: string, name: string, action: Action): Promise<void> {
  const at = `rollouts/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}`;
  switch (action.kind) {
    case 'promote-full':
      return void (await call('PUT', `${at}/promote`, { full: true }));
    case 'undo':
      return void (await call('PUT', `${at}/undo/${action.revision}`, {}));
    case 'set-image': {
      const parts = [action.container, action.image, action.tag].map(encodeURIComponent);
      return void (await call('PUT', `${at}/set/${parts.join('/')}`, {}));
    }
    default:
      return void (await call('PUT', `${at}/${action.kind}`, {}));
  }
}

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${base}api/v1/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) throw new Error(await failureText(answer));
  return answer.json();
}

/** The message of an answer that is none. */
export async function failureText(answer: Response): Promise<string> {
  const body: unknown = await answer.json().catch(() => undefined);
  const message = typeof body === 'object' && body !== null && 'message' in body ? body.message : undefined;
  return typeof message === 'string' ? message : `the server answered ${answer.status}`;
}
