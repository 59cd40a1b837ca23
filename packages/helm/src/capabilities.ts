/** What the cluster is, as charts see it in `.Capabilities`: its version and the kinds it serves. */
import { isStatusError } from '@sluice/api';
import { type Client, ConnectionError } from '@sluice/kube';
import { DeliveryProblem } from './problem.ts';

export type Capabilities = { readonly kubeVersion: string; readonly apiVersions: readonly string[] };

type AggregatedDiscovery = {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly { readonly responseKind?: { readonly kind?: string } }[];
    }[];
  }[];
};

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';

/** Two small calls; the version is also the first sign of life of the cluster. @throws DeliveryProblem CLUSTER_UNREACHABLE or CLUSTER_REFUSED */
export async function readCapabilities(client: Client, signal?: AbortSignal): Promise<Capabilities> {
  const withSignal = signal === undefined ? {} : { signal };
  try {
    const [version, core, groups] = await Promise.all([
      client.raw({ method: 'GET', path: '/version', ...withSignal }),
      client.raw({ method: 'GET', path: '/api', accept: aggregated, ...withSignal }),
      client.raw({ method: 'GET', path: '/apis', accept: aggregated, ...withSignal }),
    ]);
    return {
      kubeVersion: (version as { readonly gitVersion?: string }).gitVersion ?? 'v1.0.0',
      apiVersions: [...apiVersionsOf(core as AggregatedDiscovery), ...apiVersionsOf(groups as AggregatedDiscovery)],
    };
  } catch (error) {
    throw clusterProblem(error);
  }
}

function apiVersionsOf(discovery: AggregatedDiscovery): readonly string[] {
  const found = new Set<string>();
  for (const { metadata, versions } of discovery.items ?? []) {
    for (const { version, resources } of versions ?? []) {
      const groupVersion = metadata?.name === undefined || metadata.name === '' ? version : `${metadata.name}/${version}`;
      found.add(groupVersion);
      for (const { responseKind } of resources ?? []) {
        if (responseKind?.kind !== undefined) found.add(`${groupVersion}/${responseKind.kind}`);
      }
    }
  }
  return [...found];
}

/** Sorts a failed call into "cannot be reached", "does not let us in" and anything else, which is given back unchanged. */
export function clusterProblem(error: unknown): unknown {
  if (error instanceof DeliveryProblem || !(error instanceof Error) || error.name === 'AbortError') return error;
  if (isStatusError(error, 'Unauthorized')) {
    return new DeliveryProblem(
      'CLUSTER_REFUSED',
      'the cluster does not know who you are (401 Unauthorized)',
      'check the credentials of this context in the kubeconfig',
      { cause: error },
    );
  }
  if (isStatusError(error, 'Forbidden')) {
    return new DeliveryProblem('CLUSTER_REFUSED', error.message, 'ask for the missing permission', { cause: error });
  }
  if (!(error instanceof ConnectionError)) return error;
  const next = 'check the server in the kubeconfig (sluice doctor), or start a cluster here with: sluice up';
  return new DeliveryProblem('CLUSTER_UNREACHABLE', error.message, next, { cause: error });
}
