/** Answers the paths that say what the server serves. Documents are values of `documents.ts` and `openapi.ts`; this file picks by path and Accept. */
import { failure, StatusError } from '@sluice/api';
import { builtinCatalog } from '@sluice/schema';
import type { Discovery, DiscoveryOptions, ServerRequest, ServerResponse } from '../ports.ts';
import { apiGroup, apiGroupList, apiResourceList, apiVersions, groupDiscoveryList, versionInfo } from './documents.ts';
import { answer, type Document, DocumentCache } from './documents-cache.ts';
import { type ServedGroup, servedGroups } from './groups.ts';
import { createOpenApi } from './openapi/openapi.ts';

/** The Kubernetes release whose API is served. */
const kubernetesRelease = '1.34.3';

const json = 'application/json';

export function createDiscovery(options: DiscoveryOptions): Discovery {
  const { registry } = options;
  const cache = new DocumentCache(registry);
  const openApi = createOpenApi({ registry, catalog: builtinCatalog, release: kubernetesRelease.split('.').slice(0, 2).join('.') });
  const groups = (): readonly ServedGroup[] => servedGroups(registry);

  const documentOf = (path: string, accept: string): Document | undefined => {
    const parts = path.split('/').filter((part) => part !== '');
    const [root = '', first, second] = parts;
    if (root === 'version' && parts.length === 1) return cache.get('version', json, () => versionInfo(kubernetesRelease));
    if (root === '' || (root === 'apis' && parts.length > 3) || (root === 'api' && parts.length > 2)) return undefined;
    if (root !== 'api' && root !== 'apis') return undefined;
    if (first === undefined) {
      const form = aggregatedForm(accept);
      if (form !== undefined) {
        return cache.get(`${root} ${form}`, `${json};g=apidiscovery.k8s.io;v=${form};as=APIGroupDiscoveryList`, () =>
          groupDiscoveryList(
            groups().filter((group) => (group.name === '') === (root === 'api')),
            form,
          ),
        );
      }
      return cache.get(root, json, () => (root === 'api' ? apiVersions() : apiGroupList(groups())));
    }
    const group = root === 'api' ? '' : first;
    const version = root === 'api' ? first : second;
    const served = groups().find((each) => each.name === group);
    if (version === undefined) return served === undefined ? undefined : cache.get(group, json, () => apiGroup(served));
    const found = served?.versions.find((each) => each.version === version);
    return found === undefined ? undefined : cache.get(`${group}/${version}`, json, () => apiResourceList(group, found));
  };

  return {
    handle(request): ServerResponse | undefined | Promise<ServerResponse | undefined> {
      if (request.path.startsWith('/openapi/')) {
        refuseOtherMethods(request);
        return openApi.handle(request);
      }
      if (request.path === '/') {
        const paths = rootPaths(groups());
        return { kind: 'object', status: 200, object: { paths } };
      }
      const document = documentOf(request.path, request.headers.accept ?? '');
      if (document === undefined) return undefined;
      refuseOtherMethods(request);
      return answer(request, document, { 'cache-control': document.contentType === json ? 'no-cache, private' : 'public' });
    },
  };
}

/** The newest aggregated form among those the client takes before plain JSON. */
function aggregatedForm(accept: string): 'v2' | 'v2beta1' | undefined {
  for (const entry of accept.split(',')) {
    const parameters = entry.split(';').map((each) => each.trim());
    if (!parameters.includes('as=APIGroupDiscoveryList') || !parameters.includes('g=apidiscovery.k8s.io')) {
      if (parameters[0] === json || parameters[0] === '*/*') return undefined;
      continue;
    }
    if (parameters[0] !== json) continue;
    if (parameters.includes('v=v2')) return 'v2';
    if (parameters.includes('v=v2beta1')) return 'v2beta1';
  }
  return undefined;
}

function refuseOtherMethods(request: ServerRequest): void {
  if (request.method === 'GET' || request.method === 'HEAD') return;
  throw new StatusError(failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}));
}

function rootPaths(groups: readonly ServedGroup[]): readonly string[] {
  const paths = ['/.well-known/openid-configuration', '/api', '/api/v1', '/apis', '/apis/'];
  for (const group of groups.filter((each) => each.name !== '')) {
    paths.push(`/apis/${group.name}`, ...group.versions.map(({ version }) => `/apis/${group.name}/${version}`));
  }
  return [...paths, '/healthz', '/livez', '/openapi/v2', '/openapi/v3', '/openid/v1/jwks', '/readyz', '/version'].sort();
}
